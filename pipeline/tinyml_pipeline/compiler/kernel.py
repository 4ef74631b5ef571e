"""What a kernel is: a hand-written C function, when it is exact, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.target import NO_ISA, Isa, Target

OpT = TypeVar("OpT", bound=Op)


@dataclass(frozen=True)
class Cost:
    """An estimate that is good enough to choose by: cycles of one inference, bytes of the function's code.

    `constant_bytes` and `scratch_bytes` are exact: taken from the lowering, never written by hand.
    """

    cycles: int
    code_bytes: int
    constant_bytes: int = 0
    scratch_bytes: int = 0


def _accepts_all(op: Any, target: Target) -> str | None:
    return None


@dataclass(frozen=True)
class Kernel(Generic[OpT]):
    """One way to compute an operator; `KERNEL` in a module of compiler/kernels/ named after `function`.

    `op` is the class that `ops/` gives, or a base class of several. `header` lies below firmware/kernels/. `refuses`
    says why it is not exact for an op, such as 'a sum reaches 2^24.3; at most 2^23', or None; it is asked only on
    targets that have all that it `needs`. `lower` is called only if it did not refuse.
    """

    op: type[OpT]
    function: str
    header: str
    cost: Callable[[OpT, Target], Cost]
    lower: Callable[[OpT, Target], Lowering]
    needs: Isa = NO_ISA
    refuses: Callable[[OpT, Target], str | None] = _accepts_all
