"""What a manifest keeps of a stage, as frozen dataclasses: written as plain JSON, and checked when it is read again."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class RecordError(ValueError):
    """Facts of a manifest that do not fit: of another version of this program, or edited by hand."""


def to_json(record: Any) -> dict[str, Any]:
    """The facts of a stage: keys are the fields of the dataclass."""
    return asdict(record)


def read(kind: type[T], facts: Any) -> T:
    """The dataclass that these facts describe. Raises RecordError if a field is missing or has another type.

    Fields are bool, int, float, str, Any, Literal, `X | None`, `tuple[X, ...]`, Mapping[str, X] and dataclasses.
    """
    if not isinstance(facts, Mapping):
        raise RecordError(f"{kind.__name__}: not a mapping")
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind) if field.init]  # type: ignore[arg-type]
    if missing := [name for name in known if name not in facts]:
        raise RecordError(f"{kind.__name__}: {', '.join(missing)} missing")
    return kind(**{name: _value(hints[name], facts[name], f"{kind.__name__}.{name}") for name in known})


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _value(next(one for one in arguments if one is not type(None)), value, where)
    if origin is tuple and isinstance(value, (list, tuple)):
        return tuple(_value(arguments[0], one, where) for one in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {str(key): _value(arguments[1], one, where) for key, one in value.items()}
    if origin is Literal and value in arguments:
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, value)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise RecordError(f"{where}: {value!r}")
