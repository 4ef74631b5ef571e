"""What `tinyml bench` and `tinyml doctor` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import print_table, tell

if TYPE_CHECKING:
    from tinyml_pipeline.doctor import Check
    from tinyml_pipeline.workflow.bench import Cost, StepTime


_SHORT = {"instructions": "instr."}


def steps(times: Sequence[StepTime]) -> None:
    print_table(["step", "time", "and"], [[time.step, f"{time.seconds:.2f} s", time.note] for time in times])


def costs(found: Sequence[Cost]) -> None:
    def number(value: int | None) -> str:
        return "" if value is None else f"{value:,}"

    for model in dict.fromkeys(cost.model for cost in found):
        print_table(
            [model, "what", "flash", "code", "RAM", "stack", "an inference"],
            [
                [
                    cost.core,
                    cost.what,
                    *map(number, (cost.flash_bytes, cost.code_bytes, cost.ram_bytes, cost.stack_bytes)),
                    f"{cost.count:,} {_SHORT.get(cost.unit, cost.unit)}",
                ]
                for cost in found
                if cost.model == model
            ],
        )


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
