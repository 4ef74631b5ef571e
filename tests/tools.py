"""Outside programs in tests: a missing one is a skip with its reason on a person's machine, a failure in CI."""

from __future__ import annotations

import functools
import os
import shutil

import pytest
from tinyml_pipeline.boards.required_tools import TEST_TOOLS, required_tools

PATIENCE_S = 3600
"""For a program that hangs: on a busy machine any may be slow."""

NOT_LISTED = {"binutils", "coreutils", "g++", "util-linux"}
"""g++ stands first in the list of doctor, binutils come with it, and every Debian has the others."""


@functools.cache
def installed_packages() -> set[str]:
    """What `tinyml doctor --install` installs."""
    return {tool.package for tool in (*required_tools(), *TEST_TOOLS)} | NOT_LISTED


def need(program: str, package: str) -> str:
    """The path of `program`, which Debian's `package` brings; skips, or fails where CI=true, without it."""
    assert package in installed_packages(), f"'tinyml doctor --install' does not install {package}"
    path = shutil.which(program)
    if path is None:
        unavailable(f"{program} is not installed (package {package})")
    return path


def unavailable(reason: str) -> None:
    """Skip this test with `reason`; where CI=true fail it, because there everything is there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
