"""The README's quick start, typed in an empty folder: what it prints, the C and the picture are those of the README."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from tests.documentation import FENCE, ROOT
from tests.firmware import board_here
from tests.lessons.test_page import ALLOWED, strange_pixels

README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
HASH = re.compile(r"\b[0-9a-f]{64}\b")
PROMPT, GAP = "$ ", "..."


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str]]]:
    """The folder, and of every command what the README shows and what it printed."""
    board_here("sim-uno")
    folder = tmp_path_factory.mktemp("quick-start")
    blocks = "".join(block for language, block in FENCE.findall(README) if language == "console")
    answers = []
    for part in blocks.removeprefix(PROMPT).split(f"\n{PROMPT}"):
        command, _, shown = part.partition("\n")
        words = [sys.executable, "-m", "tinyml_pipeline.cli", *shlex.split(command)[1:]]
        alone = {name: value for name, value in os.environ.items() if name != "TINYML_ARTIFACTS"}
        environment = {**alone, "COLUMNS": "80", "PYTHONPATH": str(ROOT / "pipeline")}
        done = subprocess.run(
            words, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        answers.append((shown, done.stdout))
    return folder, answers


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def same(shown: str, printed: str) -> bool:
    """Words exactly; numbers within 5 %, because processors round sums differently."""
    if NUMBER.sub("#", shown) != NUMBER.sub("#", printed):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(float(a.replace(",", "")) == pytest.approx(float(b.replace(",", "")), rel=0.05) for a, b in pairs)


def unlike(shown: str, printed: str) -> str:
    """The first line that is shown and not printed: lines follow each other, unless there is a gap between them."""
    rest, is_gap = lines_of(printed), True
    for line in lines_of(shown):
        if line == GAP:
            is_gap = True
            continue
        places = [at for at, candidate in enumerate(rest) if same(line, candidate)]
        if not places or not (is_gap or places[0] == 0):
            return line
        rest, is_gap = rest[places[0] + 1 :], False
    return ""


def test_it_prints_what_the_readme_shows(typed: tuple[Path, list[tuple[str, str]]]) -> None:
    _, answers = typed
    assert len(answers) >= 5
    for shown, printed in answers:
        assert not unlike(shown, printed), printed


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        ("a 1\nc", ""),
        ("...\nc\n...", ""),
        ("a 1.02\n...\nd 1,000", ""),
        ("a 1.2", "a 1.2"),
        ("a 1\nd 1,000", "d 1,000"),
        ("...\ne", "e"),
        ("c", ""),
    ],
)
def test_a_line_that_is_not_printed_is_found(shown: str, missing: str) -> None:
    assert unlike(shown, "a 1\n\n  c\nd   1,000\n") == missing


def test_the_c_is_that_of_the_readme(typed: tuple[Path, list[tuple[str, str]]]) -> None:
    """Its numbers come from training, which rounds differently on other processors."""
    (shown,) = (block for language, block in FENCE.findall(README) if language == "c")
    made = (typed[0] / "artifacts/linear/c/portable/linear.c").read_text()
    assert NUMBER.sub("#", HASH.sub("HASH", made)) == NUMBER.sub("#", HASH.sub("HASH", shown))


def test_the_picture_is_that_of_the_docs(typed: tuple[Path, list[tuple[str, str]]]) -> None:
    made, kept = imread(typed[0] / "artifacts/linear/parity.png"), imread(ROOT / "docs" / "parity.png")
    assert strange_pixels(made, kept) <= ALLOWED, "copy artifacts/linear/parity.png to docs/"
