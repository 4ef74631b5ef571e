"""Progress on a terminal: one moving line at a time."""

from __future__ import annotations

import sys

import pytest
from tinyml_pipeline.show.report import progress


class Spinner:
    """Rich's, as far as progress uses it; it keeps what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __enter__(self) -> Spinner:
        return self

    def __exit__(self, *_: object) -> None:
        self.asked.append("end")

    def stop(self) -> None:
        self.asked.append("stop")

    def start(self) -> None:
        self.asked.append("start")


def test_the_spinner_rests_while_a_bar_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    spinner = Spinner()
    monkeypatch.setattr("rich.console.Console.status", lambda *_: spinner)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.working("proving"):
        with progress.counting("vectors", 3) as done:
            done(3)
            assert spinner.asked == ["stop"]
        assert spinner.asked == ["stop", "start"]
    assert spinner.asked == ["stop", "start", "end"]


def test_a_log_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.working("proving"), progress.counting("vectors", 3) as done:
        done(3)
    assert capsys.readouterr().err == "proving\nvectors\n"
