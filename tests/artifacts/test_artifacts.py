"""artifacts/: one folder a model, replaced in one step, nothing lost, every trouble one clear line."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tinyml_pipeline import artifacts, folder_changes
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import ArtifactsError

# Publishes twice in a folder of each step; the second time is killed before that file operation. Prints how it ended.
WRITER = """
import itertools, os, signal, sys
from pathlib import Path
from tinyml_pipeline.artifacts import ModelFolder

def publish(folder, n):
    with folder.locked():
        data = (b"%d" % n) * 5000
        folder.publish({"train": ("x", {"a.bin": data, "deep/b.bin": data}, {"n": n})}, {})

def publish_and_die(folder, last):
    steps = itertools.count()
    def kill(event, _):
        if event.split(".")[0] in ("open", "os", "shutil") and next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(kill)
    publish(folder, 1)
    os._exit(0)

for last in itertools.count():
    folder = ModelFolder(Path(sys.argv[1], str(last)), "m")
    publish(folder, 0)
    child = os.fork()
    if not child:
        publish_and_die(folder, last)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(ended)
    if ended != -signal.SIGKILL:
        break
"""


def publish(folder: ModelFolder, made_from: str = "x", **files: bytes) -> list[str]:
    with folder.locked():
        return folder.publish({"train": (made_from, files, {})}, {"numpy": "1"})


def assert_whole(folder: ModelFolder) -> None:
    """Every file that the manifest names has the hash that it says."""
    record = folder.record("train")
    assert record is not None
    assert folder.is_current("train", record.made_from)


def test_publish_writes_files_and_their_hashes(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, made_from="seed 0", a=b"one", b=b"two")
    manifest = json.loads((tmp_path / "m/manifest.json").read_text())
    assert manifest["model"] == "m"
    assert manifest["environment"] == {"numpy": "1"}
    assert manifest["stages"]["train"]["files"]["a"] == (
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    )
    assert folder.is_current("train", "seed 0")
    assert not folder.is_current("train", "seed 1")
    assert folder.read("a", made_by="train") == b"one"


def test_other_stages_and_own_files_are_carried_over(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, a=b"one", gone=b"old")
    with folder.locked():
        folder.publish({"convert": ("y", {"sub/c": b"three"}, {})}, {})
    (folder.path / "sub" / "mine.txt").write_text("my notes")
    publish(folder, a=b"uno")
    assert (folder.path / "a").read_bytes() == b"uno"
    assert not (folder.path / "gone").exists()
    assert (folder.path / "sub/c").read_bytes() == b"three"
    assert (folder.path / "sub/mine.txt").read_text() == "my notes"
    assert folder.is_current("convert", "y")


def test_an_edited_file_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, sketch=b"ours")
    (folder.path / "sketch").write_bytes(b"mine")
    assert publish(folder, sketch=b"ours, newer") == ["sketch"]
    assert (folder.path / "sketch").read_bytes() == b"ours, newer"
    assert (folder.path / "sketch.edited").read_bytes() == b"mine"
    assert publish(folder, sketch=b"ours, newest") == []


def publish_keeping(folder: ModelFolder, made_from: str = "x", **files: bytes) -> list[str]:
    with folder.locked():
        return folder.publish({"firmware": (made_from, files, {})}, {}, keep_edited=True)


def contents(folder: ModelFolder) -> dict[str, bytes]:
    names = sorted(path.name for path in folder.path.iterdir())
    return {name: (folder.path / name).read_bytes() for name in names if name != "manifest.json"}


def test_an_edited_file_stays_where_it_is(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish_keeping(folder, sketch=b"ours", src=b"one")
    (folder.path / "sketch").write_bytes(b"mine")
    assert publish_keeping(folder, sketch=b"ours", src=b"two") == ["sketch"]
    assert contents(folder) == {"sketch": b"mine", "src": b"two"}, "nothing newer to look at"
    assert not folder.is_current("firmware", "x")


def test_a_newer_text_lies_beside_the_edited_file_until_it_is_taken(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish_keeping(folder, sketch=b"ours")
    (folder.path / "sketch").write_bytes(b"mine")
    for _ in range(2):
        assert publish_keeping(folder, sketch=b"newer") == ["sketch"]
        assert contents(folder) == {"sketch": b"mine", "sketch.new": b"newer"}
    (folder.path / "sketch").unlink()
    assert publish_keeping(folder, sketch=b"newer") == []
    assert contents(folder) == {"sketch": b"newer"}


def test_an_edited_file_that_is_no_longer_generated_stays(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish_keeping(folder, sketch=b"ours", old=b"ours")
    (folder.path / "old").write_bytes(b"mine")
    assert publish_keeping(folder, sketch=b"ours") == ["old"]
    assert contents(folder) == {"old": b"mine", "sketch": b"ours"}
    assert publish_keeping(folder, sketch=b"ours") == []
    assert contents(folder) == {"old": b"mine", "sketch": b"ours"}


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, a=b"one")
    (folder.path / "a").write_bytes(b"bad")
    assert not folder.is_current("train", "x")
    with pytest.raises(ArtifactsError) as caught:
        folder.read("a", made_by="train")
    assert str(caught.value) == (
        f"{folder.path}/a is not what 'tinyml train' wrote (its SHA-256 differs from manifest.json)."
        " Run: tinyml train m --force"
    )


def test_a_file_that_is_not_there_names_its_command(tmp_path: Path) -> None:
    with pytest.raises(ArtifactsError) as caught:
        ModelFolder(tmp_path, "m").read("model.keras", made_by="train")
    assert str(caught.value) == f"{tmp_path}/m/model.keras is not there. Run: tinyml train m"


def test_a_broken_manifest_is_as_none(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, a=b"one")
    (folder.path / "manifest.json").write_text('{\n  "model": "m",\n  "envi')
    assert folder.record("train") is None
    publish(folder, a=b"two")
    assert_whole(folder)


def test_a_second_run_says_so_and_stops(tmp_path: Path) -> None:
    with ModelFolder(tmp_path, "m").locked(), pytest.raises(ArtifactsError) as caught:
        publish(ModelFolder(tmp_path, "m"), a=b"one")
    assert str(caught.value) == (f"m: another run is at work on {tmp_path}/m. Wait until it ends, or stop it first.")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    root = tmp_path / "a_file"
    root.write_text("not a folder")
    with pytest.raises(ArtifactsError) as caught:
        publish(ModelFolder(root, "m"), a=b"one")
    assert str(caught.value) == (
        f"{root}/m cannot be written: part of its path is a file. Nothing was changed; choose another folder."
    )


def test_a_file_in_the_way_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("mine")
    with pytest.raises(ArtifactsError) as caught:
        publish(ModelFolder(tmp_path, "m"), a=b"one")
    assert str(caught.value) == f"{tmp_path}/m is not a folder: move it away, or choose another folder."
    assert (tmp_path / "m").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, a=b"one")

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(artifacts.os, "fsync", full)
    with pytest.raises(ArtifactsError) as caught:
        publish(folder, a=b"two")
    monkeypatch.undo()
    assert str(caught.value) == (
        f"{folder.path}: the disk is full. Nothing was changed; free some space and run it again."
    )
    assert folder.read("a", made_by="train") == b"one"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["m"]


def test_a_real_write_that_finds_no_room(tmp_path: Path) -> None:
    """The system itself refuses the write here: a limit on the size of a file, in a child."""
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\nfrom tinyml_pipeline.artifacts import ModelFolder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "folder = ModelFolder(Path(sys.argv[1]), 'm')\n"
        "with folder.locked():\n"
        "    folder.publish({'train': ('x', {'a': b'one'}, {})}, {})\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "    folder.publish({'train': ('x', {'a': bytes(5000)}, {})}, {})\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "the disk is full. Nothing was changed" in done.stderr
    assert (tmp_path / "m/a").read_bytes() == b"one"


def test_where_names_cannot_be_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_changes, "_exchange_names", lambda a, b: False)
    folder = ModelFolder(tmp_path, "m")
    publish(folder, a=b"one")
    publish(folder, a=b"two")
    assert folder.read("a", made_by="train") == b"two"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["m"]


def test_a_kill_between_two_renames_is_undone(tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "m")
    publish(folder, a=b"one")
    folder.path.rename(folder_changes._previous(folder.path))
    with folder.locked():
        assert folder.read("a", made_by="train") == b"one"


def test_a_kill_before_any_step_leaves_old_or_new(tmp_path: Path) -> None:
    """A writer is killed before each of its file operations in turn, until it gets through."""
    done = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, check=True)
    ended = [int(line) for line in done.stdout.split()]
    assert set(ended[:-1]) == {-signal.SIGKILL}
    assert ended[-1] == 0
    assert len(ended) > 10
    seen = set()
    for step in range(len(ended)):
        folder = ModelFolder(tmp_path / str(step), "m")
        with folder.locked():
            assert_whole(folder)
            found = folder.read("a.bin", made_by="train")
        assert folder.read("deep/b.bin", made_by="train") == found
        seen.add(found[:1])
        publish(folder, a=b"after")
        assert [path.name for path in folder.path.parent.iterdir() if path.is_dir()] == ["m"]
    assert seen == {b"0", b"1"}
