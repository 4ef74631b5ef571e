"""What a notebook or a script calls: the functions behind the commands, with arrays and objects in place of files.

All of them raise subclasses of PipelineError, each with one line that says what to do, and none of them prints.
`progress`, if given, is called with a text, how much is done, and of how much: `progress("y = TFLM", 128, 2000)`; both
numbers are 0 for work that cannot be counted. TensorFlow is used only by `quantize`, in a process of its own.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.api_arguments import (
    as_list,
    check_at_least,
    check_domains,
    check_names,
    check_same_form,
    checked_model,
    input_shapes,
    samples,
)
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import board_names, load_board, stand_in
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import TARGETS, Target, find_target
from tinyml_pipeline.errors import ToolMissingError, UsageError
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.names import hint
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.quantization.quantized_model import (
    Int8Array,
    QuantizedModel,
    QuantizedPort,
    load_quantized,
    outputs_of,
    rows_of,
)
from tinyml_pipeline.runtimes.tflm import data_sources
from tinyml_pipeline.show.report import progress as progress_of
from tinyml_pipeline.workflow import chips as machines
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.opened import OpenModel
from tinyml_pipeline.workflow.plain_c import compile_to, target_of

if TYPE_CHECKING:
    from tinyml_pipeline.host.device.measure import Measurement
    from tinyml_pipeline.host.device.session import Session
    from tinyml_pipeline.parity.report import ParityReport

Progress = Callable[[str, int, int], None]
_CALIBRATION_SAMPLES = 500
_MEASURED = 64


class GeneratedSources(SourceTree):
    """Generated files as a mapping from relative path to text, in sorted order."""

    def __init__(self, files: SourceTree, model: QuantizedModel, what: str) -> None:
        super().__init__(files)
        self._model, self._what = model, what

    def write(self, folder: str | Path) -> Path:
        """Write every file below `folder`, which is made if it does not exist, and return it.

        What was written before is replaced, and files that were changed since are kept as `<name>.edited`; nothing
        else in the folder is touched. Raises ArtifactsError if the folder cannot be written.
        """
        from tinyml_pipeline import provenance

        place = Path(folder)
        place = place if place.name not in ("", "..") else place.resolve()
        target = ModelFolder(place.parent, place.name)
        made_from = provenance.digest(self._model.sha256, self._what)
        stages: dict[str, tuple[str, dict[str, bytes], dict[str, Any]]] = {self._what: (made_from, encoded(self), {})}
        with target.locked():
            target.publish(stages, provenance.environment())
        return place


def load(path: str | Path) -> QuantizedModel:
    """An int8 .tflite model from a file, tried in a child process first.

    Raises UsageError if there is no such file, ModelFileError if it is not a full int8 .tflite of batch 1, and
    UnsupportedError if TFLM does not run it.
    """
    from tinyml_pipeline.host.interpreters.tflm import minimum_arena_bytes
    from tinyml_pipeline.workflow.outcomes import read_file

    file = Path(path)
    if not file.is_file():
        raise UsageError(f"there is no file '{file}'.")
    model = load_quantized(read_file(file), file.stem, f"from {file.name}")
    minimum_arena_bytes(model)
    return model


def quantize(
    keras_model: Any,
    x_train: Any,
    inputs: Sequence[Domain] = (),
    *,
    outputs: Sequence[str] = (),
    name: str = "model",
    per_channel: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> QuantizedModel:
    """The int8 form of a trained Keras model.

    `x_train` are samples of real inputs, (samples, *input shape), a list of such arrays for a model with several
    inputs; the converter takes the ranges inside the network from them. `inputs` are the ranges on the device of every
    input value, or one for all of them: int8 then covers each range to its ends, and values of different range get
    scales of their own. `outputs` name the output values.
    `per_channel` gives every neuron of a dense layer a scale of its own, which TFLM libraries released before
    September 2024 compute wrongly.

    Raises UsageError for a model that is not built and for samples of another shape or with NaN, and ConversionError
    for what the converter refuses.
    """
    from tinyml_pipeline.extras import need_extra
    from tinyml_pipeline.quantization.convert import KerasProcess
    from tinyml_pipeline.quantization.representative import representative_inputs
    from tinyml_pipeline.quantization.settle_scales import settle_scales
    from tinyml_pipeline.quantization.value_ranges import ValueRanges

    need_extra("train", "quantize()")
    shapes = input_shapes(keras_model)
    real = samples(x_train, shapes, "x_train")
    check_at_least(seed, 0, "seed")
    representative = [_some(array, _CALIBRATION_SAMPLES) for array in real]
    domains = (inputs,) if isinstance(inputs, Domain) else tuple(inputs)
    if domains:
        check_domains(domains, several=len(shapes) > 1)
        representative = [representative_inputs(domains, shapes[0], real[0], seed)]
    with progress_of.reported_to(progress), KerasProcess() as keras:
        with progress_of.working(f"{name}: converting to int8"):
            if domains:
                ranges, answers = ValueRanges.of(domains, shapes), ValueRanges.of_names(["output"])
                archive = _archive(keras_model)
                tflite, notes = keras.convert_scaled(archive, representative, ranges, answers, per_channel, name)
            else:
                tflite, notes = keras.convert(_archive(keras_model), representative, per_channel, name), ()
        for note in notes:
            progress_of.say(f"{name}: {note}.")
        settled, graph = settle_scales(tflite)
    names = as_list(outputs)
    model = load_quantized(settled, name, "from a Keras model", [domain.name for domain in domains], names, graph=graph)
    check_names(names, model.outputs)
    return model


def verify(
    model: QuantizedModel,
    keras_model: Any = None,
    x_test: Any = None,
    *,
    tolerance: float | None = None,
    boards: Sequence[str] = ("host",),
    vectors: int | None = None,
    progress: Progress | None = None,
) -> ParityReport:
    """Compare every form of a model with TFLM, bit for bit, and TFLM with Keras; `.check()` of the report raises.

    With a Keras model, its answers to `x_test` (samples, *input shape), each rounded to the nearest int8 input, are
    compared with those of int8: the largest difference may be `tolerance`, in units of the output; by default 5 % of
    the output's range. The model's C runs on `boards`: 'host' is this computer, 'sim-uno' and the like are emulated
    with `vectors` inputs each (None: 2,000, fewer of a large model). Boards whose tools are missing are left out.

    Raises UsageError for samples of another shape or with NaN, and for a board that cannot be emulated.
    """
    from tinyml_pipeline.parity.compare import compare_real
    from tinyml_pipeline.parity.output_values import output_values
    from tinyml_pipeline.workflow.proof import prove

    if (keras_model is None) != (x_test is None):
        raise UsageError("verify() compares with Keras if it is given both keras_model and x_test, in that order.")
    opened = _opened(model)
    check_at_least(tolerance, 0, "tolerance")
    check_at_least(vectors, 1, "vectors")
    if keras_model is not None:
        check_same_form(keras_model, model)
    real = [] if x_test is None else samples(x_test, [port.shape for port in model.inputs], "x_test")
    with progress_of.reported_to(progress):
        inputs = parity_inputs(model.inputs, real)
        report = prove(opened, data_sources(model), None, machines.chips(as_list(boards)).able, vectors, inputs=inputs)
        if keras_model is None:
            return report
        int8 = [port.quantize(array) for port, array in zip(model.inputs, real, strict=True)]
        expected = opened.oracle.invoke(int8)
        wanted = _predict(keras_model, [port.dequantize(a) for port, a in zip(model.inputs, int8, strict=True)])
    rows = []
    for one in output_values(None, model.outputs, tolerance):
        label = f"Keras = int8, {one.name}" if one.name else "Keras = int8"
        rows.append(
            compare_real(label, one.of(wanted[one.tensor]), one.of(expected[one.tensor]), one.port, one.tolerance)
        )
    return replace(report, rows=(*rows, *report.rows))


def compile(
    model: QuantizedModel, target: str = "portable", optimize: Literal["size", "balanced", "speed"] | None = None
) -> GeneratedSources:
    """Plain C of a model: NAME.h, NAME.c and the kernels that they use; NAME is the model's.

    `target` is a processor ('cortex-m4', 'atmega328p'), a board ('uno'), or 'portable', which is any C99 compiler.
    Every target's C gives the same bytes. Raises UsageError for an unknown target, and UnsupportedError (with
    `.operator`, `.index`, `.found`, `.supported`) if the model has anything that the compiler has no exact form for.
    """
    chosen = _target(target, optimize)
    return GeneratedSources(compile_to(checked_model(model), chosen), model, f"compile {target}")


def sketch(model: QuantizedModel, board: str, runtime: str = "aot") -> GeneratedSources:
    """A firmware project for a board, an Arduino sketch and a PlatformIO project in one folder.

    `runtime` is 'aot' (plain C) or 'tflm' (the interpreter). Raises UsageError for a runtime that the board lacks and
    UnsupportedError for a model that the runtime refuses.
    """
    from tinyml_pipeline.workflow.firmware import project_sources, runtime_for

    target = load_board(board)
    tree = project_sources(_opened(model), target, runtime_for(target, runtime))
    return GeneratedSources(tree, model, f"firmware {board}-{runtime}")


def measure(
    model: QuantizedModel,
    board: str,
    optimize: Literal["size", "balanced", "speed"] | None = None,
    *,
    progress: Progress | None = None,
) -> Measurement:
    """Flash, RAM and stack in bytes, and instructions or cycles of one inference, of the model's C on a board.

    The board is emulated. Raises UsageError for one that cannot be, ToolMissingError without its compiler or
    emulator, and UnsupportedError if the model does not fit.
    """
    with progress_of.reported_to(progress):
        checked_model(model)
        machine, inputs = _machine(board), parity_inputs(model.inputs, count=_MEASURED).arrays
        return machines.measure_on_chip(model, machine, optimize, inputs, _opened(model).compiled(machine, optimize))


class ConnectedBoard:
    """A board that answers; see `connect`."""

    def __init__(self, board: Board, port: str | None, stack: contextlib.ExitStack) -> None:
        self._board, self._port, self._stack = board, port, stack
        self._sessions: dict[str, Session] = {}

    def run(self, model: QuantizedModel, inputs: Any) -> Any:
        """What the board answers to `inputs`, (n, *input shape) or a list of such arrays, one per input.

        Real numbers are quantized, and the answers are real numbers in float32; int8 gives int8. A model with one
        output gives an array (n, *output shape), else a tuple of them. Raises DeviceError if the board runs another
        model or answers wrongly, UsageError for inputs of another shape or with NaN.
        """
        checked_model(model)
        all_int8 = all(port.dtype is DType.INT8 for port in model.inputs)
        arrays = samples(inputs, [port.shape for port in model.inputs], "inputs", keep_int8=all_int8)
        raw = arrays[0].dtype == np.int8
        stored = arrays if raw else [port.quantize(real) for port, real in zip(model.inputs, arrays, strict=True)]
        ran = self._session(model).invoke_many(rows_of(stored)).outputs
        parts = outputs_of(ran, model.outputs)
        outputs = tuple(_answer(part, port, raw) for part, port in zip(parts, model.outputs, strict=True))
        return outputs[0] if len(outputs) == 1 else outputs

    def _session(self, model: QuantizedModel) -> Session:
        if model.sha256 in self._sessions:
            return self._sessions[model.sha256]
        from tinyml_pipeline.host.device.session import Session

        if self._board.emulator is not None or self._board.name == "host":
            session = self._stack.enter_context(machines.running(model, _machine(self._board.name)))
        else:
            device = self._sessions.get("") or self._open()
            session = self._sessions[""] = device
            session.greet(ModelInterface.of(model.graph))
        assert isinstance(session, Session)
        self._sessions[model.sha256] = session
        return session

    def _open(self) -> Session:
        from tinyml_pipeline.host.device.ports import find_port
        from tinyml_pipeline.host.device.serial_port import SerialDevice
        from tinyml_pipeline.host.device.session import Session

        port = find_port(self._board.name, self._port, stand_in=stand_in(self._board))
        log = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="tinyml-"))) / "device.log"
        device = SerialDevice(self._board.name, port, log)
        device.is_log_kept = False
        return Session(self._stack.enter_context(device))


@contextlib.contextmanager
def connect(board: str, port: str | None = None) -> Iterator[ConnectedBoard]:
    """A board to run models on, for a `with` block.

    A real board runs what was flashed to it ('tinyml flash'), and `port` is its serial port, found if there is only
    one. An emulated one ('sim-uno') is started with each model that it is asked to run.
    """
    target = load_board(board)
    with contextlib.ExitStack() as stack:
        yield ConnectedBoard(target, port, stack)


def _opened(model: QuantizedModel) -> OpenModel:
    checked_model(model)
    return OpenModel(None, model, ModelFolder(Path(), model.name))


def _machine(name: str) -> Board:
    """A board that this computer plays."""
    found = machines.chips([name])
    if found.missing:
        raise ToolMissingError(f"{name} cannot be run: {found.missing[name]}. How to install: tinyml doctor")
    return found.able[0]


def _target(name: str, optimize: Literal["size", "balanced", "speed"] | None) -> Target:
    """By the name of a processor or a board."""
    if optimize not in (None, "size", "balanced", "speed"):
        raise UsageError(f"optimize= is {optimize!r}; choose 'size', 'balanced' or 'speed'.")
    wanted = str(name).lower()
    if wanted in TARGETS:
        return find_target(wanted, optimize or "size")
    boards = [load_board(board) for board in board_names() if board != "host"]
    for board in boards:
        if wanted in (board.name, board.core.lower(), board.core.lower().rstrip("f")):
            return target_of(board, optimize)
    known = sorted({*TARGETS, *(board.core.lower() for board in boards)})
    close = hint(wanted, known)
    meant = f"{close} " if close.startswith("Did") else ""
    raise UsageError(
        f"there is no target '{name}'. {meant}Processors: {', '.join(known)}; or a board of 'tinyml boards'."
    )


def _predict(keras_model: Any, arrays: Sequence[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Keras' own answers, in this process, one array (n, *output shape) per output."""
    found = keras_model.predict(list(arrays) if len(arrays) > 1 else arrays[0], verbose=0)
    outputs = list(found) if isinstance(found, (list, tuple)) else [found]
    return [np.asarray(output, np.float32) for output in outputs]


def _archive(keras_model: Any) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        path = Path(folder) / "model.keras"
        keras_model.save(path)
        return path.read_bytes()


def _some(array: npt.NDArray[np.float32], most: int) -> npt.NDArray[np.float32]:
    """At most so many samples, evenly spread."""
    some: npt.NDArray[np.float32] = array[np.linspace(0, len(array) - 1, min(most, len(array))).astype(int)]
    return some


def _answer(part: Int8Array, port: QuantizedPort, raw: bool) -> npt.NDArray[Any]:
    return part if raw else port.dequantize(part)


__all__ = [
    "ConnectedBoard",
    "GeneratedSources",
    "compile",
    "connect",
    "load",
    "measure",
    "quantize",
    "sketch",
    "verify",
]
