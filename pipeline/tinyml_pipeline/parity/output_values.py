"""The values of an output that are judged together: those of one scale, one unit and one tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.model_domains import domain_of_each_value
from tinyml_pipeline.models.spec import Domain, Spec
from tinyml_pipeline.quantization.quantized_model import QuantizedPort

SHARE_OF_RANGE = 0.05
"""Of an output: the tolerance of a model that names none."""


@dataclass(frozen=True)
class OutputValues:
    """`positions` of an output tensor; `port` is a port of one of them, and so of all. `name` is '' for a whole model
    of one output."""

    name: str
    tensor: int
    positions: npt.NDArray[np.intp]
    port: QuantizedPort
    tolerance: float
    unit: str = ""
    is_named: bool = True
    """Whether somebody has set the tolerance."""

    def of(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n, values) of an output's (n, *shape)."""
        return array.reshape(len(array), -1)[:, self.positions]


def output_values(
    spec: Spec | None, ports: Sequence[QuantizedPort], tolerance: float | None = None
) -> list[OutputValues]:
    """Of all outputs, in order. `tolerance` replaces what the spec says."""
    domains = _domains(spec, ports)
    found: list[OutputValues] = []
    start = 0
    for tensor, port in enumerate(ports):
        size = port.size
        groups: dict[tuple[object, ...], list[int]] = {}
        for position in range(size):
            domain = domains[start + position] if domains else None
            limits = (domain.tolerance, domain.unit, domain.low, domain.high) if domain is not None else None
            groups.setdefault((port.value_scale.of(position), limits), []).append(position)
        for positions in groups.values():
            one = port.value(positions[0])
            domain = domains[start + positions[0]] if domains else None
            named = len(groups) > 1 and len(positions) < size
            name = ", ".join(port.value(position).name for position in positions[:_NAMED]) if named else port.name
            most = tolerance if tolerance is not None else _tolerance(spec, domain, one)
            unit = "" if domain is None else domain.unit
            alone = len(groups) == 1 and len(ports) == 1
            said = (tolerance, getattr(spec, "tolerance", None), getattr(domain, "tolerance", None))
            is_named = any(one is not None for one in said)
            found.append(OutputValues("" if alone else name, tensor, np.array(positions), one, most, unit, is_named))
        start += size
    return found


_NAMED = 3


def _tolerance(spec: Spec | None, domain: Domain | None, port: QuantizedPort) -> float:
    """The largest difference from Keras that is accepted, in the output's unit."""
    if domain is not None and domain.tolerance is not None:
        return domain.tolerance
    if spec is not None and spec.tolerance is not None:
        return spec.tolerance
    low, high = (port.low, port.high) if domain is None else (domain.low, domain.high)
    return SHARE_OF_RANGE * (high - low)


def _domains(spec: Spec | None, ports: Sequence[QuantizedPort]) -> list[Domain | None]:
    """The Domain of each value of all outputs, where the spec gives one; empty if their number does not fit."""
    if spec is None or not any(isinstance(one, Domain) for one in spec.outputs):
        return []
    try:
        each = domain_of_each_value(spec.outputs, [port.shape for port in ports])
    except SpecError:
        return []
    return [one if isinstance(one, Domain) else None for one in each]
