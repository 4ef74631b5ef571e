"""Data movement in float32 between DEQUANTIZE and QUANTIZE moves what is quantized, and no float is computed."""

from __future__ import annotations

import pytest
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.ops.check import Build, exact, model_of
from tests.tflite_writer import Writer


def floats(writer: Writer, *shapes: tuple[int, ...]) -> list[int]:
    return [writer.tensor(shape, type="FLOAT32") for shape in shapes]


def numbers(writer: Writer, *values: int) -> int:
    return writer.tensor((len(values),), type="INT32", data=values)


def dequantized(writer: Writer, shape: tuple[int, ...], scale: float = 0.1, type: str = "INT8") -> tuple[int, int]:
    source, real = writer.tensor(shape, scale, 3, type=type), *floats(writer, shape)
    writer.operation("DEQUANTIZE", [source], [real])
    return source, real


def quantized(writer: Writer, real: int, scale: float = 0.07, zero_point: int = -5, type: str = "INT8") -> int:
    output = writer.tensor(tuple(writer.tensors[real].shape), scale, zero_point, type=type)
    writer.operation("QUANTIZE", [real], [output])
    return output


def split(writer: Writer) -> tuple[list[int], list[int]]:
    """As in an unrolled GRU; each part has a scale of its own."""
    source, real = dequantized(writer, (1, 12))
    parts = floats(writer, (1, 4), (1, 4), (1, 4))
    writer.operation("SPLIT", [writer.tensor((), type="INT32", data=1), real], parts, numSplits=3)
    return [source], [quantized(writer, part, scale) for part, scale in zip(parts, (0.1, 0.07, 0.3), strict=True)]


def chain(writer: Writer) -> tuple[list[int], list[int]]:
    """TRANSPOSE, RESHAPE, PAD and SLICE; the RESHAPE's result is an output in float32 too."""
    source, real = dequantized(writer, (2, 3, 4))
    turned, flat, padded, cut = floats(writer, (4, 3, 2), (4, 6), (6, 7), (5, 3))
    writer.operation("TRANSPOSE", [real, numbers(writer, 2, 1, 0)], [turned])
    writer.operation("RESHAPE", [turned, numbers(writer, 4, 6)], [flat])
    pads = writer.tensor((2, 2), type="INT32", data=[[1, 1], [0, 1]])
    writer.operation("PAD", [flat, pads], [padded])
    writer.operation("SLICE", [padded, numbers(writer, 0, 4), numbers(writer, 5, 3)], [cut])
    return [source], [quantized(writer, cut), flat]


def joined(writer: Writer) -> tuple[list[int], list[int]]:
    """Two sources of one scale."""
    (first, one), (second, other) = dequantized(writer, (1, 4)), dequantized(writer, (1, 3))
    (both,) = floats(writer, (1, 7))
    writer.operation("CONCATENATION", [one, other], [both], axis=1)
    return [first, second], [quantized(writer, both)]


def joined_of_two_scales(writer: Writer) -> tuple[list[int], list[int]]:
    """QUANTIZE goes up: each source has one of its own."""
    (first, one), (second, other) = dequantized(writer, (1, 4)), dequantized(writer, (1, 3), 0.05)
    both, turned = floats(writer, (1, 7), (7, 1))
    writer.operation("CONCATENATION", [one, other], [both], axis=1)
    writer.operation("TRANSPOSE", [both, numbers(writer, 1, 0)], [turned])
    return [first, second], [quantized(writer, turned)]


def int16(writer: Writer) -> tuple[list[int], list[int]]:
    source, real = dequantized(writer, (1, 6), 0.001, "INT16")
    parts = floats(writer, (1, 2), (1, 4))
    sizes, axis = numbers(writer, 2, 4), writer.tensor((), type="INT32", data=1)
    writer.operation("SPLIT_V", [real, sizes, axis], parts, numSplits=2)
    return [source], [quantized(writer, parts[0]), quantized(writer, parts[1], 0.002, 0, "INT16")]


def pairs(writer: Writer) -> tuple[list[int], list[int]]:
    """DEQUANTIZE and QUANTIZE with nothing between them, from and to every type that TFLM has."""
    sources, outputs = [], []
    for number, (first, last) in enumerate(
        (first, last) for first in ("INT8", "UINT8", "INT16") for last in ("INT8", "INT16")
    ):
        source, real = dequantized(writer, (300,), 0.01 + 0.003 * number, first)
        sources.append(source)
        outputs.append(quantized(writer, real, 0.0113, 2, last))
    return sources, outputs


CASES: dict[str, Build] = {
    build.__name__: build for build in (split, chain, joined, joined_of_two_scales, int16, pairs)
}
test_exact = exact(CASES)


@pytest.mark.parametrize("name", CASES)
def test_no_float_is_left(name: str) -> None:
    graph = run_passes(read_tflite(model_of(CASES[name])))
    types = {graph.tensors[index].type for operation in graph.operations for index in operation.outputs}
    assert types <= {"INT8", "INT16"}
    assert "DEQUANTIZE" not in {operation.name for operation in graph.operations}
