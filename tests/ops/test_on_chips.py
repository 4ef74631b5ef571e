"""Every operator in one network, on every machine at hand: the chip answers what TFLM answers."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.quantize.quantized_model import load_quantized
from tinyml_pipeline.workflow.chips import chips, run_on_chip

from tests.networks import LAYERS, make_network
from tests.oracle import run_tflm
from tests.tools import unavailable

EMULATED = [name for name in board_names() if load_board(name).emulator is not None]
SEEDS = (1, 25)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("board", EMULATED)
def test_every_operator(board: str, seed: int) -> None:
    at_hand = chips([board])
    for name, missing in at_hand.missing.items():
        unavailable(f"{name} needs {missing}")
    network = make_network([(kind, number % 2) for number, kind in enumerate(sorted(LAYERS))], seed, vectors=40)
    model = load_quantized(network.tflite, "every_operator")
    inputs = [values.reshape(40, *port.shape) for values, port in zip(network.inputs, model.inputs, strict=True)]
    actual = run_on_chip(model, at_hand.able[0], inputs)
    for got, wanted in zip(actual, run_tflm(network.tflite, network.inputs), strict=True):
        np.testing.assert_array_equal(got.reshape(wanted.shape), wanted)
