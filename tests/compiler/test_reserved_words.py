"""Any name of a port or layer gives C and C++ that compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.emit.kernel_sources import declared_names, kernel_sources
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.reserved_words import RESERVED_FOR_PARAMETERS, RESERVED_WORDS
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.places import FIRMWARE

from tests.host import write_tree
from tests.tflite_writer import Writer
from tests.tools import PATIENCE_S, need

COMPILERS = {
    "gcc": ["gcc"],
    "gcc -m32": ["gcc", "-m32"],
    "clang": ["clang"],
    "arm-none-eabi-gcc": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"],
    "riscv64-unknown-elf-gcc": ["riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32"],
    "avr-gcc": ["avr-gcc", "-mmcu=atmega328p"],
    "clang for ARM": ["clang", "--target=arm-none-eabi", "-mcpu=cortex-m4"],
    "clang for AVR": ["clang", "--target=avr", "-mmcu=atmega328p"],
    "clang for Windows": ["clang", "--target=i686-w64-windows-gnu"],
}
PACKAGES = {"arm-none-eabi-gcc": "gcc-arm-none-eabi", "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
            "avr-gcc": "gcc-avr"}  # fmt: skip
KERNELS = sorted(str(path.relative_to(FIRMWARE / "kernels")) for path in (FIRMWARE / "kernels").rglob("*.h"))
# Of each kind one or more, whole and as parts of a path.
NASTY = """
int double asm typeof nullptr static_assert constexpr and xor_eq bitand co_await char8_t requires class this operator
wchar_t restrict inline main std linux unix i386 avr arm win32 int8_t int16_t uint32_t size_t ptrdiff_t bool true
memcpy memset strlen printf exp abs round tanh malloc errno index y0 y1 scratch activations arena model model_invoke
model_quantize_in model_h in out x y in_0 out_0 FLASH PROGMEM INT8_MAX ALWAYS_INLINE NULL EOF add_s8
fully_connected_s8 quantize_s8 requantize scale_source port struct F PI B1 A0 DEFAULT HIGH min max bit cli sq
degrees interrupts dense dense_2 Dense DENSE dense- dense_weights dense_weights_2 dense_out dense_bias _x __x__ _Bool
2nd 300 a.b a/b a-b a;b x*/y x?\x3f/ \\ "q"
""".split()  # noqa: SIM905
NASTY += ["", " ", "ä", "模型", "☃", "\x1b[31m", "x" * 300, "x" * 299 + "y", "a\nb", "%s", "a b"]


def chain(names: list[str]) -> bytes:
    """Every name as an input and as a layer with weights and an output."""
    writer, inputs, outputs = Writer(), [], []
    for position, name in enumerate(names):
        source = writer.tensor((1, 2), 0.1, 0, name=name)
        weights = writer.tensor((2, 2), 0.1, data=[[1, position % 100], [3, 4]], name=f"{name}/MatMul")
        output = writer.tensor((1, 2), 0.1, 0, name=name)
        writer.operation("FULLY_CONNECTED", [source, weights, -1], [output])
        last = writer.tensor((1, 2), 0.1, 0, name=name)
        writer.operation("ADD", [output, source], [last])
        inputs.append(source)
        outputs.append(last)
    return writer.build(inputs, outputs)


CHECKED = {
    "gcc, c99": ["gcc", "-std=c99", "-x", "c"],
    "gcc, gnu17": ["gcc", "-std=gnu17", "-x", "c"],
    "g++, c++17": ["g++", "-std=c++17", "-x", "c++", "-Wno-pedantic"],
    "g++, gnu++20": ["g++", "-std=gnu++20", "-x", "c++"],
    "clang, gnu2x": ["clang", "-std=gnu2x", "-x", "c"],
    "clang++, gnu++20": ["clang++", "-std=gnu++20", "-x", "c++"],
    "avr-gcc, gnu99": ["avr-gcc", "-mmcu=atmega328p", "-std=gnu99", "-x", "c"],
    "avr-g++, gnu++11, header": ["avr-g++", "-mmcu=atmega328p", "-std=gnu++11", "-x", "c++"],
    "arm-none-eabi-gcc, gnu11": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-std=gnu11", "-x", "c"],
}
CHECKED_PACKAGES = {"avr-g++": "gcc-avr", "clang++": "clang", **PACKAGES}


@pytest.mark.parametrize("case", CHECKED)
def test_every_name_compiles(case: str, tmp_path: Path) -> None:
    program, *flags = CHECKED[case]
    compiler = need(program, CHECKED_PACKAGES.get(program, program))
    write_tree(compile_graph(read_tflite(chain(NASTY)), "*/ nasty", Target(), prefix="model"), tmp_path)
    source = tmp_path / ("model.h" if "header" in case else "model.c")
    command = [compiler, *flags, "-Wall", "-Wextra", "-Wshadow", "-Wpedantic", "-Werror", "-Wno-unused-function",
               "-fsyntax-only", source]  # fmt: skip
    if "++17" in case:
        command.remove("-Wpedantic")  # designated initializers
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[:3000]


@pytest.mark.parametrize("name", ["linux", "int", "abs", "exp"])
def test_an_only_layer_of_that_name_compiles(name: str, tmp_path: Path) -> None:
    writer = Writer()
    source = writer.tensor((1, 2), 0.1, 0, name=name)
    weights = writer.tensor((2, 2), 0.1, data=np.eye(2, dtype=np.int8), name=f"{name}/MatMul")
    output = writer.tensor((1, 2), 0.1, 0, name=name)
    writer.operation("FULLY_CONNECTED", [source, weights, -1], [output])
    graph = read_tflite(writer.build([source], [output]))
    write_tree(compile_graph(graph, name, Target(), prefix="model", input_names=[name], output_names=[name]), tmp_path)
    command = [need("gcc", "gcc"), "-std=gnu99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", tmp_path / "model.c"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", COMPILERS)
def test_macros_that_compilers_predefine_are_listed(case: str) -> None:
    command = COMPILERS[case]
    need(command[0], PACKAGES.get(command[0], command[0]))
    for language, standard in (("c", "gnu99"), ("c++", "gnu++11")):
        if language == "c++" and command[0].endswith("gcc") and not shutil.which(command[0].replace("gcc", "g++")):
            continue
        listing = subprocess.run(
            [*command, f"-std={standard}", "-x", language, "-dM", "-E", "-"],
            input="", capture_output=True, text=True, timeout=PATIENCE_S, check=True,
        ).stdout  # fmt: skip
        predefined = {name.lower() for name in re.findall(r"#define ([A-Za-z]\w*)", listing)}
        assert predefined <= RESERVED_FOR_PARAMETERS


def test_what_kernels_declare_is_found() -> None:
    found = declared_names(kernel_sources(KERNELS))
    assert {"add_s8", "fully_connected_s8", "scale_source", "FLASH", "sum24_t", "flash_copy", "SCALE_WORDS"} <= found


def test_words_of_both_languages_are_reserved() -> None:
    assert {"int", "class", "and", "nullptr", "typeof", "linux", "int8_t", "memcpy", "exp"} <= RESERVED_WORDS
