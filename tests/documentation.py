"""What tests ask of the documentation: its pages, the commands in them, and the module that generates the reference."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import click
from tinyml_pipeline.boards.catalog import board_names
from tinyml_pipeline.cli import main
from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.models.catalog import model_names

ROOT = Path(__file__).parents[1]
PAGES = (*sorted((ROOT / "docs").rglob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:sudo )?(?:\.venv/bin/)?tinyml [^`]+|make [^`]+)`")
_SHELL_LANGUAGES = ("", "console", "sh", "yaml")
_PROGRAM = re.compile(r"(?:\$ |- run: |sudo )*(?:\.venv/bin/)?(tinyml|make)\s")


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = _reference()


@dataclass(frozen=True)
class ShellLine:
    """One command of a page, as somebody would type it."""

    page: str
    text: str
    is_mention: bool = False
    """In the text, where `tinyml verify` may be the command's name alone."""

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def shell_lines(page: Path) -> Iterator[ShellLine]:
    """Of code blocks and of code in the text; several commands on a line are several."""
    name, text = page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
    blocks = "\n".join(block for language, block in FENCE.findall(text) if language in _SHELL_LANGUAGES)
    prose = FENCE.sub("", text)
    indented = [line.strip() for line in prose.splitlines() if line.startswith("    ")]
    for line, is_mention in (*((line, False) for line in (*blocks.splitlines(), *indented)), *_mentions(prose)):
        for command in line.split(" && "):
            found = _PROGRAM.match(command.strip())
            if found is not None:
                yield ShellLine(name, command.strip()[found.start(1) :], is_mention)


def _mentions(prose: str) -> Iterator[tuple[str, bool]]:
    for found in _INLINE.findall(prose):
        yield " ".join(found.split()), True


def parse(line: ShellLine) -> None:
    """Raise what the program would for a command, an option, a value, a model or a board that does not exist.

    Words in capitals stand for the reader's own.
    """
    words = shlex.split(line.text, comments=True)[1:]
    if words == ["COMMAND", "--help"]:
        return
    group = main.make_context("tinyml", words, allow_extra_args=True)
    name, command, rest = main.resolve_command(group, [*group._protected_args, *group.args])
    assert command is not None
    if "--help" in rest or (line.is_mention and not rest):
        return
    context = command.make_context(name, rest, parent=group)
    boards = context.params.get("board") or context.params.get("boards") or ()
    for board in (boards,) if isinstance(boards, str) else boards:
        assert board.isupper() or board in board_names(), f"{line}: there is no board {board}"
    models = context.params.get("models") or context.params.get("model") or ()
    for model in (models,) if isinstance(models, str) else models:
        known = {*model_names(), "line", "gesture", "garden", "wave"}  # of `tinyml init` and of pages of how-to
        assert model.isupper() or "." in model or model in known, f"{line}: there is no model {model}"


class RefusedError(AssertionError):
    """A line of the documentation that the program would refuse."""


def check(line: ShellLine) -> None:
    """Raises RefusedError with the page and the line."""
    if line.text.startswith("make "):
        goals = re.search(r"^GOALS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert goals is not None
        wanted = [word for word in shlex.split(line.text, comments=True)[1:] if "=" not in word]
        unknown = set(wanted) - set(goals[1].split())
        if unknown:
            raise RefusedError(f"{line}: make has no goal {', '.join(sorted(unknown))}")
        return
    try:
        parse(line)
    except (click.ClickException, PipelineError, SystemExit, AssertionError, ValueError) as error:
        raise RefusedError(f"{line}: {error}") from error
    except click.exceptions.Exit:
        pass  # --version and --help answer at once
