"""Devices that never answer, die, or are other than expected; and that nothing is left running."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
import tty
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device import exchange, protocol
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.host.device.serial_port import SerialDevice
from tinyml_pipeline.host.device.session import Session

from tests.firmware import MIXER, board_here, mixed, mixer, run_on
from tests.tools import PATIENCE_S

PYTHON = sys.executable


def running_with(text: str) -> list[int]:
    """Processes whose command line holds `text`, this one left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if text.encode() in command and state != "Z":
                found.append(int(entry.name))
    return found


def scripted(tmp_path: Path, script: str) -> ProcessDevice:
    return ProcessDevice("board", [PYTHON, "-c", script], tmp_path / "device.log")


def test_a_device_that_never_answers(tmp_path: Path) -> None:
    log = tmp_path / "device.log"
    with scripted(tmp_path, "import time; time.sleep(3600)") as device, pytest.raises(DeviceError) as caught:
        Session(device, timeout_s=0.3, resend_after_s=0.1).greet()
    assert str(caught.value) == (
        "board did not answer within 0.3 s: nothing came; is this computer too busy, or does its firmware not start?"
        f" Its log is {log}."
    )


def test_a_device_that_says_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still until something was heard, then moves by a second at each look."""
    script = "import time; print('Hello\\0', flush=True); time.sleep(3600)"
    now, heard = itertools.count(), b""

    def read(timeout_s: float) -> bytes:
        nonlocal heard
        data = ProcessDevice.read(device, 0 if b"\n" in heard else timeout_s)
        heard += data
        return data

    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: next(now) if b"\n" in heard else 0))
    with scripted(tmp_path, script) as device:
        monkeypatch.setattr(device, "read", read)
        with pytest.raises(DeviceError) as caught:
            Session(device, timeout_s=PATIENCE_S, resend_after_s=300).greet()
    assert "7 bytes came, but no right answer; is this its firmware? If so, check whether this computer has" in str(
        caught.value
    )
    assert "no frames: b'Hello'" in (tmp_path / "device.log").read_text()


def test_a_device_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    script = "import sys, os; sys.stdin.buffer.read(1); print('out of smoke', file=sys.stderr, flush=True); os._exit(7)"
    with scripted(tmp_path, script) as device, pytest.raises(DeviceError) as caught:
        Session(device, timeout_s=PATIENCE_S).greet()
    assert str(caught.value) == (
        f"board: {Path(PYTHON).name} failed with exit code 7 in the middle; it said: out of smoke."
        f" Its log is {tmp_path / 'device.log'}."
    )


def test_a_device_that_takes_no_bytes(tmp_path: Path) -> None:
    with (
        scripted(tmp_path, "import time; time.sleep(3600)") as device,
        pytest.raises(DeviceError, match=r"^board took no byte for 0\.2 s\. Its log is "),
    ):
        device.write(bytes(1 << 20), 0.2)


def greeting_script(payload: bytes) -> str:
    answer = protocol.encode_frame(protocol.Type.GREET | protocol.ANSWER, 0, payload)
    return f"import sys, time; sys.stdin.buffer.read(1); sys.stdout.buffer.write({answer!r}); sys.stdout.flush()" \
           "; time.sleep(3600)"  # fmt: skip


def test_another_version_of_the_protocol(tmp_path: Path) -> None:
    with scripted(tmp_path, greeting_script(bytes([9]) + bytes(60))) as device, pytest.raises(DeviceError) as caught:
        Session(device, timeout_s=PATIENCE_S).greet()
    assert str(caught.value) == (
        "board speaks version 9 of the protocol, this program version 1; build and flash its firmware again."
    )


def test_a_greeting_that_is_too_short(tmp_path: Path) -> None:
    with scripted(tmp_path, greeting_script(b"\x01\x02\x03")) as device, pytest.raises(DeviceError) as caught:
        Session(device, timeout_s=PATIENCE_S).greet()
    assert str(caught.value) == "board greets with only 3 bytes; build and flash its firmware again."


def test_vectors_of_another_size(tmp_path: Path) -> None:
    board = board_here("host")
    image = build_firmware(mixer(), MIXER, board, "verify", tmp_path)
    with run_on(board, image, tmp_path) as device, pytest.raises(DeviceError) as caught:
        Session(device).invoke_many(np.zeros((3, 5), np.int8))
    assert str(caught.value) == "host takes vectors of 4 int8 values, not int8 of shape (3, 5)."


def test_a_device_that_is_not_open(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"^board is not open; open it with 'with device:'\.$"):
        scripted(tmp_path, "").read(0)


def test_progress_and_log(tmp_path: Path) -> None:
    board, told = board_here("host"), []
    image = build_firmware(mixer(), MIXER, board, "verify", tmp_path)
    inputs = np.random.default_rng(0).integers(-128, 128, (10, 4)).astype(np.int8)
    with run_on(board, image, tmp_path) as device:
        ran = Session(device).invoke_many(inputs, lambda done, total: told.append((done, total)), batch=4)
    np.testing.assert_array_equal(ran.outputs, mixed(inputs))
    assert told == [(4, 10), (8, 10), (10, 10)]
    log = (tmp_path / "device.log").read_text()
    assert log.startswith(f"$ {image.elf}")
    assert "10 vectors, 0 to 0 nothing, 0 frames resent" in log


@pytest.mark.parametrize("name", ["host", "sim-cortex-m4", "sim-uno"])
def test_nothing_is_left_running(name: str, tmp_path: Path) -> None:
    """After the block, after an error in it, and after this program is killed with no chance to tidy up."""
    board = board_here(name)
    image = build_firmware(mixer(), MIXER, board, "verify", tmp_path)
    with run_on(board, image, tmp_path):
        assert len(running_with(str(image.elf))) == 1
    assert running_with(str(image.elf)) == []
    with pytest.raises(KeyboardInterrupt), run_on(board, image, tmp_path):
        raise KeyboardInterrupt
    assert running_with(str(image.elf)) == []
    script = (
        "import sys, time; from pathlib import Path\n"
        "from tinyml_pipeline.boards.catalog import load_board\n"
        "from tinyml_pipeline.host.device.emulators import emulate\n"
        f"with emulate(load_board({name!r}), Path(sys.argv[1]), log=Path(sys.argv[2]), cache_dir=Path(sys.argv[3])):\n"
        "    print('up', flush=True); time.sleep(3600)\n"
    )
    arguments = [str(image.elf), str(tmp_path / "killed.log"), str(tmp_path.parent / "bridge")]
    with tools.start([PYTHON, "-c", script, *arguments], cwd=Path(__file__).parents[2]) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        assert len(running_with(str(image.elf))) == 2
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 300
        while running_with(str(image.elf)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert running_with(str(image.elf)) == []


def test_a_serial_port_over_a_pty(tmp_path: Path) -> None:
    """The firmware itself behind a pseudo-terminal, as a board is behind its port."""
    board = board_here("host")
    image = build_firmware(mixer(), MIXER, board, "verify", tmp_path)
    inputs = np.random.default_rng(0).integers(-128, 128, (200, 4)).astype(np.int8)
    parent, child = os.openpty()
    tty.setraw(parent)
    tty.setraw(child)
    script = f"import os; os.dup2({parent}, 0); os.dup2({parent}, 1); os.execv({str(image.elf)!r}, ['firmware'])"
    os.set_inheritable(parent, True)
    pid = os.posix_spawn(PYTHON, [PYTHON, "-c", script], os.environ)
    try:
        with SerialDevice("board", os.ttyname(child), tmp_path / "serial.log") as device:
            ran = Session(device, timeout_s=PATIENCE_S).invoke_many(inputs)
            np.testing.assert_array_equal(ran.outputs, mixed(inputs))
            with (
                pytest.raises(DeviceError, match="another program uses it; close the serial monitor"),
                SerialDevice("board", os.ttyname(child), tmp_path / "second.log"),
            ):
                pass
            os.kill(pid, signal.SIGKILL)
            os.close(parent)
            with pytest.raises(DeviceError, match=r"vanished \(.*\); was board unplugged or reset\?"):
                device.read(1.0)
    finally:
        os.waitpid(pid, 0)
        os.close(child)


def test_what_is_no_port(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught, SerialDevice("board", "/dev/null", tmp_path / "serial.log"):
        pass
    assert str(caught.value) == (
        "cannot open /dev/null for board: it is not a serial port; see which there are: tinyml ports."
    )


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught, SerialDevice("board", "/dev/ttyNone", tmp_path / "serial.log"):
        pass
    assert str(caught.value) == (
        "cannot open /dev/ttyNone for board: there is no such port; connect the board and see which ports there are:"
        " tinyml ports."
    )
