"""mutmut in a copy of the repository, its working directory: make mutants, leave out texts of messages, run the rest.

A program of its own: mutmut imports the mutated package and the copied tests, which must not be loaded already.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

sys.path = [entry for entry in sys.path if entry and Path(entry).resolve() != Path(__file__).resolve().parent]

from mutmut import __main__ as mutmut  # noqa: E402
from mutmut.mutation.diff_apply import read_functions_from_index  # noqa: E402

SKIPPED = 34  # mutmut's exit code of it


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


def main(jobs: int) -> None:
    mutmut.set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.create_mutants(jobs)
    _leave_out_messages()
    mutmut._run([], jobs)


if __name__ == "__main__":
    main(int(sys.argv[1]))
