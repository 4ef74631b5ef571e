"""Broken .tflite files by the million: the reader refuses each with a PipelineError, or gives a consistent Graph.

    python -m tests.fuzz_reader --count 1000000 --jobs 2 [MODEL.tflite ...]

Every input comes from (seed, number) alone, so a failure is named by two integers. Mutations know the format: they aim
at the structure, not at weights, and write what breaks readers (offsets, lengths, counts at their limits).
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.graph import TYPE_BITS, Graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import ModelFileError, PipelineError

from tests.networks import LAYERS, make_network

# Far above what any input takes, so that only a hang or a blow-up fails; the clock is the process's own.
SLOWEST_S = 2.0
GROWTH_BYTES = 64 << 20
CHUNK = 2000
COMPILE_EVERY = 8

_WORDS = (0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 4)


@dataclass
class Outcome:
    """What became of a range of inputs."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def corpus(paths: Sequence[Path] = ()) -> list[bytes]:
    """Small models of every operator, and the given files."""
    kinds = sorted(LAYERS)
    made = [make_network([(kind, 0), (kinds[n - 1], 1)], n, vectors=6).tflite for n, kind in enumerate(kinds)]
    return made + [path.read_bytes() for path in paths]


def structure_of(data: bytes) -> np.ndarray:
    """Positions outside of the constants' bytes, where a change alters the structure."""
    inside = np.ones(len(data), bool)
    for tensor in read_tflite(data).tensors:
        start = data.find(tensor.data) if tensor.data and len(tensor.data) > 16 else -1
        if tensor.data and start >= 0:
            inside[start : start + len(tensor.data)] = False
    return np.flatnonzero(inside)


def mutated(models: Sequence[bytes], structures: Sequence[np.ndarray], rng: np.random.Generator) -> bytes:
    which = int(rng.integers(len(models)))
    data, places = bytearray(models[which]), structures[which]
    for _ in range(int(rng.geometric(0.6))):
        place = int(places[rng.integers(len(places))])
        match int(rng.integers(10)):
            case 0 | 1:
                data[place % len(data)] ^= 1 << int(rng.integers(8))
            case 2:
                data[place % len(data)] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.integers(256)]))
            case 3 | 4 | 5:
                word = int(
                    rng.choice([*_WORDS, len(data), len(data) - 4, rng.integers(len(data)), rng.integers(2**32)])
                )
                start = min(place & ~3, len(data) - 4)
                data[start : start + 4] = word.to_bytes(4, "little")
            case 6:
                start = min(place & ~1, len(data) - 2)
                data[start : start + 2] = int(rng.choice([0, 4, 6, 0x7FFF, 0xFFFF, rng.integers(64)])).to_bytes(
                    2, "little"
                )
            case 7:
                other = int(places[rng.integers(len(places))]) & ~3
                start = min(place & ~3, len(data) - 4)
                data[start : start + 4] = data[other : other + 4].ljust(4, b"\0")
            case 8:
                piece = data[place : place + int(rng.integers(1, 64))]
                at = int(places[rng.integers(len(places))])
                data[at:at] = piece
            case _:
                del data[place : place + int(rng.choice([1, 4, 16, len(data)]))]
        if len(data) < 8:
            break
    return bytes(data)


def check(data: bytes, *, compile_too: bool) -> str:
    """What happened, in a word; AssertionError or any other exception is a failure."""
    try:
        graph = read_tflite(data)
    except ModelFileError as error:
        assert_one_line(error)
        return "refused by the reader"
    assert_consistent(graph, len(data))
    if not compile_too:
        return "read"
    try:
        tree = compile_graph(graph, "fuzz", Target())
    except PipelineError as error:
        assert_one_line(error)
        return "read, refused by the compiler"
    text_bytes = sum(map(len, tree.values()))
    assert text_bytes < 100_000 + 200 * len(data), f"{text_bytes} bytes of C"
    return "compiled"


