"""Every source of the firmware, and so every file that is generated from it, says under which licence it is."""

from __future__ import annotations

import pytest
from tinyml_pipeline.places import FIRMWARE

NO_SOURCES = {".md", ".md.j2", ".pyc", ".properties.j2"}
"""Texts, and a list of properties in which nothing but properties may stand."""
LICENCE_ITSELF = "LICENSE.j2"
SOURCES = sorted(
    path
    for path in FIRMWARE.rglob("*")
    if path.is_file() and path.name != LICENCE_ITSELF and not path.name.endswith(tuple(NO_SOURCES))
)


def test_every_source_begins_with_its_licence() -> None:
    assert len(SOURCES) > 100
    for path in SOURCES:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        if first.split(" ", 1)[-1].removesuffix(" */") != "SPDX-License-Identifier: MIT":
            pytest.fail(f"{path.name} begins with: {first}")
