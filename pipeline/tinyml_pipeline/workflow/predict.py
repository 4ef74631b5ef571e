"""`tinyml predict`: one question, asked to Keras, to the int8 model and to the model's C on this computer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.chips import run_on_chip
from tinyml_pipeline.workflow.opened import converted_model

_SHOWN = 8
_FLOAT32_MAX = 3.4028234663852886e38


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
    """One number of the answer by each of the three; the int8 values beside the real ones. None where C did not run.

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
    source = project.model(asked_model)
    spec, folder, name = source.load(), source.folder, source.name
    archive = folder.read("model.keras", made_by="train")
    model = converted_model(spec, folder)
    port, output = model.inputs[0], model.outputs[0]
    asked = _parse(spec, numbers, _names(port))
    question = asked.reshape(1, *port.shape)
    quantized = port.quantize(question)
    inputs = tuple(
        _input_value(spec, port, index, float(asked[index]), int(quantized.flat[index])) for index in range(len(asked))
    )
    for value in inputs:
        if value.note:
            progress.say(f"{name}: {value.note}")
    with progress.working(f"{name}: compiling the C while Keras starts (some seconds)"), KerasProcess() as keras:
        keras.warm_up()  # TensorFlow starts while the C is compiled
        int8 = TflmInterpreter(model).invoke([quantized])[0]
        c, reason = _ask_c(model, quantized)
        both = np.concatenate([question, port.dequantize(quantized)]).astype(np.float32)
        typed, seen = keras.predict(archive, both, name)
    answers = tuple(
        Answer(
            label,
            float(typed.flat[index]),
            float(seen.flat[index]),
            float(output.dequantize(int8).flat[index]),
            int(int8.flat[index]),
            None if c is None else float(output.dequantize(c).flat[index]),
            None if c is None else int(c.flat[index]),
        )
        for index, label in enumerate(_names(output))
    )
    difference = max(abs(answer.int8_real - answer.keras_seen) for answer in answers)
    return Prediction(name, model.sha256, inputs, answers, output.scale, difference, spec.tolerance, reason)


def _ask_c(model: QuantizedModel, quantized: Int8Array) -> tuple[Int8Array | None, str]:
    """The answer of the model's C, or None and why there is none."""
    host = load_board("host")
    if missing := missing_tools(host):
        return None, f"C was left out, because {', '.join(missing)} is missing; 'tinyml doctor' says how to get it."
    try:
        return run_on_chip(model, host, [quantized])[0], ""
    except UnsupportedError as error:
        return None, f"C was left out: {error}"


def _parse(spec: ModelSpec, texts: Sequence[str], names: Sequence[str]) -> npt.NDArray[np.float64]:
    for text in texts:
        if text.startswith("--"):
            raise UsageError(f"predict has no option '{text}'; it takes a model, its numbers and --json.")
        try:
            number = float(text)
        except ValueError:
            hint = " (a point for decimals, blanks between numbers)" if "," in text else ""
            raise UsageError(f"'{text}' is not a number{hint}; {_usage(spec, names)}") from None
        if abs(number) > _FLOAT32_MAX or math.isnan(number):  # as at the prompt on a board
            raise UsageError(f"'{text}' is not a finite number; {_usage(spec, names)}")
    if len(texts) != len(names):
        count = f"{len(texts)} number{'' if len(texts) == 1 else 's'}"
        raise UsageError(f"{count} given; {_usage(spec, names)}")
    return np.array([float(text) for text in texts], np.float64)


def _usage(spec: ModelSpec, names: Sequence[str]) -> str:
    """'adder takes 2 numbers (a, b): tinyml predict adder 10 2'."""
    example = spec.checks[0][0] if spec.checks else [spec.inputs[0].high] * len(names)
    numbers, shown = [f"{number:g}" for number in example], list(names)
    if len(names) > _SHOWN:
        numbers, shown = [*numbers[:_SHOWN], "..."], [names[0], "...", names[-1]]
    count = f"{len(names)} number{'' if len(names) == 1 else 's'}"
    return f"{spec.name} takes {count} ({', '.join(shown)}): tinyml predict {spec.name} {' '.join(numbers)}"


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
