"""Float operators between DEQUANTIZE and QUANTIZE: one table that TFLM fills, for every value what TFLM answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.passes.float_islands import BINARY, UNARY
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.one_operation import run_operation

from tests.host import compile_model, run_program
from tests.ops.check import EVERY_VALUE
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

SHAPE = (16, 16)


class Island:
    """Writes one: `ops` take float tensors and return one."""

    def __init__(self, scale: float = 0.04, zero_point: int = 11) -> None:
        self.writer = Writer()
        self.source = self.writer.tensor(SHAPE, scale, zero_point)

    def float32(self, **more: Any) -> int:
        return self.writer.tensor(more.pop("shape", SHAPE), type="FLOAT32", **more)

    def real(self, shape: tuple[int, ...] = SHAPE) -> int:
        return self.op("DEQUANTIZE", self.source, shape=shape)

    def op(self, name: str, *inputs: int, shape: tuple[int, ...] = SHAPE, **options: Any) -> int:
        output = self.float32(shape=shape)
        self.writer.operation(name, inputs, [output], **options)
        return output

    def constant(self, *values: float, shape: tuple[int, ...] = ()) -> int:
        return self.float32(data=np.reshape(values, shape), shape=shape)

    def end(self, real: int, scale: float = 0.02, zero_point: int = -3, type: str = "INT8") -> bytes:
        output = self.writer.tensor(SHAPE, scale, zero_point, type=type)
        self.writer.operation("QUANTIZE", [real], [output])
        return self.writer.build([self.source], [output])


def one_of(name: str, *, constant: int | None = None) -> bytes:
    """A unary operator, or a binary one with a constant as first (0) or second (1) operand."""
    island = Island()
    operands = [island.real()]
    if constant is not None:
        operands.insert(constant, island.constant(1.25))
    return island.end(island.op(name, *operands))


def swish(island: Island) -> int:
    real = island.real()
    return island.op("MUL", real, island.op("LOGISTIC", real))


def two_dequantizes(island: Island) -> int:
    return island.op("SUB", island.op("EXP", island.real()), island.op("SQUARE", island.real()))


def uniform_constant(island: Island) -> int:
    return island.op("MAXIMUM", island.real(), island.constant(*[0.3] * 16, shape=(16,)))


def long_chain(island: Island) -> int:
    real = island.op("ADD", island.op("ABS", island.real()), island.constant(0.1))
    for name in ("LOG", "NEG", "EXP", "SQRT", "SIN", "ROUND"):
        real = island.op(name, real)
    return real


def reshaped(island: Island) -> int:
    flat, back = island.float32(shape=(256,)), island.float32()
    shapes = [island.writer.tensor((len(shape),), type="INT32", data=shape) for shape in ((256,), SHAPE)]
    negative = island.float32(shape=(256,))
    island.writer.operation("RESHAPE", [island.real(), shapes[0]], [flat])
    island.writer.operation("NEG", [flat], [negative])
    island.writer.operation("RESHAPE", [negative, shapes[1]], [back])
    return island.op("SQUARE", back)


def constant_of_more_dimensions(island: Island) -> int:
    return island.op("ADD", island.real(), island.constant(0.5, shape=(1, 1, 1, 1)))


# The slopes of a PRELU are its second operand; TFLM stops at a divisor of 0.
NO_CONSTANT_FIRST = {"PRELU", "FLOOR_DIV", "FLOOR_MOD"}
BUILT: dict[str, Callable[[Island], int]] = {
    build.__name__: build
    for build in (swish, two_dequantizes, uniform_constant, long_chain, reshaped, constant_of_more_dimensions)
}
CASES = {name.lower(): one_of(name) for name in sorted(UNARY)}
CASES |= {f"{name.lower()}_second": one_of(name, constant=1) for name in sorted(BINARY)}
CASES |= {f"{name.lower()}_first": one_of(name, constant=0) for name in sorted(BINARY - NO_CONSTANT_FIRST)}
CASES |= {name: (lambda island: island.end(build(island)))(Island()) for name, build in BUILT.items()}


def test_every_value_of_every_island() -> None:
    for name, tflite in CASES.items():
        (step,) = make_program(read_tflite(tflite), Target(), evaluate=run_operation).steps
        (wanted,) = run_tflm(tflite, [EVERY_VALUE.reshape(1, *SHAPE)])
        np.testing.assert_array_equal(step.op.table(), wanted.ravel(), err_msg=name)  # type: ignore[attr-defined]


def test_in_the_middle_as_c(tmp_path: Path) -> None:
    """Behind an operator, before another, with a second reader of the float and of the int8 tensors."""
    island = Island()
    writer = island.writer
    real = island.op("ELU", island.real())
    ends = [writer.tensor(SHAPE, 0.02, -3), writer.tensor(SHAPE, 0.03, 4), writer.tensor(SHAPE, 0.05, 1)]
    writer.operation("QUANTIZE", [real], ends[:1])
    writer.operation("QUANTIZE", [island.op("COS", real)], ends[1:2])
    writer.operation("ADD", [ends[0], island.source], ends[2:])
    tflite = writer.build([island.source], ends)
    compiled = compile_model(tflite, evaluate=run_operation)
    assert "ELU then COS" in compiled.tree["model.c"]
    inputs = [np.stack([EVERY_VALUE, EVERY_VALUE[::-1]]).reshape(2, *SHAPE)]
    for got, wanted in zip(run_program(compiled, inputs, tmp_path), run_tflm(tflite, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


def other_source(island: Island) -> int:
    other, real = island.writer.tensor(SHAPE, 0.1, 0), island.float32()
    island.writer.operation("RELU", [island.source], [other])
    island.writer.operation("DEQUANTIZE", [other], [real])
    return island.op("ADD", island.real(), real)


READS = (
    "dequantize (op {}): float32 that {} (op {}) reads inside the model is unsupported; supported: int8 to float32"
    " straight to an output of the model, or up to a QUANTIZE, with nothing but operators on each element alone, of one"
    " shape, between them."
)
FIVE = (1, 1, 1, *SHAPE)  # TFLM stops at it
REFUSED = {
    "constants_that_differ": (
        lambda island: island.op("MUL", island.real(), island.constant(*range(16), shape=(16,))),
        READS.format(0, "MUL", 1),
    ),
    "two_sources": (other_source, READS.format(1, "ADD", 3)),
    "another_shape": (lambda island: island.op("ABS", island.real(), shape=(256,)), READS.format(0, "ABS", 1)),
    "a_constant_that_stretches_it": (
        lambda island: island.op("ADD", island.real(), island.constant(1.0, 1.0, shape=(2, 1, 1))),
        READS.format(0, "ADD", 1),
    ),
    "prelu_of_five_dimensions": (
        lambda island: island.op("PRELU", island.real(shape=FIVE), island.constant(0.5), shape=FIVE),
        READS.format(0, "PRELU", 1),
    ),
    "no_float_form_in_tflm": (
        lambda island: island.op("GELU", island.real()),
        "gelu (op 1): this operator, of which TFLM has no int8 form, is unsupported; supported: HARD_SWISH or RELU."
        " 'tinyml operators' lists what is supported.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    build, message = REFUSED[name]
    island = Island()
    with pytest.raises(UnsupportedError) as caught:
        compile_model(island.end(build(island)), evaluate=run_operation)
    assert str(caught.value) == message


def test_what_tflm_refuses_is_refused() -> None:
    """1.25 / 0, which its other division answers with an infinity."""
    with pytest.raises(UnsupportedError) as caught:
        compile_model(one_of("FLOOR_DIV", constant=0), evaluate=run_operation)
    assert str(caught.value) == "floor_div (op 1): this operator in float32 is unsupported; supported: what TFLM runs."


def test_refused_without_tflm() -> None:
    with pytest.raises(UnsupportedError) as caught:
        compile_model(one_of("NEG"))
    assert str(caught.value) == (
        "neg (op 1): this operator, which computes in float32 between int8 tensors, is unsupported; supported: a"
        " computer with tflite-micro, because TFLM itself fills the table that it becomes."
    )


def test_int16_between_floats_is_refused() -> None:
    island = Island()
    with pytest.raises(UnsupportedError, match=r"^neg \(op 1\): this operator, of which TFLM has no int8 form"):
        compile_model(island.end(island.op("NEG", island.real()), 0.001, 0, "INT16"), evaluate=run_operation)
