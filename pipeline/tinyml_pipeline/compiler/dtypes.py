"""Element types: what C and numpy call them, and how many bytes an element takes."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np


class DType(Enum):
    """An element type by its name in the .tflite schema. Elements of INT4 are unpacked: a byte holds one."""

    INT4 = "INT4"
    INT8 = "INT8"
    UINT8 = "UINT8"
    INT16 = "INT16"
    UINT16 = "UINT16"
    INT32 = "INT32"
    UINT32 = "UINT32"
    INT64 = "INT64"
    FLOAT32 = "FLOAT32"
    BOOL = "BOOL"

    @property
    def c_type(self) -> str:
        """Such as int8_t."""
        return _TYPES[self][0]

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype(_TYPES[self][1])

    @property
    def bytes(self) -> int:
        """Of one element in memory, on every target."""
        return self.numpy.itemsize

    @property
    def suffix(self) -> str:
        """What a kernel's name ends in, such as s8."""
        return _TYPES[self][2]

    @property
    def lowest(self) -> int:
        """The least integer; ValueError for FLOAT32."""
        return -8 if self is DType.INT4 else 0 if self is DType.BOOL else int(np.iinfo(self.numpy).min)

    @property
    def highest(self) -> int:
        return 7 if self is DType.INT4 else 1 if self is DType.BOOL else int(np.iinfo(self.numpy).max)


_TYPES = {
    DType.INT4: ("int8_t", "i1", "s4"),
    DType.INT8: ("int8_t", "i1", "s8"),
    DType.UINT8: ("uint8_t", "u1", "u8"),
    DType.INT16: ("int16_t", "<i2", "s16"),
    DType.UINT16: ("uint16_t", "<u2", "u16"),
    DType.INT32: ("int32_t", "<i4", "s32"),
    DType.UINT32: ("uint32_t", "<u4", "u32"),
    DType.INT64: ("int64_t", "<i8", "s64"),
    DType.FLOAT32: ("float", "<f4", "f32"),
    DType.BOOL: ("bool", "?", "b8"),
}
