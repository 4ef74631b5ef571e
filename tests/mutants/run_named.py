"""Named mutants, each in a fork of one process that has loaded what every test needs, and nothing of this repository.

    python tests/mutants/run_named.py < a list of [name, file, text, what it becomes, tests, their names]

Its working directory is a copy of the repository. Prints {name: [pytest's exit code, the end of what it printed]} as
JSON; the name '' stands for the copy as it is.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import click  # noqa: F401
import flatbuffers  # noqa: F401
import hypothesis  # noqa: F401
import numpy as np  # noqa: F401
import pytest
import serial  # noqa: F401
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated  # noqa: F401


def run_tests(files: list[str], names: str) -> tuple[int, str]:
    """In a fork; the exit code and the end of the output."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            code = 99
            try:
                code = int(pytest.main(["-o", "addopts=", "-x", "-q", "-p", "no:cacheprovider", *files, "-k", names]))
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode(errors="replace")[-2000:]


def main() -> None:
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    mutants = json.load(sys.stdin)
    every = " or ".join(f"({names})" for *_, names in mutants)
    found = {"": run_tests(sorted({tests for *_, tests, _ in mutants}), every)}
    for number, (name, file, was, becomes, tests, names) in enumerate(mutants):
        path = Path(file)
        original = path.read_text()
        path.write_text(original.replace(was, becomes))
        os.utime(path, (number, number))  # else a compiled module of the same second and size would be taken for it
        found[name] = run_tests([tests], names)
        path.write_text(original)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
