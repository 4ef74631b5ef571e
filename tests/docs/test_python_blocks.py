"""The Python of the documentation and of the notebooks: it parses, and every call of the package fits its signature."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tinyml_pipeline as tinyml

from tests.documentation import FENCE, PAGES, ROOT

ANY = SimpleNamespace()


def python_of(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return "\n".join(block for language, block in FENCE.findall(text) if language == "python")
    cells = json.loads(text)["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "code" for line in ("".join(cell["source"])).splitlines()]
    return "\n".join(line.replace("%pip install", "pass  #") for line in lines)


def calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Of `tinyml.name(...)`, and of `name(...)` if it was imported from the package."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "tinyml_pipeline"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if re.fullmatch(r"tinyml\.\w+", called) or called in imported:
            yield called.removeprefix("tinyml."), node


def check(source: str) -> int:
    """How many calls there are. Raises AssertionError, TypeError or SyntaxError for one that cannot be."""
    found = 0
    for name, call in calls(source):
        assert name in tinyml.__all__, f"tinyml_pipeline has no {name}"
        given: dict[str, Any] = {keyword.arg: ANY for keyword in call.keywords if keyword.arg}
        inspect.signature(getattr(tinyml, name)).bind(*[ANY] * len(call.args), **given)
        found += 1
    return found


SOURCES = [*(page for page in PAGES if "```python" in page.read_text()), *sorted((ROOT / "examples").glob("*.ipynb"))]


@pytest.mark.parametrize("page", SOURCES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_calls_what_there_is(page: Path) -> None:
    check(python_of(page))


def test_the_calls_are_found() -> None:
    assert sum(check(python_of(page)) for page in SOURCES) >= 20
    assert check("from tinyml_pipeline import Domain\nDomain('x', -1, 1)\nother('y')") == 1


@pytest.mark.parametrize(
    "source",
    [
        "tinyml.convert(model)",
        "tinyml.verify(model, tolerence=1)",
        "tinyml.compile()",
        "from tinyml_pipeline import Domain\nDomain('x')",
        "tinyml.verify(model",
    ],
)
def test_a_wrong_call_is_found(source: str) -> None:
    with pytest.raises((AssertionError, TypeError, SyntaxError)):
        check(source)
