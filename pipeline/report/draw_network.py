"""A network as a picture: before quantization above, after it below; each neuron with its weights where it is small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.network.network import Network
from pipeline.report.plots import DARK, GREY, LIGHT, new_figure, to_png, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_networks(networks: Sequence[Network], form: str) -> bytes:
    """PNG or SVG bytes, the same each time."""
    columns = max(len(network.neurons()) + 1 if network.neurons() else len(network.layers) for network in networks)
    small = [network.neurons() for network in networks]
    rows = max((len(layer.weights[0]) for layers in small for layer in layers), default=1)
    rows = max(rows, max((len(layers[0].weights) for layers in small if layers), default=1))
    figure = new_figure(max(6.0, 2.4 * columns), len(networks) * max(2.2, 0.9 + 0.85 * rows))
    for axes, network in zip(figure.subplots(len(networks), 1, squeeze=False)[:, 0], networks, strict=True):
        axes.set_axis_off()
        axes.set_title(f"{network.model}, {network.form}: {network.parameters:,} parameters")
        if network.neurons():
            _draw_neurons(axes, network, rows)
        else:
            _draw_layers(axes, network)
    return to_svg(figure) if form == "svg" else to_png(figure)


def _draw_layers(axes: Axes, network: Network) -> None:
    box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": DARK, "linewidth": 1.6}
    for index, layer in enumerate(network.layers):
        if index:
            axes.annotate("", (index, 0), (index - 1, 0), arrowprops={"arrowstyle": "->", "color": GREY}, zorder=0)
        axes.text(index, 0, layer.label, ha="center", va="center", fontsize=9, bbox=box)
    axes.set(xlim=(-0.6, len(network.layers) - 0.4), ylim=(-1, 1))


def _draw_neurons(axes: Axes, network: Network, rows: int) -> None:
    dense = network.neurons()
    counts = [len(dense[0].weights), *(len(layer.weights[0]) for layer in dense)]
    places = [[(float(x), (count - 1) / 2 - y) for y in range(count)] for x, count in enumerate(counts)]
    for depth, layer in enumerate(dense, 1):
        for start, row in enumerate(layer.weights):
            for end, weight in enumerate(row):
                (x0, y0), (x1, y1) = places[depth - 1][start], places[depth][end]
                axes.plot([x0, x1], [y0, y1], color=DARK if weight >= 0 else LIGHT, linewidth=1.2, zorder=0)
                # Labels sit near the end that has more room, so that those of crossing lines do not meet.
                near = 0.3 if len(layer.weights) >= len(row) else 0.7
                axes.text(
                    x0 + near * (x1 - x0), y0 + near * (y1 - y0), f"{weight:.3g}", ha="center", va="center", fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                )  # fmt: skip
    for depth, column in enumerate(places):
        for index, (x, y) in enumerate(column):
            if depth == 0:
                label = network.inputs[index] if len(network.inputs) == len(column) else f"in {index}"
            else:
                layer = dense[depth - 1]
                label = f"{layer.detail}\nbias {layer.biases[index] if layer.biases else 0:.3g}".strip()
            axes.text(
                x, y, label, ha="center", va="center", fontsize=8,
                bbox={"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": DARK},
            )  # fmt: skip
    axes.set(xlim=(-0.5, len(places) - 0.5), ylim=(-rows / 2 - 0.2, rows / 2 + 0.2))
