"""Valid flatbuffers that contradict themselves: the compiler refuses each, or its C equals TFLM.

    python -m tests.fuzz_shapes --count 10000 [--seed 0]

A model of one or two operators is drawn, then some of its shapes, types, options, quantization parameters, inputs and
more are changed (tests/fuzz_contradictions.py), each within the format: constants always have the bytes that their
shapes ask for. What the compiler
accepts runs as C and in TFLM on the same inputs. TFLM reads out of bounds on some of these files, so it runs in child
processes, many files in each; a file that ends one is counted and left out.

Operators join by being drawable, as a kind of tests.networks.LAYERS, or, if they are supported and nothing draws them,
with random tensors and options.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import pickle
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.edges import Edge, model_edges
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.operators import supported_operators
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import PipelineError, UnsupportedError
from tinyml_pipeline.host.interpreters.one_operation import run_operation

from tests.fuzz_contradictions import any_tensors, contradicted
from tests.host import compile_c, write_tree
from tests.networks import FLOAT_ISLAND, LAYERS, edge_vectors, make_network
from tests.tflite_writer import Writer
from tests.tools import PATIENCE_S

VECTORS = 8
BATCH = 100
_PORT_TYPES = ("INT8", "INT16", "INT32", "INT64", "BOOL")


@dataclass
class Outcome:
    """`refusals` are the reasons for which the compiler refused what TFLM runs, with numbers taken out."""

    counts: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    examples: dict[str, int] = field(default_factory=dict)
    """The number of the first case of each line of `accepted` and `refusals`."""

    def note(self, counter: Counter[str], what: str, number: int) -> None:
        counter[what] += 1
        self.examples.setdefault(what, number)


@dataclass
class Case:
    number: int
    tflite: bytes
    inputs: list[np.ndarray] = field(default_factory=list)
    """Of the types that the file has."""
    stored: list[np.ndarray] = field(default_factory=list)
    """Of those that the C takes."""
    graph: Graph | None = None
    outputs: tuple[Edge, ...] = ()
    reason: str = ""


def drawers() -> dict[str, Callable[[np.random.Generator], bytes]]:
    """How to draw a sound model around each operator."""
    found: dict[str, Callable[[np.random.Generator], bytes]] = {}
    kinds = sorted(LAYERS)
    for kind in kinds:
        found[kind] = lambda rng, kind=kind: make_network(
            [(kind, 0), (str(rng.choice(kinds)), int(rng.integers(2)))][: int(rng.integers(1, 3))],
            int(rng.integers(2**32)), vectors=6, other_ports=bool(rng.integers(2)),
        ).tflite  # fmt: skip
    found["float_island"] = lambda rng: make_network([(FLOAT_ISLAND, 0)], int(rng.integers(2**32)), vectors=6).tflite
    found |= {"expand_dims": expand_dims, "shape": shape, "squeeze": squeeze}
    for name in supported_operators():
        if name.lower() not in found:
            found[name.lower()] = lambda rng, name=name: any_tensors(name, rng)
    return found


def expand_dims(rng: np.random.Generator) -> bytes:
    sizes = _small_shape(rng)
    place = int(rng.integers(len(sizes) + 1))
    operand = place if rng.random() < 0.5 else place - len(sizes) - 1
    return _view("EXPAND_DIMS", sizes, [*sizes[:place], 1, *sizes[place:]], [operand])


def squeeze(rng: np.random.Generator) -> bytes:
    sizes = _small_shape(rng)
    ones = [axis for axis, size in enumerate(sizes) if size == 1]
    named = [axis for axis in ones if rng.random() < 0.7] if rng.random() < 0.6 else []
    left = [size for axis, size in enumerate(sizes) if axis not in (named or ones)]
    return _view("SQUEEZE", sizes, left, squeezeDims=[axis - len(sizes) * int(rng.integers(2)) for axis in named])


def shape(rng: np.random.Generator) -> bytes:
    """A RESHAPE to what a SHAPE gives."""
    writer, sizes = Writer(), _small_shape(rng)
    source, found, output = (
        writer.tensor(sizes, 0.1), writer.tensor((len(sizes),), type="INT32"), writer.tensor(sizes, 0.1)
    )  # fmt: skip
    writer.operation("SHAPE", [source], [found], outType=schema.TensorType.INT32)
    writer.operation("RESHAPE", [source, found], [output])
    return writer.build([source], [output])


def _small_shape(rng: np.random.Generator) -> list[int]:
    return [int(size) for size in rng.choice([1, 1, 2, 3], int(rng.integers(1, 5)))]


def _view(name: str, sizes: Sequence[int], made: Sequence[int], operand: Sequence[int] = (), **options: Any) -> bytes:
    writer = Writer()
    source = writer.tensor(sizes, 0.1, 5)
    constant = [writer.tensor((len(operand),), type="INT32", data=operand)] if operand else []
    output = writer.tensor(made, 0.1, 5)
    writer.operation(name, [source, *constant], [output], **options)
    return writer.build([source], [output])


def make_case(seed: int, number: int) -> Case:
    rng = np.random.default_rng((seed, number))
    known = drawers()
    tflite = contradicted(known[sorted(known)[number % len(known)]](rng), rng)
    try:
        graph = read_tflite(tflite)
        edges = model_edges(graph)
        if any(edge.inner.type not in _PORT_TYPES for port in edges for edge in port):
            return Case(number, tflite, reason="read: a port is of a type that no kernel has")
        stored = [edge_vectors(rng, edge.inner.shape, VECTORS, edge.inner.dtype) for edge in edges[0]]
        inputs = [_as_in_file(edge, values) for edge, values in zip(edges[0], stored, strict=True)]
        return Case(number, tflite, inputs, stored, graph, edges[1])
    except PipelineError as error:
        return Case(number, tflite, reason=f"read: {error}")


def _as_in_file(edge: Edge, stored: np.ndarray) -> np.ndarray:
    """What TFLM is given; UnsupportedError if it need not come back as the same stored values."""
    with np.errstate(all="ignore"):
        values = edge.to_own(stored)
        if not (np.isfinite(values).all() and np.array_equal(edge.from_own(values), stored)):
            raise UnsupportedError("a port's scale is at the end of float32")
    return values.reshape(len(values), *edge.own.shape)


def compiled(case: Case) -> Any:
    """The C of a case, or None with the reason in the case."""
    assert case.graph is not None
    target = Target(optimize="speed" if case.number % 3 == 0 else "size")
    evaluate = run_operation if case.number % 2 else None
    try:
        return compile_graph(case.graph, "fuzz", target, prefix=f"m{case.number}", evaluate=evaluate)
    except PipelineError as error:
        case.reason = str(error)
        return None


def run_c(cases: Sequence[tuple[Case, Any]], folder: Path) -> dict[int, list[np.ndarray]]:
    """Every model in one library; kernels are shared."""
    sources: dict[str, Path] = {}
    for _, tree in cases:
        place = folder / "c"
        place.mkdir(exist_ok=True)
        for path in write_tree(tree, place):
            sources[path.name] = path
    library = ctypes.CDLL(str(compile_c(list(sources.values()), folder / "c" / "all.so", "-shared", "-fPIC", "-O1")))
    results = {}
    for case, _ in cases:
        outputs = [np.zeros((VECTORS, edge.inner.size), edge.inner.dtype.numpy) for edge in case.outputs]
        flat = [np.ascontiguousarray(array).reshape(VECTORS, -1) for array in case.stored]
        for row in range(VECTORS):
            arrays = [array[row] for array in (*flat, *outputs)]
            getattr(library, f"m{case.number}_invoke")(*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))
        results[case.number] = [edge.to_own(values) for edge, values in zip(case.outputs, outputs, strict=True)]
    return results


def run_oracle(cases: Sequence[Case], folder: Path) -> dict[int, Any]:
    """TFLM's answers by number: arrays, a reason, or 'crashed'."""
    answers: dict[int, Any] = {}
    left = list(cases)
    while left:
        work, done = folder / "work", folder / "done"
        work.write_bytes(pickle.dumps([(case.number, case.tflite, case.inputs) for case in left]))
        done.write_bytes(b"")
        command = [sys.executable, "-m", "tests.fuzz_shapes", "--oracle", str(work), str(done)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=PATIENCE_S)
        with done.open("rb") as file:
            while True:
                try:
                    number, answer = pickle.load(file)
                except (EOFError, pickle.UnpicklingError):
                    break
                answers[number] = answer
        remaining = [case for case in left if case.number not in answers]
        if remaining:
            answers[remaining[0].number] = "crashed"
        left = remaining[1:]
    return answers


