"""DEQUANTIZE: float32 belongs to the model's edge, where it becomes `model_dequantize_*` of the header."""

from __future__ import annotations

from typing import NoReturn

from tinyml_pipeline.compiler.ops._context import OpContext


def read(op: OpContext) -> NoReturn:
    raise op.unsupported("float inside the model", "int8 to FLOAT32 straight to an output of the model")
