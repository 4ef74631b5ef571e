"""The child process of `minimum_arena_bytes`: `arena_probe LOW HIGH` with the .tflite on standard input.

Prints every size just before it is tried, so that the last line tells where a crash was; the last line of a run that
ends well is the answer. HIGH is tried first; a model that does not run in it ends with the exit code REFUSED, and
TFLM's own words stand on standard error.
"""

from __future__ import annotations

import sys

STEP = 16
REFUSED = 3


def probe(tflite: bytes, low: int, high: int) -> int:
    """The smallest arena above `low` bytes, which is too small, up to `high`, which is enough.

    Exact to 16 bytes, or to 1/512 of a large one: planning a thousand layers takes TFLM half a second each time.
    """
    if not _runs(tflite, high):
        sys.exit(REFUSED)
    low_steps, high_steps = low // STEP, -(-high // STEP)
    # Small models are the rule: double from below until one fits, then halve.
    doubled = max(2 * low_steps, 64)
    while high_steps - low_steps > max(1, high_steps // 512):
        middle = doubled if doubled < high_steps else (low_steps + high_steps) // 2
        if _runs(tflite, middle * STEP):
            high_steps = middle
        else:
            low_steps, doubled = middle, 2 * middle
    return high_steps * STEP


def _runs(tflite: bytes, arena_bytes: int) -> bool:
    from tflite_micro.python.tflite_micro import runtime

    print(arena_bytes, flush=True)
    try:
        runtime.Interpreter.from_bytes(tflite, arena_size=arena_bytes).invoke()
    except Exception:
        return False
    return True


if __name__ == "__main__":
    print(probe(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2])))
