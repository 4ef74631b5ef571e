"""What Windows refuses to do with files, simulated: opening a folder, renaming over a file, hard links, user ids."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tinyml_pipeline.artifacts import ModelFolder


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the calls that Windows refused and that were made all the same."""
    refused: list[str] = []
    opened, rename = os.open, os.rename

    def open_file(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if os.path.isdir(path):
            refused.append("open")
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return opened(path, flags, *more, **options)

    def rename_new(source: Any, target: Any, **options: Any) -> None:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "File exists", target)
        rename(source, target, **options)

    def link(*_: Any, **__: Any) -> None:
        raise NotImplementedError("link: follow_symlinks unavailable on this platform")

    locks = ModuleType("msvcrt")
    locks.LK_NBLCK, locks.locking = 2, lambda *_: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "msvcrt", locks)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "open", open_file)
    monkeypatch.setattr(os, "rename", rename_new)
    monkeypatch.setattr(os, "link", link)
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.delattr(os, "getegid")
    monkeypatch.setattr(shutil, "_use_fd_functions", False)  # rmtree as on Windows
    return refused


def publish(folder: ModelFolder, text: bytes) -> None:
    with folder.locked():
        folder.publish({"compile": ("", {"model.c": text, "kernels/a.h": b"a"}, {})}, {})


@pytest.mark.parametrize("own", [False, True], ids=["a folder of ours", "with a file of the user's"])
def test_a_folder_is_written_and_written_again(own: bool, windows: list[str], tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "model")
    publish(folder, b"old")
    if own:
        (folder.path / "mine.txt").write_text("mine", encoding="utf-8")
    publish(folder, b"new")
    with folder.locked():
        folder.publish({"other": ("", {"other.txt": b"more"}, {})}, {})
    files = {
        path.relative_to(folder.path).as_posix(): path.read_bytes()
        for path in folder.path.rglob("*.*")
        if path.is_file()
    }
    assert {"model.c": b"new", "kernels/a.h": b"a", "other.txt": b"more"}.items() <= files.items()
    assert ("mine.txt" in files) == own
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert not windows
