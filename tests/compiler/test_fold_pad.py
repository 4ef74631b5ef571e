"""Pass fold_pad: which paddings a convolution takes over, which it must leave alone, and that answers stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.host import compile_model, run_program
from tests.networks import edge_vectors
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

GIVEN = (0.05, -3)
Pads = Sequence[tuple[int, int]]
SIDES: Pads = ((0, 0), (0, 1), (2, 1), (0, 0))


def padded(
    pads: Pads = SIDES,
    *,
    image: tuple[int, ...] = (1, 5, 6, 3),
    constant: int | None = None,
    wanted: tuple[float, int] = GIVEN,
    after: str = "CONV_2D",
    twice: bool = False,
    also_out: bool = False,
    expand: int | None = None,
    filter_size: tuple[int, int] = (3, 3),
    **options: object,
) -> Build:
    """PAD, or PADV2 with a constant, then an EXPAND_DIMS if `expand` names an axis, then a convolution or pool."""

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        source = layer = writer.tensor(image, *GIVEN)
        shape = image
        for _ in range(2 if twice else 1):
            shape = tuple(size + sum(pair) for size, pair in zip(shape, pads, strict=True))
            inputs = [layer, writer.tensor((len(pads), 2), type="INT32", data=pads)]
            if constant is not None:
                inputs.append(writer.tensor((), *wanted, data=constant))
            layer = writer.tensor(shape, *wanted)
            writer.operation("PAD" if constant is None else "PADV2", inputs, [layer])
        between = layer
        if expand is not None:
            shape = (*shape[:expand], 1, *shape[expand:])
            axis = writer.tensor((), type="INT32", data=expand)
            layer = writer.tensor(shape, *wanted)
            writer.operation("EXPAND_DIMS", [between, axis], [layer])
        if after == "AVERAGE_POOL_2D":
            output = writer.tensor((1, shape[1] - 1, shape[2] - 1, shape[3]), *wanted)
            writer.operation(after, [layer], [output], version=2, padding=1, strideH=1, strideW=1, filterHeight=2,
                             filterWidth=2)  # fmt: skip
        else:
            depthwise = after == "DEPTHWISE_CONV_2D"
            build = convolution(
                (shape[1], shape[2], shape[3]), shape[3] if depthwise else 4, filter_size, depthwise=depthwise,
                source=layer, **options,
            )  # type: ignore[arg-type]  # fmt: skip
            _, (output,) = build(writer)
        return [source], [output, between] if also_out else [output]

    return build


FOLDED = {
    "pad": padded(same=False),
    "pad_before_same_padding": padded(),
    "keras_zero_padding_stride_2": padded(((0, 0), (0, 1), (0, 1), (0, 0)), same=False, stride=(2, 2)),
    "depthwise": padded(after="DEPTHWISE_CONV_2D", same=False),
    "depthwise_stride_2": padded(after="DEPTHWISE_CONV_2D", stride=(2, 2)),
    "dilation": padded(same=False, dilation=(2, 2)),
    "padv2_of_the_zero_point": padded(constant=-3, same=False),
    "windows_that_see_only_padding": padded(((0, 0), (4, 5), (6, 4), (0, 0)), same=False),
    "one_by_one": padded(filter_size=(1, 1)),
    "twice": padded(twice=True, same=False),
    "causal_conv_1d": padded(((0, 0), (2, 0), (0, 0)), image=(1, 9, 3), expand=1, filter_size=(1, 3), same=False),
    "conv_1d_as_rows": padded(((0, 0), (2, 1), (0, 0)), image=(1, 9, 3), expand=2, filter_size=(3, 1), same=False),
    "nothing_to_pad": padded(((0, 0),) * 4, same=False),
}
KEPT = {
    "padv2_of_another_value": (padded(constant=0), ["PADV2", "CONV_2D"]),
    "another_scale": (padded(wanted=(0.1, -3)), ["PAD", "CONV_2D"]),
    "another_zero_point": (padded(wanted=(0.05, 4)), ["PAD", "CONV_2D"]),
    "channels": (padded(((0, 0), (1, 1), (1, 1), (0, 1))), ["PAD", "CONV_2D"]),
    "a_pool_counts_padding": (padded(after="AVERAGE_POOL_2D"), ["PAD", "AVERAGE_POOL_2D"]),
    "the_padded_image_is_an_output": (padded(also_out=True), ["PAD", "CONV_2D"]),
}


@pytest.mark.parametrize("name", FOLDED)
def test_folded(name: str, tmp_path: Path) -> None:
    tflite = model_of(FOLDED[name])
    assert len(run_passes(read_tflite(tflite)).operations) == 1
    assert_equal(tflite, tmp_path)


@pytest.mark.parametrize("name", KEPT)
def test_kept(name: str, tmp_path: Path) -> None:
    build, operators = KEPT[name]
    tflite = model_of(build)
    assert [operation.name for operation in run_passes(read_tflite(tflite)).operations] == operators
    assert_equal(tflite, tmp_path)


def assert_equal(tflite: bytes, folder: Path) -> None:
    graph = read_tflite(tflite)
    vectors = [edge_vectors(np.random.default_rng(0), graph.tensors[graph.inputs[0]].shape, 30)]
    actual = run_program(compile_model(tflite), vectors, folder)
    for got, wanted in zip(actual, run_tflm(tflite, vectors), strict=True):
        np.testing.assert_array_equal(got, wanted)
