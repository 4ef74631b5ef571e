"""Every source of the firmware, and so every file that is generated from it, says under which licence it is."""

from __future__ import annotations

import pytest
from tinyml_pipeline.places import FIRMWARE

SOURCES = sorted(path for path in FIRMWARE.rglob("*") if path.is_file() and path.suffix not in (".md", ".pyc"))


def test_every_source_begins_with_its_licence() -> None:
    assert len(SOURCES) > 100
    for path in SOURCES:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        if first.split(" ", 1)[-1].removesuffix(" */") != "SPDX-License-Identifier: MIT":
            pytest.fail(f"{path.name} begins with: {first}")
