"""Convolutions with two channels in each lane: which weights fit, and TFLM's bytes from C and assembly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_dual_s8
from tinyml_pipeline.compiler.ops import conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels import test_conv_2d_chain
from tests.kernels.convolution_cases import Cases
from tests.ops.check import model_of
from tests.ops.convolutions import convolution

M4 = find_target("cortex-m4", "speed")
LOWEST = np.repeat([127, -127, -128, -128], 40).reshape(4, 1, 1, 40)
LOWEST_EVERYWHERE = ("lowest_weights", "chunks_of_extreme_weights")
# All other cases of the chain fit; seven to nine groups of four are what a pass leaves over.
CASES = {
    **{name: case for name, case in test_conv_2d_chain.CASES.items() if name not in LOWEST_EVERYWHERE},
    "lowest_weights": {"image": (2, 2, 40), "channels": 4, "filter_size": (1, 1), "weights": LOWEST},
    **{f"{n}_inputs": {"image": (1, 4, n), "channels": 3, "filter_size": (1, 1)} for n in (28, 31, 33)},
    "constant_channels_of_fitted_scales": {
        "image": (3, 4, 8), "channels": 5, "bias": [5, 2**30, 7, -(2**30), 9], "wanted": (0.3, -128),
        "activation": "RELU",
    },
}  # fmt: skip
ALL = Cases(CASES, test_conv_2d_chain.make, 8)


@pytest.fixture(autouse=True)
def _only_this_kernel(only: Callable[[Kernel[Conv2D]], None]) -> None:
    only(conv_2d_dual_s8.KERNEL)


def test_the_cases_have_both_forms() -> None:
    steps = make_program(read_tflite(ALL.tflite), M4).steps
    functions = {call.function for step in steps for call in step.lowering.calls}
    assert functions == {"conv_2d_dual_s8", "conv_2d_dual_fitted_s8"}


def test_the_same_layout_in_c(tmp_path: Path) -> None:
    ALL.check_on_host(M4, "gcc", tmp_path)


def test_on_the_processor(tmp_path: Path) -> None:
    ALL.check_on_processor("sim-cortex-m4", tmp_path)


def a_convolution(*lowest: int) -> Conv2D:
    """1x1 with these least weights, one per channel."""
    weights = np.array([[one, 127] for one in lowest]).reshape(len(lowest), 1, 1, 2)
    build = convolution((2, 2, 2), len(lowest), (1, 1), weights=weights)
    graph = read_tflite(model_of(build))
    return conv_2d.read(OpContext(graph, graph.operations[0]))


@pytest.mark.parametrize(
    ("lowest", "fits"),
    [
        ((-127, -127), True),
        ((-128, -127), True),
        ((-128, -128), False),
        ((-128, -128, -1, 0), True),
        ((-128, 0, -128), True),
        ((-128, -128, 0), True),
        ((-128, -128, -128, 0), False),
        ((-128,), False),
    ],
)
def test_a_pair_fits_unless_both_channels_have_the_lowest_weight(lowest: tuple[int, ...], fits: bool) -> None:
    """-128 may stand in any second channel; of an odd number one is in two pairs, or in one with itself."""
    reason = conv_2d_dual_s8.KERNEL.refuses(a_convolution(*lowest), M4)
    assert reason == (None if fits else "two weights do not fit a lane of 16 bits")


def test_weights_take_no_more_than_bytes() -> None:
    graph = read_tflite(model_of(convolution((4, 4, 64), 64, (1, 1), wanted=(0.3, -128), activation="RELU")))
    lowering = conv_2d_dual_s8.KERNEL.lower(conv_2d.read(OpContext(graph, graph.operations[0])), M4)
    assert lowering.constant_bytes == 64 * 64 + 14 * 64
