"""`tinyml fit`: what a model needs of each board's flash and RAM, measured where a compiler is at hand."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinyml_pipeline.boards.board import Board, RuntimeName
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.errors import PipelineError, ToolMissingError, UnsupportedError
from tinyml_pipeline.host.builders.bare_metal import build_firmware, write_sources
from tinyml_pipeline.host.builders.sketch import BuiltFirmware
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.runtimes.tflm import TflmRuntime, plan_arena
from tinyml_pipeline.runtimes.tflm_libraries import find_library
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.tools import MOST_SOURCE_BYTES
from tinyml_pipeline.workflow.bench import peer_data
from tinyml_pipeline.workflow.build import bare_metal_firmware, choose_builder
from tinyml_pipeline.workflow.firmware import project_sources
from tinyml_pipeline.workflow.memory_use import MemoryUse, memory_use
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, chosen, each
from tinyml_pipeline.workflow.plain_c import program_for

_ROOM_BYTES = 4 << 20
# Of the estimate of plain C without a compiler: what every model and every operation takes at most beside constants.
_CODE_BYTES, _CODE_BYTES_AN_OPERATION = 2048, 512


@dataclass(frozen=True)
class Need:
    """What one runtime takes of one board. Bytes are None where nothing could be said: `note` says why.

    `flash_bytes` and `ram_bytes` are the model's own: measured of its C and one call, linked with bare start-up code,
    or estimated, and then `note` says from what. `firmware_...` are those of the whole firmware that `tinyml build`
    makes of it, where that is built here without a download. The stack comes on top of all RAM.
    """

    board: str
    runtime: RuntimeName
    fits: bool
    how: str
    flash_bytes: int | None
    flash_limit_bytes: int
    ram_bytes: int | None
    ram_limit_bytes: int
    note: str
    firmware_flash_bytes: int | None = None
    firmware_ram_bytes: int | None = None
    memory: MemoryUse | None = None
    """Of plain C: what its RAM is mostly for."""


@dataclass(frozen=True)
class Fit:
    """One model on every board and runtime."""

    model: str
    needs: tuple[Need, ...]
    passed: bool = True


def fit(names: Sequence[str], project: Project, *, boards: Sequence[str] = ()) -> Outcomes[Fit]:
    """These boards, else all but this computer, real ones first, with each of their runtimes.

    A model that fits none of the boards that were named has not passed. UsageError for an unknown board.
    """
    wanted = dict.fromkeys(boards)
    found = [load_board(name) for name in wanted or board_names() if wanted or name != "host"]
    ordered = sorted(found, key=lambda board: board.emulator is not None)
    return each(
        chosen(names, project, files=True), lambda name: _fit_one(open_model(name, project), ordered, bool(wanted))
    )


def _fit_one(opened: OpenModel, boards: Sequence[Board], is_asked: bool) -> Fit:
    model = opened.model
    needs: list[Need] = []
    what = f"{model.name}: building for {len(boards)} board{'' if len(boards) == 1 else 's'}"
    with progress.counting(what, len(boards)) as done:
        for number, board in enumerate(boards, 1):
            needs += needs_of(opened, board)
            done(number)
    return Fit(model.name, tuple(needs), passed=not is_asked or any(need.fits for need in needs))


def needs_of(opened: OpenModel, board: Board) -> list[Need]:
    """One board's, one per runtime."""
    plain_c = _with_firmware(need_of_plain_c(opened, board), opened, board)
    if plain_c.how != "refused":
        plain_c = replace(plain_c, memory=memory_use(opened, board))
    return [plain_c] if board.tflm_library is None else [plain_c, _need_of_tflm(opened, board)]


def need_of_plain_c(opened: OpenModel, board: Board) -> Need:
    """Measured with the board's compiler where it is installed; else estimated."""
    try:
        if board.toolchain is None or missing_tools(replace(board, emulator=None)):
            return _estimate(opened.model, board)
        if sum(len(text) for text in opened.compiled(board).values()) > MOST_SOURCE_BYTES:
            return _estimate(opened.model, board)
        flash_bytes, ram_bytes = _measure(opened, board)
    except UnsupportedError as error:
        return _unknown(board, "aot", str(error))
    except PipelineError as error:  # larger than the addresses of the processor reach
        estimate = _estimate(opened.model, board)
        if estimate.fits:
            return _unknown(board, "aot", _cause(str(error)))
        return replace(estimate, note=_too_large(estimate))
    return _need(board, "aot", "measured", flash_bytes, ram_bytes, "")


def _cause(words: str) -> str:
    """The line that names an error in what a compiler printed, not the warning or the note behind it."""
    lines = words.splitlines()
    return next((line for line in lines if re.search(r"\b(error|undefined reference)\b", line)), lines[-1]).strip()


