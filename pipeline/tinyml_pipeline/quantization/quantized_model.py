"""An int8 model and what its numbers mean: the thing that every later stage takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.edges import Edge, model_edges
from tinyml_pipeline.compiler.graph import Graph, Tensor
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.value_scales import NO_SCALE, ValueScale
from tinyml_pipeline.errors import ModelFileError, SpecError
from tinyml_pipeline.model_domains import domains_by_port
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.lint import LintReport, PortLint, ValueLint, lint, port_names

Int8Array = npt.NDArray[np.int8]
MOST_LISTED_VALUES, MOST_SEEN_VALUES = 16, 256


@dataclass(frozen=True)
class QuantizedPort:
    """One input or output tensor: real = scale * (q - zero_point), with q of `dtype`: int8, int16 and others where a
    QUANTIZE is next to it; int32 with scale 1 for indices. With `value_scale`, that number is (real - offset) * factor,
    with an offset and a factor for each value, and `quantize` and `dequantize` take whole samples.

    `shape` is that of one sample, as in Keras: the tensor's without the batch of 1. `values` names its elements in
    order, where they have names. `type` is what the file has here: `dtype`, or FLOAT32 or UINT8 that the model itself
    converts to or from it.
    """

    name: str
    values: tuple[str, ...]
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    dtype: DType = DType.INT8
    type: str = "INT8"
    value_scale: ValueScale = NO_SCALE

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    @property
    def label(self) -> str:
        """What a person reads: the names of its values, or its own."""
        return ", ".join(self.values) or self.name

    @property
    def low(self) -> float:
        """The real value of the lowest stored one; of values on scales of their own, the lowest of all."""
        return min(self._ends(self.dtype.lowest))

    @property
    def high(self) -> float:
        """The real value of the highest stored one; of values on scales of their own, the highest of all."""
        return max(self._ends(self.dtype.highest))

    @property
    def step(self) -> float:
        """What one step is worth in real units; of values on scales of their own, the largest of all."""
        return self.scale / min(self.value_scale.factors, default=1.0)

    def _ends(self, stored: int) -> list[float]:
        own = self.scale * (stored - self.zero_point)
        if not self.value_scale:
            return [own]
        return [own / factor + offset for offset, factor in zip(*astuple(self.value_scale), strict=True)]

    def value(self, position: int) -> QuantizedPort:
        """One value as a port of its own: its `low`, `high` and `step`, and what its stored numbers mean."""
        offset, factor = self.value_scale.of(position)
        own = ValueScale((offset,), (factor,)) if self.value_scale else NO_SCALE
        return replace(self, name=self.value_names[position], values=(), shape=(), value_scale=own)

    @property
    def value_names(self) -> tuple[str, ...]:
        """A name for every value."""
        if len(self.values) == self.size:
            return self.values
        return (self.name,) if self.size == 1 else tuple(f"{self.name}[{position}]" for position in range(self.size))

    def quantize(self, real: npt.ArrayLike) -> Int8Array:
        """Nearest stored values, ties away from zero as in TFLite's AffineQuantize, saturating at both ends; NaN
        becomes the zero point. Bit for bit the rule of firmware/kernels/quantize.h, which says why."""
        with np.errstate(over="ignore", invalid="ignore"):
            own = np.asarray(real, np.float32)
            if self.value_scale:
                offsets, factors = self._scales_for(own.shape)
                own = (own - offsets) * factors  # two roundings: numpy has no fused multiply-add
            steps = (own / np.float32(self.scale)).astype(np.float64)
        rounded = np.trunc(steps + np.copysign(0.5, steps)) + self.zero_point
        rounded = np.where(np.isnan(steps), self.zero_point, rounded)
        quantized: Int8Array = np.clip(rounded, self.dtype.lowest, self.dtype.highest).astype(self.dtype.numpy)
        return quantized

    def dequantize(self, quantized: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
        steps: npt.NDArray[np.float32] = (quantized.astype(np.int64) - self.zero_point).astype(np.float32)
        own = steps * np.float32(self.scale)
        if not self.value_scale:
            return own
        offsets, factors = self._scales_for(own.shape)
        with np.errstate(over="ignore"):
            real: npt.NDArray[np.float32] = own / factors + offsets
        return real

    def _scales_for(self, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Offsets and factors that go with an array of samples of this port's shape, or flat."""
        whole = self.shape if shape[len(shape) - len(self.shape) :] == self.shape else (self.size,)
        if shape[len(shape) - len(whole) :] != whole:
            raise ValueError(f"values of shape {shape} are not samples of shape {self.shape}")
        offsets, factors = (
            np.resize(np.array(part, np.float32), self.size).reshape(whole) for part in astuple(self.value_scale)
        )
        return offsets, factors

    def describe(self, quantized: npt.NDArray[np.integer[Any]], positions: Sequence[int] | None = None) -> str:
        """One vector's values for a person: 'a = -101 (10.6), b = 3 (51.4)'; of many the first 8.

        `positions` picks the elements that matter.
        """
        flat, real = quantized.reshape(-1), self.dequantize(quantized).reshape(-1)
        names = self.value_names if flat.size == self.size else (f"{self.name}[{i}]" for i in range(flat.size))
        names = tuple(names)
        picked = list(range(flat.size)) if positions is None else list(positions)
        shown = [f"{names[i]} = {flat[i]} ({real[i]:.6g})" for i in picked[:8]]
        return ", ".join(shown) + (f", ... ({len(picked)} values)" if len(picked) > 8 else "")


