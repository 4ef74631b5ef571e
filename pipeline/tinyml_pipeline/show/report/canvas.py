"""A picture laid out in inches from its upper left corner: boxes with text, and arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyml_pipeline.show.report.plots import DARK, new_figure, to_png, to_svg
from tinyml_pipeline.visible_text import visible

NORMAL, SMALL, LARGE = 12.0, 11.0, 16.0
LINE = 0.22
_TINT = "#e3eaf4"

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]
"""Left, top, width, height."""


class Canvas:
    """What is drawn first lies below; every box and arrow has a name, which the SVG keeps as its id."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._figure = new_figure(width, height)
        self._figure.set_layout_engine("none")
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set(xlim=(0, width), ylim=(height, 0))

    def title(self, text: str, foot: str = "") -> None:
        self.text(self.width / 2, 0.4, [text], size=LARGE)
        if foot:
            lines = foot.split("\n")
            self.text(self.width / 2, self.height - 0.15 - LINE * len(lines) / 2, lines, size=SMALL)

    def text(self, x: float, y: float, lines: Sequence[str], *, size: float = NORMAL, bold: bool = False) -> None:
        """Around a point; `bold` the first line only."""
        for place, line in enumerate(lines):
            weight = "bold" if bold and place == 0 else "normal"
            height = y + LINE * (place - (len(lines) - 1) / 2)
            self._axes.text(x, height, _plain(line), ha="center", va="center", fontsize=size, fontweight=weight)

    def label(self, name: str, at: Point, text: str) -> None:
        """A line of small text around a point, which hides what lies below it."""
        back = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        self._axes.text(*at, _plain(text), ha="center", va="center", fontsize=SMALL, bbox=back, gid=name)

    def box(self, name: str, rectangle: Rectangle, lines: Sequence[str], *, bold: bool = True, filled: bool) -> None:
        from matplotlib.patches import FancyBboxPatch

        left, top, width, height = rectangle
        patch = FancyBboxPatch(
            (left, top), width, height, boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=_TINT if filled else "white", edgecolor=DARK, linewidth=1.6, gid=name,
        )  # fmt: skip
        self._axes.add_patch(patch)
        self.text(left + width / 2, top + height / 2, lines, bold=bold)

    def arrow(self, name: str, points: Sequence[Point], *, dashed: bool = False) -> None:
        """Along the points, with its head at the last one."""
        from matplotlib.patches import FancyArrowPatch
        from matplotlib.path import Path

        style: Any = {"arrowstyle": "-|>,head_length=7,head_width=3.5", "shrinkA": 0, "shrinkB": 0}
        patch = FancyArrowPatch(
            path=Path(list(points)), color=DARK, linewidth=1.5, gid=name,
            linestyle=(0, (4, 2.5)) if dashed else "-", **style,
        )  # fmt: skip
        self._axes.add_patch(patch)

    def svg(self) -> bytes:
        return to_svg(self._figure)

    def png(self) -> bytes:
        return to_png(self._figure)


def text_width(text: str, size: float = NORMAL, *, bold: bool = False) -> float:
    """In inches, of the widest line."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    lines = [_plain(line) for line in text.split("\n") if line]
    return max((TextPath((0, 0), line, size=size, prop=font).get_extents().width / 72 for line in lines), default=0.0)


def _plain(text: str) -> str:
    """Without a meaning for formulas, which a dollar begins, and without characters that XML does not have."""
    return visible(text).replace("$", r"\$")
