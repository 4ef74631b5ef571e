"""The only module that knows the layout of artifacts/: one folder per model, every file hashed in a manifest.

A stage never writes into the model's folder. It hands over its files as bytes, and `publish` brings them there with a
new manifest. A folder in which all is ours is replaced in one step: a kill at any moment leaves the old folder or the
new one. In a folder with anything else (a user's own files, a git repository, an empty folder) only our files change,
each in one step. Nothing that we did not write is ever changed, moved or removed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyml_pipeline import folder_changes
from tinyml_pipeline.errors import ArtifactsError
from tinyml_pipeline.folder_changes import Changes
from tinyml_pipeline.wording import argument

MANIFEST = "manifest.json"
_BEGINNING = b'{\n  "model": "'
_OTHER_MANIFEST = "tinyml-manifest.json"  # in a folder that has a manifest.json of another program
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class StageRecord:
    """One stage in a manifest: a digest of what it was made from, the hashes of its files, and facts for people."""

    made_from: str
    files: Mapping[str, str]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class _Manifest:
    """What a folder's manifest says; `is_ours` if there is one, or was before it was damaged."""

    name: str
    stages: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    is_ours: bool = False
    is_damaged: bool = False


class ModelFolder:
    """`artifacts/<model>/`, or a folder that the user named. Reading needs nothing; publishing needs the lock."""

    def __init__(self, root: Path, model: str, asked: str = "") -> None:
        """`root`/`model` may be a symbolic link, or any folder of the user: '.', '..', a git repository.

        `asked` is what a command is given to mean this model, if that is not its name but the path of a file.
        """
        self.path = root / model
        self._real = Path(os.path.realpath(self.path))
        self.root = root
        self.model = self._real.name if model in ("", ".", "..") else model
        self.asked = asked or self.model

    @property
    def origin(self) -> str:
        """The file that the model is, seen from the artifacts; '' for a model of the project."""
        if self.asked == self.model:
            return ""
        with contextlib.suppress(ValueError):  # on another drive
            return Path(os.path.relpath(self.asked, self.root)).as_posix()
        return self.asked

    @property
    def earlier_origin(self) -> str:
        """The same of the model whose files are in the folder; '' if that is not known."""
        return self._manifest().origin

    @property
    def argument(self) -> str:
        """`asked` as one types it after a command."""
        return argument(self.asked)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one run at a time on this model; also sweeps away what a killed run left.

        Raises ArtifactsError at once if another run holds the lock, or if the folder cannot be written.
        """
        with self._explained():
            if self._real == self._real.parent:
                raise ArtifactsError(f"{self.path} is the root of the file system. Choose a folder below it.")
            if os.path.lexists(self._real) and not self._real.is_dir():
                raise ArtifactsError(f"{self.path} is not a folder: move it away, or choose another folder.")
            self._real.parent.mkdir(parents=True, exist_ok=True)
            place = self._real if self._real.exists() else self._real.parent
            if not os.access(place, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(folder_changes.lock(self._real))
            except folder_changes.BusyError:
                raise ArtifactsError(
                    f"{self.model}: another run is at work on {self.path}. Wait until it ends, or stop it first."
                ) from None
            with self._explained():
                folder_changes.sweep(self._real)
            yield

    def record(self, stage: str) -> StageRecord | None:
        """What the manifest says of a stage; None where it has not run, or the manifest cannot be read."""
        found = self._manifest().stages.get(stage)
        return None if found is None else StageRecord(found["made_from"], found["files"], found["facts"])

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
            raise ArtifactsError(f"{path} is not there. Run: tinyml {made_by} {self.argument}") from None
        except OSError as error:
            raise ArtifactsError(
                f"{path} cannot be read ({error.strerror}). Fix its permissions, or run: tinyml {made_by}"
                f" {self.argument}"
            ) from None
        record = self.record(made_by)
        if record is None or record.files.get(name) != hashlib.sha256(data).hexdigest():
            raise ArtifactsError(
                f"{path} is not what 'tinyml {made_by}' wrote (its SHA-256 differs from {MANIFEST})."
                f" Run: tinyml {made_by} {self.argument} --force"
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
        records: dict[str, Any] = dict(manifest.stages)
        ours = {name for record in records.values() for name in record.get("files", {})}
        replaced = {name for stage in stages for name in records.get(stage, {}).get("files", {})} - set(staying)
        new_files = {name: data for _, files, _ in stages.values() for name, data in files.items()}
        with self._explained():
            self._refuse_obstacles([*new_files, *replaced])
            if not manifest.is_ours:
                self._refuse_to_replace(new_files)
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
        text: dict[str, Any] = {"model": self.model, "file": self.origin} if self.origin else {"model": self.model}
        text |= {"environment": dict(environment), "stages": dict(sorted(records.items()))}
        written = {name: data for name, data in new_files.items() if name not in kept}
        moved = [] if keep_edited else list(edited)
        removed = replaced - set(new_files) - set(edited)
        if manifest.is_damaged:
            moved.append(manifest.name)
        written[manifest.name] = (json.dumps(text, indent=2) + "\n").encode()  # last: it vouches for the others
        with self._explained():
            self._refuse_obstacles(written)
            self._apply(Changes(written, self._new_names(moved), removed), {*ours, *new_files, manifest.name})
        return edited

    def _apply(self, changes: Changes, ours: Collection[str]) -> None:
        known = {f"{name}{suffix}" for name in ours for suffix in ("", ".new", ".edited")}
        if not self._real.exists() or folder_changes.holds_only(self._real, known):
            folder_changes.exchange(self._real, changes, known)
        else:
            folder_changes.add(self._real, changes)

    def _refuse_obstacles(self, names: Iterable[str]) -> None:
        """ArtifactsError before anything changes if something that is not a file has the name of one."""
        for name in names:
            if reason := folder_changes.obstacle(self._real, name):
                raise ArtifactsError(f"{reason}. Nothing was changed; move it away, or choose another folder.")

    def _refuse_to_replace(self, new_files: Mapping[str, bytes]) -> None:
        """ArtifactsError if one of the user's files, in a folder of the user, would be replaced."""
        for name, data in new_files.items():
            if _sha256_of(self._real / name) not in (None, hashlib.sha256(data).hexdigest()):
                raise ArtifactsError(
                    f"{self.path / name} was not written by tinyml. Nothing was changed; move it away, or choose"
                    " another folder."
                )

    def _new_names(self, edited: Collection[str]) -> dict[str, str]:
        """`<name>.edited` for each; one that is there from before moves on to `<name>.edited.1`, `.2`, ..."""
        names = {}
        for name in edited:
            latest = f"{name}.edited"
            if (self._real / latest).exists():
                number = next(n for n in itertools.count(1) if not (self._real / f"{latest}.{n}").exists())
                names[latest] = f"{latest}.{number}"
            names[name] = latest
        return names

    def _was_edited(self, name: str, records: Mapping[str, Any], new_files: Mapping[str, bytes]) -> bool:
        """A text of ours that no longer is what we wrote, nor what we are about to write."""
        known = [record["files"][name] for record in records.values() if name in record.get("files", {})]
        found = _sha256_of(self.path / name)
        if found is None or found in known:
            return False
        return name not in new_files or found != hashlib.sha256(new_files[name]).hexdigest()

    def _manifest(self) -> _Manifest:
        """The manifest as it is, or what is to be written as one: another program's manifest.json is left alone."""
        found = _read_manifest(self._real / MANIFEST)
        return found if found is not None else _read_manifest(self._real / _OTHER_MANIFEST) or _Manifest(MANIFEST)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the file system says into one line."""
        try:
            yield
        except OSError as error:
            if isinstance(error, folder_changes.PartlyChangedError):
                raise ArtifactsError(
                    f"{self.path} was changed only in part ({error.strerror}): run it again."
                ) from None
            if error.errno in _NO_ROOM:
                raise ArtifactsError(
                    f"{self.path}: the disk is full. Nothing was changed; free some space and run it again."
                ) from None
            if error.errno in (errno.EEXIST, errno.ENOTDIR):
                raise ArtifactsError(
                    f"{self.path} cannot be written: part of its path is a file. Nothing was changed; choose another"
                    " folder."
                ) from None
            advice = "fix its permissions, or choose" if error.errno in _NOT_ALLOWED else "choose"
            raise ArtifactsError(
                f"{self.path} cannot be written ({error.strerror}). Nothing was changed; {advice} another folder."
            ) from None


def _read_manifest(path: Path) -> _Manifest | None:
    """A manifest of ours, or that there is none; None if something else has its name.

    A text that begins as ours does but cannot be read, or an empty file, is a damaged one of ours.
    """
    if not os.path.lexists(path):
        return _Manifest(path.name)
    if path.is_symlink() or not path.is_file():
        return None
    try:
        data = path.read_bytes()
        found = json.loads(data)
    except OSError:
        return None
    except (ValueError, RecursionError):
        return _Manifest(path.name, is_ours=True, is_damaged=True) if data.startswith(_BEGINNING[: len(data)]) else None
    stages = found.get("stages") if isinstance(found, dict) else None
    if not isinstance(stages, dict):
        return None
    sound = {name: record for name, record in stages.items() if _is_sound(record)}
    origin = found["file"] if isinstance(found.get("file"), str) else ""
    return _Manifest(path.name, sound, origin, is_ours=True, is_damaged=len(sound) < len(stages))


def _is_sound(record: Any) -> bool:
    """Whether a record has its three fields, and names only files below its folder, whoever made it."""
    if not isinstance(record, dict) or not isinstance(record.get("made_from"), str):
        return False
    files = record.get("files")
    if not isinstance(files, dict) or not isinstance(record.get("facts"), dict):
        return False
    return all(
        isinstance(digest, str) and name and not name.startswith("/") and not {"..", "."} & set(name.split("/"))
        for name, digest in files.items()
    )


def _sha256_of(path: Path) -> str | None:
    """None if there is no such file, or it cannot be read; a pipe is not opened."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except OSError:
        return None
