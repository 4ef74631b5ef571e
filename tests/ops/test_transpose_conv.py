"""TRANSPOSE_CONV: edges of geometry, scales and zero points, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.networks import ACTIVATIONS, Builder, Known
from tests.ops.check import Build, exact, refused
from tests.ops.convolutions import as_image, places
from tests.tflite_writer import Writer, activation_code


def transposed(
    size: tuple[int, int] = (7, 6),
    depth: int = 3,
    channels: int = 4,
    filter_size: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (2, 2),
    *,
    same: bool = True,
    batches: int = 1,
    given: tuple[float, int] = (0.05, -3),
    wanted: tuple[float, int] = (0.3, 4),
    weight_scale: float | Sequence[float] | None = None,
    weights: npt.ArrayLike | None = None,
    weight_type: str = "INT8",
    bias: npt.ArrayLike | str | None = "random",
    activation: str = "NONE",
    input_size: tuple[int, int] | None = None,
    source: int | None = None,
) -> Build:
    """`size` is the output's; per channel if no scale is given."""

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        rng = np.random.default_rng(channels + 10 * size[0])
        small = input_size or tuple(places(size[i], filter_size[i], stride[i], 1, same=same) for i in (0, 1))
        read = writer.tensor((batches, *small, depth), *given) if source is None else source
        shape = (channels, *filter_size, depth)
        values = rng.integers(-127, 128, shape) if weights is None else np.broadcast_to(weights, shape)
        scales = np.linspace(0.002, 0.02, channels).tolist() if weight_scale is None else weight_scale
        inputs = [
            writer.tensor((4,), type="INT32", data=(batches, *size, channels)),
            writer.tensor(shape, scales, data=values, type=weight_type),
            read,
        ]
        own = rng.integers(-5000, 5001, channels) if isinstance(bias, str) else bias
        if own is not None:
            inputs.append(writer.tensor(np.shape(own), type="INT32", data=own))
        output = writer.tensor((batches, *size, channels), *wanted)
        writer.operation(
            "TRANSPOSE_CONV", inputs, [output], version=3, padding=0 if same else 1, strideH=stride[0],
            strideW=stride[1], fusedActivationFunction=activation_code(activation),
        )  # fmt: skip
        return [read], [output]

    return build


CASES = {
    "stride_2": transposed(),
    "stride_1": transposed(stride=(1, 1)),
    "stride_2_valid": transposed(same=False),
    "stride_3_of_2x2_leaves_gaps": transposed(filter_size=(2, 2), stride=(3, 3)),
    "even_filter": transposed((8, 8), filter_size=(4, 4)),
    "uneven": transposed((9, 5), filter_size=(5, 2), stride=(3, 1)),
    "one_by_one": transposed(filter_size=(1, 1)),
    "one_pixel": transposed((1, 1), filter_size=(3, 3)),
    "one_row_as_of_conv_1d": transposed((1, 12), filter_size=(1, 3), stride=(1, 2)),
    "filter_larger_than_output": transposed((2, 3), filter_size=(5, 5), stride=(1, 1)),
    "one_channel": transposed(depth=1, channels=1),
    "batches": transposed((4, 4), batches=3),
    "per_tensor": transposed(weight_scale=0.01),
    "no_bias": transposed(bias=None),
    "no_bias_per_tensor": transposed(bias=None, weight_scale=0.01),
    "zero_points_at_the_low_end": transposed(given=(0.05, -128), wanted=(0.3, -128)),
    "zero_points_at_the_high_end": transposed(given=(0.05, 127), wanted=(0.3, 127)),
    "weights_all_-128": transposed(weights=-128),
    "shifts_far_apart": transposed(weight_scale=[1e-9, 1e-3, 0.1, 3.0]),
    **{name: transposed((4, 4), activation=name, wanted=(0.02, -20)) for name in ACTIVATIONS},
}
test_exact = exact(CASES)

NO = " is unsupported; supported: "
REFUSED = {
    "int4": (
        transposed(weight_type="INT4", weights=1),
        f"transpose_conv (op 0): weights of type INT4{NO}INT8.",
    ),
    "size": (
        transposed(input_size=(3, 3)),
        f"transpose_conv (op 0): an output of 7x6 from 3x3{NO}the output size that stride and padding give.",
    ),
    "stride_of_17_bits": (
        transposed(stride=(2**15, 2)),
        f"transpose_conv (op 0): a stride of 32768x2{NO}up to 32767, as TFLM's kernel has it in 16 bits.",
    ),
    "tanh": (
        transposed(activation="TANH"),
        f"transpose_conv (op 0): fused activation TANH{NO}NONE, RELU, RELU6, RELU_N1_TO_1.",
    ),
}
test_refused = refused(REFUSED)


def draw(builder: Builder, source: Known) -> Known | None:
    image, rng = as_image(builder, source), builder.rng
    _, height, width, depth = image.shape
    stride, size = tuple(rng.integers(1, 3, 2).tolist()), tuple(rng.integers(1, 4, 2).tolist())
    channels = int(rng.integers(1, 4))
    wanted = builder.scale(image.scale * 0.01 * 60 * depth**0.5), builder.zero_point()
    build = transposed(
        (height * stride[0], width * stride[1]), depth, channels, size, stride, given=(image.scale, image.zero_point),
        wanted=wanted, weights=rng.integers(-127, 128, (channels, *size, depth)), source=image.index,
    )  # fmt: skip
    _, (output,) = build(builder.writer)
    return Known(output, (1, height * stride[0], width * stride[1], channels), *wanted)
