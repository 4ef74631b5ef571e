"""Messages on a pipe: a JSON header and binary parts, each preceded by its length; nothing that could run code."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class Message:
    """`fields` are JSON values; `parts` are bytes whose meaning the fields tell."""

    fields: Mapping[str, Any]
    parts: tuple[bytes, ...] = ()


def write_message(stream: IO[bytes], message: Message) -> None:
    header = json.dumps(dict(message.fields, parts=[len(part) for part in message.parts])).encode()
    stream.write(_LENGTH.pack(len(header)) + header)
    for part in message.parts:
        stream.write(part)
    stream.flush()


def read_message(stream: IO[bytes]) -> Message | None:
    """The next message; None where the other side has closed the pipe, also in the middle of a message."""
    try:
        (length,) = _LENGTH.unpack(_read_exactly(stream, _LENGTH.size))
        fields = json.loads(_read_exactly(stream, length))
        parts = tuple(_read_exactly(stream, size) for size in fields.pop("parts"))
    except EOFError:
        return None
    return Message(fields, parts)


def pack_arrays(arrays: Sequence[AnyArray]) -> tuple[list[list[int]], tuple[bytes, ...]]:
    """Shapes (for a message's fields) and little-endian float32 bytes (its parts)."""
    packed = [np.ascontiguousarray(array, "<f4") for array in arrays]
    return [list(array.shape) for array in packed], tuple(array.tobytes() for array in packed)


def unpack_arrays(shapes: Sequence[Sequence[int]], parts: Sequence[bytes]) -> tuple[npt.NDArray[np.float32], ...]:
    return tuple(np.frombuffer(part, "<f4").reshape(shape) for shape, part in zip(shapes, parts, strict=True))


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
