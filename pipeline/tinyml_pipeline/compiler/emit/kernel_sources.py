"""The hand-written kernels under firmware/kernels/, as files to copy next to a model."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import cache

from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.places import FIRMWARE

_FOLDER = FIRMWARE / "kernels"


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


def header_of(kernel: str) -> str:
    """Where the C of a kernel lies: a folder per operator."""
    folder = "fully_connected" if kernel.startswith("fully_connected") else kernel
    return f"{folder}/{kernel}_s8.h"


@cache
def _read(header: str) -> str:
    return (_FOLDER / header).read_text(encoding="utf-8")
