"""BATCH_MATMUL: both sides computed or one constant, transposed or not, with repeated leading axes."""

from __future__ import annotations

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused


def matmul(
    left: tuple[int, ...],
    right: tuple[int, ...],
    output: tuple[int, ...],
    *,
    adj_x: bool = False,
    adj_y: bool = False,
    given: tuple[float, int] = (0.05, -3),
    other: tuple[float, int] = (0.02, 7),
    wanted: tuple[float, int] = (0.1, 4),
    constant: str = "",
) -> Build:
    rng = np.random.default_rng(len(left) + left[-1])
    tensors = [
        T(shape, *scale, data=rng.integers(-128, 128, shape) if side == constant else None)
        for side, shape, scale in (("left", left, given), ("right", right, other))
    ]
    return one("BATCH_MATMUL", tensors, [T(output, *wanted)], version=4, adjX=adj_x, adjY=adj_y)


CASES = {
    "matrices": matmul((4, 5), (5, 3), (4, 3)),
    "odd_sizes": matmul((1, 7), (7, 1), (1, 1)),
    "left_transposed": matmul((5, 4), (5, 3), (4, 3), adj_x=True),
    "right_transposed": matmul((4, 5), (3, 5), (4, 3), adj_y=True),
    "both_transposed": matmul((5, 4), (3, 5), (4, 3), adj_x=True, adj_y=True),
    "batches": matmul((3, 4, 5), (3, 5, 2), (3, 4, 2)),
    "batches_transposed": matmul((3, 5, 4), (3, 2, 5), (3, 4, 2), adj_x=True, adj_y=True),
    "one_right_for_all": matmul((3, 4, 5), (1, 5, 2), (3, 4, 2)),
    "one_left_for_all": matmul((1, 4, 5), (3, 5, 2), (3, 4, 2)),
    "right_of_lower_rank": matmul((3, 4, 5), (5, 2), (3, 4, 2)),
    "left_of_lower_rank": matmul((4, 5), (3, 5, 2), (3, 4, 2)),
    "heads": matmul((2, 3, 4, 5), (2, 3, 5, 4), (2, 3, 4, 4)),
    "heads_repeated": matmul((2, 1, 4, 5), (1, 3, 5, 4), (2, 3, 4, 4)),
    "five_dimensions": matmul((2, 1, 2, 3, 4), (1, 3, 2, 4, 2), (2, 3, 2, 3, 2)),
    "constant_right": matmul((2, 4, 5), (2, 5, 3), (2, 4, 3), constant="right"),
    "constant_right_transposed": matmul((4, 5), (3, 5), (4, 3), adj_y=True, constant="right"),
    "constant_left": matmul((4, 5), (5, 3), (4, 3), constant="left"),
    "zero_points_at_the_ends": matmul((4, 5), (5, 3), (4, 3), given=(0.05, -128), other=(.02, 127), wanted=(1.0, -128)),
    "left_shift": matmul((4, 5), (5, 3), (4, 3), given=(1.0, 0), other=(1.0, 0), wanted=(0.01, 0)),
    "far_right_shift": matmul((4, 5), (5, 3), (4, 3), given=(1e-5, 0), other=(1e-4, 0)),
    "deep": matmul((2, 300), (300, 2), (2, 2), wanted=(2.0, 4)),
}  # fmt: skip
test_exact = exact(CASES)

NO = " is unsupported; supported: "
REFUSED = {
    "inner_size": (
        matmul((4, 5), (4, 3), (4, 3)),
        f"batch_matmul (op 0): a product of 4x5 by 4x3{NO}equal inner sizes.",
    ),
    "leading_axes": (
        matmul((2, 4, 5), (3, 5, 2), (3, 4, 2)),
        f"batch_matmul (op 0): leading axes of [2, 4, 5] and [3, 5, 2]{NO}equal sizes, or 1.",
    ),
    "output_shape": (matmul((4, 5), (5, 3), (3, 4)), f"batch_matmul (op 0): an output of shape [3, 4]{NO}[4, 3]."),
    "one_dimension": (
        matmul((5,), (5, 3), (3,)),
        f"batch_matmul (op 0): a left input of shape [5]{NO}2 to 5 dimensions.",
    ),
}
test_refused = refused(REFUSED)


def draw(builder: Builder, source: Known) -> Known | None:
    if len(source.shape) < 2 or len(source.shape) > 4:
        return None
    rng, depth, columns = builder.rng, source.shape[-1], int(builder.rng.integers(1, 5))
    scale, zero_point = builder.scale(0.02), builder.zero_point()
    right = builder.writer.tensor((depth, columns), scale, zero_point, data=rng.integers(-128, 128, (depth, columns)))
    shape = (*source.shape[:-1], columns)
    output = builder.tensor(shape, builder.scale(source.scale * scale * 60 * depth**0.5), builder.zero_point())
    builder.writer.operation("BATCH_MATMUL", [source.index, right], [output.index], version=4)
    return output
