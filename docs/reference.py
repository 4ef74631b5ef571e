"""The reference pages that come from the program itself: operators.md and commands.md.

`python docs/reference.py` writes docs/operators.md, which is committed; a test holds it against the compiler. The
commands' help is put in the place of COMMANDS when the site is built, for which this module is a hook of mkdocs. It
also adds the pages that lie elsewhere in the repository, and turns links between files into links between pages.
"""

from __future__ import annotations

import inspect
import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
OPERATORS = ROOT / "docs" / "operators.md"
COMMANDS = re.compile(r"<!-- commands -->.*<!-- end of commands -->", re.DOTALL)
_EXAMPLE = re.compile(r"Example: (.*)", re.DOTALL)


def operators_page() -> str:
    """Every operator that the compiler takes, with the first sentence of the module that reads it."""
    from tinyml_pipeline.compiler.operators import describe_operator, supported_operators

    rows = [f"| {name} | {describe_operator(name).replace('|', chr(92) + '|')} |" for name in supported_operators()]
    return f"{_OPERATORS_HEAD}{chr(10).join(rows)}\n"


_OPERATORS_HEAD = """# Operators

Written by `python docs/reference.py`; do not edit.

`tinyml compile` turns every full int8 `.tflite` file into C if it consists of these operators. All of them give the
bytes that TFLM gives, on every target. A model with any other operator is refused, and the message names the operator
and its position in the model; so is an option or a shape that has no exact form. `tinyml compile --explain` prints the
kernel that each operator gets on a target, and why the other kernels were not taken.

| operator | what is supported |
|---|---|
"""


def commands_text() -> str:
    """Markdown of all commands, by section: usage, help, example, arguments and options, as click has them."""
    from tinyml_pipeline.cli.main import SECTIONS, main

    parent = click.Context(main, info_name="tinyml")
    parts = [_contents(SECTIONS), "## Options before the command", _table(main, parent)]
    for heading, commands in SECTIONS.items():
        parts.append(f"## {heading}")
        parts.extend(_command(command, parent) for command in commands)
    return "\n\n".join(parts)


def _contents(sections: Any) -> str:
    rows = ["| | command | |", "|---|---|---|"]
    for heading, commands in sections.items():
        for number, command in enumerate(commands):
            first = heading if number == 0 else ""
            rows.append(f"| {first} | [`tinyml {command.name}`](#{_anchor(command)}) | {_first_sentence(command)} |")
    return "\n".join(rows)


def _anchor(command: click.Command) -> str:
    return f"tinyml-{command.name}"


def _first_sentence(command: click.Command) -> str:
    text = _paragraphs(command)[0]
    return _prose(re.split(r"[:;]|\.\s|\.$", text)[0])


def _paragraphs(command: click.Command) -> list[str]:
    return inspect.cleandoc(command.help or "").replace("\b\n", "").split("\n\n")


def _command(command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=command.name, parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"### tinyml {command.name} {{ #{_anchor(command)} }}"]
    for paragraph in _paragraphs(command):
        example = _EXAMPLE.match(paragraph)
        parts.append(f"```\n{inspect.cleandoc(example[1])}\n```" if example else _prose(" ".join(paragraph.split())))
    return "\n\n".join([*parts, f"Usage: `{usage}`", _table(command, context)])


def _table(command: click.Command, context: click.Context) -> str:
    """`--help` stands in the page's introduction."""
    records = [record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))]
    records = [(option, text) for option, text in records if text and option != "--help"]
    rows = [f"| `{option.replace('|', chr(92) + '|')}` | {_prose(text)} |" for option, text in records]
    return "\n".join(["| option | |", "|---|---|", *rows])


def _prose(text: str) -> str:
    """What help says in plain text, as Markdown: nothing in it is markup, but what it quotes is code."""
    text = escape(text, quote=False).replace("|", "\\|").replace("[", "\\[").replace("*", "\\*")
    return re.sub(r"'(tinyml [^']*)'", r"`\1`", text)


# Pages that lie elsewhere in the repository, by their place on the site.
INCLUDED = {
    "index.md": "README.md",
    "files.md": "artifacts/README.md",
    "protocol.md": "firmware/protocol/PROTOCOL.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(\))")


def on_files(files: Any, config: Any) -> Any:
    """mkdocs calls this with the files of docs/: those of INCLUDED join them."""
    from mkdocs.structure.files import File

    for page, source in INCLUDED.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """mkdocs calls this for every page."""
    markdown = COMMANDS.sub(lambda _: commands_text(), markdown)
    return links_for_the_site(markdown, page.file.src_uri)


def links_for_the_site(markdown: str, page: str) -> str:
    """Links between files of the repository, which work there as they are, as links between pages of the site."""
    source = INCLUDED.get(page, f"docs/{page}")
    pages = {place: name for name, place in INCLUDED.items()}

    def moved(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[2]))
        target = pages.get(place, place.removeprefix("docs/"))
        return f"{found[1]}{posixpath.relpath(target, posixpath.dirname(page) or '.')}{found[3] or ''}{found[4]}"

    return _LINK.sub(moved, markdown)


if __name__ == "__main__":
    OPERATORS.write_text(operators_page(), encoding="utf-8")
