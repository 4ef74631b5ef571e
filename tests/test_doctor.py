"""`tinyml doctor`: what is missing, and what is only for who has such a board."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.doctor import Check, examine, install_missing

OPTIONAL = ["arduino-cli", "pio", "bossac", "pyocd", "openocd", "st-flash"]


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """What is found where no program is installed."""
    no_programs_but_in(tmp_path, monkeypatch)
    return examine()


def no_programs_but_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", str(folder))


def test_what_tests_need_is_installed_too(bare: list[Check], monkeypatch: pytest.MonkeyPatch) -> None:
    packages = {check.package for check in bare if check.found is None and check.package}
    assert packages >= {"clang", "simavr", "libnewlib-arm-none-eabi", "gcc-avr", "avr-libc", "libsimavr-dev", "g++"}
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, **_: "/usr/bin/apt-get" if name == "apt-get" else None)
    assert install_missing(bare) == (
        "Not installed, because that needs root: type: sudo apt-get install --no-install-recommends "
        + " ".join(sorted(packages))
    )


def test_a_program_next_to_this_python_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_programs_but_in(tmp_path / "nowhere", monkeypatch)
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", str(tmp_path / ".venv" / "bin"))
    program = tmp_path / ".venv" / "bin" / "pio"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    assert {check.name: check.found for check in examine()}["pio"] == str(program)


def test_the_tools_of_real_boards_are_optional(bare: list[Check]) -> None:
    optional = [check for check in bare if check.name in OPTIONAL]
    assert [check.name for check in optional if check.is_optional and check.found is None] == OPTIONAL
    for check in optional:
        assert (check.found, check.package) == (None, None)
        assert check.needed_for.startswith("optional: to ")
        assert check.remedy


def test_they_are_not_installed(bare: list[Check]) -> None:
    optional = [check for check in bare if check.is_optional and check.found is None]
    assert install_missing(optional) == "Nothing to install: every compiler and emulator is there."


def test_a_bossac_that_does_not_know_the_chip_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_programs_but_in(tmp_path, monkeypatch)
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
