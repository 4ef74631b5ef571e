"""What the commands for boards print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.report.tables.table import print_table

if TYPE_CHECKING:
    from pipeline.workflow.boards import BoardRow
    from pipeline.workflow.fit import Fit
    from pipeline.workflow.outcomes import Result


def boards(rows: Sequence[BoardRow]) -> None:
    print_table(
        ["board", "core", "flash", "RAM", "TFLM by", "flashed by"],
        [
            [
                row.name,
                row.core,
                _memory(row.flash_bytes),
                _memory(row.ram_bytes),
                row.tflm_library or "",
                row.flashed_by,
            ]
            for row in rows
        ],
    )
    print(
        "Plain C (aot) runs on all. What each is, its clock, data sheet and Arduino's name for it: tinyml boards --json"
    )


def fits(found: Sequence[Fit]) -> None:
    """What each board must give; below, once each, what an estimate was made of and why something was refused."""
    for fit in found:
        rows = []
        for need in fit.needs:
            flash = "" if need.flash_bytes is None else f"{need.flash_bytes:,} of {_memory(need.flash_limit_bytes)}"
            ram = "" if need.ram_bytes is None else f"{need.ram_bytes:,} of {_memory(need.ram_limit_bytes)}"
            rows.append([need.board, need.runtime, "fits" if need.fits else "NO", flash, ram, need.how])
        print_table([fit.model, "runtime", "fits", "flash", "RAM", "how"], rows)
        notes: dict[str, list[str]] = {}
        for need in fit.needs:
            if need.note:
                notes.setdefault(f"{need.runtime}, {need.how}: {need.note}", []).append(need.board)
        for note, boards in notes.items():
            print(f"{', '.join(boards)}: {note}")
        print("measured: the model and one call, with bare start-up code; framework, your code and stack come on top\n")


def _memory(count: int) -> str:
    return f"{count / 2**20:.4g} MB" if count >= 2**20 else f"{count / 2**10:.4g} KB"


def firmware(results: Sequence[Result]) -> None:
    for result in results:
        facts = result.facts["firmware"]
        print(
            f"{result.model}: Arduino sketch and PlatformIO project for {facts['board']} ({facts['runtime']}) in"
            f"\n{result.folder}\nYour code has its place in the .ino file there."
        )


def builds(results: Sequence[Result]) -> None:
    print_table(
        ["model", "for", "built by", "flash", "RAM"],
        [
            [
                result.model,
                f"{facts['board']} ({facts['runtime']})",
                facts["tool"],
                _share(facts["flash_bytes"], facts["flash_limit_bytes"]),
                _share(facts["ram_bytes"], facts["ram_limit_bytes"]),
            ]
            for result in results
            for facts in [result.facts["build"]]
        ],
    )
    for result in results:
        print(f"written to {result.folder}")


def _share(used: int, limit: int) -> str:
    return f"{used:,} B ({100 * used / limit:.0f} %)"


def flashed(results: Sequence[Result]) -> None:
    print_table(
        ["model", "board", "port", "runtime", "written by", "flash", "SHA-256 of the model"],
        [
            [
                result.model,
                facts["board"],
                facts["port"],
                facts["runtime"],
                facts["tool"],
                f"{facts['flash_bytes']:,} B",
                facts["sha256"][:12],
            ]
            for result in results
            for facts in [result.facts["flash"]]
        ],
    )


def verification(results: Sequence[Result]) -> None:
    """What a board answered, and what it says that one inference took; a count keeps the name of what was counted."""
    print_table(
        ["model", "board", "TFLM", "proof", "one inference", "vectors a second", "resent"],
        [
            [
                result.model,
                facts["board"],
                f"{facts['vectors'] - facts['mismatches']:,} of {facts['vectors']:,} equal",
                facts["claim"],
                _device_time(facts),
                f"{facts['vectors'] / max(facts['seconds'], 1e-9):,.0f}",
                str(facts["resent"]),
            ]
            for result in results
            for facts in [result.facts["verify"]]
        ],
    )


def _device_time(facts: Mapping[str, Any]) -> str:
    """'1,204 to 1,210 cycles (75.6 us at 16 MHz)'; only cycles of a known clock are also a time."""
    if facts["unit"] == "nothing":
        return "not counted"
    fewest, most = facts["fewest"], facts["most"]
    count = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    clock_hz = facts["clock_hz"]
    time = f" ({most / clock_hz * 1e6:,.1f} us at {clock_hz / 1e6:g} MHz)" if clock_hz else ""
    return f"{count} {facts['unit']}{time}"