@dataclass(frozen=True)
class Vectors:
    """Inputs and the outputs that TFLM gives for them, stored values (n, *shape), one array for each tensor."""

    inputs: tuple[Int8Array, ...]
    outputs: tuple[Int8Array, ...]

    def __len__(self) -> int:
        return len(self.inputs[0])


@dataclass(frozen=True)
class QuantizedModel:
    """A full int8 model of batch 1 that has passed the lint."""

    name: str
    summary: str
    tflite: bytes = field(repr=False)
    graph: Graph = field(repr=False)
    inputs: tuple[QuantizedPort, ...]
    outputs: tuple[QuantizedPort, ...]

    @property
    def sha256(self) -> str:
        return self.graph.sha256

    def lint(self, vectors: Vectors | None = None, domains: Sequence[Domain] = ()) -> LintReport:
        """What the model is in plain language; with vectors, also how much of the int8 range they use, and with the
        inputs' domains, how many steps each value gets."""
        found = lint(
            self.graph,
            vectors.inputs if vectors else (),
            vectors.outputs if vectors else (),
            [port.label for port in self.inputs],
            [port.label for port in self.outputs],
        )
        if vectors is None:
            return found
        inputs = steps_of_domains(self.inputs, domains) if domains else steps_seen(self.inputs, vectors.inputs)
        outputs = steps_seen(self.outputs, vectors.outputs)
        return replace(found, inputs=_with(found.inputs, self.inputs, inputs),
                       outputs=_with(found.outputs, self.outputs, outputs))  # fmt: skip


def steps_of_domains(ports: Sequence[QuantizedPort], domains: Sequence[Domain]) -> list[tuple[ValueLint, ...]]:
    """How many stored numbers the domain of each value of each input spans; of values that share domain and scale,
    once. Raises SpecError if the domains do not fit."""
    found = []
    for port, group in zip(ports, domains_by_port(domains, [port.shape for port in ports]), strict=True):
        values = []
        for position in range(max(len(group), len(port.value_scale.offsets))):
            domain, one = group[position % len(group)], port.value(position)
            low, high = (int(one.quantize(end)) for end in (domain.low, domain.high))
            name = domain.name if len(group) > 1 else one.name
            values.append(ValueLint(name, domain.low, domain.high, high - low + 1, one.step, domain.unit))
        found.append(tuple(values))
    return found


