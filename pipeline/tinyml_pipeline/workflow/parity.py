"""`tinyml parity`: Keras, the int8 model, the C array and TFLM, compared."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.extras import has_extra, install_command
from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.parity.accuracy import compare_accuracy
from tinyml_pipeline.parity.compare import compare_exact, compare_real
from tinyml_pipeline.parity.compiled_array import array_as_compiled
from tinyml_pipeline.parity.report import ArrayCheck, ParityReport, Row
from tinyml_pipeline.parity.spot_check import spot_checks
from tinyml_pipeline.parity.vectors import InputSet, parity_inputs
from tinyml_pipeline.quantize.quantized_model import Int8Array, QuantizedModel
from tinyml_pipeline.quantize.settle_scales import settle_scales
from tinyml_pipeline.runtimes.tflm import array_names, data_sources
from tinyml_pipeline.show.report import plots, progress
from tinyml_pipeline.workflow.chips import chips, run_on_chip
from tinyml_pipeline.workflow.compile import compile_for
from tinyml_pipeline.workflow.generate import converted_model, encoded, model_of_file
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, is_file

FloatArray = npt.NDArray[np.float32]
CHIP_VECTORS = 2000
_RUNTIMES_AGREE = "int8 = TFLM"


def parity(
    names: Sequence[str], root: Path, *, boards: Sequence[str] = (), vectors: int | None = CHIP_VECTORS
) -> Outcomes[Result]:
    """Prove again what `convert` proved, from the files on disk, and the model's C on every processor that is here.

    A processor gets `vectors` of the inputs, all of them for None. A .tflite from elsewhere is proven against TFLM.
    """
    found = chips(boards)
    for board, tools in found.missing.items():
        progress.say(f"{board}: left out, because it lacks {tools}; 'tinyml doctor --install' brings that")
    return each(
        chosen(names, files=True),
        lambda name: (
            _parity_of_file(Path(name), found.able, vectors)
            if is_file(name)
            else _parity_of_model(name, root, found.able, vectors)
        ),
    )


def prove(
    model: QuantizedModel,
    spec: ModelSpec | None,
    answers: bytes | None,
    generated: Mapping[str, bytes],
    boards: Sequence[Board] = (),
    chip_vectors: int | None = CHIP_VECTORS,
) -> tuple[ParityReport, dict[str, bytes]]:
    """Compare every form of one model; the report, and the files of the parity stage.

    `answers` are Keras' own (see `pack_answers`), None for a model of which we have no Keras form; `generated` holds
    the texts of model_data.h and model_data.cc. The model's C runs on `boards`, where it compiles.
    """
    header, source = generated["model_data.h"].decode(), generated["model_data.cc"].decode()
    compiled = array_as_compiled(source, header, *array_names(model.name))
    inputs = parity_inputs(model.inputs)
    keras = test = None
    if answers is not None:
        inputs, keras, test = _unpack_answers(answers, inputs.exhaustive)
    int8 = ReferenceInterpreter(model.tflite).invoke(inputs.arrays)
    rows: list[Row] = []
    if spec is not None and keras is not None:
        rows.append(compare_real("Keras = int8", keras, int8[0], model.outputs[0], spec.tolerance))
        rows.extend(_accuracy(spec, model, test))
        rows.extend(spot_checks(model, TflmInterpreter(model.tflite).invoke, spec.checks))
    array = ArrayCheck("C array = .tflite", model.tflite, compiled)
    rows.append(array)
    if array.passed:  # TFLM trusts every offset of what it is given
        device = TflmInterpreter(compiled).invoke(inputs.arrays)
        rows.append(compare_exact(_RUNTIMES_AGREE, int8, device, inputs.arrays))
        rows.extend(_chip_rows(model, boards, inputs, device, chip_vectors))
    report = ParityReport(model, len(inputs), inputs.exhaustive, tuple(rows))
    for row in rows:
        if not row.passed:
            progress.say(f"PARITY FAILED: {report.failure(row)}{_known_cause(model, row)}")
    files = {"parity.json": (report.to_json() + "\n").encode()}
    if spec is not None and keras is not None and not has_extra("plot"):
        progress.say(f"{model.name}: no parity.png, because matplotlib is missing: {install_command('plot')}")
    elif spec is not None and keras is not None:
        files["parity.png"] = _picture(spec, model, inputs, keras, int8[0])
    return report, files


def _accuracy(spec: ModelSpec, model: QuantizedModel, keras: FloatArray | None) -> Iterator[Row]:
    """For a classifier: how many of the test data Keras and int8 get right."""
    test = spec.load_test()
    if test is None or keras is None or spec.accuracy_percent is None:
        return
    int8 = ReferenceInterpreter(model.tflite).invoke([model.inputs[0].quantize(test.inputs)])
    yield compare_accuracy(
        test.targets,
        keras,
        model.outputs[0].dequantize(int8[0]),
        spec.accuracy_percent,
        spec.accuracy_drop_points,
    )


def _known_cause(model: QuantizedModel, row: Row) -> str:
    if row.name == _RUNTIMES_AGREE and settle_scales(model.tflite) != model.tflite:
        return (
            " The scales of this model's dense layers are such that releases of TFLM differ in the last digit of a"
            " multiplier; a model that 'tinyml convert' makes has scales on which they agree."
        )
    return ""


def _chip_rows(
    model: QuantizedModel, boards: Sequence[Board], inputs: InputSet, expected: Sequence[Int8Array], limit: int | None
) -> Iterator[Row]:
    """One row a board: its C against TFLM. The host takes every vector, an emulated processor `limit` of them."""
    try:
        compile_for(model, None, None)
    except UnsupportedError as error:
        if boards:
            progress.say(f"{model.name}: no plain C: {error}")
        return
    for board in boards:
        most = len(inputs) if limit is None or board.emulator is None else min(limit, len(inputs))
        some = np.linspace(0, len(inputs) - 1, most).astype(int)
        arrays = [array[some] for array in inputs.arrays]
        name = "C on the host = TFLM" if board.emulator is None else f"C on {board.core} = TFLM"
        try:
            with progress.counting(f"{model.name}: {name}, {most:,} vectors", most) as done:
                actual = run_on_chip(model, board, arrays, lambda count, _: done(count))
        except UnsupportedError as error:
            progress.say(f"{model.name}: left out on {board.name}: {error}")
            continue
        yield compare_exact(name, [array[some] for array in expected], actual, arrays)


def parity_facts(report: ParityReport) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "claim": report.claim if report.passed else "FAILED",
        "vectors": report.vectors,
        "exhaustive": report.exhaustive,
        "rows": [{**row.to_json(), "summary": row.summary} for row in report.rows],
    }


def pack_answers(inputs: InputSet, answers: FloatArray, test: FloatArray | None = None) -> bytes:
    """int8 inputs and what Keras says of their real values, as the bytes of an .npz; the same bytes each time.

    `test` is what Keras says of the test data.
    """
    named = {f"input_{i}": array for i, array in enumerate(inputs.arrays)}
    buffer = io.BytesIO()
    np.savez(buffer, answers=answers, **named, **({} if test is None else {"test": test}))
    return buffer.getvalue()


def _unpack_answers(data: bytes, exhaustive: bool) -> tuple[InputSet, FloatArray, FloatArray | None]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        count = sum(name.startswith("input_") for name in arrays.files)
        inputs = tuple(arrays[f"input_{i}"] for i in range(count))
        return InputSet(inputs, exhaustive), arrays["answers"], arrays["test"] if "test" in arrays.files else None


def _picture(
    spec: ModelSpec, model: QuantizedModel, inputs: InputSet, keras: FloatArray, int8: npt.NDArray[np.int8]
) -> bytes:
    real = model.inputs[0].dequantize(inputs.arrays[0]).reshape(len(inputs), -1).astype(np.float64)
    # Over more than two inputs the picture is int8 over Keras, and has room for every output.
    shown, output = (slice(None), "every output") if real.shape[1] > 2 else (slice(1), spec.outputs[0])
    actual = model.outputs[0].dequantize(int8).reshape(len(inputs), -1)[:, shown].reshape(-1).astype(np.float64)
    expected = keras.reshape(len(inputs), -1)[:, shown].reshape(-1).astype(np.float64)
    purpose = " (taught wrong on purpose)" if spec.fails_on else ""
    title = f"{spec.name}{purpose}: Keras and int8 on {len(inputs):,} inputs"
    return plots.draw_parity(title, spec.inputs, real, expected, actual, spec.tolerance, output)


def _parity_of_model(name: str, root: Path, boards: Sequence[Board], vectors: int | None) -> Result:
    folder = ModelFolder(root, name)
    with folder.locked():
        spec = load_spec(name)
        model = converted_model(spec, folder)
        answers = folder.read("keras_answers.npz", made_by="convert")
        generated = {file: folder.read(file, made_by="generate") for file in ("model_data.h", "model_data.cc")}
        report, files = prove(model, spec, answers, generated, boards, vectors)
        converted = folder.record("convert")
        assert converted is not None, "converted_model() has found it"
        folder.publish({"parity": (converted.made_from, files, parity_facts(report))}, provenance.environment())
    return Result(name, str(folder.path), {"parity": parity_facts(report)}, passed=report.passed)


def _parity_of_file(path: Path, boards: Sequence[Board], vectors: int | None) -> Result:
    model = model_of_file(path)
    report, _ = prove(model, None, None, encoded(data_sources(model)), boards, vectors)
    return Result(path.stem, str(path.parent), {"parity": parity_facts(report)}, passed=report.passed)
