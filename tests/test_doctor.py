"""`tinyml doctor`: what is missing, and what is only for who has such a board."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.doctor import Check, examine, install_missing

OPTIONAL = ["arduino-cli", "pio", "bossac", "pyocd"]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """What is found where no program is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return examine()


def test_the_tools_of_real_boards_are_optional(bare: list[Check]) -> None:
    optional = [check for check in bare if check.is_optional]
    assert [check.name for check in optional] == OPTIONAL
    for check in optional:
        assert (check.found, check.package) == (None, None)
        assert check.needed_for.startswith("optional: to ")
        assert check.remedy


def test_they_are_not_installed(bare: list[Check]) -> None:
    optional = [check for check in bare if check.is_optional]
    assert install_missing(optional) == "Nothing to install: every compiler and emulator is there."


def test_a_bossac_that_does_not_know_the_chip_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    program = tmp_path / "bossac"
    for text, found in ((b"Debian's", None), (b"nRF52840", str(program))):
        program.write_bytes(text)
        program.chmod(0o755)
        assert {check.name: check.found for check in examine()}["bossac"] == found


def test_a_compiler_is_for_a_family_of_boards(bare: list[Check]) -> None:
    purposes = {check.name: check.needed_for for check in bare}
    assert purposes["avr-gcc"] == "only to build firmware for AVR (Uno, Mega)"
    assert purposes["arm-none-eabi-gcc"] == "only to build firmware for Cortex-M (Nano 33 BLE, Pico, Nucleo)"
    cores = {load_board(name).core for name in board_names()}
    assert not [
        purpose for purpose in purposes.values() if purpose.removeprefix("only to build firmware for ") in cores
    ]
