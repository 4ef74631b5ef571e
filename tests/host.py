"""Generated C on this machine: many models in one compiler run, called through one shared library or one program."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.compiler.emit_c import compile_graph
from pipeline.compiler.graph import Graph
from pipeline.compiler.read_tflite import read_tflite
from pipeline.compiler.source_tree import SourceTree
from pipeline.compiler.target import Target
from tests.tools import need

Int8Array = npt.NDArray[np.int8]
STRICT = (
    "-std=c99 -Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wshadow -Wcast-align -pedantic -Wvla"
    " -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wfloat-conversion"
).split()
SANITIZE = "-g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer".split()


@dataclass(frozen=True)
class Compiled:
    """One model as C: its text, and the sizes of what goes in and out."""

    prefix: str
    tree: SourceTree
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]


def compile_model(tflite: bytes, prefix: str = "model", target: Target | None = None) -> Compiled:
    graph = read_tflite(tflite)
    tree = compile_graph(graph, "test", target or Target(), prefix=prefix)
    return Compiled(prefix, tree, sizes(graph, graph.inputs), sizes(graph, graph.outputs))


def sizes(graph: Graph, indices: Sequence[int]) -> tuple[int, ...]:
    return tuple(graph.tensors[index].size for index in indices)


def write_tree(tree: SourceTree, folder: Path) -> list[Path]:
    """Writes every file; returns the C sources."""
    for path, text in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return [folder / path for path in tree if path.endswith(".c")]


def compile_c(folder: Path, output: str, *flags: str, compiler: str = "gcc", sources: Sequence[Path] = ()) -> Path:
    """Compiles and links; fails with what the compiler printed."""
    command = [need(compiler, compiler), *flags, "-I", str(folder), "-o", str(folder / output), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return folder / output


def build_library(models: Sequence[Compiled], folder: Path, *flags: str) -> Library:
    """All models in one shared library."""
    tree = SourceTree()
    for model in models:
        tree = tree.merged(model.tree)
    write_tree(tree, folder)
    # One translation unit a build: an order of magnitude faster than one a model. Its names are made unique first.
    text = "".join(f'#include "{model.prefix}_all.c"\n' for model in models)
    for model in models:
        (folder / f"{model.prefix}_all.c").write_text(_separated(model))
    (folder / "all.c").write_text(text)
    twins = [folder / path for path in tree if path.startswith("kernels/") and path.endswith(".c")]
    path = compile_c(folder, "models.so", "-shared", "-fPIC", *(flags or ("-O1",)), sources=[folder / "all.c", *twins])
    return Library(path)


def _separated(model: Compiled) -> str:
    """A model's C with its file-local names prefixed, and a loop over vectors."""
    import re

    text = model.tree[f"{model.prefix}.c"]
    local = set(re.findall(r"^static (?:const )?(?:struct )?\w+ (\w+)", text, re.MULTILINE))
    for name in local:
        text = re.sub(rf"(?<![\w.]){name}(?=\W)(?! FLASH = \{{ \.)", f"{model.prefix}_l_{name}", text)
    text = re.sub(rf"struct {model.prefix}_l_", "struct ", text)
    ins = [f"in{i}" for i in range(len(model.input_sizes))]
    outs = [f"out{i}" for i in range(len(model.output_sizes))]
    parameters = ", ".join([f"const int8_t *{name}" for name in ins] + [f"int8_t *{name}" for name in outs])
    arguments = ", ".join(
        f"{name} + n * {size}" for name, size in zip(ins + outs, model.input_sizes + model.output_sizes, strict=True)
    )
    return text + (
        f"void {model.prefix}_run(size_t count, {parameters});\n"
        f"void {model.prefix}_run(size_t count, {parameters})\n"
        f"{{\n    for (size_t n = 0; n < count; n++) {{\n        {model.prefix}_invoke({arguments});\n    }}\n}}\n"
    )


class Library:
    """Calls into compiled models."""

    def __init__(self, path: Path) -> None:
        self._library = ctypes.CDLL(str(path))

    def run(self, model: Compiled, inputs: Sequence[Int8Array]) -> tuple[Int8Array, ...]:
        """Inputs of shape (vectors, size) each; outputs alike."""
        count = len(inputs[0])
        held = [np.ascontiguousarray(array.reshape(count, -1)) for array in inputs]
        outputs = tuple(np.zeros((count, size), np.int8) for size in model.output_sizes)
        pointers: list[Any] = [array.ctypes.data_as(ctypes.c_void_p) for array in (*held, *outputs)]
        getattr(self._library, f"{model.prefix}_run")(ctypes.c_size_t(count), *pointers)
        return outputs
