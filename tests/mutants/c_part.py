"""Mutants of C, made by universalmutator: a seeded sample, each built and run against the closest tests.

A mutant counts if the project's own flags compile it and GCC makes other machine code of it than of the original.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.mutants.parts import Part
from tests.mutants.survivor import Mutant
from tests.protocol import device_side

REPOSITORY = Path(__file__).parents[2]
SEED = 9
RULES = ["universal.rules", "c_like.rules", "c.rules"]
# A mutant that never answers is killed as one that answers wrongly; the original takes seconds.
_LIMIT_S = 300
_NOTHING, _KILLED, _SURVIVED = "nothing", "killed", "survived"
_PASSED = 0


def run(name: str, part: Part, jobs: int, sample: int, *, only_survivors: bool) -> list[Mutant]:
    """The survivors of a sample of that size; prints each verdict. What has been run already is taken from the log."""
    log = REPOSITORY / "build" / "mutants" / name / f"{_fingerprint(part)}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    known = _read(log, without=_SURVIVED if only_survivors else "")
    # Every child has them from its parent.
    import pytest  # noqa: F401

    import tests.protocol.test_protocol  # noqa: F401

    print(f"{name}: the tests on the code as it is", flush=True)
    if _verdict_of_tests(REPOSITORY / "firmware") != _PASSED:
        raise SystemExit(f"{name}: {', '.join(part.tests)} fail on the code as it is; correct that first.")
    survivors: list[Mutant] = []
    counted = tried = 0
    with (
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool,
    ):
        judge = partial(_judge, known, {file: _compile(REPOSITORY, file, Path(scratch)) for file in _files(part)})
        waiting = _order(part)
        while counted < sample and (batch := list(itertools.islice(waiting, 2 * jobs))):
            for mutant, verdict in zip(batch, pool.map(judge, batch), strict=True):
                tried += 1
                if _key(mutant) not in known:
                    with log.open("a") as file:
                        file.write(json.dumps([_key(mutant), verdict]) + "\n")
                if verdict == _NOTHING or counted == sample:
                    continue
                counted += 1
                if verdict == _SURVIVED:
                    survivors.append(mutant)
                print(f"{counted}/{sample} {verdict} {mutant.file}: {mutant.place}", flush=True)
    print(
        f"{name}: {counted} mutants, {counted - len(survivors)} killed;"
        f" {tried - counted} more do not compile without a warning, or compile to the same machine code"
    )
    return survivors


def _judge(known: dict[str, str], machine_code: dict[str, bytes | None], mutant: Mutant) -> str:
    return known.get(_key(mutant)) or _run_one(mutant, machine_code[mutant.file])


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


def _order(part: Part) -> Iterator[Mutant]:
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
    for file, number, was, becomes in found:
        yield Mutant(file, f"line {number}", was.strip(), becomes.strip("\n"))


def _key(mutant: Mutant) -> str:
    return json.dumps([mutant.file, mutant.place, mutant.becomes])


def _read(log: Path, without: str) -> dict[str, str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return {key: verdict for key, verdict in map(json.loads, lines) if verdict != without}


def _run_one(mutant: Mutant, original: bytes | None) -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "firmware" / "protocol"
        copy.mkdir(parents=True)
        for path in (REPOSITORY / "firmware" / "protocol").iterdir():
            (copy / path.name).write_bytes(path.read_bytes())
        changed = Path(folder) / mutant.file
        lines = changed.read_text().splitlines(keepends=True)
        lines[int(mutant.place.removeprefix("line ")) - 1] = f"{mutant.becomes}\n"
        changed.write_text("".join(lines))
        code = _compile(Path(folder), mutant.file, Path(folder))
        if code is None or code == original:
            return _NOTHING
        return _SURVIVED if _verdict_of_tests(Path(folder) / "firmware") == _PASSED else _KILLED


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


def _verdict_of_tests(firmware: Path) -> int:
    """The exit code of the tests of a device that is built with GCC; other than 0 also if it crashes or hangs."""
    child = multiprocessing.get_context("fork").Process(target=_run_tests, args=(firmware,))
    child.start()
    child.join(_LIMIT_S)
    if child.exitcode is None:
        child.kill()
        child.join()
    return -signal.SIGKILL if child.exitcode is None else child.exitcode


def _run_tests(firmware: Path) -> None:
    import pytest

    device_side.FIRMWARE = firmware
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    tests = str(REPOSITORY / "tests" / "protocol")
    os._exit(int(pytest.main([tests, "-x", "-q", "-k", "gcc", "-p", "no:cacheprovider", "-p", "no:xdist"])))
