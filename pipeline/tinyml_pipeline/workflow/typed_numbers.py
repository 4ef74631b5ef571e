"""Numbers that somebody types, for a firmware that knows only frames: asked here, answered by the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort, outputs_of, rows_of
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow.data_rows import why_not_float32

Values = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


def answer_line(line: str, model: QuantizedModel, session: Session) -> str:
    """'x = 126 (9.96) -> y = 127 (18.95)   (15 instructions)', or what is wrong with the line. Raises DeviceError.

    Above it a line for each number that is outside of the range of its input.
    """
    wanted = sum(port.size for port in model.inputs)
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError:
        return f"'{line}' is not a row of numbers here: a point for decimals, blanks between them."
    for word, number in zip(line.split(), numbers, strict=True):
        if wrong := why_not_float32(number):
            return f"'{word}' is {wrong}."
    if len(numbers) != wanted:
        return f"The model takes {counted(wanted, 'number')}, you typed {len(numbers)}."
    parts = _split(np.array(numbers, np.float32), model.inputs)
    inputs = [port.quantize(part) for port, part in zip(model.inputs, parts, strict=True)]
    ran = session.invoke_many(rows_of([array[None] for array in inputs]))
    outputs = [array[0].ravel() for array in outputs_of(ran.outputs, model.outputs)]
    count = f"   ({ran.most:,} {ran.unit.name.lower()})" if ran.most else ""
    clamped = [
        note
        for port, part, seen in zip(model.inputs, parts, inputs, strict=True)
        for note in _clamped(port, part, seen)
    ]
    return "\n".join([*clamped, f"{_described(model.inputs, inputs)} -> {_described(model.outputs, outputs)}{count}"])


def _clamped(port: QuantizedPort, typed: Values, seen: Int8Array) -> list[str]:
    values = [port.value(index) for index in range(port.size)]
    return [
        f"{number:g} is outside of {one.low:.4g} .. {one.high:.4g}: clamped to {port.describe(seen, [index])}"
        for index, (number, one) in enumerate(zip(typed, values, strict=True))
        if not one.low - one.step / 2 <= number <= one.high + one.step / 2
    ]


def _split(values: Values, ports: Sequence[QuantizedPort]) -> list[Any]:
    return np.split(values, np.cumsum([port.size for port in ports])[:-1])


def _described(ports: Sequence[QuantizedPort], values: Sequence[Int8Array]) -> str:
    return ", ".join(port.describe(value) for port, value in zip(ports, values, strict=True))
