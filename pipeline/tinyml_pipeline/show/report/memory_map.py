"""A model's memory over time as SVG: a bar for each live range, from the layer that writes it to its last reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tinyml_pipeline.visible_text import visible

_WIDTH, _PLOT_HEIGHT = 1000, 420
_LEFT, _RIGHT, _TOP = 96, 24, 56
_TENSOR, _SCRATCH, _TEXT, _GRID = "#1b3a6b", "#e08a1e", "#222222", "#d8d8d8"
_CHARACTER = 6.4  # of a font of 11 pixels, about
_LEAST_LABEL_HEIGHT = 13
_MOST_LINES = 6


@dataclass(frozen=True)
class Placed:
    """A live range and its place in the buffer: steps `first` to `last`, both included, bytes from `offset` on."""

    name: str
    first: int
    last: int
    offset: int
    size_bytes: int
    is_scratch: bool


def draw_memory(model: str, layers: Sequence[str], ranges: Sequence[Placed], buffer_bytes: int) -> str:
    """Layers from left to right, addresses from bottom to top; the same input gives the same text.

    A range that is too small for its name has it in its tooltip alone, as has every other.
    """
    longest = max(map(len, layers))
    slant = min(longest, 28) * _CHARACTER * 0.71 + 24
    height = _TOP + _PLOT_HEIGHT + slant + 24
    step = (_WIDTH - _LEFT - _RIGHT) / len(layers)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}"'
        f' height="{height:.0f}" font-family="sans-serif" font-size="11" fill="{_TEXT}">',
        f'<rect width="{_WIDTH}" height="{height:.0f}" fill="white"/>',
        f'<text x="{_LEFT}" y="24" font-size="16">{_safe(model)}: a buffer of {buffer_bytes:,} bytes</text>',
        f'<text x="{_LEFT}" y="42">each bar: a tensor (blue) or scratch memory (orange), from the layer that writes it'
        " to the last that reads it</text>",
    ]
    for count in range(0, buffer_bytes + 1, _spacing(buffer_bytes)):
        y = _y(count, buffer_bytes)
        out.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{count:,}</text>')
    for number, layer in enumerate(layers):
        x, y = _LEFT + (number + 0.5) * step, _TOP + _PLOT_HEIGHT + 14
        out.append(
            f'<text transform="translate({x:.1f} {y}) rotate(-45)" text-anchor="end">{_safe(_cut(layer, 28))}</text>'
        )
    for one in ranges:
        out.extend(_bar(one, step, buffer_bytes))
    return "\n".join([*out, "</svg>", ""])


def _bar(one: Placed, step: float, buffer_bytes: int) -> list[str]:
    x, width = _LEFT + one.first * step + 1, (one.last - one.first + 1) * step - 2
    top, bottom = _y(one.offset + one.size_bytes, buffer_bytes), _y(one.offset, buffer_bytes)
    tall = max(bottom - top - 1, 1.0)
    color = _SCRATCH if one.is_scratch else _TENSOR
    title = f"{_safe(one.name)}: {one.size_bytes:,} bytes from {one.offset:,} on"
    lines = [
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{max(width, 1):.1f}" height="{tall:.1f}" rx="2" fill="{color}">'
        f"<title>{title}</title></rect>"
    ]
    fits = int((width - 6) / _CHARACTER)
    label = _label(one, fits)
    if label and tall >= _LEAST_LABEL_HEIGHT:
        ink = "#000000" if one.is_scratch else "#ffffff"
        lines.append(
            f'<text x="{x + width / 2:.1f}" y="{(top + bottom) / 2 + 3.5:.1f}" text-anchor="middle" fill="{ink}"'
            f' pointer-events="none">{_safe(label)}</text>'
        )
    return lines


def _label(one: Placed, characters: int) -> str:
    """Name and bytes, or as much of that as there is room for."""
    for text in (f"{one.name}, {one.size_bytes:,}", f"{one.size_bytes:,}"):
        if len(text) <= characters:
            return text
    return ""


def _spacing(buffer_bytes: int) -> int:
    """Of the lines across: 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if buffer_bytes // step <= _MOST_LINES:
                return step
        power *= 10


def _y(count: int, buffer_bytes: int) -> float:
    return _TOP + _PLOT_HEIGHT * (1 - count / max(buffer_bytes, 1))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _safe(text: str) -> str:
    return escape(visible(text))
