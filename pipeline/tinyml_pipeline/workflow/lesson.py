"""`tinyml lesson`: run a lesson, write its pictures, and make the lessons' page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import folder_changes, provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import ArtifactsError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.folder_changes import Changes
from tinyml_pipeline.places import PACKAGE
from tinyml_pipeline.show.lessons.catalog import lesson_names, load_lesson
from tinyml_pipeline.show.report import plots

FOLDER = "lessons"
_PAGE_HEAD = """# Lessons

Made by `tinyml lesson --docs docs`; do not edit. Each lesson is also a command: `tinyml lesson descent` prints what
stands here and writes the picture as PNG and SVG into `artifacts/lessons/`.
"""


@dataclass(frozen=True)
class LessonRow:
    """One line of the list."""

    name: str
    summary: str


@dataclass(frozen=True)
class Told:
    """What a lesson says: a table, three sentences, and where its pictures lie."""

    name: str
    summary: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, str, str]
    pictures: tuple[str, ...]


def list_lessons() -> list[LessonRow]:
    """Every lesson and its summary; runs none."""
    return [LessonRow(name, load_lesson(name).summary) for name in lesson_names()]


def tell(names: Sequence[str], root: Path) -> list[Told]:
    """Run lessons in turn and publish each one's PNG and SVG in `root`/lessons/."""
    lessons = [load_lesson(name) for name in names]
    need_extra("plot", "a lesson")
    folder = ModelFolder(root, FOLDER)
    found = []
    with folder.locked():
        for lesson in lessons:
            sheet = lesson.run()
            figure = sheet.draw()
            files = {f"{lesson.name}.png": plots.to_png(figure), f"{lesson.name}.svg": plots.to_svg(figure)}
            facts = {"headings": sheet.headings, "rows": sheet.rows, "sentences": sheet.sentences}
            made_from = provenance.text_digest(PACKAGE / "show" / "lessons")
            folder.publish({lesson.name: (made_from, files, facts)}, provenance.environment())
            pictures = tuple(str(folder.path / name) for name in files)
            found.append(Told(lesson.name, lesson.summary, sheet.headings, sheet.rows, sheet.sentences, pictures))
    return found


def write_page(told: Sequence[Told], docs: Path) -> Path:
    """docs/lessons.md and docs/lessons/<name>.png of these lessons; the same text and pictures at every run.

    Each file is replaced in one step. Raises ArtifactsError as `check_docs` does.
    """
    page = docs / "lessons.md"
    files = {f"lessons/{lesson.name}.png": Path(lesson.pictures[0]).read_bytes() for lesson in told}
    files[page.name] = (_PAGE_HEAD + "".join(map(_section, told))).encode()
    check_docs(docs)
    try:
        folder_changes.add(docs, Changes(files, {}, ()))
    except OSError as error:
        raise _not_writable(docs, error) from None
    return page


def check_docs(docs: Path) -> None:
    """ArtifactsError if the page of all lessons would replace something that 'tinyml lesson' did not write."""
    page = docs / "lessons.md"
    try:
        is_ours = page.is_file() and page.read_bytes().startswith(_PAGE_HEAD.splitlines()[0].encode())
        for name in (page.name, *(f"lessons/{lesson}.png" for lesson in lesson_names())):
            reason = folder_changes.obstacle(docs, name)
            if reason is None and not is_ours and (docs / name).exists():
                reason = f"{docs / name} is not from 'tinyml lesson'"
            if reason is not None:
                raise ArtifactsError(f"{reason}. Nothing was changed; give --docs another folder.")
    except OSError as error:
        raise _not_writable(docs, error) from None


def _not_writable(docs: Path, error: OSError) -> ArtifactsError:
    return ArtifactsError(f"{docs} cannot be written ({error.strerror}). Give --docs another folder.")


def _section(lesson: Told) -> str:
    lines = ["", f"## {lesson.name}: {lesson.summary}", "", f"![{lesson.name}](lessons/{lesson.name}.png)", ""]
    lines += [_row(lesson.headings), _row(["---"] * len(lesson.headings)), *map(_row, lesson.rows), ""]
    lines += [f"- {sentence}".replace("*", "\\*") for sentence in lesson.sentences]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("*", "\\*") for cell in cells) + " |"
