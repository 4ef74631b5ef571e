"""What `tinyml new` writes, trained and converted; and trained again when the file with the data has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline import provenance
from tinyml_pipeline.project import Project

from tests.workflow.importing import run
from tests.workflow.test_new_model import save, soil


@pytest.mark.slow
def test_from_a_file_to_int8_and_again_when_the_file_changes(project: Project) -> None:
    lines = soil(60)
    save(lines)
    assert run("new", "m", "--from", "d.csv", "--target", "wet").exit_code == 0
    spec = Path("models/m.py")
    spec.write_text(spec.read_text().replace("epochs=300,", "epochs=30,"))
    assert run("train", "m").exit_code == 0
    done = run("convert", "m")
    assert done.exit_code == 0, done.output
    assert "raw: " in done.stdout
    assert "255 of 256 steps" in done.stdout, "each input has a scale of its own"
    assert "up to date" in run("train", "m").stdout
    save([*lines, *soil(10)[1:]])
    assert "up to date" not in run("train", "m").stdout


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"1")
    first, second, missing = provenance.file_digests([tmp_path / "a", str(tmp_path / "b"), tmp_path / "c"])
    assert first == second != missing == ""
    (tmp_path / "a").write_bytes(b"2")
    assert provenance.file_digests([tmp_path / "a"]) != [first]
