"""PAD, PADV2 and MIRROR_PAD: every rank, one side only, the edges of the zero point."""

from __future__ import annotations

from collections.abc import Sequence

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused
from tests.tflite_writer import Writer


def pad(shape: Sequence[int], paddings: Sequence[int], *, name: str = "PAD", value: int | None = None,
        zero_point: int = -128, type: str = "INT8", wanted: Sequence[int] | None = None, value_scale: float = 0.1,
        **options: object) -> Build:  # fmt: skip
    pairs = [paddings[place : place + 2] for place in range(0, len(paddings), 2)]
    made = tuple(size + sum(pair) for size, pair in zip(shape, pairs, strict=True)) if wanted is None else tuple(wanted)
    inputs = [T(tuple(shape), 0.1, zero_point, type), T((len(shape), 2), type="INT32", data=paddings)]
    if value is not None:
        inputs.append(T((), value_scale, zero_point, type, data=value))
    return one(name, inputs, [T(made, 0.1, zero_point, type)], **options)


def mirror(shape: Sequence[int], paddings: Sequence[int], mode: int) -> Build:
    return pad(shape, paddings, name="MIRROR_PAD", mode=mode)


def without_options(build: Build) -> Build:
    """The same without a table of options; TFLM takes zeros then, which are not the schema's defaults."""

    def bare(writer: Writer) -> tuple[list[int], list[int]]:
        ports = build(writer)
        writer.operators[-1].builtinOptions, writer.operators[-1].builtinOptionsType = None, 0
        return ports

    return bare


CASES = {
    "image": pad((1, 3, 5, 2), (0, 0, 1, 1, 1, 1, 0, 0)),
    "before_only": pad((2, 3, 3), (0, 0, 2, 0, 1, 0), zero_point=127),
    "behind_only": pad((2, 3, 3), (0, 0, 0, 2, 0, 1), zero_point=3),
    "batch_and_channels": pad((2, 1, 2, 3), (1, 2, 0, 0, 0, 0, 2, 1)),
    "one_dimension": pad((5,), (3, 2), zero_point=-1),
    "five_dimensions": pad((2, 1, 3, 2, 1), (1, 0, 0, 1, 1, 1, 2, 0, 0, 3)),
    "by_nothing": pad((2, 3), (0, 0, 0, 0)),
    "int16": pad((2, 3), (1, 0, 0, 2), type="INT16", zero_point=0),
    "int32": pad((2, 3), (1, 0, 0, 2), type="INT32", zero_point=0),
    "value": pad((2, 3), (1, 0, 0, 2), name="PADV2", value=-77),
    "value_of_the_zero_point": pad((1, 2, 2, 3), (0, 0, 1, 1, 0, 1, 0, 0), name="PADV2", value=9, zero_point=9),
    "value_int16": pad((2, 3), (1, 0, 0, 2), name="PADV2", value=-3000, type="INT16", zero_point=0),
    "value_int32": pad((2, 3), (1, 0, 0, 2), name="PADV2", value=-(2**31), type="INT32", zero_point=0),
    "reflect": mirror((1, 3, 4, 2), (0, 0, 2, 1, 3, 2, 0, 0), 0),
    "reflect_channels": mirror((2, 3, 4), (0, 0, 1, 0, 0, 3), 0),
    "reflect_to_the_limit": mirror((3, 4), (2, 2, 3, 3), 0),
    "symmetric": mirror((1, 3, 4, 2), (0, 0, 3, 1, 2, 4, 0, 0), 1),
    "symmetric_everywhere": mirror((2, 3, 2), (1, 2, 3, 0, 0, 1), 1),
    "mirror_without_a_mode": without_options(mirror((2, 4), (0, 0, 1, 2), 0)),
    "mirror_by_nothing": mirror((2, 3), (0, 0, 0, 0), 1),
}
REFUSED = {
    "negative": (
        pad((2, 4), (0, 0, -1, 0)),
        "pad (op 0): a padding of -1 is unsupported; supported: 0 and above.",
    ),
    "six_dimensions": (
        pad((1,) * 6, (0,) * 12),
        "pad (op 0): an input of 6 dimensions is unsupported; supported: up to 5.",
    ),
    "output": (
        pad((2, 4), (0, 0, 1, 0), wanted=(2, 6)),
        "pad (op 0): an output of shape [2, 6] is unsupported; supported: [2, 5].",
    ),
    "computed_paddings": (
        one("PAD", [T((2, 4), 0.1), T((2, 2), type="INT32")], [T((2, 4), 0.1)]),
        "pad (op 0): paddings that the model computes is unsupported; supported: constant paddings.",
    ),
    "value_on_another_scale": (
        pad((2, 4), (0, 0, 1, 0), name="PADV2", value=1, value_scale=0.2),
        "padv2 (op 0): a padding value on another scale is unsupported; supported: the output's scale and zero point.",
    ),
    "reflect_too_far": (
        mirror((3, 4), (3, 0, 0, 0), 0),
        "mirror_pad (op 0): a padding of 3 next to 3 values is unsupported; supported: up to 2.",
    ),
    "mirror_int16": (
        pad((2, 4), (0, 0, 1, 0), name="MIRROR_PAD", type="INT16"),
        "mirror_pad (op 0): an input of type INT16 is unsupported; supported: INT8 or FLOAT32.",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def _draw(builder: Builder, source: Known, name: str) -> Known | None:
    if not 0 < len(source.shape) <= 5 or source.size > 200:
        return None
    mode = int(builder.rng.integers(2))
    most = [2] * len(source.shape) if name != "MIRROR_PAD" else [min(size - 1 + mode, 2) for size in source.shape]
    pairs = [[int(builder.rng.integers(limit + 1)) for _ in range(2)] for limit in most]
    output = builder.tensor([size + sum(pair) for size, pair in zip(source.shape, pairs, strict=True)],
                            source.scale, source.zero_point)  # fmt: skip
    inputs = [source.index, builder.writer.tensor((len(pairs), 2), type="INT32", data=pairs)]
    if name == "PADV2":
        value = int(builder.rng.integers(-128, 128))
        inputs.append(builder.writer.tensor((1,), source.scale, source.zero_point, data=[value]))
    builder.writer.operation(name, inputs, [output.index], **({"mode": mode} if name == "MIRROR_PAD" else {}))
    return output


draws = {
    "pad": lambda builder, source: _draw(builder, source, "PAD"),
    "padv2": lambda builder, source: _draw(builder, source, "PADV2"),
    "mirror_pad": lambda builder, source: _draw(builder, source, "MIRROR_PAD"),
}
