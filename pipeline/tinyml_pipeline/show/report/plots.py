"""Pictures of training and parity as PNG bytes: the same input gives the same bytes. Colours differ in grey too."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tinyml_pipeline.models.spec import Domain

FloatArray = npt.NDArray[np.float64]
_SHOWN_HALF = 16
"""The font size of pictures that are looked at beside a text, at half their size."""
DARK, LIGHT, GREY = "#1b3a6b", "#e08a1e", "#8a8a8a"
_STYLE = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "figure.dpi": 100,
    "savefig.dpi": 100,
}


def draw_loss(model: str, loss: str, history: Mapping[str, Sequence[float]]) -> bytes:
    """The loss over the epochs, and below it a panel for each metric; validation dashed.

    `history` holds Keras' columns: 'loss', 'accuracy' ..., and each again with 'val_' for validation.
    """
    from matplotlib.ticker import MaxNLocator

    panels = [name for name in history if not name.startswith("val_") and name != "epoch"]
    figure = new_figure(8, 1.6 + 3.2 * len(panels), _SHOWN_HALF)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for place, name in zip(axes, panels, strict=True):
        _draw_column(place, history[name], history.get(f"val_{name}"))
        place.set_ylabel(_words(loss if name == "loss" else name))
        if "accuracy" in name:
            place.set_ylim(0, 1.02)
        values = [*history[name], *history.get(f"val_{name}", ())]
        if "loss" in name and 0 < 10 * min(values) < max(values):
            place.set_yscale("log")
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    if len(axes[0].lines) > 1:
        axes[0].legend()
    figure.suptitle(f"{model}: {' and '.join(map(_words, panels))} by epoch")
    return to_png(figure)


def _draw_column(place: Axes, training: Sequence[float], validation: Sequence[float] | None) -> None:
    point = "o" if len(training) == 1 else None  # one epoch makes no line
    epochs = range(1, len(training) + 1)
    if validation is not None:
        place.plot(epochs, validation, color=LIGHT, linestyle="--", marker=point, linewidth=3, label="validation")
    place.plot(epochs, training, color=DARK, marker=point, linewidth=2.2, label="training")


def _words(name: str) -> str:
    """'mean squared error' for 'mean_squared_error'."""
    return name.replace("_", " ")


def draw_learning_rate(model: str, updates: npt.NDArray[np.int64], rates: FloatArray) -> bytes:
    """The rate that each update takes."""
    figure = new_figure(8, 4.8, _SHOWN_HALF)
    axes = figure.subplots()
    axes.plot(updates, rates, color=DARK, linewidth=2.5)
    axes.set(title=f"{model}: learning rate by update", xlabel="update", ylabel="learning rate")
    axes.set_ylim(0, 1.1 * float(rates.max()))
    return to_png(figure)


def draw_range_test(model: str, rates: Sequence[float], losses: Sequence[float], turn: float, found: float) -> bytes:
    """The smoothed loss while the rate grows; the turn dashed, the rate to take drawn through."""
    figure = new_figure(8, 4.8, _SHOWN_HALF)
    axes = figure.subplots()
    axes.plot(rates, losses, color=DARK, linewidth=2.5)
    axes.axvline(found, color=LIGHT, linewidth=3, label=f"take this: {found:g}")
    axes.axvline(turn, color=GREY, linestyle="--", linewidth=3, label=f"the turn: {turn:.2g}")
    axes.set(title=f"{model}: loss while the rate grows", xlabel="learning rate", ylabel="loss, smoothed", xscale="log")
    if min(losses) > 0:
        axes.set_yscale("log")
    axes.legend()
    return to_png(figure)


def draw_parity(
    title: str,
    inputs: Sequence[Domain],
    values: FloatArray,
    expected: FloatArray,
    actual: FloatArray,
    tolerance: float,
    output: str,
) -> bytes:
    """Keras and int8 over the domain, with the error below.

    `values` (vectors, inputs), `expected` and `actual` (vectors,) are in real units. One input gives curves, two give
    maps of the whole domain where `values` is a full grid, more give int8 over Keras.
    """
    error = actual - expected
    if values.shape[1] == 1:
        figure = _draw_curves(inputs[0], values[:, 0], expected, actual, output)
        _draw_error(figure.axes[1], _axis_label(inputs[0]), values[:, 0], error, tolerance)
    elif values.shape[1] == 2 and len(values) == len(np.unique(values[:, 0])) * len(np.unique(values[:, 1])):
        figure = _draw_maps(inputs, values, expected, actual, error, tolerance, output)
    else:
        figure = _draw_curves(None, expected, expected, actual, f"{output} by int8")
        _draw_error(figure.axes[1], f"{output} by Keras", expected, error, tolerance)
    figure.suptitle(title)
    return to_png(figure)


def draw_costs(costs: Sequence[Mapping[str, Any]]) -> bytes:
    """Flash and count of each model where peers were measured: ours dark, theirs light, on logarithmic scales."""
    peers = {(cost["model"], cost["core"]) for cost in costs if not cost["ours"]}
    shown = [cost for cost in costs if (cost["model"], cost["core"]) in peers] or list(costs)
    labels = [f"{cost['model']}, {cost['core']}: {cost['what']}" for cost in shown]
    colors = [DARK if cost["ours"] else LIGHT for cost in shown]
    figure = new_figure(14, 1.6 + 0.42 * max(len(shown), 3))
    axes = figure.subplots(1, 2, sharey=True)
    counted = shown[0]["unit"] if shown else "instructions"
    for place, key, name in ((axes[0], "flash_bytes", "flash, bytes"), (axes[1], "count", f"{counted} an inference")):
        bars = place.barh(range(len(shown)), [cost[key] for cost in shown], color=colors)
        place.bar_label(bars, [f"{cost[key]:,}" for cost in shown], padding=4, fontsize=10)
        place.set(xscale="log", xlabel=name)
        place.margins(x=0.25)
        place.grid(axis="y", visible=False)
    axes[0].set_yticks(range(len(shown)), labels)
    axes[0].invert_yaxis()
    figure.suptitle("Whole firmware: dark is this program, light what others need", fontsize=14)
    return to_png(figure)


def draw_speed(costs: Sequence[Mapping[str, Any]]) -> bytes:
    """Of each model that peers ran on the same core: instructions on the left, cycles on the right, ours dark.

    `costs` are rows of `tinyml bench`. Each model has scales of its own.
    """
    shown = [cost for cost in costs if cost["what"] != "tinyml, for size" and not _is_reference(cost)]
    compared = {(cost["model"], cost["core"]) for cost in costs if cost["cycles_are"] == "published"}
    groups = [
        [cost for cost in shown if (cost["model"], cost["core"]) == pair]
        for pair in dict.fromkeys((cost["model"], cost["core"]) for cost in costs)
        if pair in compared
    ]
    figure = new_figure(14, 1.2 + 1.7 * len(groups))
    places = figure.subplots(len(groups), 2, squeeze=False)
    for (left, right), group in zip(places, groups, strict=True):
        _draw_bars(left, [cost for cost in group if cost["count"]], "count")
        _draw_bars(right, [cost for cost in group if cost["cycles"]], "cycles")
        left.set_title(f"{group[0]['model']} on {group[0]['core']}: instructions", loc="left")
        right.set_title("cycles", loc="left")
    figure.supxlabel(
        "estimated: at zero wait states; published: measured times, with the flash's wait states", fontsize=12
    )
    return to_png(figure)


def _is_reference(cost: Mapping[str, Any]) -> bool:
    """TFLM's own kernels, which would make all other bars short."""
    return str(cost["what"]).startswith("TFLM reference")


