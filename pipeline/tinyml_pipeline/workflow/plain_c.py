"""Int8 model + board -> plain C: the only place of the workflow that calls the compiler."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.compile import Unit, compile_graph, compile_unit
from tinyml_pipeline.compiler.emit.vectors_c import StoredVectors
from tinyml_pipeline.compiler.explain import Explanation, explain
from tinyml_pipeline.compiler.layout import STATIC, Layout
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.prefix import c_prefix
from tinyml_pipeline.compiler.program import Program, make_program
from tinyml_pipeline.compiler.select import UNLIMITED, Budget, flash_of
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.one_operation import run_operation
from tinyml_pipeline.host.interpreters.oracle import has_tflm
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, QuantizedPort
from tinyml_pipeline.runtimes.aot import AotRuntime

Optimize = Literal["size", "balanced", "speed"]


def compile_for(model: QuantizedModel, board: Board | None, optimize: Optimize | None) -> SourceTree:
    """`NAME.h`, `NAME.c` and the kernels; for a board its own target, for None portable C99.

    Raises UnsupportedError if the model has anything that the compiler has no exact form for.
    """
    return compile_to(model, target_of(board, optimize), budget_of(board))


def compile_to(
    model: QuantizedModel,
    target: Target,
    budget: Budget | None = None,
    layout: Layout = STATIC,
    prefix: str = "",
) -> SourceTree:
    """The same for a processor, with no more flash and RAM than `budget` as far as kernels can be chosen so."""
    return compile_unit(unit_of(model, prefix), target, budget, evaluator(), layout)


def unit_of(model: QuantizedModel, prefix: str = "", vectors: StoredVectors | None = None) -> Unit:
    """What the compiler is told of a model; `prefix` is its name in C, if not its own."""
    return Unit(
        model.graph,
        model.name,
        prefix,
        _port_names(model.inputs, "in"),
        _port_names(model.outputs, "out"),
        {"in": model.inputs[0].values, "out": model.outputs[0].values},
        vectors,
    )


def target_of(board: Board | None, optimize: Optimize | None) -> Target:
    """What the compiler is to write for; `optimize` None means the board's own choice."""
    if board is None:
        return find_target("portable", optimize or "size")
    return find_target(board.compiler_target, optimize or board.optimize)


def budget_of(board: Board | None, limits: Budget = UNLIMITED) -> Budget:
    """What a board has, or less where `limits` say so."""
    has = UNLIMITED if board is None else Budget(board.usable_flash_bytes, board.usable_ram_bytes)
    return has.within(limits)


def explain_for(
    model: QuantizedModel, board: Board | None, optimize: Optimize | None, limits: Budget = UNLIMITED
) -> tuple[Explanation, ...]:
    """Which kernel each layer gets there, and why."""
    return explain(model.graph, target_of(board, optimize), budget_of(board, limits), evaluator())


def program_for(
    model: QuantizedModel, board: Board | None, optimize: Optimize | None = None, limits: Budget = UNLIMITED
) -> Program:
    """What the C is made from: its constants and its memory plan."""
    return make_program(model.graph, target_of(board, optimize), budget_of(board, limits), evaluator())


def refuse_beyond(program: Program, limits: Budget) -> None:
    """UnsupportedError where even the smallest kernels take more than `limits`."""
    found = (
        ("flash", flash_of([step.choice.chosen for step in program.steps]), limits.flash_bytes),
        ("RAM between the layers", program.plan.size_bytes, limits.ram_bytes),
    )
    for what, needed, limit in found:
        if limit is not None and needed > limit:
            raise UnsupportedError(
                f"the kernels that need the least take {needed:,} bytes of {what} (estimated), {needed - limit:,} more"
                f" than the limit of {limit:,}; raise it, or choose a smaller model."
            )


def interface_of(model: QuantizedModel) -> ModelInterface:
    """How firmware calls the C of a model that has no other name in C than its own."""
    return ModelInterface.of(model.graph, c_prefix(model.name))


def aot_runtime() -> AotRuntime:
    return AotRuntime(partial(compile_graph, evaluate=evaluator()))


def evaluator() -> Evaluate | None:
    """TFLM, to be asked about operators on constants; None where it has no wheel."""
    return run_operation if has_tflm() else None


def _port_names(ports: Sequence[QuantizedPort], only: str) -> tuple[str, ...]:
    """An only port is called after its only value, as in NAME_quantize_x, else `only`; several keep their names."""
    if len(ports) > 1:
        return tuple(port.name for port in ports)
    values = ports[0].values
    return values if len(values) == 1 else (only,)
