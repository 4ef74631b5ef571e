"""The working memory that a library's fast kernels request from TFLM's arena, beyond what TFLM's own kernels need.

ESP-NN 1.1 to 1.2 (esp_nn_get_*_scratch_size): on an ESP32-S3 the vector instructions want aligned and padded copies of
a convolution's input and weights; on every other chip only SOFTMAX requests any. CMSIS-NN of Chirale_TensorFLowLite
2.0.0 (arm_*_get_buffer_size, with DSP instructions, the largest of its forms): two columns of a convolution as 16-bit
numbers. Where releases differ it is the largest of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor

_ALIGNMENT = 16


@dataclass(frozen=True)
class _Window:
    """A convolution as both libraries see it; counts are pixels of the input, with and without what lies around it."""

    depth: int
    multiplier: int
    """Outputs per input of a depthwise convolution."""
    outputs: int
    taps: int
    row_taps: int
    pixels: int
    padded: int
    """With the padding before it on both sides."""
    reached: int
    """As far as ESP-NN lets the last outputs reach."""
    widest: int
    """With both."""
    is_padded: bool
    is_passed: bool
    """Whether `reached` lies outside of the input."""
    output_pixels: int
    is_pointwise: bool
    """1x1, stride 1, without padding."""
    is_dilated: bool


def scratch_bytes(graph: Graph, kernels: str, core: str | None) -> int:
    """How many bytes more than TFLM's own kernels the arena needs for those of a library ("ESP-NN", "CMSIS-NN").

    `core` is the processor, None the one of the library's that needs most. An operation's memory is there while it runs
    alone, so it costs only what is not free at that moment.
    """
    request = _requests(kernels, core)
    last = len(graph.operations) - 1
    first = {index: 0 for index in graph.inputs}
    end = {index: last for index in graph.outputs}
    for step, operation in enumerate(graph.operations):
        for index in operation.outputs:
            first.setdefault(index, step)
        for index in (*operation.inputs, *operation.outputs):
            end[index] = max(end.get(index, 0), step)
    tensors = [
        (_aligned(tensor.size_bytes), first[tensor.index], end.get(tensor.index, first[tensor.index]))
        for tensor in graph.tensors
        if tensor.index in first and not tensor.is_variable
    ]
    working = [(_aligned(request(graph, op)), step, step) for step, op in enumerate(graph.operations)]
    return max(0, _planned([*tensors, *(buffer for buffer in working if buffer[0])]) - _planned(tensors))


def _requests(kernels: str, core: str | None) -> Callable[[Graph, Operation], int]:
    if kernels == "ESP-NN" and core not in (None, "Xtensa LX7"):
        return _esp_nn
    return {"ESP-NN": _esp_nn_s3, "CMSIS-NN": _cmsis_nn}[kernels]


def _esp_nn(graph: Graph, operation: Operation) -> int:
    return 4 * _source(graph, operation).shape[-1] if operation.name == "SOFTMAX" else 0


def _esp_nn_s3(graph: Graph, operation: Operation) -> int:
    make = {"CONV_2D": _esp_nn_s3_conv, "DEPTHWISE_CONV_2D": _esp_nn_s3_depthwise}.get(operation.name)
    return _esp_nn(graph, operation) if make is None else make(_window(graph, operation))


def _esp_nn_s3_conv(window: _Window) -> int:
    depth, by_8, by_16 = window.depth, _up(window.depth, 8), _up(window.depth, 16)
    if window.is_pointwise:
        return by_8 * window.outputs + (window.pixels * by_8 if depth % 8 else 0) + 16 * by_8 + 64
    image = window.padded * depth if window.is_padded else 0
    weights = window.taps * by_16 * window.outputs
    if window.row_taps * depth < 16 <= window.taps * depth:  # 1.1 copies the image, 1.2 one window of it
        column = _up(window.taps * depth, 16)
        return max(image + weights, (window.outputs + 1) * column + 64) + 4 * window.outputs + 64
    aligned = window.taps // window.row_taps * _up(window.row_taps * depth, 16) * window.outputs
    around = window.reached * depth if window.is_passed else 0
    return image + weights + aligned + around + 4 * window.outputs + 64


def _esp_nn_s3_depthwise(window: _Window) -> int:
    depth, by_8, by_16 = window.depth, _up(window.depth, 8), _up(window.depth, 16)
    copies = 2 * (window.taps * depth * window.multiplier + window.pixels * depth) + 32
    if window.multiplier % 4 == 0:
        return copies
    if window.multiplier > 1 or depth <= 3:
        return 32
    if depth % 8:
        return 2 * (window.taps + window.pixels) * by_8 + window.output_pixels * by_8 + 12 * by_8 + 64
    if window.taps != 9 or depth == 8:
        return copies
    if depth % 16:
        return max(copies, (9 + window.widest + window.output_pixels) * by_16 + 64)
    return (9 + (window.padded if window.is_padded else window.reached)) * depth + 16


def _cmsis_nn(graph: Graph, operation: Operation) -> int:
    if operation.name == "AVERAGE_POOL_2D":
        return 4 * _source(graph, operation).shape[-1]
    if operation.name not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return 0
    window = _window(graph, operation)
    if operation.name == "CONV_2D":
        return 0 if window.is_pointwise else 4 * window.depth * window.taps
    return 2 * window.depth * window.taps if window.multiplier == 1 and not window.is_dilated else 0


def _window(graph: Graph, operation: Operation) -> _Window:
    source, weights = _source(graph, operation), graph.tensors[operation.inputs[1]]
    (_, height, width, depth), (_, *output, outputs) = source.shape, graph.tensors[operation.outputs[0]].shape
    _, *filters, _ = weights.shape
    strides = [operation.options.get(name, 1) for name in ("stride_h", "stride_w")]
    dilations = [operation.options.get(name, 1) for name in ("dilation_h_factor", "dilation_w_factor")]
    before, reach = [], []
    for size, count, taps, stride, dilation in zip((height, width), output, filters, strides, dilations, strict=True):
        before.append(max(0, (count - 1) * stride + (taps - 1) * dilation + 1 - size) // 2)
        reach.append(max(size, count * stride + taps - 1))
    return _Window(
        depth=depth,
        multiplier=outputs // depth,
        outputs=outputs,
        taps=filters[0] * filters[1],
        row_taps=filters[1],
        pixels=height * width,
        padded=(height + 2 * before[0]) * (width + 2 * before[1]),
        reached=reach[0] * reach[1],
        widest=(reach[0] + 2 * before[0]) * (reach[1] + 2 * before[1]),
        is_padded=before != [0, 0],
        is_passed=reach != [height, width],
        output_pixels=output[0] * output[1],
        is_pointwise=(*filters, *strides, *dilations) == (1, 1, 1, 1, 1, 1),
        is_dilated=dilations != [1, 1],
    )


def _source(graph: Graph, operation: Operation) -> Tensor:
    return graph.tensors[operation.inputs[0]]


def _planned(buffers: list[tuple[int, int, int]]) -> int:
    """The bytes of a plan of some buffers (bytes, first step, last step).

    As TFLM's GreedyMemoryPlanner: the largest first, each at the lowest offset at which nothing alive is in its way.
    """
    placed: list[tuple[int, int, int, int]] = []
    for size, first, last in sorted(buffers, key=lambda buffer: -buffer[0]):
        offset = 0
        for start, end, other_first, other_last in sorted(placed):
            if other_first <= last and first <= other_last:
                if start - offset >= size:
                    break
                offset = max(offset, end)
        placed.append((offset, offset + size, first, last))
    return max((end for _, end, _, _ in placed), default=0)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _aligned(size: int) -> int:
    return _up(size, _ALIGNMENT)
