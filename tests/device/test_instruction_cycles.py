"""Cycles by the manuals' tables and their own examples; a trace as the plugin writes it."""

from __future__ import annotations

import pytest
from tinyml_pipeline.host.device.executed import Block, parse_layers
from tinyml_pipeline.host.device.instruction_cycles import Instruction, table_of


def row(text: str) -> list[Instruction]:
    return [Instruction(*(*part.strip().split(" ", 1), "")[:2]) for part in text.split(";")]


@pytest.mark.parametrize(
    ("text", "cycles"),
    {
        # Section 3.3.2 of the Cortex-M4's manual.
        "ldr r0, [r1]; ldr r1, [r2]": 3,
        "ldr r0, [r1, r2]; str r0, [r3, #20]": 3,
        "ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]": 4,
        "ldmia r0!, {r1, r2, r3}": 4,
        "stmia r0!, {r1, r2, r3, r4, r5, r6, r7, r8}": 9,
        "ldrd r0, r1, [r2, #8]": 3,
        # The second address is what the first one loads; then what an addition has only just computed.
        "ldr r0, [r1]; ldr r2, [r0]": 4,
        "add r1, r2; ldr r0, [r1]": 4,
        "add r3, r2; ldr r0, [r1]": 3,
        "str r0, [r1]; ldr r2, [r1]": 3,
        "ldrsb r0, [r1], #1; smlad r2, r0, r3, r2; smlal r4, r5, r6, r7": 4,
        "sdiv r0, r1, r2": 7,
        "push {r4, r5, lr}": 4,
        "tbb [pc, r0]": 4,
        "bics r1, r2; ldr r0, [r1]": 4,
        "cmp r1, r2; ldr r0, [r1]": 3,
    }.items(),
)
def test_rows_on_cortex_m4(text: str, cycles: int) -> None:
    table = table_of("Cortex-M4F")
    assert table is not None
    assert table.cycles(row(text), 1, 0) == cycles
    assert table.cycles(row(f"{text}; bne 10"), 10, 9) == 10 * (cycles + 1) + 9 * 2, "2 for each taken branch"


@pytest.mark.parametrize(
    ("core", "text", "cycles"),
    [
        ("Cortex-M0", "ldr r0, [r1]; ldr r2, [r1]; str r0, [r1]; muls r0, r2; bl 10", 2 + 2 + 2 + 1 + 2 + 2),
        ("Cortex-M0+", "pop {r4, pc}", 3 + 2),
        ("Cortex-M0", "pop {r4, pc}", 4 + 2),
        ("Cortex-M3", "smlal r0, r1, r2, r3; mla r0, r1, r2, r3; smull r0, r1, r2, r3; b 10", 6 + 2 + 4 + 1 + 2),
        ("Cortex-M55", "vldrb.8 q0, [r0]; vmladava.s8 r0, q0, q1; le lr, 10", 2 + 2 + 1),
        ("RV32IMC", "lw a0, 0(a1); mul a0, a1, a2; divu a0, a1, a2; j 10", 2 + 1 + 34 + 1 + 2),
    ],
)
def test_rows_on_other_cores(core: str, text: str, cycles: int) -> None:
    """Each ends in a branch that is taken."""
    table = table_of(core)
    assert table is not None
    assert table.cycles(row(text), 3, 3) == 3 * cycles


def test_no_estimate_without_a_table() -> None:
    assert table_of("Xtensa LX6") is None
    assert table_of("ATmega328P") is None, "its cycles are counted"


def test_a_trace() -> None:
    trace = "1f0 4 2 1\n200 3 7 7\nlayer\nlayer\n1f0 4 1 1\nlayer\n33 1 1 1\n"
    assert parse_layers(trace) == [[Block(0x1F0, 4, 2, 1), Block(0x200, 3, 7, 7)], [], [Block(0x1F0, 4, 1, 1)]]
