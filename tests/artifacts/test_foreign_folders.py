"""Folders that are not wholly ours: only our files change, one by one, or nothing does and one line says why."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tinyml_pipeline import folder_changes, places
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import ArtifactsError

from tests.tools import need

FILES = {"model.c": b"int x;\n", "kernels/add.h": b"/* add */\n"}
NEWER = {"model.c": b"int y;\n", "kernels/sub.h": b"/* sub */\n"}


def publish(folder: Path | ModelFolder, files: dict[str, bytes] = FILES) -> list[str]:
    """As `compile -o` does."""
    model = folder if isinstance(folder, ModelFolder) else ModelFolder(folder.parent, folder.name)
    with model.locked():
        return model.publish({"compile portable": ("x", files, {})}, {})


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Kind, mode, identity and content of all below a folder."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_ino, content)
    return found


def assert_unchanged(before: dict[str, tuple[int, int, bytes | None]], folder: Path) -> None:
    after = snapshot(folder)
    assert {name: after.get(name) for name in before} == before


def git_repository(folder: Path) -> None:
    git = [need("git", "git"), "-c", "user.name=n", "-c", "user.email=e@example.com", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)


def empty_folders(folder: Path) -> None:
    (folder / "empty" / "deep").mkdir(parents=True)


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def a_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # the name of a socket is short
        try:
            server.bind("socket")
        finally:
            os.chdir(here)


def permissions(folder: Path) -> None:
    (folder / "private").mkdir(mode=0o700)
    (folder / "private" / "key").touch(mode=0o600)
    folder.chmod(0o750)


def links(folder: Path) -> None:
    (folder / "target").write_text("text")
    (folder / "soft").symlink_to("target")
    (folder / "dangling").symlink_to("nowhere")
    os.link(folder / "target", folder / "hard")


def another_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"name": "my web app"}')


def a_manifest_that_is_no_json(folder: Path) -> None:
    (folder / "manifest.json").write_text("// a comment\n{}")


def a_manifest_that_is_a_folder(folder: Path) -> None:
    (folder / "manifest.json" / "x").mkdir(parents=True)


CONTENT = [
    git_repository,
    empty_folders,
    a_pipe,
    a_socket,
    permissions,
    links,
    another_manifest,
    a_manifest_that_is_no_json,
    a_manifest_that_is_a_folder,
]


@pytest.mark.parametrize("fill", CONTENT)
def test_what_is_not_ours_stays(fill: Callable[[Path], None], tmp_path: Path) -> None:
    """First run, a second one with other files, and a third one after the user changed a file."""
    folder = tmp_path / "project"
    folder.mkdir()
    fill(folder)
    before = snapshot(folder)
    theirs = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert publish(folder) == []
    assert_unchanged(before, folder)
    assert publish(folder, NEWER) == []
    assert_unchanged(before, folder)
    (folder / "model.c").write_bytes(b"mine")
    assert publish(folder, FILES) == ["model.c"]
    assert_unchanged(before, folder)
    assert (folder / "model.c.edited").read_bytes() == b"mine"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")} - theirs
    manifest = {name for name in found if name.endswith("manifest.json")}
    assert found - manifest == {"model.c", "model.c.edited", "kernels", "kernels/add.h"}
    assert len(manifest) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["project"]
    if fill is git_repository:
        for check in (["fsck", "--strict"], ["diff", "--quiet"]):
            subprocess.run(["git", "-C", str(folder), *check], check=True, capture_output=True)


def test_a_file_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "add.h").write_text("mine")
    before = snapshot(tmp_path)
    with pytest.raises(ArtifactsError) as caught:
        publish(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/kernels/add.h was not written by tinyml. Nothing was changed; move it away, or choose another"
        " folder."
    )
    assert snapshot(tmp_path) == before


def obstacle_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def obstacle_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def obstacle_folder(path: Path) -> None:
    path.mkdir()


def obstacle_pipe(path: Path) -> None:
    os.mkfifo(path)


OBSTACLES = {
    obstacle_link: "a symbolic link",
    obstacle_dangling: "a symbolic link",
    obstacle_folder: "a folder",
    obstacle_pipe: "a pipe, socket or device",
}


@pytest.mark.parametrize("is_ours", [False, True])
@pytest.mark.parametrize("put", OBSTACLES)
def test_what_is_no_file_has_the_name_of_one(put: Callable[[Path], None], is_ours: bool, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    if is_ours:
        publish(folder)
        (folder / "model.c").unlink()
    else:
        folder.mkdir()
    put(folder / "model.c")
    before = snapshot(folder)
    with pytest.raises(ArtifactsError) as caught:
        publish(folder, NEWER)
    assert str(caught.value) == (
        f"{folder}/model.c is {OBSTACLES[put]}, and a file is to be there. Nothing was changed; move it away, or"
        " choose another folder."
    )
    assert snapshot(folder) == before


@pytest.mark.parametrize("put", [obstacle_link, lambda path: path.write_text("mine")])
def test_what_is_no_folder_has_the_name_of_one(put: Callable[[Path], None], tmp_path: Path) -> None:
    """Nothing is written through a link that leads out of the folder."""
    put(tmp_path / "kernels")
    before = snapshot(tmp_path)
    with pytest.raises(ArtifactsError, match=r"kernels is a (symbolic link|file), and a folder is to be there"):
        publish(tmp_path)
    assert snapshot(tmp_path) == before


def test_the_folder_that_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """'-o .' and '-o ..': the same folder, by its inode, has the files."""
    monkeypatch.chdir(tmp_path)
    inode = tmp_path.stat().st_ino
    for _ in range(2):
        publish(ModelFolder(Path("."), ""))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    publish(ModelFolder(Path("."), ".."), NEWER)
    assert tmp_path.stat().st_ino == inode
    assert sorted(os.listdir("..")) == ["below", "kernels", "manifest.json", "model.c"]
    assert json.loads((tmp_path / "manifest.json").read_text())["model"] == tmp_path.name


def test_the_root_is_refused() -> None:
    with pytest.raises(ArtifactsError) as caught:
        publish(Path("/"))
    assert str(caught.value) == "/ is the root of the file system. Choose a folder below it."


def test_a_link_to_a_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "artifacts" / "linear"
    link.parent.mkdir()
    link.symlink_to("../real")
    for files in (FILES, NEWER, FILES):
        publish(link, files)
        assert link.is_symlink()
        assert (tmp_path / "real" / "model.c").read_bytes() == files["model.c"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifacts", "real"]
    assert os.listdir(link.parent) == ["linear"]


def test_a_link_to_nowhere_gets_its_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("there/deep")
    publish(tmp_path / "link")
    assert (tmp_path / "there" / "deep" / "model.c").read_bytes() == FILES["model.c"]


def test_a_link_to_itself_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(ArtifactsError, match=r"link is not a folder: move it away, or choose another folder."):
        publish(tmp_path / "link")


@pytest.mark.parametrize("length", [240, 250, 255])
def test_a_long_name_works(length: int, tmp_path: Path) -> None:
    publish(tmp_path / ("x" * length))
    publish(tmp_path / ("x" * length), NEWER)
    assert (tmp_path / ("x" * length) / "model.c").read_bytes() == NEWER["model.c"]


def test_a_name_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    name = "x" * 300
    with pytest.raises(ArtifactsError) as caught:
        publish(tmp_path / name)
    assert str(caught.value) == (
        f"{tmp_path}/{name} cannot be written (File name too long). Nothing was changed; choose another folder."
    )


def test_a_folder_without_write_permission(tmp_path: Path) -> None:
    """As another user where this one is root, who may write everywhere."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "mine").touch()
    folder.chmod(0o555)
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from tinyml_pipeline.artifacts import ModelFolder\nfrom tinyml_pipeline.errors import ArtifactsError\n"
        "import platformdirs\n"
        "os.chdir(sys.argv[1]); os.geteuid() or os.setuid(65534)\n"
        "folder = ModelFolder(Path('.'), 'locked')\n"
        "try:\n    with folder.locked(): print('no error')\n"
        "except ArtifactsError as error: print(error)\n"
    )
    place = Path(tempfile.mkdtemp())  # every user can reach it, unlike that of pytest
    shutil.copytree(tmp_path, place, dirs_exist_ok=True)
    place.chmod(0o755)
    try:
        done = subprocess.run([sys.executable, "-c", code, place], capture_output=True, text=True, check=True)
    finally:
        (place / "locked").chmod(0o755)
        shutil.rmtree(place)
    assert done.stdout == (
        "locked cannot be written (Permission denied). Nothing was changed; fix its permissions, or choose another"
        " folder.\n"
    )


