"""What each operator means, a module each: `softmax.py` reads SOFTMAX. Found by file name, without a list.

A module has `read(op: OpContext) -> <its subclass of Op>`, which refuses what has no exact form. Modules that start
with an underscore are helpers. How an operator is computed is in compiler/kernels/.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache

from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext


@cache
def read_operators() -> tuple[str, ...]:
    """Schema names of the operators that have a module here, sorted."""
    return tuple(sorted(m.name.upper() for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def reader_of(operator: str) -> Callable[[OpContext], Op]:
    """`read` of an operator that is in `read_operators`."""
    read: Callable[[OpContext], Op] = importlib.import_module(f"{__name__}.{operator.lower()}").read
    return read