def _too_large(need: Need) -> str:
    """What does not fit, in place of what the linker says of it."""
    pairs = (("flash", need.flash_bytes, need.flash_limit_bytes), ("RAM", need.ram_bytes, need.ram_limit_bytes))
    wants = [f"{size:,} bytes of {what}, there are {limit:,}" for what, size, limit in pairs if (size or 0) > limit]
    return f"needs {' and '.join(wants)}"


def _with_firmware(need: Need, opened: OpenModel, board: Board) -> Need:
    """The same with the whole firmware, which decides whether the model fits; as it was where nothing builds it."""
    if not need.fits or missing_tools(replace(board, emulator=None)):
        return need
    try:
        built = _built_here(opened, board)
    except UnsupportedError as error:
        return replace(need, fits=False, note=str(error))
    except PipelineError as error:  # a board whose tool fails costs its own row, not the table
        return replace(need, fits=False, note=_cause(str(error)))
    if built is None:
        return need
    fits = built.flash_bytes <= board.usable_flash_bytes and built.ram_bytes <= board.usable_ram_bytes
    return replace(need, fits=fits, firmware_flash_bytes=built.flash_bytes, firmware_ram_bytes=built.ram_bytes)


def _built_here(opened: OpenModel, board: Board) -> BuiltFirmware | None:
    """What `tinyml build` makes of a new project; None where no tool is installed or it would go to the network."""
    try:
        builder = choose_builder(board)
    except ToolMissingError:
        return None
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        place = Path(folder)
        if builder is None:
            return bare_metal_firmware(opened.model, opened.compiled(board), board, place)
        if builder.downloads:
            return None
        write_sources(project_sources(opened, board, "aot"), place)
        return builder.build(place / c_identifier(opened.name), board, place / "build")


def _measure(opened: OpenModel, board: Board) -> tuple[int, int]:
    """(flash, RAM) of the bench firmware; of one that is too large, on the same chip with more room."""
    sources, interface = opened.compiled(board), opened.interface
    with tempfile.TemporaryDirectory(prefix="tinyml-") as place:
        try:
            image = build_firmware(sources, interface, board, "bench", Path(place))
        except UnsupportedError:
            roomy = replace(board, flash_bytes=_ROOM_BYTES, ram_bytes=_ROOM_BYTES)
            image = build_firmware(sources, interface, roomy, "bench", Path(place))
    return image.flash_bytes, image.ram_bytes


def _estimate(model: QuantizedModel, board: Board) -> Need:
    """The constants and the memory plan are exact; only the code is a guess, and a generous one."""
    program = program_for(model, board)
    constants = program.constant_bytes
    code = _CODE_BYTES + _CODE_BYTES_AN_OPERATION * len(model.graph.operations)
    ports = ModelInterface.of(model.graph)
    ram = program.plan.size_bytes + ports.input_bytes + ports.output_bytes
    note = f"constants {constants:,} and {code:,} for code; RAM is the memory plan"
    if board.constants_in_ram:
        ram += constants
        note += " and the constants, which this chip reads from RAM"
    return _need(board, "aot", "estimated", constants + code, ram, note)


def _need_of_tflm(opened: OpenModel, board: Board) -> Need:
    model = opened.model
    assert board.tflm_library is not None, "the caller has looked"
    try:
        library = find_library(board.tflm_library)
        TflmRuntime().check(model, library)
    except UnsupportedError as error:
        return _unknown(board, "tflm", str(error))
    dense = all(operation.name == "FULLY_CONNECTED" for operation in model.graph.operations)
    code = tflm_code_bytes(dense)
    arena = plan_arena(model.graph, opened.arena_bytes, library, board).total
    note = (
        f"{code:,} of TFLM's code (as on a Cortex-M4) and the model's {len(model.tflite):,}; RAM is the arena, without"
        " what Arduino's core takes"
    )
    return _need(board, "tflm", "estimated", code + len(model.tflite), arena, note)


def tflm_code_bytes(dense: bool) -> int:
    """The most that TFLM's own code took in the peers' measurements: of dense networks, or of any."""
    rows = [row for row in peer_data()["rows"] if row["what"].startswith("TFLM reference") and row["code_bytes"]]
    return int(max(row["code_bytes"] for row in rows if not dense or row["model"] != "kws_ref_model"))


def _need(board: Board, runtime: RuntimeName, how: str, flash_bytes: int, ram_bytes: int, note: str) -> Need:
    limit, ram_limit = board.usable_flash_bytes, board.usable_ram_bytes
    fits = flash_bytes <= limit and ram_bytes <= ram_limit
    return Need(board.name, runtime, fits, how, flash_bytes, limit, ram_bytes, ram_limit, note)


def _unknown(board: Board, runtime: RuntimeName, note: str) -> Need:
    limit, ram_limit = board.usable_flash_bytes, board.usable_ram_bytes
    return Need(board.name, runtime, False, "refused", None, limit, None, ram_limit, note)
