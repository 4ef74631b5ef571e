"""`tinyml firmware` and `tinyml build` on a .tflite: the real Arduino core, the user's changes, sizes, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.cli import main
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.builders.sketch import ArduinoBuilder
from tinyml_pipeline.host.device.protocol import Unit
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.vectors import all_inputs
from tinyml_pipeline.workflow.build import Built, build_one

from tests.builders.models import many, project
from tests.firmware import board_here, linear_tflite, run_on
from tests.opened import open_in
from tests.sketches.host_sketch import write_tree
from tests.tflite_writer import Writer
from tests.tools import need


@pytest.fixture
def tflite(tmp_path: Path) -> str:
    path = tmp_path / "neuron.tflite"
    path.write_bytes(linear_tflite())
    return str(path)


def arduino_board(name: str) -> Board:
    need("arduino-builder", "arduino-builder")
    return board_here(name)


def tinyml(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--artifacts", str(root), *arguments], catch_exceptions=False)


def ask_everything(built: Built, folder: Path) -> None:
    """All 256 inputs over the wire protocol."""
    inputs = all_inputs(built.model.inputs)
    with run_on(board_here("sim-uno"), built, folder) as device:  # type: ignore[arg-type]
        session = Session(device)
        greeting = session.greet(built.model.sha256)
        assert (greeting.unit, greeting.clock_hz) == (Unit.CYCLES, 16_000_000)
        found = session.invoke_many(inputs[0].reshape(-1, 1))
    [expected] = TflmInterpreter(built.model.tflite).invoke(inputs)
    np.testing.assert_array_equal(found.outputs, expected.reshape(-1, 1))


def test_a_sketch_on_the_real_core_answers_every_input_in_simavr(tflite: str, tmp_path: Path) -> None:
    built = build_one(open_in(tmp_path / "art", tflite), arduino_board("sim-uno"))
    assert (built.record.tool, built.record.is_sketch) == ("arduino-builder", True)
    assert {".elf", ".hex"} <= set(built.files)
    assert built.record.flash_bytes < 11_000
    assert built.record.ram_bytes < 400
    ask_everything(built, tmp_path)


def test_bare_metal_firmware_answers_every_input_in_simavr(tflite: str, tmp_path: Path) -> None:
    built = build_one(open_in(tmp_path / "art", tflite), board_here("sim-uno"), tool="gcc")
    assert (built.record.tool, built.record.is_sketch, set(built.files)) == ("gcc", False, {".elf"})
    ask_everything(built, tmp_path)


@pytest.mark.parametrize("name", ["uno", "mega2560"])
def test_real_boards_are_built_once(name: str, tflite: str, tmp_path: Path) -> None:
    arduino_board(name)
    result = tinyml(tmp_path / "art", "build", tflite, "--board", name, "--json")
    assert result.exit_code == 0, result.output
    [row] = json.loads(result.stdout)
    facts = row["facts"]["build"]
    assert facts["tool"] == "arduino-builder"
    assert facts["flash_limit_bytes"] == load_board(name).usable_flash_bytes
    image = tmp_path / f"art/neuron/build/{name}-aot/neuron.hex"
    before = image.stat().st_ino
    assert tinyml(tmp_path / "art", "build", tflite, "--board", name).exit_code == 0
    assert image.stat().st_ino == before, "nothing changed, so nothing was built"


def test_the_users_sketch_is_kept_and_built(tflite: str, tmp_path: Path) -> None:
    board, root = arduino_board("uno"), tmp_path / "art"
    before = build_one(open_in(root, tflite), board)
    sketch = root / "neuron/firmware/uno-aot/neuron/neuron.ino"
    mine = sketch.read_text().replace("void setup() {", "void setup() {\n  Serial.begin(9600); Serial.print(1.5, 7);")
    sketch.write_text(mine)
    result = tinyml(root, "firmware", tflite, "--board", "uno")
    assert f"neuron: you changed {sketch}, so it stays as it is. To have the generated one back, delete yours" in (
        result.stderr.replace("\n", " ")
    )
    assert sketch.read_text() == mine
    assert build_one(open_in(root, tflite), board).record.flash_bytes > before.record.flash_bytes


def test_a_changed_self_test_is_not_built(tflite: str, tmp_path: Path) -> None:
    root = tmp_path / "art"
    assert tinyml(root, "firmware", tflite, "--board", "uno").exit_code == 0
    golden = root / "neuron/firmware/uno-aot/neuron/src/golden.h"
    golden.write_text(golden.read_text().replace("127", "126"))
    arduino_board("uno")
    result = tinyml(root, "build", tflite, "--board", "uno")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"tinyml: {golden} is not what 'tinyml firmware' wrote: its self-test would prove nothing. Delete it and run:"
        f" tinyml firmware {tflite} --board uno --runtime aot"
    )


def test_a_sketch_larger_than_the_board_is_refused(tmp_path: Path) -> None:
    """The compiler's own words name the bytes; nothing that could be flashed comes out."""
    board = arduino_board("uno")
    tree = project(many(), "uno")
    ino = tree["many/many.ino"] + "\nvolatile char big[3000];\nchar use() { return big[0]; }\n"
    write_tree(
        {**tree, "many/many.ino": ino.replace("void setup() {", "char use();\nvoid setup() {\n  use();")}, tmp_path
    )
    with pytest.raises(UnsupportedError) as caught:
        ArduinoBuilder().build(tmp_path / "many", board, tmp_path / "place")
    needed = int(str(caught.value).split("needs ")[1].split(" bytes")[0].replace(",", ""))
    assert 3400 < needed < 3800
    assert str(caught.value) == (
        f"uno: the firmware needs {needed:,} bytes of RAM, {needed - 2048:,} more than there are; choose a smaller"
        " model or a larger board."
    )


