"""One process that collects the tests, runs them on the code as it is, then forks for each mutant."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pytest

SURVIVED, KILLED, NO_TESTS = 0, 1, 33
"""Exit codes, mutmut's own; a signal's number, negative, stands for a crash or too much time."""

# A mutant may run in circles, or wait for a device without end. How long the tests take on the code as it is was
# measured on the same machine; the limit is far beyond that, so that no verdict depends on the machine's speed.
_LEAST_LIMIT_S, _LIMIT_FACTOR = 20.0, 6.0


@dataclass(frozen=True)
class Trial:
    """One mutant. `keep` is told its exit code; `function` is the changed one, of which only the callers run.

    `enter` is called in the fork: it changes the code, or gives an exit code where there is nothing to run.
    """

    keep: Callable[[int], None]
    enter: Callable[[], int | None]
    function: str | None = None


@dataclass
class _Child:
    trial: Trial
    ends_at: float


@dataclass
class OneProcess:
    """A plugin of pytest. The quickest tests of a mutant run first, up to the first that fails.

    Among `trials` None stands for 'wait until one has ended'.
    """

    jobs: int
    trials: Iterable[Trial | None] = ()
    tests: dict[str, set[str]] = field(default_factory=dict)
    """Function -> the tests that call it."""
    took_s: dict[str, float] = field(default_factory=dict)
    running: dict[int, _Child] = field(default_factory=dict)

    def watch(self, run: Callable[[], None]) -> set[str]:
        """Run a test on the code as it is; which functions it called."""
        run()
        return set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item, after in zip(session.items, [*session.items[1:], None], strict=True):
            start = time.monotonic()
            called = self.watch(lambda item=item, after=after: _run(item, after))  # type: ignore[misc]
            self.took_s[item.nodeid] = time.monotonic() - start
            for function in called:
                self.tests.setdefault(function, set()).add(item.nodeid)
        if not session.testsfailed:
            try:
                self._run_trials(session.items)
            finally:
                for child in self.running:
                    _kill(child)
        return True

    def _run_trials(self, items: Sequence[pytest.Item]) -> None:
        quickest_first = sorted(items, key=lambda item: (self.took_s[item.nodeid], item.nodeid))
        for trial in self.trials:
            if trial is None:
                self._wait()
                continue
            names = self.took_s if trial.function is None else self.tests.get(trial.function, ())
            chosen = [item for item in quickest_first if item.nodeid in names]
            if not chosen:
                trial.keep(NO_TESTS)
                continue
            while len(self.running) >= self.jobs:
                self._wait()
            self._start(trial, chosen)
        while self.running:
            self._wait()

    def _start(self, trial: Trial, items: Sequence[pytest.Item]) -> None:
        limit_s = _LEAST_LIMIT_S + _LIMIT_FACTOR * sum(self.took_s[item.nodeid] for item in items)
        child = os.fork()
        if child == 0:
            code = KILLED
            try:
                os.setpgid(0, 0)
                resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s), int(limit_s)))
                found = trial.enter()
                code = found if found is not None else KILLED if _fails(items) else SURVIVED
            finally:
                os._exit(code)
        self.running[child] = _Child(trial, time.monotonic() + limit_s)

    def _wait(self) -> None:
        """Until a child has ended, or its time is over."""
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended in self.running:
                self.running.pop(ended).trial.keep(os.waitstatus_to_exitcode(status))
                return
            for number, child in self.running.items():
                if time.monotonic() > child.ends_at:
                    _kill(number)
            time.sleep(0.005)


def _run(item: pytest.Item, after: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)


def _fails(items: Sequence[pytest.Item]) -> bool:
    """Run tests that this process's parent has run before, up to the first that fails."""
    for item, after in zip(items, [*items[1:], None], strict=True):
        item._initrequest()  # type: ignore[attr-defined]  # it has the fixtures of the first time
        _run(item, after)
        if item.session.testsfailed:
            return True
    return False


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


@contextlib.contextmanager
def quiet(log: Path) -> Iterator[TextIO]:
    """What pytest and the tests print goes to `log`; gives the true standard output."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w") as out, log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield out
        finally:
            sys.stdout.flush()
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
