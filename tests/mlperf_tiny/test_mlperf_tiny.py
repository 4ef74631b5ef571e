"""The firmware for MLPerf Tiny's runner: the whole dialogue on emulated boards, and the sketch on the real core."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.boards.board import SimavrMachine
from tinyml_pipeline.cli import main
from tinyml_pipeline.host.builders.sketch import ArduinoBuilder
from tinyml_pipeline.host.device.emulators import build_simavr_bridge
from tinyml_pipeline.host.device.process import ProcessDevice

from tests.firmware import board_here, linear_tflite
from tests.mlperf_tiny.runner import Runner
from tests.oracle import run_tflm
from tests.tflite_writer import Writer
from tests.tools import need

SIZES = {"kws01": (490, 12, 83), "ic01": (3072, 10, -128), "ad01": (640, 640, 12)}
IN_SCALE, OUT_SCALE, OUT_ZERO_POINT = 0.25, 0.05, -7


def network(benchmark: str) -> bytes:
    """Of the benchmark's sizes, by way of four neurons."""
    count, outputs, zero_point = SIZES[benchmark]
    rng, writer = np.random.default_rng(count), Writer()
    source = writer.tensor((1, count), IN_SCALE, zero_point)
    layer = source
    for given, made, scale, zero in ((count, 4, 1.0, 3), (4, outputs, OUT_SCALE, OUT_ZERO_POINT)):
        weights = rng.integers(-127, 128, (made, given)).astype(np.int8)
        layer = writer.fully_connected(layer, weights, 0.004, np.zeros(made, np.int32), scale, zero)
    return writer.build([source], [layer])


def firmware(folder: Path, tflite: bytes, board: str, *options: str) -> Result:
    file = folder / "net.tflite"
    file.write_bytes(tflite)
    arguments = ["--artifacts", str(folder / "art"), "firmware", str(file), "--board", board, "--serve", "mlperf-tiny"]
    return CliRunner().invoke(main, [*arguments, *options], catch_exceptions=False)


@contextmanager
def runner_on(board: str, benchmark: str, folder: Path) -> Iterator[Runner]:
    machine = board_here(board)
    made = firmware(folder, network(benchmark), board, "--json")
    assert made.exit_code == 0, made.stderr
    written = json.loads(made.stdout)[0]["facts"]["served"]
    assert written["benchmark"] == benchmark
    elf = folder / "art/net" / written["file"]
    if isinstance(machine.emulator, SimavrMachine):
        command = [str(build_simavr_bridge(folder.parent / "bridge")), machine.emulator.mcu, str(machine.clock_hz)]
        command.append(str(elf))
    else:
        command = ["stdio" if word == "pty" else word for word in shlex.split(written["run"])]
        assert command[-1] == str(elf)
    with ProcessDevice(board, command, folder / "device.log") as device:
        yield Runner(device)


def greet(runner: Runner, benchmark: str) -> None:
    first = runner.answer()
    assert first[0] == "m-timestamp-mode-performance"
    assert first[1].startswith("m-lap-us-")
    assert first[2:] == ["m-init-done"]
    assert runner.command("name") == ["m-name-dut-[tinyml-pipeline]"]
    assert runner.command("profile")[1] == f"m-model-[{benchmark}]"
    assert len(runner.command("help")) == 8


@pytest.mark.parametrize(
    ("board", "benchmark"), [("sim-cortex-m4", "kws01"), ("sim-cortex-m0", "kws01"), ("sim-uno", "kws01"),
                             ("sim-cortex-m4", "ic01"), ("sim-cortex-m4", "ad01"), ("sim-esp32c3", "ic01")],
)  # fmt: skip
def test_the_whole_dialogue(board: str, benchmark: str, tmp_path: Path) -> None:
    tflite, (count, _, zero_point) = network(benchmark), SIZES[benchmark]
    rng = np.random.default_rng(7)
    with runner_on(board, benchmark, tmp_path) as runner:
        greet(runner, benchmark)
        for _ in range(2):
            stored = rng.integers(-128, 128, (1, count)).astype(np.int8)
            real = ((stored.astype(np.float32) - zero_point) * np.float32(IN_SCALE)).reshape(-1)
            sent = {"kws01": stored.tobytes(), "ic01": (stored.astype(np.int16) + 128).astype(np.uint8).tobytes(),
                    "ad01": real.tobytes()}[benchmark]  # fmt: skip
            runner.load(sent)
            assert runner.loaded() == sent
            [expected] = run_tflm(tflite, (stored,))
            outputs = (expected.reshape(-1).astype(np.float64) - OUT_ZERO_POINT) * OUT_SCALE
            if benchmark == "ad01":
                outputs = np.array([np.mean((outputs - real) ** 2)])
            results, once = runner.infer(1, 0)
            np.testing.assert_allclose(results, outputs, rtol=1e-5, atol=6e-4)
            _, often = runner.infer(10, 2)
            assert 0 < 5 * once < often < 11 * once, "the first has what the timestamps themselves take"


