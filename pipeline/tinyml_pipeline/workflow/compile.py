"""`tinyml compile`: int8 model to plain C that needs no interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.quantize.quantized_model import QuantizedModel, QuantizedPort
from tinyml_pipeline.workflow.generate import encoded, model_of_file, proven_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, is_file, tell_edited

Optimize = Literal["size", "speed"]
PORTABLE = "portable"


def compile_models(
    names: Sequence[str],
    root: Path,
    *,
    boards: Sequence[str] = (),
    optimize: Optimize | None = None,
    output: Path | None = None,
) -> Outcomes[Result]:
    """Plain C of each model for each board, portable C99 where none is named; one board at most with `output`."""
    if output is not None and (len(names) != 1 or len(boards) > 1):
        raise UsageError("--output takes exactly one model and at most one board.")
    targets: dict[str, Board | None] = {name: load_board(name) for name in boards}
    if not targets:
        targets[PORTABLE] = None
    return each(chosen(names, files=True), lambda name: _compile_one(name, root, targets, optimize, output))


def compile_for(model: QuantizedModel, board: Board | None, optimize: Optimize | None) -> SourceTree:
    """`model.h`, `model.c` and the kernels; for a board its own target, for none portable C99.

    Raises UnsupportedError where the model has anything that the compiler has no exact form for.
    """
    return compile_graph(
        model.graph,
        model.name,
        target_of(board, optimize),
        input_names=_port_names(model.inputs, "in"),
        output_names=_port_names(model.outputs, "out"),
        value_names={"in": model.inputs[0].values, "out": model.outputs[0].values},
    )


def _port_names(ports: Sequence[QuantizedPort], only: str) -> tuple[str, ...]:
    """An only port is called after its only value, as in model_quantize_x, else `only`; several keep their names."""
    if len(ports) > 1:
        return tuple(port.name for port in ports)
    values = ports[0].values
    return values if len(values) == 1 else (only,)


def target_of(board: Board | None, optimize: Optimize | None) -> Target:
    """What the compiler is to write for; `optimize` None means the board's own choice."""
    if board is None:
        return Target("portable", optimize or "size")
    return Target(board.compiler_target, optimize or board.optimize)


def _compile_one(
    name: str, root: Path, targets: dict[str, Board | None], optimize: Optimize | None, output: Path | None
) -> Result:
    if is_file(name):
        model = model_of_file(Path(name))
        folder = ModelFolder(root, model.name)
    else:
        folder = ModelFolder(root, name)
        model = proven_model(load_spec(name), folder)
    if output is not None:
        folder = ModelFolder(output.parent, output.name)
    stages = {}
    facts = {}
    for board_name, board in targets.items():
        try:
            tree = compile_for(model, board, optimize)
        except UnsupportedError as error:
            raise UnsupportedError(f"{model.name}: {error}") from None
        place = folder.path if output is not None else folder.path / "c" / board_name
        files = encoded(tree if output is not None else tree.under(f"c/{board_name}"))
        aim = target_of(board, optimize).optimize
        facts[board_name] = {"optimize": aim, "files": len(files), "folder": str(place)}
        stages[f"compile {board_name}"] = (provenance.digest(model.sha256, aim), files, facts[board_name])
    with folder.locked():
        tell_edited(folder, folder.publish(stages, provenance.environment()))
    return Result(model.name, str(folder.path), facts)
