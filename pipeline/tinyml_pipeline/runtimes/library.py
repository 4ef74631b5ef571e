"""Models as plain C for every processor -> one folder that Arduino, PlatformIO, CMake, ESP-IDF and Zephyr take.

Below `src/targets/` lies the C for each kind of processor; `src/NAME.h` and `src/NAME.c` include the one that the
compiler's own macros name. So one library serves all boards, and nothing has to be configured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tinyml_pipeline import __version__
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, Vectors
from tinyml_pipeline.runtimes.byte_array import decimal_lines
from tinyml_pipeline.runtimes.c_names import comment_text
from tinyml_pipeline.runtimes.render import render

_PORTS = FIRMWARE / "ports"


@dataclass(frozen=True)
class Processor:
    """A kind of processor: a name of tinyml_pipeline.compiler.target.TARGETS, and how a compiler's macros tell it."""

    target: str
    what: str
    condition: str
    optimize: Literal["size", "speed"]

    @property
    def folder(self) -> str:
        return self.target.replace("-", "_")


_CORTEX_M = "defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'"
# Those of the Arm C Language Extensions, of the RISC-V C API, and of avr-gcc and Espressif's gcc. The first that holds
# is taken.
PROCESSORS = (
    Processor("cortex-m55", "Cortex-M55, M85 (Helium)", f"{_CORTEX_M} && defined(__ARM_FEATURE_MVE)", "speed"),
    Processor("cortex-m4", "Cortex-M4, M7, M33 with DSP", f"{_CORTEX_M} && defined(__ARM_FEATURE_DSP)", "speed"),
    Processor("cortex-m3", "Cortex-M3, M33 without DSP", f"{_CORTEX_M} && __ARM_ARCH_ISA_THUMB == 2", "speed"),
    Processor("cortex-m0", "Cortex-M0, M0+, M23", _CORTEX_M, "size"),
    Processor("avr", "ATmega", "defined(__AVR__) && defined(__AVR_HAVE_MUL__)", "size"),
    Processor("rv32imc", "RISC-V of 32 bits with multiply, such as the ESP32-C3",
              "defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_mul)", "speed"),
    Processor("xtensa", "Xtensa, such as the ESP32 and ESP32-S3", "defined(__XTENSA__)", "speed"),
)  # fmt: skip
PORTABLE = Processor("portable", "any other", "", "speed")
_ALL = (*PROCESSORS, PORTABLE)


@dataclass(frozen=True)
class Member:
    """A model of a library; `example` is one input with TFLM's answer."""

    model: QuantizedModel
    prefix: str
    example: Vectors


def library_files(
    name: str,
    members: Sequence[Member],
    trees: Mapping[str, SourceTree],
    reasons: Mapping[str, Mapping[str, str]],
) -> SourceTree:
    """The folder's files. `trees` maps a processor's target to the C of the members that it has; 'portable' has all.

    `reasons` maps a target to why members, by prefix, have no C there.
    """
    folders = _folders(trees, reasons)
    files: dict[str, str] = {}
    for processor in _ALL:
        for path, text in trees[processor.target].items():
            # Arduino and PlatformIO compile every .c below src/; these are included.
            files[f"src/targets/{folders[processor]}/{_included(path)}"] = text
    prefixes = [member.prefix for member in members]
    sources = [f"src/{prefix}.c" for prefix in prefixes]
    for prefix in prefixes:
        for end in (".h", ".c"):
            files[f"src/{prefix}{end}"] = _dispatch(prefix, f"{prefix}{end}", folders, trees, reasons)
    if any("kernels/shared.c" in tree for tree in trees.values()):
        sources.append(f"src/{name}_kernels.c")
        what = f"the kernels that several models of {name} share"
        files[sources[-1]] = _dispatch(what, "kernels/shared.c", folders, trees, {})
    for member in members:
        files[f"src/{member.prefix}_example.h"] = _example(member)
    values: dict[str, Any] = {
        "name": name,
        "upper": name.upper(),
        "version": __version__,
        "sentence": _sentence(prefixes),
        "headers": [f"{prefix}.h" for prefix in prefixes],
        "sources": sources,
        "models": [
            {
                "prefix": member.prefix,
                "summary": comment_text(member.model.summary).rstrip(".") + ".",
                "sha256": member.model.sha256,
            }
            for member in members
        ],
        "processors": [
            {
                "folder": folders[processor],
                "what": processor.what,
                "without": ", ".join(sorted(reasons.get(processor.target, ()))),
            }
            for processor in _ALL
        ],
        "missing": any(reasons.values()),
    }
    files |= {path: render(f"library/{template}", values) for path, template in _TEMPLATES.items()}
    files["library.json"] = _library_json(values)
    for path in ("cortex_m/startup.S", "common/flash_and_ram.ld"):
        files[f"examples/bare_metal/{path.split('/')[1]}"] = (_PORTS / path).read_text(encoding="utf-8")
    return SourceTree(files)


