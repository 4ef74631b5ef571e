"""The compiler's table of TensorFlow Lite's schema, slot by slot, against the generated one that comes with TFLM."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as generated
from tinyml_pipeline.compiler import tflite_schema
from tinyml_pipeline.compiler.tflite_schema_text import ENUMS, TABLES

PYTHON_ROOT = Path(__file__).parents[2] / "pipeline"
NUMBERS = {
    "bool": ("Bool", True, "?"),
    "int8": ("Int8", -5, "b"),
    "uint8": ("Uint8", 200, "B"),
    "int32": ("Int32", -70000, "i"),
    "uint32": ("Uint32", 3000000000, "I"),
    "int64": ("Int64", -(2**40), "q"),
    "uint64": ("Uint64", 2**63, "Q"),
    "float32": ("Float32", 0.375, "f"),
}
FIELDS = [
    (table, slot, word.split(":")[0], word.split(":")[1].split("=")[0])
    for table, words in tflite_schema._definitions(TABLES).items()
    for slot, word in enumerate(words)
    if word != "-"
]


def both(table: str, data: bytes) -> tuple[Any, Any]:
    return getattr(tflite_schema, table).GetRootAs(data), getattr(generated, table).GetRootAs(data)


def table_with(slot: int, kind: str) -> bytes:
    """A table whose only field is `slot`, with a telling value of that kind."""
    builder = flatbuffers.Builder(64)
    if kind.startswith("["):
        of = kind[1:-1]
        if of in NUMBERS:
            numbers = [NUMBERS[of][1]] * 3
            builder.StartVector(struct.calcsize(NUMBERS[of][2]), len(numbers), 8)
            for number in numbers:
                getattr(builder, f"Prepend{NUMBERS[of][0]}")(number)
        else:
            builder.StartObject(0)
            inner = builder.EndObject()
            builder.StartVector(4, 1, 4)
            builder.PrependUOffsetTRelative(inner)
        value = builder.EndVector()
    elif kind == "string":
        value = builder.CreateString("läuft")
    elif kind not in NUMBERS:
        builder.StartObject(0)
        value = builder.EndObject()
    builder.StartObject(slot + 1)
    if kind in NUMBERS:
        getattr(builder, f"Prepend{NUMBERS[kind][0]}")(NUMBERS[kind][1])
        builder.Slot(slot)
    else:
        builder.PrependUOffsetTRelativeSlot(slot, value, 0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


def seen(table: Any, name: str, kind: str) -> object:
    """What an accessor of either schema gives, in a form that compares."""
    if kind.startswith("["):
        count = getattr(table, f"{name}Length")()
        items = [getattr(table, name)(index) for index in range(count)]
        if kind[1:-1] in NUMBERS:
            return count, items, np.asarray(getattr(table, f"{name}AsNumpy")()).tolist()
        return count, [item._tab.Pos for item in items]
    value = getattr(table, name)()
    if value is None or kind in NUMBERS or kind == "string":
        return value
    return value.Pos if kind == "union" else value._tab.Pos


@pytest.mark.parametrize(("table", "slot", "name", "kind"), FIELDS, ids=lambda part: str(part))
def test_every_field_is_where_tflm_has_it(table: str, slot: int, name: str, kind: str) -> None:
    for data in (table_with(slot, kind), table_with(63, "int8")):  # the field alone, and everything left out
        ours, theirs = both(table, data)
        assert seen(ours, name, kind) == seen(theirs, name, kind)


@pytest.mark.parametrize("enum", list(tflite_schema._definitions(ENUMS)))
def test_every_enum_is_tflms(enum: str) -> None:
    def values(of: type) -> dict[str, int]:
        return {name: value for name, value in vars(of).items() if isinstance(value, int) and name[0] != "_"}

    assert values(getattr(tflite_schema, enum)) == values(getattr(generated, enum))


def test_every_options_table_is_there_with_every_scalar() -> None:
    for kind in tflite_schema._definitions(ENUMS)["BuiltinOptions"][1:]:
        ours, theirs = vars(getattr(tflite_schema, kind)), vars(getattr(generated, kind))
        public = {name for name in theirs if not name.startswith("_") and not name.endswith("IsNone")}
        inherited = {name for name in public if isinstance(theirs[name], classmethod) or name == "Init"}
        assert public - inherited == {name for name in ours if not name.startswith("_")}


def test_an_unknown_table_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchOptions"):
        _ = tflite_schema.NoSuchOptions


def test_reading_a_model_imports_no_optional_package() -> None:
    code = "import sys, tinyml_pipeline.compiler.read_tflite; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", code], cwd=PYTHON_ROOT, capture_output=True, check=True, text=True)
    assert not set(found.stdout.split()) & {"tflite_micro", "tflite_runtime", "ai_edge_litert", "tensorflow"}
