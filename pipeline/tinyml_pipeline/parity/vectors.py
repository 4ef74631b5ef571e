"""Which int8 inputs to compare on: every possible one where there are at most 65,536, else edges, data and random."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort, Vectors

EXHAUSTIVE_MAX_BYTES = 2
GOLDEN_COUNT = 16
_SINGLE_EDGES_MAX = 16  # values whose ends are tried one at a time
_GOLDEN_POOL = 256

Infer = Callable[[Sequence[Int8Array]], tuple[Int8Array, ...]]
Checks = Sequence[tuple[tuple[float, ...], tuple[float, ...]]]


@dataclass(frozen=True)
class InputSet:
    """Stored inputs (n, *shape), one array an input tensor; `exhaustive` where no other input exists.

    `data` are the first and the end of the rows that are real inputs; both 0 if none are known to be.
    """

    arrays: tuple[Int8Array, ...]
    exhaustive: bool
    data: tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        return len(self.arrays[0])

    @property
    def has_data(self) -> bool:
        """Whether real inputs are among them."""
        return self.data[1] > self.data[0]


def parity_inputs(
    ports: Sequence[QuantizedPort], samples: Sequence[npt.NDArray[np.float32]] = (), count: int = 1000, seed: int = 0
) -> InputSet:
    """Every possible input where the ports have at most two values in all, else `count` chosen ones.

    Of every possible input of two values the `samples` (real inputs, one array a port) come first, without repeats.
    The chosen ones are the edges, the samples (at most half of the rest, evenly spread) and seeded random vectors.
    """
    if is_exhaustive(ports) and (not len(samples) or sum(port.size for port in ports) == 1):
        return InputSet(all_inputs(ports), True)
    if is_exhaustive(ports):
        real_rows = _unique(_stored(ports, samples))
        every = np.concatenate([array.reshape(len(array), -1) for array in all_inputs(ports)], axis=1)
        return InputSet(_split(_unique(np.concatenate([real_rows, every])), ports), True, (0, len(real_rows)))
    rows = [edge_inputs(ports)[:count]]
    left, data = count - len(rows[0]), (0, 0)
    if len(samples) and left:
        real_rows = _stored(ports, samples)
        chosen = np.linspace(0, len(real_rows) - 1, min(len(real_rows), max(left // 2, 1))).astype(int)
        rows.append(real_rows[chosen])
        left -= len(chosen)
        data = (len(rows[0]), len(rows[0]) + len(chosen))
    rows.append(random_inputs(ports, left, seed))
    return InputSet(_split(np.concatenate(rows), ports), False, data)


def is_exhaustive(ports: Sequence[QuantizedPort]) -> bool:
    """Whether `parity_inputs` gives every possible input: of two int8 values there are 65,536, of one int16 too."""
    return sum(port.size * port.dtype.bytes for port in ports) <= EXHAUSTIVE_MAX_BYTES


def all_inputs(ports: Sequence[QuantizedPort]) -> tuple[Int8Array, ...]:
    """Every input in order, the last value fastest; for at most two bytes in all."""
    size = sum(port.size * port.dtype.bytes for port in ports)
    if size > EXHAUSTIVE_MAX_BYTES:
        raise ValueError(f"{size} bytes have 256^{size} inputs")
    axes = [np.arange(port.dtype.lowest, port.dtype.highest + 1) for port in ports for _ in range(port.size)]
    rows = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    return _split(rows.astype(_common(ports)), ports)


def edge_inputs(ports: Sequence[QuantizedPort]) -> Int8Array:
    """(n, values): both ends, the zero points, alternating ends, and each of the first values alone at an end."""
    low, high = _ends(ports)
    zero = np.concatenate([np.full(port.size, port.zero_point) for port in ports])
    even, middle = np.arange(zero.size) % 2 == 0, (low + high) // 2
    rows = [low, high, zero, np.where(even, low, high), np.where(even, high, low), middle, middle + 1]
    for position, ends in itertools.product(range(min(zero.size, _SINGLE_EDGES_MAX)), (low, high)):
        row = zero.copy()
        row[position] = ends[position]
        rows.append(row)
    return _unique(np.stack(rows).astype(_common(ports)))


def random_inputs(ports: Sequence[QuantizedPort], count: int, seed: int) -> Int8Array:
    """(count, values), uniform; the same for the same seed."""
    rng, dtype, (low, high) = np.random.default_rng(seed), _common(ports), _ends(ports)
    if dtype == np.int8:
        return rng.integers(-128, 128, (count, low.size), dtype=np.int8)
    drawn: Int8Array = rng.integers(low, high, (count, low.size), endpoint=True).astype(dtype)
    return drawn


def _ends(ports: Sequence[QuantizedPort]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The lowest and the highest stored number of each value."""
    low = [np.full(port.size, port.dtype.lowest, np.int64) for port in ports]
    high = [np.full(port.size, port.dtype.highest, np.int64) for port in ports]
    return np.concatenate(low), np.concatenate(high)


