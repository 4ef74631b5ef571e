"""Board and elf -> the Device that runs it: QEMU, simavr, or a process on the host."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, QemuMachine, SimavrMachine
from tinyml_pipeline.errors import DeviceError, ToolFailedError, ToolMissingError
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.own_tools import build_tool
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.places import FIRMWARE

_READY_WITHIN_S = 10.0
_QEMU_RESEND_AFTER_S = 4.0  # its UARTs lose nothing, and what is sent again to a slow machine only keeps it busy
_BRIDGE = FIRMWARE / "ports" / "simavr_bridge"


def emulate(board: Board, elf: Path, *, log: Path, cache_dir: Path, plugin: str = "") -> Device:
    """A device, not yet opened, that runs `elf` on the machine that plays `board`.

    `cache_dir` keeps the bridge to libsimavr, which is built the first time. `plugin` is an option for QEMU. Raises
    ToolMissingError without the emulator and DeviceError for a board that has none.
    """
    emulator = board.emulator
    if isinstance(emulator, QemuMachine):
        traced = ["-plugin", plugin] if plugin else []
        command = [*qemu_command(emulator, elf), *traced]
        device = ProcessDevice(board.name, command, log, ready_within_s=_READY_WITHIN_S)
        device.resend_after_s = _QEMU_RESEND_AFTER_S
        return device
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
    """The program that joins libsimavr to stdin and stdout; `cache_dir` is a folder that nobody else can write."""
    try:
        return build_tool(_BRIDGE, cache_dir, (), purpose="build the bridge to simavr", libraries=["-lsimavr"])
    except ToolFailedError as error:
        if "simavr/" in str(error) or "-lsimavr" in str(error):
            raise ToolMissingError(
                "libsimavr is not installed; it is needed to run firmware for an AVR."
                " Install it: apt install libsimavr-dev."
            ) from None
        raise
