"""The command: it lists, refuses by name, draws the same bytes twice, and makes the page that stands in docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.lessons.catalog import lesson_names, load_lesson
from pipeline.workflow import lesson as teaching

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?")


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--artifacts", str(root), "lesson", *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    result = run(folder / "artifacts", "--docs", str(folder / "docs"))
    assert result.output == f"written: {folder}/docs/lessons.md and {len(lesson_names())} pictures\n"
    return folder / "docs"


def test_every_lesson_is_found_without_a_list() -> None:
    assert lesson_names() == [
        "activations",
        "batches",
        "descent",
        "dropout",
        "early-stopping",
        "forward",
        "gradients",
        "learning-rate",
        "losses",
        "overfit",
        "parameters",
        "units",
    ]
    assert all(load_lesson(name).name == name for name in lesson_names())


def test_without_a_name_it_lists(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert all(name in result.output for name in lesson_names())
    assert not list(tmp_path.iterdir())


def test_an_unknown_lesson_names_the_nearest(tmp_path: Path) -> None:
    result = run(tmp_path, "desent")
    assert result.exit_code == 2
    assert result.stderr == "tinyml: there is no lesson 'desent'. Did you mean 'descent'?\n"
    assert not list(tmp_path.iterdir())


def test_a_lesson_prints_and_draws_the_same_twice(tmp_path: Path) -> None:
    outputs, pictures = [], []
    for _ in range(2):
        outputs.append(run(tmp_path, "forward").output)
        pictures.append([(tmp_path / "lessons" / f"forward.{kind}").read_bytes() for kind in ("png", "svg")])
    assert outputs[0] == outputs[1]
    assert pictures[0] == pictures[1]
    assert "1.24" in outputs[0]


def test_names_and_docs_do_not_go_together(tmp_path: Path) -> None:
    result = run(tmp_path, "forward", "--docs", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == "tinyml: --docs makes the page of all lessons; give no names with it.\n"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = teaching.tell(["forward"], tmp_path / "artifacts")
    with pytest.raises(teaching.ArtifactsError, match=r"file cannot be written \(.*\)\. Give --docs another folder\."):
        teaching.write_page(told, tmp_path / "file")


def test_the_page_in_docs_is_what_the_command_makes(page: Path) -> None:
    """Words exactly; numbers within 5 %: processors round sums differently, and training makes more of it."""
    made, kept = ((folder / "lessons.md").read_text() for folder in (page, DOCS))
    assert NUMBER.sub("#", made) == NUMBER.sub("#", kept)
    for new, old in zip(NUMBER.findall(made), NUMBER.findall(kept), strict=True):
        assert float(new.replace(",", "")) == pytest.approx(float(old.replace(",", "")), rel=0.05, abs=0.11)


def test_every_picture_of_the_page_is_in_docs(page: Path) -> None:
    """By name and about the same size: other fonts and processors move single pixels."""
    made, kept = (sorted((folder / "lessons").glob("*.png")) for folder in (page, DOCS))
    assert [path.name for path in made] == [path.name for path in kept] == [f"{name}.png" for name in lesson_names()]
    for new, old in zip(made, kept, strict=True):
        assert new.stat().st_size == pytest.approx(old.stat().st_size, rel=0.1)
        assert new.read_bytes()[16:24] == old.read_bytes()[16:24]  # width and height
