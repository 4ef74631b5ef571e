"""The documentation against the program: every command in it parses, every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from tinyml_pipeline.cli import main

from tests.documentation import PAGES, ROOT, RefusedError, ShellLine, check, reference, shell_lines

COMMANDS = sorted(main.commands)
NEW_PROJECT = ROOT / "pipeline/tinyml_pipeline/workflow/new_project/README.md"


@pytest.mark.parametrize("page", [*PAGES, NEW_PROJECT], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_a_page_parses(page: Path) -> None:
    for line in shell_lines(page):
        check(line)


def test_the_pages_have_commands() -> None:
    """The search above finds what it is meant to find."""
    readme = {line.text for line in shell_lines(ROOT / "README.md")}
    assert {"tinyml train linear", "tinyml verify linear --board sim-uno", "make docs"} <= readme
    used = {line.text.split()[1] for page in PAGES for line in shell_lines(page) if line.text.startswith("tinyml ")}
    assert set(COMMANDS) - used == set(), "every command is shown somewhere"


@pytest.mark.parametrize(
    "text",
    [
        "tinyml trian linear",
        "tinyml train linear --epoch 3",
        "tinyml train --epochs many",
        "tinyml verify linear",
        "tinyml verify linear --board unno",
        "tinyml convert linaer",
        "tinyml compile linear --optimize fast",
        "make trian",
    ],
)
def test_a_wrong_command_is_found(text: str) -> None:
    with pytest.raises(RefusedError, match=r"^page\.md: "):
        check(ShellLine("page.md", text))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_reference_with_an_example_that_parses(command: str) -> None:
    page = reference.commands_text()
    (section,) = [part for part in page.split("\n### ") if part.startswith(f"tinyml {command} {{")]
    (example,) = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    for line in example.splitlines():
        check(ShellLine("help", line))
    for parameter in main.commands[command].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert all(option in section for option in parameter.opts), parameter.name


def test_help_cannot_break_the_page() -> None:
    said = "One <b> | two: [a](b) *c* see 'tinyml boards'.\n\nExample: tinyml x"
    command = click.Command("x", help=said, params=[click.Option(["--y"], help="a | b")])
    text = reference._command(command, click.Context(main, info_name="tinyml"))
    assert "One &lt;b&gt; \\| two: \\[a](b) \\*c\\* see `tinyml boards`." in text
    assert "| `--y TEXT` | a \\| b |" in text
    assert "```\ntinyml x\n```" in text


def test_commands_take_the_place_of_what_a_file_says() -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    assert "tinyml lr-find" not in page
    assert "### tinyml lr-find" in reference.COMMANDS.sub(lambda _: reference.commands_text(), page)


LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_of_the_repository(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.findall(text):
        if "://" not in link and not link.startswith("#"):
            assert (page.parent / link.partition("#")[0]).is_file(), link


@pytest.mark.parametrize(
    ("page", "link", "moved"),
    [
        ("index.md", "[x](docs/boards.md)", "[x](boards.md)"),
        ("index.md", "![x](docs/parity.png)", "![x](parity.png)"),
        ("index.md", "[x](artifacts/README.md)", "[x](files.md)"),
        ("design.md", "[x](../CONTRIBUTING.md#how-to-add-an-operator)", "[x](contributing.md#how-to-add-an-operator)"),
        ("design.md", "[x](../firmware/protocol/PROTOCOL.md)", "[x](protocol.md)"),
        ("how-to/ci.md", "[x](../api.md#errors)", "[x](../api.md#errors)"),
        ("how-to/ci.md", "[x](../../README.md)", "[x](../index.md)"),
        ("contributing.md", "[x](docs/how-to/ci.md)", "[x](how-to/ci.md)"),
        ("changelog.md", "[x](https://semver.org/)", "[x](https://semver.org/)"),
        ("changelog.md", "[x](#unreleased)", "[x](#unreleased)"),
    ],
)
def test_links_between_files_become_links_between_pages(page: str, link: str, moved: str) -> None:
    assert reference.links_for_the_site(link, page) == moved
