"""How far the values of a network's inputs, and before its outputs, are straight lines: r = slope * x + shift.

Between an input and the first layer with weights such lines can move into the weights, and so can those between the
last layer and an output. See fold_scales.py for what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.child.float_graph import Array, FloatGraph, pairs

FOREIGN, PADDING = -1, -2
LAYERS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")
_MOVES = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")
_SAME = 0  # of the schema's Padding


class CannotFoldError(Exception):
    """Why a scale cannot move into the weights: words that complete 'because ...'."""


@dataclass(frozen=True)
class Lines:
    """A tensor's elements: slope * x[index] + shift, with x the values of all inputs behind one another.

    FOREIGN elements are not of an input, PADDING ones are 0. All three arrays have the tensor's shape.
    """

    index: npt.NDArray[np.int64]
    slope: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]

    def each(self, change: Callable[[Array], Array]) -> Lines:
        return Lines(change(self.index), change(self.slope), change(self.shift))

    def rows(self, channels: int) -> Lines:
        """(rows, channels)."""
        return self.each(lambda array: array.reshape(-1, channels))


@dataclass(frozen=True)
class Layer:
    """An operator with weights, and the lines of its input or, of a last layer, those that make outputs of its own.

    `from_zero` says that 0 must stay 0: where it pads its input, or clamps its output at 0.
    """

    operator: Any
    lines: Lines
    from_zero: bool


@dataclass
class Trace:
    """The layers at one end of the network, and the operators between, which are straight lines of one input, with
    the position of that."""

    layers: list[Layer] = field(default_factory=list)
    between: list[tuple[Any, int]] = field(default_factory=list)


def trace_inputs(graph: FloatGraph, slope: Array, shift: Array) -> Trace:
    """From the inputs, whose values are slope * x + shift, to the first layers. Raises CannotFoldError."""
    trace, known, start = Trace(), {}, 0
    for index in graph.inputs:
        shape = graph.shape(index)
        size = int(np.prod(shape))
        places = np.arange(start, start + size)
        known[index] = Lines(places.reshape(shape), slope[places].reshape(shape), shift[places].reshape(shape))
        start += size
    for operator in list(graph.operators):
        sources = [index for _, index in pairs(operator) if index in known]
        if not sources:
            continue
        if graph.name(operator) in LAYERS:
            trace.layers.append(_first_layer(graph, operator, known))
            continue
        lines = _forward(graph, operator, known)
        output = int(operator.outputs[0])
        if graph.name(operator) in _ARITHMETIC:
            trace.between.append((operator, list(operator.inputs).index(sources[0])))
        known[output] = lines
    if given := set(known) & set(graph.outputs):
        raise CannotFoldError(f"'{graph.label(given.pop())}' is an output that no layer with weights makes")
    return trace


def _first_layer(graph: FloatGraph, operator: Any, known: dict[int, Lines]) -> Layer:
    name, source = graph.name(operator), int(operator.inputs[0])
    weights = graph.constant(int(operator.inputs[1]))
    if source not in known or weights is None:
        raise CannotFoldError(f"{name} ('{graph.label(int(operator.outputs[0]))}') has no constant weights")
    lines = known[source]
    channels = weights.shape[-1] if name == "FULLY_CONNECTED" else graph.shape(source)[-1]
    if name == "CONV_2D" and weights.shape[-1] != channels:
        raise CannotFoldError(f"'{graph.label(int(operator.outputs[0]))}' is a grouped convolution")
    pads = name != "FULLY_CONNECTED" and operator.builtinOptions.padding == _SAME and weights.shape[1:3] != (1, 1)
    return Layer(operator, lines.rows(channels), bool(pads or (lines.index == PADDING).any()))


_ARITHMETIC = ("ADD", "SUB", "MUL", "DIV")


def _forward(graph: FloatGraph, operator: Any, known: dict[int, Lines]) -> Lines:
    name, output = graph.name(operator), int(operator.outputs[0])
    first = int(operator.inputs[0])
    shape = graph.shape(output)
    if graph.activation(operator) == "NONE":
        if name in _MOVES and first in known:
            return known[first].each(lambda array: array.reshape(shape))
        if name == "TRANSPOSE" and first in known and (order := graph.constant(int(operator.inputs[1]))) is not None:
            return known[first].each(lambda array: array.transpose(order))
        if name == "CONCATENATION":
            parts = [known.get(index) or _foreign(graph.shape(index)) for _, index in pairs(operator)]
            axis = operator.builtinOptions.axis
            return Lines(
                *(np.concatenate([getattr(part, key) for part in parts], axis) for key in ("index", "slope", "shift"))
            )
        if name == "PAD" and first in known and (widths := graph.constant(int(operator.inputs[1]))) is not None:
            lines = known[first]
            index = np.pad(lines.index, widths, constant_values=PADDING)
            return Lines(index, np.pad(lines.slope, widths, constant_values=1), np.pad(lines.shift, widths))
        if name in _ARITHMETIC and (found := _arithmetic(graph, operator, known)) is not None:
            return found
    raise CannotFoldError(f"{name} ('{graph.label(output)}') comes before the first layer with weights")


def _arithmetic(graph: FloatGraph, operator: Any, known: dict[int, Lines]) -> Lines | None:
    """A line more, of an operand that is a constant."""
    name, (left, right) = graph.name(operator), (int(index) for index in operator.inputs)
    lines, constant = (
        (known.get(left), graph.constant(right)) if left in known else (known.get(right), graph.constant(left))
    )
    shape = graph.shape(int(operator.outputs[0]))
    if lines is None or constant is None or lines.index.shape != shape:
        return None
    value = np.broadcast_to(constant.astype(np.float64), shape)
    slope, shift = lines.slope, lines.shift
    if name == "ADD":
        return Lines(lines.index, slope, shift + value)
    if name == "MUL":
        return Lines(lines.index, slope * value, shift * value)
    if name == "SUB":
        return Lines(lines.index, slope, shift - value) if left in known else Lines(lines.index, -slope, value - shift)
    return Lines(lines.index, slope / value, shift / value) if left in known and value.all() else None


def _foreign(shape: tuple[int, ...]) -> Lines:
    return Lines(np.full(shape, FOREIGN), np.ones(shape), np.zeros(shape))


@dataclass(frozen=True)
class OutputTrace:
    """The same from the outputs backwards; `pinned` marks output values whose scale is as it is, such as softmax's."""

    layers: list[Layer]
    between: list[tuple[Any, int]]
    pinned: npt.NDArray[np.bool_]


