"""The pipes of a process by threads, as on Windows: the same answers, ends and time limits as by waiting for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.errors import DeviceError, ToolFailedError
from tinyml_pipeline.host.device import process as module
from tinyml_pipeline.host.device.process import ProcessDevice

ECHO = "import os\nwhile data := os.read(0, 65536): os.write(1, data)"


@pytest.fixture(autouse=True)
def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CAN_WAIT_FOR_PIPES", False)


def scripted(tmp_path: Path, script: str) -> ProcessDevice:
    return ProcessDevice("board", [sys.executable, "-c", script], tmp_path / "device.log")


def test_a_megabyte_goes_both_ways(tmp_path: Path) -> None:
    sent = bytes(range(256)) * 4096
    with scripted(tmp_path, ECHO) as device:
        device.write(sent, 20)
        came = b""
        while len(came) < len(sent):
            part = device.read(20)
            assert part
            came += part
    assert came == sent


def test_nothing_that_comes_is_no_error(tmp_path: Path) -> None:
    with scripted(tmp_path, ECHO) as device:
        assert device.read(0.05) == b""


def test_a_process_that_ends_is_reported(tmp_path: Path) -> None:
    with scripted(tmp_path, "import sys; sys.exit(3)") as device, pytest.raises(DeviceError, match="exit code 3"):
        device.read(20)


def test_a_process_that_takes_nothing_is_reported(tmp_path: Path) -> None:
    with (
        scripted(tmp_path, "import time; time.sleep(3600)") as device,
        pytest.raises(DeviceError, match="took no byte"),
    ):
        device.write(bytes(1 << 22), 0.2)


def test_a_program_without_process_groups_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "killpg")
    with tools.start([sys.executable, "-c", "import time; time.sleep(3600)"]) as process:
        pass
    assert process.returncode is not None


def test_run_shown_stops_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still until the program has said something."""
    now, said = 0.0, []

    def show(text: str) -> None:
        nonlocal now
        said.append(text)
        now = 1000.0

    monkeypatch.setattr(tools, "time", SimpleNamespace(monotonic=lambda: now))
    script = "import os, time; os.write(1, b'hello\\n'); time.sleep(3600)"
    with pytest.raises(ToolFailedError, match="did not finish within 300 s"):
        tools.run_shown([sys.executable, "-c", script], show=show, timeout_s=300)
    assert "".join(said) == "hello\n"


def test_a_crash_on_windows_is_shown_as_its_number() -> None:
    assert tools.describe_exit(0xC0000005) == "crashed with 0xc0000005"
    assert tools.describe_exit(-41) == "was ended by signal 41"  # a real-time signal, which has no name
    assert tools.describe_exit(1) == "failed with exit code 1"


def test_the_compiler_of_ziglangs_wheel_stands_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "which", lambda name: None)
    monkeypatch.setattr(tools, "is_importable", lambda module: module == "ziglang")
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    assert tools.host_compiler() == [sys.executable, "-m", "ziglang", "cc"]
    assert tools.host_compiler(plus_plus=True) == [sys.executable, "-m", "ziglang", "c++"]
    monkeypatch.setattr(tools, "is_importable", lambda module: False)
    assert tools.host_compiler() is None
