"""Small models for the sketches' tests, without a converter: the fake interpreter needs no real weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, QuantizedPort, Vectors
from tinyml_pipeline.runtimes.runtime import Oracle

GOLDEN_VECTORS = 16


def quantized(
    name: str,
    inputs: Sequence[QuantizedPort],
    outputs: Sequence[QuantizedPort],
    *,
    summary: str = "a model for tests",
    operations: Sequence[str] = ("FULLY_CONNECTED",),
    weight_scales: Sequence[float] = (0.5,),
    weight_shape: tuple[int, ...] = (4, 4),
    tflite: bytes = bytes(range(64)),
    stateful: bool = False,
) -> QuantizedModel:
    """A model of these ports; each operation reads input 0 and one weight tensor of `weight_scales`."""
    ports = [*inputs, *outputs]
    tensors = [
        Tensor(index, port.name, "INT8", (1, *port.shape), Quantization((port.scale,), (port.zero_point,)))
        for index, port in enumerate(ports)
    ]
    weights = Quantization(tuple(weight_scales), (0,) * len(weight_scales))
    size = int(np.prod(weight_shape))
    tensors.append(Tensor(len(ports), "weights", "INT8", weight_shape, weights, bytes(size)))
    if stateful:
        tensors.append(Tensor(len(ports) + 1, "memory", "INT8", (1,), weights, is_variable=True))
    graph = Graph(
        tuple(tensors),
        tuple(Operation(i, op, 1, (0, len(ports)), (len(inputs),)) for i, op in enumerate(operations)),
        tuple(range(len(inputs))),
        tuple(range(len(inputs), len(ports))),
        tuple(port.name for port in inputs),
        tuple(port.name for port in outputs),
        hashlib.sha256(tflite).hexdigest(),
    )
    return QuantizedModel(name, summary, tflite, graph, tuple(inputs), tuple(outputs))


def oracle(model: QuantizedModel, domains: Sequence[Domain] = (), arena_bytes: int = 2000) -> Oracle:
    """Sixteen vectors, all different, that stand for what TFLM would answer."""
    rng = np.random.default_rng(5)

    def draw(ports: Sequence[QuantizedPort]) -> tuple[np.ndarray, ...]:
        return tuple(rng.integers(-128, 128, (GOLDEN_VECTORS, *port.shape)).astype(np.int8) for port in ports)

    inputs = draw(model.inputs)
    inputs[0].reshape(GOLDEN_VECTORS, -1)[:, 0] = rng.permutation(256)[:GOLDEN_VECTORS] - 128  # no input comes twice
    return Oracle(Vectors(inputs, draw(model.outputs)), arena_bytes, tuple(domains))


LINEAR = quantized(
    "linear",
    [QuantizedPort("input", ("x",), (1,), float(np.float32(20 / 255)), 0)],
    [QuantizedPort("output", ("y",), (1,), float(np.float32(40 / 255)), 6)],
    summary="y = 2x - 1 from six points: one neuron, gradient descent",
)
LINEAR_ORACLE = oracle(LINEAR, [Domain("x", -10, 10)])

ADDER = quantized(
    "adder",
    [QuantizedPort("input", ("a", "b"), (2,), float(np.float32(100 / 255)), -128)],
    [QuantizedPort("output", ("sum",), (1,), float(np.float32(200 / 255)), -128)],
    summary="the sum of two numbers",
)
ADDER_ORACLE = oracle(ADDER, [Domain("a", 0, 100), Domain("b", 0, 100)])

TWO_PORTS = quantized(
    "Two Ports",
    [QuantizedPort("left", (), (3,), 0.05, -1), QuantizedPort('say "right"', ("p", "q"), (2,), 0.001, 127)],
    [QuantizedPort("u", (), (2,), 2.5, -128), QuantizedPort("v", ("only",), (1,), 1e-6, 3)],
    operations=("RELU", "FULLY_CONNECTED", "RELU", "SOFTMAX"),
    stateful=True,
)
MANY = quantized(
    "many", [QuantizedPort("x", (), (640,), 0.3, 10)], [QuantizedPort("y", (), (8, 5), 0.3, 10)], summary="sound"
)
