"""What each operator means, a module each: `softmax.py` reads SOFTMAX. Found by file name, without a list.

A module has `read(op: OpContext) -> <its subclass of Op>`, which refuses what has no exact form. Modules that start
with an underscore are helpers. How an operator is computed is in compiler/kernels/.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import get_args, get_type_hints

from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext


@cache
def read_operators() -> tuple[str, ...]:
    """Schema names of the operators that have a module here, sorted."""
    return tuple(sorted(m.name.upper() for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


# Operators that no file has, because a pass makes them; theirs are modules with an underscore.
MADE_BY_PASSES = ("TABLE",)


def has_reader(operator: str) -> bool:
    return operator in read_operators() or operator in MADE_BY_PASSES


def reader_of(operator: str) -> Callable[[OpContext], Op]:
    """`read` of an operator that has one."""
    name = f"_{operator.lower()}" if operator in MADE_BY_PASSES else operator.lower()
    read: Callable[[OpContext], Op] = importlib.import_module(f"{__name__}.{name}").read
    return read


@cache
def may_be(operator: str, kind: type[Op]) -> bool:
    """Whether the operator's `read` gives this kind of meaning, at least for some tensors."""
    if not has_reader(operator):
        return False
    given = get_type_hints(reader_of(operator))["return"]
    return any(isinstance(one, type) and issubclass(one, kind) for one in get_args(given) or (given,))
