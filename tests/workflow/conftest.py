"""The whole road, run once for all tests: train and convert every model into one artifacts folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import filelock
import pytest
from tinyml_pipeline.project import Project

ROOT = Path(__file__).parents[2]


def tinyml(artifacts: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as a person starts it, in a process of its own."""
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "--artifacts", str(artifacts), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """artifacts/ after `tinyml train` and `tinyml convert`; shared by the workers of one run, so read only."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "road"
    with filelock.FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            for verb in ("train", "convert"):
                done = tinyml(folder, verb)
                assert done.returncode == 0, done.stderr
                (folder / f"{verb}.txt").write_text(done.stdout)
            (folder / "done").touch()
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return Project.find(Path())
