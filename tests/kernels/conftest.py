"""Fixtures for kernels that would not be chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tinyml_pipeline.compiler import select
from tinyml_pipeline.compiler.kernel import Kernel


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Kernel[Any]], None]:
    """Leaves one kernel to choose from, for every operator."""
    return lambda kernel: monkeypatch.setattr(select, "kernels_of", lambda kind: (kernel,))
