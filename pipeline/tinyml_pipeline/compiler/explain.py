"""Why each layer is computed as it is: the kernel chosen, its cost, and why the others were not."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.kernel import Cost
from tinyml_pipeline.compiler.names import layer_names
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.select import Budget
from tinyml_pipeline.compiler.target import Target


@dataclass(frozen=True)
class Explanation:
    """One operator that is left after the passes. `others` pairs functions with reasons."""

    layer: str
    operator: str
    macs: int
    function: str
    cost: Cost
    others: tuple[tuple[str, str], ...]


def explain(
    graph: Graph, target: Target, budget: Budget | None = None, evaluate: Evaluate | None = None
) -> tuple[Explanation, ...]:
    """In the order in which they run. Raises UnsupportedError as `compile_graph` does."""
    program = make_program(graph, target, budget, evaluate)
    names = layer_names(program.graph, [step.operation for step in program.steps], set())
    return tuple(
        Explanation(
            names[number],
            step.operation.name,
            step.op.macs,
            step.choice.chosen.kernel.function,
            step.choice.chosen.cost,
            step.choice.refused,
        )
        for number, step in enumerate(program.steps)
    )
