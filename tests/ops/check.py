"""Operators against TFLM, from a table of cases: on the host for every kind of target, byte by byte, under sanitizers.

CASES = {"negative": one("ABS", [T((256,), 0.1)], [T((256,), 0.1)]), ...}
REFUSED = {"scales": (one("ABS", [T((4,), 0.1)], [T((4,), 0.2)]), "abs (op 0): ... is unsupported; supported: ...")}
test_exact = exact(CASES)
test_refused = refused(REFUSED)

def draw(builder: Builder, source: Known) -> Known | None: ...   # for the random networks, see tests/networks.py
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.errors import UnsupportedError

from tests.host import compile_model, run_library, run_program
from tests.networks import edge_vectors
from tests.oracle import run_tflm
from tests.tflite_writer import Writer, activation_code

Values = npt.NDArray[Any]
Int8Array = npt.NDArray[np.int8]
TARGETS = (Target(optimize="size"), Target(optimize="speed"))
EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)
# One of each kind of processor, each as its compiler target; their kernels' portable twins run here.
EVERY_KIND = {
    "portable": find_target("portable"),
    "portable-speed": find_target("portable", "speed"),
    "cortex-m4": find_target("cortex-m4", "speed"),
    "cortex-m55": find_target("cortex-m55", "speed"),
    "avr": find_target("avr"),
    "rv32imc": find_target("rv32imc", "speed"),
}
_VECTORS = 48


@dataclass(frozen=True)
class T:
    """A tensor of a case: constant if it has `data`. An int32 tensor of shape arithmetic needs no scale."""

    shape: tuple[int, ...]
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    type: str = "INT8"
    data: npt.ArrayLike | None = None
    axis: int = 0


Build = Callable[[Writer], tuple[list[int], list[int]]]
"""Adds tensors and operations to a writer; returns the indices of the model's inputs and outputs."""


def one(name: str, inputs: Sequence[T | None], outputs: Sequence[T], *, version: int = 1, **options: Any) -> Build:
    """A model of one operator; None is an optional input left out, `activation` a fused activation's name.

    Other options are fields of the schema's options table in the object API's spelling, such as `newShape`.
    """
    if "activation" in options:
        options["fusedActivationFunction"] = activation_code(options.pop("activation"))

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        given = [-1 if tensor is None else _add(writer, tensor) for tensor in inputs]
        made = [_add(writer, tensor) for tensor in outputs]
        writer.operation(name, given, made, version=version, **options)
        computed = [index for index, tensor in zip(given, inputs, strict=True) if tensor and tensor.data is None]
        return list(dict.fromkeys(computed)), made

    return build


def _add(writer: Writer, tensor: T) -> int:
    return writer.tensor(
        tensor.shape, tensor.scale, tensor.zero_point, type=tensor.type, data=tensor.data, axis=tensor.axis
    )


@dataclass(frozen=True)
class _Table:
    """All cases of a table as one model, so that each target costs one compilation, and what TFLM answers."""

    tflite: bytes
    inputs: tuple[Values, ...]
    expected: tuple[Values, ...]
    outputs: tuple[str, ...]
    """The case that each output belongs to."""


def model_of(build: Build) -> bytes:
    writer = Writer()
    return writer.build(*build(writer))


def exact(cases: Mapping[str, Build], inputs: Mapping[str, Sequence[Values]] | None = None) -> Callable[..., None]:
    """A test, once per kind of target: 0 differences between the compiled C and TFLM for every case of the table.

    Inputs reach the edges of their types and are random otherwise; `inputs` replaces those of single cases, as arrays
    of shape (vectors, *shape).
    """
    given = dict(inputs or {})

    @cache
    def table() -> _Table:
        return _table(cases, given)

    @pytest.mark.parametrize("target", EVERY_KIND)
    def test(target: str, tmp_path: Path) -> None:
        found = table()
        actual = run_program(compile_model(found.tflite, EVERY_KIND[target]), found.inputs, tmp_path)
        _, edges = model_edges(read_tflite(found.tflite))
        for case, edge, got, wanted in zip(found.outputs, edges, actual, found.expected, strict=True):
            np.testing.assert_array_equal(edge.to_own(got), wanted, err_msg=f"case '{case}' on {target}")

    return test


def _table(cases: Mapping[str, Build], given: Mapping[str, Sequence[Values]]) -> _Table:
    writer = Writer()
    sources: list[int] = []
    made: list[int] = []
    vectors: list[Values] = []
    expected: list[Values] = []
    names: list[str] = []
    for name, build in cases.items():
        alone = model_of(build)
        own = given.get(name) or vectors_for(alone)
        count = max(_VECTORS, *(len(values) for values in own), 1)
        own = [np.resize(values, (count, *values.shape[1:])) for values in own]
        expected += run_tflm(alone, own)
        ins, outs = build(writer)
        sources += ins
        made += outs
        vectors += own
        names += [name] * len(outs)
    longest = max(len(values) for values in vectors)
    inputs = [np.resize(values, (longest, *values.shape[1:])) for values in vectors]
    answers = [np.resize(values, (longest, *values.shape[1:])) for values in expected]
    return _Table(writer.build(sources, made), tuple(inputs), tuple(answers), tuple(names))


def vectors_for(tflite: bytes, count: int = _VECTORS) -> list[Values]:
    """Inputs for a model of any types: both ends, the middle, checkerboards, random ones; of one int8 value, all."""
    graph, rng = read_tflite(tflite), np.random.default_rng(len(tflite))
    return [edge_vectors(rng, graph.tensors[index].shape, count, graph.tensors[index].dtype) for index in graph.inputs]


def refused(cases: Mapping[str, tuple[Build | bytes, str]]) -> Callable[[str], None]:
    """A test, once per case: the compiler refuses the model with exactly this message."""

    @pytest.mark.parametrize("name", cases)
    def test(name: str) -> None:
        model, message = cases[name]
        assert_refused(model if isinstance(model, bytes) else model_of(model), message)

    return test


def assert_exact(tflite: bytes, inputs: Sequence[Int8Array], folder: Path, targets: Sequence[Target] = TARGETS) -> None:
    """0 differences between the compiled C and TFLM."""
    expected = run_tflm(tflite, inputs)
    for number, target in enumerate(targets):
        place = folder / f"{number}"
        place.mkdir()
        actual = run_library(compile_model(tflite, target), inputs, place, "-O1")
        for output, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
            np.testing.assert_array_equal(got, wanted, err_msg=f"output {output}, {target}")


def assert_refused(tflite: bytes, message: str) -> None:
    with pytest.raises(UnsupportedError, match=f"^{re.escape(message)}$"):
        compile_model(tflite)


def unary(
    name: str,
    *,
    scale: float = 0.1,
    zero_point: int = 0,
    output_scale: float = 0.1,
    output_zero_point: int = 0,
    shape: Sequence[int] = (256,),
    **options: object,
) -> bytes:
    """A model of one operation from one int8 tensor to another of the same shape."""
    writer = Writer()
    source = writer.tensor(shape, scale, zero_point)
    output = writer.tensor(shape, output_scale, output_zero_point)
    writer.operation(name, [source], [output], **options)
    return writer.build([source], [output])


def with_tensors(build: Callable[[Writer], tuple[list[int], list[int]]]) -> bytes:
    """`build` adds tensors and operations and returns the model's inputs and outputs."""
    writer = Writer()
    return writer.build(*build(writer))
