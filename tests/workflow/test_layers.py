"""`tinyml layers`: sums, what is counted and what estimated, the picture, and what is refused."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.cli import main
from tinyml_pipeline.show.report.memory_map import Placed, draw_memory

from tests.firmware import board_here, dense_tflite

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def tflite(tmp_path: Path) -> Path:
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense_tflite())
    return path


def run(tflite: Path, *options: str) -> Result:
    arguments = ["--artifacts", str(tflite.parent / "art"), "layers", str(tflite), *options]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def costs(tflite: Path, *options: str) -> dict[str, Any]:
    result = run(tflite, *options, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)[0]["facts"]["layers"]
    return found


def column(found: dict[str, Any], key: str) -> list[Any]:
    return [layer[key] for layer in found["layers"]]


def test_without_a_board_nothing_runs(tflite: Path) -> None:
    found = costs(tflite)
    assert (found["board"], found["counted_on"], found["cycles_are"]) == ("portable", "", "unknown")
    assert column(found, "macs") == [21, 35, 10]
    assert column(found, "weight_bytes") == [21 + 4 * 7, 35 + 4 * 5, 10 + 4 * 2]
    assert column(found, "ram_bytes") == [7, 7 + 5, 5]
    assert found["buffer_bytes"] == 12
    assert found["port_bytes"] == 3 + 2
    code = column(found, "code_bytes")
    assert code[0] > 0
    assert code[1:] == [0, 0], "all have one kernel"
    for key in ("instructions", "cycles", "milliseconds"):
        assert column(found, key) == [None] * 3


def test_a_real_board_is_counted_on_an_emulated_one(tflite: Path, tmp_path: Path) -> None:
    """Cortex-M4: an instruction takes a cycle or more; a few tens of a small network are calls and loads."""
    board_here("sim-cortex-m4")
    found = costs(tflite, "--board", "nano33ble", "--picture", str(tmp_path / "memory.svg"))
    assert (found["counted_on"], found["cycles_are"]) == ("sim-cortex-m4", "estimated")
    instructions, cycles = column(found, "instructions"), column(found, "cycles")
    assert 400 < sum(instructions) < 700
    for count, estimate in zip(instructions, cycles, strict=True):
        assert count < estimate < 2 * count
    assert column(found, "milliseconds") == [pytest.approx(1000 * cycle / 64e6) for cycle in cycles]
    assert found["cycle_source"] == "Cortex-M4 Technical Reference Manual at zero wait states"
    assert (tmp_path / "memory.svg").read_text().startswith("<svg")


def test_an_avr_counts_cycles(tflite: Path) -> None:
    board_here("sim-uno")
    found = costs(tflite, "--board", "uno")
    assert (found["counted_on"], found["cycles_are"]) == ("sim-uno", "counted")
    assert column(found, "instructions") == [None] * 3
    assert sum(column(found, "cycles")) > 3000


def test_verify_fetches_what_the_firmware_counts(tflite: Path) -> None:
    board_here("sim-uno")
    asked = ["--artifacts", str(tflite.parent / "art"), "verify", str(tflite), "--board", "sim-uno", "--vectors", "3"]
    result = CliRunner().invoke(main, [*asked, "--layers", "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)[0]["facts"]["verify"]
    assert (found["unit"], found["mismatches"]) == ("cycles", 0)
    # The firmware that answers is the profiled one, whose hook is part of an inference: 300 cycles a layer and less.
    assert 0 < found["most"] - sum(layer["count"] for layer in found["layers"]) < 3 * 400
    assert len(found["layers"]) == 3
    for options, message in (
        (("--board", "esp32", "--runtime", "tflm"), "verify --layers measures plain C: leave out --runtime tflm."),
        (("--board", "host"), "host counts neither cycles nor instructions; verify --layers takes another board."),
    ):
        refused = CliRunner().invoke(main, [*asked[:4], "--layers", *options])
        assert (refused.exit_code, refused.stderr) == (2, f"tinyml: {message}\n")


def test_a_core_without_an_emulator(tflite: Path) -> None:
    result = run(tflite, "--board", "esp32")
    assert result.exit_code == 0
    assert (
        "esp32: no emulator counts for its core (Xtensa LX6), so no instructions or cycles are shown." in result.stderr
    )
    assert "est. cycles" not in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    {
        ("--picture", "memory.png"): "--picture writes SVG: name a file that ends in .svg, not 'memory.png'.",
        ("--picture", "nowhere/m.svg"): "there is no folder 'nowhere' for the picture.",
        ("--board", "uni"): "there is no board 'uni'. Did you mean 'uno'?",
    }.items(),
)
def test_refusals(tflite: Path, options: tuple[str, ...], message: str) -> None:
    result = run(tflite, *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tinyml: {message}")
    assert result.stderr.count("\n") == 1


def test_a_picture_that_cannot_be_written_is_one_line_and_leaves_nothing(tflite: Path) -> None:
    place = tflite.parent / "m.svg"
    place.mkdir()
    result = run(tflite, "--picture", str(place))
    assert result.exit_code == 1
    assert result.stderr == (
        f"tinyml: {place} cannot be written (Is a directory). Make that possible, and run the command again.\n"
    )
    assert {path.name for path in tflite.parent.iterdir()} <= {"art", "m.svg", tflite.name}
    assert not list(place.iterdir())


def test_the_picture_has_a_bar_where_each_range_lies() -> None:
    ranges = [
        Placed("conv", 0, 1, 0, 600, False),
        Placed("conv: rows", 0, 0, 600, 400, True),
        Placed("<tiny>", 2, 2, 0, 1, False),
    ]
    text = draw_memory("net & co", ["conv", "dense", "softmax"], ranges, 1000)
    tree = ET.fromstring(text)
    bars = [rect for rect in tree.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    titles = [bar.findtext(f"{SVG}title") for bar in bars]
    assert titles == ["conv: 600 bytes from 0 on", "conv: rows: 400 bytes from 600 on", "<tiny>: 1 bytes from 0 on"]
    places = [[float(bar.attrib[key]) for key in ("x", "y", "width", "height")] for bar in bars]
    conv, rows, tiny = places
    assert conv[2] > 1.9 * rows[2], "two layers long"
    assert rows[1] + rows[3] <= conv[1], "above it"
    assert conv[3] == pytest.approx(1.5 * rows[3], abs=1)
    assert tiny[0] > conv[0] + conv[2]
    assert tiny[3] >= 1, "still to be seen"
    words = [element.text for element in tree.iter(f"{SVG}text")]
    assert "conv, 600" in words
    assert "net & co: a buffer of 1,000 bytes" in words
    assert draw_memory("net", ["reshape"], [], 0).count("<rect") == 1, "no buffer, no bar"
