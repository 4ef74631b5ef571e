"""AVERAGE_POOL_2D and MAX_POOL_2D: edges of geometry, rounding, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.compiler.kernels import average_pool_2d_lanes_s8
from tinyml_pipeline.compiler.ops import average_pool_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.networks import ACTIVATIONS, Builder, Known
from tests.ops.check import Build, T, exact, model_of, one, refused
from tests.ops.convolutions import as_image, places


def pool(
    name: str,
    image: tuple[int, int, int] = (5, 6, 3),
    filter_size: tuple[int, int] = (2, 2),
    stride: tuple[int, int] | None = None,
    *,
    same: bool = False,
    batches: int = 1,
    given: tuple[float, int] = (0.1, -3),
    wanted: tuple[float, int] | None = None,
    output_size: tuple[int, int] | None = None,
    activation: str = "NONE",
) -> Build:
    step = stride or filter_size
    size = output_size or tuple(places(image[i], filter_size[i], step[i], 1, same=same) for i in (0, 1))
    return one(
        f"{name}_POOL_2D", [T((batches, *image), *given)], [T((batches, *size, image[2]), *(wanted or given))],
        version=2, padding=0 if same else 1, strideH=step[0], strideW=step[1], filterHeight=filter_size[0],
        filterWidth=filter_size[1], activation=activation,
    )  # fmt: skip


def cases(name: str) -> dict[str, Build]:
    return {
        "2x2": pool(name),
        "same_padding": pool(name, filter_size=(3, 3), same=True),
        "same_padding_stride_1": pool(name, filter_size=(3, 2), stride=(1, 1), same=True),
        "overlapping": pool(name, (7, 7, 2), (3, 3), (2, 2)),
        "stride_larger_than_filter": pool(name, (7, 7, 2), (2, 2), (3, 3)),
        "four_channels": pool(name, (5, 6, 4), (3, 2), (2, 1), same=True),
        "twelve_channels": pool(name, (4, 4, 12), batches=2, activation="RELU"),
        "as_many_pixels_as_16_bits_hold": pool(name, (15, 17, 4), (15, 17)),
        "more_pixels_than_16_bits_hold": pool(name, (16, 16, 4), (16, 16)),
        "one_by_one": pool(name, filter_size=(1, 1), stride=(2, 1)),
        "whole_image": pool(name, (4, 5, 7), (4, 5)),
        "whole_image_of_one_pixel": pool(name, (1, 1, 7), (1, 1)),
        "filter_larger_than_image_same": pool(name, (2, 3, 2), (5, 5), (1, 1), same=True),
        "one_row_as_of_pool_1d": pool(name, (1, 12, 3), (1, 2)),
        "one_channel": pool(name, (6, 6, 1)),
        "batches": pool(name, batches=3),
        "zero_point_at_the_low_end": pool(name, given=(0.1, -128)),
        "zero_point_at_the_high_end": pool(name, given=(0.1, 127)),
        "every_sum_of_two": pool(name, (1, 2, 1), (1, 2)),
        "scales_that_tflm_takes_as_equal": pool(name, wanted=(0.1000005, -3)),
        **{kind: pool(name, activation=kind, given=(0.04, 10)) for kind in ACTIVATIONS},
    }


ENDS = np.array([-128, -127, -2, -1, 0, 1, 2, 126, 127], np.int8)
PAIRS = np.array([(a, b) for a in ENDS for b in range(-128, 128)], np.int8).reshape(-1, 1, 1, 2, 1)
test_exact_average = exact(cases("AVERAGE"), {"every_sum_of_two": [PAIRS]})
test_exact_max = exact(cases("MAX"))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ((15, 17, 4), None),
        ((16, 16, 4), "windows of 256 pixels; at most 255"),
        ((4, 4, 6), "6 channels; only multiples of 4"),
    ],
)
def test_sums_fit_16_bits(image: tuple[int, int, int], reason: str | None) -> None:
    graph = read_tflite(model_of(pool("AVERAGE", image, image[:2])))
    op = average_pool_2d.read(OpContext(graph, graph.operations[0]))
    assert average_pool_2d_lanes_s8.KERNEL.refuses(op, find_target("cortex-m4")) == reason


NO = " is unsupported; supported: "
REFUSED = {
    "scale": (
        pool("AVERAGE", wanted=(0.2, -3)),
        f"average_pool_2d (op 0): an output of scale 0.2 and zero point -3{NO}the input's scale 0.1 and zero point -3.",
    ),
    "zero_point": (
        pool("MAX", wanted=(0.1, 0)),
        f"max_pool_2d (op 0): an output of scale 0.1 and zero point 0{NO}the input's scale 0.1 and zero point -3.",
    ),
    "output_size": (
        pool("MAX", output_size=(2, 2)),
        f"max_pool_2d (op 0): an output of shape [1, 2, 2, 3]{NO}(1, 2, 3, channels).",
    ),
    "padding_of_17_bits": (
        pool("AVERAGE", filter_size=(1, 65542), stride=(1, 1), same=True),
        f"average_pool_2d (op 0): a padding of 0x32770{NO}up to 32767, as TFLM's kernel has it in 16 bits.",
    ),
    "no_filter": (
        pool("MAX", filter_size=(0, 1), stride=(1, 1), output_size=(1, 1)),
        f"max_pool_2d (op 0): a filter of 0x1{NO}sizes from 1 on.",
    ),
}
test_refused = refused(REFUSED)


def _draw(builder: Builder, source: Known, name: str) -> Known:
    image, rng = as_image(builder, source), builder.rng
    _, height, width, depth = image.shape
    size, stride = tuple(rng.integers(1, 4, 2).tolist()), tuple(rng.integers(1, 4, 2).tolist())
    shape = (1, -(-height // stride[0]), -(-width // stride[1]), depth)
    output = builder.tensor(shape, image.scale, image.zero_point)
    builder.writer.operation(
        f"{name}_POOL_2D", [image.index], [output.index], version=2, padding=0, strideH=stride[0], strideW=stride[1],
        filterHeight=size[0], filterWidth=size[1],
    )  # fmt: skip
    return output


draws = {
    "average_pool_2d": lambda builder, source: _draw(builder, source, "AVERAGE"),
    "max_pool_2d": lambda builder, source: _draw(builder, source, "MAX"),
}
