"""Array literals of any length as C, in memory that follows the text: columns up to 65,536 elements, then no blanks.

A megabyte of weights is five megabytes of text, so long arrays are written in pieces, by numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.c_text import int_literal

_WIDTH = 100
_PIECE = 1 << 16
"""Elements that are formatted at a time; arrays of more are written without blanks."""


def array_lines(values: npt.NDArray[Any] | Sequence[int], *, packed: bool = False) -> Iterator[str]:
    """The elements of an initialiser, several a line; `packed` words in hexadecimal.

    Up to 65,536 elements are right-aligned in columns, and short rows of an array of two dimensions stay whole. Each
    string is a line, or many with line breaks between them.
    """
    array = np.asarray(values)
    if array.size <= _PIECE:
        yield from _columns(array, packed)
        return
    flat = array.ravel()
    for start in range(0, flat.size, _PIECE):
        yield _close(flat[start : start + _PIECE], packed)


def _columns(array: npt.NDArray[Any], packed: bool) -> list[str]:
    row = array.shape[-1] if array.ndim == 2 else 1
    words = [f"0x{value:08x}u" if packed else int_literal(value) for value in array.ravel().tolist()]
    width = max(map(len, words))
    per_line = max(1, (_WIDTH - 4) // (width + 2))
    per_line = 1 << per_line.bit_length() - 1 if len(words) > per_line else per_line
    if len(words) <= per_line:
        return [", ".join(words)]
    per_line = per_line // row * row or per_line
    words = [word.rjust(width) for word in words]
    return [", ".join(words[start : start + per_line]) + "," for start in range(0, len(words), per_line)]


def _close(flat: npt.NDArray[Any], packed: bool) -> str:
    """Lines of as many elements as fit in any case, a comma behind each and no blanks."""
    if flat.dtype == np.int8:
        words = _int8_words()[flat.view(np.uint8)]
    elif packed:
        digits = _hex_digits()[flat.astype(">u4").view(np.uint8)].view("S8")
        words = np.char.add(np.char.add(b"0x", digits), b"u,")
    else:
        words = np.array([f"{int_literal(value)},".encode() for value in flat.tolist()])
    per_line = max(1, (_WIDTH - 4) // words.itemsize)
    whole = len(words) // per_line * per_line
    lines = words[:whole].view(np.uint8).reshape(-1, per_line * words.itemsize)
    text = np.insert(lines, lines.shape[1], ord("\n"), axis=1).tobytes() + words[whole:].tobytes()
    return text.translate(None, b"\0").decode("ascii").rstrip("\n")


@cache
def _int8_words() -> npt.NDArray[np.bytes_]:
    """The text of an int8 and its comma, by its byte; numpy fills short ones with NUL."""
    return np.array([f"{np.int8(byte if byte < 128 else byte - 256)},".encode() for byte in range(256)])


@cache
def _hex_digits() -> npt.NDArray[np.bytes_]:
    return np.array([f"{byte:02x}".encode() for byte in range(256)])
