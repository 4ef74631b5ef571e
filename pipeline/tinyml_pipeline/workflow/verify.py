"""`tinyml verify`: vectors over the wire to whatever runs the firmware, every answer held against TFLM's."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.board import Board, RuntimeName
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device.protocol import Greeting
from tinyml_pipeline.host.device.session import Invocations, Session
from tinyml_pipeline.host.interpreters.oracle import need_tflm
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.parity.compare import Comparison, compare_exact
from tinyml_pipeline.parity.vectors import InputSet, parity_inputs
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, outputs_of, rows_of
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.connect import connect, is_emulated, refuse_port_of_emulated
from tinyml_pipeline.workflow.firmware import runtime_for
from tinyml_pipeline.workflow.layers import layer_names_of
from tinyml_pipeline.workflow.opened import OpenModel, open_model, refuse_other_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen
from tinyml_pipeline.workflow.plain_c import interface_of
from tinyml_pipeline.workflow.proof import ALL_VECTORS, vectors_for_chips

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class VerifyRecord:
    """What a board answered. The counts are the device's own for one inference, in the unit that it really counts."""

    board: str
    passed: bool
    claim: str
    exhaustive: bool
    vectors: int
    mismatches: int
    worst_steps: int
    unit: str
    fewest: int
    most: int
    clock_hz: int


@dataclass(frozen=True)
class LayerCount:
    """What a layer took on the device, in the record's unit."""

    layer: str
    count: int


@dataclass(frozen=True)
class Verification(Result):
    """A model that was verified on a board, in `seconds`; `resent` counts the vectors that were sent again.

    `layers` are those of one inference, the last of the inputs, if they were asked for.
    """

    verified: VerifyRecord
    seconds: float
    resent: int
    layers: tuple[LayerCount, ...] = ()

    @property
    def passed(self) -> bool:
        return self.verified.passed

    def facts(self) -> dict[str, Any]:
        layers = [asdict(layer) for layer in self.layers]
        told = {**records.to_json(self.verified), "seconds": self.seconds, "resent": self.resent}
        return {"verify": {**told, "layers": layers} if layers else told}


def verify(
    name: str,
    project: Project,
    *,
    board: str,
    port: str | None = None,
    runtime: str | None = None,
    vectors: int | None = None,
    timeout_s: float = TIMEOUT_S,
    layers: bool = False,
) -> Outcomes[Verification]:
    """Prove that a board computes what TFLM computes, bit for bit, on `vectors` inputs.

    None means as many as `vectors_for_chips` says, ALL_VECTORS every input. With `layers`, what each of them takes is
    asked too, which a real board answers only if its firmware was built with NAME_PROFILE.

    An emulated board is started with the firmware that `tinyml build` makes, and has no port. What was found is
    recorded in the model's manifest as the stage 'verify <board>'.
    """
    target = load_board(board)
    kind = runtime_for(target, runtime)
    if layers and kind != "aot":
        raise UsageError("verify --layers measures plain C: leave out --runtime tflm.")
    if layers and target.name == "host":
        raise UsageError("host counts neither cycles nor instructions; verify --layers takes another board.")
    refuse_port_of_emulated(target, port)
    chosen([name], project, files=True)
    opened = open_model(name, project)
    return Outcomes([_verify_one(opened, project, target, port, kind, vectors, timeout_s, layers)], [])


def chosen_inputs(model: QuantizedModel, vectors: int) -> InputSet:
    """`vectors` inputs, evenly spread over every possible one if those can be counted; ALL_VECTORS means all.

    Raises UsageError for all of a model with more than two input values.
    """
    inputs = parity_inputs(model.inputs)
    if vectors == ALL_VECTORS and not inputs.exhaustive:
        raise UsageError(f"{model.name} has too many possible inputs for --vectors all; name a number, such as 10000.")
    if not inputs.exhaustive and len(inputs) < vectors < ALL_VECTORS:
        inputs = parity_inputs(model.inputs, count=vectors)
    if vectors >= len(inputs):
        return inputs
    some = np.linspace(0, len(inputs) - 1, vectors).astype(int)
    return InputSet(tuple(array[some] for array in inputs.arrays), False)


def _verify_one(
    opened: OpenModel,
    project: Project,
    board: Board,
    port: str | None,
    runtime: RuntimeName,
    vectors: int | None,
    timeout_s: float,
    layers: bool,
) -> Verification:
    need_tflm("verify")
    refuse_other_model(opened)
    model, folder = opened.model, opened.folder
    inputs = chosen_inputs(model, vectors_for_chips(model) if vectors is None else vectors)
    expected = opened.oracle.invoke(inputs.arrays)
    names = layer_names_of(opened, board) if layers else []
    counts: tuple[LayerCount, ...] = ()
    with (
        _profiled(opened, board, layers) as elf,
        connect(opened, project.artifacts, board, port, runtime, elf=elf) as device,
    ):
        session = Session(device, timeout_s=timeout_s)
        greeting = session.greet(ModelInterface.of(model.graph))
        started = time.perf_counter()
        with progress.counting(f"{model.name} on {board.name}: {counted(len(inputs), 'vector')}", len(inputs)) as done:
            ran = session.invoke_many(rows_of(inputs.arrays), lambda count, _: done(count))
        seconds = time.perf_counter() - started
        if layers:
            measured = session.layer_counts(rows_of(inputs.arrays)[-1], len(names))
            counts = tuple(LayerCount(*pair) for pair in zip(names, measured, strict=True))
    found = compare_exact(f"{board.name} = TFLM", expected, _outputs(model, ran), inputs.arrays)
    if found.first is not None:
        where = found.first.text(model.inputs, model.outputs)
        progress.say(f"VERIFY FAILED: {model.name} on {board.name}: {found.summary}; {where}.")
    record = _record(board, found, inputs, greeting, ran)
    with folder.locked():
        made_from = provenance.digest(model.sha256, board.name)
        stages: dict[str, tuple[str, dict[str, bytes], dict[str, Any]]] = {
            f"verify {board.name}": (made_from, {}, records.to_json(record))
        }
        folder.publish(stages, provenance.environment())
    return Verification(model.name, str(folder.path), record, seconds, ran.resent, counts)


@contextlib.contextmanager
def _profiled(opened: OpenModel, board: Board, layers: bool) -> Iterator[Path | None]:
    """For an emulated board, a firmware that measures its layers, for a `with` block; None: take the usual one."""
    if not (layers and is_emulated(board)):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        sources, interface = opened.compiled(board), interface_of(opened.model)
        yield build_firmware(sources, interface, board, "verify", Path(folder), profile=True).elf


def _record(board: Board, found: Comparison, inputs: InputSet, greeting: Greeting, ran: Invocations) -> VerifyRecord:
    if not found.passed:
        claim = "FAILED"
    elif inputs.exhaustive:
        claim = "verified on every possible input"
    else:
        claim = f"verified on {counted(len(inputs), 'input')}"
    return VerifyRecord(
        board=board.name,
        passed=found.passed,
        claim=claim,
        exhaustive=inputs.exhaustive,
        vectors=found.vectors,
        mismatches=found.mismatches,
        worst_steps=found.worst,
        unit=ran.unit.name.lower(),
        fewest=ran.fewest,
        most=ran.most,
        clock_hz=greeting.clock_hz,
    )


def _outputs(model: QuantizedModel, ran: Invocations) -> tuple[Int8Array, ...]:
    return outputs_of(ran.outputs, model.outputs)
