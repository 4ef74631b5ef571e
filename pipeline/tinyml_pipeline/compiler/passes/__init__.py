"""Graph -> Graph, a module per pass, in one explicit order. Each is exact: TFLM's answers stay the same byte for byte.

A pass has `run(graph: Graph) -> Graph`. One that takes over operators whole, so that none reaches compiler/ops/, lists
them as `HANDLES`. Inputs and outputs keep their number and order.
"""

from __future__ import annotations

from types import ModuleType

from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.passes import (
    aliases,
    dead_channels,
    float_edges,
    float_islands,
    float_moves,
    fold_constants,
    fold_pad,
    fuse_activation,
    remove_dead,
    unary_tables,
)
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate

ORDER: tuple[ModuleType, ...] = (
    fold_constants,  # before aliases: a RESHAPE's shape may be computed
    float_moves,  # before aliases: a RESHAPE of floats is movement
    aliases,
    float_islands,
    float_edges,
    fold_pad,  # after aliases: it looks through an EXPAND_DIMS
    fuse_activation,  # before unary_tables: a clamp in its producer costs nothing, and a table does
    unary_tables,
    dead_channels,  # after fold_pad: a layer that pads sees less of a constant channel at the borders
    remove_dead,  # last: what the others left without a reader goes
)
_ASK_TFLM = (fold_constants, float_islands)


def run_passes(graph: Graph, evaluate: Evaluate | None = None) -> Graph:
    """The graph that ops/ read. `evaluate` asks TFLM: without it, operators on constants stay, and float islands are
    refused."""
    for module in ORDER:
        graph = module.run(graph, evaluate) if module in _ASK_TFLM else module.run(graph)
    return graph


def handled_operators() -> frozenset[str]:
    """Schema names of the operators that passes take over."""
    return frozenset(_handlers())


def handler_of(operator: str) -> ModuleType:
    """The pass that takes over an operator which is in `handled_operators`."""
    return _handlers()[operator]


def _handlers() -> dict[str, ModuleType]:
    return {name: module for module in ORDER for name in getattr(module, "HANDLES", ())}
