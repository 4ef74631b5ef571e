"""A sketch on this machine: compiled against the small declarations, and run on the fake board."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools import PATIENCE_S, need

HERE = Path(__file__).parent
DECLARATIONS = HERE / "declarations"
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wundef", "-Wvla"]

# The paths under which a library has the headers that the sketches include; each one opens the library's only header.
_TFLM_HEADERS = (
    "tensorflow/lite/micro/micro_interpreter.h",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h",
    "tensorflow/lite/schema/schema_generated.h",
)
HEADERS: Mapping[str, Sequence[str]] = {
    "arduino-esp32": (*_TFLM_HEADERS, "Arduino.h"),
    "chirale": (*_TFLM_HEADERS, "Arduino.h", "Chirale_TensorFlowLite.h"),
    "esp-idf": (*_TFLM_HEADERS, "esp_timer.h", "freertos/FreeRTOS.h", "freertos/task.h"),
}


def write_tree(tree: Mapping[str, str], folder: Path) -> None:
    for path, text in tree.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def write_headers(library: str, folder: Path) -> None:
    """The library's include paths, every one a line that opens its declarations."""
    for path in HEADERS[library]:
        header = folder / path
        header.parent.mkdir(parents=True, exist_ok=True)
        lines = [f'#include "{DECLARATIONS / library / "library.h"}"']
        if path == "Chirale_TensorFlowLite.h":
            lines.insert(0, "#define CHIRALE_HEADER_CAME_FIRST 1")
        if path == "Arduino.h":
            lines = [f'#include "{DECLARATIONS / "arduino.h"}"']
        header.write_text("\n".join(lines) + "\n")


@dataclass(frozen=True)
class HostSketch:
    """A compiled sketch; `run` feeds it typed text and returns what it prints, lines ending in plain newlines."""

    program: Path

    def run(self, typed: str = "", **fake: str) -> str:
        """`fake` sets the board's FAKE_... variables, such as fault="arena"."""
        stdin = self.program.with_suffix(".typed")
        stdin.write_text(typed, newline="")
        env = {**os.environ, **{f"FAKE_{key.upper()}": value for key, value in fake.items()}}
        with stdin.open("rb") as file:
            done = subprocess.run(
                [self.program], stdin=file, capture_output=True, timeout=PATIENCE_S, env=env, check=True
            )
        assert done.stderr == b""
        return done.stdout.decode().replace("\r\n", "\n")


def compile_sketch(
    tree: Mapping[str, str], library: str, folder: Path, *, standard: str = "c++11", options: Sequence[str] = ()
) -> HostSketch:
    """Compile `tree` (one project, as TflmRuntime.sources returns it) with the board of fake_board.cpp and link it."""
    gxx = need("g++", "g++")
    write_tree(tree, folder)
    write_headers(library, folder / "headers")
    first = next(iter(tree))
    project = folder.joinpath(*first.split("/")[:2])
    own = project / "main" if library == "esp-idf" else project
    namespace = next(path for path in tree if path.endswith("engine.h"))
    macro = tree[namespace].split("\nnamespace ")[1].split(" ")[0]
    sources = [path for path in sorted(own.iterdir()) if path.suffix in (".cpp", ".cc")]
    for sketch in own.glob("*.ino"):
        # What the Arduino IDE does with it.
        unit = folder / "sketch_ino.cpp"
        includes_arduino = "" if library == "chirale" else "#include <Arduino.h>\n"
        unit.write_text(f'{includes_arduino}#line 1 "{sketch.name}"\n{sketch.read_text(encoding="utf-8")}')
        sources.append(unit)
    arduino = [] if library == "esp-idf" else ["-DARDUINO=10819"]
    command = [gxx, f"-std={standard}", *WARNINGS, *options, *arduino, f"-I{own}", "-isystem", folder / "headers"]
    program = folder / "sketch"
    done = subprocess.run(
        [*command, f"-DMODEL={macro}", HERE / "fake_board.cpp", *sources, "-o", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return HostSketch(program)
