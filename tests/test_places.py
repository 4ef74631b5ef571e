"""The cache: what lies there is executed, so nobody but this user may have put it there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from tinyml_pipeline import places
from tinyml_pipeline.host.device.emulators import build_simavr_bridge

from tests.firmware import board_here


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    places._temporary_cache.cache_clear()
    return tmp_path / "cache" / "tinyml-pipeline"


def test_it_is_in_the_users_cache_and_for_this_user_only(home: Path) -> None:
    folder = places.cache_dir("simavr")
    assert folder == home / "simavr"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert places.cache_dir("simavr") == folder


def link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")


def file(folder: Path) -> None:
    folder.touch()


def group_writable(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o770)


def world_writable(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def below_a_world_writable_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    folder.parent.chmod(0o777)


def another_users(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    os.chown(folder, 12345, 12345)


def below_another_users_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    os.chown(folder.parent, 12345, 12345)


PLANTED = [
    link,
    file,
    group_writable,
    world_writable,
    below_a_world_writable_folder,
    another_users,
    below_another_users_folder,
]


@pytest.mark.parametrize("plant", PLANTED)
def test_a_folder_that_others_can_write_is_not_used(plant: Callable[[Path], None], home: Path) -> None:
    home.mkdir(parents=True)
    plant(home / "simavr")
    folder = places.cache_dir("simavr")
    assert home not in folder.parents
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []
    assert places.cache_dir("simavr") == folder, "one for the whole process"
    folder.rmdir()


def planted_program(path: Path) -> Path:
    mark = path.parent / "it ran"
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    path.chmod(0o755)
    return mark


def test_a_program_that_was_not_built_here_is_built_anew(tmp_path: Path) -> None:
    board_here("sim-uno")
    built = build_simavr_bridge(tmp_path / "cache")
    program = built.read_bytes()
    inode = built.stat().st_ino
    assert build_simavr_bridge(tmp_path / "cache").stat().st_ino == inode, "built once"
    planted_program(built)
    assert build_simavr_bridge(tmp_path / "cache").read_bytes() == program
    elsewhere = tmp_path / "elsewhere"
    planted_program(elsewhere)
    built.unlink()
    built.symlink_to(elsewhere)
    assert build_simavr_bridge(tmp_path / "cache").read_bytes() == program
    assert not built.is_symlink()
    built.chmod(0o777)
    build_simavr_bridge(tmp_path / "cache")
    assert stat.S_IMODE(built.stat().st_mode) == 0o700
    built.unlink()
    built.mkdir()
    assert build_simavr_bridge(tmp_path / "cache").read_bytes() == program
    built.with_suffix(".sha256").unlink()
    assert build_simavr_bridge(tmp_path / "cache").read_bytes() == program
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == ["", ".sha256"]
