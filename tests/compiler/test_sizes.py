"""Sizes are counted by C types; memory follows the file, and work the number of layers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.select import Budget
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.places import SOURCE_ROOT

from tests.tflite_writer import Writer


def dense(inputs: int, outputs: int, *, per_channel: bool) -> bytes:
    writer, rng = Writer(), np.random.default_rng(0)
    source = writer.tensor((1, inputs), 0.05, 0)
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    scales = np.linspace(0.005, 0.01, outputs).tolist() if per_channel else [0.01]
    bias = rng.integers(-500, 500, outputs).astype(np.int32)
    return writer.build([source], [writer.fully_connected(source, weights, scales, bias, 1.0, 0)])


def test_constants_are_counted_by_their_c_type() -> None:
    """Weights and shifts take a byte each, bias and multipliers four; AVR reaches 32,767."""
    program = make_program(read_tflite(dense(150, 200, per_channel=True)), find_target("avr"))
    assert program.constant_bytes == 30_000 + 4 * 200 + 4 * 200 + 200 == 31_800


def test_constants_beyond_the_reach_are_refused() -> None:
    with pytest.raises(
        UnsupportedError, match=r"^the model has 33,390 bytes of constants; supported on avr: 32,767\.$"
    ):
        make_program(read_tflite(dense(150, 210, per_channel=True)), find_target("avr"))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak on Linux only")
def test_memory_follows_the_file(tmp_path: Path) -> None:
    """`tinyml compile` peaks below 150 MB and 8 times the file."""
    tflite = dense(2048, 2048, per_channel=False)
    path = tmp_path / "big.tflite"
    path.write_bytes(tflite)
    code = (
        "import re; from tinyml_pipeline.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        # Not ru_maxrss, which begins with the memory of the process that started this one.
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    command = [sys.executable, "-c", code, "compile", str(path), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=SOURCE_ROOT, capture_output=True, text=True, check=True)
    peak_bytes = 1024 * int(done.stdout.split()[-1])
    assert peak_bytes < 150_000_000 + 8 * len(tflite)
    assert (tmp_path / "out" / "big_weights.h").stat().st_size < 5 * len(tflite)


def chain(layers: int) -> bytes:
    """A dense layer and a RELU by turns."""
    writer, rng = Writer(), np.random.default_rng(0)
    source = value = writer.tensor((1, 4), 0.05, 0)
    for _ in range(layers // 2):
        weights, bias = rng.integers(-127, 128, (4, 4)).astype(np.int8), rng.integers(-5, 6, 4).astype(np.int32)
        value = writer.fully_connected(value, weights, [0.01], bias, 0.05, 0)
        output = writer.tensor((1, 4), 0.05, 0)
        writer.operation("RELU", [value], [output])
        value = output
    return writer.build([source], [value])


def calls(layers: int, target: str, flash_bytes: int | None) -> int:
    """Of functions, Python's and built-in ones, that reading and compiling a chain takes."""
    tflite, count = chain(layers), 0

    def tally(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tally)
    try:
        compile_graph(read_tflite(tflite), "chain", find_target(target, "speed"), budget=Budget(flash_bytes))
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("target", "flash_bytes"),
    # The fastest RELU takes 256 bytes of table, so that half of them give theirs up for 100 bytes per layer.
    [("portable", None), ("cortex-m4", None), ("cortex-m4", 100), ("cortex-m4", 1)],
    ids=["portable", "fast", "some_smaller", "all_smaller"],
)
def test_work_follows_the_number_of_layers(target: str, flash_bytes: int | None) -> None:
    """Four times the layers take four times the calls: 2,000 layers compile in two seconds, not in 36."""
    calls(2, target, None)  # what is read once
    few, many = (calls(layers, target, flash_bytes and flash_bytes * layers) for layers in (50, 200))
    assert many < 4.2 * few
