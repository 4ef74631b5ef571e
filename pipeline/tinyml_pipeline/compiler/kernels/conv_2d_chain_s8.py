"""A convolution with long multiplies, two channels of three pixels at once (firmware/kernels/common/chain.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._chain import GROUP, make_chain
from tinyml_pipeline.compiler.kernels._convolution import window_struct
from tinyml_pipeline.compiler.kernels._single_add import single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target

_PIXELS = 3


def _cost(op: Conv2D, target: Target) -> Cost:
    """Each three pixels: their windows as words, then all pairs of channels."""
    outputs, products = op.filters.shape[0], op.filters[0].size
    triples = op.window.batches * -(-op.window.output_height * op.window.output_width // _PIXELS)
    pairs, groups = -(-outputs // 2), -(-products // GROUP)
    windows = (0 if _reads_in_place(op) else 60 * op.window.filter_height) + 12 * groups
    return Cost(cycles=triples * (_PIXELS * windows + pairs * (24 * groups + 90)), code_bytes=1700)


def _refuses(op: Conv2D, target: Target) -> str | None:
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    sums = single_add(op.channels)
    return sums if isinstance(sums, str) else None


def _lower(op: Conv2D, target: Target) -> Lowering:
    outputs = op.filters.shape[0]
    rows = op.filters.reshape(outputs, -1)
    sums = single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    chain = make_chain(rows, sums)
    comment = f"Pairs of channels, first + 2^22 * second, then their biases and scales. {sums.describe()}"
    struct = Struct(
        "conv_2d_chain_s8",
        {
            "window": window_struct(op.window, op.channels.input_zero_point),
            "batches": op.window.batches,
            "output_height": op.window.output_height,
            "output_width": op.window.output_width,
            "channels": outputs,
            "products": rows.shape[1],
            "chunks": chain.chunks,
            "chunk_groups": chain.chunk_groups,
            "weights": Array("weights", DType.UINT32, chain.words, comment),
            "weight_words": chain.words.size,
        },
    )
    words = Buffer("words", DType.UINT32, chain.input_words)
    patches = None if _reads_in_place(op) else Buffer("patches", DType.INT8, _PIXELS * rows.shape[1])
    relu = "" if sums.is_signed else "_relu"
    call = Call(f"conv_2d_chain{relu}_s8", (struct, op.source, op.output, words, patches))
    return Lowering((call,), ", ".join([op.window.describe(), *op.channels.describe()]))


def _reads_in_place(op: Conv2D) -> bool:
    """Whether every window is one pixel of the image."""
    return op.window.taps == 1 and not op.window.leaves_image


KERNEL = Kernel(
    Conv2D, "conv_2d_chain_s8", "conv_2d/conv_2d_chain_s8.h", _cost, _lower, Isa.DSP | Isa.LONG_MULTIPLY, _refuses
)
