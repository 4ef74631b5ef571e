"""PAD, or PADV2 whose constant is the zero point, before a convolution: the convolution pads itself.

Exact, because TFLM leaves out taps outside the image, and a zero point adds 0 to a sum. Pools count padding otherwise,
and so never take one over. A PAD that something else reads too stays for that.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops._window import EXTRA_PADDING

_TAKERS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_Pair = tuple[int, int]


def run(graph: Graph) -> Graph:
    """Convolutions read what was padded, with the padding among their options; several PADs in a row fold too."""
    for position in range(len(graph.operations)):
        while (folded := _fold(graph, position)) is not None:
            graph = folded
    return graph


def _fold(graph: Graph, position: int) -> Graph | None:
    """The graph with one PAD less before the operation, or None if there is none to fold."""
    operation = graph.operations[position]
    if operation.name not in _TAKERS:
        return None
    image = graph.tensors[operation.inputs[0]]
    maker = graph.maker(graph.storage(image.index))
    pads = None if maker is None else _pads(graph, maker)
    if maker is None or pads is None:
        return None
    inner, padded = graph.tensors[maker.inputs[0]], graph.tensors[maker.outputs[0]]
    shape = list(inner.shape)
    if padded.shape != image.shape:  # of a CONV_1D: EXPAND_DIMS lies between the two
        axis = _new_axis(padded.shape, image.shape)
        if axis is None:
            return None
        shape.insert(axis, 1)
        pads.insert(axis, (0, 0))
    if len(shape) != 4 or pads[0] != (0, 0) or pads[3] != (0, 0):
        return None
    tensors, aliases, source = graph.tensors, dict(graph.aliases), inner.index
    if tuple(shape) != inner.shape:
        source = len(tensors)
        tensors = (*tensors, replace(inner, index=source, shape=tuple(shape)))
        aliases[source] = inner.index
    before = operation.options.get(EXTRA_PADDING, (0, 0, 0, 0))
    extra = tuple(a + b for a, b in zip(before, (*pads[1], *pads[2]), strict=True))
    changed = replace(
        operation,
        inputs=(source, *operation.inputs[1:]),
        options={**operation.options, EXTRA_PADDING: extra},
    )
    operations = (*graph.operations[:position], changed, *graph.operations[position + 1 :])
    return replace(graph, tensors=tensors, aliases=aliases, operations=operations)


def _pads(graph: Graph, maker: Operation) -> list[_Pair] | None:
    """(before, after) of each axis, if this operation adds nothing but zero points."""
    if maker.name not in ("PAD", "PADV2") or len(maker.inputs) != (2 if maker.name == "PAD" else 3):
        return None
    inner, paddings = graph.tensors[maker.inputs[0]], graph.tensors[maker.inputs[1]]
    output = graph.tensors[maker.outputs[0]]
    if inner.is_constant or inner.type != "INT8" or inner.quantization is None:
        return None
    if inner.quantization != output.quantization:  # PAD copies bytes as they are
        return None
    if (
        not paddings.is_constant
        or paddings.is_folded
        or paddings.type != "INT32"
        or paddings.shape != (len(inner.shape), 2)
    ):
        return None
    if maker.name == "PADV2" and not _is_zero_point(graph.tensors[maker.inputs[2]], output):
        return None
    pads = [(int(before), int(after)) for before, after in paddings.values]
    padded = tuple(size + sum(pair) for size, pair in zip(inner.shape, pads, strict=True))
    return pads if padded == output.shape and all(min(pair) >= 0 for pair in pads) else None


def _is_zero_point(value: Tensor, padded: Tensor) -> bool:
    if not value.is_constant or value.type != "INT8" or value.size != 1 or value.quantization != padded.quantization:
        return False
    assert padded.quantization is not None
    return bool(value.values.ravel()[0] == padded.quantization.zero_point)


def _new_axis(shape: tuple[int, ...], image: tuple[int, ...]) -> int | None:
    """Where `image` has rows or columns of size 1 that `shape` lacks; None if they differ otherwise."""
    return next(
        (axis for axis in (1, 2) if image[axis : axis + 1] == (1,) and (*image[:axis], *image[axis + 1 :]) == shape),
        None,
    )
