"""The hand-written kernels under firmware/kernels/, as files to copy next to a model."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import cache

from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.places import FIRMWARE

_FOLDER = FIRMWARE / "kernels"
# Functions and macros with parameters, types and other macros.
_DECLARED = re.compile(
    r"\b([A-Za-z]\w*)\s*\(|\b(?:struct|union|enum)\s+(\w+)|#\s*define\s+(\w+)|\btypedef\b[^;{}]*?\b(\w+)\s*;"
)


def kernel_sources(headers: Iterable[str]) -> SourceTree:
    """`kernels/<header>` of each header, such as common/port.h, and all that these include, nothing else."""
    wanted, files = list(headers), {}
    while wanted:
        header = wanted.pop()
        if f"kernels/{header}" in files:
            continue
        text = _read(header)
        files[f"kernels/{header}"] = text
        included = re.findall(r'#include "([a-z0-9_./]+\.h)"', text)
        wanted += [posixpath.normpath(posixpath.join(posixpath.dirname(header), path)) for path in included]
    return SourceTree(files)


def declared_names(sources: SourceTree) -> set[str]:
    """What kernels declare outside of functions, and a little more: nothing in a model may have such a name."""
    text = re.sub(r"/\*.*?\*/", "", "\n".join(sources.values()), flags=re.DOTALL)
    return {name for match in _DECLARED.findall(text) for name in match if name}


@cache
def struct_fields(headers: frozenset[str], struct: str) -> tuple[str, ...]:
    """The fields of a struct of these headers, or of what they include, in their order, which C++ wants kept."""
    text = re.sub(r"/\*.*?\*/", "", "\n".join(kernel_sources(headers).values()), flags=re.DOTALL)
    found = re.search(rf"\bstruct {struct}\s*{{(.*?)}};", text, re.DOTALL)
    assert found, f"{', '.join(headers)}: no struct {struct}"
    declarators = [part for line in found[1].split(";") for part in line.split(",") if part.strip()]
    return tuple(re.findall(r"\w+", part.split("[")[0])[-1] for part in declarators)


@cache
def _read(header: str) -> str:
    return (_FOLDER / header).read_text(encoding="utf-8")
