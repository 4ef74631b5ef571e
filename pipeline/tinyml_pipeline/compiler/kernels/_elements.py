"""Kernels that read and write elements of any type: what they are told of it."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.lowering import in_place
from tinyml_pipeline.compiler.memory.plan import Overlap

# The enum of firmware/kernels/common/elements.h.
_CODES = {DType.INT8: 0, DType.UINT8: 1, DType.INT16: 2, DType.INT32: 3}


def element_type(tensor: Tensor) -> int:
    return _CODES[tensor.dtype]


def overlap(source: Tensor, output: Tensor) -> tuple[Overlap, ...]:
    """Bytes may take the place of what was read; C wants wider elements to keep their type."""
    return in_place(output, source) if output.dtype.bytes == 1 else ()
