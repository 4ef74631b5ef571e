"""Every table fits a terminal of 80 columns, with the largest numbers and the longest names that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.doctor import Check, examine
from tinyml_pipeline.show.lessons.catalog import lesson_names, load_lesson
from tinyml_pipeline.show.report.tables import board, learn, table, upkeep
from tinyml_pipeline.workflow.bench import Cost
from tinyml_pipeline.workflow.boards import PortRow, list_boards
from tinyml_pipeline.workflow.fit import Fit, Need
from tinyml_pipeline.workflow.lesson import LessonRow

CORES = sorted({load_board(name).core for name in board_names()})
BIG = 1_234_567


def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int = 80) -> Callable[..., Any]:
    """Calls a function with COLUMNS set and returns what it printed, line by line."""

    def call(show: Callable[[Any], None], value: Any) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        show(value)
        return capsys.readouterr().out.splitlines()

    return call


def need(name: str, how: str, fits: bool) -> Need:
    return Need(name, "tflm", fits, how, BIG, BIG, BIG, BIG, "CONV_2D is unknown " * 9, BIG, BIG)


CHECKS = [
    Check("python", "3.11.2", "everything", ""),
    Check("riscv64-unknown-elf-gcc", None, "only to build firmware for RISC-V", "apt install gcc", "gcc"),
    Check("bossac", None, "optional: to flash", "from Arduino", is_optional=True),
    Check("tflite-micro", "0.dev20261023182759", "everything", ""),
    Check("avr-gcc", "/a/long/path/to/some/folder/that/is/far/away/bin/avr-gcc", "only to build", ""),
]
TABLES: dict[str, tuple[Callable[[Any], None], Callable[[], Any]]] = {
    "boards": (board.boards, list_boards),
    "doctor here": (upkeep.doctor, examine),
    "doctor": (upkeep.doctor, lambda: CHECKS),
    "ports": (board.ports, lambda: [PortRow("/dev/serial/by-id/usb-Arduino_Uno_85734-if00", "USB " * 40, True)]),
    "fit": (
        board.fits,
        lambda: [Fit("m" * 40, tuple(need(n, h, f) for n in board_names() for h, f in (("measured", False),)))],
    ),
    "bench": (
        upkeep.costs,
        lambda: [
            Cost("adder (per channel)", core, what, BIG, BIG, BIG, BIG, BIG, "instructions", True)
            for core in CORES
            for what in ("tinyml, for speed", "TFLM reference kernels")
        ],
    ),
    "lessons": (learn.lesson_list, lambda: [LessonRow(name, load_lesson(name).summary) for name in lesson_names()]),
}


@pytest.mark.parametrize("name", TABLES)
def test_it_fits_80_columns(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    show, value = TABLES[name]
    shown = lines(capsys, monkeypatch)(show, value())
    assert shown
    assert [line for line in shown if len(line.rstrip()) > 80] == []


def test_columns_that_find_no_room_follow_in_a_second_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of 'lesson gradients', which are 104 wide: no number is broken, each table names its rows."""
    headings = ["step", *(f"column{number}" for number in range(10))]
    row = ["7", *(f"{number}.123456789" for number in range(10))]
    shown = lines(capsys, monkeypatch)(lambda rows: table.print_table(headings, rows), [row])
    assert max(len(line.rstrip()) for line in shown) <= 80
    found = [line.split() for line in shown if re.match(r"\d", line)]
    assert [line[0] for line in found] == ["7", "7"]
    assert [word for line in found for word in line[1:]] == row[1:]


def test_doctor_shows_what_is_missing_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = lines(capsys, monkeypatch, 200)(upkeep.doctor, CHECKS)
    rows: Sequence[str] = [line.split()[0] for line in shown[3 : 3 + len(CHECKS)]]
    assert rows == ["riscv64-unknown-elf-gcc", "bossac", "python", "tflite-micro", "avr-gcc"]
    assert "riscv64-unknown-elf-gcc: apt install gcc" in shown


def test_an_operator_that_is_unsupported_is_not_called_too_large(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Fit("m", (need("uno", "refused", False), need("pico", "measured", False), need("esp32", "measured", True)))
    shown = lines(capsys, monkeypatch, 200)(board.fits, [found])
    assert [line.split()[2] for line in shown[3:6]] == ["unsupported", "NO", "yes"]


@pytest.mark.parametrize("columns", ["0", "-3", "many", ""])
def test_a_width_that_is_none_is_not_taken(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table.print_table(["a"], [["word " * 20]])
    assert "word " * 19 + "word" in capsys.readouterr().out


def test_a_failed_row_is_red_and_a_pass_is_green(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table.print_table(["what", "verdict"], [["first", "pass"], ["second", "FAIL"]])
    good, bad = capsys.readouterr().out.splitlines()[3:5]
    assert "\x1b[32mpass" in good
    assert "\x1b[1;31msecond" in bad
    assert "\x1b[1;31mFAIL" in bad
    monkeypatch.setenv("NO_COLOR", "1")
    table.print_table(["what", "verdict"], [["second", "FAIL"]])
    assert "31m" not in capsys.readouterr().out
