"""Mutants of C, made by universalmutator: a seeded sample, each built and run against the closest tests.

A mutant counts if the project's own flags compile it and GCC makes other machine code of it than of the original.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.mutants.one_process import SURVIVED, OneProcess, Trial, quiet
from tests.mutants.parts import Part
from tests.mutants.survivor import Mutant
from tests.protocol import device_side

REPOSITORY = Path(__file__).parents[2]
SEED, SAMPLE = 9, 300
RULES = ["universal.rules", "c_like.rules", "c.rules"]
_NOTHING = 35
"""The exit code of a mutant that is none."""


def run(name: str, part: Part, jobs: int, sample: int, *, only_survivors: bool) -> list[Mutant]:
    """The survivors of a seeded sample of that size (0: 300); prints each verdict.

    What has been run already is taken from the log.
    """
    sample = sample or SAMPLE
    folder = REPOSITORY / "build" / "mutants" / name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{_fingerprint(part)}.jsonl"
    if only_survivors and not log.exists() and (earlier := sorted(folder.glob("*.jsonl"), key=_changed_at)):
        shutil.copyfile(earlier[-1], log)
    known = _read(log, without=SURVIVED if only_survivors else None)
    every = _in_order(part)
    codes: dict[Mutant, int] = {}
    # To look for the smallest input that fails takes longer than to find one.
    settings.register_profile("mutants", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    plugin = OneProcess(jobs)

    def counted() -> int:
        return sum(code != _NOTHING for code in codes.values())

    def trials(originals: dict[str, bytes | None]) -> Iterator[Trial | None]:
        for mutant in every:
            while counted() + len(plugin.running) >= sample:
                if not plugin.running:
                    return
                yield None
            if _key(mutant) in known:
                codes[mutant] = known[_key(mutant)]
            else:
                yield _trial(
                    mutant, originals[mutant.file], Path(scratch), lambda code, mutant=mutant: keep(mutant, code)
                )  # type: ignore[misc]

    def keep(mutant: Mutant, code: int) -> None:
        codes[mutant] = code
        with log.open("a") as file:
            file.write(json.dumps([_key(mutant), code]) + "\n")
        if code != _NOTHING:
            verdict = "survives" if code == SURVIVED else "killed"
            print(f"{counted()} of {sample} {verdict} {mutant.file}: {mutant.place}", file=out, flush=True)

    arguments = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", part.chosen, *part.tests]
    with tempfile.TemporaryDirectory() as scratch, quiet(folder / "pytest.log") as out:
        plugin.trials = trials({file: _compile(REPOSITORY, file, Path(scratch)) for file in _files(part)})
        failed = pytest.main([f"--rootdir={REPOSITORY}", *arguments], plugins=[plugin])
    if failed:
        raise SystemExit(f"{name}: {', '.join(part.tests)} fail on the code as it is: see {folder / 'pytest.log'}.")
    survivors = [mutant for mutant, code in codes.items() if code == SURVIVED]
    nothing = len(codes) - counted()
    print(
        f"{name}: {counted()} mutants, {counted() - len(survivors)} killed; {nothing} more do not compile without a"
        f" warning, or compile to the same machine code; {len(every)} in all"
    )
    return survivors


def _trial(mutant: Mutant, original: bytes | None, scratch: Path, keep: Callable[[int], None]) -> Trial:
    def enter() -> int | None:
        copy = Path(tempfile.mkdtemp(dir=scratch))
        _change(mutant, copy)
        code = _compile(copy, mutant.file, copy)
        if code is None or code == original:
            return _NOTHING
        device_side.FIRMWARE = copy / "firmware"
        return None

    return Trial(keep, enter)


def _files(part: Part) -> list[str]:
    paths = (path for pattern in part.sources for path in REPOSITORY.glob(pattern))
    return sorted(path.relative_to(REPOSITORY).as_posix() for path in paths)


def _fingerprint(part: Part) -> str:
    digest = hashlib.sha256(f"{SEED}".encode())
    for file in (*_files(part), "pipeline/tinyml_pipeline/host/device/protocol.py", "firmware/protocol/protocol.h"):
        digest.update((REPOSITORY / file).read_bytes())
    for test in part.tests:
        for path in sorted((REPOSITORY / test).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _in_order(part: Part) -> list[Mutant]:
    """Every mutant once, in an order that the seed fixes."""
    from universalmutator import mutator

    found = []
    for file in _files(part):
        lines = (REPOSITORY / file).read_text().splitlines(keepends=True)
        with contextlib.redirect_stdout(io.StringIO()):
            mutants = mutator.mutants_regexp(lines, RULES, ignorePatterns=[])
        for number, text, *_ in mutants:
            found.append((file, number, lines[number - 1], text))
    random.Random(SEED).shuffle(found)
    return [Mutant(file, f"line {number}", was.strip(), text.strip("\n")) for file, number, was, text in found]


def _key(mutant: Mutant) -> str:
    return json.dumps([mutant.file, mutant.place, mutant.becomes])


def _read(log: Path, without: int | None) -> dict[str, int]:
    lines = log.read_text().splitlines() if log.exists() else []
    return {key: code for key, code in map(json.loads, lines) if code != without}


def _changed_at(path: Path) -> float:
    return path.stat().st_mtime


def _change(mutant: Mutant, root: Path) -> None:
    """A copy of the sources in `root`, one line of them changed."""
    shutil.copytree(REPOSITORY / "firmware" / "protocol", root / "firmware" / "protocol")
    changed = root / mutant.file
    lines = changed.read_text().splitlines(keepends=True)
    lines[int(mutant.place.removeprefix("line ")) - 1] = f"{mutant.becomes}\n"
    changed.write_text("".join(lines))


def _compile(root: Path, file: str, scratch: Path) -> bytes | None:
    """The machine code of one source, optimized so that what changes nothing looks the same; None if it is refused."""
    stubs = scratch / "stubs"
    stubs.mkdir(exist_ok=True)
    device_side.write_stubs(stubs)
    to = scratch / "mutant.o"
    include = [f"-I{root / 'firmware' / 'protocol'}", f"-I{stubs}"]
    flags = [*device_side.WARNINGS, *device_side.DEFINES, "-O2", *include]
    done = subprocess.run(["gcc", *flags, "-c", root / file, "-o", to], capture_output=True)
    return to.read_bytes() if done.returncode == 0 else None
