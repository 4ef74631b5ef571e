"""`tinyml predict`: one question or many rows, to Keras, to the int8 model and to the model's C on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.chips import run_on_chip
from tinyml_pipeline.workflow.data_rows import Rows, finite_number, read_rows
from tinyml_pipeline.workflow.opened import converted_model

FloatArray = npt.NDArray[np.float32]
_SHOWN = 8


@dataclass(frozen=True)
class InputValue:
    """One number of the question: as it was asked, and as int8 sees it. `note` says where it was clamped."""

    name: str
    asked: float
    seen: float
    int8: int
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """One number of the answer by each of the three; the int8 values next to the real ones. None if the C did not run.

    `keras` answers the numbers as asked, `keras_seen` those that int8 sees, which is what the tolerance is about.
    """

    name: str
    keras: float
    keras_seen: float
    int8_real: float
    int8: int
    c_real: float | None
    c: int | None


@dataclass(frozen=True)
class Prediction:
    """`output_step` is what one int8 step of the output is worth, in its unit.

    `difference` is the largest one between int8 and Keras where both are asked what int8 sees; the tolerance limits it.
    """

    model: str
    sha256: str
    inputs: tuple[InputValue, ...]
    answers: tuple[Answer, ...]
    output_step: float
    difference: float
    tolerance: float
    without_c: str = ""


def predict(asked_model: str, numbers: Sequence[str], project: Project) -> Prediction:
    """Ask a trained and converted model. Keras gets the numbers as asked, int8 and C the nearest int8 values.

    Raises UsageError where the numbers do not fit the model, and ArtifactsError where it is not converted yet.
    """
    asked = _open(asked_model, project)
    return _ask(asked, _parse(asked, numbers)[None])[0]


def predict_rows(asked_model: str, source: str, project: Project) -> list[Prediction]:
    """The same for each row of a CSV or .npy file, or of standard input ('-'); see `read_rows`."""
    asked = _open(asked_model, project)
    names = _names(asked.model.inputs[0])
    return _ask(asked, read_rows(source, names, f"{_taken(asked)} per row."))


@dataclass(frozen=True)
class _Asked:
    """A model to ask: int8, and the Keras archive it was made from; `argument` is what means it in a command."""

    argument: str
    spec: ModelSpec
    archive: bytes
    model: QuantizedModel


def _open(name: str, project: Project) -> _Asked:
    need_extra("train", "predict")
    source = project.model(name)
    spec = source.load()
    archive = source.folder.read("model.keras", made_by="train")
    return _Asked(source.folder.argument, spec, archive, converted_model(spec, source.folder))


def _ask(asked: _Asked, rows: Rows) -> list[Prediction]:
    """All rows of (n, values) at once: Keras starts once, and the C is compiled once."""
    name, model = asked.spec.name, asked.model
    port, output = model.inputs[0], model.outputs[0]
    questions = rows.reshape(len(rows), *port.shape)
    quantized = port.quantize(questions)
    inputs = [_input_values(asked.spec, port, row, seen.ravel()) for row, seen in zip(rows, quantized, strict=True)]
    _say_notes(name, inputs)
    with progress.working(f"{name}: compiling the C while Keras starts (some seconds)"), KerasProcess() as keras:
        keras.warm_up()  # TensorFlow starts while the C is compiled
        int8 = TflmInterpreter(model).invoke([quantized])[0]
        c, reason = _ask_c(model, quantized)
        both = np.concatenate([questions, port.dequantize(quantized)]).astype(np.float32)
        typed, seen = np.split(keras.predict(asked.archive, both, name), 2)
    found = []
    for index, values in enumerate(inputs):
        told = (typed[index], seen[index], int8[index], None if c is None else c[index])
        answers = _answers(output, *told)
        difference = max(abs(answer.int8_real - answer.keras_seen) for answer in answers)
        found.append(
            Prediction(name, model.sha256, values, answers, output.scale, difference, asked.spec.tolerance, reason)
        )
    return found


def _answers(
    output: QuantizedPort, typed: FloatArray, seen: FloatArray, int8: Int8Array, c: Int8Array | None
) -> tuple[Answer, ...]:
    int8_real, c_real = output.dequantize(int8), None if c is None else output.dequantize(c)
    return tuple(
        Answer(
            label,
            float(typed.flat[index]),
            float(seen.flat[index]),
            float(int8_real.flat[index]),
            int(int8.flat[index]),
            None if c_real is None else float(c_real.flat[index]),
            None if c is None else int(c.flat[index]),
        )
        for index, label in enumerate(_names(output))
    )


def _input_values(spec: ModelSpec, port: QuantizedPort, row: Rows, seen: Int8Array) -> tuple[InputValue, ...]:
    return tuple(_input_value(spec, port, index, float(row[index]), int(seen[index])) for index in range(len(row)))


def _say_notes(name: str, rows: Sequence[Sequence[InputValue]]) -> None:
    """What was outside of its range: each value of one row, of many rows how many."""
    if len(rows) == 1:
        for value in rows[0]:
            if value.note:
                progress.say(f"{name}: {value.note}")
        return
    outside = [(number, value) for number, row in enumerate(rows, 1) for value in row if value.note]
    if outside:
        number, first = outside[0]
        are = "value is" if len(outside) == 1 else "values are"
        progress.say(f"{name}: {len(outside):,} {are} outside of the range; the first, in row {number}: {first.note}")


def _ask_c(model: QuantizedModel, quantized: Int8Array) -> tuple[Int8Array | None, str]:
    """The answer of the model's C, or None and why there is none."""
    host = load_board("host")
    if missing := missing_tools(host):
        return (
            None,
            f"The C was not run: {', '.join(missing)} is not installed; 'tinyml doctor' shows how to install it.",
        )
    try:
        return run_on_chip(model, host, [quantized])[0], ""
    except UnsupportedError as error:
        return None, f"The C was not run: {error}"


