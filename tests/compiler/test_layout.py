"""Whose memory an inference uses: equal to TFLM in every layout, reentrant with the caller's, and never beyond it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.layout import Layout
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target, find_target

from tests.compiler.models import adder, linear
from tests.host import SANITIZERS, WARNINGS, compile_c, write_tree
from tests.networks import LAYERS, Network, make_network
from tests.oracle import run_tflm
from tests.tflite_writer import Writer
from tests.tools import need

LAYOUTS = {
    "callers_memory": Layout("caller"),
    "ports_inside": Layout("static", "arena"),
    "callers_memory_with_ports": Layout("caller", "arena"),
}
# The memory is a heap block of its exact size, so that the address sanitizer sees each step outside.
_MAIN = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
int main(void)
{{
    {given}
    {buffers}
    while ({reads}) {{
        {before}
        {call}
        {after}
        {writes}
    }}
    {frees}
    return 0;
}}
"""


def program_of(tree: SourceTree, network: Network, layout: Layout, folder: Path) -> Path:
    graph = read_tflite(network.tflite)
    program = make_program(graph, Target())
    ports = [("input", f"in{i}", port.tensor) for i, port in enumerate(program.inputs)]
    ports += [("output", f"out{i}", port.tensor) for i, port in enumerate(program.outputs)]
    given = ["memory"] if layout.callers else []
    own = [name for _, name, _ in ports]
    into = [(name, tensor) for role, name, tensor in ports if role == "input"]
    out_of = [(name, tensor) for role, name, tensor in ports if role == "output"]
    calls = ", ".join(given if layout.ports_inside else given + own)

    def copy(role: str) -> str:
        if not layout.ports_inside:
            return ""
        place = {name: f"net_{r}_{name}({', '.join(given)})" for r, name, _ in ports}
        pairs = {name: (place[name], name) if role == "input" else (name, place[name]) for name in own}
        return " ".join(
            f"memcpy({', '.join(pairs[name])}, {tensor.size_bytes});" for r, name, tensor in ports if r == role
        )

    text = _MAIN.format(
        given="struct net_memory *memory = net_memory_in(malloc(NET_MEMORY_SIZE), NET_MEMORY_SIZE);" if given else "",
        buffers=" ".join(f"{t.dtype.c_type} *{name} = malloc({t.size_bytes});" for _, name, t in ports),
        reads=" && ".join(f"fread({name}, 1, {t.size_bytes}, stdin) == {t.size_bytes}" for name, t in into),
        before=copy("input"),
        call=f"if (net_invoke({calls}) != 0) {{ return 1; }}" if given else f"net_invoke({calls});",
        after=copy("output"),
        writes=" ".join(f"fwrite({name}, 1, {t.size_bytes}, stdout);" for name, t in out_of),
        frees=" ".join(f"free({name});" for name in own + given),
    )
    sources = [*write_tree(tree, folder), folder / "main.c"]
    sources[-1].write_text(text)
    return compile_c(sources, folder / "program", *WARNINGS, *SANITIZERS)


def compiled(network: Network, layout: Layout, target: str = "portable") -> SourceTree:
    graph = read_tflite(network.tflite)
    counts = len(network.inputs), len(graph.outputs)
    names = [[f"{role}{i}" for i in range(count)] for role, count in zip(("in", "out"), counts, strict=True)]
    return compile_graph(graph, "net", find_target(target), layout=layout, input_names=names[0], output_names=names[1])


def identity_and_more() -> Network:
    """An input that is an output, an output that another step reads, and one that no step reads."""
    writer = Writer()
    a, b = writer.tensor((1, 8), 0.1, 0, name="a"), writer.tensor((1, 3), 0.1, 0, name="b")
    first, second = writer.tensor((1, 8), 0.1, 0), writer.tensor((1, 8), 0.1, 0)
    writer.operation("RELU", [a], [first])
    writer.operation("RELU6", [first], [second])
    rng = np.random.default_rng(3)
    inputs = [rng.integers(-128, 128, (9, 1, size)).astype(np.int8) for size in (8, 3)]
    return Network((), 0, writer.build([a, b], [a, first, second, b]), tuple(inputs))


