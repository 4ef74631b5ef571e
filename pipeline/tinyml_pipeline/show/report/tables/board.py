"""What the commands for boards print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.show.report.tables.table import print_table, tell

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.boards import BoardRow, PortRow
    from tinyml_pipeline.workflow.fit import Fit, Need
    from tinyml_pipeline.workflow.outcomes import Result


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
    tell(
        "Plain C (aot) runs on all. What each is, its clock, data sheet and Arduino's name for it: tinyml boards --json"
    )


def fits(found: Sequence[Fit]) -> None:
    """What each board must give; below, once each, what an estimate was made of and why something was refused."""
    for fit in found:
        rows = []
        for need in fit.needs:
            board = need.board if need.runtime == "aot" else f"{need.board} ({need.runtime})"
            about = "~" if need.how == "estimated" else ""
            flash = _of(need.flash_bytes, need.flash_limit_bytes, about)
            ram = _of(need.ram_bytes, need.ram_limit_bytes, about)
            rows.append([board, _fits(need), flash, ram, _firmware(need)])
        print_table([fit.model, "fits", "flash", "RAM", "firmware"], rows)
        notes: dict[str, list[str]] = {}
        for need in fit.needs:
            if need.note:
                notes.setdefault(f"{need.how}: {need.note}", []).append(need.board)
        for note, boards in notes.items():
            tell(f"{', '.join(boards)}: {note}")
        tell(
            "flash, RAM: of the model's plain C with one call of it, or of TFLM (tflm); ~ is estimated, where no"
            " compiler is installed. firmware: flash + RAM of all that 'tinyml build' makes, where it builds here."
        )
        print()


def _fits(need: Need) -> str:
    """A runtime that lacks an operator says nothing of the board's size."""
    if need.how == "refused":
        return "unsupported"
    return "yes" if need.fits else "NO"


def ports(rows: Sequence[PortRow]) -> None:
    print_table(
        ["port", "what it is", "USB"], [[row.name, row.description, "yes" if row.is_usb else ""] for row in rows]
    )
    if not rows:
        tell("No serial port was found. Connect the board with a cable that carries data; many only charge.")


def _firmware(need: Need) -> str:
    if need.firmware_flash_bytes is None or need.firmware_ram_bytes is None:
        return ""
    return f"{need.firmware_flash_bytes:,} + {need.firmware_ram_bytes:,}"


def _of(need: int | None, limit: int, about: str) -> str:
    return "" if need is None else f"{about}{need:,} of {_memory(limit)}"


def _memory(count: int) -> str:
    return f"{count / 2**20:.4g} MB" if count >= 2**20 else f"{count / 2**10:.4g} KB"


def firmware(results: Sequence[Result]) -> None:
    for result in results:
        facts = result.facts["firmware"]
        tell(f"{result.model}: Arduino sketch and PlatformIO project for {facts['board']} ({facts['runtime']}) in")
        tell(result.folder)
        tell("Your code has its place in the .ino file there.")


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
        tell(f"written to {result.folder}")


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
        ["model", "board", "equal to TFLM", "one inference", "vectors / s", "resent"],
        [
            [
                result.model,
                facts["board"],
                f"{facts['vectors'] - facts['mismatches']:,} of {facts['vectors']:,}",
                _device_count(facts),
                f"{facts['vectors'] / max(facts['seconds'], 1e-9):,.0f}",
                str(facts["resent"]),
            ]
            for result in results
            for facts in [result.facts["verify"]]
        ],
    )
    for result in results:
        facts = result.facts["verify"]
        tell(f"{result.model} on {facts['board']}: {facts['claim']}")
        if time := _device_time(facts):
            tell(time)


def _device_count(facts: Mapping[str, Any]) -> str:
    """'1,204 to 1,210 cycles'."""
    return "not counted" if facts["unit"] == "nothing" else f"{_span(facts['fewest'], facts['most'])} {facts['unit']}"


def _device_time(facts: Mapping[str, Any]) -> str:
    """What the counts mean; empty where they say all. Only cycles of a known clock are also a time."""
    clock_hz = facts["clock_hz"]
    told = []
    if clock_hz:
        time = _span(*(round(facts[end] / clock_hz * 1e6, 1) for end in ("fewest", "most")))
        told.append(f"An inference takes {time} us at {clock_hz / 1e6:g} MHz.")
    if facts["fewest"] != facts["most"]:
        told.append(f"The {facts['unit']} differ, because rounding takes another branch for some numbers.")
        if facts["unit"] in {"cycles", "microseconds"}:
            told.append("An interrupt that falls into an inference, such as that of Arduino's clock, is counted too.")
    return " ".join(told)


def _span(fewest: float, most: float) -> str:
    first, last = f"{fewest:,}", f"{most:,}"
    return last if first == last else f"{first} to {last}"
