"""How each operator is computed, a module per kernel: `softmax_s8.py` holds the KERNEL that calls `softmax_s8`.

Found by looking into this folder, without a list; modules that start with an underscore are helpers. The C is in
firmware/kernels/, under the same name.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.op import Op


@cache
def all_kernels() -> tuple[Kernel[Any], ...]:
    """Sorted by function."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return tuple(importlib.import_module(f"{__name__}.{name}").KERNEL for name in names)


def kernels_of(kind: type[Op]) -> tuple[Kernel[Any], ...]:
    """Every kernel that computes this class of operators."""
    return tuple(kernel for kernel in all_kernels() if issubclass(kind, kernel.op))
