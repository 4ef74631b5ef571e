"""The C that is written: golden text, no warning from either compiler, C++, memory, names, floats at the edges."""

from __future__ import annotations

import ctypes
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.errors import UnsupportedError

from tests.compiler.models import adder, linear
from tests.host import SANITIZERS, WARNINGS, compile_c, compile_model, run_program, write_tree
from tests.networks import LAYERS, edge_vectors, make_network
from tests.oracle import run_tflm
from tests.tflite_writer import Writer
from tests.tools import PATIENCE_S, need

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = {"linear": linear, "adder": adder}


def tree_of(name: str, target: Target | None = None) -> SourceTree:
    return compile_graph(read_tflite(MODELS[name]()), name, target or Target(), input_names=["x"], output_names=["y"])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("linear", "linear.h"),
        ("linear", "linear.c"),
        ("adder", "adder.h"),
        ("adder", "adder.c"),
        ("adder", "adder_weights.h"),
    ],
)
def test_golden_text(name: str, path: str, request: pytest.FixtureRequest) -> None:
    """`pytest --refresh-golden` writes what is expected here anew; read the difference before you commit it."""
    text = tree_of(name)[path]
    place = GOLDEN / name / path
    if request.config.getoption("--refresh-golden"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    assert text == place.read_text()


@pytest.mark.parametrize("name", MODELS)
def test_the_same_model_gives_the_same_text(name: str) -> None:
    assert tree_of(name) == tree_of(name)


def test_only_the_kernels_in_use_are_copied() -> None:
    assert [path for path in tree_of("linear") if path.startswith("kernels/")] == [
        "kernels/common/fixed_point.h",
        "kernels/common/port.h",
        "kernels/common/quantize.h",
        "kernels/fully_connected/fully_connected_s8.h",
        "kernels/version.h",
    ]


def everything() -> list[tuple[str, int]]:
    return [(kind, number % 3) for number, kind in enumerate(sorted(LAYERS))]


@pytest.mark.slow
@pytest.mark.parametrize("optimize", ["size", "speed"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_warning(compiler: str, optimize: str, tmp_path: Path) -> None:
    network = make_network(everything(), 7)
    for target in ("portable", "cortex-m4", "avr", "rv32imc"):
        place = tmp_path / target
        place.mkdir()
        model = compile_model(network.tflite, find_target(target, "speed" if optimize == "speed" else "size"))
        run_program(model, network.inputs, place, "-O2", compiler=compiler)


# Debian's RISC-V compiler has no C library: a folder of few headers stands in.
FREESTANDING = ["-ffreestanding", "-I", str(Path(__file__).parents[2] / "firmware" / "ports" / "freestanding")]
CROSS = {
    "cortex-m4": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", ["-mcpu=cortex-m4", "-mthumb"], "cortex-m4"),
    "cortex-m0": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", ["-mcpu=cortex-m0", "-mthumb"], "cortex-m0"),
    "atmega328p": ("avr-gcc", "gcc-avr", ["-mmcu=atmega328p"], "avr"),
    "rv32imc": (
        "riscv64-unknown-elf-gcc",
        "gcc-riscv64-unknown-elf",
        ["-march=rv32imc", "-mabi=ilp32", *FREESTANDING],
        "rv32imc",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("core", CROSS)
def test_no_warning_from_cross_compilers(core: str, tmp_path: Path) -> None:
    program, package, flags, target = CROSS[core]
    compiler = need(program, package)
    for optimize in ("size", "speed"):
        place = tmp_path / optimize
        place.mkdir()
        model = compile_model(make_network(everything(), 7).tflite, find_target(target, optimize))  # type: ignore[arg-type]
        (source,) = [path for path in write_tree(model.tree, place) if path.name == "model.c"]
        command = [compiler, *flags, *WARNINGS, "-O2", "-c", str(source), "-o", str(place / "model.o")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        assert not done.stderr


def test_no_float_and_no_library_but_memcpy_and_memset(tmp_path: Path) -> None:
    """What model.o wants from outside, and no floating-point instruction in it, unless the model itself has floats."""
    whole = [(kind, number) for kind, number in everything() if kind != "by_way_of_float"]
    model = compile_model(make_network(whole, 7).tflite)
    write_tree(model.tree, tmp_path)
    compile_c([tmp_path / "model.c"], tmp_path / "model.o", "-c", "-O2", "-fno-builtin")
    symbols = subprocess.run([need("nm", "binutils"), "-u", tmp_path / "model.o"], capture_output=True, text=True)
    assert {line.split()[-1] for line in symbols.stdout.splitlines()} <= {"memcpy", "memset", "_GLOBAL_OFFSET_TABLE_"}
    code = subprocess.run([need("objdump", "binutils"), "-d", tmp_path / "model.o"], capture_output=True, text=True)
    assert not re.search(r"\b(mulss|divss|addss|cvt\w*ss|mulsd|divsd)\b", code.stdout)


def test_the_header_serves_c_plus_plus(tmp_path: Path) -> None:
    (source,) = write_tree(tree_of("linear"), tmp_path)
    caller = tmp_path / "caller.cpp"
    caller.write_text(
        '#include "linear.h"\n'
        "int main()\n{\n"
        "    const int8_t x[LINEAR_X_SIZE] = {linear_quantize_x(10.0f)};\n"
        "    int8_t y[LINEAR_Y_SIZE];\n"
        "    linear_invoke(x, y);\n"
        "    return static_cast<int>(linear_dequantize_y(y[0]));\n}\n"
    )
    compile_c([source], tmp_path / "linear.o", "-c", *WARNINGS)
    flags = ["-Wall", "-Wextra", "-Werror", "-Wconversion", "-pedantic", "-std=c++11"]
    program = compile_c([caller, tmp_path / "linear.o"], tmp_path / "caller", *flags, compiler="g++")
    assert subprocess.run([program]).returncode in (18, 19)


def test_two_models_live_in_one_program(tmp_path: Path) -> None:
    graphs = [read_tflite(MODELS[name]()) for name in ("linear", "adder")]
    first = compile_graph(graphs[0], "linear", Target(), prefix="line")
    second = compile_graph(graphs[1], "adder", Target(), prefix="sum")
    sources = write_tree(first.merged(second), tmp_path)
    main = tmp_path / "main.c"
    main.write_text(
        '#include "line.h"\n#include "sum.h"\nint main(void)\n{\n    int8_t in[2] = {0, 0}, out[1];\n'
        "    line_invoke(in, out);\n    sum_invoke(in, out);\n    return 0;\n}\n"
    )
    assert subprocess.run([compile_c([main, *sources], tmp_path / "both", *WARNINGS)]).returncode == 0


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_written_beside_the_activations(seed: int, tmp_path: Path) -> None:
    """Canaries on both sides of the one buffer; the address sanitizer guards the rest."""
    kinds = sorted(LAYERS)
    network = make_network([(kinds[(seed + 3 * step) % len(kinds)], step % 2) for step in range(6)], seed + 100)
    model = compile_model(network.tflite)
    text = model.tree["model.c"]
    guarded, count = re.subn(
        r"static (int\d+_t) model_arena\[(\d+)\] MODEL_ARENA;",
        r"static struct { int8_t before[64]; \1 middle[\2]; int8_t after[64]; } guarded;\n"
        r"#define model_arena guarded.middle",
        text,
    )
    assert count == 1
    guarded += (
        "#include <stdlib.h>\n#include <string.h>\n"
        "static void check(void) { for (int i = 0; i < 64; i++)"
        " if (guarded.before[i] != 85 || guarded.after[i] != 85) abort(); }\n"
        "__attribute__((constructor)) static void arm(void)"
        " { memset(guarded.before, 85, 64); memset(guarded.after, 85, 64); atexit(check); }\n"
    )
    changed = replace(model, tree=SourceTree({**model.tree, "model.c": guarded}))
    actual = run_program(changed, network.inputs, tmp_path, *SANITIZERS)
    for got, wanted in zip(actual, run_tflm(network.tflite, network.inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


def with_float_edges() -> bytes:
    writer = Writer()
    source = writer.tensor((1, 3), type="FLOAT32", name="features")
    stored = writer.tensor((1, 3), 0.05, -7)
    writer.operation("QUANTIZE", [source], [stored])
    hidden = writer.fully_connected(stored, np.array([[5, -90, 127], [3, 2, 1]], np.int8), 0.01, None, 0.1, 3)
    output = writer.tensor((1, 2), type="FLOAT32", name="scores")
    writer.operation("DEQUANTIZE", [hidden], [output])
    return writer.build([source], [output])


def test_float_at_the_edges_becomes_the_conversions_of_the_header(tmp_path: Path) -> None:
    """edges_quantize_*, edges_invoke, edges_dequantize_* give TFLM's own floats, bit for bit."""
    tflite = with_float_edges()
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-8, 8, (400, 1, 3)).astype(np.float32)
    inputs[:50] = np.float32(0.05) * (rng.integers(-300, 300, (50, 1, 3)) + 0.5).astype(np.float32)
    tree = compile_graph(read_tflite(tflite), "edges", Target())
    sources = write_tree(tree, tmp_path)
    driver = tmp_path / "driver.c"
    driver.write_text(
        '#include "edges.h"\nvoid run(const float *x, float *y);\nvoid run(const float *x, float *y)\n{\n'
        "    int8_t in[EDGES_IN_SIZE], out[EDGES_OUT_SIZE];\n"
        "    for (int i = 0; i < EDGES_IN_SIZE; i++) {\n        in[i] = edges_quantize_in(x[i]);\n    }\n"
        "    edges_invoke(in, out);\n"
        "    for (int i = 0; i < EDGES_OUT_SIZE; i++) {\n        y[i] = edges_dequantize_out(out[i]);\n    }\n}\n"
    )
    library = ctypes.CDLL(str(compile_c([driver, *sources], tmp_path / "m.so", "-shared", "-fPIC", *WARNINGS)))
    (expected,) = run_tflm(tflite, [inputs])
    actual = np.zeros((400, 2), np.float32)
    for row, values in enumerate(inputs):
        library.run(values.ctypes.data_as(ctypes.c_void_p), actual[row].ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_array_equal(actual, expected)


def test_conversions_saturate_and_round_half_away_from_zero(tmp_path: Path) -> None:
    source = tmp_path / "q.c"
    write_tree(tree_of("linear"), tmp_path)
    source.write_text(
        '#include "kernels/common/quantize.h"\nint q(float real, float scale, int zero);\n'
        "int q(float real, float scale, int zero) { return quantize_s8(real, scale, (int16_t)zero); }\n"
    )
    library = ctypes.CDLL(str(compile_c([source], tmp_path / "q.so", "-shared", "-fPIC", *WARNINGS)))
    library.q.argtypes = [ctypes.c_float, ctypes.c_float, ctypes.c_int]
    cases = {
        (0.5, 1.0, 0): 1, (-0.5, 1.0, 0): -1, (1.5, 1.0, 0): 2, (0.49999997, 1.0, 0): 0, (-0.49999997, 1.0, 0): 0,
        (126.49999, 1.0, 0): 126, (126.5, 1.0, 0): 127, (1e30, 1.0, 0): 127, (-1e30, 1.0, 0): -128,
        (-128.49999, 1.0, 0): -128, (-127.5, 1.0, 0): -128, (-127.49999, 1.0, 0): -127,
        (0.0, 1.0, -128): -128, (-0.4, 1.0, -128): -128, (255.0, 1.0, -128): 127, (0.5, 1.0, 127): 127,
        (-255.0, 1.0, 127): -128, (-254.5, 1.0, 127): -128, (-254.4, 1.0, 127): -127,
        (float("inf"), 1.0, 5): 127, (float("-inf"), 1.0, 5): -128, (float("nan"), 1.0, 5): 5,
        (3e38, 1e-30, 0): 127,
    }  # fmt: skip
    assert {case: library.q(*case) for case in cases} == cases


def test_names_come_from_the_ports_where_several_are_there() -> None:
    writer = Writer()
    a, b = writer.tensor((1, 4), 0.1, 0, name="serving_default_left:0"), writer.tensor((1, 4), 0.1, 0, name="net/int")
    output = writer.tensor((1, 4), 0.2, 0, name="StatefulPartitionedCall:0")
    writer.operation("ADD", [a, b], [output])
    header = compile_graph(read_tflite(writer.build([a, b], [output])), "two", Target())["two.h"]
    assert "void two_invoke(const int8_t *left, const int8_t *in_1_int, int8_t *out);" in header
    assert "#define TWO_IN_1_INT_SIZE 4 /* 1 x 4 */" in header


def test_a_hostile_name_stays_inside_its_comment() -> None:
    text = compile_graph(read_tflite(linear()), "*/ int evil; /*\n#error", Target())["int_evil_error.c"]
    assert "\n/* * / int evil; / *?#error: layer parameters" in text


REFUSED = {
    "float_model": (
        lambda: single("RELU", "FLOAT32"),
        "input 't0': type FLOAT32 is unsupported; supported: INT8, or FLOAT32 that is quantized to it at the model's"
        " edge. Convert the model to full int8.",
    ),
    "unknown_operator": (
        lambda: single("BUCKETIZE", "INT8"),
        "bucketize (op 0): this operator is unsupported. 'tinyml operators' lists what is supported.",
    ),
    "unknown_operators": (
        lambda: row("RELU", "SQUARE", "BUCKETIZE", "RELU", "NEG", "SQUARE"),
        "square (op 1): this operator, of which TFLM has no int8 form, is unsupported; supported: MUL of a value by"
        " itself. Neither are BUCKETIZE, NEG. 'tinyml operators' lists what is supported.",
    ),
    "float_inside": (
        lambda: through_float(),
        "dequantize (op 0): float32 that SOFTMAX (op 1) reads inside the model is unsupported; supported: int8 to"
        " float32 straight to an output of the model, or up to a QUANTIZE, with nothing but operators on each element"
        " alone, of one shape, between them.",
    ),
}


def row(*names: str) -> bytes:
    """One operator after the other."""
    writer = Writer()
    source = value = writer.tensor((4,), 0.1, 0)
    for name in names:
        output = writer.tensor((4,), 0.1, 0)
        writer.operation(name, [value], [output])
        value = output
    return writer.build([source], [value])


def single(name: str, type: str) -> bytes:
    writer = Writer()
    source, output = writer.tensor((4,), 0.1, 0, type=type), writer.tensor((4,), 0.1, 0, type=type)
    writer.operation(name, [source], [output])
    return writer.build([source], [output])


def through_float() -> bytes:
    writer = Writer()
    source, output = writer.tensor((4,), 0.1, 0), writer.tensor((4,), 0.2, 0)
    middle, later = (writer.tensor((4,), type="FLOAT32") for _ in range(2))
    writer.operation("DEQUANTIZE", [source], [middle])
    writer.operation("SOFTMAX", [middle], [later])
    writer.operation("QUANTIZE", [later], [output])
    return writer.build([source], [output])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    build, message = REFUSED[name]
    with pytest.raises(UnsupportedError) as caught:
        compile_model(build())
    assert str(caught.value) == message


def test_a_model_beyond_the_reach_of_avr_pointers_is_refused() -> None:
    rng = np.random.default_rng(0)
    writer = Writer()
    source = writer.tensor((1, 200), 0.1, 0)
    weights = rng.integers(-127, 128, (200, 200)).astype(np.int8)
    output = writer.fully_connected(source, weights, 0.01, None, 1.0, 0)
    with pytest.raises(UnsupportedError, match=r"bytes of constants; supported on avr: 32,767\.$"):
        compile_model(writer.build([source], [output]), find_target("avr"))


def test_the_largest_vectors_of_one_program_agree(tmp_path: Path) -> None:
    """The adder on a grid of inputs, in a build without sanitizers, at every level of optimization."""
    tflite = adder()
    inputs = [edge_vectors(np.random.default_rng(0), (1, 2), 4000)]
    (expected,) = run_tflm(tflite, inputs)
    for level in ("-O0", "-Os", "-O3"):
        place = tmp_path / level
        place.mkdir()
        np.testing.assert_array_equal(run_program(compile_model(tflite), inputs, place, level)[0], expected)
