"""A network as a picture, before and after quantization: each layer, or each neuron with its weights."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from tinyml_pipeline.show.network.labels import caption, details, heading, picture_title, title
from tinyml_pipeline.show.network.network import Layer, Network, show_neurons
from tinyml_pipeline.show.report.canvas import SMALL, Canvas, text_width
from tinyml_pipeline.show.report.draw_neurons import draw_neurons

_MARGIN, _BETWEEN, _PAD = 0.35, 0.6, 0.25
_LANE = 0.22
# What the converter makes of a layer, where the names do not say it.
_SAME = {"dense": "fullyconnected", "flatten": "reshape", "globalaveragepool2d": "mean", "logistic": "sigmoid"}


def draw_networks(networks: Sequence[Network], form: str) -> bytes:
    """PNG or SVG bytes, the same each time."""
    canvas = draw_neurons(networks) if show_neurons(networks) else _draw_layers(networks)
    return canvas.svg() if form == "svg" else canvas.png()


def _draw_layers(networks: Sequence[Network]) -> Canvas:
    """Side by side, downwards; layers that do the same stand on the same line."""
    lines = _lines(networks)
    texts = [[[heading(layer), *details(layer)] for layer in network.layers] for network in networks]
    widths = [max(map(_width_of, boxes)) for boxes in texts]
    heights = [0.0] * (1 + max(line for places in lines for line in places))
    for places, boxes in zip(lines, texts, strict=True):
        for line, box in zip(places, boxes, strict=True):
            heights[line] = max(heights[line], 0.2 + 0.22 * len(box))
    lanes = [_LANE * len(_detours(network)) for network in networks]
    tops = [1.15 + sum(heights[:line]) + 0.4 * line for line in range(len(heights))]
    width = 2 * _MARGIN + sum(widths) + sum(lanes) + _BETWEEN * (len(networks) - 1)
    foot = caption(networks)
    canvas = Canvas(max(width, text_width(foot, SMALL) + 2 * _MARGIN), tops[-1] + heights[-1] + (0.75 if foot else 0.3))
    canvas.title(picture_title(networks), foot)
    left = (canvas.width - width) / 2 + _MARGIN
    for network, places, boxes, box_width, lane in zip(networks, lines, texts, widths, lanes, strict=True):
        canvas.text(left + box_width / 2, 0.85, [title(network)], bold=True)
        rectangles = [(left, tops[line], box_width, heights[line]) for line in places]
        for place, (layer, rectangle, text) in enumerate(zip(network.layers, rectangles, boxes, strict=True)):
            canvas.box(f"{network.form}_{place}", rectangle, text, filled=layer.parameters > 0)
        _draw_arrows(canvas, network, rectangles)
        left += box_width + lane + _BETWEEN
    return canvas


def _draw_arrows(canvas: Canvas, network: Network, boxes: Sequence[tuple[float, float, float, float]]) -> None:
    """Straight down to the next layer, and around on the right where a layer feeds a later one."""
    for place, layer in enumerate(network.layers):
        if place - 1 in layer.sources:
            left, top, width, height = boxes[place - 1]
            middle = left + width / 2
            canvas.arrow(f"{network.form}_{place - 1}_to_{place}", [(middle, top + height), (middle, boxes[place][1])])
    for number, (source, place) in enumerate(_detours(network), 1):
        (left, top, width, height), (_, end, _, end_height) = boxes[source], boxes[place]
        edge, lane = left + width, left + width + _LANE * number
        start, end = top + 0.7 * height, end + 0.3 * end_height
        canvas.arrow(f"{network.form}_{source}_to_{place}", [(edge, start), (lane, start), (lane, end), (edge, end)])


def _detours(network: Network) -> list[tuple[int, int]]:
    return [
        (source, place)
        for place, layer in enumerate(network.layers)
        for source in layer.sources
        if source != place - 1
    ]  # fmt: skip


def _lines(networks: Sequence[Network]) -> list[list[int]]:
    """For each network the line of every layer."""
    kinds = [[_plain_kind(layer) for layer in network.layers] for network in networks]
    if len(kinds) == 1:
        return [list(range(len(kinds[0])))]
    first: list[int] = []
    second: list[int] = []
    line = 0
    for same, a, b, c, d in SequenceMatcher(None, kinds[0], kinds[1], autojunk=False).get_opcodes():
        first += range(line, line + b - a)
        if same == "equal":
            second += range(line, line + d - c)
            line += b - a
        else:
            line += b - a
            second += range(line, line + d - c)
            line += d - c
    return [first, second]


def _plain_kind(layer: Layer) -> str:
    """Keras' MaxPooling2D and TFLite's MAX_POOL_2D are the same."""
    plain = layer.kind.lower().replace("_", "").replace("ing", "")
    return _SAME.get(plain, plain)


def _width_of(lines: Sequence[str]) -> float:
    return max(text_width(line, bold=place == 0) for place, line in enumerate(lines)) + 2 * _PAD
