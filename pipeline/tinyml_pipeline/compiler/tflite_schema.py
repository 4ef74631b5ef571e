"""Accessors for the tables and enums of a .tflite file, made from tflite_schema_text when they are first used.

The generated Python schema comes only in packages that are missing on some computers (tflite-micro, ai-edge-litert) or
takes longer to import than numpy does (tflite); this one imports in a millisecond and needs nothing but flatbuffers.
The classes have the methods of generated ones, as far as they read: for a field F of a table `F()`, for a vector
`F(i)`, `FLength()` and, of numbers, `FAsNumpy()`. Nothing is checked here: flatbuffer_reader does that.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from flatbuffers import number_types
from flatbuffers.table import Table as FlatTable

from tinyml_pipeline.compiler.tflite_schema_text import ENUMS, TABLES

_NUMBERS: dict[str, tuple[Any, struct.Struct]] = {
    "bool": (number_types.BoolFlags, struct.Struct("<?")),
    "int8": (number_types.Int8Flags, struct.Struct("<b")),
    "uint8": (number_types.Uint8Flags, struct.Struct("<B")),
    "int32": (number_types.Int32Flags, struct.Struct("<i")),
    "uint32": (number_types.Uint32Flags, struct.Struct("<I")),
    "int64": (number_types.Int64Flags, struct.Struct("<q")),
    "uint64": (number_types.Uint64Flags, struct.Struct("<Q")),
    "float32": (number_types.Float32Flags, struct.Struct("<f")),
}
# Of the format itself: to a table's layout, within it, and to other places.
_TO_LAYOUT, _IN_LAYOUT, _TO_PLACE = struct.Struct("<i"), struct.Struct("<H"), struct.Struct("<I")
_FIRST_SLOT, _SLOT_BYTES, _OFFSET_BYTES = 4, 2, 4


def __getattr__(name: str) -> Any:
    """`Model`, `Tensor`, `Conv2DOptions`, `BuiltinOperator` ... as a module of generated code has them."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _made(name)


@cache
def _made(name: str) -> type:
    if name in _definitions(ENUMS):
        return type(name, (), dict(_enum_values(_definitions(ENUMS)[name])))
    if name in _definitions(TABLES):
        return type(name, (_Table,), _methods(_definitions(TABLES)[name]))
    raise AttributeError(f"TensorFlow Lite's schema has no '{name}' here")


@cache
def _definitions(text: str) -> dict[str, list[str]]:
    """Every `Name { word word }` of a text."""
    return {name: body.split() for name, body in re.findall(r"(\w+) \{([^}]*)\}", text)}


def _enum_values(words: list[str]) -> Iterator[tuple[str, int]]:
    value = 0
    for word in words:
        name, _, given = word.partition("=")
        value = int(given) if given else value
        yield name, value
        value += 1


class _Table:
    """A table at a position of a buffer."""

    _tab: FlatTable

    @classmethod
    def GetRootAs(cls, data: bytes, offset: int = 0) -> _Table:  # noqa: N802
        table = cls()
        table.Init(data, offset + _TO_PLACE.unpack_from(data, offset)[0])
        return table

    def Init(self, data: bytes, position: int) -> None:  # noqa: N802
        self._tab = FlatTable(data, position)


def _methods(words: list[str]) -> dict[str, Any]:
    methods: dict[str, Any] = {}
    for slot, word in enumerate(words):
        if word == "-":
            continue
        name, kind, default = re.fullmatch(r"(\w+):([^=]+)(?:=(.+))?", word).groups()  # type: ignore[union-attr]
        place = _FIRST_SLOT + _SLOT_BYTES * slot
        if kind.startswith("["):
            methods |= _vector(name, kind[1:-1], place)
        elif kind in _NUMBERS:
            methods[name] = _number(_NUMBERS[kind], place, default)
        else:
            methods[name] = _reference(kind, place)
    return methods


def _field(table: _Table, place: int) -> int:
    """Where in the file a field lies; 0 where it is left out. A chain of 2,000 layers has 140,000 of them."""
    data, position = table._tab.Bytes, table._tab.Pos
    layout = position - _TO_LAYOUT.unpack_from(data, position)[0]
    if place >= _IN_LAYOUT.unpack_from(data, layout)[0]:
        return 0
    offset: int = _IN_LAYOUT.unpack_from(data, layout + place)[0]
    return position + offset if offset else 0


def _follow(table: _Table, position: int) -> int:
    """The place that the offset at a position leads to."""
    to: int = _TO_PLACE.unpack_from(table._tab.Bytes, position)[0]
    return position + to


def _number(kind: tuple[Any, struct.Struct], place: int, default: str | None) -> Callable[[_Table], Any]:
    flags, form = kind
    absent = flags.py_type({"True": 1}.get(default or "", default) or 0)

    def get(self: _Table) -> Any:
        position = _field(self, place)
        return form.unpack_from(self._tab.Bytes, position)[0] if position else absent

    return get


def _reference(kind: str, place: int) -> Callable[[_Table], Any]:
    """A string as bytes, a union as a bare flatbuffers table, another table as its class; None where it is left out."""

    def get(self: _Table) -> Any:
        position = _field(self, place)
        if not position:
            return None
        if kind == "string":
            return self._tab.String(position)
        if kind == "union":
            return FlatTable(self._tab.Bytes, _follow(self, position))
        return _at(kind, self._tab.Bytes, _follow(self, position))

    return get


def _vector(name: str, kind: str, place: int) -> dict[str, Any]:
    def length(self: _Table) -> int:
        position = _field(self, place)
        return int(_TO_PLACE.unpack_from(self._tab.Bytes, _follow(self, position))[0]) if position else 0

    def item(self: _Table, j: int) -> Any:
        position = _field(self, place)
        if not position:
            return 0 if kind in _NUMBERS else None
        start = _follow(self, position) + _OFFSET_BYTES
        if kind in _NUMBERS:
            form = _NUMBERS[kind][1]
            return form.unpack_from(self._tab.Bytes, start + j * form.size)[0]
        return _at(kind, self._tab.Bytes, _follow(self, start + j * _OFFSET_BYTES))

    def as_numpy(self: _Table) -> Any:
        position = _field(self, place)
        return self._tab.GetVectorAsNumpy(_NUMBERS[kind][0], position - self._tab.Pos) if position else 0

    methods: dict[str, Any] = {name: item, f"{name}Length": length}
    return methods | {f"{name}AsNumpy": as_numpy} if kind in _NUMBERS else methods


def _at(kind: str, data: bytes, position: int) -> Any:
    table = _made(kind)()
    table.Init(data, position)
    return table
