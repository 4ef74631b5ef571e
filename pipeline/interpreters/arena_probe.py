"""The child process of `minimum_arena_bytes`: `arena_probe LOW HIGH` with the .tflite on standard input.

Prints every size just before it is tried, so that the last line tells where a crash was; the last line of a run that
ends well is the answer.
"""

from __future__ import annotations

import sys

STEP = 16


def probe(tflite: bytes, low: int, high: int) -> None:
    """LOW is too small, HIGH is enough; both in bytes."""
    from tflite_micro.python.tflite_micro import runtime

    low_steps, high_steps = low // STEP, -(-high // STEP)
    # Small models are the rule: look for the end from below before halving.
    size = max(2 * low_steps, 64)
    while high_steps - low_steps > 1:
        middle = size if low_steps < size < high_steps else (low_steps + high_steps) // 2
        print(middle * STEP, flush=True)
        try:
            runtime.Interpreter.from_bytes(tflite, arena_size=middle * STEP).invoke()
        except RuntimeError:
            low_steps = middle
            size = 2 * middle
        else:
            high_steps = middle
            size = 0
    print(high_steps * STEP, flush=True)


if __name__ == "__main__":
    probe(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
