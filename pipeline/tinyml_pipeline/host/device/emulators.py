"""Board and elf -> the Device that runs it: QEMU, simavr, or a process on the host."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, QemuMachine, SimavrMachine
from tinyml_pipeline.errors import DeviceError, ToolFailedError, ToolMissingError
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.places import FIRMWARE

_READY_WITHIN_S = 10.0
_BRIDGE = FIRMWARE / "ports" / "simavr_bridge"


def emulate(board: Board, elf: Path, *, log: Path, cache_dir: Path) -> Device:
    """A device, not yet opened, that runs `elf` on the machine that plays `board`.

    `cache_dir` keeps the bridge to libsimavr, which is built the first time. Raises ToolMissingError without the
    emulator and DeviceError for a board that has none.
    """
    emulator = board.emulator
    if isinstance(emulator, QemuMachine):
        return ProcessDevice(board.name, qemu_command(emulator, elf), log, ready_within_s=_READY_WITHIN_S)
    if isinstance(emulator, SimavrMachine):
        bridge = build_simavr_bridge(cache_dir)
        return ProcessDevice(board.name, [bridge, emulator.mcu, str(board.clock_hz), elf], log)
    if board.name == "host":
        elf.chmod(elf.stat().st_mode | 0o100)  # a built file comes out of the artifacts without
        return ProcessDevice(board.name, [elf.resolve()], log)
    raise DeviceError(f"{board.name} is a real board: nothing emulates it. Connect it and name its serial port.")


def qemu_command(machine: QemuMachine, elf: Path) -> list[str | Path]:
    """QEMU with the machine's first UART on stdin and stdout, as fast as it can go."""
    program = tools.find_tool(
        machine.program, purpose=f"run firmware on {machine.machine}", install=f"apt install {machine.package}"
    )
    quiet = ["-display", "none", "-monitor", "none", "-serial", "stdio"]
    pace = ["-icount", f"shift={machine.icount_shift},sleep=off"]
    return [program, "-machine", machine.machine, *machine.options, *quiet, *pace, "-kernel", elf]


def build_simavr_bridge(cache_dir: Path) -> Path:
    """The program that joins libsimavr to stdin and stdout; built once for each state of its sources.

    A cached one runs only if it is the file that was built from these sources, by its SHA-256. `cache_dir` is a folder
    that nobody else can write; the check is for what this user's own programs may have left or damaged there.
    """
    texts = sorted(_BRIDGE.glob("*.[ch]"))
    digest = hashlib.sha256(b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in texts)).hexdigest()
    bridge = cache_dir / f"simavr_bridge-{digest[:16]}"
    seal = bridge.with_suffix(".sha256")
    if _is_sealed(bridge, seal):
        return bridge
    compiler = tools.find_tool("gcc", purpose="build the bridge to simavr", install="apt install gcc libc6-dev")
    cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir) as folder:
        built = Path(folder) / bridge.name
        try:
            sources = [path for path in texts if path.suffix == ".c"]
            tools.run([compiler, "-std=gnu99", "-O2", *sources, "-o", built, "-lsimavr"], timeout_s=60)
        except ToolFailedError as error:
            if "simavr/" in str(error) or "-lsimavr" in str(error):
                raise ToolMissingError(
                    "libsimavr is not installed; it is needed to run firmware for an AVR."
                    " Install it: apt install libsimavr-dev."
                ) from None
            raise
        built.chmod(0o700)
        own_seal = Path(folder) / seal.name
        own_seal.write_text(_sha256_of(built), encoding="utf-8")
        _clear(bridge)
        os.replace(built, bridge)  # several processes may build it at once: the last one wins, whole
        os.replace(own_seal, seal)
    return bridge


def _is_sealed(program: Path, seal: Path) -> bool:
    """Whether `program` is a file of this user and has the hash that was taken when it was built."""
    try:
        found = program.lstat()
        own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        return own and _sha256_of(program) == seal.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _clear(path: Path) -> None:
    """Make room for a file where a folder has its name."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
