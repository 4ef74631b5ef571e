"""Identifiers and texts for C from anything that a person may call a model."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tinyml_pipeline.runtimes.c_names import c_identifier, c_string, comment_text, distinct_identifiers

from tests.tools import need

NAMES = {
    "plain": "adder",
    "digits and underscores inside": "a_1_b2",
    "upper case": "Adder",
    "blanks": "my model",
    "digit first": "3d",
    "keyword": "int",
    "word of C++": "class",
    "Windows device": "con",
    "unicode": "Größe",
    "only unicode": "模型",
    "empty": "",
    "blank": " ",
    "underscores around": "_x_",
    "lone surrogate": "\udc80",
    "long": "x" * 300,
    "path": "../../etc/passwd",
}


@pytest.mark.parametrize("case", NAMES)
def test_identifier(case: str) -> None:
    identifier = c_identifier(NAMES[case])
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,46}", identifier)
    assert "__" not in identifier, "reserved in C++"
    assert identifier == c_identifier(NAMES[case])


def test_known_identifiers() -> None:
    assert c_identifier("adder") == "adder"
    assert c_identifier("a_1_b2") == "a_1_b2"
    assert c_identifier("my model") == "my_model_76eeb0"
    assert c_identifier("3d") == "model_3d_da0568"
    assert c_identifier("") == "model_e3b0c4"


def test_different_names_stay_different() -> None:
    names = list(NAMES.values())
    names += ["my_model", "My Model", "my-model", "my  model", "MY MODEL", "model", "Model", "x" * 299]
    assert len({c_identifier(name) for name in names}) == len(names)


def test_names_that_come_twice() -> None:
    assert distinct_identifiers(["a", "b", "a", "a"], "value") == ("a", "b", "a_2", "a_3")


def test_all_identifiers_compile(tmp_path: Path) -> None:
    gxx = need("g++", "g++")
    source = tmp_path / "names.cpp"
    lines = [
        f'int {c_identifier(name)} = sizeof("{c_string(name)}"); // {comment_text(name)}' for name in NAMES.values()
    ]
    source.write_text("\n".join(lines), encoding="utf-8")
    subprocess.run([gxx, "-std=c++11", "-Wall", "-Wextra", "-Werror", "-c", source, "-o", tmp_path / "o"], check=True)


STRINGS = {
    "plain": ("x = 1", "x = 1"),
    "quotes": ('say "hi"', "say \\042hi\\042"),
    "backslash": ("a\\n", "a\\134n"),
    "trigraph": ("what??/", "what\\077\\077/"),
    "line break": ("a\nb", "a\\012b"),
    "unicode": ("µ1", "\\302\\2651"),
}


@pytest.mark.parametrize("case", STRINGS)
def test_c_string(case: str) -> None:
    text, expected = STRINGS[case]
    assert c_string(text) == expected


COMMENTS = {
    "end of comment": ("a */ b", "a * / b"),
    "start of comment": ("a /* b", "a / * b"),
    "continued line": ("a \\", "a"),
    "trigraph for it": ("a ??/", "a ? ?/"),
    "many question marks": ("a????", "a? ? ? ?"),
    "line break": ("a\r\nint b;", "a int b;"),
    "colour of a terminal": ("\x1b[31mred\x07 \u202e", "\\x1b[31mred\\x07 \\u202e"),
}


@pytest.mark.parametrize("case", COMMENTS)
def test_comment_text(case: str) -> None:
    text, expected = COMMENTS[case]
    assert comment_text(text) == expected
