"""The working memory of ESP-NN's and CMSIS-NN's kernels, against what their own functions answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.host.interpreters.tflm import minimum_arena_bytes
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.runtimes.scratch import scratch_bytes
from tinyml_pipeline.runtimes.tflm import plan_arena
from tinyml_pipeline.runtimes.tflm_libraries import LIBRARIES

VWW = Path(__file__).parents[3] / "shared" / "models" / "vww_96_int8.tflite"

# (input, filter, stride, outputs) and the largest answer of esp_nn_get_conv_scratch_size_esp32s3, or of the one for
# depthwise convolutions, in ESP-NN 1.1.1, 1.2.0 and 1.2.3; padding SAME.
CONVOLUTIONS = [
    ((96, 96, 3), (3, 3), 2, 8, 1216),
    ((48, 48, 8), (1, 1), 1, 16, 320),
    ((3, 3, 256), (1, 1), 1, 256, 69696),
    ((5, 5, 12), (1, 1), 1, 7, 832),
    ((49, 10, 1), (10, 4), 2, 64, 41932),
    ((32, 32, 16), (3, 3), 1, 16, 41728),
    ((16, 16, 32), (1, 1), 2, 64, 4416),
]
DEPTHWISE = [
    ((48, 48, 8), (3, 3), 1, 8, 37040),
    ((24, 24, 32), (3, 3), 2, 32, 21936),
    ((12, 12, 24), (3, 3), 1, 24, 13152),
    ((10, 10, 13), (3, 3), 1, 13, 5296),
    ((25, 5, 64), (5, 5), 1, 64, 19232),
    ((20, 20, 4), (3, 3), 1, 16, 3520),
    ((20, 20, 3), (3, 3), 1, 3, 32),
]
CASES = [("CONV_2D", *case) for case in CONVOLUTIONS] + [("DEPTHWISE_CONV_2D", *case) for case in DEPTHWISE]


def tensor(index: int, shape: tuple[int, ...], data: bytes | None = None) -> Tensor:
    return Tensor(index, f"t{index}", "INT8", shape, data=data)


def graph(name: str, image: tuple[int, int, int], window: tuple[int, int], stride: int, outputs: int) -> Graph:
    """One convolution whose input and output are alive with its working memory, so that nothing is free."""
    filters = (outputs, *window, image[2]) if name == "CONV_2D" else (1, *window, outputs)
    size = [-(-side // stride) for side in image[:2]]
    tensors = (tensor(0, (1, *image)), tensor(1, filters, b""), tensor(2, (1, *size, outputs)))
    options = {"stride_h": stride, "stride_w": stride, "padding": "SAME"}
    return Graph(tensors, (Operation(0, name, 1, (0, 1), (2,), options),), (0,), (2,), (), (), "")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_esp_nn_on_an_esp32s3(case: tuple[str, tuple[int, int, int], tuple[int, int], int, int, int]) -> None:
    *of_layer, asked = case
    planned = scratch_bytes(graph(*of_layer), "ESP-NN", "Xtensa LX7")
    assert asked <= planned <= 1.05 * asked + 48
    assert scratch_bytes(graph(*of_layer), "ESP-NN", None) == planned, "a sketch for any ESP32"
    for core in ("Xtensa LX6", "RV32IMC"):
        assert scratch_bytes(graph(*of_layer), "ESP-NN", core) == 0


@pytest.mark.parametrize(
    ("name", "image", "window", "outputs", "asked"),
    [
        ("CONV_2D", (96, 96, 3), (3, 3), 8, 2 * 27 * 2),  # two columns of 27 int16
        ("CONV_2D", (48, 48, 8), (1, 1), 16, 0),
        ("DEPTHWISE_CONV_2D", (12, 12, 24), (3, 3), 24, 24 * 9 * 2),
        ("DEPTHWISE_CONV_2D", (20, 20, 4), (3, 3), 16, 0),
    ],
)
def test_cmsis_nn(name: str, image: tuple[int, int, int], window: tuple[int, int], outputs: int, asked: int) -> None:
    assert scratch_bytes(graph(name, image, window, 1, outputs), "CMSIS-NN", None) == -(-asked // 16) * 16


def test_softmax_and_pools() -> None:
    tensors = (tensor(0, (1, 100)), tensor(1, (1, 100)))
    softmax = Graph(tensors, (Operation(0, "SOFTMAX", 1, (0,), (1,)),), (0,), (1,), (), (), "")
    assert [scratch_bytes(softmax, kernels, "RV32IMC") for kernels in ("ESP-NN", "CMSIS-NN")] == [400, 0]
    tensors = (tensor(0, (1, 4, 4, 100)), tensor(1, (1, 1, 1, 100)))
    pool = Graph(tensors, (Operation(0, "AVERAGE_POOL_2D", 1, (0,), (1,)),), (0,), (1,), (), (), "")
    assert [scratch_bytes(pool, kernels, None) for kernels in ("ESP-NN", "CMSIS-NN")] == [0, 400]


def test_what_is_free_at_that_moment_costs_nothing() -> None:
    """A large tensor early in the model leaves room for the working memory of a later layer."""
    conv = graph("DEPTHWISE_CONV_2D", (12, 12, 24), (3, 3), 1, 24)
    early = (tensor(3, (1, 100_000)),)
    operations = (Operation(0, "RELU", 1, (3,), (0,)), *conv.operations)
    assert scratch_bytes(Graph((*conv.tensors, *early), operations, (3,), (2,), (), (), ""), "ESP-NN", None) == 0


def test_the_arena_of_a_published_person_detector() -> None:
    """0.1 gave every sketch of it 265,280 bytes."""
    if not VWW.exists():
        pytest.skip(f"{VWW} is not here")
    model = load_quantized(VWW.read_bytes(), "vww")
    minimum = minimum_arena_bytes(model)
    arenas = {name: plan_arena(model.graph, minimum, library).total for name, library in LIBRARIES.items()}
    assert arenas["chirale"] <= 1.13 * minimum
    assert arenas["arduino-esp32"] == arenas["esp-idf"] <= 1.45 * minimum
    library = LIBRARIES["arduino-esp32"]
    of_boards = {name: plan_arena(model.graph, minimum, library, load_board(name)).total for name in
                 ("esp32", "esp32c3", "esp32s3")}  # fmt: skip
    assert of_boards["esp32"] == of_boards["esp32c3"] == arenas["chirale"]
    assert of_boards["esp32s3"] == arenas["arduino-esp32"]
