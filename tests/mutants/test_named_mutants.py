"""Mutants that once survived: each is put into a copy of the repository, where its closest test must fail."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import need

REPOSITORY = Path(__file__).parents[2]
PACKAGE = "pipeline/tinyml_pipeline"
COMPARE = f"{PACKAGE}/parity/compare.py", "tests/parity/test_compare.py"
READER = f"{PACKAGE}/compiler/flatbuffer_reader.py", "tests/compiler/test_read_tflite.py"
PROTOCOL = "firmware/protocol/protocol.c", "tests/protocol/test_protocol.py"
CHECKS = "for (uint8_t i = 0; i < CHECK_BYTES; i++) {"
# Name -> ((file, its closest tests), names of tests, text, what it becomes).
NAMED = {
    "a_comparison_forgives_one_step": (
        COMPARE,
        "one_step",
        "wrong = np.flatnonzero(per_vector)",
        "wrong = np.flatnonzero(per_vector > 1)",
    ),
    "a_row_with_one_step_passes": (
        COMPARE,
        "one_step",
        "return self.worst <= self.allowed",
        "return self.worst <= self.allowed + 1",
    ),
    "a_tolerance_times_1_2": (
        COMPARE,
        "tolerance",
        "return self.worst <= self.tolerance",
        "return self.worst <= self.tolerance * 1.2",
    ),
    "a_device_checks_three_of_four_bytes": (
        PROTOCOL,
        "check_bytes and gcc",
        CHECKS,
        CHECKS.replace("< CHECK_BYTES", "< CHECK_BYTES - 1"),
    ),
    "a_device_skips_the_first_check_byte": (PROTOCOL, "check_bytes and gcc", CHECKS, CHECKS.replace("= 0", "= 1")),
    "an_answer_of_any_length": (
        (f"{PACKAGE}/host/device/exchange.py", "tests/device/test_lying_device.py"),
        "length or too_long",
        "len(frame.payload) != request.answer_bytes",
        "len(frame.payload) < 0",
    ),
    "flash_does_not_ask_what_runs": (
        (f"{PACKAGE}/workflow/flash.py", "tests/flash/test_flash.py"),
        "after_flashing",
        "        _hear(opened, project, built, port)",
        "        pass",
    ),
    "a_layout_may_end_outside_the_file": (
        READER,
        "a_layout",
        "0 <= vtable <= len(self.data) - 4",
        "0 <= vtable <= len(self.data)",
    ),
    "a_field_may_begin_where_its_table_ends": (
        READER,
        "a_layout",
        "max(offsets) >= table_bytes",
        "max(offsets) > table_bytes",
    ),
    "128_steps_on_an_avr": (
        (f"{PACKAGE}/compiler/kernels/fully_connected_avr_s8.py", "tests/kernels/test_fully_connected_layouts.py"),
        "128_steps",
        "<= 2**15 - 128",
        "<= 2**15",
    ),
    "128_steps_of_a_single_add": (
        (f"{PACKAGE}/compiler/kernels/_requantize.py", "tests/kernels/test_requantize.py"),
        "limits",
        "INT32_MAX - 2**30 - 128",
        "INT32_MAX - 2**30",
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in ("pipeline", "firmware", "tests"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NAMED)
def test_what_a_mutant_changes_is_there_once(name: str) -> None:
    (file, _), _, was, becomes = NAMED[name]
    assert (REPOSITORY / file).read_text().count(was) == 1, f"{file} no longer has the text that this mutant changes"
    assert becomes != was


def test_the_closest_tests_notice_every_mutant_and_nothing_else(copy: Path) -> None:
    """All in one process, which starts once: see run_named.py."""
    need("gcc", "gcc")
    mutants = [[name, file, was, becomes, tests, names] for name, ((file, tests), names, was, becomes) in NAMED.items()]
    environment = {**os.environ, "PYTHONPATH": str(copy / "pipeline")}
    command = [sys.executable, str(copy / "tests" / "mutants" / "run_named.py")]
    done = subprocess.run(
        command, cwd=copy, env=environment, input=json.dumps(mutants), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found.pop("")[0] == 0, "the copy as it is fails"
    missed = {name: text for name, (code, text) in found.items() if code != 1 or " failed" not in text}
    assert (missed, found.keys()) == ({}, NAMED.keys())
