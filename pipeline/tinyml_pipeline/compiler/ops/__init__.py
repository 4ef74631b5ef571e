"""The operators, one module each: `fully_connected.py` lowers FULLY_CONNECTED. Found by file name, without a list.

A module holds `lower(layer: Layer) -> Lowered`. Modules that start with an underscore are helpers.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache

from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered
from tinyml_pipeline.errors import UnsupportedError


@cache
def supported_operators() -> tuple[str, ...]:
    """Schema names of the operators that have a module here, sorted."""
    return tuple(sorted(m.name.upper() for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def lower(layer: Layer) -> Lowered:
    """The calls and constants of one operation; UnsupportedError where there is no exact form for it."""
    if layer.operation.name not in supported_operators():
        raise layer.unsupported("this operator", ", ".join(supported_operators()))
    module = importlib.import_module(f"{__name__}.{layer.operation.name.lower()}")
    lower_operation: Callable[[Layer], Lowered] = module.lower
    return lower_operation(layer)


__all__ = ["Layer", "Lowered", "UnsupportedError", "lower", "supported_operators"]
