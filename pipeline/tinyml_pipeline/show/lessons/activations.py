"""sigmoid, tanh, relu and softmax: in float, as the chip computes them in int8, and how many steps lie between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler import fixed_point, gemmlowp
from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
STEPS = np.arange(-128, 128)
INPUT_SCALE = 1 / 16
X = STEPS * INPUT_SCALE
OTHER = 16
"""softmax shares 1 among values; beside x stand 1 and -1, which are 16 input steps up and down."""
HEADINGS = ("activation", "at -2", "at 0", "at 2", "output step", "worst", "mean")


@dataclass(frozen=True)
class Function:
    """One activation over all 256 inputs: exact, and the real numbers that int8 outputs stand for."""

    name: str
    exact: Array
    int8: Array
    scale: float

    @property
    def difference(self) -> Array:
        """int8 - float, in output steps."""
        return np.asarray((self.int8 - self.exact) / self.scale)


def functions() -> list[Function]:
    """The four, with TFLM's arithmetic; inputs in steps of 1/16 from -8 to 7.9375."""
    relu_scale = float(X[-1]) / 255
    multiplier, shift = fixed_point.quantize_multiplier(INPUT_SCALE / relu_scale)
    times = fixed_point.multiply_by_quantized_multiplier
    # 4 integer bits leave 27 for the fraction, so that a step of 1/16 is 2^23.
    logistic = [_stored(gemmlowp.logistic(int(q) << 23, 4), 8, -128) for q in STEPS]
    tanh = [_stored(gemmlowp.tanh(int(q) << 23, 4), 7, 0) for q in STEPS]
    relu = [_clamp(times(max(int(q), 0), multiplier, shift) - 128) for q in STEPS]
    softmax = [_softmax((int(q), OTHER, -OTHER)) for q in STEPS]
    exact_softmax = np.exp(X) / (np.exp(X) + np.exp(1) + np.exp(-1))
    return [
        Function("sigmoid", 1 / (1 + np.exp(-X)), (np.array(logistic) + 128) / 256, 1 / 256),
        Function("tanh", np.tanh(X), np.array(tanh) / 128, 1 / 128),
        Function("relu", np.maximum(X, 0), (np.array(relu) + 128) * relu_scale, relu_scale),
        Function("softmax", exact_softmax, (np.array(softmax) + 128) / 256, 1 / 256),
    ]


def run() -> Sheet:
    found = functions()
    rows = []
    for function in found:
        at = [f"{function.exact[16 * x == STEPS][0]:.4f}" for x in (-2, 0, 2)]
        worst = np.abs(function.difference).max()
        rows.append((function.name, *at, f"{function.scale:.5f}", f"{worst:.2f} steps",
                     f"{np.abs(function.difference).mean():.2f} steps"))  # fmt: skip
    sentences = (
        "sigmoid squeezes every number into 0 to 1, tanh into -1 to 1, relu cuts off what is below 0, and softmax "
        "shares 1 among values (here x beside 1 and -1).",
        "In int8 there are 256 inputs, here every 1/16 from -8 to 7.9375, and 256 outputs; an answer can only be one "
        "of them, which costs up to half a step.",
        "The largest difference is at the upper end: 1 itself has no step (the highest is 255/256, or 127/128 "
        "for tanh), "
        f"so there up to {max(np.abs(f.difference).max() for f in found):.2f} steps are lost.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw(found))


def _draw(found: list[Function]) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, LIGHT

    figure = slide("Activations: float, int8 as on the chip, and the difference in output steps")
    axes = figure.subplots(2, 4, sharex=True, height_ratios=[1.5, 1])
    for column, function in enumerate(found):
        upper, lower = axes[0, column], axes[1, column]
        upper.plot(X, function.exact, color=LIGHT, linewidth=6, label="float")
        upper.step(X, function.int8, where="mid", color=DARK, linewidth=1.8, label="int8")
        upper.set_title(function.name)
        lower.plot(X, function.difference, ".", color=DARK, markersize=5)
        lower.set(xlabel="x", ylim=(-1.1, 1.1), xticks=(-8, 0, 8))
    axes[0, 0].set_ylabel("output")
    axes[0, 0].legend(fontsize=15)
    axes[1, 0].set_ylabel("int8 - float [steps]")
    return figure


def _softmax(row: tuple[int, ...]) -> int:
    """The first of TFLM's int8 softmax over stored inputs of scale 1/16 (tensorflow/.../reference/softmax.h)."""
    top = max(row)
    # 5 integer bits leave 26 for the fraction, so that a step of 1/16 is 2^22.
    exps = [gemmlowp.exp_of_negative((q - top) << 22, 5) for q in row]
    total = sum(fixed_point.rounding_divide_by_power_of_two(e, 12) for e in exps)
    headroom = 32 - total.bit_length()
    scale = gemmlowp.one_over_one_plus((total << headroom) - 2**31)
    product = fixed_point.doubling_high_multiply(scale, exps[0])
    return _stored(product, 8 - (12 - headroom), -128)


def _stored(value: int, output_bits: int, zero_point: int) -> int:
    """A fraction of 2^31 as int8 in steps of 2^-output_bits."""
    return _clamp(fixed_point.rounding_divide_by_power_of_two(value, 31 - output_bits) + zero_point)


def _clamp(value: int) -> int:
    return min(max(value, -128), 127)


LESSON = Lesson("activations", "sigmoid, tanh, relu, softmax: in float and in the chip's int8", run)
