"""Which serial port is a board's: the one that was named, or the only one that can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DeviceError, UsageError


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

    DeviceError where there is none, UsageError where there are several: both say what to do. `stand_in` is an emulated
    board for who has none.
    """
    if wanted is not None and (not wanted.startswith("/") or Path(wanted).exists()):
        return wanted
    candidates = [port for port in ports() if port.is_usb]
    listed = ", ".join(f"{port.name} ({port.description})" for port in candidates)
    if wanted is not None and candidates:
        raise DeviceError(f"there is no port {wanted}; connect {board}, or name its port with --port: {listed}.")
    if not candidates:
        without = "" if stand_in is None else f" Without a board: --board {stand_in}."
        named = "" if wanted is None else f", neither {wanted} nor another"
        raise DeviceError(
            f"no serial port for {board} was found{named}; is it connected, by a cable that carries data (many only"
            f" charge), and does its power light shine? Name a port that you know with --port.{without}"
        )
    if len(candidates) > 1:
        raise UsageError(f"there are several serial ports; say which is {board}'s with --port: {listed}.")
    return candidates[0].name