def test_permissions_of_our_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    publish(folder)
    folder.chmod(0o750)
    (folder / "kernels").chmod(0o700)
    (folder / "model.c").chmod(0o640)
    publish(folder, {**FILES, "model.c": b"int z;\n"})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "kernels", folder / "model.c")}
    assert modes == {"m": 0o750, "kernels": 0o700, "model.c": 0o640}
    assert (folder / "model.c").read_bytes() == b"int z;\n"


def test_a_hard_link_to_a_file_of_ours_keeps_its_text(tmp_path: Path) -> None:
    publish(tmp_path / "m")
    os.link(tmp_path / "m" / "model.c", tmp_path / "saved")
    publish(tmp_path / "m", NEWER)
    assert (tmp_path / "saved").read_bytes() == FILES["model.c"]
    assert (tmp_path / "m" / "model.c").read_bytes() == NEWER["model.c"]


def test_an_older_edited_text_is_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    for number in range(4):
        publish(folder)
        (folder / "model.c").write_bytes(b"mine %d" % number)
    publish(folder)
    found = {path.name: path.read_bytes() for path in folder.glob("model.c*")}
    assert found == {
        "model.c": FILES["model.c"],
        "model.c.edited": b"mine 3",
        "model.c.edited.1": b"mine 0",
        "model.c.edited.2": b"mine 1",
        "model.c.edited.3": b"mine 2",
    }