def assert_one_line(error: PipelineError) -> None:
    text = str(error)
    assert 10 < len(text) < 1000, f"an odd message: {text!r}"
    assert text.isprintable(), f"an odd message: {text!r}"


def assert_consistent(graph: Graph, file_bytes: int) -> None:
    """What Graph promises, checked in another way than the reader does."""
    assert graph.constant_bytes <= 8 * file_bytes
    written = {t.index for t in graph.tensors if t.data is not None or t.is_variable} | set(graph.inputs)
    for number, tensor in enumerate(graph.tensors):
        assert tensor.index == number
        assert all(size >= 0 for size in tensor.shape)
        if tensor.data is not None and tensor.type in TYPE_BITS:
            assert len(tensor.data) == math.ceil(math.prod(tensor.shape) * TYPE_BITS[tensor.type] / 8)
        if tensor.quantization is not None:
            assert len(tensor.quantization.scales) == len(tensor.quantization.zero_points) > 0
            assert all(math.isfinite(scale) for scale in tensor.quantization.scales)
    for number, operation in enumerate(graph.operations):
        assert operation.index == number
        assert {index for index in operation.inputs if index != -1} <= written
        assert not written & set(operation.outputs)
        written |= set(operation.outputs)
    assert set(graph.outputs) <= written
    assert len(graph.input_names) == len(graph.inputs)
    assert len(graph.output_names) == len(graph.outputs)


def run_range(models: Sequence[bytes], seed: int, start: int, stop: int) -> Outcome:
    structures = [structure_of(model) for model in models]
    outcome = Outcome()
    for number in range(start, stop):
        data = mutated(models, structures, np.random.default_rng((seed, number)))
        began = time.process_time()
        try:
            outcome.counts[check(data, compile_too=number % COMPILE_EVERY == 0)] += 1
        except Exception:
            outcome.failures.append(f"input ({seed}, {number}):\n{traceback.format_exc(limit=-3)}")
        took = time.process_time() - began
        outcome.slowest_s = max(outcome.slowest_s, took)
        if took > SLOWEST_S:
            outcome.failures.append(f"input ({seed}, {number}): took {took:.1f} s")
    return outcome


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


_models: list[bytes] = []
_first_peak = 0


def _start(models: list[bytes], seed: int) -> None:
    global _models, _first_peak
    _models = models
    run_range(models, seed, 0, CHUNK)
    _first_peak = peak_bytes()


def _work(task: tuple[int, int, int]) -> Outcome:
    outcome = run_range(_models, *task)
    growth = peak_bytes() - _first_peak
    if growth > GROWTH_BYTES:
        outcome.failures.append(f"inputs {task}: memory grew by {growth >> 20} MB")
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, help="further .tflite files to mutate")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    models = corpus(arguments.models)
    tasks = [(arguments.seed, n, min(n + CHUNK, arguments.count)) for n in range(0, arguments.count, CHUNK)]
    total, began = Outcome(), time.monotonic()
    with multiprocessing.Pool(arguments.jobs, _start, (models, arguments.seed)) as pool:
        for done, outcome in enumerate(pool.imap_unordered(_work, tasks), 1):
            total.counts += outcome.counts
            total.failures += outcome.failures
            total.slowest_s = max(total.slowest_s, outcome.slowest_s)
            if done % 25 == 0:
                print(f"{sum(total.counts.values()):,} inputs, {len(total.failures)} failures", flush=True)
    seconds = time.monotonic() - began
    rate = arguments.count / seconds
    print(f"{arguments.count:,} inputs from {len(models)} models in {seconds:.0f} s: {rate:,.0f} a second")
    print(f"slowest input {total.slowest_s * 1000:.0f} ms; {len(total.failures)} failures")
    for what, count in sorted(total.counts.items()):
        print(f"{count:>10,} {what}")
    for failure in total.failures[:20]:
        print(failure)
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
