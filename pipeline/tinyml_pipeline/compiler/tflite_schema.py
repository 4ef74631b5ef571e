"""Accessors for the tables and enums of a .tflite file, made from tflite_schema_text when they are first used.

The generated Python schema comes only in packages that are missing on some computers (tflite-micro, ai-edge-litert) or
takes longer to import than numpy does (tflite); this one imports in a millisecond and needs nothing but flatbuffers.
The classes have the methods of generated ones, as far as they read: for a field F of a table `F()`, for a vector
`F(i)`, `FLength()` and, of numbers, `FAsNumpy()`. Nothing is checked here: flatbuffer_reader does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import flatbuffers.encode
import flatbuffers.packer
from flatbuffers import number_types
from flatbuffers.table import Table as FlatTable

from tinyml_pipeline.compiler.tflite_schema_text import ENUMS, TABLES

_NUMBERS: dict[str, Any] = {
    "bool": number_types.BoolFlags,
    "int8": number_types.Int8Flags,
    "uint8": number_types.Uint8Flags,
    "int32": number_types.Int32Flags,
    "uint32": number_types.Uint32Flags,
    "int64": number_types.Int64Flags,
    "uint64": number_types.Uint64Flags,
    "float32": number_types.Float32Flags,
}
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
        table.Init(data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, offset) + offset)
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


def _number(flags: Any, place: int, default: str | None) -> Callable[[_Table], Any]:
    absent = flags.py_type({"True": 1}.get(default or "", default) or 0)

    def get(self: _Table) -> Any:
        offset = self._tab.Offset(place)
        return flags.py_type(self._tab.Get(flags, offset + self._tab.Pos)) if offset else absent

    return get


def _reference(kind: str, place: int) -> Callable[[_Table], Any]:
    """A string as bytes, a union as a bare flatbuffers table, another table as its class; None where it is left out."""

    def get(self: _Table) -> Any:
        offset = self._tab.Offset(place)
        if not offset:
            return None
        if kind == "string":
            return self._tab.String(offset + self._tab.Pos)
        if kind == "union":
            union = FlatTable(bytearray(), 0)
            self._tab.Union(union, offset)
            return union
        return _at(kind, self._tab.Bytes, self._tab.Indirect(offset + self._tab.Pos))

    return get


def _vector(name: str, kind: str, place: int) -> dict[str, Any]:
    def length(self: _Table) -> int:
        offset = self._tab.Offset(place)
        return int(self._tab.VectorLen(offset)) if offset else 0

    def item(self: _Table, j: int) -> Any:
        offset = self._tab.Offset(place)
        if not offset:
            return 0 if kind in _NUMBERS else None
        start = self._tab.Vector(offset)
        if kind in _NUMBERS:
            return self._tab.Get(_NUMBERS[kind], start + j * _NUMBERS[kind].bytewidth)
        return _at(kind, self._tab.Bytes, self._tab.Indirect(start + j * _OFFSET_BYTES))

    def as_numpy(self: _Table) -> Any:
        offset = self._tab.Offset(place)
        return self._tab.GetVectorAsNumpy(_NUMBERS[kind], offset) if offset else 0

    methods: dict[str, Any] = {name: item, f"{name}Length": length}
    return methods | {f"{name}AsNumpy": as_numpy} if kind in _NUMBERS else methods


def _at(kind: str, data: bytes, position: int) -> Any:
    table = _made(kind)()
    table.Init(data, position)
    return table
