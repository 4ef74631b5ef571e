"""Mutants of Python modules, made and run by mutmut 3.8 in a copy below build/mutants/."""

from __future__ import annotations

import filecmp
import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.parts import Part
from tests.mutants.survivor import Mutant, changed_lines

REPOSITORY = Path(__file__).parents[2]
# mutmut knows the layout with src/ only: pipeline/ has that name in the copy.
_COPIED = {"pipeline": "src", "firmware": "firmware", "tests": "tests"}
_SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {sources}
also_copy = ["firmware", "conftest.py"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist"]
pytest_add_cli_args_test_selection = {tests}
timeout_constant = 5.0
use_git_change_detection = false
track_dependencies = false

[tool.pytest.ini_options]
pythonpath = ["src"]
markers = ["slow"]
"""
# The same examples for every mutant, and no verdict that depends on the machine's speed. mutmut 3.8 reads an item's
# `_nodeid`, which pytest 9.2 no longer has.
_CONFTEST = """
from hypothesis import settings


def pytest_itemcollected(item):
    item._nodeid = item.nodeid


settings.register_profile("mutants", derandomize=True, deadline=None, database=None)
settings.load_profile("mutants")
"""
_SURVIVED, _NO_TESTS, _LEFT_OUT = 0, (5, 33), 34


def run(name: str, part: Part, jobs: int, *, only_survivors: bool) -> list[Mutant]:
    """The survivors; prints counts. A run that was interrupted goes on, unless code or tests have changed since."""
    folder = REPOSITORY / "build" / "mutants" / name
    fingerprint = _fingerprint(part)
    kept = folder / "fingerprint"
    if not only_survivors and folder.exists() and (not kept.exists() or kept.read_text() != fingerprint):
        shutil.rmtree(folder)
    _copy(folder)
    kept.write_text(fingerprint)
    sources = [source.replace("pipeline/", "src/", 1) for source in part.sources]
    settings = _SETTINGS.format(sources=json.dumps(sources), tests=json.dumps(part.tests))
    (folder / "pyproject.toml").write_text(settings)
    (folder / "conftest.py").write_text(_CONFTEST)
    if only_survivors:
        _forget_survivors(folder)
    program = str(folder / "tests" / "mutants" / "run_mutmut.py")
    subprocess.run([sys.executable, "-u", program, str(jobs)], cwd=folder, check=True)
    return _verdicts(name, folder)


def _fingerprint(part: Part) -> str:
    digest = hashlib.sha256()
    for pattern in (*part.sources, *part.tests):
        for path in sorted(REPOSITORY.glob(pattern)):
            for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _copy(folder: Path) -> None:
    """Only what has changed, with the time of now: mutmut mutates again what is newer than its mutants."""
    for source, target in _COPIED.items():
        for path in (REPOSITORY / source).rglob("*"):
            copy = folder / target / path.relative_to(REPOSITORY / source)
            if path.is_file() and "__pycache__" not in path.parts:
                copy.parent.mkdir(parents=True, exist_ok=True)
                if not copy.exists() or not filecmp.cmp(path, copy, shallow=False):
                    shutil.copyfile(path, copy)


def _results(folder: Path) -> Iterator[tuple[Path, dict[str, int | None]]]:
    for path in sorted((folder / "mutants" / "src").rglob("*.meta")):
        yield path, json.loads(path.read_text())["exit_code_by_key"]


def _forget_survivors(folder: Path) -> None:
    for path, codes in _results(folder):
        fields = json.loads(path.read_text())
        again = {key: None if code in (_SURVIVED, *_NO_TESTS) else code for key, code in codes.items()}
        path.write_text(json.dumps({**fields, "exit_code_by_key": again}))


def _verdicts(name: str, folder: Path) -> list[Mutant]:
    counts: Counter[str] = Counter()
    survivors = []
    for path, codes in _results(folder):
        file = path.relative_to(folder / "mutants").with_suffix("")
        for key, code in codes.items():
            if code is None:
                raise SystemExit(f"{name}: {key} has not been run; run the goal again, it goes on from here.")
            counts["texts" if code == _LEFT_OUT else "mutants"] += 1
            if code in (_SURVIVED, *_NO_TESTS):
                survivors.append(_describe(folder, file, key))
    killed = counts["mutants"] - len(survivors)
    print(f"{name}: {counts['mutants']} mutants, {killed} killed; {counts['texts']} more change texts of messages only")
    return survivors


def _describe(folder: Path, file: Path, key: str) -> Mutant:
    """From the file of spans that mutmut writes beside each mutated file."""
    mutated = folder / "mutants" / file
    spans = json.loads(mutated.with_name(f"{mutated.name}.spans").read_text())["spans"]
    lines = mutated.read_text().splitlines()
    name = key.rpartition(".")[2]
    stem = name.partition("__mutmut_")[0]
    texts = []
    for function in (f"{stem}__mutmut_orig", name):
        first, last = spans[function]
        texts.append("\n".join(lines[first - 1 : last]).replace(function, stem))
    place = stem.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return Mutant(str(file).replace("src/", "pipeline/", 1), place, *changed_lines(*texts))