def test_a_sketch_with_too_many_constants_is_refused(tmp_path: Path) -> None:
    board = arduino_board("uno")
    tree = project(many(), "uno")
    big = "const char big[32000] PROGMEM = {1};\nchar use(int at);\n"
    ino = tree["many/many.ino"].replace("void setup() {", f"{big}void setup() {{\n  use(analogRead(A0));")
    ino += "char use(int at) { return pgm_read_byte(&big[at]); }\n"
    write_tree({**tree, "many/many.ino": ino}, tmp_path)
    with pytest.raises(
        UnsupportedError, match=r"^uno: the firmware needs 4\d,\d{3} bytes of flash, \d+,\d{3} more than"
    ):
        ArduinoBuilder().build(tmp_path / "many", board, tmp_path / "place")


@pytest.mark.parametrize(
    ("arguments", "message"),
    {
        "no tflm": (
            ["firmware", "--board", "uno", "--runtime", "tflm"],
            "uno does not run 'tflm', only aot. Boards with tflm: esp32, esp32c3, esp32s3, nano33ble, pico.",
        ),
        "no such board": (["firmware", "--board", "unoo"], "there is no board 'unoo'. Did you mean 'uno'?"),
        "no such tool": (
            ["build", "--board", "sim-cortex-m4", "--tool", "make"],
            "sim-cortex-m4 is not built by 'make'; choose one of: gcc.",
        ),
    }.values(),
    ids=["no tflm", "no such board", "no such tool"],
)
def test_wrong_use_is_refused(arguments: list[str], message: str, tflite: str, tmp_path: Path) -> None:
    result = tinyml(tmp_path / "art", *arguments, tflite)
    assert (result.exit_code, result.stderr) == (2, f"tinyml: {message}\n")


@pytest.mark.parametrize(
    ("command", "way_out"),
    {
        "firmware --board uno": (
            " The interpreter knows it: --runtime tflm, on esp32, esp32c3, esp32s3, nano33ble, pico."
        ),
        "firmware --board esp32": " The interpreter knows it: --runtime tflm.",
        "compile": "",
    }.items(),
)
def test_what_the_compiler_refuses_names_the_model_and_the_way_out(command: str, way_out: str, tmp_path: Path) -> None:
    writer = Writer()
    source, output = writer.tensor((1, 4), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    writer.operation("ZEROS_LIKE", [source], [output])
    (tmp_path / "zeros.tflite").write_bytes(writer.build([source], [output]))
    result = tinyml(tmp_path, *command.split(), str(tmp_path / "zeros.tflite"))
    assert result.exit_code == 1
    [said] = [line for line in result.stderr.splitlines() if line.startswith("tinyml: ")]
    refusal = "zeros_like (op 0): this operator is unsupported. 'tinyml operators' lists what is supported."
    assert said == f"tinyml: zeros: {refusal}{way_out}"


def test_a_board_that_nothing_here_builds_for_names_the_ways(
    tflite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    result = tinyml(tmp_path / "art", "build", tflite, "--board", "esp32")
    assert result.exit_code == 1
    assert result.stderr == (
        "tinyml: nothing here builds a sketch for esp32. Install one of: arduino-cli: see"
        " arduino.github.io/arduino-cli; or platformio: pipx install platformio.\n"
    )


def test_boards_lists_every_board_with_its_data_sheet(tmp_path: Path) -> None:
    rows = json.loads(tinyml(tmp_path, "boards", "--json").stdout)
    assert {"uno", "sim-uno", "pico2"} <= {row["name"] for row in rows}
    assert all(row["source"] and row["flash_bytes"] and row["runtimes"] for row in rows)
    assert "nucleo-f446re" in tinyml(tmp_path, "boards").stdout