_TEMPLATES = {
    "library.properties": "library.properties",
    "CMakeLists.txt": "CMakeLists.txt",
    "idf_component.yml": "idf_component.yml",
    "README.md": "README.md",
    "LICENSE": "LICENSE",
    "zephyr/module.yml": "zephyr_module.yml",
    "zephyr/CMakeLists.txt": "zephyr_CMakeLists.txt",
    "zephyr/Kconfig": "zephyr_Kconfig",
    "examples/Hello/Hello.ino": "Hello.ino",
    "examples/freertos/main.c": "freertos_main.c",
    "examples/zephyr/CMakeLists.txt": "zephyr_example_CMakeLists.txt",
    "examples/zephyr/src/main.c": "zephyr_main.c",
    "examples/bare_metal/CMakeLists.txt": "bare_metal_CMakeLists.txt",
    "examples/bare_metal/main.c": "bare_metal_main.c",
}


def _folders(trees: Mapping[str, SourceTree], reasons: Mapping[str, Mapping[str, str]]) -> dict[Processor, str]:
    """Where the C of each processor lies: what is the same for two of them is there once."""
    found: dict[tuple[SourceTree, tuple[str, ...]], Processor] = {}
    for processor in reversed(_ALL):
        found.setdefault((trees[processor.target], tuple(reasons.get(processor.target, ()))), processor)
    return {one: found[trees[one.target], tuple(reasons.get(one.target, ()))].folder for one in _ALL}


def _sentence(prefixes: Sequence[str]) -> str:
    shown = ", ".join(prefixes[:5]) + (f" and {len(prefixes) - 5} more" if len(prefixes) > 5 else "")
    return f"Neural networks in int8: {shown}." if len(prefixes) > 1 else f"A neural network in int8: {shown}."


def _included(path: str) -> str:
    return f"{path.removesuffix('.c')}.inc" if path.endswith(".c") else path


def _dispatch(
    what: str,
    file: str,
    folders: Mapping[Processor, str],
    trees: Mapping[str, SourceTree],
    reasons: Mapping[str, Mapping[str, str]],
) -> str:
    """A file that includes the one of the processor, or says why there is none."""
    prefix = file.partition(".")[0]
    branches = [
        {
            "condition": processor.condition,
            "file": f"targets/{folders[processor]}/{_included(file)}" if file in trees[processor.target] else "",
            "error": _in_a_line(reasons.get(processor.target, {}).get(prefix, "")),
        }
        for processor in _ALL
    ]
    # A processor on which the models share nothing has an empty file else, of which -Wpedantic warns.
    closing = "typedef int tinyml_no_empty_file;" if file == "kernels/shared.c" else ""
    return render("library/dispatch", {"what": what, "branches": branches, "closing": closing})


def _in_a_line(text: str) -> str:
    return " ".join(text.replace('"', "'").replace("\\", "/").split())


def _example(member: Member) -> str:
    interface, example = ModelInterface.of(member.model.graph, member.prefix), member.example
    ins = _arrays(example.inputs, "example_in", interface.input_types)
    outs = _arrays(example.outputs, "example_wanted", interface.output_types)
    arguments = [f"{member.prefix}_{array['name']}" for array in ins] + [f"got_{array['number']}" for array in outs]
    compared = [
        f"memcmp(got_{array['number']}, {member.prefix}_{array['name']}, sizeof got_{array['number']}) == 0"
        for array in outs
    ]
    values = {
        "title": comment_text(member.model.name),
        "prefix": member.prefix,
        "upper": member.prefix.upper(),
        "inputs": ins,
        "outputs": outs,
        "arguments": ", ".join(arguments),
        "comparison": " && ".join(compared),
    }
    return render("library/example.h", values)


def _arrays(vectors: Sequence[Int8Array], name: str, types: Sequence[DType]) -> list[dict[str, Any]]:
    """The first of some vectors as C arrays, one for each port."""
    found = []
    for number, (values, dtype) in enumerate(zip(vectors, types or (DType.INT8,) * len(vectors), strict=True)):
        row = np.asarray(values[0]).reshape(-1)
        numbered = name if len(vectors) == 1 else f"{name}_{number}"
        lines = decimal_lines((int(value) for value in row), "    ").split("\n    ")
        found.append({"name": numbered, "number": number, "type": dtype.c_type, "size": row.size, "lines": lines})
    return found


def _library_json(values: Mapping[str, Any]) -> str:
    return (
        json.dumps(
            {
                "name": values["name"],
                "version": values["version"],
                "description": values["sentence"],
                "keywords": ["tinyml", "neural network", "int8"],
                "license": "MIT",
                "headers": values["headers"],
                "frameworks": "*",
                "platforms": "*",
            },
            indent=2,
        )
        + "\n"
    )
