"""What `make mutants` prepares, and its list of what changes nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.mutants.parts import PARTS
from tests.mutants.python_part import undecorated
from tests.mutants.survivor import changed_lines, listed

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_its_sources_and_tests(part: str) -> None:
    for pattern in (*PARTS[part].sources, *PARTS[part].tests):
        assert list(REPOSITORY.glob(pattern)), pattern


@pytest.mark.parametrize("part", PARTS)
def test_what_is_listed_is_still_there(part: str) -> None:
    for mutant, reason in listed(part).items():
        text = " ".join((REPOSITORY / mutant.file).read_text().split())
        assert " ".join(mutant.was.split()) in text, mutant
        assert mutant.becomes.strip() != mutant.was
        assert reason.endswith(".")


DECORATED = """
class A:
    @property
    def b(self) -> int:
        return 1

    @staticmethod
    def c() -> int:
        return 2


@cache
def d(e: int, f: int = 0) -> list[int]:
    return [e, f]


@contextlib.contextmanager
def g(h: int):
    yield h
"""


def test_decorated_functions_are_taken_apart() -> None:
    source = undecorated(DECORATED)
    assert re.findall("^ *@.*", source, re.MULTILINE) == ["    @staticmethod"]
    names: dict[str, object] = {}
    exec("import contextlib\nfrom functools import cache\n" + source, names)
    assert eval("A().b, A.c(), d(3), d(3) is d(3)", names) == (1, 2, [3, 0], True)
    assert eval("g(4).__enter__()", names) == 4


def test_changed_lines() -> None:
    assert changed_lines("a\n  b\nc", "a\n  d\nc") == ("b", "d")
