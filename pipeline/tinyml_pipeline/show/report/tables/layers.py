"""What `tinyml layers` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import print_table, tell

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.layers import LayerCosts


def layer_costs(found: Sequence[LayerCosts]) -> None:
    """A row a layer, and their sum; columns that nothing counted are left out."""
    for costs in found:
        rows = costs.layers
        columns: list[tuple[str, Sequence[str]]] = [
            ("layer", [*(row.layer for row in rows), "all"]),
            ("MACs", _summed(row.macs for row in rows)),
            ("weights", _summed(row.weight_bytes for row in rows)),
            ("flash", _summed(row.flash_bytes for row in rows)),
            ("RAM", [*(f"{row.ram_bytes:,}" for row in rows), f"{costs.buffer_bytes:,}"]),
        ]
        instructions = [row.instructions for row in rows if row.instructions is not None]
        cycles = [row.cycles for row in rows if row.cycles is not None]
        if instructions:
            columns.append(("instr.", _summed(instructions)))
            columns.append(("per MAC", _per_mac(instructions, [row.macs for row in rows])))
        if cycles:
            columns.append(("cycles" if costs.cycles_are == "counted" else "est. cycles", _summed(cycles)))
        milliseconds = [row.milliseconds for row in rows if row.milliseconds is not None]
        if milliseconds:
            columns.append(("ms", [f"{one:.3f}" for one in (*milliseconds, sum(milliseconds))]))
        columns.append(("kernel", [*(row.kernel for row in rows), ""]))
        print_table([name for name, _ in columns], list(zip(*(cells for _, cells in columns), strict=True)))
        for note in _notes(costs):
            tell(note)


def _notes(costs: LayerCosts) -> Iterable[str]:
    yield (
        "flash: the layer's constants, and its kernel's code (estimated) where no layer before has that kernel. RAM:"
        f" what is live in the buffer of {costs.buffer_bytes:,} bytes; the caller's inputs and outputs take"
        f" {costs.port_bytes:,} more."
    )
    if not costs.counted_on:
        if costs.board == "portable":
            yield f"Instructions, cycles and time on a board: tinyml layers {costs.model} --board BOARD"
        return
    clock = f" ms: at {costs.clock_hz / 1e6:g} MHz." if costs.clock_hz and costs.cycles_are != "unknown" else ""
    if costs.cycles_are == "counted":
        yield f"cycles: {costs.cycle_source}, for one input.{clock}"
    else:
        yield f"instr.: counted on {costs.counted_on}, for one input."
    if costs.cycles_are == "estimated":
        yield (
            f"est. cycles: from these instructions by {costs.cycle_source}; a chip's flash may add wait states.{clock}"
        )
    if costs.picture:
        yield f"memory over time: {costs.picture}"


def _summed(values: Iterable[int]) -> list[str]:
    numbers = list(values)
    return [f"{one:,}" for one in (*numbers, sum(numbers))]


def _per_mac(counts: Sequence[int], macs: Sequence[int]) -> list[str]:
    """Empty for a layer that multiplies nothing."""
    pairs = [*zip(counts, macs, strict=True), (sum(counts), sum(macs))]
    return [f"{count / mac:.2f}" if mac else "" for count, mac in pairs]
