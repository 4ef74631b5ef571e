"""CSV files of the examples: made by seeded generators, kept in the user's cache, and printed for whoever wants one."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tinyml_pipeline.places import cache_dir

Rows = Iterable[Sequence[str]]
Generator = Callable[[np.random.Generator], Rows]
_SEED = 20


def csv_text(rows_of: Generator) -> str:
    """The file: a header row, then what was measured; the same text at every call."""
    return "".join(",".join(row) + "\n" for row in rows_of(np.random.default_rng(_SEED)))


@cache
def csv_file(name: str, rows_of: Generator) -> Path:
    """The file on disk, written if it is not there yet."""
    data = csv_text(rows_of).encode()
    folder = cache_dir("examples")
    path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}.csv"
    if not path.is_file() or path.read_bytes() != data:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)  # several processes may write it at once: each the same
    return path
