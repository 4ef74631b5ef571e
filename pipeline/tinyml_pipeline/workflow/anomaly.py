"""The threshold of an autoencoder: the error that normal data stay below, as the int8 model makes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.model_domains import domain_of_each_value
from tinyml_pipeline.models.spec import ModelSpec, Spec
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.runtime import Threshold
from tinyml_pipeline.workflow.opened import OpenModel

FloatArray = npt.NDArray[np.float64]


def errors_of(spec: Spec, opened: OpenModel, rows: npt.NDArray[Any]) -> FloatArray:
    """Of each row: the mean over all values of ((input - answer) / range)^2, with the answers of the int8 model.

    Raises SpecError if the model does not answer as many values as it is asked.
    """
    source, answer = _ports(opened.model)
    asked = np.asarray(rows, np.float32).reshape(len(rows), *source.shape)
    (stored,) = opened.oracle.invoke((source.quantize(asked),))
    answers = answer.dequantize(stored).reshape(len(rows), -1).astype(np.float64)
    domains = domain_of_each_value(spec.inputs, [source.shape])
    ranges = np.array([domain.high - domain.low for domain in domains])
    found: FloatArray = np.mean(((asked.reshape(len(rows), -1) - answers) / ranges) ** 2, axis=1)
    return found


def find_threshold(spec: Spec, opened: OpenModel) -> float | None:
    """The error that `normal_percent` of the validation data do not exceed; None for a spec that asks for none."""
    if spec.normal_percent is None or not isinstance(spec, ModelSpec):
        return None
    held_out = spec.load_validation()
    assert held_out is not None, "the spec was checked"
    source, _ = _ports(opened.model)
    (rows,) = held_out.inputs_of([source.name], [source.shape])
    return float(np.quantile(errors_of(spec, opened, rows), spec.normal_percent / 100, method="higher"))


def threshold_of(opened: OpenModel) -> Threshold | None:
    """What `convert` found, for the sketch."""
    record = opened.folder.record("convert")
    error = None if record is None else record.facts.get("threshold")
    if opened.spec is None or opened.spec.normal_percent is None or not isinstance(error, float):
        return None
    return Threshold(error, opened.spec.normal_percent)


def _ports(model: QuantizedModel) -> Any:
    """The input and the output."""
    if len(model.inputs) != 1 or len(model.outputs) != 1 or model.inputs[0].size != model.outputs[0].size:
        taken, given = (" and ".join(str(port.shape) for port in ports) for ports in (model.inputs, model.outputs))
        raise SpecError(
            f"model '{model.name}': normal_percent is for a network that answers its own inputs, but this one takes"
            f" {taken} and answers {given}."
        )
    return model.inputs[0], model.outputs[0]
