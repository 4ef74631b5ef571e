"""What the runs over random networks share: their outcome, and the program around them."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial


@dataclass
class Outcome:
    """`refusals` counts the compiler's messages; `differences` describes networks to look at."""

    equal: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    layers: Counter[str] = field(default_factory=Counter)
    """Operators of the networks that were compared."""
    kernels: Counter[str] = field(default_factory=Counter)
    """Functions that they call, where the C is at hand."""

    def add(self, other: Outcome) -> None:
        self.equal += other.equal
        self.refusals += other.refusals
        self.differences += other.differences
        self.layers += other.layers
        self.kernels += other.kernels


def main(
    doc: str | None,
    run_seeds: Callable[..., Outcome],
    *,
    batch: int,
    count: int,
    takes_board: bool = False,
    board: str | None = None,
) -> int:
    """Run `run_seeds(seeds)`, a function of a module, on batches of seeds in processes of their own.

    With `takes_board` it is `run_seeds(board, seeds)`. `count` and `board` are defaults of the options. Returns 1 if
    anything differs, for the program to exit with.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if takes_board:
        parser.add_argument("--board", default=board)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0, help="of the first network; the others count on from it")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    total, end = Outcome(), arguments.seed + arguments.count
    parts = [range(start, min(start + batch, end)) for start in range(arguments.seed, end, batch)]
    run = partial(run_seeds, arguments.board) if takes_board else run_seeds
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        for outcome in pool.imap_unordered(run, parts):
            total.add(outcome)
            for text in outcome.differences:
                print(text, flush=True)
            print(f"{total.equal:,} of {arguments.count:,} equal", end="\r", file=sys.stderr, flush=True)
    for counts in (total.layers, total.kernels):
        for name, number in sorted(counts.items()):
            print(f"{number:>8,} {name}")
    for message, number in total.refusals.most_common(20):
        print(f"{number:>8,} refused: {message}")
    print(f"{total.equal:,} equal, {sum(total.refusals.values()):,} refused, {len(total.differences)} different")
    return 1 if total.differences else 0
