"""What the commands for boards print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import memory_words, print_table, tell

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.boards import BoardRow, PortRow
    from tinyml_pipeline.workflow.build import Build
    from tinyml_pipeline.workflow.collect import Collector
    from tinyml_pipeline.workflow.firmware import Firmware
    from tinyml_pipeline.workflow.fit import Fit, Need
    from tinyml_pipeline.workflow.flash import Flashing
    from tinyml_pipeline.workflow.mlperf_tiny import Served
    from tinyml_pipeline.workflow.verify import Verification, VerifyRecord


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
        for need in fit.needs:
            if need.memory is not None:
                notes.setdefault(memory_words(need.memory), []).append(need.board)
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
    if count >= 2**40:
        return f"{count / 2**40:.4g} TB"
    return f"{count / 2**20:.4g} MB" if count >= 2**20 else f"{count / 2**10:.4g} KB"


def collectors(made: Sequence[Collector]) -> None:
    for one in made:
        tell(f"{one.folder}: the sketch; upload it with the Arduino IDE, arduino-cli or PlatformIO")
        tell(f"Go on with: tinyml record --board {one.board} --label NAME -o data.csv")


def firmware(results: Sequence[Firmware]) -> None:
    for result in results:
        made = result.written
        what = "Arduino sketch and PlatformIO project" if result.has_platformio else "Arduino sketch"
        tell(f"{result.model}: {what} for {made.board} ({made.runtime}) in")
        tell(result.folder)
        tell("Your code has its place in the .ino file there.")


def served(results: Sequence[Served]) -> None:
    for result in results:
        made = result.written
        tell(f"{result.model}: firmware for {made.board} that answers MLPerf Tiny's runner as {made.benchmark}:")
        tell(result.folder)
        if made.run:
            tell(f"Run it, and give the runner the terminal that is named: {made.run}")


def builds(results: Sequence[Build]) -> None:
    print_table(
        ["model", "for", "built by", "flash", "RAM"],
        [
            [
                result.model,
                f"{built.board} ({built.runtime})",
                built.tool,
                _share(built.flash_bytes, built.flash_limit_bytes),
                _share(built.ram_bytes, built.ram_limit_bytes),
            ]
            for result in results
            for built in [result.built]
        ],
    )
    for result in results:
        tell(f"written to {result.folder}")


def _share(used: int, limit: int) -> str:
    return f"{used:,} B ({100 * used / limit:.0f} %)"


def flashed(results: Sequence[Flashing]) -> None:
    print_table(
        ["model", "board", "port", "runtime", "written by", "flash", "SHA-256 of the model"],
        [
            [
                result.model,
                written.board,
                result.port,
                written.runtime,
                written.tool,
                f"{written.flash_bytes:,} B",
                written.sha256[:12],
            ]
            for result in results
            for written in [result.written]
        ],
    )


def verification(results: Sequence[Verification]) -> None:
    """What a board answered, and what it says that one inference took; a count keeps the name of what was counted."""
    print_table(
        ["model", "board", "equal to TFLM", "one inference", "vectors / s", "resent"],
        [
            [
                result.model,
                found.board,
                f"{found.vectors - found.mismatches:,} of {found.vectors:,}",
                _device_count(found),
                f"{found.vectors / max(result.seconds, 1e-9):,.0f}",
                str(result.resent),
            ]
            for result in results
            for found in [result.verified]
        ],
    )
    for result in results:
        found = result.verified
        tell(f"{result.model} on {found.board}: {found.claim}")
        if time := _device_time(found):
            tell(time)
        whole = sum(layer.count for layer in result.layers) or 1
        print_table(
            ["layer", found.unit, "share"],
            [[layer.layer, f"{layer.count:,}", f"{100 * layer.count / whole:.0f} %"] for layer in result.layers],
        )


def _device_count(found: VerifyRecord) -> str:
    """'1,204 to 1,210 cycles'."""
    return "not counted" if found.unit == "nothing" else f"{_span(found.fewest, found.most)} {found.unit}"


def _device_time(found: VerifyRecord) -> str:
    """What the counts mean; empty where they say all. Only cycles of a known clock are also a time."""
    told = []
    if found.clock_hz:
        time = _span(*(round(count / found.clock_hz * 1e6, 1) for count in (found.fewest, found.most)))
        told.append(f"An inference takes {time} us at {found.clock_hz / 1e6:g} MHz.")
    if found.fewest != found.most:
        told.append(f"The {found.unit} differ, because some numbers take another branch, such as in rounding.")
        if found.unit in {"cycles", "microseconds"}:
            told.append("An interrupt that falls into an inference, such as that of Arduino's clock, is counted too.")
    return " ".join(told)


def _span(fewest: float, most: float) -> str:
    first, last = f"{fewest:,}", f"{most:,}"
    return last if first == last else f"{first} to {last}"
