"""Keras against int8: in real units over the domain, and by the metric of the task on data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.parity.accuracy import (
    MOST_CHANGED_ELSEWHERE_PERCENT,
    MOST_CHANGED_PERCENT,
    compare_accuracy,
    compare_decisions,
)
from tinyml_pipeline.parity.answers import Judged, KerasAnswers
from tinyml_pipeline.parity.compare import compare_real
from tinyml_pipeline.parity.metrics import compare_regression
from tinyml_pipeline.parity.output_values import output_values
from tinyml_pipeline.parity.report import Row
from tinyml_pipeline.parity.spot_check import spot_checks
from tinyml_pipeline.parity.task import is_classifier
from tinyml_pipeline.quantization.quantized_model import Int8Array
from tinyml_pipeline.workflow.diagnosis import layers_row
from tinyml_pipeline.workflow.opened import OpenModel


def keras_rows(opened: OpenModel, spec: Spec, answers: KerasAnswers, expected: Sequence[Int8Array]) -> Iterator[Row]:
    """The values first, then what is made of data, then the spec's own questions."""
    yield from value_rows(opened, spec, answers, expected)
    if answers.judged is not None:
        yield from data_rows(opened, spec, answers.judged)
    elif is_classifier(spec, opened.model):
        yield _decisions(opened, answers, expected)
    layers = layers_row(opened, answers.layers)
    if layers is not None:
        yield layers
    tolerance = output_values(spec, opened.model.outputs)[0].tolerance
    yield from spot_checks(opened.model, opened.oracle.invoke, spec.checks, tolerance)


def value_rows(opened: OpenModel, spec: Spec, answers: KerasAnswers, expected: Sequence[Int8Array]) -> Iterator[Row]:
    """Of each output value in its own unit: on every input, or, where no tolerance is named, on real ones or such that
    the domain allows.

    What a network makes of edges and noise then informs: nobody knows how far off an answer to them may be. Of a
    classifier all of them inform: its classes count, not how sure it is of them.
    """
    first, end = answers.inputs.data
    has_data, classifies = end > first, is_classifier(spec, opened.model)
    for one in output_values(spec, opened.model.outputs):
        name = f"Keras = int8, {one.name}" if one.name else "Keras = int8"
        keras, int8 = one.of(answers.answers[one.tensor]), one.of(expected[one.tensor])
        on_data = has_data and not one.is_named
        if on_data:
            found = compare_real(name, keras[first:end], int8[first:end], one.port, one.tolerance, one.unit)
            yield replace(found, where=found.where + first, informs=classifies)
        label = f"{name}, edges and noise" if on_data else name
        all_inputs = compare_real(label, keras, int8, one.port, one.tolerance, one.unit)
        yield replace(all_inputs, informs=on_data or classifies)


def data_rows(opened: OpenModel, spec: Spec, judged: Judged) -> Iterator[Row]:
    """Accuracy of a classifier, or the errors of each output, of Keras and of int8."""
    model = opened.model
    stored = opened.oracle.invoke(judged.inputs)
    int8 = [port.dequantize(array) for port, array in zip(model.outputs, stored, strict=True)]
    if is_classifier(spec, model):
        names = spec.output_names if len(spec.output_names) > 1 else (f"not {spec.output_names[0]}", *spec.output_names)
        yield compare_accuracy(
            judged.targets[0],
            judged.answers[0],
            int8[0],
            spec.accuracy_percent,
            spec.accuracy_drop_points,
            judged.source,
            names,
        )
        return
    for one in output_values(spec, model.outputs):
        targets, keras = judged.targets[one.tensor], judged.answers[one.tensor]
        if np.size(targets) == np.size(keras):
            yield compare_regression(one, judged.source, one.of(targets), one.of(keras), one.of(int8[one.tensor]))


def _decisions(opened: OpenModel, answers: KerasAnswers, expected: Sequence[Int8Array]) -> Row:
    """Of a classifier without known answers: whether int8 decides as Keras, on real inputs if there are any."""
    first, end = answers.inputs.data
    part, most = slice(first, end), MOST_CHANGED_PERCENT
    if end <= first:
        part, most = slice(None), MOST_CHANGED_ELSEWHERE_PERCENT
    int8 = opened.model.outputs[0].dequantize(expected[0][part])
    return compare_decisions(answers.answers[0][part], int8, most)
