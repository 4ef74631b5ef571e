"""`tinyml fit`: the elf's own figures, estimates that are not too small, and a reason for everything refused."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.errors import ToolFailedError
from tinyml_pipeline.host.builders.bare_metal import bare_metal
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, load_quantized
from tinyml_pipeline.workflow.build import build_one
from tinyml_pipeline.workflow.fit import fit, need_of_plain_c, needs_of

from tests.builders.models import many, two_ports
from tests.firmware import board_here, build_tflite, dense_tflite, linear_tflite
from tests.opened import open_in, opened, project
from tests.tflite_writer import Writer
from tests.tools import need

EMULATED = [name for name in board_names() if load_board(name).emulator is not None]
MODELS = {
    "one neuron": lambda: load_quantized(linear_tflite(), "linear"),
    "per channel": lambda: load_quantized(dense_tflite(), "dense"),
    "two ports": two_ports,
    "many": many,
    "softmax": lambda: unary("SOFTMAX", 1 / 256, -128, beta=1.0),
    "tanh": lambda: unary("TANH", 1 / 128, 0),
}


def unary(operation: str, scale: float, zero_point: int, **options: float) -> QuantizedModel:
    writer = Writer()
    source = writer.tensor((1, 8), 0.05, 4)
    output = writer.tensor((1, 8), scale, zero_point)
    writer.operation(operation, [source], [output], version=2, **options)
    return load_quantized(writer.build([source], [output]), operation.lower())


def dense(inputs: int, outputs: int) -> bytes:
    rng, writer = np.random.default_rng(1), Writer()
    source = writer.tensor((1, inputs), 0.05, 4)
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    bias = np.zeros(outputs, np.int32)
    return writer.build([source], [writer.fully_connected(source, weights, 0.004, bias, 0.9, 5)])


def size_of(board: Board, elf: Path) -> tuple[int, int]:
    """(flash, RAM) as the compiler's own 'size' has them."""
    size = need(f"{bare_metal(board)[0].prefix}size", "binutils")
    said = subprocess.run([size, "-A", elf], capture_output=True, text=True, check=True).stdout
    sections = {name: int(bytes_) for name, bytes_ in re.findall(r"^(\.\S+) +(\d+) ", said, re.MULTILINE)}
    # Without -A, newer binutils count an AVR's .data as text.
    said = subprocess.run([size, elf], capture_output=True, text=True, check=True).stdout.splitlines()[1]
    text, data, _ = map(int, said.split()[:3])
    return text + data, sections.get(".data", 0) + sections.get(".bss", 0)


@pytest.mark.parametrize("name", EMULATED)
def test_the_models_figures_are_those_of_the_elf(name: str, tmp_path: Path) -> None:
    board = board_here(name)
    found = need_of_plain_c(opened(load_quantized(dense_tflite(), "test")), board)
    image = build_tflite(dense_tflite(), board, "bench", tmp_path)
    assert (found.how, found.flash_bytes, found.ram_bytes) == ("measured", *size_of(board, image.elf))
    assert found.fits


def test_every_board_has_a_row_and_the_firmware_is_what_build_makes(tmp_path: Path) -> None:
    path, root = tmp_path / "neuron.tflite", tmp_path / "art"
    path.write_bytes(linear_tflite())
    boards = [board_here(name) for name in [*EMULATED, "uno", "mega2560"]]
    outcomes = fit([str(path)], project(root))
    assert not outcomes.errors
    rows = {(row.board, row.runtime): row for row in outcomes.results[0].needs}
    expected = {(name, runtime) for name in board_names() if name != "host" for runtime in load_board(name).runtimes}
    assert set(rows) == expected
    assert all(row.fits for row in rows.values())
    assert (rows["esp32", "aot"].how, rows["esp32", "aot"].firmware_flash_bytes) == ("estimated", None)
    assert rows["esp32", "tflm"].note.startswith("21,828 of TFLM's code (as on a Cortex-M4) and the model's ")
    for board in boards:
        built, row = build_one(open_in(root, str(path)), board), rows[board.name, "aot"]
        assert (row.firmware_flash_bytes, row.firmware_ram_bytes) == size_of(board, built.elf), board.name
        assert (row.firmware_flash_bytes, row.firmware_ram_bytes) == (
            built.record.flash_bytes,
            built.record.ram_bytes,
        ), board.name


