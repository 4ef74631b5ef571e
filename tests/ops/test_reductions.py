"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN: any axes, kept or not, scales, and what is refused."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused

GIVEN = (0.1, -3)


def reduction(
    name: str,
    shape: tuple[int, ...],
    axes: Sequence[int],
    *,
    keep: bool = False,
    given: tuple[float, int] = GIVEN,
    wanted: tuple[float, int] | None = None,
    output_shape: tuple[int, ...] | None = None,
    axes_type: str = "INT32",
) -> Build:
    reduced = {axis % len(shape) for axis in axes if -len(shape) <= axis < len(shape)}
    kept = tuple(1 if i in reduced else size for i, size in enumerate(shape) if keep or i not in reduced)
    output = T(kept if output_shape is None else output_shape, *(wanted or given))
    return one(name, [T(shape, *given), T((len(axes),), type=axes_type, data=axes)], [output], version=2, keepDims=keep)


def cases(name: str, wanted: tuple[float, int] | None = None) -> dict[str, Build]:
    common: dict[str, Any] = {"wanted": wanted}
    found = {
        f"axes_{''.join(map(str, axes))}_of_4": reduction(name, (2, 3, 4, 5), axes, **common)
        for count in range(1, 5)
        for axes in itertools.combinations(range(4), count)
    }
    return found | {
        "kept": reduction(name, (2, 3, 4, 5), (1, 2), keep=True, **common),
        "kept_every_other": reduction(name, (2, 3, 4, 5), (1, 3), keep=True, **common),
        "negative_and_doubled": reduction(name, (2, 3, 4), (-1, 2, -3), **common),
        "order_does_not_matter": reduction(name, (2, 3, 4), (2, 0), **common),
        "one_axis": reduction(name, (9,), (0,), **common),
        "one_axis_kept": reduction(name, (9,), (0,), keep=True, **common),
        "five_dimensions": reduction(name, (2, 3, 2, 3, 2), (1, 3), **common),
        "five_dimensions_ends": reduction(name, (2, 3, 2, 3, 2), (0, 2, 4), **common),
        "axes_of_size_1": reduction(name, (1, 5, 1, 3), (0, 2), **common),
        "global_pool": reduction(name, (1, 7, 7, 16), (1, 2), **common),
    }


SCALES = {
    "same_scale": {},
    "finer_output": {"wanted": (0.01, 5)},
    "coarser_output": {"wanted": (3.0, 5)},
    "low_zero_points": {"given": (0.1, -128), "wanted": (0.1, -128)},
    "high_zero_points": {"given": (0.1, 127), "wanted": (0.1, 127)},
    "left_shift": {"wanted": (1e-4, 0)},
    "far_right_shift": {"given": (1e-6, 3), "wanted": (1.0, -9)},
    "far_left_shift": {"given": (1.0, 3), "wanted": (1e-6, -9)},
}


def with_scales(name: str) -> dict[str, Build]:
    return {
        **{case: reduction(name, (3, 5, 7), (1,), **rest) for case, rest in SCALES.items()},  # type: ignore[arg-type]
        **{f"{case}_of_8": reduction(name, (8, 5), (0,), **rest) for case, rest in SCALES.items()},  # type: ignore[arg-type]
        "many_values": reduction(name, (4096, 2), (0,), wanted=(0.05, 2)),
    }


test_exact_mean = exact(cases("MEAN", (0.07, 6)) | with_scales("MEAN"))
test_exact_sum = exact(cases("SUM", (0.9, 6)) | with_scales("SUM"))
test_exact_max = exact(cases("REDUCE_MAX"))
test_exact_min = exact(cases("REDUCE_MIN"))

NO = " is unsupported; supported: "
REFUSED = {
    "scale": (
        reduction("REDUCE_MAX", (2, 3), (1,), wanted=(0.2, -3)),
        f"reduce_max (op 0): an output of scale 0.2 and zero point -3{NO}the input's scale 0.1 and zero point -3.",
    ),
    "axis": (reduction("MEAN", (2, 3), (2,)), f"mean (op 0): axes [2] of 2 dimensions{NO}-2 to 1."),
    "output_shape": (
        reduction("SUM", (2, 3), (1,), output_shape=(3,)),
        f"sum (op 0): an output of shape [3]{NO}[2].",
    ),
    "axes_type": (
        reduction("REDUCE_MIN", (2, 3), (1,), axes_type="INT64"),
        f"reduce_min (op 0): axes of type INT64{NO}constant INT32 axes.",
    ),
    "axes": (
        reduction("MEAN", (2, 3, 2, 3, 2, 3), (0, 2, 4)),
        f"mean (op 0): a reduction of every other axis of 6{NO}up to 5 dimensions, or neighbours.",
    ),
}
test_refused = refused(REFUSED)


def _draw(builder: Builder, source: Known, name: str) -> Known | None:
    rank = len(source.shape)
    axes = [axis for axis in range(rank) if builder.rng.random() < 0.5]
    if not axes or rank > 4:
        return None
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    count = source.size // math.prod(shape)
    same = name.startswith("REDUCE")
    around = source.scale * (count**0.5 if name == "SUM" else 1)
    scale, zero_point = (source.scale, source.zero_point) if same else (builder.scale(around), builder.zero_point())
    output = builder.tensor(shape, scale, zero_point)
    named = builder.writer.tensor((len(axes),), type="INT32", data=axes)
    builder.writer.operation(name, [source.index, named], [output.index], version=2, keepDims=True)
    return output


draws = {
    "mean": lambda builder, source: _draw(builder, source, "MEAN"),
    "sum": lambda builder, source: _draw(builder, source, "SUM"),
    "reduce_max": lambda builder, source: _draw(builder, source, "REDUCE_MAX"),
    "reduce_min": lambda builder, source: _draw(builder, source, "REDUCE_MIN"),
}
