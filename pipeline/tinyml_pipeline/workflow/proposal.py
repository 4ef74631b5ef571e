"""The network that `tinyml new` proposes: small, of a kind that suits the data, and within a board's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.data.data_file import DataFile
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.models.spec import Dataset

_DENSE = ((16, 16), (16, 8), (8, 8), (8,), (4,))
_FILTERS = ((16, 24), (8, 16), (8, 8), (4, 8), (4, 4))
_KERNELS = (5, 3)
_SHARE_OF_FLASH, _SHARE_OF_RAM = 0.5, 0.6
"""What model and samples may take of a board; the rest is for its framework, the stack and the user's own code."""
_UPDATES = 12_000
_BATCHES = ((1000, 16), (10_000, 32), (50_000, 64))


@dataclass(frozen=True)
class Proposal:
    """`layers` are the arguments of the hidden layers: neurons of dense ones, (filters, kernel) of convolutions."""

    layers: tuple[int, ...] | tuple[tuple[int, int], ...]
    parameters: int
    words: str
    batch_size: int
    epochs: int
    is_smaller: bool


def propose(data: DataFile, parts: Sequence[Dataset], board: Board | None) -> Proposal:
    """The largest of some small networks that fits; UsageError if the board has no room for any of them."""
    columns, outputs = len(data.inputs), len(data.classes) or len(data.targets)
    sizes = _FILTERS if data.window else _DENSE
    costs = [_cost(data.window, columns, outputs, size) for size in sizes]
    fitting = [index for index, cost in enumerate(costs) if board is None or _fits(board, *cost)]
    if board is not None and not fitting:
        samples = f"{data.window} rows of {columns} columns" if data.window else f"{columns} columns"
        raise UsageError(
            f"{board.name} has {board.usable_ram_bytes:,} bytes of RAM; {samples} and the smallest network of them take"
            f" some {costs[-1][1]:,}. Take fewer, with --columns or a shorter --window, or a larger board."
        )
    chosen = fitting[0]
    size, (parameters, _) = sizes[chosen], costs[chosen]
    rows = len(parts[0].inputs)
    batch = next((batch for most, batch in _BATCHES if rows < most), 128)
    epochs = max(20, min(300, _UPDATES * batch // rows))
    kind = "convolutions over time" if data.window else "dense layers"
    words = f"{' and '.join(map(str, size))} {'filters' if data.window else 'neurons'} ({kind})"
    layers = tuple(zip(size, _KERNELS, strict=True)) if data.window else size
    return Proposal(layers, parameters, words, batch, epochs, chosen > 0)


def _fits(board: Board, parameters: int, ram_bytes: int) -> bool:
    flash = _SHARE_OF_FLASH * board.usable_flash_bytes
    return parameters <= flash and ram_bytes <= _SHARE_OF_RAM * board.usable_ram_bytes


def _cost(window: int, columns: int, outputs: int, sizes: Sequence[int]) -> tuple[int, int]:
    """Parameters, and bytes of RAM: the samples as floats and int8, and what two layers hand on."""
    values = max(1, window) * columns
    parameters, live, before, steps = 0, values, columns, max(1, window)
    for index, size in enumerate(sizes):
        kernel = _KERNELS[index] if window else 1
        steps_after = -(-steps // 2) if window else 1
        parameters += (kernel * before + 1) * size
        live = max(live, steps * before + steps_after * size)
        before, steps = size, steps_after
    parameters += (before + 1) * outputs
    return parameters, 5 * values + live
