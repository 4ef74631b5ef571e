"""Graph -> SourceTree: NAME.h, NAME.c and the kernels in use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tinyml_pipeline.compiler.emit.kernel_sources import declared_names, kernel_sources
from tinyml_pipeline.compiler.emit.model_c import Source, headers_of
from tinyml_pipeline.compiler.emit.model_h import emit_header, port_headers
from tinyml_pipeline.compiler.emit.shared_kernels import shared_names, shared_sources
from tinyml_pipeline.compiler.emit.vectors_c import RUNNER, StoredVectors, vector_sources
from tinyml_pipeline.compiler.emit.version import version_header
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.layout import STATIC, Layout
from tinyml_pipeline.compiler.names import Names, port_names
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.prefix import c_prefix
from tinyml_pipeline.compiler.program import Program, make_program
from tinyml_pipeline.compiler.select import Budget
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError


@dataclass(frozen=True)
class Unit:
    """A model and what it is called: `name` in the comments; `prefix` of files, symbols and macros, what C makes of
    the name if none is given.

    Names of inputs and outputs are the model's own if none are given; `value_names` names the elements of a port, for
    its comment.
    """

    graph: Graph
    name: str
    prefix: str = ""
    input_names: Sequence[str] = ()
    output_names: Sequence[str] = ()
    value_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    vectors: StoredVectors | None = None
    """For a test that comes with the model."""


def compile_graph(
    graph: Graph,
    name: str,
    target: Target,
    *,
    budget: Budget | None = None,
    evaluate: Evaluate | None = None,
    layout: Layout = STATIC,
    prefix: str = "",
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    value_names: Mapping[str, Sequence[str]] | None = None,
) -> SourceTree:
    """`<prefix>.h`, `<prefix>.c`, `<prefix>_weights.h` if an array is long, and `kernels/` with all that they include.

    The names are those of a Unit. `budget` is what the model may take of the board. `evaluate` asks TFLM about
    operators on constants, which otherwise are computed in every inference. `layout` says whose memory the C uses.
    The same arguments give the same text. Raises UnsupportedError if the model has anything without an exact form.
    """
    unit = Unit(graph, name, prefix, input_names, output_names, value_names or {})
    return compile_unit(unit, target, budget, evaluate, layout)


def compile_unit(
    unit: Unit,
    target: Target,
    budget: Budget | None = None,
    evaluate: Evaluate | None = None,
    layout: Layout = STATIC,
) -> SourceTree:
    """The same for a Unit."""
    return _emit(unit, make_program(unit.graph, target, budget, evaluate, layout))


def compile_together(
    units: Sequence[Unit],
    target: Target,
    budget: Budget | None = None,
    evaluate: Evaluate | None = None,
    layout: Layout = STATIC,
) -> SourceTree:
    """Several models for one firmware, in which each kernel is there once.

    What several of them call is in `kernels/shared.c`; what one alone calls stays its own, and folds into it. `budget`
    is for each of them. Raises UnsupportedError as `compile_graph`, and if two models have a name in common.
    """
    programs = [make_program(unit.graph, target, budget, evaluate, layout) for unit in units]
    users = Counter(function for program in programs for function in functions_of(program))
    shared = {function for function, count in users.items() if count > 1}
    tree = SourceTree()
    for unit, program in zip(units, programs, strict=True):
        own = _emit(unit, program, shared)
        _refuse_clashes(tree, own)
        tree = tree.merged(own)
    headers = {header for program in programs for header in headers_of(program)}
    return tree.merged(shared_sources(headers, shared)) if shared else tree


def functions_of(program: Program) -> set[str]:
    """The C functions that the model calls."""
    return {call.function for step in program.steps for call in step.lowering.calls}


def _emit(unit: Unit, program: Program, shared: Collection[str] = ()) -> SourceTree:
    prefix = unit.prefix or c_prefix(unit.name)
    headers = {*port_headers(program), "common/port.h", *headers_of(program)}
    kernels = kernel_sources(sorted(headers))
    taken = {"memory", *declared_names(kernels)}
    inputs = port_names([port.name for port in program.inputs], unit.input_names, "in", taken)
    outputs = port_names([port.name for port in program.outputs], unit.output_names, "out", taken)
    names = Names(prefix, unit.name, unit.graph.sha256, inputs, outputs, unit.value_names)
    taken |= names.symbols
    source = Source(program, names, taken, shared_names(headers, functions_of(program) & set(shared)))
    files = {f"{prefix}.h": emit_header(program, names), f"{prefix}.c": source.model_c}
    if source.weights_h:
        files[f"{prefix}_weights.h"] = source.weights_h
    tree = SourceTree(files).merged(kernels).merged(version_header())
    return tree if unit.vectors is None else tree.merged(vector_sources(program, names, unit.vectors))


def _refuse_clashes(tree: Mapping[str, str], own: Mapping[str, str]) -> None:
    """UnsupportedError for a file, symbol or macro of a model that another one has already, in any case of letters."""
    for what, names in (("file", _files), ("name", _declared)):
        before = {name.lower(): name for name in names(tree)}
        for name in sorted(names(own)):
            if name.lower() in before:
                raise UnsupportedError(
                    f"two models would both have the {what} {name} in C; give them other names with --name."
                )


def _files(tree: Mapping[str, str]) -> set[str]:
    return {path for path in tree if not path.startswith("kernels/") and path != RUNNER}


def _declared(tree: Mapping[str, str]) -> set[str]:
    """The macros and functions of the models; their tests are programs of their own."""
    text = "\n".join(tree[path] for path in _files(tree) if "/" not in path)
    found = re.findall(r"#define (\w+)|^\w[\w *]*?(\w+)\(", text, re.MULTILINE)
    return {name for pair in found for name in pair if name}
