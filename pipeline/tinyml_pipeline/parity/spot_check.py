"""Questions whose answer a reader has in the head, such as 10 + 2: asked to the int8 model, in real numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel

Infer = Callable[[Sequence[Int8Array]], tuple[Int8Array, ...]]


@dataclass(frozen=True)
class SpotCheck:
    """One question; passed where the int8 model answers within one output step, or the tolerance, of what is true."""

    inputs: tuple[float, ...]
    expected: float
    got: float
    step: float
    tolerance: float = 0.0

    @property
    def name(self) -> str:
        return f"f({', '.join(f'{value:g}' for value in self.inputs)}) = {self.expected:g}"

    @property
    def vectors(self) -> int:
        return 1

    @property
    def passed(self) -> bool:
        return abs(self.got - self.expected) <= max(self.step, self.tolerance)

    @property
    def summary(self) -> str:
        return f"int8 says {self.got:.4g}; one step is {self.step:.4g}"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "spot check",
            "passed": self.passed,
            "inputs": list(self.inputs),
            "expected": self.expected,
            "got": self.got,
            "step": self.step,
        }


def spot_checks(
    model: QuantizedModel,
    infer: Infer,
    checks: Sequence[tuple[tuple[float, ...], tuple[float, ...]]],
    tolerance: float = 0.0,
) -> list[SpotCheck]:
    """Ask each of a spec's checks, with the values of all inputs behind one another; the first output value counts."""
    found = []
    for inputs, outputs in checks:
        parts = np.split(np.asarray(inputs), np.cumsum([port.size for port in model.inputs])[:-1])
        vectors = [port.quantize(part.reshape(1, *port.shape)) for port, part in zip(model.inputs, parts, strict=True)]
        got = model.outputs[0].dequantize(infer(vectors)[0]).reshape(-1)[0]
        found.append(SpotCheck(inputs, outputs[0], float(got), model.outputs[0].value(0).step, tolerance))
    return found
