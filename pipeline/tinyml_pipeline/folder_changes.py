"""How files reach a folder: all at once if the folder is wholly ours, else one by one; never half a file."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import places

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True)
class Changes:
    """What becomes of a folder's files, by their paths below it.

    `kept` gives files a new name first, `removed` then go, `written` come last, in their order.
    """

    written: Mapping[str, bytes]
    kept: Mapping[str, str]
    removed: Collection[str]


class BusyError(Exception):
    """Another process holds the lock."""


class PartlyChangedError(OSError):
    """Some files of a folder are new, others are not."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Only one process of this user at a time on a folder; raises BusyError at once.

    The lock is a file in the user's cache, named after the folder's real path, and goes when the block ends: nothing
    is left in the folder or next to it. (filelock cannot remove its file without a race.)
    """
    name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:32]
    path = places.cache_dir("locks") / name
    handle = _locked_file(path)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):  # Windows removes no open file
            path.unlink(missing_ok=True)  # before the lock is given up: who waits for this file sees that it has gone
        os.close(handle)


def _locked_file(path: Path) -> int:
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(path, flags, 0o600)
        try:
            _lock_now(handle)
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            pass  # its owner removed it between the two lines above
        except (BlockingIOError, PermissionError):
            os.close(handle)
            raise BusyError from None
        os.close(handle)


def _lock_now(handle: int) -> None:
    """Raises BlockingIOError or, on Windows, PermissionError if another process has the lock."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        return
    with contextlib.suppress(ModuleNotFoundError):  # a system without fcntl: nothing keeps two runs apart
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holds_only(folder: Path, known: Collection[str]) -> bool:
    """Whether a folder can be exchanged for another one and nothing of anybody else's is lost.

    All in it are files of `known` in folders that are not empty, of this user and group; nobody stands in it as far as
    we know, and nothing is mounted there.
    """
    try:
        here = os.path.realpath(os.getcwd())
    except FileNotFoundError:  # somebody removed it
        here = os.sep
    if Path(here).is_relative_to(folder) or os.path.ismount(folder):
        return False
    found = False
    for place, folders, files in os.walk(folder):
        if not folders and not files:
            return False
        if not _is_plain(os.lstat(place), stat.S_ISDIR) or any(os.path.ismount(Path(place, name)) for name in folders):
            return False
        for name in files:
            path = Path(place, name)
            if path.relative_to(folder).as_posix() not in known or not _is_plain(path.lstat(), stat.S_ISREG):
                return False
            found = True
        if any(Path(place, name).is_symlink() for name in folders):
            return False
    return found


def _is_plain(found: os.stat_result, is_kind: object) -> bool:
    assert callable(is_kind)
    # Windows knows no such numbers, and has a user's folders closed to others.
    own = not hasattr(os, "geteuid") or (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())
    return own and bool(is_kind(found.st_mode)) and not found.st_mode & (stat.S_ISUID | stat.S_ISGID)