def _parse(asked: _Asked, texts: Sequence[str]) -> npt.NDArray[np.float64]:
    for text in texts:
        if text.startswith("--"):
            raise UsageError(
                f"predict has no option '{text}'; it takes a model, its numbers or --data FILE, and --json."
            )
        try:
            finite_number(text)
        except ValueError as error:
            raise UsageError(f"{error}; {_usage(asked)}") from None
    if len(texts) != len(_names(asked.model.inputs[0])):
        count = f"{len(texts)} number{'' if len(texts) == 1 else 's'}"
        raise UsageError(f"{count} given; {_usage(asked)}")
    return np.array([float(text) for text in texts], np.float64)


def _usage(asked: _Asked) -> str:
    """'adder takes 2 numbers (a, b): tinyml predict adder 10 2'."""
    spec, count = asked.spec, asked.model.inputs[0].size
    example = spec.checks[0][0] if spec.checks else [spec.inputs[0].high] * count
    numbers = [f"{number:g}" for number in example[:_SHOWN]] + ["..."] * (count > _SHOWN)
    return f"{_taken(asked)}: tinyml predict {asked.argument} {' '.join(numbers)}"


def _taken(asked: _Asked) -> str:
    """'adder takes 2 numbers (a, b)'."""
    names = _names(asked.model.inputs[0])
    shown = names if len(names) <= _SHOWN else [names[0], "...", names[-1]]
    return f"{asked.spec.name} takes {len(names)} number{'' if len(names) == 1 else 's'} ({', '.join(shown)})"


def _names(port: QuantizedPort) -> list[str]:
    if port.values:
        return list(port.values)
    return [port.name] if port.size == 1 else [f"{port.name}[{index}]" for index in range(port.size)]


def _input_value(spec: ModelSpec, port: QuantizedPort, index: int, asked: float, int8: int) -> InputValue:
    domain = spec.inputs[index] if len(spec.inputs) == port.size else spec.inputs[0]
    name = _names(port)[index]
    seen = float(port.dequantize(np.array([int8], np.int8))[0])
    note = ""
    if not domain.low <= asked <= domain.high:
        outside = f"{name} = {asked:g} is outside of its range, {domain.low:g} to {domain.high:g}"
        within = abs(asked - seen) <= port.scale / 2
        note = f"{outside}; int8 sees {seen:.6g}." if within else f"{outside}, and clamped: int8 sees {seen:.6g}."
    return InputValue(name, asked, seen, int8, note)
