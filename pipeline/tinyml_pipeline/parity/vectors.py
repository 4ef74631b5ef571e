"""Which int8 inputs to compare on: every possible one where there are at most 65,536, else edges, data and random."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort, Vectors

EXHAUSTIVE_MAX_VALUES = 2
GOLDEN_COUNT = 16
_SINGLE_EDGES_MAX = 16  # values whose ends are tried one at a time
_GOLDEN_POOL = 256

Infer = Callable[[Sequence[Int8Array]], tuple[Int8Array, ...]]
Checks = Sequence[tuple[tuple[float, ...], tuple[float, ...]]]


@dataclass(frozen=True)
class InputSet:
    """int8 inputs (n, *shape), one array an input tensor; `exhaustive` where no other input exists."""

    arrays: tuple[Int8Array, ...]
    exhaustive: bool

    def __len__(self) -> int:
        return len(self.arrays[0])


def parity_inputs(
    ports: Sequence[QuantizedPort], samples: Sequence[npt.NDArray[np.float32]] = (), count: int = 1000, seed: int = 0
) -> InputSet:
    """Every possible input where the ports have at most two values in all, else `count` chosen ones.

    The chosen ones are the edges, the `samples` (real inputs, one array a port; at most half of the rest, evenly
    spread) and seeded random vectors.
    """
    if is_exhaustive(ports):
        return InputSet(all_inputs(ports), True)
    rows = [edge_inputs(ports)[:count]]
    left = count - len(rows[0])
    if len(samples) and left:
        real = [port.quantize(array).reshape(len(array), -1) for port, array in zip(ports, samples, strict=True)]
        real_rows = np.concatenate(real, axis=1)
        chosen = np.linspace(0, len(real_rows) - 1, min(len(real_rows), max(left // 2, 1))).astype(int)
        rows.append(real_rows[chosen])
        left -= len(chosen)
    rows.append(random_inputs(ports, left, seed))
    return InputSet(_split(np.concatenate(rows), ports), False)


def is_exhaustive(ports: Sequence[QuantizedPort]) -> bool:
    """Whether `parity_inputs` gives every possible input: of two values there are 65,536."""
    return sum(port.size for port in ports) <= EXHAUSTIVE_MAX_VALUES


def all_inputs(ports: Sequence[QuantizedPort]) -> tuple[Int8Array, ...]:
    """Every int8 input in order, the last value fastest; for at most two values in all."""
    size = sum(port.size for port in ports)
    if size > EXHAUSTIVE_MAX_VALUES:
        raise ValueError(f"{size} values have 256^{size} inputs")
    axis = np.arange(-128, 128, dtype=np.int8)
    rows = np.stack(np.meshgrid(*[axis] * size, indexing="ij"), axis=-1).reshape(-1, size)
    return _split(rows, ports)


def edge_inputs(ports: Sequence[QuantizedPort]) -> Int8Array:
    """(n, values) int8: both ends, the zero points, alternating ends, and each of the first values alone at an end."""
    zero = np.concatenate([np.full(port.size, port.zero_point) for port in ports])
    size = zero.size
    alternate = np.where(np.arange(size) % 2 == 0, -128, 127)
    rows = [
        np.full(size, -128),
        np.full(size, 127),
        zero,
        alternate,
        -1 - alternate,
        np.full(size, -1),
        np.full(size, 0),
    ]
    for position, end in itertools.product(range(min(size, _SINGLE_EDGES_MAX)), (-128, 127)):
        row = zero.copy()
        row[position] = end
        rows.append(row)
    return _unique(np.stack(rows).astype(np.int8))


def random_inputs(ports: Sequence[QuantizedPort], count: int, seed: int) -> Int8Array:
    """(count, values) int8, uniform; the same for the same seed."""
    size = sum(port.size for port in ports)
    return np.random.default_rng(seed).integers(-128, 128, (count, size), dtype=np.int8)


def golden_vectors(
    model: QuantizedModel, infer: Infer, checks: Checks = (), count: int = GOLDEN_COUNT, seed: int = 0
) -> Vectors:
    """`count` vectors for the firmware's own test: the spec's checks, the edges, then ones that spread the outputs.

    `infer` is the oracle (TFLM). A model with few possible inputs may give fewer vectors.
    """
    asked = [_quantized_row(model.inputs, inputs) for inputs, _ in checks]
    fixed = _unique(np.stack([*asked, *edge_inputs(model.inputs)]))
    fixed = fixed[: max(count // 2, min(len(asked), count))]
    pool = random_inputs(model.inputs, _GOLDEN_POOL, seed)
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


def _unique(rows: Int8Array) -> Int8Array:
    """Without repeats, in the order of first appearance."""
    _, first = np.unique(rows, axis=0, return_index=True)
    kept: Int8Array = rows[np.sort(first)]
    return kept


def _split(rows: Int8Array, ports: Sequence[QuantizedPort]) -> tuple[Int8Array, ...]:
    """(n, values) as one array (n, *shape) a port."""
    ends = np.cumsum([port.size for port in ports])
    parts = np.split(rows, ends[:-1], axis=1)
    return tuple(
        np.ascontiguousarray(part).reshape(len(rows), *port.shape) for part, port in zip(parts, ports, strict=True)
    )
