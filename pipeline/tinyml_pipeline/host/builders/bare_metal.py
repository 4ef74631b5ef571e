"""SourceTree + Board -> FirmwareImage: writes the sources, calls the board's compiler, reads the sizes."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, Optimize, Port, QemuMachine, Toolchain
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import ToolFailedError, UnsupportedError
from tinyml_pipeline.model_io import ModelInterface, model_io_header, vectors_in_a_frame
from tinyml_pipeline.places import FIRMWARE

Kind = Literal["bare", "bench", "verify", "mlperf_tiny", "program"]

_PORTS, _PROTOCOL, _MLPERF_TINY = FIRMWARE / "ports", FIRMWARE / "protocol", FIRMWARE / "mlperf_tiny"
_COMPILE_TIMEOUT_S = 300
_OPTIMIZE_FLAGS: dict[Optimize, str] = {"size": "-Os", "balanced": "-O2", "speed": "-O2"}
_WARNING_FLAGS = ("-Wall", "-Wextra", "-Wconversion", "-Wcast-align", "-pedantic")


@dataclass(frozen=True)
class FirmwareImage:
    """A linked firmware and what it takes of the board.

    `flash_bytes` is all that is written to flash, `ram_bytes` the static data (the stack comes on top);
    `flash_bytes` = `startup_bytes` + `code_bytes` + `constant_bytes`, the last with the initial values of variables.
    All are 0 for this computer if it has no GNU size, because nobody needs them there.
    """

    elf: Path
    board: str
    kind: Kind
    flash_bytes: int
    ram_bytes: int
    startup_bytes: int
    code_bytes: int
    constant_bytes: int
    warnings: str
    """What the compiler had to say; empty where all is well."""


def build_firmware(
    sources: SourceTree,
    interface: ModelInterface,
    board: Board,
    kind: Kind,
    build_dir: Path,
    optimize: Optimize | None = None,
    *,
    profile: bool = False,
) -> FirmwareImage:
    """Compile and link a model (NAME.h, NAME.c and what they include, as `interface` names it) into a firmware.

    'bench' is start-up code, the model and one call, for its sizes; 'verify', for boards that run bare metal, answers
    the host over the wire protocol, 'mlperf_tiny' over that of the benchmark's runner, for which `sources` hold
    mlperf_tiny_config.h; 'bare' leaves the model out; 'program' is for `sources` with a main() of their own, and gives
    them the machine's UART. With `profile`, 'verify' also tells what each layer takes. Everything is written below
    `build_dir`. Raises ToolMissingError without the compiler, ToolFailedError with the compiler's words,
    UnsupportedError where the firmware does not fit the board.
    """
    toolchain, _ = bare_metal(board)
    compiler = _compiler(board, toolchain)
    tools.refuse_long_sources(sources.values())
    build_dir.mkdir(parents=True, exist_ok=True)
    files = sources.merged({"model_io.h": model_io_header(interface)})
    write_sources(files, build_dir)
    model = [] if kind == "bare" else [Path(path) for path in files if path.endswith((".c", ".S"))]
    elf = build_dir / f"{kind}.elf"
    command = [
        *compiler,
        *_compile_flags(board, optimize or board.optimize),
        *(_machine_defines(board) if _talks(kind) else ()),
        *(_protocol_defines(board, interface) if kind == "verify" else ()),
        *([f"-D{interface.prefix.upper()}_PROFILE"] if profile else ()),
        *model,
        *_own_sources(board, kind),
        *_link_flags(board, profile),
        "-o",
        elf.name,
    ]
    output = tools.run(command, timeout_s=_COMPILE_TIMEOUT_S, cwd=build_dir, check=False)
    if output.returncode:
        raise _build_error(board, kind, Path(compiler[0]).name, output.tail)
    return _measure_image(elf, board, kind, output.stderr.decode(errors="replace").strip())


def _compiler(board: Board, toolchain: Toolchain) -> list[str]:
    """The start of a command. For this computer any compiler will do, for others it is their GCC."""
    if not toolchain.prefix and (found := tools.host_compiler()):
        return found
    name, purpose = f"{toolchain.prefix}gcc", f"build firmware for {board.name}"
    return [tools.find_tool(name, purpose=purpose, install=f"apt install {toolchain.package}")]


def write_sources(sources: SourceTree, folder: Path) -> None:
    """Every file below `folder`, for a compiler to read."""
    for path, text in sources.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def bare_metal(board: Board) -> tuple[Toolchain, Port]:
    """The compiler and the port of a board; UnsupportedError where it is only built with its framework."""
    if board.toolchain is None or board.port is None:
        raise UnsupportedError(
            f"{board.name}: there is no compiler for {board.core} among Debian's packages; build its firmware with"
            " arduino-cli or PlatformIO."
        )
    return board.toolchain, board.port


def _compile_flags(board: Board, optimize: Optimize) -> list[str | Path]:
    toolchain, port = bare_metal(board)
    includes = [Path("."), _PROTOCOL, _MLPERF_TINY, _PORTS / "common", _PORTS / port.startup]
    flags: list[str | Path] = ["-std=c99", *_WARNING_FLAGS, _OPTIMIZE_FLAGS[optimize], *toolchain.flags]
    flags += ["-ffunction-sections", "-fdata-sections", "-fno-common"]
    if port.startup == "host":
        flags.append("-D_POSIX_C_SOURCE=200809L")
    else:
        # GCC only, which every chip has: or it would make memset() of the loop in memset().
        flags.append("-fno-tree-loop-distribute-patterns")
    if port.startup != "host" and toolchain.headers_package is None:
        flags += ["-ffreestanding", "-fbuiltin", "-isystem", _PORTS / "freestanding"]
    defines = [*toolchain.defines, *port.defines]
    if isinstance(board.emulator, QemuMachine):
        defines.append(f"NANOSECONDS_PER_INSTRUCTION={board.emulator.nanoseconds_per_instruction}u")
    return [*flags, *(f"-I{path}" for path in includes), *(f"-D{define}" for define in defines)]


def _talks(kind: Kind) -> bool:
    return kind in ("verify", "mlperf_tiny", "program")


def _machine_defines(board: Board) -> list[str]:
    unit = ["nothing", "cycles", "instructions", "microseconds"].index(board.counter)
    # A real chip runs at whatever clock its boot loader left; cycles are cycles at any.
    clock_hz = board.clock_hz if board.counter == "cycles" and board.emulator is not None else 0
    return [f"-DMACHINE_UNIT={unit}", f"-DMACHINE_CLOCK_HZ={clock_hz}u"]


def _protocol_defines(board: Board, interface: ModelInterface) -> list[str]:
    defines = [
        f"-DPROTOCOL_BATCH={vectors_in_a_frame(interface, board)}",
        f"-DPROTOCOL_LINE_BUFFER={board.line_buffer}",
    ]
    return defines if bare_metal(board)[1].startup == "host" else [*defines, "-DPROTOCOL_MEASURES_STACK"]


def _own_sources(board: Board, kind: Kind) -> list[Path]:
    toolchain, port = bare_metal(board)
    assert not _talks(kind) or board.runs_bare_metal, f"{board.name} has no UART without its framework"
    sources = [] if kind == "program" else [_PORTS / "common" / f"{kind}_main.c"]
    if port.startup == "host":
        sources = [_PORTS / "host" / "main.c"] if kind == "verify" else sources
    else:
        sources.append(_PORTS / port.startup / "startup.S")
        if toolchain.headers_package is None:
            sources.append(_PORTS / "freestanding" / "string.c")
        sources += [_PORTS / source for source in port.sources]
        if _talks(kind) and port.machine is not None:
            sources.append(_PORTS / port.machine / "machine.c")
    if kind == "verify":
        sources += [_PROTOCOL / "protocol.c", _PROTOCOL / "measure.c"]
    if kind == "mlperf_tiny":
        sources.append(_MLPERF_TINY / "mlperf_tiny.c")
    return sources


def _link_flags(board: Board, profile: bool) -> list[str | Path]:
    toolchain, port = bare_metal(board)
    if port.startup == "host":
        return [] if sys.platform == "darwin" else ["-Wl,--gc-sections"]  # Apple's linker calls it otherwise
    symbols = {
        "FLASH_ORIGIN": port.flash_origin,
        "FLASH_BYTES": board.flash_bytes,
        "RAM_ORIGIN": port.ram_origin,
        "RAM_BYTES": board.ram_bytes,
        "WORD_BYTES": port.word_bytes,
    }
    defsyms = [f"-Wl,--defsym={name}={value:#x}" for name, value in symbols.items()]
    # Without local symbols, because they hold paths: the same model shall give the same bytes in every folder. But only
    # they tell code from data, for whoever has to disassemble it.
    flags = ["-nostdlib", "-nostartfiles", "-Wl,--gc-sections", *defsyms, *([] if profile else ["-Wl,--discard-all"])]
    return [*flags, "-T", _PORTS / port.script, *toolchain.libraries]


def _build_error(board: Board, kind: Kind, compiler: str, words: str) -> ToolFailedError | UnsupportedError:
    for region, limit in (("flash", board.flash_bytes), ("ram", board.ram_bytes)):
        marker = f"region `{region}' overflowed by "
        if marker in words:
            over = int(words.split(marker)[1].split()[0])
            return UnsupportedError(
                f"{board.name}: the {kind} firmware needs {limit + over:,} bytes of {region.replace('ram', 'RAM')},"
                f" {over:,} more than there are; choose a smaller model or a larger board."
            )
    return ToolFailedError(f"{compiler} could not build the {kind} firmware for {board.name}:\n{words}")


def flash_image(image: FirmwareImage, board: Board) -> Path:
    """What lies in flash from its first byte on, as .bin beside the ELF; ToolMissingError without objcopy."""
    binary = image.elf.with_suffix(".bin")
    objcopy = _binutils("objcopy", board, "write its flash as a .bin file for")
    tools.run([objcopy, "-O", "binary", image.elf, binary], timeout_s=30)
    return binary


def _binutils(program: str, board: Board, purpose: str) -> str:
    toolchain, _ = bare_metal(board)
    install = f"apt install {toolchain.package.replace('gcc', 'binutils')}"
    return tools.find_tool(f"{toolchain.prefix}{program}", purpose=f"{purpose} {board.name}", install=install)


def _measure_image(elf: Path, board: Board, kind: Kind, warnings: str) -> FirmwareImage:
    _, port = bare_metal(board)
    if port.startup == "host" and (sys.platform != "linux" or not shutil.which("size")):
        return FirmwareImage(elf, board.name, kind, 0, 0, 0, 0, 0, warnings)
    size = _binutils("size", board, "measure firmware for")
    lines = tools.run([size, "-A", elf], timeout_s=30).stdout.decode().splitlines()
    sections = {words[0]: int(words[1]) for words in map(str.split, lines) if len(words) == 3 and words[1].isdigit()}
    startup = sections.get(".startup", 0) + sections.get(".flash.appdesc", 0)
    code = sections.get(".text", 0)
    constants = sections.get(".rodata", 0) + sections.get(".data", 0)
    return FirmwareImage(
        elf=elf,
        board=board.name,
        kind=kind,
        flash_bytes=startup + code + constants,
        ram_bytes=sections.get(".data", 0) + sections.get(".bss", 0),
        startup_bytes=startup,
        code_bytes=code,
        constant_bytes=constants,
        warnings=warnings,
    )
