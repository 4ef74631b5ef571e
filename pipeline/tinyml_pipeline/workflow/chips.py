"""A model's plain C on a processor: built with its real compiler, run on the machine that plays it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline.boards.board import Board, Counter, Optimize, QemuMachine
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.executed import layer_cycles, make_tracer
from tinyml_pipeline.host.device.instruction_cycles import table_of
from tinyml_pipeline.host.device.measure import Measurement, measure
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.places import cache_dir
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, outputs_of, rows_of
from tinyml_pipeline.wording import not_installed
from tinyml_pipeline.workflow.plain_c import compile_for, interface_of

Watched = AbstractContextManager[Callable[[int], None]]
"""What shows how many vectors are done; it is entered once the machine runs."""
_MEASURED_VECTORS = 64
_TIMEOUT_S = 20.0
_MEASURED_TIMEOUT_S = 120.0  # a measurement is worth waiting for, on a computer that has other work too


@dataclass(frozen=True)
class Chips:
    """Boards that can be built for and run here, and for each other one what is missing: 'x, y are not installed'."""

    able: tuple[Board, ...]
    missing: dict[str, str]


def chips(names: Sequence[str] = ()) -> Chips:
    """The boards of these names, all that an emulator plays (and the host) where none is named.

    Raises UsageError for a board that nothing here plays.
    """
    boards = [load_board(name) for name in names] or [load_board(name) for name in board_names()]
    for board in boards if names else ():
        if board.emulator is None and board.name != "host":
            raise UsageError(
                f"{board.name} is not an emulated board. To test a connected one: tinyml verify MODEL --board"
                f" {board.name}"
            )
    boards = [board for board in boards if board.emulator is not None or board.name == "host"]
    lacking = {board.name: missing_tools(board) for board in boards}
    able = tuple(board for board in boards if not lacking[board.name])
    return Chips(able, {name: not_installed(tools) for name, tools in lacking.items() if tools})


def run_on_chip(
    model: QuantizedModel,
    board: Board,
    inputs: Sequence[Int8Array],
    watched: Watched | None = None,
    sources: SourceTree | None = None,
) -> tuple[Int8Array, ...]:
    """What the model's C answers on a board: (n, *shape), one array per output, as the interpreters give it.

    `sources` is the model compiled for the board, if that is done already. Raises UnsupportedError if the model does
    not compile or fit, ToolMissingError, ToolFailedError, DeviceError.
    """
    with running(model, board, sources) as session, watched or contextlib.nullcontext(lambda _: None) as done:
        answers = session.invoke_many(rows_of(inputs), lambda count, _: done(count)).outputs
    return outputs_of(answers, model.outputs)


@contextlib.contextmanager
def running(model: QuantizedModel, board: Board, sources: SourceTree | None = None) -> Iterator[Session]:
    """A machine that runs the model, for a `with` block; raises as `run_on_chip`."""
    compiled = compile_for(model, board, None) if sources is None else sources
    with (
        tempfile.TemporaryDirectory(prefix="tinyml-") as folder,
        _session(model, board, compiled, None, Path(folder)) as session,
    ):
        yield session


def measure_on_chip(
    model: QuantizedModel, board: Board, optimize: Optimize | None, inputs: Sequence[Int8Array], sources: SourceTree
) -> Measurement:
    """Flash, RAM, stack and the cost of one inference on a board, over some of the vectors; raises as `run_on_chip`.

    `sources` is the model compiled for the board and `optimize`.
    """
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        place = Path(folder)
        # A firmware of its own for the sizes: the one that answers on the wire holds the protocol too.
        bench = build_firmware(sources, interface_of(model), board, "bench", place / "bench", optimize)
        with _session(model, board, sources, optimize, place, _MEASURED_TIMEOUT_S) as session:
            return measure(bench, session, rows_of(inputs)[:_MEASURED_VECTORS])


@dataclass(frozen=True)
class LayerCounts:
    """What each layer of one inference took: `counts` in `unit`, and its estimated cycles, if `cycle_source` has any.

    Where the machine counts cycles, `cycles` are those.
    """

    unit: Counter
    counts: tuple[int, ...]
    cycles: tuple[int, ...] | None
    cycle_source: str


def count_layers(
    model: QuantizedModel,
    board: Board,
    sources: SourceTree,
    layers: int,
    optimize: Optimize | None,
    vector: Int8Array,
    core: str,
) -> LayerCounts:
    """One inference, layer by layer; cycles are estimated for `core`. Raises as `run_on_chip`.

    `vector` is of shape (input bytes,); `sources` is the model, of so many `layers`, compiled for the board or one like
    it.
    """
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        place, interface = Path(folder), interface_of(model)
        elf = build_firmware(sources, interface, board, "verify", place / "layers", optimize, profile=True).elf
        table = table_of(core)
        tracer = None
        if table is not None and isinstance(board.emulator, QemuMachine):
            out, cache = place / "trace", cache_dir("qemu")
            tracer = make_tracer(board.emulator, board, elf, interface.prefix, out=out, cache_dir=cache)
        with _running(interface, board, elf, place, tracer.option if tracer else "", _MEASURED_TIMEOUT_S) as session:
            counts = session.layer_counts(vector, layers)
        if board.counter == "cycles":
            return LayerCounts("cycles", counts, counts, f"counted on {board.name}")
        if table is None or tracer is None:
            return LayerCounts(board.counter, counts, None, "")
        return LayerCounts(board.counter, counts, layer_cycles(tracer, board, elf, table), table.source)


@contextlib.contextmanager
def _session(
    model: QuantizedModel,
    board: Board,
    sources: SourceTree,
    optimize: Optimize | None,
    place: Path,
    timeout_s: float = _TIMEOUT_S,
) -> Iterator[Session]:
    """A machine that runs the model and has greeted; its firmware and log lie below `place`."""
    interface = interface_of(model)
    verify = build_firmware(sources, interface, board, "verify", place / "verify", optimize)
    with _running(interface, board, verify.elf, place, timeout_s=timeout_s) as session:
        yield session


@contextlib.contextmanager
def _running(
    interface: ModelInterface, board: Board, elf: Path, place: Path, plugin: str = "", timeout_s: float = _TIMEOUT_S
) -> Iterator[Session]:
    device = emulate(board, elf, log=place / "device.log", cache_dir=cache_dir("simavr"), plugin=plugin)
    device.is_log_kept = False
    with device:
        session = Session(device, timeout_s=timeout_s)
        session.greet(interface)
        yield session
