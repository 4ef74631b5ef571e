"""Keras' own answers in real units, also of a network that was trained on standardized values."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_pipeline.model_domains import into_network, out_of_network
from tinyml_pipeline.models.spec import FloatArray, Spec
from tinyml_pipeline.quantization.convert import KerasProcess


def ask_network(
    spec: Spec, archive: bytes, inputs: Sequence[FloatArray], keras: KerasProcess
) -> tuple[FloatArray, ...]:
    """One array (n, *shape) for each output; `inputs` holds real values, one array (n, *shape) an input."""
    answers = keras.predict_all(archive, into_network(spec.inputs, inputs), spec.name)
    return tuple(out_of_network(spec.outputs, answers))