def networks() -> dict[str, Network]:
    kinds = sorted(LAYERS)
    mixed = [make_network([(kinds[(seed + 3 * step) % len(kinds)], step % 2) for step in range(6)], seed + 100)
             for seed in range(2)]  # fmt: skip
    return {"mixed_0": mixed[0], "mixed_1": mixed[1], "odd_ports": identity_and_more()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layout", "case"),
    [
        ("callers_memory", "mixed_0"),
        ("ports_inside", "mixed_1"),
        ("callers_memory_with_ports", "mixed_0"),
        ("callers_memory_with_ports", "odd_ports"),
    ],
)
def test_equal_to_tflm(layout: str, case: str, tmp_path: Path) -> None:
    network = networks()[case]
    before, after = model_edges(read_tflite(network.tflite))
    given = [edge.from_own(array) for edge, array in zip(before, network.inputs, strict=True)]
    own = run_tflm(network.tflite, network.inputs)
    expected = [edge.from_own(array) for edge, array in zip(after, own, strict=True)]
    program = program_of(compiled(network, LAYOUTS[layout]), network, LAYOUTS[layout], tmp_path)
    done = subprocess.run([program], input=stream(given), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == stream(expected)


def stream(arrays: Sequence[npt.NDArray[Any]]) -> bytes:
    """Row by row, the bytes of all arrays."""
    rows = [np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8) for array in arrays]
    return np.concatenate(rows, axis=1).tobytes()


def refused_by_compiler(source: str, folder: Path) -> str:
    """What the compiler says of a source next to the model."""
    (folder / "caller.c").write_text(f'#include "net.h"\n{source}\n')
    command = [need("gcc", "gcc"), "-std=c99", "-fsyntax-only", "-Wall", "-Werror", folder / "caller.c"]
    return subprocess.run(command, capture_output=True, text=True).stderr


def convolution() -> Network:
    """With scratch memory of 32-bit words on a Cortex-M4."""
    rng, writer = np.random.default_rng(1), Writer()
    source, output = writer.tensor((1, 6, 5, 4), 0.1, 3), writer.tensor((1, 6, 5, 8), 0.2, -4)
    weights = writer.tensor((8, 3, 3, 4), 0.01, data=rng.integers(-127, 128, (8, 3, 3, 4)).astype(np.int8))
    writer.operation("CONV_2D", [source, weights, -1], [output], padding=0, strideH=1, strideW=1)
    inputs = rng.integers(-128, 128, (5, 1, 6, 5, 4)).astype(np.int8)
    return Network((), 0, writer.build([source], [output]), (inputs,))


def test_a_buffer_that_is_too_small_does_not_compile(tmp_path: Path) -> None:
    write_tree(compiled(identity_and_more(), Layout("caller")), tmp_path)
    for size, fits in (("NET_MEMORY_SIZE", True), ("NET_MEMORY_SIZE - 1", False)):
        source = f"static char buffer[{size}];\nstruct net_memory *find(void) {{ return NET_MEMORY_IN(buffer); }}"
        said = refused_by_compiler(source, tmp_path)
        assert ("negative" in said, said == "") == (not fits, fits)
    call = "int call(char *memory, const int8_t *a, int8_t *b) { return net_invoke(memory, a, a, b, b, b, b); }"
    assert "incompatible" in refused_by_compiler(call, tmp_path)


_CHECKS = """#include <string.h>
#include "net.h"
static union { int64_t aligned; char bytes[NET_MEMORY_SIZE + 64]; } pool;
int main(void)
{
    int8_t x[NET_IN0_SIZE] = {0}, y[NET_OUT0_SIZE];
    char *const inside = pool.bytes + 8;
    memset(&pool, 85, sizeof pool);
    memset(y, 85, sizeof y);
    if (net_memory_in(inside, NET_MEMORY_SIZE - 1) != NULL) { return 1; }
    for (int i = 1; i < NET_MEMORY_ALIGNMENT; i++) {
        if (net_memory_in(inside + i, NET_MEMORY_SIZE) != NULL) { return 2; }
        if (net_invoke((struct net_memory *)(void *)(inside + i), x, y) != -1) { return 3; }
    }
    if (net_invoke(NULL, x, y) != -1) { return 4; }
    for (size_t i = 0; i < sizeof pool; i++) {
        if (pool.bytes[i] != 85 || y[0] != 85) { return 5; }
    }
    if (net_invoke(net_memory_in(inside, NET_MEMORY_SIZE), x, y) != 0) { return 6; }
    for (size_t i = 0; i < 8; i++) {
        if (pool.bytes[i] != 85 || inside[NET_MEMORY_SIZE + i] != 85) { return 7; }
    }
    return NET_MEMORY_ALIGNMENT == 4 ? 0 : 8;
}
"""


