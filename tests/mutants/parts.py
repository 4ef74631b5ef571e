"""What is mutated, part by part, and the closest tests of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PACKAGE = "pipeline/tinyml_pipeline"


@dataclass(frozen=True)
class Part:
    """`sources` are patterns, `tests` files or folders; both relative to the repository.

    `chosen` is pytest's -k: it leaves out what needs an emulator, or seconds for one test.
    """

    sources: tuple[str, ...]
    tests: tuple[str, ...]
    chosen: str = ""
    is_c: bool = False


# Tests that start an emulator, a boot loader's tool, a compiler or `make`.
_QUICK = "not sim- and not flash_and and not tampered and not after_flashing and not make_says and not itself"
# Hundreds of drawn examples each, for what named cases hold already; the device's side, which is a part of its own.
_NAMED_CASES = (
    "not any_behaviour and not any_greeting and not however and not goes_there and not always_seen and not gcc"
    " and not clang"
)

PARTS: Mapping[str, Part] = {
    "fixed_point": Part((f"{PACKAGE}/compiler/fixed_point.py",), ("tests/compiler/test_fixed_point.py",)),
    "read_tflite": Part(
        (f"{PACKAGE}/compiler/read_tflite.py",),
        ("tests/compiler/test_read_tflite.py", "tests/compiler/test_read_limits.py"),
        "not thousand and not random",
    ),
    "parity": Part((f"{PACKAGE}/parity/*.py",), ("tests/parity",)),
    "flashers": Part(
        (f"{PACKAGE}/host/flashers/*.py",),
        ("tests/flash/test_explanations.py", "tests/flash/test_flash.py", "tests/flash/test_plans.py"),
        _QUICK,
    ),
    "device": Part(
        (f"{PACKAGE}/host/device/*.py",),
        (
            *("tests/protocol", "tests/device/test_lying_device.py", "tests/device/test_exchange.py"),
            *("tests/device/test_session.py", "tests/device/test_serial_port.py", "tests/device/test_process.py"),
            *("tests/device/test_emulators.py", "tests/flash/test_flash.py"),
        ),
        f"{_QUICK} and {_NAMED_CASES}",
    ),
    "protocol": Part(("firmware/protocol/*.c",), ("tests/protocol",), "gcc", is_c=True),
}
