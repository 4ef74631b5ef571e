"""Checked steps through a flatbuffer: what keeps a hostile file harmless.

The generated schema classes read fields lazily and check nothing, and Python's flatbuffers has no verifier. So every
table's vtable is checked before the table is used, so that no offset can point backwards out of the file; all other
offsets are unsigned, so a read past the end raises one of READ_ERRORS; and every vector length is checked against the
file's size and counted, so that work and memory stay proportional to the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from tinyml_pipeline.errors import ModelFileError, visible

# What the schema package raises when an offset leads out of the file.
READ_ERRORS = (struct.error, IndexError, ValueError, TypeError, OverflowError, MemoryError)
_LONGEST_NAME = 500


class Reader:
    """Checked steps through one file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        # A sound file names each byte about once; a hostile one points many vectors at the same bytes.
        self._budget = 4 * len(data) + 1024

    def spend(self, count: int, element_bytes: int = 4) -> int:
        self._budget -= count * element_bytes
        if count * element_bytes > len(self.data):
            raise broken("a vector is longer than the file")
        if self._budget < 0:
            raise ModelFileError(
                "the .tflite file uses the same bytes many times over, for more than four times its size; supported:"
                " vectors of their own. Convert the model again."
            )
        return count

    def table(self, table: Any) -> Any:
        """`table` again, once its vtable is known to lie in the file and its fields in the table."""
        position = table._tab.Pos
        vtable = position - struct.unpack_from("<i", self.data, position)[0]
        if not 0 <= vtable <= len(self.data) - 4:
            raise broken("a table's layout lies outside the file")
        vtable_bytes, table_bytes = struct.unpack_from("<HH", self.data, vtable)
        if vtable_bytes < 4 or vtable_bytes % 2 or position + table_bytes > len(self.data):
            raise broken("a table's layout is damaged")
        offsets = struct.unpack_from(f"<{vtable_bytes // 2 - 2}H", self.data, vtable + 4)
        if offsets and max(offsets) >= table_bytes:
            raise broken("a table's field lies outside the table")
        self.spend(1)
        return table

    def tables(self, owner: Any, field: str) -> list[Any]:
        count = self.spend(getattr(owner, f"{field}Length")())
        get: Callable[[int], Any] = getattr(owner, field)
        return [self.table(get(i)) for i in range(count)]

    def array(self, owner: Any, field: str, element_bytes: int = 4) -> Any:
        """A vector of numbers as a numpy view; empty where it is left out."""
        if self.spend(getattr(owner, f"{field}Length")(), element_bytes) == 0:
            return np.empty(0, np.int32)
        return getattr(owner, f"{field}AsNumpy")()

    def ints(self, owner: Any, field: str, element_bytes: int = 4) -> tuple[int, ...]:
        return tuple(self.array(owner, field, element_bytes).tolist())

    def text(self, value: bytes | None) -> str:
        """A name, made fit to be shown: escaped as visible() does, and cut if it is absurdly long."""
        self.spend(len(value or b""), 1)
        return visible((value or b"")[:_LONGEST_NAME].decode("utf-8", "replace"))


def broken(what: str) -> ModelFileError:
    """For what no reader of the format can follow, TFLM's neither."""
    return ModelFileError(f"the .tflite file is damaged or cut short: {what}. Convert or copy the model again.")


def contradiction(what: str) -> ModelFileError:
    """For a file that can be read, but means nothing definite: TFLM may run it, on memory that nobody has written."""
    return ModelFileError(f"the model contradicts itself: {what}. Convert it again.")


@cache
def _enum_names(enum: type) -> Mapping[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


def enum_name(enum: type, value: int, what: str) -> str:
    """The schema's name of an enum value; `what` names the field in the message if there is none."""
    try:
        return _enum_names(enum)[value]
    except KeyError:
        raise ModelFileError(
            f"{what} {value} is not in the schema that this program knows: the .tflite file is damaged, or newer than"
            " this program. Convert or copy the model again."
        ) from None
