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
        """The first line printed, as a sentence; empty where nothing was."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return lines[0] if not lines or lines[0].endswith(".") else f"{lines[0]}."


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
