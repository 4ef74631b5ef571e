"""Every form of one model, compared: Keras, TFLM, the C array, other interpreters, and plain C on processors."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.errors import PipelineError, ToolMissingError, UnsupportedError
from tinyml_pipeline.extras import has_extra, install_command
from tinyml_pipeline.host.interpreters import second_opinion as other
from tinyml_pipeline.host.interpreters.oracle import STAND_IN_STEPS, has_tflm, not_run, oracle_name
from tinyml_pipeline.host.interpreters.reference_runtime import runtime_name
from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.parity.answers import KerasAnswers
from tinyml_pipeline.parity.compare import compare_exact
from tinyml_pipeline.parity.compiled_array import array_as_compiled
from tinyml_pipeline.parity.opinion import FailedRow, OpinionRow, SkippedRow, compare_opinion, operator_text
from tinyml_pipeline.parity.output_values import output_values
from tinyml_pipeline.parity.report import ArrayCheck, ParityReport, Row
from tinyml_pipeline.parity.vectors import InputSet, parity_inputs
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel
from tinyml_pipeline.runtimes.tflm import array_names
from tinyml_pipeline.show.report import plots, progress
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow.chips import run_on_chip
from tinyml_pipeline.workflow.diagnosis import explained
from tinyml_pipeline.workflow.keras_rows import keras_rows
from tinyml_pipeline.workflow.opened import OpenModel

CHIP_VECTORS = 2000
ALL_VECTORS = sys.maxsize
# What an emulated processor may work in all, so that a large model is not asked for minutes: 2,000 vectors of a model
# with 10,000 weights. A weight takes some ten instructions, a byte on the simulated wire about a thousand cycles.
_CHIP_WORK, _LEAST_CHIP_VECTORS = 2_000 * 10_000, 50
_WEIGHTS_A_WIRE_BYTE = 100
# Emulated serial ports take some KB a second, a real one at 115,200 baud 11: so much, unless it is too few vectors.
_WIRE_BYTES, _LEAST_OF_LARGE_PORTS = 512 << 10, 16


def prove(
    opened: OpenModel,
    sources: Mapping[str, str],
    answers: KerasAnswers | None,
    boards: Sequence[Board] = (),
    chip_vectors: int | None = None,
    expected: Sequence[Int8Array] | None = None,
    inputs: InputSet | None = None,
) -> ParityReport:
    """Compare every form of one model with TFLM, which is the oracle, and TFLM with Keras.

    `sources` holds model_data.h and model_data.cc; `answers` are Keras' own, None for a model without a Keras form,
    and `expected` TFLM's answers to the same inputs, if they are known already. `inputs` replace the usual ones of a
    model without Keras' answers. The model's C runs on `boards`,
    on `chip_vectors` inputs each (None: see `vectors_for_chips`). A form that cannot be run costs its own row.
    """
    model, spec = opened.model, opened.spec
    if inputs is None:
        inputs = parity_inputs(model.inputs) if answers is None else answers.inputs
    if expected is None:
        expected = opened.oracle.invoke(inputs.arrays)
    rows: list[Row] = []
    if spec is not None and answers is not None:
        rows.extend(explained(model, spec, list(keras_rows(opened, spec, answers, expected))))
    rows.append(_array_row(model, sources))
    rows.append(_other_interpreter(model, inputs, expected) if has_tflm() else SkippedRow("int8 = TFLM", not_run()))
    rows.extend(_chip_rows(opened, boards, inputs, expected, chip_vectors))
    stand_in = "" if has_tflm() else oracle_name()
    report = ParityReport(model, len(inputs), inputs.exhaustive, tuple(rows), stand_in, inputs.has_data)
    for row in rows:
        if not row.passed:
            progress.say(f"PARITY FAILED: {report.failure(row)}")
    return report


def vectors_for_chips(model: QuantizedModel) -> int:
    """How many vectors a processor is given: 2,000, fewer of a large model; 50 at least, or 512 KB, but never fewer
    than 16."""
    wire = sum(port.size for port in (*model.inputs, *model.outputs))
    work = model.graph.constant_bytes + _WEIGHTS_A_WIRE_BYTE * wire
    count = max(_LEAST_CHIP_VECTORS, min(CHIP_VECTORS, _CHIP_WORK // max(work, 1)))
    return min(count, max(_LEAST_OF_LARGE_PORTS, _WIRE_BYTES // max(wire, 1)))


def proof_files(
    opened: OpenModel, report: ParityReport, answers: KerasAnswers | None, expected: Sequence[Int8Array]
) -> dict[str, bytes]:
    """parity.json, and parity.png of a model whose Keras answers are known."""
    files = {"parity.json": (report.to_json() + "\n").encode()}
    if opened.spec is not None and answers is not None and not has_extra("plot"):
        progress.say(f"{opened.name}: no parity.png, because matplotlib is missing: {install_command('plot')}")
    elif opened.spec is not None and answers is not None:
        files["parity.png"] = _picture(opened.spec, opened.model, answers, expected[0])
    return files


def _array_row(model: QuantizedModel, sources: Mapping[str, str]) -> Row:
    name = "C array = .tflite"
    try:
        compiled = array_as_compiled(sources["model_data.cc"], sources["model_data.h"], *array_names(model.name))
    except (ToolMissingError, UnsupportedError) as error:
        return SkippedRow(name, str(error))
    except PipelineError as error:
        return FailedRow(name, _last_line(error))
    return ArrayCheck(name, model.tflite, compiled)


def _other_interpreter(model: QuantizedModel, inputs: InputSet, expected: Sequence[Int8Array]) -> OpinionRow:
    name = f"{runtime_name() or 'other interpreter'} = TFLM"
    said = other.second_opinion(model, inputs.arrays)
    if said.outputs is None:
        return OpinionRow(name, 0, 0, 0, reason=said.reason)
    row, first = compare_opinion(name, expected, said.outputs, inputs.arrays)
    if first is None:
        return row
    cause = other.first_difference(model, [array[first : first + 1] for array in inputs.arrays])
    return row if cause is None else replace(row, cause=operator_text(model.graph, cause))


def _chip_rows(
    opened: OpenModel, boards: Sequence[Board], inputs: InputSet, expected: Sequence[Int8Array], limit: int | None
) -> Iterator[Row]:
    """One row per board: its C against TFLM. The host takes every vector, an emulated processor some of them."""
    model = opened.model
    for board in boards:
        most = len(inputs) if board.emulator is None else min(limit or vectors_for_chips(model), len(inputs))
        some = np.linspace(0, len(inputs) - 1, most).astype(int)
        arrays = [array[some] for array in inputs.arrays]
        name = f"C on {'the host' if board.emulator is None else board.core} = {oracle_name()}"
        try:
            compiled = opened.compiled(board)
        except UnsupportedError as error:
            if opened.compiles_nowhere:
                progress.say(f"{model.name}: no plain C: {error}")
                return
            yield SkippedRow(name, str(error))
            continue
        try:
            watched = progress.counting(f"{model.name}: {name}, {counted(most, 'vector')}", most)
            actual = run_on_chip(model, board, arrays, watched, compiled)
        except UnsupportedError as error:  # larger than the chip
            yield SkippedRow(name, str(error))
        except PipelineError as error:
            yield FailedRow(name, _last_line(error))
        else:
            found = compare_exact(name, [array[some] for array in expected], actual, arrays)
            yield found if has_tflm() else replace(found, allowed=STAND_IN_STEPS)


def _last_line(error: PipelineError) -> str:
    """One line of what may hold the last lines of a compiler: its head, and what came last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if len(lines) < 2 else f"{lines[0]} {lines[-1]}"


def _picture(spec: Spec, model: QuantizedModel, answers: KerasAnswers, int8: Int8Array) -> bytes:
    inputs, keras = answers.inputs, answers.answers[0]
    parts = [
        port.dequantize(array).reshape(len(inputs), -1) for port, array in zip(model.inputs, inputs.arrays, strict=True)
    ]
    real = np.concatenate(parts, axis=1).astype(np.float64)
    # Over more than two inputs the picture is int8 over Keras, and has room for every output.
    shown, output = (slice(None), "every output") if real.shape[1] > 2 else (slice(1), spec.output_names[0])
    actual = model.outputs[0].dequantize(int8).reshape(len(inputs), -1)[:, shown].reshape(-1).astype(np.float64)
    expected = keras.reshape(len(inputs), -1)[:, shown].reshape(-1).astype(np.float64)
    purpose = " (taught wrong on purpose)" if spec.fails_on else ""
    title = f"{spec.name}{purpose}: Keras and int8 on {len(inputs):,} inputs"
    return plots.draw_parity(
        title, spec.inputs, real, expected, actual, output_values(spec, model.outputs)[0].tolerance, output
    )