def test_a_wrong_buffer_is_found_at_start_and_nothing_is_written(tmp_path: Path) -> None:
    sources = [*write_tree(compiled(convolution(), Layout("caller"), "cortex-m4"), tmp_path), tmp_path / "main.c"]
    sources[-1].write_text(_CHECKS)
    program = compile_c(sources, tmp_path / "checks", "-std=c99", "-Wall", "-Wextra", "-Werror", "-O1")
    assert subprocess.run([program]).returncode == 0


def test_nothing_static_can_be_written(tmp_path: Path) -> None:
    """So that the inference is reentrant: no .data and no .bss in what the compiler makes of it."""
    for name, layout in (("callers", Layout("caller", "arena")), ("static", Layout())):
        folder = tmp_path / name
        (source,) = write_tree(compiled(convolution(), layout), folder)
        compile_c([source], folder / "net.o", "-c", "-Os", "-fno-pie")
        listed = subprocess.run([need("size", "binutils"), folder / "net.o"], capture_output=True, text=True).stdout
        data, bss = map(int, listed.splitlines()[1].split()[1:3])
        assert (data + bss == 0) == (name == "callers"), listed


def test_ports_inside_may_share_bytes_and_cost_less() -> None:
    """Of the adder: inputs and outputs together with what is between them, in less than both take apart."""
    graph = read_tflite(adder())
    apart = make_program(graph, Target()).plan.size_bytes + 3
    assert make_program(graph, Target(), layout=Layout("static", "arena")).plan.size_bytes < apart
    header = compile_graph(graph, "adder", Target(), layout=Layout("static", "arena"))["adder.h"]
    assert "int8_t *adder_input_in(void);\nint8_t *adder_output_out(void);" in header
    assert "void adder_invoke(void);" in header


def test_a_model_without_memory_has_the_same_calls() -> None:
    header = compile_graph(read_tflite(linear()), "line", Target(), layout=Layout("caller"))["line.h"]
    assert "#define LINE_MEMORY_SIZE 1\n" in header
    assert "int line_invoke(struct line_memory *memory, const int8_t *in, int8_t *out);" in header


def test_constants_and_memory_go_where_the_macros_say(tmp_path: Path) -> None:
    """All arrays to one section, the long ones of one layer to another, the memory to a third."""
    (source,) = write_tree(compile_graph(read_tflite(adder()), "adder", Target()), tmp_path)
    places = {"ADDER_CONST": ".qspi", "ADDER_DENSE_1_CONST": ".fast", "ADDER_ARENA": ".dtcm"}
    flags = [f'-D{macro}=__attribute__((section("{section}")))' for macro, section in places.items()]
    compile_c([source], tmp_path / "adder.o", "-c", "-Os", *flags)
    command = [need("nm", "binutils"), "-f", "sysv", tmp_path / "adder.o"]
    rows = [row.split("|") for row in subprocess.run(command, capture_output=True, text=True).stdout.splitlines()]
    found = {row[0].strip(): row[6].strip() for row in rows if len(row) == 7}
    assert found["adder_dense_1_weights"] == ".fast"
    assert found["adder_arena"] == ".dtcm"
    arrays = ("dense_weights", "dense_bias", "dense_1_bias", "dense_1_multipliers", "dense_2_weights")
    assert {found[f"adder_{name}"] for name in arrays} == {".qspi"}
    assert found["adder_dense"] != ".qspi"
