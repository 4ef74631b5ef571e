"""Convolutions with several products in one multiply: bounds at their limits, and TFLM's bytes from C and assembly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_packed_s8
from tinyml_pipeline.compiler.kernels._packed import LAYOUT, TILE_LAYOUT, Layout, chunk_inputs, ends
from tinyml_pipeline.compiler.ops import conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.kernels.test_conv_2d_chain import make
from tests.ops.check import model_of

# |w| of each channel sums up to 4112: the longest chunk, whose sums take a whole field.
LIMIT = np.r_[np.full(32, 127), 48, 0, 0, 0] * np.array([1, -1, 1, -1, 1, -1]).reshape(6, 1, 1, 1)
EXTREMES = np.random.default_rng(6).choice([127, -128], (10, 3, 3, 16))
RV32 = find_target("rv32imc", "speed")
Only = Callable[[Kernel[Conv2D]], None]
CASES: dict[str, dict[str, Any]] = {
    "one_input_and_output": {"image": (2, 3, 1), "channels": 1, "filter_size": (1, 1)},
    "one_pixel": {"image": (1, 1, 8), "channels": 8, "filter_size": (1, 1)},
    "an_odd_number_of_inputs": {"image": (1, 2, 5), "channels": 3, "filter_size": (1, 1)},
    "an_odd_number_of_pixels_of_batches": {"image": (1, 5, 6), "channels": 5, "filter_size": (1, 1), "batches": 2},
    "a_chunk_at_its_limit": {"image": (2, 2, 36), "channels": 6, "filter_size": (1, 1), "weights": LIMIT},
    "highest_weights": {"image": (2, 2, 40), "channels": 6, "filter_size": (1, 1), "weights": 127},
    "lowest_weights": {"image": (2, 2, 72), "channels": 9, "filter_size": (1, 1), "weights": -128},
    "extreme_weights": {"image": (3, 4, 16), "channels": 10, "weights": EXTREMES},
    "eight_channels": {"image": (3, 3, 12), "channels": 8},
    "padded": {"image": (5, 7, 9), "channels": 7},
    "strided_and_dilated": {"image": (9, 8, 3), "channels": 6, "stride": (2, 3), "dilation": (2, 1)},
    "first_layer_of_speech": {"image": (12, 10, 1), "channels": 6, "filter_size": (10, 4), "stride": (2, 2)},
    "zero_point_at_the_high_end": {"image": (3, 3, 4), "channels": 4, "given": (0.05, 127), "wanted": (0.3, 127)},
    "relu": {"image": (4, 5, 16), "channels": 8, "wanted": (0.3, -128), "activation": "RELU"},
    "constant_channels": {"image": (3, 3, 8), "channels": 4, "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "left_shift": {"image": (3, 3, 8), "channels": 4, "weight_scale": 20.0, "wanted": (0.3, -128)},
}  # fmt: skip
ALL = Cases(CASES, make, 8)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, only: Only, tmp_path: Path) -> None:
    only(conv_2d_packed_s8.KERNEL)
    ALL.check_on_host(RV32, compiler, tmp_path)


@pytest.mark.parametrize("board", ["sim-cortex-m0", "sim-esp32c3"])
def test_on_the_processor(board: str, only: Only, tmp_path: Path) -> None:
    only(conv_2d_packed_s8.KERNEL)
    ALL.check_on_processor(board, tmp_path)


BOUNDS = [(LAYOUT, 4112, True), (LAYOUT, 4113, False), (TILE_LAYOUT, 65793, True), (TILE_LAYOUT, 65794, False)]


@pytest.mark.parametrize(("layout", "magnitude", "fits"), BOUNDS)
def test_fields_hold_the_sums_of_one_chunk(layout: Layout, magnitude: int, fits: bool) -> None:
    """The last sums of |w| whose products with 255 are below 2^20 and 2^24: one more, and fields run over."""
    rows = np.full((layout.fields, 40), magnitude // 40)
    rows[:, 0] += magnitude % 40
    rows[1::2] *= -1
    assert chunk_inputs(rows, 4, layout) == (40 if fits else 20)
    starts = -ends(rows)[0]
    for extreme in (-128, 127):
        inputs = np.sign(rows[0]) * extreme
        inputs = np.where(inputs == 128, 127, inputs)
        sums = layout.pack(starts) + (layout.pack(rows.T) * inputs.astype(np.uint32)[:, None]).sum(
            axis=0, dtype=np.uint32
        )
        exact = unpack([int(word) for word in sums], layout) == (starts + rows @ inputs).tolist()
        assert exact or not fits
    assert exact == fits


def unpack(words: list[int], layout: Layout) -> list[int]:
    """The fields of words: what is known of one is subtracted, what lies between two others are its next bits."""
    values, known = [0] * layout.fields, [0] * layout.fields
    for word, shifts in zip(words, layout.shifts, strict=True):
        rest = (word - sum(values[field] << shift for field, shift in shifts.items())) % 2**32
        places = sorted((shift + known[field], field) for field, shift in shifts.items())
        for (place, field), (end, _) in zip(places, [*places[1:], (32, -1)], strict=True):
            values[field] |= (rest >> place) % 2 ** (end - place) << known[field]
            known[field] += end - place
    assert known == [layout.bits] * layout.fields
    return values


def test_each_block_has_chunks_of_its_own() -> None:
    weights = np.ones((16, 1, 1, 64), np.int64)
    weights[3] = 127
    graph = read_tflite(
        model_of(make({"image": (2, 2, 64), "channels": 16, "filter_size": (1, 1), "weights": weights}))
    )
    op = conv_2d.read(OpContext(graph, graph.operations[0]))
    words = conv_2d_packed_s8.KERNEL.lower(op, RV32).arrays[0].values
    second = 2 + 5 * (2 + 64) + 8 + 24
    assert (words[0], words[1], words[second], words[second + 1]) == (32, 2, 64, 1)


@pytest.mark.parametrize(
    ("target", "changes", "reason"),
    [
        ("cortex-m3", {}, "cortex-m3 may multiply and add in one instruction"),
        ("rv32imc", {"groups": 2}, "2 groups of channels; at most 1"),
        ("rv32imc", {"highest": 2**23 - 1}, None),
        ("rv32imc", {"highest": 2**23}, "a sum reaches 8388608; at most 8388607"),
    ],
)
def test_it_refuses(target: str, changes: dict[str, Any], reason: str | None) -> None:
    case = {"image": (2, 2, 4), "channels": 4, "filter_size": (1, 1), "wanted": (3.0, 0), "weight_scale": 1e-5}
    highest = changes.pop("highest", None)
    graph = read_tflite(model_of(make({**case, **changes})))
    op = conv_2d.read(OpContext(graph, graph.operations[0]))
    if highest is not None:
        op = replace(op, channels=replace(op.channels, highest=np.full(4, highest)))
    assert conv_2d_packed_s8.KERNEL.refuses(op, find_target(target)) == reason
