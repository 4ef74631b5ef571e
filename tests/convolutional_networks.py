"""Random graphs of convolutions as networks for images have them, for every kernel that the compiler has for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.networks import Builder, Known, Network, edge_vectors
from tests.ops.convolutions import convolution, places

FAR = 2**27
"""A bias that decides an output whatever the inputs are."""
Shape = tuple[int, int]


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Of any size: what fields of an accumulator hold, and what they do not."""
    limit = int(rng.choice([20, 60, 127], p=[0.3, 0.3, 0.4]))
    weights = rng.integers(-limit, limit + 1, shape)
    draw = rng.random()
    if draw < 0.1:
        weights[rng.random(shape) < 0.7] = 0
    elif draw < 0.2:
        weights = rng.choice([-127, 127], shape)
    elif draw < 0.25:
        weights.flat[int(rng.integers(weights.size))] = -128
    return weights


def _bias(rng: np.random.Generator, channels: int, reach: int, *, is_rectified: bool) -> npt.NDArray[np.int64] | None:
    """One in four rectified layers has channels that are dead."""
    if rng.random() < 0.1:
        return None
    bias = rng.integers(-reach, reach + 1, channels)
    if is_rectified and rng.random() < 0.25:
        bias[rng.random(channels) < 0.5] = -FAR
    return bias


def _convolve(
    builder: Builder, source: Known, channels: int, filter_size: Shape, stride: Shape = (1, 1), **options: bool | Shape
) -> Known:
    rng = builder.rng
    _, *image, depth = source.shape
    depthwise, dilation = bool(options.get("depthwise")), options.get("dilation", (1, 1))
    assert isinstance(dilation, tuple)
    valid = min(places(image[i], filter_size[i], 1, dilation[i], same=False) for i in (0, 1))
    same = valid < 1 or bool(rng.random() < 0.7)
    taps = filter_size[0] * filter_size[1] * (1 if depthwise else depth)
    weights = _weights(rng, (1, *filter_size, channels) if depthwise else (channels, *filter_size, depth))
    is_rectified = bool(rng.random() < 0.6)
    reach = max(1, int(40 * 73 * np.sqrt(taps)))
    scales = [builder.scale(0.01) for _ in range(channels if rng.random() < 0.8 else 1)]
    wanted = builder.scale(source.scale * 0.01 * 30 * np.sqrt(taps)), -128 if is_rectified else builder.zero_point()
    build = convolution(
        (image[0], image[1], depth), channels, filter_size, depthwise=depthwise, same=same, stride=stride,
        dilation=dilation, given=(source.scale, source.zero_point), wanted=wanted, weight_scale=scales, weights=weights,
        bias=_bias(rng, channels, reach, is_rectified=is_rectified),
        activation=str(rng.choice(["RELU", "RELU6"], p=[0.9, 0.1])) if is_rectified else "NONE", source=source.index,
    )  # fmt: skip
    _, (output,) = build(builder.writer)
    return Known(output, tuple(int(size) for size in builder.writer.tensors[output].shape), *wanted)


def _channels(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 2, 3, 4, 5, 8, 8, 12, 16, 16, 24]))


def pointwise(builder: Builder, source: Known) -> Known:
    return _convolve(builder, source, _channels(builder.rng), (1, 1))


def square(builder: Builder, source: Known) -> Known:
    return _convolve(builder, source, _channels(builder.rng), (3, 3))


def strided(builder: Builder, source: Known) -> Known:
    size = int(builder.rng.choice([1, 3, 5]))
    return _convolve(builder, source, _channels(builder.rng), (size, size), (2, 2))


def other(builder: Builder, source: Known) -> Known:
    """Filters, strides and dilations of any kind."""
    height, width, *steps = builder.rng.integers(1, [8, 5, 3, 4, 3, 3]).tolist()
    return _convolve(
        builder, source, _channels(builder.rng), (height, width), (steps[0], steps[1]), dilation=(steps[2], steps[3])
    )


def depthwise(builder: Builder, source: Known) -> Known:
    rng = builder.rng
    size = (3, 3) if rng.random() < 0.8 else tuple(rng.integers(1, 6, 2).tolist())
    stride = int(rng.integers(1, 3))
    channels = source.shape[3] * int(rng.choice([1, 2], p=[0.9, 0.1]))
    return _convolve(builder, source, channels, size, (stride, stride), depthwise=True)


