"""Random convolutional graphs: the compiled C and TFLM agree on every byte.

    python -m tests.fuzz_convolutions --count 2000 [--board sim-cortex-m4] [--seed 0] [--jobs 2]

Without a board on this computer, each graph for the next target and what it optimizes for, in the C that stands for
instructions which this computer lacks. With one on its emulator, many graphs in one firmware.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tinyml_pipeline.boards.board import Optimize
from tinyml_pipeline.boards.catalog import load_board

from tests.convolutional_networks import convolutional_network
from tests.fuzz_chips import VECTORS, compare_on
from tests.fuzz_networks import OPTIMIZE, compare
from tests.fuzz_runs import Outcome, main

_BATCH = 8


def run_seeds(board_name: str | None, seeds: Sequence[int]) -> Outcome:
    """One batch; on a board for size, balanced or speed in turn."""
    networks = [convolutional_network(seed, vectors=VECTORS) for seed in seeds]
    with tempfile.TemporaryDirectory(prefix="tinyml-convolutions-") as folder:
        if board_name is None:
            return compare(networks, Path(folder))
        optimize: Optimize = OPTIMIZE[seeds[0] // _BATCH % len(OPTIMIZE)]
        return compare_on(load_board(board_name), networks, Path(folder), optimize)


if __name__ == "__main__":
    sys.exit(main(__doc__, run_seeds, batch=_BATCH, count=2000, takes_board=True))
