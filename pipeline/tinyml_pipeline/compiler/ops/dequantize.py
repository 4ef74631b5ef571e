"""DEQUANTIZE at the model's edge, where it becomes `NAME_dequantize_*` of the header, or before float operators on
each element alone and a QUANTIZE, which become one table of 256 answers that TFLM fills."""

from __future__ import annotations

from typing import NoReturn

from tinyml_pipeline.compiler.ops._context import OpContext


def read(op: OpContext) -> NoReturn:
    output = op.graph.storage(op.output().index)
    readers = [
        f"{user.name} (op {user.index})"
        for user in op.graph.operations
        if any(index != -1 and op.graph.storage(index) == output for index in user.inputs)
    ]
    raise op.unsupported(
        f"float32 that {' and '.join(readers) or 'an output of the model'} reads inside the model",
        "int8 to float32 straight to an output of the model, or up to a QUANTIZE, with nothing but operators on each"
        " element alone, of one shape, between them",
    )
