"""Mutants of Python modules, made and run by mutmut 3.8 in a copy below build/mutants/."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
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
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "-k", {chosen}]
pytest_add_cli_args_test_selection = {tests}
track_dependencies = false

[tool.pytest.ini_options]
pythonpath = ["src"]
markers = ["slow"]
"""
# The same examples for every mutant, and no verdict that depends on the machine's speed. TensorFlow takes as long to
# start as hundreds of mutants.
_CONFTEST = """
from hypothesis import Phase, settings


def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "keras_process" not in item.fixturenames]


settings.register_profile(
    "mutants", derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("mutants")
"""
# mutmut changes no function that has a decorator: in the copy these are applied in a line of their own.
_DECORATED = re.compile(r"^( *)@(property|cache|contextlib\.contextmanager)\n\1def (\w+)\(", re.MULTILINE)
_PREFIX = "_undecorated_"
_SURVIVED, _NO_TESTS, _LEFT_OUT = 0, (5, 33), 34


def run(name: str, part: Part, jobs: int, sample: int, *, only_survivors: bool) -> list[Mutant]:
    """The survivors, of all mutants or of a seeded sample of that size; prints counts.

    A run that was interrupted goes on, unless code or tests have changed since.
    """
    folder = REPOSITORY / "build" / "mutants" / name
    fingerprint = _fingerprint(part)
    kept = folder / "fingerprint"
    if not only_survivors and folder.exists() and (not kept.exists() or kept.read_text() != fingerprint):
        shutil.rmtree(folder)
    sources = [path for pattern in part.sources for path in sorted(REPOSITORY.glob(pattern))]
    _copy(folder, sources)
    kept.write_text(fingerprint)
    patterns = [source.replace("pipeline/", "src/", 1) for source in part.sources]
    settings = _SETTINGS.format(
        sources=json.dumps(patterns), tests=json.dumps(part.tests), chosen=json.dumps(part.chosen)
    )
    (folder / "pyproject.toml").write_text(settings)
    (folder / "conftest.py").write_text(_CONFTEST)
    if only_survivors:
        _forget_survivors(folder)
    program = str(folder / "tests" / "mutants" / "run_mutmut.py")
    if subprocess.run([sys.executable, "-u", program, str(jobs), str(sample)], cwd=folder).returncode != 0:
        raise SystemExit(f"{name}: not all mutants were run.")
    return _verdicts(name, folder, is_sample=sample > 0)


def _fingerprint(part: Part) -> str:
    digest = hashlib.sha256()
    for pattern in (*part.sources, *part.tests):
        for path in sorted(REPOSITORY.glob(pattern)):
            for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _copy(folder: Path, sources: Collection[Path]) -> None:
    """Only what has changed, with the time of now: mutmut mutates again what is newer than its mutants."""
    for source, target in _COPIED.items():
        for path in (REPOSITORY / source).rglob("*"):
            copy = folder / target / path.relative_to(REPOSITORY / source)
            if path.is_file() and "__pycache__" not in path.parts:
                copy.parent.mkdir(parents=True, exist_ok=True)
                data = undecorated(path.read_text()).encode() if path in sources else path.read_bytes()
                if not copy.exists() or copy.read_bytes() != data:
                    copy.write_bytes(data)


def undecorated(source: str) -> str:
    """The same module with its properties, cached functions and context managers as functions without a decorator."""

    def split(found: re.Match[str]) -> str:
        indent, decorator, name = found.groups()
        call = f"lambda self: self.{_PREFIX}{name}()" if indent else f"lambda *a, **k: {_PREFIX}{name}(*a, **k)"
        return f"{indent}{name} = {decorator}({call})\n\n{indent}def {_PREFIX}{name}("

    return _DECORATED.sub(split, source)


def _results(folder: Path) -> Iterator[tuple[Path, dict[str, int | None]]]:
    for path in sorted((folder / "mutants" / "src").rglob("*.meta")):
        yield path, json.loads(path.read_text())["exit_code_by_key"]


def _forget_survivors(folder: Path) -> None:
    for path, codes in _results(folder):
        fields = json.loads(path.read_text())
        again = {key: None if code in (_SURVIVED, *_NO_TESTS) else code for key, code in codes.items()}
        path.write_text(json.dumps({**fields, "exit_code_by_key": again}))


def _verdicts(name: str, folder: Path, *, is_sample: bool) -> list[Mutant]:
    counts: Counter[str] = Counter()
    survivors = []
    for path, codes in _results(folder):
        file = path.relative_to(folder / "mutants").with_suffix("")
        for key, code in codes.items():
            if code is None and is_sample:
                counts["not run"] += 1
                continue
            if code is None:
                raise SystemExit(f"{name}: {key} has not been run; run the goal again, it goes on from here.")
            counts["texts" if code == _LEFT_OUT else "mutants"] += 1
            if code in (_SURVIVED, *_NO_TESTS):
                survivors.append(_describe(folder, file, key))
    killed = counts["mutants"] - len(survivors)
    whole = f" (a sample of {counts['mutants'] + counts['not run']})" if is_sample else ""
    print(
        f"{name}: {counts['mutants']} mutants{whole}, {killed} killed; {counts['texts']} more change texts of messages"
        " only"
    )
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
    place = stem.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".").replace(_PREFIX, "")
    return Mutant(str(file).replace("src/", "pipeline/", 1), place, *changed_lines(*texts))