def oracle(work: Path, done: Path) -> None:
    from tests.oracle import run_tflm

    with done.open("ab") as file:
        for number, tflite, inputs in pickle.loads(work.read_bytes()):
            try:
                answer: Any = [np.array(array) for array in run_tflm(tflite, inputs)]
            except Exception as error:
                answer = f"refused: {error}"
            pickle.dump((number, answer), file)
            file.flush()


def run_range(seed: int, start: int, stop: int, folder: Path) -> Outcome:
    outcome = Outcome()
    for first in range(start, stop, BATCH):
        place = folder / str(first)
        place.mkdir()
        run_batch([make_case(seed, number) for number in range(first, min(first + BATCH, stop))], seed, place, outcome)
    return outcome


def run_batch(cases: Sequence[Case], seed: int, folder: Path, outcome: Outcome) -> None:
    trees = [(case, tree) for case in cases if case.graph is not None and (tree := compiled(case)) is not None]
    actual = run_c(trees, folder) if trees else {}
    expected = run_oracle([case for case in cases if case.graph is not None], folder)
    for case in cases:
        answer = expected.get(case.number)
        runs = isinstance(answer, list)
        if case.number not in actual:
            kind = "refused by the reader" if case.graph is None else "refused by the compiler"
            outcome.counts[f"{kind}, TFLM runs it" if runs else kind] += 1
            if runs:
                outcome.note(outcome.refusals, without_numbers(case.reason), case.number)
        elif not runs:
            outcome.counts["accepted, TFLM " + ("crashed" if answer == "crashed" else "refuses")] += 1
            outcome.note(outcome.accepted, f"{answer}"[:120], case.number)
        else:
            outcome.counts["accepted, TFLM runs it"] += 1
            for got, wanted in zip(actual[case.number], answer, strict=True):
                if not np.array_equal(got, wanted):
                    names = [operation.name for operation in case.graph.operations] if case.graph else []
                    outcome.differences.append(f"input ({seed}, {case.number}), {names}: {int((got != wanted).sum())}")
                    break


def without_numbers(text: str) -> str:
    """A reason with its numbers taken out, so that equal ones count together."""
    return re.sub(r"-?\d[\d.e+-]*", "N", text)[:160]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--oracle", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.oracle:
        oracle(*arguments.oracle)
        return 0
    with tempfile.TemporaryDirectory(prefix="tinyml-fuzz-") as folder:
        outcome = run_range(arguments.seed, 0, arguments.count, Path(folder))
    for counter in (outcome.counts, outcome.accepted, outcome.refusals):
        for what, count in counter.most_common(40):
            example = f" (such as {outcome.examples[what]})" if what in outcome.examples else ""
            print(f"{count:>8,} {what}{example}")
        print()
    for difference in outcome.differences[:40]:
        print(difference)
    print(f"{arguments.count:,} files, {len(outcome.differences)} differences")
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
