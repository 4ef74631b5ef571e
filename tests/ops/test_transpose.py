"""TRANSPOSE, REVERSE_V2 and BROADCAST_TO: strided copies of every rank."""

from __future__ import annotations

from collections.abc import Sequence

from tests.host import compile_model
from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, model_of, one, refused


def transpose(shape: Sequence[int], axes: Sequence[int], *, type: str = "INT8") -> Build:
    made = tuple(shape[axis] for axis in axes)
    inputs = [T(tuple(shape), 0.1, 3, type), T((len(axes),), type="INT32", data=axes)]
    return one("TRANSPOSE", inputs, [T(made, 0.1, 3, type)])


def reverse(shape: Sequence[int], axes: Sequence[int], *, type: str = "INT8") -> Build:
    inputs = [T(tuple(shape), 0.1, 3, type), T((len(axes),), type="INT32", data=axes)]
    return one("REVERSE_V2", inputs, [T(tuple(shape), 0.1, 3, type)])


def broadcast(shape: Sequence[int], wanted: Sequence[int], *, type: str = "INT8", indices: str = "INT32") -> Build:
    inputs = [T(tuple(shape), 0.1, 3, type), T((len(wanted),), type=indices, data=wanted)]
    return one("BROADCAST_TO", inputs, [T(tuple(wanted), 0.1, 3, type)])


CASES = {
    "matrix": transpose((3, 5), (1, 0)),
    "vector": transpose((5,), (0,)),
    "channels_first": transpose((1, 3, 4, 2), (0, 3, 1, 2)),
    "channels_last": transpose((2, 3, 4, 5), (0, 2, 3, 1)),
    "inner_kept": transpose((2, 3, 4), (1, 0, 2)),
    "all_reversed": transpose((2, 3, 4, 5), (3, 2, 1, 0)),
    "five_dimensions": transpose((2, 3, 2, 3, 2), (4, 2, 0, 3, 1)),
    "ones_only": transpose((1, 5, 1, 2), (1, 0, 3, 2)),
    "int16": transpose((3, 5), (1, 0), type="INT16"),
    "reverse_vector": reverse((5,), (0,)),
    "reverse_last": reverse((2, 3, 4), (-1,)),
    "reverse_first": reverse((3, 4), (0,)),
    "reverse_two": reverse((2, 3, 4, 2), (2, 1)),
    "reverse_all": reverse((2, 3, 4), (0, 1, 2)),
    "reverse_int16": reverse((2, 3), (1,), type="INT16"),
    "reverse_int32": reverse((2, 3), (0,), type="INT32"),
    "broadcast_row": broadcast((1, 4), (3, 4)),
    "broadcast_column": broadcast((3, 1), (3, 4)),
    "broadcast_scalar": broadcast((), (2, 3)),
    "broadcast_new_axes": broadcast((2, 1, 3), (2, 3, 2, 2, 3)),
    "broadcast_to_itself": broadcast((2, 3), (2, 3)),
    "broadcast_int64_shape": broadcast((1, 3), (2, 3), indices="INT64"),
    "broadcast_int32": broadcast((3, 1), (3, 2), type="INT32"),
}
REFUSED = {
    "six_dimensions": (
        transpose((1,) * 6, range(6)),
        "transpose (op 0): an input of 6 dimensions is unsupported; supported: up to 5.",
    ),
    "an_axis_twice": (
        one("TRANSPOSE", [T((2, 2), 0.1), T((2,), type="INT32", data=[0, 0])], [T((2, 2), 0.1)]),
        "transpose (op 0): the order of axes [0, 0] is unsupported; supported: each axis once.",
    ),
    "computed_axes": (
        one("TRANSPOSE", [T((2, 2), 0.1), T((2,), type="INT32")], [T((2, 2), 0.1)]),
        "transpose (op 0): axes that the model computes is unsupported; supported: constant axes.",
    ),
    "int32": (
        transpose((2, 3), (1, 0), type="INT32"),
        "transpose (op 0): an input of type INT32 is unsupported; supported: INT8 or INT16 or FLOAT32.",
    ),
    "output": (
        one("TRANSPOSE", [T((2, 3), 0.1), T((2,), type="INT32", data=[1, 0])], [T((2, 3), 0.1)]),
        "transpose (op 0): an output of shape [2, 3] is unsupported; supported: [3, 2].",
    ),
    "reverse_apart": (
        reverse((2, 3, 4), (0, 2)),
        "reverse_v2 (op 0): reversing the axes [0, 2] is unsupported; supported: axes that follow each other, each"
        " once.",
    ),
    "reverse_axis": (
        reverse((2, 3), (2,)),
        "reverse_v2 (op 0): axis 2 of 2 is unsupported; supported: an axis of the input.",
    ),
    "broadcast_sizes": (
        broadcast((2, 3), (4, 3)),
        "broadcast_to (op 0): broadcasting [2, 3] to [4, 3] is unsupported; supported: equal sizes, or 1.",
    ),
    "broadcast_to_six": (
        broadcast((1,), (1,) * 6),
        "broadcast_to (op 0): an output of 6 dimensions is unsupported; supported: up to 5.",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def test_what_moves_nothing_costs_nothing() -> None:
    """No copy but the one from input to output, and no kernel."""
    for case in ("ones_only", "broadcast_to_itself"):
        text = compile_model(model_of(CASES[case])).tree["model.c"]
        assert "memcpy(out, in, MODEL_OUT_SIZE);" in text
        assert "copy_" not in text


def draw_transpose(builder: Builder, source: Known) -> Known | None:
    if not 0 < len(source.shape) <= 5:
        return None
    axes = [int(axis) for axis in builder.rng.permutation(len(source.shape))]
    output = builder.tensor([source.shape[axis] for axis in axes], source.scale, source.zero_point)
    order = builder.writer.tensor((len(axes),), type="INT32", data=axes)
    builder.writer.operation("TRANSPOSE", [source.index, order], [output.index])
    return output


def draw_reverse(builder: Builder, source: Known) -> Known | None:
    if not source.shape:
        return None
    first = int(builder.rng.integers(len(source.shape)))
    axes = list(range(first, int(builder.rng.integers(first, len(source.shape))) + 1))
    output = builder.tensor(source.shape, source.scale, source.zero_point)
    given = builder.writer.tensor((len(axes),), type="INT32", data=axes)
    builder.writer.operation("REVERSE_V2", [source.index, given], [output.index])
    return output


def draw_broadcast(builder: Builder, source: Known) -> Known | None:
    if len(source.shape) > 4 or source.size > 100:
        return None
    shape = [size if size > 1 else int(builder.rng.integers(1, 4)) for size in source.shape]
    shape = [int(builder.rng.integers(1, 3)), *shape] if builder.rng.random() < 0.5 or not shape else shape
    output = builder.tensor(shape, source.scale, source.zero_point)
    given = builder.writer.tensor((len(shape),), type="INT32", data=shape)
    builder.writer.operation("BROADCAST_TO", [source.index, given], [output.index])
    return output


draws = {"transpose": draw_transpose, "reverse_v2": draw_reverse, "broadcast_to": draw_broadcast}
