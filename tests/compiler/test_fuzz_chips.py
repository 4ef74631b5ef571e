"""A short run of tests/fuzz_chips.py: `make fuzz` runs 500 networks on a Cortex-M4."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fuzz_chips
from tests.firmware import board_here
from tests.networks import make_network, random_network
from tests.oracle import run_tflm

RUNS = {"sim-cortex-m4": range(500, 512), "sim-uno": range(502, 504)}


@pytest.mark.parametrize("name", RUNS)
def test_random_networks(name: str, tmp_path: Path) -> None:
    networks = [random_network(seed, vectors=fuzz_chips.VECTORS) for seed in RUNS[name]]
    outcome = fuzz_chips.compare_on(board_here(name), networks, tmp_path, "speed")
    assert outcome.differences == []
    assert outcome.equal > len(networks) * 0.8, outcome.refusals


def test_a_wrong_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TFLM's answers with one bit of one byte changed; the other network of the firmware is right."""
    networks = [make_network([("relu", 0)], seed, vectors=fuzz_chips.VECTORS) for seed in (3, 4)]
    changed = [values.copy() for values in run_tflm(networks[1].tflite, networks[1].inputs)]
    changed[0][6].flat[-1] ^= 1
    monkeypatch.setattr(
        fuzz_chips,
        "run_tflm",
        lambda tflite, vectors: changed if tflite is networks[1].tflite else run_tflm(tflite, vectors),
    )
    outcome = fuzz_chips.compare_on(board_here("sim-cortex-m4"), networks, tmp_path, "size")
    assert outcome.equal == 1
    [text] = outcome.differences
    last = changed[0][6].size - 1
    assert f"{fuzz_chips.VECTORS} vectors run; vector 6: byte {last} is {changed[0][6].view('u1').flat[-1] ^ 1}" in text
