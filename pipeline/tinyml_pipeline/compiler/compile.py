"""Graph -> SourceTree: NAME.h, NAME.c and the kernels in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyml_pipeline.compiler.emit.kernel_sources import declared_names, kernel_sources
from tinyml_pipeline.compiler.emit.model_c import Source, headers_of
from tinyml_pipeline.compiler.emit.model_h import emit_header, port_headers
from tinyml_pipeline.compiler.emit.version import version_header
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.names import Names, port_names
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.prefix import c_prefix
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.select import Budget
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target


def compile_graph(
    graph: Graph,
    name: str,
    target: Target,
    *,
    budget: Budget | None = None,
    evaluate: Evaluate | None = None,
    prefix: str = "",
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    value_names: Mapping[str, Sequence[str]] | None = None,
) -> SourceTree:
    """`<prefix>.h`, `<prefix>.c`, `<prefix>_weights.h` if an array is long, and `kernels/` with all that they include.

    `name` stands in the comments. Every symbol and macro begins with `prefix`, what C makes of the name if none is
    given, so that models with different prefixes live in one firmware. Names of inputs and outputs are the model's own
    if none are given; `value_names` names the elements of a port, for its comment. `budget` is what the model may take
    of the board. `evaluate` asks TFLM about operators on constants, which otherwise are computed in every inference.
    The same arguments give the same text. Raises UnsupportedError if the model has anything without an exact form.
    """
    prefix = prefix or c_prefix(name)
    program = make_program(graph, target, budget, evaluate)
    headers = {*port_headers(program), "common/port.h", *headers_of(program)}
    kernels = kernel_sources(sorted(headers))
    taken = declared_names(kernels)
    inputs = port_names([port.name for port in program.inputs], input_names, "in", taken)
    outputs = port_names([port.name for port in program.outputs], output_names, "out", taken)
    names = Names(prefix, name, graph.sha256, inputs, outputs, value_names or {})
    taken |= names.symbols
    source = Source(program, names, taken)
    files = {f"{prefix}.h": emit_header(program, names), f"{prefix}.c": source.model_c}
    if source.weights_h:
        files[f"{prefix}_weights.h"] = source.weights_h
    return SourceTree(files).merged(kernels).merged(version_header())
