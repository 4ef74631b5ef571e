"""The scale of each input and output value, as a .tflite carries it: bytes under the name 'tinyml_scale'.

int8 has one scale per tensor, sensors have ranges of their own. So the tensor holds (x - offset) * factor of a real
value x, with an offset and a factor of its own, and the network's first and last layers were changed to match.

The bytes are little-endian: a version (1), then for each input and each output a count as uint32, so many offsets and
as many factors as float32. A count of 0 stands for real values as they are.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyml_pipeline.errors import ModelFileError

METADATA = "tinyml_scale"
_VERSION = 1


@dataclass(frozen=True)
class ValueScale:
    """float32 offsets and factors: a pair for all values of a tensor, for each channel (its last axis), or each value.

    Value i of the tensor has pair i modulo their number. Without any, the tensor holds the real values.
    """

    offsets: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.offsets)

    def of(self, position: int) -> tuple[float, float]:
        """(offset, factor) of one value."""
        if not self.offsets:
            return 0.0, 1.0
        at = position % len(self.offsets)
        return self.offsets[at], self.factors[at]


NO_SCALE = ValueScale()


def pack_scales(scales: Sequence[ValueScale]) -> bytes:
    """`scales` are those of all inputs, then of all outputs."""
    parts = [struct.pack("<I", _VERSION)]
    for scale in scales:
        numbers = (*scale.offsets, *scale.factors)
        parts.append(struct.pack(f"<I{len(numbers)}f", len(scale.offsets), *numbers))
    return b"".join(parts)


def unpack_scales(data: bytes, shapes: Sequence[tuple[int, ...]]) -> tuple[ValueScale, ...]:
    """One for each of `shapes`, those of the tensors of all inputs and outputs. Raises ModelFileError."""
    try:
        return tuple(_read(data, shapes))
    except struct.error:
        raise _damaged("they end too early") from None


def _read(data: bytes, shapes: Sequence[tuple[int, ...]]) -> list[ValueScale]:
    (version,) = struct.unpack_from("<I", data)
    if version != _VERSION:
        raise ModelFileError(
            f"the model's scales of inputs and outputs have version {version}; supported: {_VERSION}. Update"
            " tinyml-pipeline, or convert the model again."
        )
    found, at = [], 4
    for shape in shapes:
        (count,) = struct.unpack_from("<I", data, at)
        if count not in (0, 1, *shape[-1:], math.prod(shape)):
            raise _damaged(f"{count} pairs for a tensor of shape {list(shape)}")
        numbers = struct.unpack_from(f"<{2 * count}f", data, at + 4)
        offsets, factors = numbers[:count], numbers[count:]
        if not all(map(math.isfinite, numbers)) or not all(factor >= _LEAST_FACTOR for factor in factors):
            raise _damaged("an offset is not finite, or a factor not a normal number above 0")
        found.append(ValueScale(offsets, factors))
        at += 4 + 8 * count
    return found


_LEAST_FACTOR = float(np.finfo(np.float32).tiny)


def _damaged(what: str) -> ModelFileError:
    return ModelFileError(f"the model's scales of inputs and outputs are damaged: {what}. Convert the model again.")
