"""What a model is for, as far as judging it goes: naming classes, or giving numbers."""

from __future__ import annotations

from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.quantization.quantized_model import QuantizedModel


def is_classifier(spec: Spec | None, model: QuantizedModel) -> bool:
    """Whether its one output says how likely each class is, or, of a single value, the second of two classes."""
    if len(model.outputs) != 1:
        return False
    if spec is not None and spec.accuracy_percent is not None:
        return True
    if "crossentropy" in getattr(spec, "loss", ""):
        return True
    makers = {index: operation.name for operation in model.graph.operations for index in operation.outputs}
    return model.outputs[0].size > 1 and makers.get(model.graph.outputs[0]) == "SOFTMAX"
