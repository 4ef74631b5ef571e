"""What a user's code raised, in one line; tests/models has whole files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.user_code import line_in, say, say_where, shown

SAID = {
    "one line": (ValueError("no such file."), "ValueError: no such file"),
    "many lines": (ValueError("\n  first:\nsecond\n"), "ValueError: first"),
    "no text": (KeyError(), "KeyError: no message"),
    "a headline of TensorFlow": (
        RuntimeError("Graph execution error:\n\nIncompatible shapes: [2] vs. [3]"),
        "RuntimeError: Incompatible shapes: [2] vs. [3]",
    ),
    "nothing but the headline": (RuntimeError("Graph execution error:"), "RuntimeError: Graph execution error"),
    "no Python": (SyntaxError("invalid syntax", ("m.py", 3, 1, "a b")), "SyntaxError: invalid syntax"),
}


@pytest.mark.parametrize("case", SAID.values(), ids=SAID.keys())
def test_an_error_is_one_line(case: tuple[Exception, str]) -> None:
    error, text = case
    assert say(error) == text


def test_what_the_catcher_itself_raised_has_no_line() -> None:
    try:
        raise ValueError("here")
    except ValueError as error:
        caught = error
    assert say_where(caught) == "ValueError: here"
    assert line_in(Path("other.py"), caught) is None


def test_a_path_is_shown_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "models/m.py") == "models/m.py"
    assert shown("models/m.py") == "models/m.py"
    assert shown("/elsewhere/m.py") == "/elsewhere/m.py"
