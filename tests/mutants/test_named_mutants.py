"""Mutants that once survived: each is put into a copy of the repository, where its closest test must fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
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
        "another_model",
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


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("copy")
    for folder in ("pipeline", "firmware", "tests"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    yield root
    shutil.rmtree(root)


def run_tests(copy: Path, files: set[str], names: set[str]) -> subprocess.CompletedProcess[str]:
    need("gcc", "gcc")
    # No compiled modules: two mutants of one size may be written within a second.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy / "pipeline")}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-x", *sorted(files), "-k", " or ".join(sorted(names))]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=600)


def test_the_copy_as_it_is_passes(copy: Path) -> None:
    """Else a mutant would seem to be noticed."""
    files, names = {tests for (_, tests), *_ in NAMED.values()}, {f"({names})" for _, names, *_ in NAMED.values()}
    done = run_tests(copy, files, names)
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("name", NAMED)
def test_the_closest_test_notices(copy: Path, name: str) -> None:
    (file, tests), names, was, becomes = NAMED[name]
    original = (copy / file).read_text()
    assert original.count(was) == 1, f"{file} no longer has the text that this mutant changes"
    (copy / file).write_text(original.replace(was, becomes))
    try:
        done = run_tests(copy, {tests}, {names})
    finally:
        (copy / file).write_text(original)
    assert done.returncode == 1, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert "= FAILURES =" in done.stdout
