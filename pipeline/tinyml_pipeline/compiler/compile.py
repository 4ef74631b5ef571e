"""Graph -> SourceTree: model.h, model.c and the kernels in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyml_pipeline.compiler.emit.kernel_sources import declared_names, header_of, kernel_sources
from tinyml_pipeline.compiler.emit.model_c import Source
from tinyml_pipeline.compiler.emit.model_h import emit_header
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.names import Names, port_names
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target

_NO_NAME_FOR = {"activations", "scratch"}


def compile_graph(
    graph: Graph,
    name: str,
    target: Target,
    *,
    prefix: str = "model",
    input_names: Sequence[str] = (),
    output_names: Sequence[str] = (),
    value_names: Mapping[str, Sequence[str]] | None = None,
) -> SourceTree:
    """`<prefix>.h`, `<prefix>.c` and the kernels that they use, under `kernels/`.

    `name` stands in the comments. Every public symbol begins with `prefix`, so that models compiled with different
    prefixes live in one firmware. Names of inputs and outputs are the model's own where none are given; `value_names`
    names the elements of a port, for its comment. The same
    arguments give the same text. Raises UnsupportedError where the model has anything without an exact form.
    """
    program = make_program(graph, target)
    headers = {"common/quantize.h", *(header_of(step.lowered.kernel) for step in program.steps)}
    kernels = kernel_sources(sorted(headers))
    taken = {*_NO_NAME_FOR, *declared_names(kernels)}
    inputs = port_names([port.name for port in program.inputs], input_names, "in", taken)
    outputs = port_names([port.name for port in program.outputs], output_names, "out", taken)
    names = Names(prefix, name, graph.sha256, inputs, outputs, value_names or {})
    taken |= names.functions
    files = {f"{prefix}.h": emit_header(program, names), f"{prefix}.c": Source(graph, program, names, taken).text()}
    return SourceTree(files).merged(kernels)
