"""Another computer's ways, for tests of devices."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def ascii_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read as ASCII where the caller names no encoding."""
    read = Path.read_text

    def read_text(self: Path, encoding: str = "ascii", errors: str | None = None) -> str:
        return read(self, encoding or "ascii", errors)

    monkeypatch.setattr(Path, "read_text", read_text)
