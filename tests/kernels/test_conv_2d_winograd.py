"""Convolutions in Winograd's domain: bounds of the transforms, what is refused, TFLM's bytes from C and assembly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_winograd_2_s8, conv_2d_winograd_4_s8
from tinyml_pipeline.compiler.kernels._winograd import LANE_MAX, TILES_OF_2, TILES_OF_4, Winograd
from tinyml_pipeline.compiler.ops import conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.host.device.session import Session

from tests.firmware import board_here, build_tflite, run_on
from tests.host import compile_model, run_program
from tests.kernels.convolution_cases import Cases
from tests.networks import Int8Array, edge_vectors
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

M4 = find_target("cortex-m4", "speed")
KERNELS = {2: conv_2d_winograd_2_s8.KERNEL, 4: conv_2d_winograd_4_s8.KERNEL}
Only = Callable[[Kernel[Conv2D]], None]
SIZES = pytest.mark.parametrize("size", KERNELS)
RELU = {"wanted": (0.3, -128), "activation": "RELU"}
# Of each output channel another pattern of signs, as large as weights can be.
EXTREMES = np.random.default_rng(3).choice([127, -128], (4, 3, 3, 8))
MODERATE = np.random.default_rng(4).integers(-60, 61, (2, 3, 3, 132))
CASES: dict[str, dict[str, Any]] = {
    "one_tile": {"image": (4, 4, 4), "channels": 2},
    "one_row": {"image": (1, 9, 4), "channels": 3},
    "two_rows": {"image": (2, 8, 4), "channels": 2},
    "odd_sizes": {"image": (7, 11, 8), "channels": 5},
    "odd_sizes_relu": {"image": (9, 6, 8), "channels": 6, **RELU},
    "three_tiles": {"image": (5, 12, 4), "channels": 4},
    "valid_padding": {"image": (8, 9, 4), "channels": 4, "same": False},
    "batches": {"image": (3, 5, 4), "channels": 3, "batches": 3},
    "thirteen_groups": {"image": (4, 5, 52), "channels": 3},
    "a_whole_chunk": {"image": (4, 5, 64), "channels": 2, **RELU},
    "two_chunks_of_which_one_is_shorter": {"image": (5, 6, 68), "channels": 3},
    "three_chunks": {"image": (4, 4, 132), "channels": 2, "weights": MODERATE, **RELU},
    "lowest_weights": {"image": (4, 4, 8), "channels": 2, "weights": -128},
    "highest_weights": {"image": (5, 4, 8), "channels": 3, "weights": 127},
    "extreme_weights": {"image": (6, 7, 8), "channels": 4, "weights": EXTREMES},
    "zero_points_at_the_high_end": {"image": (4, 6, 4), "channels": 4, "given": (0.05, 127), "wanted": (0.3, 127)},
    "zero_point_at_the_low_end": {"image": (4, 6, 4), "channels": 4, "given": (0.05, -128)},
    "constant_channels": {"image": (4, 4, 8), "channels": 4, "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "left_shift": {"image": (4, 4, 8), "channels": 4, "weight_scale": 20.0, "wanted": (0.3, -128)},
}  # fmt: skip


def make(case: dict[str, Any]) -> Build:
    image = case.pop("image")
    case.setdefault("wanted", (0.02 * np.sqrt(image[2] * 9) * 0.5, 4))
    return convolution(image, case.pop("channels"), **case)


MODEL = Cases(CASES, make, count=16)


@SIZES
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(size: int, compiler: str, only: Only, tmp_path: Path) -> None:
    only(KERNELS[size])
    MODEL.check_on_host(M4, compiler, tmp_path)


@pytest.mark.parametrize(
    ("board", "size"),
    [("sim-cortex-m4", 2), ("sim-cortex-m4", 4), ("sim-cortex-m7", 2), ("sim-cortex-m33", 4), ("sim-cortex-m55", 4)],
)
def test_on_the_processor(board: str, size: int, only: Only, tmp_path: Path) -> None:
    only(KERNELS[size])
    MODEL.check_on_processor(board, tmp_path)


CHAINS = {
    "alike": ((9, 10, 4), (4, 4, 4), True),
    "more_channels": ((9, 10, 4), (8, 12, 4), True),
    "fewer_channels": ((9, 10, 8), (8, 8, 4), True),
    "valid": ((12, 12, 4), (4, 4, 4), False),
}


@SIZES
@pytest.mark.parametrize("case", CHAINS)
def test_outputs_overlap_inputs(case: str, size: int, only: Only, tmp_path: Path) -> None:
    """Each layer between two others writes over what it has read."""
    image, depths, same = CHAINS[case]
    writer = Writer()
    sources, (last,) = convolution(image, depths[0], same=same, wanted=(0.2, 3))(writer)
    for layer, (depth, channels) in enumerate(zip(depths, (*depths[1:], 4), strict=True), 1):
        height, width = (places - (0 if same else 2 * layer) for places in image[:2])
        build = convolution((height, width, depth), channels, same=same, given=(0.2, 3), wanted=(0.2, 3), source=last)
        _, (last,) = build(writer)
    tflite, vectors = writer.build(sources, [last]), (edge_vectors(np.random.default_rng(1), (1, *image), 24),)
    only(KERNELS[size])
    program = make_program(read_tflite(tflite), M4)
    assert program.plan.size_bytes < program.plan.live_bytes or case in ("alike", "valid")
    (actual,) = run_program(compile_model(tflite, M4), vectors, tmp_path)
    np.testing.assert_array_equal(actual, run_tflm(tflite, vectors)[0])


REFUSED = {
    "filter": ({"filter_size": (3, 2)}, "filters of 3x2; only 3x3"),
    "stride": ({"stride": (1, 2)}, "a stride of 1x2; only 1x1"),
    "dilation": ({"dilation": (2, 1)}, "a dilation of 2x1; only 1x1"),
    "inputs": ({"image": (6, 6, 6)}, "6 input channels; only multiples of 4"),
    "outputs": ({"channels": 1}, "1 output channel; at least 2"),
    "groups": ({"groups": 2}, "2 groups of channels; at most 1"),
    "width": ({"image": (6, 3, 4)}, "rows of 3 outputs; at least 4"),
    "clamp": ({"activation": "RELU6", "wanted": (0.05, 0)}, "outputs are clamped to 0 to 120; only to -128 to 127"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, reason = REFUSED[case]
    options: dict[str, Any] = {"image": (6, 6, 4), "channels": 4, **changes}
    (layer,) = explain(read_tflite(model_of(convolution(**options))), M4)
    assert dict(layer.others)["conv_2d_winograd_4_s8"] == reason


@SIZES
@pytest.mark.parametrize(("highest", "accepted"), [(2**23 - 1, True), (2**23, False)])
def test_sums_fit_24_bits(highest: int, accepted: bool, size: int) -> None:
    graph = read_tflite(model_of(convolution((4, 4, 4), 4, wanted=(3.0, 0), weight_scale=1e-5)))
    op = conv_2d.read(OpContext(graph, graph.operations[0]))
    channels = replace(op.channels, highest=np.array([0, highest, 0, 0]))
    reason = KERNELS[size].refuses(replace(op, channels=channels), M4)
    assert reason == (None if accepted else "a sum reaches 8388608; at most 8388607")


def extreme_tiles(tiles: Winograd) -> Int8Array:
    """One tile of inputs for each position and sign, as large as its transform can be."""
    rows = np.kron(tiles.input_rows, tiles.input_rows)
    highest = np.where(np.concatenate([rows, -rows]) > 0, 127, -128).astype(np.int8)
    side = tiles.size + 2
    return np.repeat(highest.reshape(-1, side, side, 1), 4, axis=3)


@SIZES
def test_largest_transforms(size: int, only: Only, tmp_path: Path) -> None:
    tiles = {2: TILES_OF_2, 4: TILES_OF_4}[size]
    vectors, machine = extreme_tiles(tiles), board_here("sim-cortex-m4")
    tflite = model_of(convolution(vectors.shape[1:], 4, same=False, wanted=(0.3, 0)))
    (wanted,) = run_tflm(tflite, (vectors[:, None],))
    only(KERNELS[size])
    (actual,) = run_program(compile_model(tflite, M4), (vectors[:, None],), tmp_path)
    np.testing.assert_array_equal(actual, wanted)
    image = build_tflite(tflite, machine, "verify", tmp_path, "speed")
    with run_on(machine, image, tmp_path) as device:
        measured = Session(device).invoke_many(vectors.reshape(len(vectors), -1)).outputs
    np.testing.assert_array_equal(measured, wanted.reshape(len(vectors), -1))


BOUNDS = [(TILES_OF_2, -2 * 255, 4 * 255, 9 * 128), (TILES_OF_4, -50 * 255, 68 * 255, 49 * 128)]


@pytest.mark.parametrize(("tiles", "lowest", "highest", "weight"), BOUNDS)
def test_lanes_hold_what_any_inputs_and_weights_make(tiles: Winograd, lowest: int, highest: int, weight: int) -> None:
    made = np.kron(tiles.input_rows, tiles.input_rows) @ (
        extreme_tiles(tiles)[..., 0].reshape(-1, tiles.positions).T.astype(np.int64) + 128
    )
    assert (made.min(), made.max()) == (lowest, highest)
    assert 0 <= tiles.lift + lowest < tiles.lift + highest <= LANE_MAX
    pattern = np.kron(tiles.filter_rows, tiles.filter_rows)
    assert 128 * np.abs(pattern).sum(axis=1).max() == weight <= LANE_MAX
    filters = np.where(pattern > 0, -128, 127).reshape(-1, 3, 3, 1).transpose(0, 2, 1, 3).astype(np.int8)
    assert np.abs(tiles.filters(filters)).max() <= weight


@SIZES
def test_transforms_multiply_to_the_convolution(size: int) -> None:
    """A' [U * V] A in exact arithmetic, with A' found by solving for it: the tables agree with each other."""
    tiles, rng = {2: TILES_OF_2, 4: TILES_OF_4}[size], np.random.default_rng(size)
    side = size + 2
    g, d = rng.integers(-128, 128, (40, 3)), rng.integers(0, 256, (40, side))
    products = (g @ np.transpose(tiles.filter_rows)) * (d @ np.transpose(tiles.input_rows))
    wanted = np.stack([(d[:, i : i + 3] * g).sum(axis=1) for i in range(size)], axis=1)
    outputs, _, rank, _ = np.linalg.lstsq(products.astype(float), wanted.astype(float), rcond=None)
    assert rank == side
    scale = {2: [2, 2], 4: [24, 12, 6, 6]}[size]
    np.testing.assert_allclose(outputs * scale, np.round(outputs * scale), atol=1e-6)
