"""What a model needs between its layers: as plain C, at least, and in TFLM."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.select import UNLIMITED, Budget
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.oracle import has_tflm
from tinyml_pipeline.workflow.opened import OpenModel
from tinyml_pipeline.workflow.plain_c import Optimize, program_for


@dataclass(frozen=True)
class MemoryUse:
    """`buffer_bytes` is the C's one buffer, scratch memory included; inputs and outputs are the caller's.

    `live_bytes` are those of the largest set of tensors that are live at once, which no plan without overlaps is below.
    `arena_bytes` is the smallest arena in which TFLM runs the model on this computer, its own structures and inputs and
    outputs included; None if it does not.
    """

    buffer_bytes: int
    live_bytes: int
    arena_bytes: int | None


def memory_use(
    opened: OpenModel, board: Board | None, optimize: Optimize | None = None, limits: Budget = UNLIMITED
) -> MemoryUse:
    """For a board, or portable C. Raises UnsupportedError if the model is not compiled."""
    plan = program_for(opened.model, board, optimize, limits).plan
    try:
        arena_bytes = opened.arena_bytes if has_tflm() else None
    except UnsupportedError:
        arena_bytes = None
    return MemoryUse(plan.size_bytes, plan.live_bytes, arena_bytes)
