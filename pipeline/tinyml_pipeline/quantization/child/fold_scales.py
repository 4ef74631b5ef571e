"""Each input value's own offset and factor, taken from the network's inputs into its first layers, and so at its end.

A network that takes x is changed to take d = (x - offset) * factor. Its first layers see r = slope * x + shift, which
is alpha * d + beta with alpha = slope / factor and beta = slope * offset + shift, so their weights are multiplied by
alpha, and weights * beta goes into the bias. The last layers give r = slope * y + shift; what is wanted is
d = (r - offset) * factor, so weights and bias are multiplied by slope * factor, and (shift - offset) * factor is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.child.float_graph import Array, FloatGraph
from tinyml_pipeline.quantization.child.trace_scales import (
    FOREIGN,
    PADDING,
    CannotFoldError,
    Layer,
    OutputTrace,
    Trace,
    trace_inputs,
    trace_outputs,
)

Floats = npt.NDArray[np.float64]
_NEARLY_ZERO = 2e-3  # of the half range: a quarter of an int8 step


@dataclass(frozen=True)
class Scales:
    """(x - offset) * factor for every value of all inputs, or of all outputs, behind one another; float32 values."""

    offset: Floats
    factor: Floats

    @classmethod
    def rounded(cls, offset: Array, factor: Array) -> Scales:
        """To float32, in which the device computes."""
        return cls(*(np.asarray(array, np.float32).astype(np.float64) for array in (offset, factor)))

    def into(self, real: Array) -> Array:
        return (real - self.offset) * self.factor

    def back(self, own: Array) -> Array:
        return own / self.factor + self.offset


def fold_inputs(graph: FloatGraph, given: Scales, low: Floats, high: Floats) -> Scales:
    """Change the network to take every value from `low` to `high` as -1 to 1; `given` is what it takes now.

    Where a layer pads with 0, 0 stays 0, and the larger end becomes -1 or 1. Raises CannotFoldError, and then nothing
    has changed.
    """
    trace = trace_inputs(graph, given.factor, -given.offset * given.factor)
    offset, half = (low + high) / 2, (high - low) / 2
    for layer in trace.layers:
        if layer.from_zero:
            _keep_zero(graph, layer, offset, half, low, high)
    scales = Scales.rounded(offset, 1 / half)
    changes = [_input_change(graph, layer, scales) for layer in trace.layers]
    for layer, (alpha, beta) in zip(trace.layers, changes, strict=True):
        _scale_inputs(graph, layer, alpha, beta)
    _take_out(graph, trace)
    return scales


def _keep_zero(graph: FloatGraph, layer: Layer, offset: Floats, half: Floats, low: Floats, high: Floats) -> None:
    index, lines = layer.lines.index, layer.lines
    if (lines.shift[index == FOREIGN] != 0).any() or (lines.slope[index >= 0] == 0).any():
        raise CannotFoldError(f"{_named(graph, layer)} pads with zeros, for which there is no input")
    picked = index[index >= 0]
    offset[picked] = -(lines.shift / np.where(lines.slope == 0, 1, lines.slope))[index >= 0]
    half[picked] = np.maximum(abs(low[picked] - offset[picked]), abs(high[picked] - offset[picked]))


def _input_change(graph: FloatGraph, layer: Layer, scales: Scales) -> tuple[Floats, Floats]:
    """alpha and beta of each channel. CannotFoldError if positions that share weights differ."""
    index, slope, shift = layer.lines.index, layer.lines.slope, layer.lines.shift
    own = index >= 0
    safe = np.where(own, index, 0)
    alpha = np.where(own, slope / scales.factor[safe], slope)
    beta = np.where(own, slope * scales.offset[safe] + shift, shift)
    if layer.from_zero:
        if (abs(beta) > _NEARLY_ZERO * abs(alpha)).any():
            raise CannotFoldError(f"{_named(graph, layer)} pads with zeros, which are not 0 elsewhere")
        beta = np.zeros_like(beta)
    skipped = index == PADDING
    first = np.argmin(skipped, axis=0), np.arange(index.shape[1])
    for values in (alpha, beta):
        largest = np.abs(values).max() if values.size else 0
        if not np.allclose(np.where(skipped, values[first], values), values[first], rtol=1e-6, atol=1e-9 * largest):
            raise CannotFoldError(
                f"{_named(graph, layer)} uses the same weights for values of different range; give a range for each"
                " channel"
            )
    return alpha[first], beta[first]


def _scale_inputs(graph: FloatGraph, layer: Layer, alpha: Floats, beta: Floats) -> None:
    operator, name = layer.operator, graph.name(layer.operator)
    weights = graph.constant(int(operator.inputs[1]))
    assert weights is not None, "the trace has looked"
    wide = weights.astype(np.float64)
    if name == "DEPTHWISE_CONV_2D":
        times = weights.shape[-1] // len(alpha)
        moved = (wide * np.repeat(beta, times)).sum(axis=(0, 1, 2))
        changed = wide * np.repeat(alpha, times)
    else:
        moved = (wide * beta).sum(axis=tuple(range(1, wide.ndim)))
        changed = wide * alpha
    graph.set_constant(operator, 1, changed.astype(np.float32))
    if beta.any():
        graph.set_constant(operator, 2, (_bias(graph, layer, len(moved)) + moved).astype(np.float32))


def fold_outputs(graph: FloatGraph, given: Scales, low: Floats, high: Floats) -> Scales:
    """Change the network to give every output from `low` to `high` over one range: that of the outputs whose scale is
    fixed, such as softmax's, or else -1 to 1. `given` is what it gives now, `low` and `high` are real values."""
    trace = trace_outputs(graph, 1 / given.factor, given.offset)
    fixed = trace.pinned
    ends = np.concatenate([given.into(low)[fixed], given.into(high)[fixed], [0.0]])
    least, most = (float(ends.min()), float(ends.max())) if ends.min() < ends.max() else (-1.0, 1.0)
    offset, factor = given.offset.copy(), given.factor.copy()
    for layer in trace.layers:
        index = layer.lines.index
        bottom, top = low[index].min(axis=0), high[index].max(axis=0)  # of positions that share weights
        if layer.from_zero:  # relu: what is 0 stays 0
            origin = layer.lines.shift.max(axis=0)
            reach = np.maximum(top - origin, np.finfo(np.float32).tiny)
            scale = (most if most > 0 else 1.0) / reach
        else:
            span = np.where(top > bottom, top - bottom, max(float((top - bottom).max()), 1.0))
            scale = (most - least) / span
            origin = bottom - least / scale
        offset[index], factor[index] = origin, scale
    scales = Scales.rounded(offset, factor)
    for layer in trace.layers:
        _scale_outputs(graph, layer, scales)
    _take_out(graph, Trace(trace.layers, trace.between))
    return scales


