"""What a model is judged on: its test data, else the validation data, else the training data."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.models.spec import Dataset, ModelSpec, Spec
from tinyml_pipeline.parity.answers import Judged
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.keras_archive import output_names
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.workflow.ask_network import ask_network
from tinyml_pipeline.workflow.samples import inputs_of

MOST_SAMPLES = 2000
"""Of training and validation data; test data count as a whole."""


def judge(spec: Spec, archive: bytes, model: QuantizedModel, keras: KerasProcess) -> Judged | None:
    """What Keras answers to the data, and what would be right; None for a model without any. Raises SpecError."""
    found = _data(spec)
    if found is None:
        return None
    source, data = found
    inputs = inputs_of(data, archive)
    some = slice(None) if source == "test" else np.linspace(0, len(data) - 1, min(len(data), MOST_SAMPLES)).astype(int)
    inputs = tuple(array[some] for array in inputs)
    answers = ask_network(spec, archive, inputs, keras)
    names = output_names(archive) if len(answers) > 1 else ["output"]
    targets = tuple(array[some] for array in data.targets_of(names, [array.shape[1:] for array in answers]))
    stored = tuple(port.quantize(array) for port, array in zip(model.inputs, inputs, strict=True))
    return Judged(source, stored, answers, targets)


def _data(spec: Spec) -> tuple[str, Dataset] | None:
    test = spec.load_test()
    if test is not None:
        return "test", test
    if not isinstance(spec, ModelSpec):
        return None
    validation = spec.load_validation()
    return ("training", spec.load_data()) if validation is None else ("validation", validation)
