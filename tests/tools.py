"""Outside programs in tests: a missing one is a skip with its reason on a person's machine, a failure in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def need(program: str, package: str) -> str:
    """The path of `program`, which Debian's `package` brings; skips, or fails where CI=true, without it."""
    path = shutil.which(program)
    if path is None:
        unavailable(f"{program} is not installed (package {package})")
    return path


def unavailable(reason: str) -> None:
    """Skip this test with `reason`; where CI=true fail it, because there everything is there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
