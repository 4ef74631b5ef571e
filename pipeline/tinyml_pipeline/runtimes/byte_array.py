"""Numbers as the inside of a C array, wrapped; quick enough for a megabyte."""

from __future__ import annotations

from collections.abc import Iterable

_BYTES_PER_LINE = 16
_LINE_LENGTH = 116


def hex_lines(data: bytes) -> str:
    """`data` as lines of sixteen `0x00,` each; no line break at the end."""
    # bytes.hex() does the work in C: a megabyte takes some 50 ms.
    chunks = (data[start : start + _BYTES_PER_LINE] for start in range(0, len(data), _BYTES_PER_LINE))
    return "\n".join("  0x" + chunk.hex(" ").replace(" ", ", 0x") + "," for chunk in chunks)


def decimal_lines(values: Iterable[int], indent: str) -> str:
    """Numbers with commas between them, wrapped at 120 columns; the first line is not indented."""
    lines, line = [], ""
    for value in values:
        item = f"{value}, "
        if len(indent) + len(line) + len(item) > _LINE_LENGTH:
            lines.append(line.rstrip())
            line = ""
        line += item
    return f"\n{indent}".join([*lines, line.rstrip().rstrip(",")])
