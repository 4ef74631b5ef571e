"""Which serial port is a board's: the one that was named, or the only one that can be."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline.errors import DeviceError, UsageError
from tinyml_pipeline.visible_text import visible

_SHOWN = 4


@dataclass(frozen=True)
class SerialPort:
    """A port as the system names it, and what its USB device says of itself; `is_usb` false for built-in ports."""

    name: str
    description: str
    is_usb: bool


def list_ports() -> list[SerialPort]:
    """Every serial port of this computer."""
    from serial.tools import list_ports as system

    found = sorted(system.comports(), key=lambda port: port.device)
    return [SerialPort(port.device, port.description or "no description", port.vid is not None) for port in found]


def find_port(
    board: str,
    wanted: str | None,
    ports: Callable[[], Iterable[SerialPort]] = list_ports,
    *,
    stand_in: str | None = None,
) -> str:
    """`wanted` where it is given and there, else the only USB port.

    DeviceError where there is none, UsageError where there are several or `wanted` is none: each says what to do.
    `stand_in` is an emulated board for who has none.
    """
    if wanted is not None and (not wanted.startswith("/") or Path(wanted).exists()):
        if wanted.startswith("/") and not _can_be_serial(wanted):
            raise UsageError(
                f"{wanted} is not a serial port. Connect {board} and see which ports there are: tinyml ports"
            )
        return wanted
    there = list(ports())
    candidates = [port for port in there if port.is_usb]
    listed = ", ".join(f"{port.name} ({visible(port.description)})" for port in candidates)
    if wanted is not None and candidates:
        raise DeviceError(f"there is no port {wanted}; connect {board}, or name its port with --port: {listed}.")
    if not candidates:
        without = "" if stand_in is None else f" Without a board: --board {stand_in}."
        names = [port.name for port in there]
        others = f" (others: {', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''})" if names else ""
        named = "" if wanted is None else f", neither {wanted} nor another"
        raise DeviceError(
            f"no USB serial port for {board} was found{named}; is it connected, by a cable that carries data (many only"
            f" charge), and does its power light shine? Name a port that you know with --port{others}.{without}"
        )
    if len(candidates) > 1:
        raise UsageError(f"there are several serial ports; say which is {board}'s with --port: {listed}.")
    return candidates[0].name


def _can_be_serial(path: str) -> bool:
    """Whether a path is a character device, but none of the driver of /dev/null. To open it would reset a board."""
    found, null = os.stat(path), os.stat(os.devnull)
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) != os.major(null.st_rdev)