def test_what_is_wrong_is_answered(tmp_path: Path) -> None:
    """And nothing of it changes what was loaded before."""
    with runner_on("sim-cortex-m4", "kws01", tmp_path) as runner:
        greet(runner, "kws01")
        assert runner.command("db 00") == ["e-[No bytes are expected; begin with 'db load N']"]
        assert runner.command("infer 1 0") == ["e-[The input has 0 bytes, the model takes 490]"]
        runner.load(bytes(range(245)) * 2)
        assert runner.command("db 00") == ["e-[No bytes are expected; begin with 'db load N']"]
        results, _ = runner.infer(1, 0)
        wrong = {
            "": "e-[Unknown command: ]",
            "names": "e-[Unknown command: names]",
            "nam": "e-[Unknown command: nam]",
            "db": "e-[Command 'db' requires a subcommand]",
            "db 0": "e-[Insufficient number of hex digits]",
            "db 0g": "e-[Invalid hex digit 'g']",
            "infer 0": "e-[Inference iterations must be 1 to 1000000]",
            "infer -1": "e-[Inference iterations must be 1 to 1000000]",
            "infer 1000001": "e-[Inference iterations must be 1 to 1000000]",
            "infer 99999999999999999999": "e-[Inference iterations must be 1 to 1000000]",
            "infer 1 x": "e-[Inference warmup must be 0 to 1000000]",
            "a" * 81: "e-[A command has at most 80 characters]",
            "a" * 400: "e-[A command has at most 80 characters]",
            "b" * 80: f"e-[Unknown command: {'b' * 80}]",
        }
        assert {text: runner.command(text) for text in wrong} == {text: [line] for text, line in wrong.items()}
        np.testing.assert_array_equal(runner.infer(1, 0)[0], results)
        assert runner.command("\r\n  name  ") == ["m-name-dut-[tinyml-pipeline]"]
        needs = "e-[Command 'db load' requires the number of bytes: 1 to 490]"
        for words in ("", " 0", " x", " -1", " 491", " 99999999999999999999"):
            assert runner.command(f"db load{words}") == [needs]
        assert runner.command("db load 3") == ["m-[Expecting 3 bytes]"]
        assert runner.command("db 0a0B") == []
        assert runner.command("db 0cffff") == ["m-load-done"]
        assert runner.loaded() == bytes([10, 11, 12])
        assert runner.command("infer") == ["e-[The input has 3 bytes, the model takes 490]"]


def test_the_sketch_is_built_by_the_real_core(tmp_path: Path) -> None:
    need("arduino-builder", "arduino-builder")
    uno = board_here("uno")
    assert firmware(tmp_path, network("kws01"), "uno").exit_code == 0
    sketch = tmp_path / "art/net/firmware/uno-mlperf-tiny/net"
    assert {"net.ino", "sketch.yaml", "platformio.ini", "src"} == {path.name for path in sketch.iterdir()}
    built = ArduinoBuilder().build(sketch, uno, tmp_path / "build")
    assert built.ram_bytes < 1400


def test_refusals(tmp_path: Path) -> None:
    other = firmware(tmp_path, linear_tflite(), "sim-cortex-m4")
    assert other.exit_code == 1
    assert " ".join(other.stderr.split()).endswith(
        "the runner of MLPerf Tiny knows no such model: it needs one int8 input and output of kws01 490 in and 12 out,"
        " vww01 27,648 in and 2 out, ic01 3,072 in and 10 out, ad01 640 in and 640 out; this one has 1 (int8), 1"
        " (int8)."
    )
    assert (
        "leave out --collect and --runtime tflm"
        in firmware(tmp_path, linear_tflite(), "esp32", "--runtime", "tflm").stderr
    )
    assert "MLPerf Tiny is run on a board" in firmware(tmp_path, linear_tflite(), "host").stderr
