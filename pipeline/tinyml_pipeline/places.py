"""Where the program's own files lie, and where it keeps what is costly to make again."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import stat
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
SOURCE_ROOT = PACKAGE.parent
"""Where `python -m tinyml_pipeline...` finds the package, whatever folder the user is in."""
FIRMWARE = next(path for path in (PACKAGE / "firmware", SOURCE_ROOT.parent / "firmware") if path.is_dir())
"""In a wheel inside the package, in a clone next to pipeline/."""


def cache_dir(what: str) -> Path:
    """A folder for one kind of thing (a compiled Arduino core, the bridge to simavr) that only this user can write.

    It lies in the user's cache folder. If anybody else could have put something there, or it cannot be made, a new
    folder stands in for it until this process ends: what lies in a cache is executed.
    """
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("tinyml-pipeline")) / what
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_private(folder):
            return folder
    except OSError:
        pass
    return _temporary_cache(what)


def is_private(folder: Path) -> bool:
    """Whether nobody but this user and root can write into a folder, or exchange it or a folder above it.

    A folder that is a symlink is not. Folders above may be writable for all if they are sticky, as /tmp is, and for a
    group if it is this user's own, which Debian gives each user.
    """
    if not hasattr(os, "geteuid"):  # Windows: the user's own folders are closed to others by their access lists
        return folder.is_dir() and not folder.is_symlink()
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        return False
    return all(map(_is_safe_above, {*folder.absolute().parents, *folder.resolve().parents}))


def _is_safe_above(folder: Path) -> bool:
    found = folder.stat()
    if not {found.st_uid, folder.lstat().st_uid} <= {0, os.geteuid()}:
        return False
    if found.st_mode & stat.S_ISVTX:
        return True
    return not found.st_mode & 0o002 and (not found.st_mode & 0o020 or found.st_gid in (0, os.geteuid()))


@functools.cache
def _temporary_cache(what: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"tinyml-{what}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
