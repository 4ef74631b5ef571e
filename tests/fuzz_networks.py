"""Random small networks of every operator: the compiled C, for a random target, and TFLM agree on every byte.

    python -m tests.fuzz_networks --count 10000 [--seed 0] [--jobs 2]

Branches, residuals, several inputs and outputs, odd shapes, scales at the edges and shared tensors come from
tests.networks. Every other network has its constants folded by TFLM. Many networks share one call of the C compiler. A
network that the compiler refuses is counted.
"""

from __future__ import annotations

import ctypes
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import TARGETS, Optimize, Target, find_target
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.one_operation import run_operation

from tests.fuzz_runs import Outcome, main
from tests.host import Int8Array, compile_c, write_tree
from tests.networks import FLOAT_ISLAND, Network, make_network, random_network
from tests.oracle import run_tflm

_BATCH = 50
OPTIMIZE: tuple[Optimize, ...] = ("size", "balanced", "speed")


_CALL = re.compile(r"^ {4}(\w+_s8)\(", re.MULTILINE)


def target_for(seed: int) -> Target:
    names = sorted(TARGETS)
    return find_target(names[seed % len(names)], OPTIMIZE[seed // len(names) % len(OPTIMIZE)])


def compare(networks: Sequence[Network], folder: Path) -> Outcome:
    """All of them as one shared library."""
    outcome, sources, kept = Outcome(), set(), []
    for number, network in enumerate(networks):
        graph = read_tflite(network.tflite)
        try:
            asks = network.seed % 2 or any(kind == FLOAT_ISLAND for kind, _ in network.layers)
            evaluate = run_operation if asks else None
            tree = compile_graph(graph, "random", target_for(network.seed), evaluate=evaluate, prefix=f"n{number}")
        except UnsupportedError as refusal:
            outcome.refusals[str(refusal)] += 1
            continue
        outcome.kernels.update(_CALL.findall(str(tree[f"n{number}.c"])))
        sources |= set(write_tree(tree, folder))
        kept.append((number, network, graph))
    if not kept:
        return outcome
    library = ctypes.CDLL(str(compile_c(sorted(sources), folder / "networks.so", "-shared", "-fPIC", "-O0", "-w")))
    for number, network, graph in kept:
        actual = run_all(getattr(library, f"n{number}_invoke"), network, graph)
        wrong = difference(actual, run_tflm(network.tflite, network.inputs))
        outcome.layers.update(operation.name for operation in graph.operations)
        if wrong is None:
            outcome.equal += 1
        else:
            outcome.differences.append(f"{target_for(network.seed)}: {network}: {wrong}")
    return outcome


def run_all(invoke: ctypes._CFuncPtr, network: Network, graph: Graph) -> list[Int8Array]:
    """Outputs of shape (vectors, size), of the types that the file has."""
    inputs, outputs = model_edges(graph)
    rows: list[list[Int8Array]] = [[] for _ in outputs]
    for vector in zip(*(edge.from_own(own) for edge, own in zip(inputs, network.inputs, strict=True)), strict=True):
        held = [np.ascontiguousarray(values) for values in vector]
        made = [np.zeros(edge.inner.size, edge.inner.dtype.numpy) for edge in outputs]
        invoke(*[array.ctypes.data_as(ctypes.c_void_p) for array in (*held, *made)])
        for row, values in zip(rows, made, strict=True):
            row.append(values)
    return [edge.to_own(np.array(row)) for edge, row in zip(outputs, rows, strict=True)]


def difference(actual: Sequence[Int8Array], expected: Sequence[Int8Array]) -> str | None:
    for number, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
        if got.dtype != wanted.dtype or not np.array_equal(got, wanted.reshape(got.shape)):
            places = np.argwhere(got != wanted.reshape(got.shape))[:1].tolist()
            return f"output {number} differs, first at {places}"
    return None


def run_seeds(seeds: Sequence[int]) -> Outcome:
    """One batch."""
    with tempfile.TemporaryDirectory(prefix="tinyml-networks-") as folder:
        outcome = compare([random_network(seed) for seed in seeds], Path(folder))
    outcome.differences = [
        shrunk(text, seeds) if len(outcome.differences) < 3 else text for text in outcome.differences
    ]
    return outcome


def shrunk(text: str, seeds: Sequence[int]) -> str:
    """The description of a network that differs, with as few layers as still differ."""
    network = next(found for found in map(random_network, seeds) if str(found) in text)
    layers = list(network.layers)
    for position in reversed(range(len(layers))):
        fewer = [*layers[:position], *layers[position + 1 :]]
        with tempfile.TemporaryDirectory() as folder:
            if fewer and compare([make_network(fewer, network.seed, other_ports=True)], Path(folder)).differences:
                layers = fewer
    return f"{text} (layers that suffice: {layers})"


if __name__ == "__main__":
    sys.exit(main(__doc__, run_seeds, batch=_BATCH, count=10_000))
