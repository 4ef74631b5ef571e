"""UF2: a copy to the drive that a board shows while its boot loader runs. No tool is needed."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tinyml_pipeline.boards.board import Uf2
from tinyml_pipeline.errors import DeviceError

_INFO = "INFO_UF2.TXT"
_MAGIC = (0x0A324655, 0x9E5D5157)
_BLOCK = struct.Struct("<8I476sI")  # of Microsoft's UF2 specification; the last of the eight is the family
_RESTART_WITHIN_S = 10.0


def families(data: bytes) -> set[int]:
    """The kinds of chip that a .uf2 is for; empty where the bytes are no UF2."""
    if len(data) % _BLOCK.size or not data:
        return set()
    heads = [_BLOCK.unpack_from(data, start) for start in range(0, len(data), _BLOCK.size)]
    return {head[7] for head in heads} if all(head[:2] == _MAGIC for head in heads) else set()


def mounted_drives() -> list[Path]:
    """Where Linux and macOS show removable drives."""
    places = ("/media/*/*", "/media/*", "/run/media/*/*", "/Volumes/*", "/mnt/*")
    return [path for place in places for path in sorted(Path("/").glob(place[1:]))]


def copy(
    settings: Uf2,
    image: Path,
    board: str,
    show: Callable[[str], None],
    drives: Iterable[Path] | None = None,
    restart_within_s: float = _RESTART_WITHIN_S,
) -> None:
    """Copy `image` to the board's drive, and wait until the board has restarted, which takes the drive away.

    Raises DeviceError, in one line, where the drive is not there, the image is for another chip, the copy fails, or
    the board keeps its drive.
    """
    data = image.read_bytes()
    if settings.family_id not in families(data):
        raise DeviceError(f"{board} was not flashed: {image} is not a UF2 file for this board's chip; build it again.")
    found = [drive for drive in (mounted_drives() if drives is None else drives) if (drive / _INFO).is_file()]
    named = [drive for drive in found if drive.name == settings.volume]
    if not named:
        others = f" (there is {', '.join(str(drive) for drive in found)})" if found else ""
        raise DeviceError(
            f"{board} was not flashed: no drive {settings.volume} is mounted{others}; hold BOOTSEL while you connect"
            " the board, let go, and flash again."
        )
    if len(named) > 1:
        names = ", ".join(str(drive) for drive in named)
        raise DeviceError(f"{board} was not flashed: there are several such boards ({names}); connect only one.")
    target = named[0] / image.name
    show(f"copying {len(data):,} bytes to {named[0]}\n")
    try:
        with target.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if (named[0] / _INFO).exists():  # else it has restarted already, having taken all
            raise DeviceError(
                f"{board} was not flashed: {named[0]} took the copy only in part ({error.strerror}); connect the board"
                " again with BOOTSEL held."
            ) from None
    deadline = time.monotonic() + restart_within_s
    while (named[0] / _INFO).exists():
        if time.monotonic() >= deadline:
            raise DeviceError(
                f"{board} has not restarted after the copy to {named[0]}; press its reset button, or connect it again"
                " with BOOTSEL held and flash again."
            )
        time.sleep(0.05)
