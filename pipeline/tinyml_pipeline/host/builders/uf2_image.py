"""A program for flash -> a .uf2 file, which a board's boot loader takes as a copy to its drive."""

from __future__ import annotations

import struct

_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_HAS_FAMILY = 0x2000
_PAYLOAD_BYTES, _DATA_BYTES = 256, 476


def uf2_image(program: bytes, address: int, family_id: int) -> bytes:
    """`program` from `address` on, in blocks of 256 bytes, the last filled up with zeros.

    Format: Microsoft's UF2 specification. Both boot ROMs that are served here take blocks of this size only.
    """
    starts = range(0, len(program), _PAYLOAD_BYTES)
    blocks = bytearray()
    for number, start in enumerate(starts):
        head = (*_MAGIC, _HAS_FAMILY, address + start, _PAYLOAD_BYTES, number, len(starts), family_id)
        data = program[start : start + _PAYLOAD_BYTES].ljust(_DATA_BYTES, b"\0")
        blocks += struct.pack(f"<8I{_DATA_BYTES}sI", *head, data, _MAGIC_END)
    return bytes(blocks)
