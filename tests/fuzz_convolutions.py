"""Random convolutional graphs: the compiled C and TFLM agree on every byte.

    python -m tests.fuzz_convolutions --count 2000 [--board sim-cortex-m4] [--seed 0] [--jobs 2]

Without a board on this computer, each graph for the next target and what it optimizes for, in the C that stands for
instructions which this computer lacks. With one on its emulator, many graphs in one firmware.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tinyml_pipeline.boards.board import Optimize
from tinyml_pipeline.boards.catalog import load_board

from tests.convolutional_networks import convolutional_network
from tests.fuzz_chips import VECTORS, compare_on
from tests.fuzz_networks import OPTIMIZE, Outcome, compare

_BATCH = 8


def run_seeds(board_name: str | None, seeds: Sequence[int]) -> Outcome:
    """One batch; on a board for size, balanced or speed in turn."""
    networks = [convolutional_network(seed, vectors=VECTORS) for seed in seeds]
    with tempfile.TemporaryDirectory(prefix="tinyml-convolutions-") as folder:
        if board_name is None:
            return compare(networks, Path(folder))
        optimize: Optimize = OPTIMIZE[seeds[0] // _BATCH % len(OPTIMIZE)]
        return compare_on(load_board(board_name), networks, Path(folder), optimize)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first graph; the others count on from it")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    total, end = Outcome(), arguments.seed + arguments.count
    parts = [range(start, min(start + _BATCH, end)) for start in range(arguments.seed, end, _BATCH)]
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        for outcome in pool.imap_unordered(partial(run_seeds, arguments.board), parts):
            total.add(outcome)
            for text in outcome.differences:
                print(text, flush=True)
            print(f"{total.equal:,} of {arguments.count:,} equal", end="\r", file=sys.stderr, flush=True)
    for counts in (total.layers, total.kernels):
        for name, count in sorted(counts.items()):
            print(f"{count:>8,} {name}")
    for message, count in total.refusals.most_common(20):
        print(f"{count:>8,} refused: {message}")
    print(f"{total.equal:,} graphs equal, {sum(total.refusals.values()):,} refused, {len(total.differences)} different")
    return 1 if total.differences else 0


if __name__ == "__main__":
    sys.exit(main())
