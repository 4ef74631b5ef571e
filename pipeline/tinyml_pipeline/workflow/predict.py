"""`tinyml predict`: one question or many rows, to Keras, to the int8 model and to the model's C on this computer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.host.interpreters.oracle import find_oracle, has_tflm, oracle_name
from tinyml_pipeline.model_domains import domain_of_each_value
from tinyml_pipeline.models.spec import Domain, ImportedSpec, Spec
from tinyml_pipeline.parity.output_values import output_values
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort
from tinyml_pipeline.runtimes.template_values import example_value
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.wording import not_installed
from tinyml_pipeline.workflow.ask_network import ask_network
from tinyml_pipeline.workflow.asked_rows import NumberedRows, asked_rows
from tinyml_pipeline.workflow.chips import run_on_chip
from tinyml_pipeline.workflow.data_rows import finite_number
from tinyml_pipeline.workflow.opened import converted_model
from tinyml_pipeline.workflow.series_rows import series_rows
from tinyml_pipeline.workflow.trained import import_record, trained_archive

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

    `keras` answers the numbers as asked, `keras_seen` those that int8 sees, which is what the tolerance is about; both
    are None for a model that was imported in int8.
    """

    name: str
    keras: float | None
    keras_seen: float | None
    int8_real: float
    int8: int
    c_real: float | None
    c: int | None


@dataclass(frozen=True)
class Prediction:
    """`output_step` is what one int8 step of the output is worth, in its unit; of several outputs, of that with the
    largest difference for its tolerance.

    `difference` is the largest one between int8 and Keras where both are asked what int8 sees; the tolerance limits it.
    None if there is no Keras model.
    """

    model: str
    sha256: str
    inputs: tuple[InputValue, ...]
    answers: tuple[Answer, ...]
    output_step: float
    difference: float | None
    tolerance: float
    without_c: str = ""
    output: str = ""
    """The name of the output that difference, tolerance and step are of; empty if there is only one."""
    row: int | None = None
    """Of a file: which row of data it was, from 1, those that were left out included; of a window, its first row."""


def predict(asked_model: str, numbers: Sequence[str], project: Project) -> Prediction:
    """Ask a trained and converted model. Keras gets the numbers as asked, int8 and C the nearest int8 values.

    Raises UsageError where the numbers do not fit the model, and ArtifactsError where it is not converted yet.
    """
    asked = _open(asked_model, project)
    return replace(_ask(asked, NumberedRows(_parse(asked, numbers)[None], (1,)))[0], row=None)


def predict_rows(asked_model: str, source: str, project: Project) -> list[Prediction]:
    """The same for each row of a CSV or .npy file, or of standard input ('-'); see `asked_rows`.

    For each window of a time series, if the file has its samples; see `series_rows`.
    """
    asked = _open(asked_model, project)
    if (windows := series_rows(asked.spec, asked.model, source)) is not None:
        return _ask(asked, windows)
    return _ask(asked, asked_rows(asked.spec, _input_names(asked.model), source, f"{_taken(asked)} per row."))


@dataclass(frozen=True)
class _Asked:
    """A model to ask: int8, and the network it was made from, if there is one; `argument` is what means it in a
    command."""

    argument: str
    spec: Spec
    archive: bytes | None
    model: QuantizedModel


def _open(name: str, project: Project) -> _Asked:
    source = project.model(name)
    spec = source.load()
    argument, archive = source.folder.argument, trained_archive(source.folder, spec)
    if isinstance(spec, ImportedSpec) and import_record(source.folder).kept == "int8":
        return _Asked(argument, spec, None, converted_model(spec, source.folder))
    need_extra("train", "predict")
    return _Asked(argument, spec, archive, converted_model(spec, source.folder))


def _ask(asked: _Asked, numbered: NumberedRows) -> list[Prediction]:
    """All rows at once: Keras starts once, and the C is compiled once."""
    name, model, rows = asked.spec.name, asked.model, numbered.values
    ends = np.cumsum([port.size for port in model.inputs])[:-1]
    questions = [
        part.reshape(len(rows), *port.shape)
        for port, part in zip(model.inputs, np.split(rows, ends, axis=1), strict=True)
    ]
    quantized = [port.quantize(part) for port, part in zip(model.inputs, questions, strict=True)]
    seen = np.concatenate([part.reshape(len(rows), -1) for part in quantized], axis=1)
    inputs = [_input_values(asked, row, int8) for row, int8 in zip(rows, seen, strict=True)]
    _say_notes(name, inputs, numbered.numbers)
    if not has_tflm():
        progress.say(f"{name}: int8 is what {oracle_name()} answers, because TFLM cannot be run here")
    start = "compiling the C" if asked.archive is None else "compiling the C while Keras starts (some seconds)"
    with progress.working(f"{name}: {start}"), KerasProcess() as keras:
        if asked.archive is not None:
            keras.warm_up()  # TensorFlow starts while the C is compiled
        int8 = find_oracle(model).invoke(quantized)
        c, reason = _ask_c(model, quantized)
        said: tuple[tuple[FloatArray, FloatArray] | None, ...] = (None,) * len(model.outputs)
        if asked.archive is not None:
            both = [
                np.concatenate([part, port.dequantize(stored)]).astype(np.float32)
                for port, part, stored in zip(model.inputs, questions, quantized, strict=True)
            ]
            answered = ask_network(asked.spec, asked.archive, both, keras)
            said = tuple((array[: len(rows)], array[len(rows) :]) for array in answered)
    found = []
    judged = output_values(asked.spec, model.outputs)
    for index, (number, values) in enumerate(zip(numbered.numbers, inputs, strict=True)):
        told = [
            _Told(port, None if keras is None else (keras[0][index], keras[1][index]), stored[index],
                  None if c is None else c[place][index])
            for place, (port, keras, stored) in enumerate(zip(model.outputs, said, int8, strict=True))
        ]  # fmt: skip
        answers = tuple(answer for one in told for answer in one.answers())
        # Of several outputs the one that is furthest off for its tolerance.
        differences = [
            (told[one.tensor].difference(one.positions), one.tolerance, one.port.step, one.name) for one in judged
        ]
        difference, tolerance, step, output = max(differences, key=lambda one: (one[0] or 0) / one[1])
        found.append(
            Prediction(name, model.sha256, values, answers, step, difference, tolerance, reason, output, number)
        )
    return found


