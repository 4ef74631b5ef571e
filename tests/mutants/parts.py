"""What is mutated, part by part, and the closest tests of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PACKAGE = "pipeline/tinyml_pipeline"


@dataclass(frozen=True)
class Part:
    """`sources` are patterns, `tests` files or folders; both relative to the repository."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    is_c: bool = False


PARTS: Mapping[str, Part] = {
    "fixed_point": Part((f"{PACKAGE}/compiler/fixed_point.py",), ("tests/compiler/test_fixed_point.py",)),
    "read_tflite": Part((f"{PACKAGE}/compiler/read_tflite.py",), ("tests/compiler/test_read_tflite.py",)),
    "parity": Part((f"{PACKAGE}/parity/*.py",), ("tests/parity",)),
    "device": Part((f"{PACKAGE}/host/device/*.py",), ("tests/protocol", "tests/device")),
    "flashers": Part((f"{PACKAGE}/host/flashers/*.py",), ("tests/flash",)),
    "protocol": Part(("firmware/protocol/*.c",), ("tests/protocol",), is_c=True),
}