def residual(builder: Builder, source: Known) -> Known:
    """A convolution that keeps the shape, and the sum of its outputs and its inputs."""
    made = _convolve(builder, source, source.shape[3], (1, 1))
    output = builder.tensor(source.shape, builder.scale(source.scale + made.scale), builder.zero_point())
    builder.writer.operation("ADD", [source.index, made.index], [output.index], version=2)
    return output


def fork(builder: Builder, source: Known) -> Known:
    """Two convolutions of one image, side by side."""
    parts = [_convolve(builder, source, _channels(builder.rng), (1, 1)) for _ in range(2)]
    second = builder.unary("QUANTIZE", parts[1], parts[0].scale, parts[0].zero_point)
    shape = (*source.shape[:3], parts[0].shape[3] + parts[1].shape[3])
    output = builder.tensor(shape, parts[0].scale, parts[0].zero_point)
    builder.writer.operation("CONCATENATION", [parts[0].index, second.index], [output.index], axis=3)
    return output


def pool(builder: Builder, source: Known) -> Known:
    return _pool(builder, source, (2, 2), (2, 2))


def _pool(builder: Builder, source: Known, size: Shape, stride: Shape) -> Known:
    height, width = (-(-source.shape[1 + i] // stride[i]) for i in (0, 1))
    output = builder.tensor((1, height, width, source.shape[3]), source.scale, source.zero_point)
    builder.writer.operation(
        f"{builder.rng.choice(['AVERAGE', 'MAX'])}_POOL_2D", [source.index], [output.index], version=2, padding=0,
        strideH=stride[0], strideW=stride[1], filterHeight=size[0], filterWidth=size[1],
    )  # fmt: skip
    return output


def pad(builder: Builder, source: Known) -> Known:
    amounts = builder.rng.integers(0, 3, (2, 2)).tolist()
    shape = (1, *(source.shape[1 + i] + sum(amounts[i]) for i in (0, 1)), source.shape[3])
    output = builder.tensor(shape, source.scale, source.zero_point)
    wanted = builder.writer.tensor((4, 2), type="INT32", data=[[0, 0], *amounts, [0, 0]])
    builder.writer.operation("PAD", [source.index, wanted], [output.index])
    return output


KINDS: dict[str, Callable[[Builder, Known], Known]] = {
    function.__name__: function
    for function in (pointwise, square, strided, other, depthwise, residual, fork, pool, pad)
}
_LIKELY = {"pointwise": 0.25, "square": 0.25, "depthwise": 0.2}


def _classify(builder: Builder, source: Known) -> Known:
    """The end of most networks: a mean of the image or not, one row, a dense layer, and perhaps shares."""
    if builder.rng.random() < 0.5:
        height, width = source.shape[1:3]
        source = _pool(builder, source, (height, width), (height, width))
    row = builder.tensor((1, source.size), source.scale, source.zero_point)
    wanted = builder.writer.tensor((2,), type="INT32", data=row.shape)
    builder.writer.operation("RESHAPE", [source.index, wanted], [row.index], newShape=list(row.shape))
    made = builder.dense(row)
    return builder.softmax(made) if builder.rng.random() < 0.5 else made


def convolutional_network(seed: int, *, vectors: int = 10) -> Network:
    """Two to six layers behind each other, on an image of up to 13 x 13 pixels; one in three has a second output."""
    builder = Builder(np.random.default_rng([seed, 1]))
    rng = builder.rng
    shape = (1, *rng.integers(3, 14, 2).tolist(), int(rng.choice([1, 2, 3, 4, 8, 16])))
    source = last = builder.tensor(shape, builder.scale(), builder.zero_point())
    share = (1 - sum(_LIKELY.values())) / (len(KINDS) - len(_LIKELY))
    kinds = rng.choice(list(KINDS), int(rng.integers(2, 7)), p=[_LIKELY.get(kind, share) for kind in KINDS]).tolist()
    made = []
    for kind in kinds:
        last = KINDS[kind](builder, last)
        made.append(last.index)
    if rng.random() < 0.7:
        kinds.append("classify")
        last = _classify(builder, last)
    outputs = [last.index]
    if rng.random() < 0.3 and made[0] != last.index:
        outputs.append(made[int(rng.integers(len(made)))])
    outputs = list(dict.fromkeys(outputs))
    tflite = builder.writer.build([source.index], outputs)
    return Network(tuple((kind, 0) for kind in kinds), seed, tflite, (edge_vectors(rng, shape, vectors),))
