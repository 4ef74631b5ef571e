"""A model's plain C to an image that an ESP32-C3's boot loader starts: Debian's RISC-V compiler, then esptool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline import tools
from pipeline.boards.esp32c3 import BOARD
from pipeline.boards.machines import RISCV_TOOLCHAIN
from pipeline.compiler.source_tree import SourceTree
from pipeline.errors import ToolFailedError, UnsupportedError
from pipeline.flashers.esptool import program
from pipeline.model_io import ModelInterface, model_io_header, vectors_in_a_frame

_FIRMWARE = Path(__file__).parents[2] / "firmware"
_PORTS = _FIRMWARE / "ports"
_PORT = _PORTS / "esp32c3"
_COMPILE_TIMEOUT_S, _ESPTOOL_TIMEOUT_S = 300, 60
_LINE_BUFFER = 128  # the UART's FIFO
_COUNTS_CYCLES = 1  # of PROTOCOL.md
_NAME_BYTES = 31
_FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-ffreestanding", "-fbuiltin", "-ffunction-sections",
          "-fdata-sections", "-fno-common", "-fno-tree-loop-distribute-patterns")  # fmt: skip


@dataclass(frozen=True)
class AppImage:
    """An application image for the flash address 0x10000, and what esptool says of it."""

    elf: Path
    image: Path
    info: str


def build_esp32c3_image(sources: SourceTree, interface: ModelInterface, name: str, build_dir: Path) -> AppImage:
    """Build the firmware that answers the wire protocol over UART0, and let esptool check what came out.

    Everything is written below `build_dir`; the same model gives the same bytes. Raises ToolMissingError,
    ToolFailedError with the tool's words, UnsupportedError where the model does not fit.
    """
    build_dir.mkdir(parents=True, exist_ok=True)
    for path, text in sources.merged({"model_io.h": model_io_header(interface)}).items():
        (build_dir / path).parent.mkdir(parents=True, exist_ok=True)
        (build_dir / path).write_text(text, encoding="utf-8")
    elf, image = build_dir / f"{name}.elf", build_dir / f"{name}.bin"
    _compile(sources, interface, name, build_dir, elf)
    _esptool("--chip", "esp32c3", "elf2image", "--flash-size", "4MB", "-o", image, elf)
    info = _esptool("--chip", "esp32c3", "image-info", image)
    if "Validation hash" not in info or "(valid)" not in info:
        raise ToolFailedError(f"esptool does not find {image} valid:\n{info}")
    return AppImage(elf, image, info)


def _compile(sources: SourceTree, interface: ModelInterface, name: str, build_dir: Path, elf: Path) -> None:
    compiler = tools.find_tool(
        f"{RISCV_TOOLCHAIN.prefix}gcc",
        purpose="build firmware for esp32c3",
        install=f"apt install {RISCV_TOOLCHAIN.package}",
    )
    own = [_PORT / "startup.S", _PORT / "machine.c", _PORT / "app_description.c", _PORTS / "common" / "verify_main.c"]
    own += [_FIRMWARE / "protocol" / "protocol.c", _FIRMWARE / "protocol" / "measure.c"]
    own.append(_PORTS / "freestanding" / "string.c")
    includes = [Path("."), _FIRMWARE / "protocol", _PORTS / "common"]
    defines = {
        "MACHINE_UNIT": _COUNTS_CYCLES,
        "MACHINE_CLOCK_HZ": 0,  # whatever the boot loader set; cycles are cycles at any clock
        "PROTOCOL_BATCH": vectors_in_a_frame(interface, BOARD),
        "PROTOCOL_LINE_BUFFER": _LINE_BUFFER,
        "PROTOCOL_MEASURES_STACK": 1,
        "APP_NAME": f'"{name[:_NAME_BYTES]}"',
    }
    command: list[str | Path] = [compiler, *_FLAGS, *RISCV_TOOLCHAIN.flags, "-isystem", _PORTS / "freestanding"]
    command += [f"-I{path}" for path in includes] + [f"-D{key}={value}" for key, value in defines.items()]
    command += [path for path in sources if path.endswith((".c", ".S"))]
    command += [*own, "-s", "-nostdlib", "-nostartfiles", "-Wl,--gc-sections", "-T", _PORT / "esp32c3.ld", "-lgcc"]
    output = tools.run([*command, "-o", elf.name], timeout_s=_COMPILE_TIMEOUT_S, cwd=build_dir, check=False)
    if output.returncode and "overflowed by" in output.tail:
        raise UnsupportedError(f"esp32c3: the firmware of {name} is larger than the chip; choose a smaller model.")
    if output.returncode:
        raise ToolFailedError(f"{RISCV_TOOLCHAIN.prefix}gcc could not build the firmware for esp32c3:\n{output.tail}")


def _esptool(*arguments: str | Path) -> str:
    output = tools.run([*program(), *arguments], timeout_s=_ESPTOOL_TIMEOUT_S, check=False)
    words = output.stdout.decode(errors="replace")
    if output.returncode:
        raise ToolFailedError(f"esptool {arguments[2]} {tools.describe_exit(output.returncode)}:\n{output.tail}")
    return words
