"""The TFLM runtime: what it writes, what it refuses and in which words, and the golden text of `linear`."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.quantization.quantized_model import Vectors
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.tflm import Arena, TflmRuntime, add_methods, plan_arena, supported_libraries
from tinyml_pipeline.runtimes.tflm_libraries import LIBRARIES, find_library

from tests.sketches.host_sketch import write_tree
from tests.sketches.models import LINEAR, LINEAR_ORACLE, TWO_PORTS, oracle, quantized

GOLDEN = Path(__file__).parents[1] / "golden" / "sketches"

PER_CHANNEL = quantized("dense", LINEAR.inputs, LINEAR.outputs, weight_scales=(0.5, 0.25))
GROUPED = quantized("conv", LINEAR.inputs, LINEAR.outputs, operations=("CONV_2D",), weight_shape=(8, 3, 3, 2))

REFUSED = {
    "per channel on chirale": (
        PER_CHANNEL,
        "chirale",
        "dense for chirale: FULLY_CONNECTED (operation 0) has weights quantized per channel, which"
        " Chirale_TensorFLowLite 2.0.0 computes wrongly and silently; arduino-esp32 and esp-idf do not. Dense layers"
        " quantized per tensor, as 'tinyml convert' makes them of a Keras model by default, run on all.",
    ),
    "grouped convolution on chirale": (
        GROUPED,
        "chirale",
        "conv for chirale: CONV_2D (operation 0) is a grouped convolution, which Chirale_TensorFLowLite 2.0.0 computes"
        " wrongly and silently. Set groups to 1.",
    ),
    "grouped convolution on esp-idf": (
        GROUPED,
        "esp-idf",
        "conv for esp-idf: CONV_2D (operation 0) is a grouped convolution, which espressif/esp-tflite-micro 1.4.0"
        " computes wrongly and silently. Set groups to 1.",
    ),
    "an operation that came after the core": (
        quantized("all", LINEAR.inputs, LINEAR.outputs, operations=("REDUCE_ALL",)),
        "arduino-esp32",
        "all for arduino-esp32: REDUCE_ALL (operation 0) is missing in Arduino core for ESP32 3.3.9; esp-idf has it."
        " For arduino-esp32, replace the layer.",
    ),
    "an operation that chirale lacks": (
        quantized("sum", LINEAR.inputs, LINEAR.outputs, operations=("RELU", "BATCH_MATMUL")),
        "chirale",
        "sum for chirale: BATCH_MATMUL (operation 1) is missing in Chirale_TensorFLowLite 2.0.0; arduino-esp32"
        " and esp-idf have it. For chirale, replace the layer.",
    ),
    "an operation that TFLM lacks": (
        quantized("gelu", LINEAR.inputs, LINEAR.outputs, operations=("GELU",)),
        "esp-idf",
        "gelu for esp-idf: GELU (operation 0) is not an operation that TensorFlow Lite for Microcontrollers registers"
        " by itself. Replace the layer that it came from.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    model, library, message = REFUSED[case]
    with pytest.raises(UnsupportedError) as error:
        TflmRuntime().sources(model, LIBRARIES[library], oracle(model))
    assert str(error.value) == message


@pytest.mark.parametrize("library", ["arduino-esp32", "esp-idf"])
def test_takes_elsewhere_what_chirale_cannot(library: str) -> None:
    assert TflmRuntime().sources(PER_CHANNEL, LIBRARIES[library], oracle(PER_CHANNEL))


def test_supported_libraries() -> None:
    able, refused = supported_libraries(PER_CHANNEL)
    assert list(able) == ["arduino-esp32", "esp-idf"]
    assert refused == {"chirale": REFUSED["per channel on chirale"][2]}
    assert list(supported_libraries(LINEAR)[0]) == ["arduino-esp32", "chirale", "esp-idf"]


def test_unknown_library() -> None:
    with pytest.raises(UsageError) as error:
        find_library("arduino")
    assert str(error.value) == ("there is no target library 'arduino'; choose one of: arduino-esp32, chirale, esp-idf.")


def test_registers_each_operation_once() -> None:
    assert add_methods(TWO_PORTS.graph) == ("AddRelu", "AddFullyConnected", "AddSoftmax")


ARENAS = {
    "small: a kilobyte": (1328, Arena(1328, 0, 1024)),
    "large: an eighth, up to a multiple of 16": (100_000, Arena(100_000, 0, 12_512)),
}


@pytest.mark.parametrize("case", ARENAS)
def test_arena(case: str) -> None:
    minimum, expected = ARENAS[case]
    arena = plan_arena(LINEAR.graph, minimum, LIBRARIES["chirale"])
    assert arena == expected
    assert arena.total % 16 == 0


def test_vectors_of_another_model() -> None:
    with pytest.raises(ValueError, match=r"golden vectors for 1 tensors, the model has 2"):
        TflmRuntime().sources(TWO_PORTS, LIBRARIES["esp-idf"], LINEAR_ORACLE)
    few = Vectors((np.zeros((16, 1), np.int8),), (np.zeros((15, 1), np.int8),))
    with pytest.raises(ValueError, match=r"linear: 16 golden inputs, 15 golden outputs"):
        TflmRuntime().sources(LINEAR, LIBRARIES["esp-idf"], Oracle(few, 1000))


def test_range_comes_from_the_tensor_where_the_spec_has_none() -> None:
    tree = TflmRuntime().sources(LINEAR, LIBRARIES["chirale"], oracle(LINEAR))
    config = tree["chirale/linear/model_config.h"]
    assert '    {"x", -10.039216f, 9.960785f, 5.0f},' in config.splitlines()


def sketch(library: str) -> dict[str, str]:
    """The files of `linear`; those of ESP-IDF by the names that Arduino's would have."""
    tree = TflmRuntime().sources(LINEAR, LIBRARIES[library], LINEAR_ORACLE)
    assert dict(tree) == dict(TflmRuntime().sources(LINEAR, LIBRARIES[library], LINEAR_ORACLE))
    names = {path: re.sub(r"main/(\w+)\.(h|cc)$", r"\1.\2", path.removeprefix(f"{library}/")) for path in tree}
    return {re.sub(r"\.cc$", ".cpp", names[path]): text for path, text in tree.items()}


def difference(old: dict[str, str], new: dict[str, str]) -> str:
    lines: list[str] = []
    for path in sorted(old | new):
        before, after = (tree.get(path, "").splitlines(keepends=True) for tree in (old, new))
        lines += difflib.unified_diff(before, after, path if path in old else "-", path if path in new else "-", n=1)
    return "".join(lines)


def test_golden_sketch(request: pytest.FixtureRequest) -> None:
    """The sketch of `linear`, read once by a person; `pytest --refresh-golden` writes it anew."""
    tree = sketch("arduino-esp32")
    if request.config.getoption("--refresh-golden"):
        write_tree(tree, GOLDEN)
    kept = {str(path.relative_to(GOLDEN)): path for path in (GOLDEN / "linear").iterdir()}
    assert sorted(kept) == sorted(tree)
    for path, text in tree.items():
        assert text == kept[path].read_text(encoding="utf-8"), f"{path} changed; if that is meant, --refresh-golden"


@pytest.mark.parametrize("library", sorted(LIBRARIES.keys() - {"arduino-esp32"}))
def test_golden_difference_of_the_other_libraries(library: str, request: pytest.FixtureRequest) -> None:
    """What is not as for arduino-esp32."""
    found, path = difference(sketch("arduino-esp32"), sketch(library)), GOLDEN / f"{library}.diff"
    if request.config.getoption("--refresh-golden"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), f"{path.name} changed; if that is meant, --refresh-golden"