def _common(ports: Sequence[QuantizedPort]) -> np.dtype[Any]:
    """One type for the values of all ports: int8 unless one is wider."""
    return np.result_type(*(port.dtype.numpy for port in ports))


def golden_vectors(
    model: QuantizedModel, infer: Infer, checks: Checks = (), count: int = GOLDEN_COUNT, seed: int = 0
) -> Vectors:
    """`count` vectors for the firmware's own test: the spec's checks, the edges, then ones that spread the outputs.

    `infer` is the oracle (TFLM). A model with few possible inputs may give fewer vectors.
    """
    asked = [_quantized_row(model.inputs, inputs) for inputs, _ in checks]
    fixed = _unique(np.stack([*asked, *edge_inputs(model.inputs)]))
    fixed = fixed[: max(count // 2, min(len(asked), count))]
    pool = random_inputs(model.inputs, max(_GOLDEN_POOL, 2 * count), seed)
    pool = _unique(np.concatenate([fixed, pool]))[len(fixed) :]
    answers = np.concatenate([output.reshape(len(pool), -1) for output in infer(_split(pool, model.inputs))], axis=1)
    by_output = np.argsort(answers.astype(np.int64).sum(axis=1), kind="stable")
    left = min(count - len(fixed), len(pool))
    spread = by_output[np.linspace(0, len(pool) - 1, left).astype(int)]
    arrays = _split(np.concatenate([fixed, pool[spread]]), model.inputs)
    return Vectors(arrays, infer(arrays))


def _quantized_row(ports: Sequence[QuantizedPort], values: Sequence[float]) -> Int8Array:
    ends = np.cumsum([port.size for port in ports])
    parts = np.split(np.asarray(values), ends[:-1])
    return np.concatenate([port.quantize(part) for port, part in zip(ports, parts, strict=True)])


def _stored(ports: Sequence[QuantizedPort], samples: Sequence[npt.NDArray[np.float32]]) -> Int8Array:
    """(n, values) of real inputs, one array a port."""
    columns = [port.quantize(array).reshape(len(array), -1) for port, array in zip(ports, samples, strict=True)]
    stored: Int8Array = np.concatenate(columns, axis=1)
    return stored


def _unique(rows: Int8Array) -> Int8Array:
    """Without repeats, in the order of first appearance."""
    _, first = np.unique(rows, axis=0, return_index=True)
    kept: Int8Array = rows[np.sort(first)]
    return kept


def _split(rows: Int8Array, ports: Sequence[QuantizedPort]) -> tuple[Int8Array, ...]:
    """(n, values) as one array (n, *shape) a port, of the port's type."""
    ends = np.cumsum([port.size for port in ports])
    parts = np.split(rows, ends[:-1], axis=1)
    return tuple(
        np.ascontiguousarray(part, port.dtype.numpy).reshape(len(rows), *port.shape)
        for part, port in zip(parts, ports, strict=True)
    )
