"""Metadata that changes what TFLM does: compressed weights, and plans of its memory."""

from __future__ import annotations

from collections.abc import Sequence

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.memory.offline_plan import check_offline_plan
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError, UnsupportedError

from tests.compiler.test_read_tflite import broken, contradiction
from tests.host import compile_model
from tests.ops.check import vectors_for
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

SHARED = "memory that two tensors need at the same time; supported: places of their own"


def reversed_twice(*entries: tuple[str, Sequence[int]], buffer: int | None = None) -> bytes:
    """Tensors 0, 2 and 3 of 32 bytes follow each other by REVERSE_V2; tensor 1 is its constant axis."""
    writer = Writer()
    source, axis = writer.tensor((32,), 0.1), writer.tensor((1,), type="INT32", data=[0])
    hidden, output = writer.tensor((32,), 0.1), writer.tensor((32,), 0.1)
    writer.operation("REVERSE_V2", [source, axis], [hidden])
    writer.operation("REVERSE_V2", [hidden, axis], [output])
    model = schema.ModelT.InitFromPackedBuf(writer.build([source], [output]), 0)
    model.metadata = []
    for name, numbers in entries:
        entry, made = schema.MetadataT(), schema.BufferT()
        made.data = np.frombuffer(np.array(numbers, np.int32).tobytes(), np.uint8)
        entry.name, entry.buffer = name, len(model.buffers) if buffer is None else buffer
        model.buffers.append(made)
        model.metadata.append(entry)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def plan(*offsets: int, count: int | None = None) -> tuple[str, list[int]]:
    return "OfflineMemoryAllocation", [1, 0, len(offsets) if count is None else count, *offsets]


PLANS = {
    "none_of_its_own": (plan(-1, -1, -1, -1), ""),
    "one_after_the_other": (plan(0, -1, 32, 64), ""),
    "first_and_last_in_one_place": (plan(0, -1, 32, 0), ""),
    "one_byte_shared": (plan(0, -1, 31, 64), SHARED),
    "one_byte_shared_from_below": (plan(33, -1, 64, 2), SHARED),
    "read_and_written_in_one_place": (plan(0, -1, 64, 64), SHARED),
    "too_few": (plan(-1, -1, -1), "3 tensors; supported: the 4 that there are"),
    "before_the_arena": (plan(-2, -1, -1, -1), "offset -2; supported: 0 and above, or -1 for one that TFLM chooses"),
}


@pytest.mark.parametrize("name", PLANS)
def test_plans(name: str) -> None:
    entry, found = PLANS[name]
    graph = read_tflite(reversed_twice(entry))
    if not found:
        check_offline_plan(graph)
        return
    with pytest.raises(UnsupportedError) as caught:
        check_offline_plan(graph)
    assert str(caught.value) == f"the file's memory plan (OfflineMemoryAllocation) has {found}. Remove the plan."


def test_no_plan() -> None:
    assert read_tflite(reversed_twice()).memory_plan == ()
    assert read_tflite(reversed_twice(("min_runtime_version", [1]))).memory_plan == ()


def test_of_two_plans_the_last_counts() -> None:
    graph = read_tflite(reversed_twice(plan(0, -1, 0, 0), plan(0, -1, 32, 64)))
    assert graph.memory_plan == (0, -1, 32, 64)


def test_tflm_follows_the_plan() -> None:
    """It answers otherwise where two tensors share memory, and refuses a plan for other tensors."""
    plain = reversed_twice()
    inputs = vectors_for(plain)
    (expected,) = run_tflm(plain, inputs)
    for name, agrees in (("one_after_the_other", True), ("read_and_written_in_one_place", False)):
        (actual,) = run_tflm(reversed_twice(PLANS[name][0]), inputs)
        assert np.array_equal(actual, expected) is agrees
    with pytest.raises((ValueError, RuntimeError)):
        run_tflm(reversed_twice(PLANS["too_few"][0]), inputs)


def test_the_compiler_asks_for_a_sound_plan() -> None:
    assert compile_model(reversed_twice(PLANS["one_after_the_other"][0])).tree
    with pytest.raises(UnsupportedError, match="two tensors need at the same time"):
        compile_model(reversed_twice(PLANS["one_byte_shared"][0]))


UNREADABLE = {
    "compressed": (
        reversed_twice(("COMPRESSION_METADATA", [0])),
        "the model's weights are compressed (COMPRESSION_METADATA); supported: weights as they are. Use the model as it"
        " was before it was compressed.",
    ),
    "plan_cut_short": (
        reversed_twice(plan(0, -1, 32, count=4)),
        contradiction("the 6 numbers of OfflineMemoryAllocation are fewer than it takes"),
    ),
    "plan_without_a_count": (
        reversed_twice(("OfflineMemoryAllocation", [1, 0])),
        contradiction("the 2 numbers of OfflineMemoryAllocation are fewer than it takes"),
    ),
    "plan_nowhere": (
        reversed_twice(plan(-1, -1, -1, -1), buffer=9),
        broken("OfflineMemoryAllocation names buffer 9 of 3"),
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name: str) -> None:
    tflite, message = UNREADABLE[name]
    with pytest.raises(ModelFileError) as caught:
        read_tflite(tflite)
    assert str(caught.value) == message
