"""Two operators computed by one kernel, where that costs less than a kernel for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._conv_depthwise import ConvDepthwise
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.select import Budget, Candidate, Choice, flash_of, select
from tinyml_pipeline.compiler.target import CYCLES_PER_BYTE, Target
from tinyml_pipeline.errors import UnsupportedError

JOINED = "CONV_2D_DEPTHWISE"
"""Name of the operation that stands for both."""


def select_joined(
    graph: Graph, ops: Sequence[Op], target: Target, budget: Budget | None = None
) -> tuple[Graph, tuple[Choice, ...]]:
    """As `select` chooses, but a convolution and the depthwise one that alone reads its output become one operation of
    the graph where that costs less, with the same price on each byte of flash, and fits into the flash.

    Raises UnsupportedError as `select` does.
    """
    apart = select(ops, target, budget)
    price, limit = CYCLES_PER_BYTE[target.optimize], None if budget is None else budget.flash_bytes
    choices: dict[int, Choice] = dict(enumerate(apart))
    operations = dict(enumerate(graph.operations))
    for first, second in _pairs(graph, ops):
        joined = _choice(ops[first], ops[second], target, budget)
        both = [choices[first].chosen, choices[second].chosen]
        if joined is None or _own_cost([joined.chosen], price) >= _own_cost(both, price):
            continue
        others = [choice.chosen for number, choice in choices.items() if number not in (first, second)]
        if limit is not None and flash_of([*others, joined.chosen]) > limit:
            continue
        conv, depthwise = operations.pop(first), operations[second]
        inputs = (*conv.inputs, *depthwise.inputs[1:])
        operations[second] = replace(conv, name=JOINED, inputs=inputs, outputs=depthwise.outputs)
        del choices[first]
        choices[second] = replace(joined, refused=(*joined.refused, _why_not_apart(joined.chosen, both)))
    if _cost(list(choices.values()), price) >= _cost(apart, price):
        return graph, apart
    return replace(graph, operations=tuple(operations.values())), tuple(choices.values())


def _own_cost(candidates: Sequence[Candidate], price: int) -> int:
    """Without the code, which other operators may share."""
    return sum(one.cost.cycles + price * one.cost.constant_bytes for one in candidates)


def _cost(choices: Sequence[Choice], price: int) -> int:
    chosen = [choice.chosen for choice in choices]
    return sum(one.cost.cycles for one in chosen) + price * flash_of(chosen)


def _pairs(graph: Graph, ops: Sequence[Op]) -> list[tuple[int, int]]:
    """Positions of a convolution and the depthwise one that alone reads its output, which no output of the model is."""
    shared = {*graph.outputs, *graph.aliases, *graph.aliases.values()}
    readers: dict[int, list[int]] = {}
    for number, operation in enumerate(graph.operations):
        for index in operation.inputs:
            readers.setdefault(index, []).append(number)
    pairs = []
    for number, op in enumerate(ops):
        found = readers.get(op.output.index, []) if isinstance(op, Conv2D) else []
        if isinstance(op, Conv2D) and op.output.index not in shared and len(found) == 1:
            (reader,) = found
            if isinstance(ops[reader], DepthwiseConv2D):
                pairs.append((number, reader))
    return pairs


def _choice(first: Op, second: Op, target: Target, budget: Budget | None) -> Choice | None:
    """Of one kernel for both, if there is one."""
    assert isinstance(first, Conv2D)
    assert isinstance(second, DepthwiseConv2D)
    try:
        (choice,) = select([ConvDepthwise(first, second)], target, budget)
    except UnsupportedError:
        return None
    return choice


def _why_not_apart(joined: Candidate, apart: Sequence[Candidate]) -> tuple[str, str]:
    names = " and ".join(candidate.kernel.function for candidate in apart)
    cycles = sum(candidate.cost.cycles for candidate in apart)
    instead = f"{joined.cost.cycles:,} and {flash_of([joined]):,}"
    return names, f"cost {cycles:,} cycles and {flash_of(apart):,} bytes instead of {instead}"
