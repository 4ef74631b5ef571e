"""Every kernel and target with every combination of compiler flags: nothing may fail or warn.

    python -m tests.matrix [--pairwise] [--jobs 2] [--only TEXT]

Kernels are found below firmware/kernels, compiler targets by asking Target; a platform is a processor with a compiler.
A combination compiles three sources: all functions of all kernels, a dense layer of every layout, and a network of all
layers. Link-time optimization is carried through to machine code. Options that a compiler does not have are left out.
In the full product machine code is made in gnu99 only: another standard changes what a compiler accepts and warns of,
not what it then makes of it, so there its front end alone looks at the sources. The sample makes machine code of all.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from allpairspy import AllPairs
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.emit.kernel_sources import declared_names, kernel_sources
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import TARGETS, find_target
from tinyml_pipeline.places import FIRMWARE

from tests.host import write_tree
from tests.kernels.dense_cases import CASES, dense_model
from tests.networks import LAYERS, make_network
from tests.tools import PATIENCE_S

OPTIMIZE = ("-O0", "-Og", "-O1", "-O2", "-O3", "-Os")
OPTIONS = ("", "-flto", "-fPIC", "-g3", "-fno-omit-frame-pointer", "-fstack-protector-strong", "-funsigned-char")
# Sources in C and as C++20; the header alone as C++17.
LANGUAGES = {"gnu99": "c", "c99": "c", "c11": "c", "c17": "c", "c++20": "c++", "c++17": "header"}
WARNINGS = """
-Wall -Wextra -Werror -Wconversion -Wsign-conversion -Wcast-qual -Wcast-align=strict -Wshadow -Wundef -Wpedantic
""".split()  # noqa: SIM905


@dataclass(frozen=True)
class Platform:
    """A processor and a compiler for it; `package` installs the compiler with apt."""

    name: str
    compiler: str
    package: str
    flags: tuple[str, ...]
    target: str
    extra: tuple[str, ...] = field(default=())
    """What clang needs to find headers, and warnings that it has of its own."""

    @property
    def is_clang(self) -> bool:
        return self.compiler == "clang"


class Combination(NamedTuple):
    """One set of flags."""

    platform: Platform
    optimize: str
    option: str
    language: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.platform.name, self.optimize, self.option, f"-std={self.language}")))


_CORES = {
    "cortex-m0": (("-mcpu=cortex-m0",), None),
    "cortex-m3": (("-mcpu=cortex-m3",), None),
    "cortex-m4": (("-mcpu=cortex-m4",), "fpv4-sp-d16"),
    "cortex-m7": (("-mcpu=cortex-m7",), "fpv5-d16"),
    "cortex-m33": (("-mcpu=cortex-m33",), "fpv5-sp-d16"),
    "cortex-m55": (("-mcpu=cortex-m55",), ""),
}


def _arm() -> Iterator[Platform]:
    for core, (flags, fpu) in _CORES.items():
        for abi in ("soft", "softfp", "hard") if fpu is not None else ("soft",):
            unit = (f"-mfpu={fpu}",) if fpu and abi != "soft" else ()
            flags_here = (*flags, "-mthumb", f"-mfloat-abi={abi}", *unit)
            yield Platform(f"gcc {core} {abi}", "arm-none-eabi-gcc", "gcc-arm-none-eabi", flags_here, core)
            extra = ("--target=arm-none-eabi", "-isystem", "/usr/lib/arm-none-eabi/include")
            yield Platform(f"clang {core} {abi}", "clang", "clang", flags_here, core, extra)


@cache
def platforms() -> tuple[Platform, ...]:
    freestanding = ("-ffreestanding", "-isystem", str(FIRMWARE / "ports" / "freestanding"))
    # Clang 14 for AVR runs out of registers in plain C at -O0: it may look for errors and warnings only.
    avr_libc = ("--target=avr", "-fsyntax-only", "-isystem", "/usr/lib/avr/include")
    rv32, avr = ("-march=rv32imc", "-mabi=ilp32", *freestanding), ("-mmcu=atmega328p",)
    # The C for targets without a compiler here, and the portable form of the DSP kernels, is compiled for this machine.
    hosted = sorted(set(TARGETS) - {*_CORES, "rv32imc", "avr"} | {"cortex-m4"})
    return (
        *(Platform(f"gcc host-{target} soft", "gcc", "gcc", (), target) for target in hosted),
        *(Platform(f"clang host-{target} soft", "clang", "clang", (), target) for target in hosted),
        *_arm(),
        Platform("gcc rv32imc soft", "riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf", rv32, "rv32imc"),
        Platform("clang rv32imc soft", "clang", "clang", rv32, "rv32imc", ("--target=riscv32",)),
        Platform("gcc atmega328p soft", "avr-gcc", "gcc-avr", avr, "avr"),
        Platform("clang atmega328p soft", "clang", "clang", avr, "avr", avr_libc),
    )


def combinations(found: Sequence[Platform]) -> list[Combination]:
    """The full product, without options that the compiler refuses."""
    every = itertools.product(found, OPTIMIZE, OPTIONS, LANGUAGES)
    return [combination for combination in map(Combination._make, every) if is_possible(combination)]


def pairwise(found: Sequence[Platform]) -> list[Combination]:
    """A subset in which every two values of compiler, core, float ABI, optimization, option and language still meet."""
    by_name = {tuple(platform.name.split()): platform for platform in found}
    names = sorted(by_name)
    axes = [*(sorted({name[axis] for name in names}) for axis in range(3)), OPTIMIZE, OPTIONS, tuple(LANGUAGES)]

    def fits(row: Sequence[str]) -> bool:
        able = [name for name in names if list(name[: len(row)]) == list(row[:3])]
        rest = [*row[3:], *("-O0", "", "gnu99")[len(row[3:]) :]]
        return bool(able) and is_possible(Combination(by_name[able[0]], *rest))

    rows = AllPairs(axes, filter_func=fits)
    return [Combination(by_name[tuple(row[:3])], *row[3:]) for row in rows]


def is_possible(combination: Combination) -> bool:
    """Whether the compiler has the option and the language."""
    kind = LANGUAGES[combination.language]
    return _accepts(combination.platform, combination.option, "c") and _accepts(
        combination.platform, f"-std={combination.language}", "c" if kind == "c" else "c++"
    )


def _accepts(platform: Platform, option: str, language: str) -> bool:
    """Asked once per compiler: cores of one family have the same options."""
    family = platform.extra or platform.flags[-1:] if platform.package == "gcc-avr" else platform.extra
    return _probe(_compiler(platform, language), family, option, language)


@cache
def _probe(compiler: str, flags: tuple[str, ...], option: str, language: str) -> bool:
    if not option:
        return True
    command = [compiler, *flags, "-Werror", option, "-x", language, "-c", "-", "-o", os.devnull]
    return subprocess.run(command, input="", text=True, capture_output=True, timeout=PATIENCE_S).returncode == 0


def _compiler(platform: Platform, language: str) -> str:
    return platform.compiler if language == "c" else platform.compiler.replace("gcc", "g++").replace("clang", "clang++")


@cache
def _warnings(platform: Platform) -> tuple[str, ...]:
    return tuple(
        warning if _accepts(platform, warning, "c") else warning.removesuffix("=strict") for warning in WARNINGS
    )


class Sources:
    """What is compiled, below one folder: a folder per compiler target, and a table of functions per platform."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._headers = sorted(path.relative_to(FIRMWARE / "kernels").as_posix() for path in _kernel_headers())
        self._kernels = kernel_sources(self._headers)
        self._tables: dict[Platform, Path] = {}

    def of(self, platform: Platform) -> tuple[Path, list[Path], Path]:
        """The folder to include from, the sources, and a source that only includes headers."""
        place = self.folder / platform.target
        if not place.exists():
            self._write(platform.target, place)
        return place, [self._table(platform, place), place / "dense.c", place / "layers.c"], place / "headers.cpp"

    def _write(self, target: str, place: Path) -> None:
        tree = self._kernels
        for name, tflite in (("dense", dense_model(tuple(CASES))[0]), ("layers", all_layers())):
            tree = tree.merged(compile_graph(read_tflite(tflite), name, find_target(target, "speed"), prefix=name))
        headers = "".join(f'#include "{path}"\n' for path in ("dense.h", "layers.h"))
        headers += "".join(f'#include "kernels/{header}"\n' for header in self._headers)
        write_tree(tree.merged(SourceTree({"headers.cpp": headers})), place)

    def _table(self, platform: Platform, place: Path) -> Path:
        """All functions of all kernels, called from elsewhere: none can fold away."""
        if platform not in self._tables:
            includes = "".join(f'#include "kernels/{header}"\n' for header in self._headers)
            listing = place / f"includes_{len(self._tables)}.c"
            listing.write_text(includes)
            command = [platform.compiler, *platform.extra, *platform.flags, "-E", "-P", "-I", place, listing]
            text = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
            defined = re.findall(r"\bstatic\b[^;{}()=]*(?:\(\([^()]*\)\)[^;{}()=]*)?\b(\w+)\s*\([^;{}]*\)\s*{", text)
            functions = sorted(set(defined) & declared_names(self._kernels))
            assert "requantize" in functions
            entries = "".join(f"    (void (*)(void)){function},\n" for function in functions)
            table = f"extern void (*const kernels[])(void);\nvoid (*const kernels[])(void) = {{\n{entries}}};\n"
            self._tables[platform] = place / f"table_{len(self._tables)}.c"
            self._tables[platform].write_text(includes + table)
        return self._tables[platform]


