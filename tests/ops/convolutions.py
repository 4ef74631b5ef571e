"""Models of one convolution or pool, for tests: any geometry, scales and weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.networks import ACTIVATIONS, Builder, Known
from tests.ops.check import Build
from tests.tflite_writer import Writer, activation_code


def places(size: int, filter_size: int, stride: int, dilation: int, *, same: bool) -> int:
    """Outputs along one axis of a convolution or pool."""
    reach = (filter_size - 1) * dilation + 1
    return -(-size // stride) if same else (size - reach) // stride + 1


def convolution(
    image: tuple[int, int, int] = (5, 6, 3),
    channels: int = 5,
    filter_size: tuple[int, int] = (3, 3),
    *,
    depthwise: bool = False,
    same: bool = True,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    batches: int = 1,
    given: tuple[float, int] = (0.05, -3),
    wanted: tuple[float, int] = (0.3, 4),
    weight_scale: float | Sequence[float] | None = None,
    weights: npt.ArrayLike | None = None,
    weight_type: str = "INT8",
    bias: npt.ArrayLike | str | None = "random",
    activation: str = "NONE",
    **changes: object,
) -> Build:
    """A CONV_2D, or a DEPTHWISE_CONV_2D of `channels` outputs; per channel if no scale is given.

    `changes` replace the input's index, the output's shape, the axis of the weight scales, the depth multiplier or the
    bias' size.
    """

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        rng = np.random.default_rng(channels + 10 * image[0])
        depth = image[2]
        shape = (1, *filter_size, channels) if depthwise else (channels, *filter_size, depth // groups)
        values = weights
        if values is None:
            limit = 7 if weight_type == "INT4" else 127
            values = rng.integers(-limit, limit + 1, shape)
        scales = np.linspace(0.002, 0.02, channels).tolist() if weight_scale is None else weight_scale
        source = changes.get("source")
        if source is None:
            source = writer.tensor((batches, *image), *given)
        inputs = [
            source,
            writer.tensor(
                shape, scales, data=np.broadcast_to(values, shape), type=weight_type,
                axis=int(str(changes.get("axis", 3 if depthwise else 0))),
            ),
        ]  # fmt: skip
        own_bias = bias
        if isinstance(bias, str):
            own_bias = rng.integers(-5000, 5001, int(str(changes.get("bias_size", channels))))
        if own_bias is not None:
            inputs.append(writer.tensor(np.shape(own_bias), type="INT32", data=own_bias))
        shape_out = changes.get("output_shape")
        if shape_out is None:
            size = [places(image[i], filter_size[i], stride[i], dilation[i], same=same) for i in (0, 1)]
            shape_out = (batches, *size, channels)
        output = writer.tensor(shape_out, *wanted)  # type: ignore[arg-type]
        options: dict[str, object] = (
            {"depthMultiplier": changes.get("multiplier", channels // depth)} if depthwise else {}
        )
        writer.operation(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", inputs, [output], version=3, padding=0 if same else 1,
            strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0], dilationWFactor=dilation[1],
            fusedActivationFunction=activation_code(activation), **options,
        )  # fmt: skip
        return [source], [output]

    return build


def as_image(builder: Builder, source: Known) -> Known:
    """The same values as one image of a few rows, columns and channels."""

    def divisor(size: int) -> int:
        return int(builder.rng.choice([d for d in range(1, size + 1) if size % d == 0]))

    height = divisor(source.size)
    width = divisor(source.size // height)
    shape = (1, height, width, source.size // height // width)
    output = builder.tensor(shape, source.scale, source.zero_point)
    wanted = builder.writer.tensor((4,), type="INT32", data=shape)
    builder.writer.operation("RESHAPE", [source.index, wanted], [output.index], newShape=list(shape))
    return output


def draw_convolution(builder: Builder, source: Known, *, depthwise: bool) -> Known:
    """A random convolution of a tensor of any shape."""
    rng, image = builder.rng, as_image(builder, source)
    _, height, width, depth = image.shape
    filter_size, stride, dilation = (tuple(rng.integers(1, most, 2).tolist()) for most in (4, 3, 3))
    same = bool(rng.random() < 0.7) or min(places(height, filter_size[0], 1, dilation[0], same=False),
                                           places(width, filter_size[1], 1, dilation[1], same=False)) < 1  # fmt: skip
    channels = depth * int(rng.integers(1, 3)) if depthwise else int(rng.integers(1, 9))
    taps = filter_size[0] * filter_size[1] * (1 if depthwise else depth)
    wanted = builder.scale(image.scale * 0.01 * 30 * taps**0.5), builder.zero_point()
    scales = [builder.scale(0.01) for _ in range(channels if rng.random() < 0.7 else 1)]
    build = convolution(
        (height, width, depth), channels, filter_size, depthwise=depthwise, same=same, stride=stride,
        dilation=dilation, given=(image.scale, image.zero_point), wanted=wanted, weight_scale=scales,
        weights=rng.integers(-127, 128, (1, *filter_size, channels) if depthwise else (channels, *filter_size, depth)),
        activation=str(rng.choice(ACTIVATIONS)), source=image.index,
    )  # fmt: skip
    _, (output,) = build(builder.writer)
    shape = tuple(int(size) for size in builder.writer.tensors[output].shape)
    return Known(output, shape, *wanted)
