"""The hand-written kernels under firmware/kernels/, as files to copy beside a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.places import FIRMWARE

_FOLDER = FIRMWARE / "kernels"


def kernel_sources(names: Iterable[str]) -> SourceTree:
    """`kernels/<name>.h` of each name, its .c where there is one, and all that these include, nothing else."""
    wanted, files = [f"{name}.h" for name in names], {}
    while wanted:
        name = wanted.pop()
        if f"kernels/{name}" in files:
            continue
        text = _read(name)
        files[f"kernels/{name}"] = text
        wanted += re.findall(r'#include "([a-z0-9_]+\.h)"', text)
        twin = name.removesuffix(".h") + ".c"
        if name.endswith(".h") and (_FOLDER / twin).exists():
            wanted.append(twin)
    return SourceTree(files)


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