def _draw_bars(place: Axes, costs: Sequence[Mapping[str, Any]], key: str) -> None:
    colors = [DARK if cost["ours"] else LIGHT for cost in costs]
    bars = place.barh(range(len(costs)), [cost[key] for cost in costs], color=colors)
    words = {"estimated": " (estimated)", "published": " (published)"} if key == "cycles" else {}
    place.bar_label(bars, [f"{cost[key]:,}{words.get(cost['cycles_are'], '')}" for cost in costs], padding=4)
    place.set_yticks(range(len(costs)), [cost["what"] for cost in costs])
    place.invert_yaxis()
    place.margins(x=0.5)
    place.locator_params(axis="x", nbins=5)
    place.grid(axis="y", visible=False)
    place.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g} M")


def _draw_curves(domain: Domain | None, x: FloatArray, expected: FloatArray, actual: FloatArray, output: str) -> Figure:
    figure = new_figure(8, 7, _SHOWN_HALF)
    upper, _ = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    order = np.argsort(x, kind="stable")
    upper.plot(x[order], expected[order], color=LIGHT, linewidth=5, alpha=0.8, label="Keras")
    if domain is None:
        upper.plot(x, actual, ".", color=DARK, markersize=3, label="int8")
    else:
        upper.step(x[order], actual[order], where="mid", color=DARK, linewidth=1.5, label="int8")
    upper.set_ylabel(output)
    upper.legend()
    return figure


