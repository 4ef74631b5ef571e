"""What all flashers share: a plan (a command and what its failures mean), and how a plan is carried out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.visible_text import visible

FLASH_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Symptom:
    """A regular expression over what a tool prints, and what that means for the person at the board.

    `meaning` may name {board} and {port}, and the groups of the expression as {0}, {1} ...
    """

    pattern: str
    meaning: str
    quote: bool = True
    """Whether the tool's own words add anything."""


@dataclass(frozen=True)
class FlashPlan:
    """One call of a tool. `symptoms` are tried in order, after them those that every tool shares."""

    tool: str
    command: tuple[str | Path, ...]
    board: str
    port: str | None
    symptoms: tuple[Symptom, ...] = ()
    cwd: Path | None = None


NO_PROBE = "no debug probe was found; connect the board by the USB socket of its ST-LINK"
PROBE_WITHOUT_CHIP = (
    "its debug probe cannot reach the chip; check that the board has power, and hold its reset button while it starts"
)
_DENIED = "[Pp]ermission denied|[Pp]ermissionError|Access is denied"
_COMMON = (
    Symptom(
        rf"(?:\bport\b|device|/dev/|COM\d)[^\n]*(?:{_DENIED})|(?:{_DENIED})[^\n]*(?:/dev/|COM\d)",
        "you may not use {port}; on Linux join its group: sudo usermod -a -G dialout $USER, then log in again",
    ),
    Symptom(
        r"[Rr]esource busy|[Rr]esource temporarily unavailable|exclusively lock",
        "another program uses {port}; close the serial monitor or whatever else holds it",
    ),
    Symptom(
        r"[Nn]o such file or directory: '/dev/|(?:cannot|could not) open port .*(?:No such file|FileNotFoundError)",
        "there is no port {port}; connect the board and see which ports there are: tinyml ports",
        quote=False,
    ),
    Symptom(
        r"Input/output error|device disconnected|Broken pipe|device reports readiness to read but returned no data",
        "{port} vanished in the middle; check the cable, then flash again",
    ),
    Symptom(_DENIED, "a file or folder may not be used; change its owner or permissions, then flash again"),
)


def carry_out(plan: FlashPlan, show: Callable[[str], None], timeout_s: float = FLASH_TIMEOUT_S) -> None:
    """Run the tool, its progress going to `show`; DeviceError says in one line why it failed, ToolMissingError that it
    is not there."""
    output = tools.run_shown(plan.command, show=show, timeout_s=timeout_s, cwd=plan.cwd)
    if output.returncode != 0:
        raise DeviceError(explain(plan, output.stdout.decode(errors="replace"), output.returncode))


def explain(plan: FlashPlan, printed: str, returncode: int) -> str:
    """Why a tool failed: what its words mean where they are known, else its last ones; always one line."""
    for symptom in (*plan.symptoms, *_COMMON):
        found = re.search(symptom.pattern, printed)
        if found is not None:
            port = plan.port or "the board's port"
            meaning = visible(symptom.meaning.format(*found.groups(), board=plan.board, port=port))
            words = f" ({plan.tool}: {_line_of(printed, found)})" if symptom.quote else ""
            return f"{plan.board} was not flashed: {meaning}.{words}"
    how = tools.describe_exit(returncode)
    return f"{plan.board} was not flashed: {plan.tool} {how}; its last words: {_last_words(printed)}."


def _line_of(printed: str, found: re.Match[str]) -> str:
    before, after = printed[: found.start()], printed[found.end() :]
    return _plain(before.rpartition("\n")[2] + found[0] + after.partition("\n")[0])


def _last_words(printed: str) -> str:
    lines = [line for line in printed.splitlines() if line.strip()]
    return _plain(" / ".join(line.strip() for line in lines[-2:])) if lines else "nothing"


def _plain(text: str) -> str:
    """One line without a terminal's colours and returns."""
    return visible(" ".join(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).split())).rstrip(".")