def test_a_model_whose_firmware_is_too_large_does_not_fit() -> None:
    """The neurons alone would find room on an Uno; with Arduino's core around them they do not."""
    [row] = needs_of(opened(load_quantized(dense(155, 150), "wide")), board_here("uno"))
    assert (row.fits, row.firmware_flash_bytes) == (False, None)
    assert row.flash_bytes is not None
    assert row.flash_bytes < row.flash_limit_bytes
    assert re.match(r"uno: the firmware needs 3\d,\d{3} bytes of flash, ", row.note)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
@pytest.mark.parametrize("name", ["sim-cortex-m0", "sim-cortex-m4", "sim-esp32c3"])
def test_an_estimate_is_not_too_small(name: str, model: object, tmp_path: Path) -> None:
    board = board_here(name)
    loaded = model()  # type: ignore[operator]
    measured = need_of_plain_c(opened(loaded), board)
    estimated = need_of_plain_c(opened(loaded), replace(board, toolchain=None))
    assert (measured.how, estimated.how) == ("measured", "estimated")
    assert measured.flash_bytes is not None
    assert measured.ram_bytes is not None
    assert estimated.flash_bytes is not None
    assert estimated.ram_bytes is not None
    assert measured.flash_bytes <= estimated.flash_bytes
    assert measured.ram_bytes <= estimated.ram_bytes + 32, "alignment, and what stands in one word"


def test_a_model_too_large_for_a_board_says_how_large() -> None:
    model = load_quantized(dense(155, 200), "wider")
    [uno], [mega] = needs_of(opened(model), board_here("uno")), needs_of(opened(model), board_here("mega2560"))
    assert (uno.fits, uno.how, uno.flash_limit_bytes) == (False, "measured", 32_256)
    assert uno.flash_bytes is not None
    assert uno.flash_bytes > 32_256
    assert mega.fits


def test_an_arena_larger_than_the_static_data_of_an_esp32() -> None:
    """Its RAM would hold it, but only as heap; an ESP32-S3 with as much RAM takes it."""
    writer = Writer()
    source, output = writer.tensor((1, 65_000), 0.05, 4), writer.tensor((1, 65_000), 1 / 128, 0)
    writer.operation("TANH", [source], [output], version=1)
    model = opened(load_quantized(writer.build([source], [output]), "long"))
    for need_ in needs_of(model, load_board("esp32")):
        assert need_.ram_bytes is not None
        assert (need_.fits, need_.ram_limit_bytes) == (False, 124_580)
        assert 124_580 < need_.ram_bytes < load_board("esp32").ram_bytes
    assert [need_.fits for need_ in needs_of(model, load_board("esp32s3"))] == [True, True]


def test_what_a_runtime_would_compute_wrongly_is_refused() -> None:
    model = load_quantized(dense_tflite(), "dense")
    _, nano = needs_of(opened(model), load_board("nano33ble"))
    _, esp32 = needs_of(opened(model), load_board("esp32"))
    assert (nano.how, esp32.how) == ("refused", "estimated")
    assert "has weights quantized per channel" in nano.note
    assert nano.flash_bytes is None


def test_what_could_not_be_built_is_told_by_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by the warning that the compiler printed last."""
    board = replace(load_board("sim-cortex-m4"), name="a board")

    def fails(*arguments: object) -> object:
        raise ToolFailedError(
            "gcc could not build it:\nmodel.c:3:1: error: size of array is too large\nld: warning: missing .note\n"
        )

    monkeypatch.setattr("tinyml_pipeline.workflow.fit._measure", fails)
    monkeypatch.setattr("tinyml_pipeline.workflow.fit.missing_tools", lambda board: [])
    need = need_of_plain_c(opened(load_quantized(linear_tflite(), "linear")), board)
    assert (need.how, need.note) == ("refused", "model.c:3:1: error: size of array is too large")


def test_a_board_whose_tool_fails_costs_its_own_row(monkeypatch: pytest.MonkeyPatch) -> None:
    board = board_here("sim-cortex-m4")

    def fails(*arguments: object) -> object:
        raise ToolFailedError("a tool failed with exit code 2:\nERROR: A fatal error occurred: no image.\n")

    monkeypatch.setattr("tinyml_pipeline.workflow.fit.bare_metal_firmware", fails)
    [row] = needs_of(opened(load_quantized(linear_tflite(), "linear")), board)
    assert (row.fits, row.how, row.note) == (False, "measured", "ERROR: A fatal error occurred: no image.")