def _draw_error(axes: Axes, label: str, x: FloatArray, error: FloatArray, tolerance: float) -> None:
    axes.axhspan(-tolerance, tolerance, color=GREY, alpha=0.15, label=f"tolerance ±{tolerance:g}")
    axes.plot(x, error, ".", color=DARK, markersize=3, label="int8 - Keras")
    axes.set(xlabel=label, ylabel="error", ylim=_error_limits(error, tolerance))
    axes.legend(loc="upper right", ncols=2, fontsize=13)


def _draw_maps(
    inputs: Sequence[Domain],
    values: FloatArray,
    expected: FloatArray,
    actual: FloatArray,
    error: FloatArray,
    tolerance: float,
    output: str,
) -> Figure:
    figure = new_figure(11, 9.5, _SHOWN_HALF)
    axes = figure.subplots(2, 2)
    xs, ys = np.unique(values[:, 0]), np.unique(values[:, 1])
    order = np.lexsort((values[:, 0], values[:, 1]))
    extent = (xs[0], xs[-1], ys[0], ys[-1])
    low, high = min(expected.min(), actual.min()), max(expected.max(), actual.max())

    def show(place: Axes, name: str, numbers: FloatArray, **style: Any) -> None:
        image = place.imshow(
            numbers[order].reshape(len(ys), len(xs)), origin="lower", extent=extent, aspect="auto", **style
        )
        place.grid(False)
        place.set(title=name, xlabel=_axis_label(inputs[0]), ylabel=_axis_label(inputs[-1]))
        figure.colorbar(image, ax=place)

    show(axes[0, 0], f"{output} by Keras", expected, vmin=low, vmax=high, cmap="viridis")
    show(axes[0, 1], f"{output} by int8", actual, vmin=low, vmax=high, cmap="viridis")
    worst = float(np.abs(error).max()) or 1.0
    show(axes[1, 0], "error, int8 - Keras", error, vmin=-worst, vmax=worst, cmap="cividis")
    histogram = axes[1, 1]
    histogram.hist(error, bins=41, color=DARK)
    for edge in (-tolerance, tolerance):
        histogram.axvline(edge, color=LIGHT, linestyle="--", linewidth=2)
    histogram.set(title=f"dashed: tolerance ±{tolerance:g}", xlabel="int8 - Keras", ylabel="inputs")
    return figure


def _axis_label(domain: Domain) -> str:
    return f"{domain.name} [{domain.unit}]" if domain.unit else domain.name


def _error_limits(error: FloatArray, tolerance: float) -> tuple[float, float]:
    reach = 1.6 * max(tolerance, float(np.abs(error).max()))
    return -reach, reach


def new_figure(width: float, height: float, font_size: float = 12) -> Figure:
    """An empty picture in the program's style, in inches of 100 pixels; settings of the user do not count."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update(mpl.rcParamsDefault)
    mpl.rcParams.update(cast(Any, {**_STYLE, "font.size": font_size, "axes.titlesize": font_size + 1}))
    return Figure(figsize=(width, height), layout="constrained")


def to_png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Figure) -> bytes:
    """The same bytes for the same picture: no date, and no random names of its parts."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context(cast(Any, {"svg.hashsalt": "tinyml"})):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