def _kernel_headers() -> list[Path]:
    return sorted((FIRMWARE / "kernels").rglob("*.h"))


def all_layers() -> bytes:
    return make_network([(kind, number % 3) for number, kind in enumerate(sorted(LAYERS))], 7).tflite


def compile_combination(combination: Combination, sources: Sources, folder: Path, *, check_only: bool = False) -> str:
    """What the compiler printed; empty if all is well. `check_only` stops before machine code is made."""
    platform, optimize, option, standard = combination
    place, files, headers = sources.of(platform)
    kind = LANGUAGES[standard]
    compiler = _compiler(platform, "c" if kind == "c" else "c++")
    flags = [*platform.extra, *platform.flags, optimize, *filter(None, [option])]
    language = [f"-std={standard}", *_warnings(platform), "-I", str(place)]
    if kind == "c++":
        language += ["-x", "c++"]
    if kind == "header":
        files = [headers]
    if check_only:
        return _run([compiler, *flags, *language, "-fsyntax-only", *map(str, files)], folder)
    done = _run([compiler, *flags, *language, "-c", *map(str, files)], folder)
    objects = sorted(folder.glob("*.o"))
    if not done and option == "-flto":
        for path in objects:
            # One partition: gcc warns of several, which it would compile one after the other.
            finish = ["-c", "-x", "ir"] if platform.is_clang else ["-r", "-nostdlib", "-flto-partition=one"]
            if platform.package not in ("clang", "gcc-avr"):
                finish.append("-flinker-output=nolto-rel")  # what GCC 5 always writes
            if not platform.is_clang:
                finish.append("-flto-partition=one")  # no note that several parts wait for each other
            kept = [*platform.extra[:1], *platform.flags, optimize] if platform.is_clang else flags
            kept = [flag for flag in kept if not flag.startswith(("-isystem", "-ffree", "/"))]
            done = done or _run([compiler, *kept, *finish, str(path), "-o", str(folder / "lto.out")], folder)
    return done