@dataclass(frozen=True)
class _Told:
    """What one output tensor was for one row: by Keras (to what was typed, and to what int8 sees), int8 and the C."""

    port: QuantizedPort
    keras: tuple[FloatArray, FloatArray] | None
    int8: Int8Array
    c: Int8Array | None

    def answers(self) -> tuple[Answer, ...]:
        real, c_real = self.port.dequantize(self.int8), None if self.c is None else self.port.dequantize(self.c)
        return tuple(
            Answer(
                label,
                None if self.keras is None else float(self.keras[0].flat[index]),
                None if self.keras is None else float(self.keras[1].flat[index]),
                float(real.flat[index]),
                int(self.int8.flat[index]),
                None if c_real is None else float(c_real.flat[index]),
                None if self.c is None else int(self.c.flat[index]),
            )
            for index, label in enumerate(self.port.value_names)
        )

    def difference(self, positions: Iterable[int]) -> float | None:
        """The largest among some of its values."""
        answers = self.answers()
        picked = [answers[position] for position in positions]
        found = [abs(one.int8_real - one.keras_seen) for one in picked if one.keras_seen is not None]
        return max(found, default=None)


def _input_values(asked: _Asked, row: npt.NDArray[np.float64], seen: Int8Array) -> tuple[InputValue, ...]:
    ports = asked.model.inputs
    domains = domain_of_each_value(asked.spec.inputs, [port.shape for port in ports])
    owners = [port.value(position) for port in ports for position in range(port.size)]
    names = _input_names(asked.model)
    return tuple(map(_input_value, names, owners, domains, map(float, row), map(int, seen)))


def _say_notes(name: str, rows: Sequence[Sequence[InputValue]], numbers: Sequence[int]) -> None:
    """What was outside of its range: each value of one row, of many rows how many."""
    if len(rows) == 1:
        for value in rows[0]:
            if value.note:
                progress.say(f"{name}: {value.note}")
        return
    outside = [(number, value) for number, row in zip(numbers, rows, strict=True) for value in row if value.note]
    if outside:
        number, first = outside[0]
        are = "value is" if len(outside) == 1 else "values are"
        progress.say(f"{name}: {len(outside):,} {are} outside of the range; the first, in row {number}: {first.note}")


def _ask_c(model: QuantizedModel, quantized: Sequence[Int8Array]) -> tuple[tuple[Int8Array, ...] | None, str]:
    """The answer of the model's C, or None and why there is none."""
    host = load_board("host")
    if missing := missing_tools(host):
        return None, f"The C was not run: {not_installed(missing)}. How to install: tinyml doctor"
    try:
        return tuple(run_on_chip(model, host, quantized)), ""
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
    if len(texts) != len(_input_names(asked.model)):
        count = f"{len(texts)} number{'' if len(texts) == 1 else 's'}"
        raise UsageError(f"{count} given; {_usage(asked)}")
    return np.array([float(text) for text in texts], np.float64)


def _usage(asked: _Asked) -> str:
    """'adder takes 2 numbers (a, b): tinyml predict adder 10 2'."""
    spec, ports = asked.spec, asked.model.inputs
    domains, count = domain_of_each_value(spec.inputs, [port.shape for port in ports]), len(_input_names(asked.model))
    values = [example_value(domain, index) for index, domain in enumerate(domains[:_SHOWN])]
    example = spec.checks[0][0] if spec.checks else values
    numbers = [f"{number:g}" for number in example[:_SHOWN]] + ["..."] * (count > _SHOWN)
    return f"{_taken(asked)}: tinyml predict {asked.argument} {' '.join(numbers)}"


def _taken(asked: _Asked) -> str:
    """'adder takes 2 numbers (a, b)'."""
    names = _input_names(asked.model)
    shown = names if len(names) <= _SHOWN else [names[0], "...", names[-1]]
    return f"{asked.spec.name} takes {len(names)} number{'' if len(names) == 1 else 's'} ({', '.join(shown)})"


def _input_names(model: QuantizedModel) -> list[str]:
    return [name for port in model.inputs for name in port.value_names]


def _input_value(name: str, port: QuantizedPort, domain: Domain, asked: float, int8: int) -> InputValue:
    seen = float(port.dequantize(np.array([int8], port.dtype.numpy))[0])
    note = ""
    if not domain.low <= asked <= domain.high:
        outside = f"{name} = {asked:g} is outside of its range, {domain.low:g} to {domain.high:g}"
        within = abs(asked - seen) <= port.step / 2
        note = f"{outside}; int8 sees {seen:.6g}." if within else f"{outside}, and clamped: int8 sees {seen:.6g}."
    return InputValue(name, asked, seen, int8, note)
