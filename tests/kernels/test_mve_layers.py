"""Dense layers, sums and pools with Helium: TFLM's bytes on an emulated Cortex-M55, also of odd sizes and rests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.host.device.session import Session

from tests.firmware import board_here, build_tflite, run_on
from tests.kernels.convolution_cases import joined
from tests.ops.check import Build, T, model_of, one, vectors_for
from tests.ops.test_pools import pool
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

M55 = find_target("cortex-m55", "speed")


def dense(inputs: int, outputs: int, rows: int = 1, *, zero_point: int = 5, activation: str = "NONE") -> Build:
    rng = np.random.default_rng(inputs)
    weights = T((outputs, inputs), 0.01, data=rng.integers(-128, 128, (outputs, inputs)))
    bias = T((outputs,), type="INT32", data=rng.integers(-9000, 9000, outputs))
    wanted = T((rows, outputs), 0.04 * inputs**0.5, zero_point)
    return one("FULLY_CONNECTED", [T((rows, inputs), 0.05, -7), weights, bias], [wanted], activation=activation)


def total(name: str, count: int, first: tuple[float, int], second: tuple[float, int], activation: str) -> Build:
    return one(name, [T((count,), *first), T((count,), *second)], [T((count,), 0.11, -20)], activation=activation)


CASES = {
    "less_than_a_chunk": dense(9, 12),
    "one_chunk": dense(16, 4),
    "a_rest_of_inputs": dense(35, 10, zero_point=-128, activation="RELU"),
    "rows": dense(32, 5, 3, zero_point=-128, activation="RELU"),
    "rows_with_a_rest": dense(21, 9, 2),
    "add": total("ADD", 16, (0.1, 3), (0.07, -9), "NONE"),
    "add_of_a_rest": total("ADD", 23, (0.02, 127), (0.1, -128), "RELU"),
    "add_of_three": total("ADD", 3, (0.1, 0), (0.1, 0), "NONE"),
    "sub": total("SUB", 9, (0.05, 5), (0.08, 11), "RELU6"),
    "average": pool("AVERAGE", (5, 7, 11), (2, 3), (1, 2), same=True),
    "average_of_one_channel": pool("AVERAGE", (4, 4, 1)),
    "average_of_255": pool("AVERAGE", (15, 17, 3), (15, 17), activation="RELU"),
    "average_of_two_vectors": pool("AVERAGE", (4, 5, 16), (4, 5), batches=2),
    "max": pool("MAX", (5, 7, 19), (2, 3), (1, 2), same=True),
    "max_of_one_channel": pool("MAX", (6, 5, 1), activation="RELU6", given=(0.05, -100)),
    "max_of_a_vector": pool("MAX", (3, 3, 16), (3, 3), batches=2),
}
KERNELS = {
    "fully_connected_mve_s8", "sum_linear_mve_s8", "average_pool_2d_mve_s8", "max_pool_2d_mve_s8",
}  # fmt: skip


@pytest.fixture(scope="module")
def tflite() -> bytes:
    writer, sources, outputs = Writer(), [], []
    for build in CASES.values():
        ins, outs = build(writer)
        sources += ins
        outputs += outs
    return writer.build(sources, outputs)


def test_each_case_gets_one_of_the_kernels(tflite: bytes) -> None:
    layers = explain(read_tflite(tflite), M55)
    assert {layer.function for layer in layers} == KERNELS
    assert len(layers) == len(CASES)


def test_on_the_processor(tflite: bytes, tmp_path: Path) -> None:
    board, vectors = board_here("sim-cortex-m55"), vectors_for(tflite, 8)
    image = build_tflite(tflite, board, "verify", tmp_path, "speed")
    assert image.warnings == ""
    with run_on(board, image, tmp_path) as device:
        actual = Session(device).invoke_many(joined(vectors)).outputs
    expected = run_tflm(tflite, vectors)
    sizes = np.cumsum([values[0].size for values in expected])[:-1]
    for case, got, wanted in zip(CASES, np.split(actual, sizes, axis=1), expected, strict=True):
        np.testing.assert_array_equal(got, wanted.reshape(got.shape), err_msg=case)


def test_reciprocals_divide_every_sum_exactly() -> None:
    """As average_pool_2d_mve_s8.h divides: of 255 int8 or fewer, and half of their number."""
    sums = np.arange(2**15, dtype=np.int64)
    for count in range(1, 256):
        reciprocal = (2**24 + count - 1) // count
        np.testing.assert_array_equal(sums * 2**8 * reciprocal >> 32, sums // count)


def test_what_is_refused() -> None:
    refused = {
        "average_pool_2d_mve_s8": (pool("AVERAGE", (16, 16, 8), (16, 16)), "windows of 256 pixels; at most 255"),
        "sum_linear_mve_s8": (
            one("ADD", [T((4, 5), 0.1), T((5,), 0.1)], [T((4, 5), 0.1)]), "an input is smaller than the output",
        ),
        "fully_connected_mve_s8": (
            one("FULLY_CONNECTED", [T((1, 4), 0.1), T((2, 4), 0.6, data=np.ones((2, 4))), None], [T((1, 2), 0.1)]),
            "a scale of 0.5 or more",
        ),
    }  # fmt: skip
    for kernel, (build, reason) in refused.items():
        (layer,) = explain(read_tflite(model_of(build)), M55)
        assert dict(layer.others)[kernel] == reason
