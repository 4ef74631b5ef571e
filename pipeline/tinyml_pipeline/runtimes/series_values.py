"""What the sketch is filled with for a time series, and for an autoencoder that finds anomalies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinyml_pipeline.compiler.c_text import float_literal
from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.c_names import c_string, comment_text
from tinyml_pipeline.runtimes.runtime import Oracle


def series_values(model: QuantizedModel, oracle: Oracle, own_inputs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Samples, axes, stride and outputs; None for a model without a stride. `own_inputs` are those of every value.

    Raises SpecError if the input is not samples by axes.
    """
    if not oracle.stride:
        return None
    shape = model.inputs[0].shape
    if len(model.inputs) != 1 or len(shape) != 2:
        taken = " and ".join(str(port.shape) for port in model.inputs)
        raise SpecError(
            f"model '{model.name}': a stride is for one input of (samples, axes), but the network takes {taken}."
        )
    axes = own_inputs[: shape[1]]
    if len(oracle.domains) == len(axes):
        axes = [{**axis, "words": _words(domain)} for axis, domain in zip(axes, oracle.domains, strict=True)]
    return {
        "samples": shape[0],
        "axes": axes,
        "stride": oracle.stride,
        "outputs": _outputs(model, oracle),
    }


def _words(domain: Domain) -> str:
    unit = f" {domain.unit}" if domain.unit else ""
    return comment_text(f"{domain.name}, from {domain.low:.4g} to {domain.high:.4g}{unit}")


def _outputs(model: QuantizedModel, oracle: Oracle) -> list[dict[str, Any]]:
    """Name, unit and decimals of each answer that is printed."""
    values = [port.value(position) for port in model.outputs for position in range(port.size)]
    units = {one.name: one.unit for one in oracle.outputs if isinstance(one, Domain)}
    return [
        {"name": c_string(one.name), "unit": c_string(units.get(one.name, "")), "decimals": _decimals(one.step)}
        for one in values
    ]


def anomaly_values(oracle: Oracle, domains: Sequence[Domain]) -> dict[str, Any] | None:
    """Threshold and ranges as C; None for a model that has no threshold. `domains` are those of every value."""
    found = oracle.threshold
    if found is None:
        return None
    return {
        "threshold": float_literal(found.error),
        "percent": f"{found.percent:g}",
        "decimals": min(9, _decimals(found.error) + 1),
        "ranges": [float_literal(domain.high - domain.low) for domain in domains],
    }


def _decimals(step: float) -> int:
    return min(7, max(0, math.ceil(-math.log10(step)) + 1))
