"""A short run of tests/fuzz_convolutions.py: `make fuzz` runs 2,000 graphs here and 300 on a Cortex-M4."""

from __future__ import annotations

from pathlib import Path

from tests import fuzz_chips
from tests.convolutional_networks import convolutional_network
from tests.firmware import board_here
from tests.fuzz_networks import compare


def test_random_graphs(tmp_path: Path) -> None:
    outcome = compare([convolutional_network(seed) for seed in range(2000, 2030)], tmp_path)
    assert outcome.differences == []
    assert outcome.equal >= 29, outcome.refusals
    assert {"conv_2d_s8", "conv_2d_dual_fitted_s8", "conv_2d_packed_s8"} <= set(outcome.kernels)


def test_random_graphs_on_a_processor(tmp_path: Path) -> None:
    graphs = [convolutional_network(seed, vectors=fuzz_chips.VECTORS) for seed in range(2030, 2036)]
    outcome = fuzz_chips.compare_on(board_here("sim-cortex-m4"), graphs, tmp_path, "speed")
    assert (outcome.equal, outcome.differences) == (6, [])