@pytest.mark.parametrize("name", ["../secret", "/{}/secret", "kernels/../../secret"])
def test_a_manifest_cannot_reach_out_of_its_folder(name: str, tmp_path: Path) -> None:
    """A folder may come from anybody, with a manifest that claims files elsewhere as ours to remove."""
    folder = tmp_path / "m"
    publish(folder)
    secret = tmp_path / "secret"
    secret.write_bytes(b"")
    manifest = json.loads((folder / "manifest.json").read_text())
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    manifest["stages"]["compile portable"]["files"][name.format(tmp_path)] = empty
    (folder / "manifest.json").write_text(json.dumps(manifest))
    publish(folder, NEWER)
    assert secret.exists()
    assert (folder / "manifest.json.edited").exists()


def test_a_pipe_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    publish(tmp_path / "m")
    (tmp_path / "m" / "model.c").unlink()
    os.mkfifo(tmp_path / "m" / "model.c")
    folder = ModelFolder(tmp_path, "m")
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(folder.is_current("compile portable", "x")), daemon=True)
    thread.start()
    thread.join(20)
    assert seen == [False]


def test_a_full_disk_leaves_a_foreign_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").touch()
    before = snapshot(tmp_path)
    count = iter(range(100))

    def full(_: int) -> None:
        if next(count) == 1:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_changes.os, "fsync", full)
    with pytest.raises(ArtifactsError, match=r"the disk is full. Nothing was changed"):
        publish(tmp_path)
    assert {name: state[::2] for name, state in snapshot(tmp_path).items()} == {
        name: state[::2] for name, state in before.items()
    }


def test_no_lock_is_left_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    publish(tmp_path / "m")
    assert list(places.cache_dir("locks").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "m"]


def test_a_link_and_its_folder_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with ModelFolder(tmp_path, "real").locked(), pytest.raises(ArtifactsError, match="another run is at work on"):
        publish(tmp_path / "link")
    publish(tmp_path / "link")