def exchange(folder: Path, changes: Changes, known: Collection[str]) -> None:
    """Lay the next folder next to this one, unchanged files of `known` as hard links, and swap the two names.

    A kill at any moment leaves the old folder or the new one; `sweep` removes the rest.
    """
    following = _next(folder)
    _remove(following)
    following.mkdir()
    try:
        gone = {*changes.written, *changes.removed, *changes.kept}
        for name in sorted(known):
            if name not in gone and (folder / name).is_file():
                _carry(folder / name, following / name)
        for name, new_name in changes.kept.items():
            _carry(folder / name, following / new_name)
        for name, data in changes.written.items():
            (following / name).parent.mkdir(parents=True, exist_ok=True)
            (following / name).unlink(missing_ok=True)  # a hard link into the old folder, which stays as it is
            _write_new(following / name, data, like=folder / name)
        _copy_folder_modes(folder, following)
        if folder.exists() and not _exchange_names(following, folder):
            folder.rename(_previous(folder))  # a kill after this line is undone by the next run's sweep
        if not folder.exists():
            following.rename(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            _remove(following)
        raise
    _sync_folder(folder.parent)
    sweep(folder)


def sweep(folder: Path) -> None:
    """Remove what a killed `exchange` left next to the folder."""
    following, previous = _next(folder), _previous(folder)
    if previous.exists() and not folder.exists():
        previous.rename(folder)
    _remove(following)
    _remove(previous)


def add(folder: Path, changes: Changes) -> None:
    """Change the files one by one and touch nothing else: each is the old one or the new one at any moment.

    All new files are first written under hidden names, so that a full disk or a folder that cannot be written is
    noticed before anything changes. Raises OSError then, and PartlyChangedError if a later step fails.
    """
    staged: dict[Path, Path] = {}
    made: list[Path] = []
    try:
        for name, data in changes.written.items():
            path = folder / name
            made += _make_folders(path.parent)
            hidden = path.with_name(f".tinyml-{hashlib.sha256(path.name.encode()).hexdigest()[:16]}")
            hidden.unlink(missing_ok=True)  # of a run that was killed
            staged[path] = hidden
            _write_new(hidden, data, like=path)
    except BaseException:
        for hidden in staged.values():
            hidden.unlink(missing_ok=True)
        for place in reversed(made):
            place.rmdir()
        raise
    try:
        for name, new_name in changes.kept.items():
            os.replace(folder / name, folder / new_name)
        for name in sorted(changes.removed):
            (folder / name).unlink(missing_ok=True)
        for path, hidden in staged.items():
            os.replace(hidden, path)
    except OSError as error:
        raise PartlyChangedError(error.errno, error.strerror) from None
    finally:
        for hidden in staged.values():
            hidden.unlink(missing_ok=True)
    for name in sorted(changes.removed):
        _remove_emptied(folder / name, folder)
    for place in {path.parent for path in staged}:
        _sync_folder(place)


def obstacle(folder: Path, name: str) -> str | None:
    """Why a file cannot be written at `name` below the folder: something else has its name; None if it can."""
    path = folder
    parts = Path(name).parts
    for number, part in enumerate(parts, 1):
        path = path / part
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return None
        wanted = stat.S_ISREG if number == len(parts) else stat.S_ISDIR
        if not wanted(mode):
            return f"{path} is {_kind(mode)}, and a {'file' if number == len(parts) else 'folder'} is to be there"
    return None


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "a pipe, socket or device"


def _next(folder: Path) -> Path:
    return _next_to(folder, "next")


def _previous(folder: Path) -> Path:
    return _next_to(folder, "previous")


def _next_to(folder: Path, what: str) -> Path:
    """A name that nobody else takes, and that is not longer than file systems allow if the folder's own is long."""
    return folder.with_name(f".tinyml-{hashlib.sha256(os.fsencode(folder.name)).hexdigest()[:16]}-{what}")


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _carry(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a file system without hard links
        shutil.copy2(source, target, follow_symlinks=False)


def _copy_folder_modes(folder: Path, following: Path) -> None:
    """Permissions and extended attributes of each folder that was there before."""
    for place, _, _ in os.walk(following):
        before = folder / Path(place).relative_to(following)
        if before.is_dir():
            shutil.copystat(before, place)


def _write_new(path: Path, data: bytes, *, like: Path) -> None:
    """A new file on the disk, with permissions and extended attributes of the one that it will replace, if any."""
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if like.is_file():
        path.chmod(stat.S_IMODE(like.stat().st_mode))
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # of a kind that this user may not set, or this file system lacks
                for attribute in os.listxattr(like):
                    os.setxattr(path, attribute, os.getxattr(like, attribute))


def _make_folders(place: Path) -> list[Path]:
    """Make a folder and those above it; returns those that were not there, outermost first."""
    missing = []
    while not place.is_dir():
        missing.append(place)
        place = place.parent
    for folder in reversed(missing):
        folder.mkdir()
    return missing[::-1]


def _remove_emptied(path: Path, top: Path) -> None:
    """Remove the folders above a file that went, as far as nothing else is in them."""
    for place in path.parents:
        if place == top:
            return
        try:
            place.rmdir()
        except OSError:
            return


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange_names(a: Path, b: Path) -> bool:
    """Swap two folders' names in one step (Linux 3.15 and later); False where the system cannot."""
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    return bool(renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0)
