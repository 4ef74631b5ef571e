"""Random small networks of every supported operator, as .tflite files, and inputs that reach their edges."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.passes import float_islands
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.tflite_writer import Writer, activation_code

Int8Array = npt.NDArray[np.int8]
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")

FUSING = ("ADD", "SUB", "MUL", "DIV")
UNARY = ("relu", "relu6", "leaky_relu", "rescale", "logistic", "tanh", "abs", "elu", "hard_swish")
BINARY = (*FUSING, "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM")


@dataclass(frozen=True)
class Known:
    """A tensor that later layers may read."""

    index: int
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


@dataclass
class Builder:
    """Adds layers with numbers from one seeded generator; each method returns the layer's output."""

    rng: np.random.Generator
    writer: Writer = field(default_factory=Writer)
    known: list[Known] = field(default_factory=list)
    """Every tensor so far, the newest last."""
    ends: list[int] = field(default_factory=list)
    """Tensors that no layer can read, such as int32 indices: always outputs of the model."""

    def zero_point(self) -> int:
        return int(self.rng.choice([-128, 127, 0, int(self.rng.integers(-128, 128))], p=[0.2, 0.1, 0.2, 0.5]))

    def scale(self, around: float = 0.05) -> float:
        """Near `around`, so that values neither vanish nor saturate; one in 20 is up to 1,000 times off."""
        spread = self.rng.normal(0, 0.7) if self.rng.random() < 0.95 else self.rng.uniform(-7, 7)
        return float(np.float32(around * np.exp(spread)))

    def tensor(self, shape: Sequence[int], scale: float, zero_point: int) -> Known:
        return Known(self.writer.tensor(shape, scale, zero_point), tuple(shape), scale, zero_point)

    def dense(self, source: Known) -> Known:
        rng, inputs = self.rng, source.shape[-1]
        outputs = int(rng.choice([1, 2, 3, 4, 5, 8, 13]))
        per_channel = bool(rng.random() < 0.4)
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        if rng.random() < 0.2:
            weights[rng.integers(outputs)] = rng.choice([-127, 0, 127])
        weight_scales = [self.scale(0.01) for _ in range(outputs if per_channel else 1)]
        spread = source.scale * max(weight_scales) * 73 * 40 * np.sqrt(inputs)
        bias = None
        if rng.random() < 0.8:
            reach = max(1, int(40 * 73 * np.sqrt(inputs)))
            bias = rng.integers(-reach, reach + 1, outputs).astype(np.int32)
        scale, zero_point = self.scale(spread / 100), self.zero_point()
        shape = (*source.shape[:-1], outputs)
        index = self.writer.fully_connected(
            source.index, weights, weight_scales, bias, scale, zero_point,
            activation=str(rng.choice(ACTIVATIONS)), shape=shape,
        )  # fmt: skip
        return Known(index, shape, scale, zero_point)

    def unary(self, name: str, source: Known, scale: float, zero_point: int, **options: object) -> Known:
        output = self.tensor(source.shape, scale, zero_point)
        self.writer.operation(name, [source.index], [output.index], **options)
        return output

    def constant(self, shape: Sequence[int], around: float) -> Known:
        """Known when the model is compiled; half of them are computed from other constants."""
        scale, zero_point = self.scale(around), self.zero_point()
        values = self.rng.integers(-128, 128, shape).astype(np.int8)
        known = Known(self.writer.tensor(shape, scale, zero_point, data=values), tuple(shape), scale, zero_point)
        draw = self.rng.random()
        if draw < 0.1:
            return self.relu(known)
        if draw < 0.2:
            return self.quantize(known)
        if draw < 0.3:
            return self.unary("TANH", known, 1 / 128, 0)
        if draw < 0.35:
            values = self.rng.normal(0, 100 * scale, shape).astype(np.float32)
            return self.quantize(replace(known, index=self.writer.tensor(shape, type="FLOAT32", data=values)))
        if draw < 0.5:
            output = self.tensor(shape, self.scale(around), self.zero_point())
            other = self.constant(shape, around)
            self.writer.operation("ADD", [known.index, other.index], [output.index])
            return output
        return known

    def relu(self, source: Known) -> Known:
        if self.rng.random() < 0.4:  # the operator before it could clamp
            return self.unary("RELU", source, source.scale, source.zero_point)
        return self.unary("RELU", source, self.scale(source.scale), self.zero_point())

    def relu6(self, source: Known) -> Known:
        return self.unary("RELU6", source, source.scale, source.zero_point)

    def leaky_relu(self, source: Known) -> Known:
        alpha = float(np.float32(self.rng.choice([0.0, 0.1, 0.3, 1.0, 1.5, self.rng.random()])))
        return self.unary("LEAKY_RELU", source, self.scale(source.scale), self.zero_point(), alpha=alpha)

    def quantize(self, source: Known) -> Known:
        if self.rng.random() < 0.1:  # changes nothing
            return self.unary("QUANTIZE", source, source.scale, source.zero_point)
        return self.unary("QUANTIZE", source, self.scale(source.scale), self.zero_point())

    def logistic(self, source: Known) -> Known:
        return self.unary("LOGISTIC", source, 1 / 256, -128)

    def tanh(self, source: Known) -> Known:
        return self.unary("TANH", source, 1 / 128, 0)

    def softmax(self, source: Known) -> Known:
        beta = float(np.float32(self.rng.choice([1.0, 0.5, 3.0])))
        return self.unary("SOFTMAX", source, 1 / 256, -128, beta=beta)

    def reshape(self, source: Known) -> Known:
        divisors = [d for d in range(1, source.size + 1) if source.size % d == 0]
        rows = int(self.rng.choice(divisors))
        shape = (rows, source.size // rows)
        output = self.tensor(shape, source.scale, source.zero_point)
        wanted = self.writer.tensor((2,), type="INT32", data=shape)
        self.writer.operation("RESHAPE", [source.index, wanted], [output.index], newShape=list(shape))
        return output

    def arithmetic(self, first: Known, others: Sequence[Known]) -> Known:
        name = str(self.rng.choice(BINARY))
        same = [known for known in others if known.shape == first.shape]
        if same and self.rng.random() < 0.7:
            second = same[int(self.rng.integers(len(same)))]
        else:
            column = (*first.shape[:-1], 1)
            shape = [(), (1,), first.shape, first.shape[-1:], column][int(self.rng.integers(5))]
            second = self.constant(shape, first.scale)
        pair = [first, second]
        if self.rng.random() < 0.5:
            pair.reverse()
        around = {
            "MUL": first.scale * second.scale * 70,
            "DIV": first.scale / second.scale / 100,
            "SQUARED_DIFFERENCE": max(first.scale, second.scale) ** 2 * 70,
        }.get(name, first.scale + second.scale)
        output = self.tensor(first.shape, self.scale(around), self.zero_point())
        options = {}
        if name in FUSING:
            options["fusedActivationFunction"] = activation_code(str(self.rng.choice(ACTIVATIONS)))
        self.writer.operation(name, [p.index for p in pair], [output.index], **options)
        return output

    def concatenation(self, first: Known, others: Sequence[Known]) -> Known:
        axis = int(self.rng.integers(len(first.shape)))
        rest = [known for known in others if _joins(known.shape, first.shape, axis)]
        parts = [first, *rest[: int(self.rng.integers(1, 3))]]
        parts = [
            self.unary("QUANTIZE", part, first.scale, first.zero_point) if part is not first else part for part in parts
        ]
        shape = list(first.shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        output = self.tensor(shape, first.scale, first.zero_point)
        signed = axis if self.rng.random() < 0.5 else axis - len(shape)
        self.writer.operation("CONCATENATION", [part.index for part in parts], [output.index], axis=signed)
        return output


def _joins(shape: tuple[int, ...], other: tuple[int, ...], axis: int) -> bool:
    return len(shape) == len(other) and all(
        a == b or i == axis for i, (a, b) in enumerate(zip(shape, other, strict=True))
    )


def float_island(builder: Builder, source: Known) -> Known:
    """Up to four operators in float32, which become a table; a value may meet itself, or a constant."""
    writer, rng = builder.writer, builder.rng

    def real() -> int:
        return writer.tensor(source.shape, type="FLOAT32")

    values = [real()]
    writer.operation("DEQUANTIZE", [source.index], values)
    for _ in range(int(rng.integers(1, 5))):
        operands = [values[-1]]
        name = str(rng.choice(sorted(float_islands.UNARY)))
        if rng.random() < 0.3:
            name = str(rng.choice(["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"]))
            constant = writer.tensor((), type="FLOAT32", data=rng.normal())
            operands.insert(
                int(rng.integers(2)), constant if rng.random() < 0.6 else values[int(rng.integers(len(values)))]
            )
        values.append(real())
        writer.operation(name, operands, values[-1:])
    output = builder.tensor(source.shape, builder.scale(), builder.zero_point())
    writer.operation("QUANTIZE", values[-1:], [output.index])
    return output


Draw = Callable[[Builder, Known], Known | None]
"""Adds a layer that reads the given tensor, and perhaps others of `builder.known`; None if it cannot."""


def _found() -> dict[str, Draw]:
    """`draw` of each module tests/ops/test_x.py that has one, as 'x'; `draws` if it has several, by name."""
    found: dict[str, Draw] = {}
    for module in sorted(pkgutil.iter_modules([str(Path(__file__).parent / "ops")]), key=lambda m: m.name):
        if module.name.startswith("test_"):
            tests = importlib.import_module(f"tests.ops.{module.name}")
            if hasattr(tests, "draw"):
                found[module.name.removeprefix("test_")] = tests.draw
            found |= getattr(tests, "draws", {})
    return found


class _Layers(Mapping[str, Draw]):
    """What is found in tests/ops/, looked up when it is first asked for: those modules import this one."""

    @cached_property
    def _all(self) -> dict[str, Draw]:
        return _found()

    def __getitem__(self, kind: str) -> Draw:
        return self._all[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


LAYERS: Mapping[str, Draw] = _Layers()
FLOAT_ISLAND = "float_island"
"""Only a compiler that may ask TFLM takes it, so that it is none of LAYERS."""


@dataclass(frozen=True)
class Network:
    """`layers` says how it was drawn, for a reader; `tflite` and `inputs` are all that a test needs."""

    layers: tuple[tuple[str, int], ...]
    seed: int
    tflite: bytes = field(repr=False)
    inputs: tuple[npt.NDArray[Any], ...] = field(repr=False)
    """As the file has them."""


_MOST_VALUES = 300  # a layer's input; what repeats and pads would grow without end


def _source_shape(rng: np.random.Generator) -> tuple[int, ...]:
    """Half of all are rows of a batch; the others have one to five small dimensions."""
    if rng.random() < 0.5:
        return (int(rng.choice([1, 1, 3])), int(rng.choice([1, 2, 3, 4, 7, 16])))
    rank = int(rng.choice([1, 3, 4, 4, 5]))
    return tuple(int(size) for size in rng.choice([1, 2, 3, 4, 5], rank, p=[0.2, 0.2, 0.3, 0.2, 0.1]))


def make_network(
    layers: Sequence[tuple[str, int]], seed: int, *, vectors: int = 24, other_ports: bool = False
) -> Network:
    """`layers` are pairs of a layer's kind and of how many tensors before the newest its input lies.

    Inputs are int8, unless there may be `other_ports`, such as int16.
    """
    builder = Builder(np.random.default_rng(seed))
    rng = builder.rng
    shape = _source_shape(rng)
    count = int(rng.choice([1, 1, 2]))
    sources = [builder.tensor(shape, builder.scale(), builder.zero_point()) for _ in range(count)]
    ports = [port_of(builder, source) if other_ports else source.index for source in sources]
    known = builder.known
    known += sources
    for kind, back in layers:
        source = known[-1 - back % len(known)]
        draw = float_island if kind == FLOAT_ISLAND else LAYERS[kind]
        made = draw(builder, source if source.size <= _MOST_VALUES else known[0])
        if made is not None:
            known.append(made)
    if len(known) == len(sources):
        known.append(builder.relu(known[-1]))
    # Whatever no layer reads is an output, or the compiler would remove its layer.
    read = {int(index) for operator in builder.writer.operators for index in operator.inputs}
    made = [tensor.index for tensor in known[len(sources) :]]
    outputs = [index for index in made if index not in read] + builder.ends
    extra = made[int(rng.integers(len(made)))]
    if extra not in outputs and rng.random() < 0.3:
        outputs.append(extra)
    tflite = builder.writer.build(ports, outputs)
    edges, _ = model_edges(read_tflite(tflite))
    stored = [edge_vectors(rng, edge.inner.shape, vectors, edge.inner.dtype) for edge in edges]
    return Network(
        tuple(layers), seed, tflite, tuple(edge.to_own(values) for edge, values in zip(edges, stored, strict=True))
    )


def port_of(builder: Builder, source: Known) -> int:
    """The model's input that `source` is made of: mostly itself, else of another type."""
    kind = str(builder.rng.choice(["INT8", "INT16", "UINT8", "FLOAT32"], p=[0.76, 0.08, 0.08, 0.08]))
    if kind == "INT8":
        return source.index
    scale = None if kind == "FLOAT32" else builder.scale(source.scale * (0.004 if kind == "INT16" else 1.0))
    index = builder.writer.tensor(source.shape, scale, builder.zero_point() + 128 * (kind == "UINT8"), type=kind)
    builder.writer.operation("QUANTIZE", [index], [source.index])
    return index


def edge_vectors(
    rng: np.random.Generator, shape: tuple[int, ...], count: int, dtype: DType = DType.INT8
) -> npt.NDArray[Any]:
    """The lowest, highest and middle values everywhere, checkerboards of both ends, and random ones."""
    if dtype is DType.FLOAT32:
        return rng.normal(0, 10, (count, *shape)).astype(np.float32)
    low, high = dtype.lowest, dtype.highest
    values = rng.integers(low, high, (count, *shape), endpoint=True).astype(dtype.numpy)
    for row, constant in enumerate((low, high, (low + high + 1) // 2)):
        values[row] = constant
    values[3:6] = rng.choice([low, high], (3, *shape))
    return values


def random_network(seed: int, *, vectors: int = 24) -> Network:
    """Up to eight layers of any kind, each reading one of the last four tensors; behind one in five a chain of up to
    three unary ones."""
    rng = np.random.default_rng(seed)
    kinds, layers = sorted(LAYERS), []
    for _ in range(int(rng.integers(1, 9))):
        layers.append((str(rng.choice(kinds)), int(rng.integers(4))))
        if rng.random() < 0.05:
            layers.append((FLOAT_ISLAND, int(rng.integers(4))))
        if rng.random() < 0.2:
            layers += [(str(kind), 0) for kind in rng.choice(UNARY, int(rng.integers(1, 4)))]
    return make_network(layers, seed, vectors=vectors, other_ports=True)
