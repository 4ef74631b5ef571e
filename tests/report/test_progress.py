"""Progress on a terminal: one moving line at a time."""

from __future__ import annotations

import sys

import pytest
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.training.trained_model import EpochEnd


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


def test_a_terminal_obeys_nothing_that_a_name_holds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    name = "a[/b] [red]\x1b[31m"
    with progress.working(f"{name}: proving"), progress.counting(f"{name}: vectors", 3) as done:
        done(3)
    with progress.epochs(name, 1) as report:
        report(EpochEnd(1, 1, {"loss": 0.5}, 0.1))
    shown = capsys.readouterr().err
    for what in ("proving", "vectors", "training"):
        assert f"a[/b] [red]\\x1b[31m: {what}" in shown


def test_a_log_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.working("proving"), progress.counting("vectors", 3) as done:
        done(3)
    assert capsys.readouterr().err == "proving\nvectors\n"


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "xterm", "COLUMNS": "0", "NO_COLOR": "1"}])
def test_a_terminal_that_cannot_move_or_has_no_width_still_shows_what_works(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with progress.working("proving"), progress.counting("vectors", 3) as done:
        done(3)
    with progress.epochs("m", 1) as report:
        report(EpochEnd(1, 1, {"loss": 0.5}, 0.1))
    shown = capsys.readouterr().err
    assert "proving" in shown
    assert "m: " in shown
    if environment["TERM"] == "dumb":
        assert shown == "proving\nvectors\nm: epoch 1/1, loss 0.5\n"
    assert "\x1b[3" not in shown  # no colours


def test_keras_is_announced_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    progress.say_keras_starts("m")
    monkeypatch.setitem(sys.modules, "keras", sys)
    progress.say_keras_starts("m")
    assert capsys.readouterr().err == "m: starting Keras (some seconds)\n"
