"""The wire protocol, host side: frames as bytes. The twin of firmware/protocol/protocol.c; see PROTOCOL.md there."""

from __future__ import annotations

import binascii
import enum
import struct
from dataclasses import dataclass
from itertools import accumulate

VERSION = 1
ANSWER = 0x80
_HEADER = struct.Struct("<BH")
_GREETING = struct.Struct("<BBHHIII32s")
_COUNTS = struct.Struct("<II")
_HEADER_BYTES, _CHECK_BYTES, _LONGEST_BLOCK = 3, 4, 254
_TEXT_BYTES = 2000


class Type(enum.IntEnum):
    """What a request asks; its answer has ANSWER added."""

    GREET = 1
    INVOKE = 2
    STACK = 3
    LAYERS = 4
    ERROR = 0x7F


class ErrorCode(enum.IntEnum):
    """Why a device did not do what a frame asked."""

    DAMAGED = 1
    UNKNOWN_TYPE = 2
    WRONG_LENGTH = 3
    FAULT = 4


class Unit(enum.IntEnum):
    """What a device counts."""

    NOTHING = 0
    CYCLES = 1
    INSTRUCTIONS = 2
    MICROSECONDS = 3


@dataclass(frozen=True)
class Frame:
    """A frame whose check was right: its type as sent (answers have ANSWER added), sequence number, payload."""

    type: int
    sequence: int
    payload: bytes


@dataclass(frozen=True)
class Greeting:
    """What a device says of itself, as it says it: nothing is checked here but the length.

    `line_buffer` is how many bytes may wait unread before it loses any.
    """

    version: int
    unit: int
    batch: int
    line_buffer: int
    input_bytes: int
    output_bytes: int
    clock_hz: int
    sha256: str


def encode_frame(type_: int, sequence: int, payload: bytes = b"") -> bytes:
    """A frame as it goes over the line, with the zero before and the zero behind it."""
    data = _HEADER.pack(type_, sequence) + payload
    return b"\0" + encode_cobs(data + check_bytes(data)) + b"\0"


def decode_frame(coded: bytes) -> Frame | None:
    """What stood between two zeros; None where it is damaged."""
    data = decode_cobs(coded)
    if data is None or len(data) < _HEADER_BYTES + _CHECK_BYTES:
        return None
    if check_bytes(data[:-_CHECK_BYTES]) != data[-_CHECK_BYTES:]:
        return None
    type_, sequence = _HEADER.unpack_from(data)
    return Frame(type_, sequence, data[_HEADER_BYTES:-_CHECK_BYTES])


def check_bytes(data: bytes) -> bytes:
    """CRC-16/CCITT-FALSE, little-endian, then a Fletcher sum modulo 256."""
    crc = binascii.crc_hqx(data, 0xFFFF)
    return bytes((crc & 0xFF, crc >> 8, sum(data) & 0xFF, sum(accumulate(data)) & 0xFF))


def encode_cobs(data: bytes) -> bytes:
    """Consistent overhead byte stuffing (Cheshire and Baker 1999): the same data without a zero byte."""
    coded = bytearray()
    parts = data.split(b"\0")
    for part in parts:
        start = 0
        while len(part) - start >= _LONGEST_BLOCK:
            coded.append(_LONGEST_BLOCK + 1)
            coded += part[start : start + _LONGEST_BLOCK]
            start += _LONGEST_BLOCK
        coded.append(len(part) - start + 1)
        coded += part[start:]
    # A full last block needs no empty one behind it, which would stand for a zero that is not there.
    if parts[-1] and len(parts[-1]) % _LONGEST_BLOCK == 0:
        coded.pop()
    return bytes(coded)


def decode_cobs(coded: bytes) -> bytes | None:
    """The reverse of encode_cobs; None for bytes that it cannot have made."""
    data = bytearray()
    position = 0
    while position < len(coded):
        code = coded[position]
        block = coded[position + 1 : position + code]
        if code == 0 or len(block) != code - 1 or 0 in block:
            return None
        data += block
        position += code
        if code <= _LONGEST_BLOCK and position < len(coded):
            data.append(0)
    return bytes(data) if coded else None


def parse_greeting(payload: bytes) -> Greeting | None:
    """None where it is too short; a later version may have more behind what this one knows."""
    if len(payload) < _GREETING.size:
        return None
    version, unit, batch, line_buffer, input_bytes, output_bytes, clock_hz, sha256 = _GREETING.unpack_from(payload)
    return Greeting(version, unit, batch, line_buffer, input_bytes, output_bytes, clock_hz, sha256.hex())


def parse_counts(payload: bytes) -> tuple[int, int]:
    """The fewest and the most that one vector of an INVOKE answer took; they stand behind the outputs."""
    fewest, most = _COUNTS.unpack_from(payload, len(payload) - _COUNTS.size)
    return fewest, most


COUNTS_BYTES = _COUNTS.size


class FrameReader:
    """Finds frames in a stream of bytes as they arrive, in time and memory that do not depend on how they are cut.

    Damage is counted. Of bytes outside of frames, `text` keeps the first and the latest; more than `longest` bytes
    without a zero cannot be a frame, and are not kept.
    """

    def __init__(self, longest: int = 32_000_000) -> None:
        self.damaged = 0
        self.text = bytearray()
        self._longest = longest
        self._pending = bytearray()
        self._is_too_long = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in order."""
        *ends, rest = data.split(b"\0")
        frames = []
        for part in ends:
            self._extend(part)
            frame = decode_frame(bytes(self._pending)) if self._pending and not self._is_too_long else None
            if frame is not None:
                frames.append(frame)
            elif self._pending:
                self.damaged += 1
                self._keep(self._pending)
            self._pending.clear()
            self._is_too_long = False
        self._extend(rest)
        return frames

    def _extend(self, data: bytes) -> None:
        if len(self._pending) + len(data) > self._longest:
            self._is_too_long = True
        if not self._is_too_long:
            self._pending += data
        elif not self._pending:
            self._pending += data[: self._longest]

    def _keep(self, text: bytearray) -> None:
        self.text += text
        if len(self.text) > 2 * _TEXT_BYTES:
            del self.text[_TEXT_BYTES:-_TEXT_BYTES]
