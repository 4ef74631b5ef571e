"""What `tinyml verify` says of the time of an inference: a word on every count that is not always the same."""

from __future__ import annotations

import pytest
from tinyml_pipeline.show.report.tables import board
from tinyml_pipeline.workflow.verify import Verification, VerifyRecord

BRANCH = "differ, because some numbers take another branch, such as in rounding."
INTERRUPT = "An interrupt that falls into an inference, such as that of Arduino's clock, is counted too."
CASES = {
    "cycles that differ": (
        ("cycles", 513, 643, 16_000_000),
        "513 to 643 cycles",
        f"An inference takes 32.1 to 40.2 us at 16 MHz. The cycles {BRANCH} {INTERRUPT}",
    ),
    "cycles that are always the same": (
        ("cycles", 1600, 1600, 16_000_000),
        "1,600 cycles",
        "An inference takes 100.0 us at 16 MHz.",
    ),
    "instructions in an emulator, without interrupts": (
        ("instructions", 14, 16, 0),
        "14 to 16 instructions",
        f"The instructions {BRANCH}",
    ),
    "nothing": (("nothing", 0, 0, 0), "not counted", None),
}


@pytest.mark.parametrize("case", CASES)
def test_counts_and_times(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    (unit, fewest, most, clock_hz), count, told = CASES[case]
    found = VerifyRecord("sim", True, "verified on 256 inputs", True, 256, 0, 0, unit, fewest, most, clock_hz)
    board.verification([Verification("linear", "", found, seconds=0.5, resent=0)])
    lines = capsys.readouterr().out.splitlines()
    assert f"256 of 256     {count}" in lines[3]
    assert lines[5:] == ["linear on sim: verified on 256 inputs", *([told] if told else [])]
