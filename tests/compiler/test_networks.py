"""Random small networks of every operator: host C and TFLM agree on every byte.

500 networks, the same ones each time; `make fuzz` runs 10,000 (tests/fuzz_networks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.quantization.convert import KerasProcess

from tests.conftest import BuildKeras
from tests.fuzz_networks import compare
from tests.host import Int8Array, compile_model, run_library, run_program
from tests.networks import LAYERS, edge_vectors, make_network, random_network
from tests.oracle import run_tflm

COUNT, BATCH = 500, 50


def assert_equal(actual: Sequence[Int8Array], expected: Sequence[Int8Array], what: object) -> None:
    for number, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
        np.testing.assert_array_equal(got, wanted, err_msg=f"output {number} of {what}")


@pytest.mark.parametrize("batch", range(COUNT // BATCH))
def test_random_networks(batch: int, tmp_path: Path) -> None:
    outcome = compare([random_network(seed) for seed in range(batch * BATCH, (batch + 1) * BATCH)], tmp_path)
    assert outcome.differences == []
    assert outcome.equal > BATCH * 0.8, outcome.refusals


def test_a_wrong_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself: TFLM's answers with one bit changed."""
    network = make_network([("relu", 0), ("reshape", 0)], 0)
    changed = [values.copy() for values in run_tflm(network.tflite, network.inputs)]
    changed[0][-1, -1] ^= 1
    monkeypatch.setattr("tests.fuzz_networks.run_tflm", lambda *_: changed)
    assert len(compare([network], tmp_path).differences) == 1


@pytest.mark.parametrize("seed", range(12))
def test_no_sanitizer_and_no_warning_finds_anything(seed: int, tmp_path: Path) -> None:
    """Networks of six layers under -Wconversion -Werror and the address and undefined-behaviour sanitizers."""
    kinds = sorted(LAYERS)
    network = make_network([(kinds[(seed + 5 * step) % len(kinds)], step % 3) for step in range(6)], seed)
    target = find_target("portable", "speed" if seed % 2 else "size")
    actual = run_program(compile_model(network.tflite, target), network.inputs, tmp_path)
    assert_equal(actual, run_tflm(network.tflite, network.inputs), network)


CONVERTED = {
    "relu_softmax": "Input((6,)), layers.Dense(9, activation='relu'), layers.Dense(4, activation='softmax')",
    "sigmoid": "Input((3,)), layers.Dense(5, activation='sigmoid'), layers.Dense(1)",
    "tanh_relu6": "Input((4,)), layers.Dense(5, activation='tanh'), layers.Dense(3, activation='relu6')",
    "leaky_relu": "Input((4,)), layers.Dense(6), layers.LeakyReLU(negative_slope=0.2), layers.Dense(2)",
    "reshape": "Input((2, 6)), layers.Flatten(), layers.Dense(4), layers.Reshape((2, 2)), layers.Dense(3)",
}


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("name", CONVERTED)
def test_converted_networks(
    name: str, per_channel: bool, build_keras: BuildKeras, keras_process: KerasProcess, tmp_path: Path
) -> None:
    """The same through Keras and the converter."""
    archive = build_keras(f"Sequential([{CONVERTED[name]}])")
    shape = (2, 6) if name == "reshape" else (int(CONVERTED[name].split("Input((")[1].split(",")[0]),)
    rng = np.random.default_rng(0)
    representative = rng.uniform(-2, 2, (64, *shape)).astype(np.float32)
    tflite = keras_process.convert(archive, representative, per_channel, name)
    model = compile_model(tflite)
    inputs = [edge_vectors(rng, (1, *shape), 500)]
    assert_equal(run_library(model, inputs, tmp_path), run_tflm(tflite, inputs), name)
