"""A firmware project on this machine: compiled as the Arduino IDE does, against declarations of Arduino's calls."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.sketches.host_sketch import write_headers, write_tree
from tests.tools import PATIENCE_S, need

FAKE_ARDUINO = Path(__file__).parent / "fake_arduino.cpp"
"""Serial on stdin and stdout."""
FAKE_TFLM = Path(__file__).parents[1] / "sketches" / "fake_board.cpp"
"""The same with a library that knows the stored vectors only; needs -DMODEL=<namespace>."""
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wundef", "-Wvla", "-Wno-psabi")


def compile_project(
    tree: Mapping[str, str],
    folder: Path,
    *,
    library: str | None = None,
    board: Path | None = None,
    options: Sequence[str] = (),
) -> Path:
    """Every source of a project, checked for warnings; with a `board` linked with that C++ file to a program."""
    gxx, gcc = need("g++", "g++"), need("gcc", "gcc")
    write_tree(tree, folder)
    write_headers(library or "arduino-esp32", folder / "headers")
    [ino] = [path for path in tree if path.endswith(".ino")]
    project = folder / Path(ino).parent
    unit = folder / "sketch_ino.cpp"
    first = "" if library == "chirale" else "#include <Arduino.h>\n"
    unit.write_text(f'{first}#line 1 "{Path(ino).name}"\n{(folder / ino).read_text(encoding="utf-8")}')
    sources = [unit, *sorted((project / "src").rglob("*.c*")), *([board] if board else [])]
    program, objects = folder / "program", []
    for source in sources:
        objects.append(folder / f"{len(objects)}.o")
        options_here = [f"-I{project}/src"] if source == board else []
        compiler = [gcc, "-std=gnu11"] if source.suffix == ".c" else [gxx, "-std=gnu++11"]
        run([*compiler, *WARNINGS, "-O1", "-DARDUINO=10819", f"-I{project}", *options, *options_here,
             "-isystem", str(folder / "headers"), "-c", str(source), "-o", str(objects[-1])])  # fmt: skip
    if board is not None:
        run([gxx, *map(str, objects), "-o", str(program)])
    return program


def run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr


def talk(program: Path, typed: str, **fake: str) -> list[str]:
    """What the project prints to somebody who types `typed`, line by line."""
    env = {**os.environ, **{f"FAKE_{key.upper()}": value for key, value in fake.items()}}
    done = subprocess.run([program], input=typed.encode(), capture_output=True, timeout=PATIENCE_S, env=env, check=True)
    return done.stdout.decode().replace("\r\n", "\n").splitlines()
