"""Models that nobody here made, where they are at hand: compiled, and bit-exact with TFLM on 1,000 inputs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.target import find_target

from tests.host import compile_model, run_library
from tests.networks import edge_vectors
from tests.oracle import run_tflm

FOLDER = Path(__file__).parents[3] / "shared" / "models"


def read(name: str) -> bytes:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_bytes()


@pytest.mark.parametrize("optimize", ["size", "speed"])
@pytest.mark.parametrize("name", ["hello_world_int8.tflite", "ad01_int8.tflite"])
def test_bit_exact(name: str, optimize: str, tmp_path: Path) -> None:
    tflite = read(name)
    model = compile_model(tflite, find_target("portable", "speed" if optimize == "speed" else "size"))
    inputs = [edge_vectors(np.random.default_rng(0), (1, model.input_sizes[0]), 1000)]
    np.testing.assert_array_equal(run_library(model, inputs, tmp_path)[0], run_tflm(tflite, inputs)[0])


def test_twelve_layers_read_from_top_to_bottom() -> None:
    """One comment per layer with shapes, MACs and kernel, no weights, and the calls at the end, each with its hook."""
    tree = compile_model(read("kws_ref_model.tflite")).tree
    text = tree["model.c"].splitlines()
    lines = [line for line in text if not line.startswith("    model_layer_done(")]
    assert len(text) == len(lines) + 12
    layers = [line for line in lines if re.fullmatch(r"/\* \w+: [A-Z0-9_]+ 1 x .* -> 1 x .*; \w+_s8 \*/", line)]
    computing = [line for line in layers if re.search(r": (CONV_2D|DEPTHWISE_CONV_2D|FULLY_CONNECTED) ", line)]
    assert (len(layers), len(computing)) == (12, 10)
    assert all(re.search(r", [0-9,]+ MACs", line) for line in computing)
    assert len(lines) < 220
    assert len(tree["model_weights.h"].splitlines()) > 1000
    calls = [line for line in lines[-15:] if re.match(r"    \w+_s8\(", line)]
    assert len(calls) == 12
