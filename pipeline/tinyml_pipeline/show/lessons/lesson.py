"""What a lesson is: a picture, a table and three sentences, the same at every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SLIDE = (12.8, 7.2, 17)
"""Width and height of a picture in inches of 100 pixels, and its font size: legible at half its size."""

EDGE = 0.1
"""Inches around each panel, and from the title to the edge."""


@dataclass(frozen=True)
class Sheet:
    """What a lesson found out: a table, three sentences that say what to see, and a function that draws."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, str, str]
    draw: Callable[[], Figure]


def slide(title: str) -> Figure:
    """An empty picture with its title, everything clear of its edges."""
    from tinyml_pipeline.show.report.plots import new_figure

    figure = new_figure(*SLIDE)
    figure.set_layout_engine("constrained", h_pad=EDGE, w_pad=EDGE)
    figure.suptitle(title)
    return figure


@dataclass(frozen=True)
class Lesson:
    """One idea: `summary` is one line for the list, `run` does the arithmetic (seconds at most)."""

    name: str
    summary: str
    run: Callable[[], Sheet]
