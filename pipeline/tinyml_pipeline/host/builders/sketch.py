"""A sketch's folder + Board -> what can be flashed, by whichever of Arduino's tools is installed."""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.required_tools import DEBIAN_ARDUINO
from tinyml_pipeline.errors import ToolFailedError, UnsupportedError
from tinyml_pipeline.places import cache_dir

_NO_NETWORK = re.compile(
    r"HTTPClientError|InternetConnectionError|Could not install package"  # PlatformIO
    r"|loading required (platform|tool)|Error downloading"  # arduino-cli
)
_TIMEOUT_S = 1800  # the first build of a board brings its compiler
_SUFFIXES = (".elf", ".hex", ".bin", ".uf2")


@dataclass(frozen=True)
class BuiltFirmware:
    """`files` maps a suffix ('.elf', '.hex', '.partitions.bin') to the file."""

    files: Mapping[str, Path]
    flash_bytes: int
    ram_bytes: int


class SketchBuilder(ABC):
    """One tool that builds sketches."""

    name: str
    install: str
    """How to get it."""
    downloads: bool
    """Whether it may first bring a core and a compiler from the network."""

    @abstractmethod
    def can_build(self, board: Board) -> bool: ...

    @abstractmethod
    def missing(self) -> bool:
        """Whether something that it needs is not installed."""

    @abstractmethod
    def build(self, sketch: Path, board: Board, place: Path) -> BuiltFirmware:
        """Build the folder `sketch`, writing only below `place`; ToolFailedError with the tool's words."""


class ArduinoCli(SketchBuilder):
    """arduino-cli with the profile of sketch.yaml, which brings core and libraries by itself."""

    name = "arduino-cli"
    install = "see arduino.github.io/arduino-cli"
    downloads = True

    def can_build(self, board: Board) -> bool:
        return board.arduino is not None

    def missing(self) -> bool:
        return tools.which("arduino-cli") is None

    def build(self, sketch: Path, board: Board, place: Path) -> BuiltFirmware:
        program = tools.find_tool("arduino-cli", purpose="build a sketch", install=self.install)
        profile = ["--profile", board.name, "--output-dir", str(place)]
        command: list[str | Path] = [program, "compile", "--no-color", *profile, sketch.resolve()]
        said = _run(self.name, command, board)
        return _sketch(_named(place, f"{sketch.name}.ino"), *_arduino_sizes(said))


class ArduinoBuilder(SketchBuilder):
    """Debian's arduino-builder with its Arduino core for AVR; needs no network."""

    name = "arduino-builder"
    install = "apt install arduino-builder arduino-core-avr"
    downloads = False

    def can_build(self, board: Board) -> bool:
        return board.arduino is not None and board.arduino.fqbn.startswith("arduino:avr:")

    def missing(self) -> bool:
        return tools.which("arduino-builder") is None or not (DEBIAN_ARDUINO / "arduino/avr/boards.txt").exists()

    def build(self, sketch: Path, board: Board, place: Path) -> BuiltFirmware:
        assert board.arduino is not None, "can_build() has checked it"
        program = tools.find_tool("arduino-builder", purpose=f"build for {board.name}", install=self.install)
        cache, work, no_tools = cache_dir("arduino"), place / "build", place / "tools"
        for folder in (work, no_tools):
            folder.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [program, "-compile"]
        # The first holds Debian's settings for arduino-ctags; compilers are on PATH.
        for hardware in (Path("/usr/share/arduino-builder"), DEBIAN_ARDUINO):
            command += ["-hardware", hardware]
        command += ["-tools", no_tools, "-fqbn", board.arduino.fqbn]
        command += [
            "-prefs=compiler.cpp.extra_flags=-DDECIMAL_DIG=__DECIMAL_DIG__"
        ]  # this core and this compiler differ
        command += ["-build-path", work, "-build-cache", cache, sketch.resolve() / f"{sketch.name}.ino"]
        said = _run(self.name, command, board)
        return _sketch(_named(work, f"{sketch.name}.ino"), *_arduino_sizes(said))


