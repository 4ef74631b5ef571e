"""What `tinyml bench` and `tinyml doctor` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import print_table, tell

if TYPE_CHECKING:
    from tinyml_pipeline.doctor import Check
    from tinyml_pipeline.workflow.bench import Cost, StepTime


_SHORT = {"instructions": "instr.", "estimated": "est.", "published": "publ."}


def steps(times: Sequence[StepTime]) -> None:
    print_table(["step", "time", "and"], [[time.step, f"{time.seconds:.2f} s", time.note] for time in times])


def costs(found: Sequence[Cost]) -> None:
    """Of each model all that was measured; then its layers, with the peers' instructions per MAC; then the sources."""
    for model in dict.fromkeys(cost.model for cost in found):
        own = [cost for cost in found if cost.model == model]
        print_table(
            [model, "what", "flash", "code", "RAM", "stack", "an inference", "cycles"],
            [
                [
                    cost.core,
                    cost.what,
                    *map(_number, (cost.flash_bytes, cost.code_bytes, cost.ram_bytes, cost.stack_bytes)),
                    "" if cost.count is None else f"{cost.count:,} {_SHORT.get(cost.unit, cost.unit)}",
                    "" if cost.cycles is None else f"{cost.cycles:,} {_SHORT.get(cost.cycles_are, '')}".strip(),
                ]
                for cost in own
            ],
        )
        for cost in own:
            _layers(cost)
        for source in dict.fromkeys(cost.source for cost in own if cost.source):
            names = dict.fromkeys(cost.core if cost.ours else cost.what for cost in own if cost.source == source)
            tell(f"{', '.join(names)}: {source}")


def _layers(cost: Cost) -> None:
    """Instructions and cycles, and both for each MAC."""
    peers = list(dict.fromkeys(name for layer in cost.layers for name in layer.peers))
    rows = [
        [
            layer.layer,
            f"{layer.macs:,}",
            _number(layer.instructions),
            _share(layer.instructions, layer.macs),
            _number(layer.cycles),
            _share(layer.cycles, layer.macs),
            *(f"{layer.peers[name]:.2f}" if name in layer.peers else "" for name in peers),
        ]
        for layer in cost.layers
    ]
    cycles = "cycles" if cost.cycles_are == "counted" else "est. cycles"
    print_table([f"on {cost.core}", "MACs", "instr.", "a MAC", cycles, "cycles a MAC", *peers], rows)
    if peers:
        tell(f"{' and '.join(peers)}: instructions of one MAC, for the same layer.")


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _share(count: int | None, macs: int) -> str:
    return f"{count / macs:.2f}" if count is not None and macs else ""


def doctor(checks: Sequence[Check]) -> None:
    """What is missing first, with how to get it; then what is not here and optional; then what is found."""
    order = {"MISSING": 0, "not here": 1}
    rows = sorted(
        ([check.name, _state(check), check.needed_for] for check in checks), key=lambda row: order.get(row[1], 2)
    )
    print_table(["what", "found", "needed for"], rows)
    for check in checks:
        if check.found is None and not check.is_optional:
            tell(f"{check.name}: {check.remedy}")
    for check in checks:
        if check.found is None and check.is_optional:
            tell(f"{check.name} (optional): {check.remedy}")
    if any(check.found is None and check.package for check in checks):
        tell("All that apt has: tinyml doctor --install")


def _state(check: Check) -> str:
    """A version as it is; of a program its folder, because its name stands next to it."""
    if check.found is None:
        return "not here" if check.is_optional else "MISSING"
    return _folder(Path(check.found).parent) if "/" in check.found else check.found


def _folder(path: Path) -> str:
    """Below the current folder or the user's own, a short form."""
    for top, short in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(top):
            return f"{short}{path.relative_to(top)}"
    return str(path)
