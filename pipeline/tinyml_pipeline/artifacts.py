"""The only module that knows the layout of artifacts/: one folder a model, replaced in one step, every file hashed.

A stage never writes into the model's folder. It hands over its files as bytes; `publish` lays the next folder beside
the old one (unchanged files as hard links), writes the manifest last, and exchanges the two names atomically. A kill
at any moment leaves the old folder or the new one; what it leaves lying beside them goes at the next run.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline.errors import ArtifactsError

MANIFEST = "manifest.json"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class StageRecord:
    """One stage in a manifest: a digest of what it was made from, the hashes of its files, and facts for people."""

    made_from: str
    files: Mapping[str, str]
    facts: Mapping[str, Any]


class ModelFolder:
    """`artifacts/<model>/` as a whole. Reading needs nothing; publishing needs the lock."""

    def __init__(self, root: Path, model: str) -> None:
        self.root = root
        self.model = model
        self.path = root / model
        self._next = root / f".{model}.next"
        self._previous = root / f".{model}.previous"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one run at a time on this model; also sweeps away what a killed run left.

        Raises ArtifactsError at once where another run holds the lock, or where the folder cannot be written.
        """
        import filelock

        with self._explained():
            self.root.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_dir():
                raise ArtifactsError(f"{self.path} is a file: move it away, or choose another folder.")
            lock = filelock.FileLock(self.root / f".{self.model}.lock", timeout=0)
            try:
                lock.acquire()
            except filelock.Timeout:
                raise ArtifactsError(
                    f"{self.model}: another run is at work on {self.path}. Wait until it ends, or stop it first."
                ) from None
        try:
            with self._explained():
                self._sweep()
            yield
        finally:
            lock.release()

    def record(self, stage: str) -> StageRecord | None:
        """What the manifest says of a stage; None where it has not run, or the manifest cannot be read."""
        found = self._manifest().get("stages", {}).get(stage)
        if not isinstance(found, dict):
            return None
        return StageRecord(found.get("made_from", ""), found.get("files", {}), found.get("facts", {}))

    def is_current(self, stage: str, made_from: str) -> bool:
        """Whether a stage was made from just this and all its files are still what it wrote."""
        record = self.record(stage)
        return (
            record is not None
            and record.made_from == made_from
            and all(_sha256_of(self.path / name) == digest for name, digest in record.files.items())
        )

    def read(self, name: str, *, made_by: str) -> bytes:
        """The bytes of one file; ArtifactsError says which command makes it, or that it was damaged."""
        path = self.path / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ArtifactsError(f"{path} is not there. Run: tinyml {made_by} {self.model}") from None
        except OSError as error:
            raise ArtifactsError(
                f"{path} cannot be read ({error.strerror}). Mend its permissions, or run: tinyml {made_by} {self.model}"
            ) from None
        record = self.record(made_by)
        if record is None or record.files.get(name) != hashlib.sha256(data).hexdigest():
            raise ArtifactsError(
                f"{path} is not what 'tinyml {made_by}' wrote (its SHA-256 differs from {MANIFEST})."
                f" Run: tinyml {made_by} {self.model} --force"
            )
        return data

    def publish(
        self,
        stages: Mapping[str, tuple[str, Mapping[str, bytes], Mapping[str, Any]]],
        environment: Mapping[str, str],
        *,
        keep_edited: bool = False,
        staying: Collection[str] = (),
    ) -> list[str]:
        """Replace the files of some stages, all at once: `stages` maps a stage to (made_from, files, facts).

        Files of other stages, and the user's own, are carried over. Returns the names of generated files that the
        user had changed. Their text is kept beside the new one as `<name>.edited`; with `keep_edited` it stays where
        it is, and a text that is newer than the one it was made from lies beside it as `<name>.new`. Files of these
        stages that are `staying` are theirs still, untouched, although they are not made again.
        """
        manifest = self._manifest()
        records: dict[str, Any] = dict(manifest.get("stages", {}))
        replaced = {name for stage in stages for name in records.get(stage, {}).get("files", {})} - set(staying)
        new_files = {name: data for _, files, _ in stages.values() for name, data in files.items()}
        edited = [name for name in sorted(replaced | set(new_files)) if self._was_edited(name, records, new_files)]
        kept = set(edited) if keep_edited else set()
        for stage, (made_from, files, facts) in stages.items():
            hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
            before = records.get(stage, {}).get("files", {})
            for name in sorted(kept & set(files)):
                if before.get(name) != hashes[name] or f"{name}.new" in before:
                    new_files[f"{name}.new"] = files[name]
                    hashes[f"{name}.new"] = hashes[name]
            hashes |= {name: before[name] for name in staying if name in before}
            records[stage] = {"made_from": made_from, "facts": facts, "files": hashes}
        text = {"model": self.model, "environment": dict(environment), "stages": dict(sorted(records.items()))}
        with self._explained():
            self._remove(self._next)
            self._next.mkdir()
            self._carry_over(skip=(replaced | set(new_files) | {MANIFEST}) - kept)
            for name in edited if not keep_edited else ():
                _write(self._next / f"{name}.edited", (self.path / name).read_bytes())
            for name, data in new_files.items():
                if name not in kept:
                    _write(self._next / name, data)
            _write(self._next / MANIFEST, (json.dumps(text, indent=2) + "\n").encode())
            self._exchange()
        return edited

    def _was_edited(self, name: str, records: Mapping[str, Any], new_files: Mapping[str, bytes]) -> bool:
        """A text of ours that no longer is what we wrote, nor what we are about to write."""
        known = [record["files"][name] for record in records.values() if name in record.get("files", {})]
        found = _sha256_of(self.path / name)
        if found is None or found in known:
            return False
        return name not in new_files or found != hashlib.sha256(new_files[name]).hexdigest()

    def _carry_over(self, skip: Iterable[str]) -> None:
        skipped = set(skip)
        for source in sorted(self.path.rglob("*")) if self.path.is_dir() else []:
            name = source.relative_to(self.path).as_posix()
            target = self._next / name
            if source.is_symlink() or (source.is_file() and name not in skipped):
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(source, target, follow_symlinks=False)
                except OSError:  # a file system without hard links
                    shutil.copy2(source, target, follow_symlinks=False)

    def _exchange(self) -> None:
        """Give the new folder the model's name; atomic where the system can exchange two names."""
        if self.path.exists() and not _exchange_names(self._next, self.path):
            self.path.rename(self._previous)  # a kill after this line is undone by the next run's sweep
        if not self.path.exists():
            self._next.rename(self.path)
        _sync_folder(self.root)
        self._sweep()

    def _sweep(self) -> None:
        if self._previous.exists() and not self.path.exists():
            self._previous.rename(self.path)
        self._remove(self._next)
        self._remove(self._previous)

    def _remove(self, folder: Path) -> None:
        if folder.exists():
            shutil.rmtree(folder)

    def _manifest(self) -> dict[str, Any]:
        try:
            found = json.loads((self.path / MANIFEST).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the file system says into one line; what was half laid beside the folder goes."""
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError):
                self._remove(self._next)
            if error.errno in _NO_ROOM:
                raise ArtifactsError(
                    f"{self.path}: the disk is full. Nothing was changed; free some space and run it again."
                ) from None
            raise ArtifactsError(
                f"{self.path} cannot be written ({error.strerror}). Nothing was changed;"
                " mend the folder's permissions or give another one with --artifacts."
            ) from None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # it may be a hard link into the old folder, which must stay as it is
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sha256_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _sync_folder(folder: Path) -> None:
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
