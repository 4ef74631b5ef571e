"""What C++ libraries print on standard error, caught: it is the only place where they say what went wrong."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class NativeOutput:
    """`text` is there once the block has ended."""

    text: str = ""

    @property
    def reason(self) -> str:
        return first_sentence(self.text)


def first_sentence(text: str) -> str:
    """The first line printed, with a full stop; empty where nothing was."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if not line or line.endswith(".") else f"{line}."


@contextlib.contextmanager
def native_stderr() -> Iterator[NativeOutput]:
    """Catch file descriptor 2 for the whole process; keep the block short."""
    caught = NativeOutput()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:
        saved = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            try:
                yield caught
            finally:
                os.dup2(saved, 2)
                file.seek(0)
                caught.text = file.read().decode(errors="replace")
        finally:
            os.close(saved)
