"""QUANTIZE and DEQUANTIZE between all types that TFLM takes; what it refuses is refused by name."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tinyml_pipeline.errors import UnsupportedError

from tests.host import compile_model
from tests.networks import Builder, Known
from tests.ops.check import Build, T, Values, exact, model_of, one, refused
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

PAIRS = [
    ("INT8", "INT16"), ("INT8", "INT32"), ("INT8", "UINT8"), ("UINT8", "INT8"), ("INT16", "INT8"), ("INT16", "INT16"),
    ("INT16", "INT32"), ("INT32", "INT8"), ("INT32", "INT16"),
]  # fmt: skip
SCALES = {
    "finer": ((0.1, 3), (0.013, -7)),
    "coarser": ((0.03, -5), (0.11, 11)),
    "same": ((0.1, 0), (0.1, 0)),
    "left_shift": ((900.0, 1), (0.001, 0)),
    "right_shift": ((1e-9, 0), (1.0, 2)),
    "vanishes": ((1e-15, 0), (1.0, 2)),
}
ENDS = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767), "INT32": (-(2**31), 2**31 - 1)}

# At the edge of a model, these two make uint8 of int8 inside; they are in the middle below.
EDGES = {("INT8", "UINT8", "same"), ("UINT8", "INT8", "same")}


def moved(kind: str, zero_point: int) -> int:
    """Zero points of the table above are those of int8; of uint8 they lie 128 higher."""
    return zero_point + 128 if kind == "UINT8" else zero_point


def quantize(first: str, last: str, given: tuple[float, int], wanted: tuple[float, int]) -> Build:
    shape = (9,)
    return one(
        "QUANTIZE",
        [T(shape, given[0], moved(first, given[1]), type=first)],
        [T(shape, wanted[0], moved(last, wanted[1]), type=last)],
    )


CASES = {
    f"{first}_{last}_{name}".lower(): quantize(first, last, given, wanted)
    for first, last in PAIRS
    for name, (given, wanted) in SCALES.items()
    if (first, last, name) not in EDGES
}
CASES |= {
    f"{first}_{last}_zero_points_at_the_ends".lower(): one(
        "QUANTIZE", [T((9,), 0.2, ENDS[first][0], type=first)], [T((9,), 0.3, ENDS[last][1], type=last)]
    )
    for first, last in PAIRS
    if "INT32" not in (first, last)
}


def every(kind: str) -> Values:
    """All values of int8 and uint8, and of int16 those at both ends and at the middle; the rest at random."""
    low, high = ENDS[kind]
    rng = np.random.default_rng(0)
    middle = np.arange(-300, 300).clip(low, high)
    ends = np.concatenate([low + np.arange(40), high - np.arange(40)])
    values = np.concatenate([middle, ends, rng.integers(low, high, 400, endpoint=True)])
    return np.resize(values, (120, 9)).astype(kind.lower())


# What has one int8 or uint8 input is asked for every value.
test_exact = exact(CASES, {name: [every(name.split("_")[0].upper())] for name in CASES})


def through(*steps: tuple[str, float, int]) -> Build:
    """QUANTIZE from each of these types to the next."""

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        tensors = [writer.tensor((2, 5), scale, zero_point, type=kind) for kind, scale, zero_point in steps]
        for pair in itertools.pairwise(tensors):
            writer.operation("QUANTIZE", pair[:1], pair[1:])
        return tensors[:1], tensors[-1:]

    return build


test_in_the_middle = exact({
    "int16": through(("INT8", 0.1, 3), ("INT16", 0.001, 0), ("INT8", 0.09, -4)),
    "int32": through(("INT8", 0.1, 3), ("INT32", 1e-6, 0), ("INT16", 0.003, 0), ("INT8", 0.13, 0)),
    "int32_with_a_zero_point": through(("INT8", 0.1, 3), ("INT32", 1e-6, 5), ("INT8", 0.13, 0)),
    "uint8_only_moved": through(("INT8", 0.1, 3), ("UINT8", 0.1, 131), ("INT8", 0.1, 3), ("INT8", 0.2, 3)),
    "uint8": through(("INT8", 0.1, 3), ("UINT8", 0.12, 100), ("INT8", 0.07, 90)),
    "int16_twice": through(("INT16", 0.1, 3), ("INT16", 0.12, 100), ("INT8", 0.07, 90)),
})  # fmt: skip

TAKEN = {*PAIRS, ("INT8", "INT8"), ("FLOAT32", "INT8"), ("FLOAT32", "INT16")}
KINDS = {"FLOAT32": np.float32, "INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16, "INT32": np.int32}
OTHERS = [pair for pair in itertools.product(KINDS, KINDS) if pair not in TAKEN]


@pytest.mark.parametrize(("first", "last"), OTHERS)
def test_what_tflm_refuses_is_refused_by_name(first: str, last: str) -> None:
    sides = [T((1, 4), None if kind == "FLOAT32" else 0.1, type=kind) for kind in (first, last)]
    tflite = model_of(one("QUANTIZE", sides[:1], sides[1:]))
    with pytest.raises(RuntimeError):
        run_tflm(tflite, [np.ones((1, 1, 4), KINDS[first])])
    with pytest.raises(
        UnsupportedError,
        match="type FLOAT32" if "FLOAT32" in (first, last) else r"^quantize \(op 0\): an output of type ",
    ):
        compile_model(tflite)


test_refused = refused({
    "ratio": (
        model_of(one("QUANTIZE", [T((4,), 1e6)], [T((4,), 1e-6, type="INT16")])),
        "quantize (op 0): a ratio of scales of 1e+12 is unsupported; supported: ratios below 2^30.",
    ),
    "output_zero_point": (
        model_of(one("QUANTIZE", [T((4,), 0.25)], [T((4,), 2.0**-26 - 2.0**-50, 2**31 - 1, type="INT32")])),
        "quantize (op 0): an output zero point of 2147483647 is unsupported; supported: sums within 32 bits.",
    ),
    "size": (
        model_of(one("QUANTIZE", [T((4,), 0.25)], [T((5,), 0.1, type="INT16")])),
        "quantize (op 0): an output of 5 values is unsupported; supported: 4, as the input.",
    ),
})  # fmt: skip


def between(builder: Builder, source: Known) -> int:
    """A tensor of another type, made of an int8 one."""
    kind = str(builder.rng.choice(["INT16", "INT32", "UINT8"]))
    scale = builder.scale(source.scale * {"INT16": 0.004, "INT32": 1e-6}.get(kind, 1.0))
    index = builder.writer.tensor(source.shape, scale, moved(kind, builder.zero_point()), type=kind)
    builder.writer.operation("QUANTIZE", [source.index], [index])
    return index


def there_and_back(builder: Builder, source: Known) -> Known:
    output = builder.tensor(source.shape, builder.scale(source.scale), builder.zero_point())
    builder.writer.operation("QUANTIZE", [between(builder, source)], [output.index])
    return output


def end(builder: Builder, source: Known) -> None:
    """An output of the model."""
    builder.ends.append(between(builder, source))


def by_way_of_float(builder: Builder, source: Known) -> Known:
    """DEQUANTIZE, perhaps of another type, and QUANTIZE; a TRANSPOSE in float between them if the rank allows it."""
    writer = builder.writer
    index, shape = source.index, source.shape
    if builder.rng.random() < 0.5:
        index = writer.tensor(shape, builder.scale(source.scale * 0.004), 0, type="INT16")
        writer.operation("QUANTIZE", [source.index], [index])
    real = writer.tensor(shape, type="FLOAT32")
    writer.operation("DEQUANTIZE", [index], [real])
    if 2 <= len(shape) <= 5:
        order = builder.rng.permutation(len(shape))
        shape = tuple(shape[axis] for axis in order)
        turned, axes = writer.tensor(shape, type="FLOAT32"), writer.tensor(order.shape, type="INT32", data=order)
        writer.operation("TRANSPOSE", [real, axes], [turned])
        real = turned
    output = builder.tensor(shape, builder.scale(source.scale), builder.zero_point())
    writer.operation("QUANTIZE", [real], [output.index])
    return output


draws = {"quantize": there_and_back, "quantize_end": end, "by_way_of_float": by_way_of_float}
