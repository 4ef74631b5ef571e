"""A model's own test as C: NAME_test.c, which runs stored vectors, and NAME_vectors.h, which holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.c_arrays import array_lines
from tinyml_pipeline.compiler.c_text import Emitter
from tinyml_pipeline.compiler.emit.model_h import banner
from tinyml_pipeline.compiler.names import Names
from tinyml_pipeline.compiler.program import Program, TensorPort
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.places import FIRMWARE

FOLDER = "test"
_HEADER = "vector_test.h"
RUNNER = f"{FOLDER}/{_HEADER}"
"""The same for every model."""


@dataclass(frozen=True, eq=False)
class StoredVectors:
    """Inputs and the outputs that TFLM computes for them, as the C takes them: (n, ...), one array a port."""

    inputs: Sequence[npt.NDArray[Any]]
    outputs: Sequence[npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.inputs[0])


def vector_sources(program: Program, names: Names, vectors: StoredVectors) -> SourceTree:
    """`test/NAME_test.c`, `test/NAME_vectors.h`, and the header that compares and prints."""
    runner = (FIRMWARE / "vectors" / _HEADER).read_text(encoding="utf-8")
    files = {
        f"{names.prefix}_test.c": _test(program, names),
        f"{names.prefix}_vectors.h": _header(program, names, vectors),
        _HEADER: runner,
    }
    return SourceTree(files).under(FOLDER)


def _ports(program: Program, names: Names) -> list[tuple[str, TensorPort]]:
    own = [*names.inputs, *names.outputs]
    return list(zip(own, (*program.inputs, *program.outputs), strict=True))


def _header(program: Program, names: Names, vectors: StoredVectors) -> str:
    out, upper = Emitter(), names.prefix.upper()
    banner(out, names, f"{len(vectors)} inputs, and what TFLM answers to them")
    for line in (f"#ifndef {upper}_VECTORS_H", f"#define {upper}_VECTORS_H", "", f'#include "../{names.prefix}.h"'):
        out.emit(line)
    out.emit('#include "../kernels/common/port.h"')
    out.emit()
    out.emit(f"#define {upper}_VECTORS {len(vectors)}")
    for (name, port), array in zip(_ports(program, names), (*vectors.inputs, *vectors.outputs), strict=True):
        rows = np.ascontiguousarray(array, port.tensor.dtype.numpy).reshape(len(vectors), -1)
        out.emit()
        kind, size = port.tensor.dtype.c_type, f"{upper}_{name.upper()}_SIZE"
        with out.indent(f"static const {kind} {names.prefix}_vectors_{name}[{upper}_VECTORS][{size}] FLASH = {{", "};"):
            for row in rows:
                with out.indent("{", "},"):
                    for line in array_lines(row):
                        out.emit(line)
    out.emit()
    out.emit("#endif")
    return out.text


def _test(program: Program, names: Names) -> str:
    out, prefix, upper, layout = Emitter(), names.prefix, names.prefix.upper(), program.layout
    banner(out, names, f"compares {prefix}.c with what TFLM answers to stored inputs")
    out.emit(f'#include "{prefix}_vectors.h"')
    out.emit(f'#include "{_HEADER}"')
    out.emit()
    given = ["&memory"] if layout.callers else []
    roles = ["input"] * len(names.inputs) + ["output"] * len(names.outputs)
    with out.indent("int main(void)\n{"):
        if layout.callers:
            out.emit(f"static struct {names.memory} memory;")
        for role, (name, port) in zip(roles, _ports(program, names), strict=True):
            kind, size = port.tensor.dtype.c_type, f"{upper}_{name.upper()}_SIZE"
            if layout.ports_inside:
                place = names.place_of(name, role)
                out.emit(f"{kind} *const {role}_{name} = {place}({', '.join(given)});")
            else:
                out.emit(f"static {kind} {role}_{name}[{size}];")
            if role == "output":
                out.emit(f"static {kind} expected_{name}[{size}];")
        out.emit(f'struct vector_test test = {{"{prefix}", {upper}_VECTORS, 0, 0, 0}};')
        out.emit()
        with out.indent(f"for (uint16_t n = 0; n < {upper}_VECTORS; n++) {{"):
            for name in names.inputs:
                size = f"{upper}_{name.upper()}_SIZE * sizeof input_{name}[0]"
                out.emit(f"flash_copy(input_{name}, {prefix}_vectors_{name}[n], {size});")
            ports = [f"{role}_{name}" for role, name in zip(roles, (*names.inputs, *names.outputs), strict=True)]
            arguments = given if layout.ports_inside else [*given, *ports]
            out.emit(f"{'(void)' if layout.callers else ''}{prefix}_invoke({', '.join(arguments)});")
            for name in names.outputs:
                out.emit(f"flash_copy(expected_{name}, {prefix}_vectors_{name}[n], sizeof expected_{name});")
                what = f'"{name}", output_{name}, expected_{name}, {upper}_{name.upper()}_SIZE'
                out.emit(f"vector_test_compare(&test, n, {what}, sizeof output_{name}[0]);")
        out.emit("return vector_test_end(&test);")
    return out.text
