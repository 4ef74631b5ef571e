"""The sketch that prints a sensor's readings: run here and on emulated chips against a sensor of registers, and built
with the real core of every board for which there is one here."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.data.printed import PrintedRows
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.host.builders.bare_metal import _compile_flags, _link_flags, _machine_defines, _own_sources
from tinyml_pipeline.host.builders.sketch import ArduinoBuilder
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.project import Project
from tinyml_pipeline.runtimes.collector import SENSORS, collector_files
from tinyml_pipeline.workflow.collect import write_collector

from tests.builders.host_project import compile_project, talk
from tests.builders.host_project import run as run_command
from tests.firmware import board_here
from tests.sketches.host_sketch import write_headers, write_tree
from tests.tools import need
from tests.workflow.importing import run

FAKE_SENSOR = Path(__file__).parent / "fake_sensor.cpp"
WIRE_H = """\
#pragma once
#include <Arduino.h>
class TwoWire {
 public:
  void begin();
  void beginTransmission(int address);
  size_t write(uint8_t byte);
  uint8_t endTransmission(bool stop = true);
  uint8_t requestFrom(int address, int count);
  int read();
};
extern TwoWire Wire, Wire1;
"""
REGISTERS = {
    "mpu6050": {"ADDRESS": "0x68", "WAKE_REGISTER": "0x1C", "WAKE_VALUE": "0x08", "FIRST_AXIS": "0x3B"},
    "lsm9ds1": {"ADDRESS": "0x6B", "WAKE_REGISTER": "0x20", "WAKE_VALUE": "0x70", "FIRST_AXIS": "0x28"},
}
SKETCHES = [("uno", "analog", "Wire"), ("esp32", "mpu6050", "Wire"), ("nano33ble", "mpu6050", "Wire"),
            ("nano33ble", "lsm9ds1", "Wire1"), ("pico", "lsm9ds1", "Wire")]  # fmt: skip


def printed(folder: Path, board: str, sensor: str, bus: str, *more: str) -> list[str]:
    write_tree({"headers/Wire.h": WIRE_H}, folder)
    values = {**REGISTERS.get(sensor, REGISTERS["mpu6050"]), "BUS": bus, "BIG_ENDIAN_AXES": int(sensor == "mpu6050")}
    options = [*(f"-D{key}={value}" for key, value in values.items()), *more]
    program = compile_project(collector_files(load_board(board), sensor), folder, board=FAKE_SENSOR, options=options)
    said = talk(program, "")
    assert said.pop() == "END"
    return said


@pytest.mark.parametrize(("board", "sensor", "bus"), SKETCHES)
def test_it_prints_rows_that_record_takes(board: str, sensor: str, bus: str, tmp_path: Path) -> None:
    check(printed(tmp_path, board, sensor, bus), sensor)


def check(said: list[str], sensor: str) -> None:
    rows = PrintedRows()
    found = [*rows.feed("\n".join([*said, ""]).encode(), 0.0), *rows.finish()]
    names, values = (["a0"], ["321"]) if sensor == "analog" else (["ax", "ay", "az"], ["9.807", "-9.807", "4.903"])
    assert (rows.names, rows.rubbish) == (names, 0)
    assert [row for _, row in found] == [values] * len(found)
    assert len(found) > 15


def test_a_sensor_that_is_not_there_is_said(tmp_path: Path) -> None:
    said = printed(tmp_path, "uno", "mpu6050", "Wire", "-DABSENT")
    assert set(said) == {"", "ax,ay,az", "ERROR: no MPU6050 answers; check its wires"}


ON_CHIPS = [("nano33ble", "lsm9ds1", "Wire1", "sim-cortex-m4"), ("pico", "mpu6050", "Wire", "sim-cortex-m0"),
            ("pico2", "mpu6050", "Wire", "sim-cortex-m33"), ("nucleo-f446re", "analog", "Wire", "sim-cortex-m4"),
            ("esp32c3", "mpu6050", "Wire", "sim-esp32c3")]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("board", "sensor", "bus", "chip"), ON_CHIPS)
def test_it_prints_the_same_on_the_processor_of_the_board(
    board: str, sensor: str, bus: str, chip: str, tmp_path: Path
) -> None:
    """Cross-compiled as C++11 without a warning; registers, clock and UART are those of the fake sensor."""
    elf = build_for(board_here(chip), board, sensor, bus, tmp_path)
    said = b""
    with emulate(load_board(chip), elf, log=tmp_path / "log", cache_dir=tmp_path / "bridge") as device:
        device.write(b"\n", 20)
        while not said.endswith(b"END\r\n"):
            said += (more := device.read(20))
            assert more, said
    check(said.decode().splitlines()[:-1], sensor)


def build_for(chip: Board, board: str, sensor: str, bus: str, folder: Path) -> Path:
    """The sketch and the fake sensor as firmware of an emulated machine."""
    tree = collector_files(load_board(board), sensor)
    write_tree(
        {**tree, "headers/Wire.h": WIRE_H, "unit.cpp": f"#include <Arduino.h>\n{tree['collect/collect.ino']}"}, folder
    )
    write_headers("arduino-esp32", folder / "headers")
    values = {**REGISTERS.get(sensor, REGISTERS["mpu6050"]), "BUS": bus, "BIG_ENDIAN_AXES": int(sensor == "mpu6050")}
    flags = [str(flag) for flag in _compile_flags(chip, "size") if flag not in ("-std=c99", "-pedantic")]
    flags += [*_machine_defines(chip), "-DMACHINE", *(f"-D{key}={value}" for key, value in values.items())]
    assert chip.toolchain is not None
    gcc, gxx = (need(f"{chip.toolchain.prefix}{name}", chip.toolchain.package) for name in ("gcc", "g++"))
    own = [source for source in _own_sources(chip, "verify") if source.parent.name not in ("common", "protocol")]
    objects = []
    for source in (folder / "unit.cpp", FAKE_SENSOR, *own):
        objects.append(str(folder / f"{len(objects)}.o"))
        is_cpp = source.suffix == ".cpp"
        language = ["-std=c++11", "-fno-exceptions", "-fno-rtti", "-Werror"] if is_cpp else ["-std=c99"]
        run_command([gxx if is_cpp else gcc, *flags, *language, "-isystem", str(folder / "headers"), "-c", str(source),
                     "-o", objects[-1]])  # fmt: skip
    run_command([gcc, *flags, *objects, *map(str, _link_flags(chip, profile=False)), "-o", str(folder / "collect.elf")])
    return folder / "collect.elf"


@pytest.mark.parametrize(("board", "sensor"), [*(("uno", sensor) for sensor in SENSORS), ("mega2560", "mpu6050")])
def test_the_real_core_builds_it_and_there_is_room(board: str, sensor: str, tmp_path: Path) -> None:
    need("arduino-builder", "arduino-builder")
    write_tree(collector_files(load_board(board), sensor), tmp_path)
    built = ArduinoBuilder().build(tmp_path / "collect", load_board(board), tmp_path / "built")
    assert built.flash_bytes < 10_500
    assert built.ram_bytes < 800


def test_every_board_with_an_arduino_core_gets_one() -> None:
    for name in board_names():
        board = load_board(name)
        if board.arduino is not None:
            assert "collect/collect.ino" in collector_files(board, "analog")
    with pytest.raises(UnsupportedError, match=r"sim-cortex-m4 has no Arduino core, so there is no sketch for it"):
        collector_files(load_board("sim-cortex-m4"), "analog")
    with pytest.raises(UsageError, match="there is no sensor 'thermometer'; there are: analog, mpu6050, lsm9ds1"):
        collector_files(load_board("uno"), "thermometer")


def test_it_is_written_for_the_sensor_on_the_board_and_yours_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [write_collector(board, Project.find(Path())).sensor for board in ("uno", "nano33ble")] == [
        "analog", "lsm9ds1"]  # fmt: skip
    sketch = Path("artifacts/collect/uno-analog/collect/collect.ino")
    sketch.write_text("mine")
    write_collector("uno", Project.find(Path()))
    assert sketch.read_text() == "mine"
    assert (
        "you changed artifacts/collect/uno-analog/collect/collect.ino, so it stays as it is." in capsys.readouterr().err
    )


def test_wrong_use_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cases = {
        ("linear", "--collect"): "firmware --collect writes a sketch without a model; leave out models and --runtime.",
        ("--sensor", "analog"): "--sensor is for the sketch of --collect.",
    }
    for options, message in cases.items():
        assert run("firmware", "--board", "uno", *options).stderr == f"tinyml: {message}\n"
