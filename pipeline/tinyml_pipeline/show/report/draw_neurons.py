"""A small network with every neuron and every weight, from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tinyml_pipeline.show.network.labels import (
    both,
    caption,
    column_details,
    heading,
    neuron_lines,
    picture_title,
    title,
)
from tinyml_pipeline.show.network.network import Layer, Network, columns
from tinyml_pipeline.show.report.canvas import LINE, SMALL, Canvas, Point, Rectangle, text_width

_MARGIN, _PAD, _TOP = 0.35, 0.15, 0.75
_LABEL_HEIGHT = 0.25
_SLIDE = (16, 9)
# Labels stay between these parts of the way from neuron to neuron; the way is long enough that they touch no box.
_PLACES = tuple(place / 50 for place in range(11, 40))
_WAY, _LEAST_WAY = 3.6, 1.6


@dataclass(frozen=True)
class _Layout:
    """The same for all forms of a network, so that a reader finds each weight where the other form has it.

    Columns stand around `centres`; `row` is the height that one neuron gets.
    """

    width: float
    centres: list[float]
    box_widths: list[float]
    row: float


def draw_neurons(networks: Sequence[Network]) -> Canvas:
    """Float above int8, or beside it where that is larger in a slide."""
    layout = _layout(networks)
    heights = [_height(network, layout.row) for network in networks]
    foot = caption(networks)
    stacked, beside = (layout.width, sum(heights)), (layout.width * len(networks), max(heights))
    width, height = max(stacked, beside, key=lambda size: min(_SLIDE[0] / size[0], _SLIDE[1] / size[1]))
    least = max(text_width(foot, SMALL), width) + 2 * _MARGIN
    canvas = Canvas(least, _TOP + height + 0.3 + LINE * len(foot.split("\n")))
    canvas.title(picture_title(networks), foot)
    left, top = (canvas.width - width) / 2, _TOP
    for network, own_height in zip(networks, heights, strict=True):
        _draw_panel(canvas, network, layout, left, top)
        left, top = (left, top + own_height) if (width, height) == stacked else (left + layout.width, top)
    return canvas


def _draw_panel(canvas: Canvas, network: Network, layout: _Layout, left: float, top: float) -> None:
    heads = _heads(network)
    boxes = _boxes(network, layout, left, top + _head_height(network))
    canvas.text(left + layout.width / 2, top + 0.15, [title(network)], bold=True)
    labels = []
    for depth, layer in enumerate(network.dense(), 1):
        place = _label_place(boxes[depth - 1], boxes[depth])
        for start, end, (x0, y0), (x1, y1) in _ways(boxes[depth - 1], boxes[depth]):
            name = f"{network.form}_{depth - 1}_{start}_to_{depth}_{end}"
            canvas.arrow(name, [(x0, y0), (x1, y1)], dashed=layer.weights[start][end] < 0)
            at = (x0 + place * (x1 - x0), y0 + place * (y1 - y0))
            labels.append((f"{name}_weight", at, _label(layer, start, end)))
    for name, at, text in labels:  # after all the arrows, to lie above them
        canvas.label(name, at, text)
    for depth, (column, head) in enumerate(zip(boxes, heads, strict=True)):
        canvas.text(left + layout.centres[depth], top + 0.45 + LINE * len(head) / 2, head, bold=True)
        for index, rectangle in enumerate(column):
            lines = neuron_lines(network, depth, index)
            canvas.box(f"{network.form}_{depth}_{index}", rectangle, lines, bold=False, filled=depth > 0)


def _layout(networks: Sequence[Network]) -> _Layout:
    heads = [_widest([_heads(network)[depth] for network in networks], bold=True) for depth in _depths(networks)]
    texts = [
        _widest([lines for network in networks for lines in _texts(network)[depth]]) + 2 * _PAD
        for depth in _depths(networks)
    ]
    halves = [max(pair) / 2 for pair in zip(heads, texts, strict=True)]
    centres = [halves[0]]
    for depth in _depths(networks)[1:]:
        labels = [
            _label(layer, start, end)
            for layer in (network.dense()[depth - 1] for network in networks)
            for start, row in enumerate(layer.weights)
            for end in range(len(row))
        ]
        way = max(_LEAST_WAY, _WAY * max(text_width(label, SMALL) for label in labels))
        boxes_apart = (texts[depth - 1] + texts[depth]) / 2 + way
        centres.append(centres[-1] + max(boxes_apart, (heads[depth - 1] + heads[depth]) / 2 + 0.3))
    layout = _Layout(centres[-1] + halves[-1], centres, texts, 0.0)
    return replace(layout, row=max(_row(network, layout) for network in networks))


def _depths(networks: Sequence[Network]) -> range:
    return range(len(columns(networks[0])))


def _widest(texts: Sequence[Sequence[str]], *, bold: bool = False) -> float:
    return max(text_width(line, bold=bold and place == 0) for lines in texts for place, line in enumerate(lines))


def _row(network: Network, layout: _Layout) -> float:
    """The least height at which neither neurons nor labels touch each other."""
    row = 0.4 + LINE * max(len(lines) for column in _texts(network) for lines in column)
    while row < 2:
        boxes = _boxes(network, replace(layout, row=row), 0, 0)
        if all(_apart(pair, _label_place(*pair)) >= _LABEL_HEIGHT for pair in pairwise(boxes)):
            break
        row += 0.05
    return row


def _height(network: Network, row: float) -> float:
    return _head_height(network) + row * max(count for _, count in columns(network)) + 0.15


def _head_height(network: Network) -> float:
    return 0.55 + LINE * max(map(len, _heads(network)))


def _boxes(network: Network, layout: _Layout, left: float, top: float) -> list[list[Rectangle]]:
    """A rectangle for every neuron, by column; `top` is that of the highest column, the others stand in its middle."""
    rows = max(count for _, count in columns(network))
    boxes = []
    for centre, width, column in zip(layout.centres, layout.box_widths, _texts(network), strict=True):
        first = top + layout.row * (rows - len(column) + 1) / 2
        heights = [0.14 + LINE * len(lines) for lines in column]
        boxes.append(
            [
                (left + centre - width / 2, first + layout.row * index - height / 2, width, height)
                for index, height in enumerate(heights)
            ]
        )
    return boxes


def _label_place(before: Sequence[Rectangle], after: Sequence[Rectangle]) -> float:
    """The part of the way from neuron to neuron where labels stand: near its middle, but clear of each other."""
    middle = sorted(_PLACES, key=lambda place: abs(place - 0.5))
    clear = (place for place in middle if _apart((before, after), place) >= _LABEL_HEIGHT)
    return next(clear, max(middle, key=lambda place: _apart((before, after), place)))


def _apart(pair: tuple[Sequence[Rectangle], Sequence[Rectangle]], place: float) -> float:
    """The least distance of two labels, which stand below each other."""
    heights = sorted(y0 + place * (y1 - y0) for _, _, (_, y0), (_, y1) in _ways(*pair))
    return min((b - a for a, b in pairwise(heights)), default=_LABEL_HEIGHT)


def _ways(before: Sequence[Rectangle], after: Sequence[Rectangle]) -> Iterator[tuple[int, int, Point, Point]]:
    """Every pair of neurons, with both ends of its arrow; the heads at a neuron stand below each other."""
    for start, (x0, y0, width, height0) in enumerate(before):
        for end, (x1, y1, _, height1) in enumerate(after):
            yield start, end, (x0 + width, y0 + height0 / 2), (x1, y1 + height1 * (start + 0.5) / len(before))


def _texts(network: Network) -> list[list[list[str]]]:
    return [
        [neuron_lines(network, depth, index) for index in range(count)]
        for depth, (_, count) in enumerate(columns(network))
    ]


def _heads(network: Network) -> list[list[str]]:
    return [[heading(layer), *column_details(layer)] for layer, _ in columns(network)]


def _label(layer: Layer, start: int, end: int) -> str:
    return both(layer.weights[start][end], layer.steps.weights[start][end] if layer.steps else None)