class _PinnedError(Exception):
    pass


def trace_outputs(graph: FloatGraph, slope: Array, shift: Array) -> OutputTrace:
    """`slope` and `shift` make the real value of each output of the network's own."""
    trace, pinned, start = Trace(), np.zeros(len(slope), bool), 0
    for index in graph.outputs:
        shape = graph.shape(index)
        places = np.arange(start, start + int(np.prod(shape)))
        lines = Lines(places.reshape(shape), slope[places].reshape(shape), shift[places].reshape(shape))
        start += len(places)
        _branch(graph, index, lines, trace, pinned)
    return OutputTrace(trace.layers, trace.between, pinned)


def _branch(graph: FloatGraph, index: int, lines: Lines, trace: Trace, pinned: npt.NDArray[np.bool_]) -> None:
    """What lies behind a tensor, or, if that is fixed, its values pinned."""
    found = Trace()
    try:
        _backward(graph, index, lines, found, pinned)
    except _PinnedError:
        pinned[lines.index.ravel()] = True
        return
    trace.layers += found.layers
    trace.between += found.between


def _backward(graph: FloatGraph, index: int, lines: Lines, trace: Trace, pinned: npt.NDArray[np.bool_]) -> None:
    operator = graph.maker(index)
    if operator is None or graph.readings(index) > 1:
        raise _PinnedError
    name, activation, source = graph.name(operator), graph.activation(operator), int(operator.inputs[0])
    if name in LAYERS and activation in ("NONE", "RELU") and graph.constant(int(operator.inputs[1])) is not None:
        if activation == "RELU" and (lines.slope <= 0).any():
            raise _PinnedError
        trace.layers.append(Layer(operator, lines.rows(graph.shape(index)[-1]), activation == "RELU"))
    elif activation != "NONE":
        raise _PinnedError
    elif name in _MOVES:
        shape = graph.shape(source)
        _backward(graph, source, lines.each(lambda array: array.reshape(shape)), trace, pinned)
    elif name == "CONCATENATION":
        at, axis = 0, operator.builtinOptions.axis
        for _, part in pairs(operator):
            size = graph.shape(part)[axis]
            places = np.arange(at, at + size)
            at += size
            _branch(graph, part, lines.each(lambda a, p=places: np.take(a, p, axis)), trace, pinned)  # type: ignore[misc]
    elif name in _ARITHMETIC:
        data, line = _line_of(graph, operator, lines.index.shape)
        whole = Lines(lines.index, lines.slope * line.slope, lines.slope * line.shift + lines.shift)
        trace.between.append((operator, list(operator.inputs).index(data)))
        _backward(graph, data, whole, trace, pinned)
    else:
        raise _PinnedError


def _line_of(graph: FloatGraph, operator: Any, shape: tuple[int, ...]) -> tuple[int, Lines]:
    """The operand of an operator that is no constant, and the line that the operator makes of it."""
    left, right = (int(index) for index in operator.inputs)
    data = right if graph.constant(left) is not None else left
    own = {data: Lines(np.zeros(shape, np.int64), np.ones(shape), np.zeros(shape))}
    line = _arithmetic(graph, operator, own)
    if line is None or graph.shape(data) != shape or not line.slope.all():
        raise _PinnedError
    return data, line