class PlatformIOBuilder(SketchBuilder):
    """PlatformIO, which brings core and compiler by itself."""

    name = "platformio"
    install = "pipx install platformio"
    downloads = True

    def can_build(self, board: Board) -> bool:
        return board.platformio is not None

    def missing(self) -> bool:
        return tools.which("pio") is None

    def build(self, sketch: Path, board: Board, place: Path) -> BuiltFirmware:
        program = tools.find_tool("pio", purpose=f"build for {board.name}", install=self.install)
        copy = place / sketch.name
        shutil.copytree(sketch, copy, ignore=shutil.ignore_patterns(".*"))
        said = _run(self.name, [program, "run", "--project-dir", copy], board)
        sizes = [int(found) for found in re.findall(r"\(used (\d+) bytes from \d+ bytes\)", said)]
        if len(sizes) != 2:
            raise ToolFailedError(f"platformio did not say how large the firmware for {board.name} is.")
        return _sketch(_named(copy / ".pio" / "build" / board.name, "firmware"), sizes[1], sizes[0])


BUILDERS: tuple[SketchBuilder, ...] = (ArduinoBuilder(), ArduinoCli(), PlatformIOBuilder())
"""In the order in which they are tried: first what needs no network."""


def _run(name: str, command: Sequence[str | Path], board: Board) -> str:
    output = tools.run(command, timeout_s=_TIMEOUT_S, env={"LC_ALL": "C.UTF-8"}, check=False)
    said = output.stdout.decode(errors="replace") + output.stderr.decode(errors="replace")
    if output.returncode == 0:
        return said
    if (found := _beyond(said, board)) is not None:
        raise UnsupportedError(f"{board.name}: the firmware {found}; choose a smaller model or a larger board.")
    if _NO_NETWORK.search(said):
        log = cache_dir("logs") / f"{name}-{board.name}.log"
        log.write_text(said, encoding="utf-8")
        raise ToolFailedError(
            f"{name} could not download what {board.name} needs: the first build for a board fetches its core and"
            f" compiler, and needs the Internet. Log: {log}{_without_network(board)}"
        )
    raise ToolFailedError(f"{name} could not build the firmware for {board.name}:\n{output.tail}")


def _without_network(board: Board) -> str:
    return ". Without the Internet: --tool gcc builds plain C that answers 'tinyml verify'" * board.runs_bare_metal


def _beyond(said: str, board: Board) -> str | None:
    """What a failed build says of a firmware that is larger than the board; None where it failed otherwise."""
    if "exceeds available space" in said or "Sketch too big" in said:
        flash_bytes, ram_bytes = _arduino_sizes(said)
        return too_large(flash_bytes, ram_bytes, board)
    if (
        end := re.search(r"address 0x([0-9a-f]+) of \S+ section `\S+' is not within region `data'", said)
    ) and board.port:
        return too_large(0, int(end[1], 16) - board.port.ram_origin, board)
    if over := re.search(r"region `(\w+)' overflowed by (\d+) bytes", said):
        if over[1] == "text":  # of an AVR: all of its flash
            return too_large(board.flash_bytes + int(over[2]), 0, board)
        if over[1] == "dram0_0_seg" and board.reserved_ram_bytes:  # of an ESP32
            return too_large(0, board.usable_ram_bytes + int(over[2]), board)
        return f"needs {int(over[2]):,} bytes more than there are in the region '{over[1]}'"
    return None


def too_large(flash_bytes: int, ram_bytes: int, board: Board) -> str | None:
    """'needs 3,599 bytes of RAM, 1,551 more than there are', or None where both fit."""
    ram = "RAM for static data" if board.reserved_ram_bytes else "RAM"
    needs = (("flash", flash_bytes, board.usable_flash_bytes), (ram, ram_bytes, board.usable_ram_bytes))
    for what, needed, limit in needs:
        if needed > limit:
            return f"needs {needed:,} bytes of {what}, {needed - limit:,} more than there are"
    return None


def _arduino_sizes(said: str) -> tuple[int, int]:
    """(flash, RAM) as arduino-cli and arduino-builder print them."""
    flash = re.search(r"Sketch uses (\d+) bytes", said)
    ram = re.search(r"Global variables use (\d+) bytes", said)
    if flash is None or ram is None:
        raise ToolFailedError("the build did not say how large the firmware is.")
    return int(flash[1]), int(ram[1])


def _named(folder: Path, stem: str) -> dict[str, Path]:
    """The files of a build by what follows the sketch's name; a firmware with its boot loader is none for flashing."""
    return {
        path.name.removeprefix(stem): path
        for path in sorted(folder.glob(f"{stem}*"))
        if path.suffix in _SUFFIXES and "with_bootloader" not in path.name
    }


def _sketch(files: Mapping[str, Path], flash_bytes: int, ram_bytes: int) -> BuiltFirmware:
    if ".elf" not in files:
        raise ToolFailedError("the build left no .elf file.")
    return BuiltFirmware(files, flash_bytes, ram_bytes)
