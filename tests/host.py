"""Generated C on this machine: as a shared library, or as a program under the sanitizers."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target

from tests.tools import PATIENCE_S, need

Int8Array = npt.NDArray[Any]
# No warning is accepted in generated code.
WARNINGS = """
-std=c99 -Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wcast-align -pedantic -Wvla -Wundef
-Wmissing-prototypes -Wstrict-prototypes -Wfloat-conversion
""".split()  # noqa: SIM905
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]

_LIBRARY = """#include "model.h"
#include <stddef.h>
void run(size_t count, {parameters});
void run(size_t count, {parameters})
{{
    for (size_t n = 0; n < count; n++) {{
        model_invoke({arguments});
    }}
}}
"""
# Every buffer is a separate heap block of the exact size, so that the address sanitizer sees each step outside.
_PROGRAM = """#include "model.h"
#include <stdio.h>
#include <stdlib.h>
int main(void)
{{
    {buffers}
    while ({reads}) {{
        model_invoke({names});
        {writes}
    }}
    {frees}
    return 0;
}}
"""


@dataclass(frozen=True)
class Compiled:
    """One model as C: its text, and how many values go in and out."""

    tree: SourceTree
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    dtypes: tuple[DType, ...]
    """Of the inputs, then of the outputs, as model_invoke takes them."""

    @property
    def outputs(self) -> list[tuple[int, DType]]:
        return list(zip(self.output_sizes, self.dtypes[len(self.input_sizes) :], strict=True))

    @property
    def names(self) -> list[str]:
        return [f"in{i}" for i in range(len(self.input_sizes))] + [f"out{i}" for i in range(len(self.output_sizes))]


def compile_model(tflite: bytes, target: Target | None = None, *, evaluate: Evaluate | None = None) -> Compiled:
    graph = read_tflite(tflite)
    tree = compile_graph(graph, "model", target or Target(), evaluate=evaluate)
    core = run_passes(graph)
    dtypes = tuple(core.tensors[index].dtype for index in (*core.inputs, *core.outputs))
    return Compiled(tree, _sizes(graph, graph.inputs), _sizes(graph, graph.outputs), dtypes)


def _sizes(graph: Graph, indices: Sequence[int]) -> tuple[int, ...]:
    return tuple(graph.tensors[index].size for index in indices)


def write_tree(tree: SourceTree, folder: Path) -> list[Path]:
    """Writes every file; returns the C sources."""
    for path, text in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return [folder / path for path in tree if path.endswith(".c")]


def compile_c(sources: Sequence[Path], output: Path, *flags: str, compiler: str = "gcc") -> Path:
    """Compiles and links; fails with what the compiler printed."""
    command = [need(compiler, compiler), *flags, "-I", str(output.parent), "-o", str(output), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0 and not done.stderr, done.stderr  # noqa: PT018
    return output


def run_library(model: Compiled, inputs: Sequence[Int8Array], folder: Path, *flags: str) -> tuple[Int8Array, ...]:
    """Outputs of shape (vectors, size), one an output, for inputs of shape (vectors, *shape)."""
    pieces = zip(model.names, model.input_sizes + model.output_sizes, strict=True)
    const = ["const "] * len(model.input_sizes) + [""] * len(model.output_sizes)
    kinds = [f"{word}{dtype.c_type}" for word, dtype in zip(const, model.dtypes, strict=True)]
    driver = _LIBRARY.format(
        parameters=", ".join(f"{kind} *{name}" for kind, name in zip(kinds, model.names, strict=True)),
        arguments=", ".join(f"{name} + n * {size}" for name, size in pieces),
    )
    sources = [*write_tree(model.tree, folder), folder / "driver.c"]
    sources[-1].write_text(driver)
    path = compile_c(sources, folder / "model.so", "-shared", "-fPIC", *(flags or ("-O1",)))
    count = len(inputs[0])
    held = [np.ascontiguousarray(array).reshape(count, -1) for array in inputs]
    outputs = tuple(np.zeros((count, size), dtype.numpy) for size, dtype in model.outputs)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*held, *outputs)]
    ctypes.CDLL(str(path)).run(ctypes.c_size_t(count), *pointers)
    return outputs


def run_program(
    model: Compiled, inputs: Sequence[Int8Array], folder: Path, *flags: str, compiler: str = "gcc"
) -> tuple[Int8Array, ...]:
    """The same through a program that reads vectors and writes answers; fails where the program does."""
    sizes = zip(model.input_sizes + model.output_sizes, model.dtypes, strict=True)
    sized = list(zip(model.names, [size * dtype.bytes for size, dtype in sizes], strict=True))
    into, outof = sized[: len(model.input_sizes)], sized[len(model.input_sizes) :]
    types = [dtype.c_type for dtype in model.dtypes]
    program = _PROGRAM.format(
        buffers=" ".join(f"{kind} *{name} = malloc({size});" for kind, (name, size) in zip(types, sized, strict=True)),
        reads=" && ".join(f"fread({name}, 1, {size}, stdin) == {size}" for name, size in into),
        names=", ".join(model.names),
        writes=" ".join(f"fwrite({name}, 1, {size}, stdout);" for name, size in outof),
        frees=" ".join(f"free({name});" for name in model.names),
    )
    sources = [*write_tree(model.tree, folder), folder / "program.c"]
    sources[-1].write_text(program)
    path = compile_c(sources, folder / "program", *WARNINGS, *(flags or SANITIZERS), compiler=compiler)
    count = len(inputs[0])
    rows = [np.ascontiguousarray(array).reshape(count, -1).view(np.uint8) for array in inputs]
    stream = np.concatenate(rows, axis=1)
    done = subprocess.run([path], input=stream.tobytes(), capture_output=True, timeout=PATIENCE_S)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()  # noqa: PT018
    sizes_bytes = [size * dtype.bytes for size, dtype in model.outputs]
    answers = np.frombuffer(done.stdout, np.uint8).reshape(count, sum(sizes_bytes))
    split = np.split(answers, np.cumsum(sizes_bytes)[:-1], axis=1)
    return tuple(
        np.ascontiguousarray(part).view(dtype.numpy) for part, (_, dtype) in zip(split, model.outputs, strict=True)
    )
