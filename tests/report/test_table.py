"""Tables: as wide as the terminal, and no word broken in two."""

from __future__ import annotations

import pytest
from tinyml_pipeline.show.report.tables import table


def shown(capsys: pytest.CaptureFixture[str], headings: list[str], *rows: list[str]) -> list[str]:
    table.print_table(headings, rows)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_widest_column_gives_way_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table, "_terminal_width", lambda: 33)
    assert shown(capsys, ["name", "what it is", "size"], ["sim-cortex-m4", "a board that QEMU plays", "4 MB"]) == [
        "",
        "name           what it is    size",
        "─────────────────────────────────",
        "sim-cortex-m4  a board that  4 MB",
        "               QEMU plays",
        "",
    ]


def test_words_stay_whole_where_the_terminal_is_too_narrow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(table, "_terminal_width", lambda: 10)
    assert shown(capsys, ["name", "what"], ["sim-cortex-m4", "an emulator"])[3:5] == [
        "sim-cortex-m4  an",
        "               emulator",
    ]


def test_a_log_keeps_its_lines_whole(capsys: pytest.CaptureFixture[str]) -> None:
    words = "word " * 18 + "end"
    assert shown(capsys, ["name", "what"], ["x" * 60, words])[3] == "x" * 60 + "  " + words
    table.tell("word " * 40 + "end")
    assert capsys.readouterr().out == "word " * 40 + "end\n"


def test_no_rows_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, ["name"]) == []


def test_sentences_break_between_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(table, "_terminal_width", lambda: 12)
    table.tell("written to /tmp/a-long-path/of/files")
    assert capsys.readouterr().out == "written to\n/tmp/a-long-path/of/files\n"
