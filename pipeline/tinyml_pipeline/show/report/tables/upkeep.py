"""What `tinyml bench` and `tinyml doctor` print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import print_table

if TYPE_CHECKING:
    from tinyml_pipeline.doctor import Check
    from tinyml_pipeline.workflow.bench import Cost, StepTime


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
                    f"{cost.count:,} {cost.unit}",
                ]
                for cost in found
                if cost.model == model
            ],
        )


def doctor(checks: Sequence[Check]) -> None:
    print_table(
        ["what", "found", "needed for", "how to get it"],
        [[check.name, _where(check), check.needed_for, "" if check.found else check.remedy] for check in checks],
    )


def _where(check: Check) -> str:
    """A version as it is; of a program its folder, because the name stands beside it."""
    if check.found is None:
        return "not here" if check.is_optional else "MISSING"
    return str(Path(check.found).parent) if "/" in check.found else check.found