def steps_seen(ports: Sequence[QuantizedPort], stored: Sequence[Int8Array]) -> list[tuple[ValueLint, ...]]:
    """The same of what each value was in some vectors; none of a port of many values."""
    found = []
    for port, array in zip(ports, stored, strict=True):
        rows = array.reshape(len(array), -1)
        values = []
        for position in range(port.size if port.size <= MOST_SEEN_VALUES else 0):
            one, ends = port.value(position), (rows[:, position].min(), rows[:, position].max())
            low, high = (float(one.dequantize(end)) for end in ends)
            values.append(ValueLint(one.name, low, high, int(ends[1]) - int(ends[0]) + 1, one.step))
        found.append(tuple(values))
    return found


def _with(
    lints: tuple[PortLint, ...], ports: Sequence[QuantizedPort], values: Sequence[tuple[ValueLint, ...]]
) -> tuple[PortLint, ...]:
    """Ports whose values can be listed, with them; indices have no steps."""
    if len(lints) != len(ports):
        return lints
    return tuple(
        replace(
            found,
            is_scaled=bool(port.value_scale),
            values=own if port.value_scale or len(own) > 1 else (),
        )
        if port.dtype is DType.INT8 and len(own) <= MOST_LISTED_VALUES
        else replace(found, is_scaled=bool(port.value_scale))
        for found, port, own in zip(lints, ports, values, strict=True)
    )


def load_quantized(
    tflite: bytes,
    name: str,
    summary: str = "",
    input_values: Sequence[str] = (),
    output_values: Sequence[str] = (),
    *,
    graph: Graph | None = None,
) -> QuantizedModel:
    """The model in `tflite`, from this program or from elsewhere.

    `input_values` and `output_values` name the single values of a model with one input and one output tensor; of
    several tensors, each or each of its values. `graph` is that of `tflite`, if it has been read already.
    Raises ModelFileError where the file is broken or not a full int8 model of batch 1; the message begins with `name`.
    """
    try:
        graph = read_tflite(tflite) if graph is None else graph
        lint(graph).check()
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {error}") from error
    inputs, outputs = model_edges(graph)
    return QuantizedModel(
        name,
        summary,
        bytes(tflite),
        graph,
        _ports(inputs, graph.input_names, "input", input_values, graph.input_scales),
        _ports(outputs, graph.output_names, "output", output_values, graph.output_scales),
    )


def rows_of(arrays: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """One array (n, *shape) per input as (n, bytes of all inputs), which a device takes."""
    rows = [np.ascontiguousarray(array).reshape(len(array), -1).view(np.int8) for array in arrays]
    return np.concatenate(rows, axis=1)


def outputs_of(rows: Int8Array, ports: Sequence[QuantizedPort]) -> tuple[npt.NDArray[Any], ...]:
    """What a device answers, (n, bytes of all outputs), as one array (n, *shape) of the port's type per output."""
    ends = np.cumsum([port.size * port.dtype.bytes for port in ports])
    parts = np.split(rows, ends[:-1], axis=1)
    return tuple(
        np.ascontiguousarray(part).view(port.dtype.numpy).reshape(len(part), *port.shape)
        for part, port in zip(parts, ports, strict=True)
    )


def _steps(tensor: Tensor) -> tuple[float, int]:
    """Scale and zero point; indices have none: their values are what they say."""
    if tensor.quantization is None:
        return 1.0, 0
    return tensor.quantization.scale, tensor.quantization.zero_point


def sample_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A tensor's shape without its batch of 1; whole, if it begins with anything else."""
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def _ports(
    edges: Sequence[Edge], names: Sequence[str], role: str, values: Sequence[str], scales: Sequence[ValueScale]
) -> tuple[QuantizedPort, ...]:
    ports = []
    own_scales = scales or [NO_SCALE] * len(edges)
    shapes = [sample_shape(edge.own.shape) for edge in edges]
    try:
        groups = domains_by_port(values, shapes)
    except SpecError:
        groups = [()] * len(edges)
    for edge, group, own, scale in zip(edges, groups, port_names(names, role), own_scales, strict=True):
        named = len(group) == edge.own.size
        name = group[0] if len(edges) > 1 and len(group) == 1 else own
        ports.append(
            QuantizedPort(
                name,
                tuple(group) if named else (),
                sample_shape(edge.own.shape),
                *_steps(edge.inner),
                edge.inner.dtype,
                edge.own.type,
                scale,
            )
        )
    return tuple(ports)
