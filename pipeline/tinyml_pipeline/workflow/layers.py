"""`tinyml layers`: what each layer of a model's plain C costs, counted where its processor can be emulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board, stand_in
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.compiler.names import layer_names
from tinyml_pipeline.compiler.program import Program, Step
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import rows_of
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.show.report.memory_map import Placed, draw_memory
from tinyml_pipeline.wording import not_installed
from tinyml_pipeline.workflow.chips import LayerCounts, count_layers
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen
from tinyml_pipeline.workflow.plain_c import Optimize, program_for
from tinyml_pipeline.workflow.whole_file import write_whole


@dataclass(frozen=True)
class LayerCost:
    """One layer, in the order in which they run. `input` and `output` are shapes, such as '1 x 25 x 5 x 64'.

    `weight_bytes` are the model's own constants.

    `constant_bytes` is what the kernel stores of them; `code_bytes` is estimated, and 0 where an earlier layer has the
    same kernel. `ram_bytes` of the buffer hold something while it runs. The rest is None where nothing counts it.
    """

    layer: str
    operator: str
    input: str
    output: str
    kernel: str
    macs: int
    weight_bytes: int
    constant_bytes: int
    code_bytes: int
    ram_bytes: int
    instructions: int | None
    cycles: int | None
    milliseconds: float | None

    @property
    def flash_bytes(self) -> int:
        return self.constant_bytes + self.code_bytes


@dataclass(frozen=True)
class LayerCosts(Result):
    """`counted_on` is the emulated board that ran the C, empty if none did. Cycles are those of `board`'s core.

    `cycles_are` says whether they were counted, or estimated from `cycle_source`. `buffer_bytes` is the whole plan;
    `port_bytes` are the caller's arrays of inputs and outputs, which come on top.
    """

    board: str
    clock_hz: int | None
    counted_on: str
    cycles_are: str
    cycle_source: str
    buffer_bytes: int
    port_bytes: int
    layers: tuple[LayerCost, ...]
    memory: tuple[Placed, ...]
    picture: str = ""

    def facts(self) -> dict[str, Any]:
        told = {key: value for key, value in asdict(self).items() if key not in ("model", "folder")}
        for layer, row in zip(self.layers, told["layers"], strict=True):
            row["flash_bytes"] = layer.flash_bytes
        return {"layers": told}


def layers(
    name: str,
    project: Project,
    *,
    board: str | None = None,
    optimize: Optimize | None = None,
    picture: Path | None = None,
) -> Outcomes[LayerCosts]:
    """Each layer's cost on a board; without one, that of portable C, which nothing runs. `picture` gets the memory map.

    A real board's C runs on the emulated one of its core. Raises UsageError for a picture that is not an SVG file or
    has no folder, and what opening, compiling and running a model raise.
    """
    target = None if board is None else load_board(board)
    if picture is not None:
        _check_picture(picture)
    chosen([name], project, files=True)
    opened = open_model(name, project, try_in_tflm=False)
    try:
        costs = layer_costs(opened, target, optimize, "" if picture is None else str(picture))
    except UnsupportedError as error:
        raise error.of(opened.name) from error
    if picture is not None:
        text = draw_memory(costs.model, [layer.layer for layer in costs.layers], costs.memory, costs.buffer_bytes)
        write_whole(picture, text)
    return Outcomes([costs], [])


def layer_costs(opened: OpenModel, board: Board | None, optimize: Optimize | None, picture: str = "") -> LayerCosts:
    """The same for a model that is open; raises as `count_layers`."""
    model = opened.model
    program = program_for(model, board, optimize)
    names = _names(program)
    machine = None if board is None else _machine(board)
    counted = None
    if board is not None and machine is not None:
        counted = _counted(opened, board, machine, optimize, len(program.steps))
    ports = [port.tensor.size_bytes for port in (*program.inputs, *program.outputs)]
    clock_hz = None if board is None else board.clock_hz
    return LayerCosts(
        model=model.name,
        folder=str(opened.folder.path),
        board="portable" if board is None else board.name,
        clock_hz=clock_hz,
        counted_on="" if machine is None or counted is None else machine.name,
        cycles_are=_cycles_are(counted),
        cycle_source="" if counted is None else counted.cycle_source,
        buffer_bytes=program.plan.size_bytes,
        port_bytes=sum(ports),
        layers=_rows(program, names, counted, clock_hz),
        memory=_placed(program, names),
        picture=picture,
    )


def layer_names_of(opened: OpenModel, board: Board) -> list[str]:
    """What the layers of the C for a board are called, in the order in which they run; UnsupportedError if none is."""
    return [*_names(program_for(opened.model, board)).values()]


def _names(program: Program) -> dict[int, str]:
    if not program.steps:
        raise UnsupportedError("no layer is left to be computed: each output is an input or a constant.")
    return layer_names(program.graph, [step.operation for step in program.steps], set())


def _check_picture(path: Path) -> None:
    if path.suffix.lower() != ".svg":
        raise UsageError(f"--picture writes SVG: name a file that ends in .svg, not '{path.name}'.")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}' for the picture.")


def _machine(board: Board) -> Board | None:
    """The emulated board that counts for this one; None, with a remark, where none can."""
    machine = board if board.emulator is not None else load_board(stand_in(board))
    if machine.emulator is None or machine.compiler_target != board.compiler_target:
        progress.say(
            f"{board.name}: no emulator counts for its core ({board.core}), so no instructions or cycles are shown."
        )
        return None
    if missing := missing_tools(machine):
        progress.say(f"{board.name}: not counted, because {not_installed(missing)}; how to install: tinyml doctor")
        return None
    return machine


def _counted(
    opened: OpenModel, board: Board, machine: Board, optimize: Optimize | None, layers: int
) -> LayerCounts | None:
    """One inference; None, with a remark, where the emulated board is too small for what the real one takes."""
    sources, aim = opened.compiled(board, optimize), optimize or board.optimize
    vector = rows_of(parity_inputs(opened.model.inputs).arrays)[-1]
    try:
        with progress.working(f"{opened.name}: counting on {machine.name}"):
            return count_layers(opened.model, machine, sources, layers, aim, vector, board.core)
    except UnsupportedError as error:
        if machine is board:
            raise
        progress.say(f"{board.name}: not counted: {error}")
        return None


def _cycles_are(counted: LayerCounts | None) -> str:
    if counted is None or counted.cycles is None:
        return "unknown"
    return "counted" if counted.unit == "cycles" else "estimated"


def _rows(
    program: Program, names: Mapping[int, str], counted: LayerCounts | None, clock_hz: int | None
) -> tuple[LayerCost, ...]:
    rows, coded = [], set()
    for number, step in enumerate(program.steps):
        candidate = step.choice.chosen
        function = candidate.kernel.function
        cycles = None if counted is None or counted.cycles is None else counted.cycles[number]
        rows.append(
            LayerCost(
                layer=names[number],
                operator=step.operation.name,
                input=_shapes(program, step.operation.inputs),
                output=_shapes(program, step.operation.outputs),
                kernel=function,
                macs=step.op.macs,
                weight_bytes=_weight_bytes(program, step),
                constant_bytes=step.lowering.constant_bytes,
                code_bytes=0 if function in coded else candidate.cost.code_bytes,
                ram_bytes=program.plan.used_bytes(number),
                instructions=counted.counts[number] if counted and counted.unit == "instructions" else None,
                cycles=cycles,
                milliseconds=None if cycles is None or not clock_hz else 1000 * cycles / clock_hz,
            )
        )
        coded.add(function)
    return tuple(rows)


def _shapes(program: Program, indices: Iterable[int]) -> str:
    """Of all that the model computes, without constants."""
    tensors = [program.graph.tensors[index] for index in indices if index != -1]
    return " and ".join(" x ".join(map(str, tensor.shape)) for tensor in tensors if not tensor.is_constant)


def _weight_bytes(program: Program, step: Step) -> int:
    tensors = [program.graph.tensors[index] for index in set(step.operation.inputs) if index != -1]
    return sum(len(tensor.data) for tensor in tensors if tensor.data is not None)


def _placed(program: Program, names: Mapping[int, str]) -> tuple[Placed, ...]:
    """Of each range in the buffer its name, from the layer that writes it."""
    owners = {
        index: names[n] for n, step in reversed(tuple(enumerate(program.steps))) for index in step.operation.outputs
    }
    owners |= {key: f"{names[number]}: {suffix}" for (number, suffix), key in program.buffers.items()}
    plan = program.plan
    return tuple(
        Placed(owners[one.key], one.first, one.last, plan.offsets[one.key], one.size_bytes,
               one.key in program.buffers.values())
        for one in plan.ranges
    )  # fmt: skip
