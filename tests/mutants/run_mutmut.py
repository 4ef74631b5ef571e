"""mutmut in a copy of the repository, its working directory: make mutants, leave out texts of messages, run the rest.

A program of its own: mutmut imports the mutated package and the copied tests, which must not be loaded already.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import io
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

sys.path = [entry for entry in sys.path if entry and Path(entry).resolve() != Path(__file__).resolve().parent]

import pytest  # noqa: E402
from mutmut import __main__ as mutmut  # noqa: E402
from mutmut.mutation import trampoline  # noqa: E402
from mutmut.mutation.diff_apply import read_functions_from_index  # noqa: E402
from mutmut.state import state  # noqa: E402

SKIPPED = 34  # mutmut's exit code of it
SEED = 9


class _WithoutMessages(ast.NodeTransformer):
    """Blanks what only a person reads: arguments of a raised error, and texts of several words."""

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args, node.exc.keywords = [], []
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        words = (part.value for part in node.values if isinstance(part, ast.Constant))
        return ast.Constant("") if any(" " in str(word).strip() for word in words) else node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) and " " in node.value.strip() else node


def is_message_only(before: str, after: str) -> bool:
    """Whether the two functions differ in texts of messages only."""
    plain = (ast.dump(_WithoutMessages().visit(ast.parse(source))) for source in (before, after))
    return next(plain) == next(plain)


def _leave_out_messages() -> None:
    from libcst import Module

    for path in mutmut.walk_mutatable_files():
        data = mutmut.SourceFileMutationData(path=path)
        data.load()
        for name, code in data.exit_code_by_key.items():
            functions = read_functions_from_index(name, path) if code is None else None
            if functions and is_message_only(*(Module([function]).code for function in functions)):
                data.exit_code_by_key[name] = SKIPPED
        data.save()


def _set_mutant(name: str) -> None:
    """For this process by a variable: every call of a changed function looks there, and the environment is slow."""
    trampoline.set_mutant_under_test(name)
    trampoline.get_mutant_under_test = lambda: name


def _run(waiting: list[tuple[Any, str]], jobs: int, out: TextIO, arguments: list[str]) -> int:
    """pytest's exit code; `waiting` are mutants, each with mutmut's record of its file."""
    from tests.mutants.one_process import OneProcess, Trial

    class WithMutmut(OneProcess):
        def watch(self, run: Callable[[], None]) -> set[str]:
            state()._stats.clear()
            _set_mutant("stats")
            run()
            _set_mutant("")
            return set(state()._stats)

    def trial(data: Any, mutant: str) -> Trial:
        def keep(code: int) -> None:
            data.exit_code_by_key[mutant] = code
            data.save()

        return Trial(keep, lambda: _set_mutant(mutant), mutant.partition("__mutmut_")[0])

    def trials() -> Iterator[Trial]:
        _forget_cached_results()
        gc.freeze()
        for number, (data, mutant) in enumerate(waiting, 1):
            yield trial(data, mutant)
            if number % 25 == 0:
                print(f"{number} of {len(waiting)}", file=out, flush=True)

    return int(pytest.main(arguments, plugins=[WithMutmut(jobs, trials())]))


def _forget_cached_results() -> None:
    """Of functions with a cache: what the code as it is has answered is not what a mutant answers."""
    for found in gc.get_objects():
        if isinstance(found, functools._lru_cache_wrapper) and str(found.__module__).startswith("tinyml_pipeline"):
            found.cache_clear()


def main(jobs: int, sample: int) -> int:
    mutmut.set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        mutmut.copy_src_dir()
        mutmut.copy_also_copy_files()
    sys.path.insert(0, str(Path("mutants").resolve()))
    from tests.mutants.one_process import quiet

    log = Path("pytest.log").resolve()
    with quiet(log):
        mutmut.create_mutants(1)
        _leave_out_messages()
    mutmut.setup_source_paths()
    found, _ = mutmut.collect_source_file_mutation_data(mutant_names=())
    found = [one for one in found if one[2] != SKIPPED]
    random.Random(SEED).shuffle(found)  # what has been run at any time is a sample
    waiting = [(data, name) for data, name, code in found[: sample or None] if code is None]
    if not waiting:
        return 0
    for data, _ in waiting:
        data.meta_path = data.meta_path.resolve()
    config = mutmut.config()
    arguments = ["--rootdir=.", "--tb=native", *config.pytest_add_cli_args]
    os.chdir("mutants")
    with quiet(log) as out:
        code = _run(waiting, jobs, out, [*arguments, *config.pytest_add_cli_args_test_selection])
    if code != 0:
        print(f"the tests fail on the code as it is:\n{log.read_text(errors='replace')[-3000:]}")
    return code


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
