"""Programs in C that this package brings for the host: built once for each state of their sources, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tinyml_pipeline import tools


def build_tool(
    sources: Path, cache_dir: Path, flags: Sequence[str], *, purpose: str, libraries: Sequence[str] = ()
) -> Path:
    """What the C files of a folder make, under the folder's name; built again when they or `flags` change.

    A cached one is taken only if it is the file that was built from these sources, by its SHA-256. `cache_dir` is a
    folder that nobody else can write; the check is for what this user's own programs may have left or damaged there.
    Raises ToolMissingError and ToolFailedError.
    """
    texts = sorted(sources.glob("*.[ch]"))
    contents = [path.name.encode() + b"\0" + path.read_bytes() for path in texts]
    digest = hashlib.sha256(b"".join([*contents, *map(str.encode, flags)])).hexdigest()
    program = cache_dir / f"{sources.name}-{digest[:16]}"
    seal = program.with_suffix(".sha256")
    if _is_sealed(program, seal):
        return program
    compiler = tools.find_tool("gcc", purpose=purpose, install="apt install gcc libc6-dev")
    cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir) as folder:
        built = Path(folder) / program.name
        inputs = [path for path in texts if path.suffix == ".c"]
        tools.run([compiler, "-std=gnu99", "-O2", *flags, *inputs, "-o", built, *libraries], timeout_s=60)
        built.chmod(0o700)
        own_seal = Path(folder) / seal.name
        own_seal.write_text(_sha256_of(built), encoding="utf-8")
        _clear(program)
        os.replace(built, program)  # several processes may build it at once: the last one wins, whole
        os.replace(own_seal, seal)
    return program


def _is_sealed(program: Path, seal: Path) -> bool:
    """Whether `program` is a file of this user and has the hash that was taken when it was built."""
    try:
        found = program.lstat()
        own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        return own and _sha256_of(program) == seal.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _clear(path: Path) -> None:
    """Make room for a file where a folder has its name."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