def _scale_outputs(graph: FloatGraph, layer: Layer, scales: Scales) -> None:
    operator, name = layer.operator, graph.name(layer.operator)
    index = layer.lines.index[0]
    times = layer.lines.slope[0] * scales.factor[index]
    added = (layer.lines.shift[0] - scales.offset[index]) * scales.factor[index]
    weights = graph.constant(int(operator.inputs[1]))
    assert weights is not None, "the trace has looked"
    shape = (1, 1, 1, -1) if name == "DEPTHWISE_CONV_2D" else (-1,) + (1,) * (weights.ndim - 1)
    bias = _bias(graph, layer, len(times))
    graph.set_constant(operator, 1, (weights.astype(np.float64) * times.reshape(shape)).astype(np.float32))
    if layer.from_zero:
        added = np.zeros_like(added)
    graph.set_constant(operator, 2, (bias * times + added).astype(np.float32))


def _take_out(graph: FloatGraph, trace: Trace | OutputTrace) -> None:
    for operator, position in trace.between:
        graph.bypass(operator, position)


def _bias(graph: FloatGraph, layer: Layer, count: int) -> Floats:
    inputs = layer.operator.inputs
    bias = graph.constant(int(inputs[2])) if len(inputs) > 2 else None
    return np.zeros(count) if bias is None else bias.astype(np.float64).reshape(count)


def _named(graph: FloatGraph, layer: Layer) -> str:
    return f"{graph.name(layer.operator)} ('{graph.label(int(layer.operator.outputs[0]))}')"