def _run(command: Sequence[str], folder: Path) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"did not finish within {PATIENCE_S} s"
    return "" if done.returncode == 0 and not done.stderr else done.stderr.strip() or f"exit code {done.returncode}"


def run(chosen: Sequence[Combination], jobs: int, folder: Path, *, is_full: bool) -> Iterator[tuple[Combination, str]]:
    """Compiles all; yields each with its failure, or with an empty text."""
    sources = Sources(folder / "sources")
    for platform in dict.fromkeys(combination.platform for combination in chosen):
        sources.of(platform)

    def one(combination: Combination) -> tuple[Combination, str]:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            check_only = is_full and combination.language != "gnu99"
            return combination, compile_combination(combination, sources, Path(place), check_only=check_only)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(one, chosen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairwise", action="store_true", help="a subset with every pair of two flags")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="platforms whose name contains this")
    options = parser.parse_args()
    found = [platform for platform in platforms() if options.only in platform.name]
    missing = {platform.package for platform in found if shutil.which(platform.compiler) is None}
    if missing or not found:
        print(f"Install with apt: {', '.join(sorted(missing))}." if missing else "No platform has that name.")
        return 2
    chosen = pairwise(found) if options.pairwise else combinations(found)
    start, failures = time.monotonic(), 0
    print(
        f"{len(chosen):,} combinations of {len(found)} platforms, {len(_kernel_headers())} kernel headers", flush=True
    )
    with tempfile.TemporaryDirectory(prefix="tinyml-matrix-") as folder, contextlib.suppress(KeyboardInterrupt):
        for number, (combination, failure) in enumerate(
            run(chosen, options.jobs, Path(folder), is_full=not options.pairwise), 1
        ):
            if failure:
                failures += 1
                print(f"FAIL {combination}\n{failure[:1500]}", flush=True)
            if number % 50 == 0 or number == len(chosen):
                spent = time.monotonic() - start
                print(f"{number:,} of {len(chosen):,}, {failures} failed, {spent:.0f} s", file=sys.stderr, flush=True)
        print(f"{number:,} combinations compiled, {failures} failed, {time.monotonic() - start:.0f} s")
        return 1 if failures or number < len(chosen) else 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
