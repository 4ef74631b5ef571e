"""Processes that take bytes or do not, that end, fall silent or keep their line: by select, and by threads."""

from __future__ import annotations

import os
import queue
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import pipe_threads
from tinyml_pipeline.host.device import process as process_module
from tinyml_pipeline.host.device.process import ProcessDevice


def shell(tmp_path: Path, script: str, **fields: Any) -> ProcessDevice:
    return ProcessDevice("board", ["sh", "-c", script], tmp_path / "log", **fields)


def read_until(device: ProcessDevice, end: bytes) -> bytes:
    came = b""
    while not came.endswith(end):
        part = device.read(60)
        assert part
        came += part
    return came


@pytest.fixture
def by_threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_CAN_WAIT_FOR_PIPES", not request.param)


WAYS = pytest.mark.parametrize("by_threads", [False, True], indirect=True, ids=["select", "threads"])


@WAYS
def test_a_process_as_a_line(by_threads: None, tmp_path: Path) -> None:
    device = shell(tmp_path, 'echo up; echo aside >&2; read a; echo "<$a>"; exec cat', ready_within_s=60)
    assert device.bytes_per_s == 1000
    with device:
        device.write(b"one\ntwo\n", 60)
        assert read_until(device, b"two\n") == b"<one>\ntwo\n"
        assert device.read(0) == b""
        assert device.read(-1) == b""
    assert device.log.read_text().endswith("exec cat\naside\n")
    assert device.log.read_text().startswith("$ sh -c echo up; ")


def test_without_a_wait_the_first_word_is_heard(tmp_path: Path) -> None:
    with shell(tmp_path, "echo up; exec cat") as device:
        assert read_until(device, b"\n") == b"up\n"


@WAYS
def test_more_than_the_pipes_hold_goes_both_ways(by_threads: None, tmp_path: Path) -> None:
    sent = bytes(range(256)) * 2048
    with shell(tmp_path, "exec cat") as device:
        device.write(sent, 60)
        came = b""
        while len(came) < len(sent):
            part = device.read(60)
            assert part
            came += part
    assert came == sent


ENDS = {
    "with_words": (
        "echo 'first words' >&2; echo 'out of smoke' >&2; exit 7",
        "sh failed with exit code 7 in the middle; it said: out of smoke",
    ),
    "with_bytes_that_are_no_text": (
        "printf '\\377 smoke\\n' >&2; exit 7",
        "sh failed with exit code 7 in the middle; it said: \ufffd smoke",
    ),
    "with_words_for_a_terminal": (
        "printf '\\033[2Jboo\\n' >&2; exit 7",
        "sh failed with exit code 7 in the middle; it said: \\x1b[2Jboo",
    ),
    "well": ("exit 0", "sh ended in the middle; it said: nothing"),
    "by_a_signal": ("kill -9 $$", "sh was ended by SIGKILL in the middle; it said: nothing"),
}


@WAYS
@pytest.mark.parametrize(("script", "message"), ENDS.values(), ids=ENDS)
def test_a_process_that_ends(script: str, message: str, by_threads: None, tmp_path: Path) -> None:
    with shell(tmp_path, script) as device, pytest.raises(DeviceError) as caught:
        device.read(60)
    assert str(caught.value) == f"board: {message}. Its log is {device.log}."


def test_last_words_are_read_as_utf_8_whatever_the_locale(tmp_path: Path, ascii_locale: None) -> None:
    with (
        shell(tmp_path, "printf '\\303\\244\\n' >&2; exit 7") as device,
        pytest.raises(DeviceError, match="said: ä\\. "),
    ):
        device.read(60)


@WAYS
def test_a_process_that_closes_its_line_and_goes_on(
    by_threads: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += 0.25

    with shell(tmp_path, "exec >&-; exec sleep 3600") as device:
        monkeypatch.setattr(process_module, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
        with pytest.raises(DeviceError) as caught:
            device.read(60)
    assert str(caught.value) == (f"board: sh closed its line in the middle; it said: nothing. Its log is {device.log}.")
    assert slept == [0.01] * 4


@WAYS
def test_a_write_to_a_process_that_has_ended(by_threads: None, tmp_path: Path) -> None:
    def write_until_refused() -> None:
        while True:
            device.write(bytes(1 << 16), 60)

    with shell(tmp_path, "exec <&-; exit 3") as device:
        with pytest.raises(DeviceError) as caught:
            write_until_refused()
        assert str(caught.value).startswith(
            "board: sh failed with exit code 3 in the middle; it said: nothing. Its log"
        )
        with pytest.raises(DeviceError):
            device.write(b"x", 60)


@WAYS
def test_a_process_that_takes_no_byte(by_threads: None, tmp_path: Path) -> None:
    with shell(tmp_path, "exec sleep 3600") as device, pytest.raises(DeviceError) as caught:
        device.write(bytes(1 << 20), 0.05)
    assert str(caught.value) == f"board took no byte for 0.05 s. Its log is {device.log}."


def test_a_log_that_goes_away_is_not_named(tmp_path: Path) -> None:
    device = shell(tmp_path, "exec sleep 3600")
    device.is_log_kept = False
    with device, pytest.raises(DeviceError, match=r"^board took no byte for 0\.05 s\.$"):
        device.write(bytes(1 << 20), 0.05)
    device = shell(tmp_path, "exit 3")
    device.is_log_kept = False
    with device, pytest.raises(DeviceError, match=r" it said: nothing\.$"):
        device.read(60)


def test_what_is_said_during_a_write_is_kept(tmp_path: Path) -> None:
    """And it counts as a sign of life: the limit begins anew."""
    now = [0.0]
    real = process_module.select.select

    def select(*arguments: Any) -> Any:
        now[0] += 0.9
        return real(*arguments[:3], 60)

    script = "import os, sys, time\nos.write(1, b'x' * 200000)\nwhile os.read(0, 65536): pass"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_module, "select", SimpleNamespace(select=select))
        patch.setattr(process_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
        device = ProcessDevice("board", [sys.executable, "-c", script], tmp_path / "log")
        with device:
            device.write(bytes(1 << 20), 1)
            assert now[0] > 1
            came = b""
            while len(came) < 200_000:
                came += device.read(60)
    assert came == b"x" * 200_000


@WAYS
def test_a_process_is_open_in_its_block_alone(by_threads: None, tmp_path: Path) -> None:
    device = shell(tmp_path, "echo left; exec cat")

    def is_closed() -> bool:
        for do in (lambda: device.read(0), lambda: device.write(b"x", 1)):
            with pytest.raises(DeviceError, match=r"^board is not open; open it with 'with device:'\.$"):
                do()  # type: ignore[no-untyped-call]
        return True

    assert is_closed()
    with device:
        device.write(b"x", 60)
    assert is_closed()
    with device:
        assert read_until(device, b"\n") == b"left\n"


@WAYS
def test_a_process_that_is_opened_again_has_said_nothing(by_threads: None, tmp_path: Path) -> None:
    device = shell(tmp_path, "exec cat")
    for _ in range(2):
        with device:
            assert device.read(0) == b""


def test_how_long_a_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def select(*arguments: Any) -> tuple[list[Any], list[Any], list[Any]]:
        waits.append(arguments[3])
        return [], [], []

    with shell(tmp_path, "exec cat") as device:
        monkeypatch.setattr(process_module, "select", SimpleNamespace(select=select))
        assert [device.read(wait_s) for wait_s in (2.5, 0, -1)] == [b"", b"", b""]
    assert waits == [2.5, 0, 0]


def test_how_long_a_process_may_take_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, waits = [5.0], []

    def select(*arguments: Any) -> tuple[list[Any], list[Any], list[Any]]:
        waits.append(arguments[3])
        now[0] += 2 * arguments[3]
        return [], arguments[1] if len(waits) == 1 else [], []

    with shell(tmp_path, "exec sleep 3600") as device:
        monkeypatch.setattr(process_module, "select", SimpleNamespace(select=select))
        monkeypatch.setattr(process_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
        with pytest.raises(DeviceError, match=r"^board took no byte for 0\.25 s\. Its log is "):
            device.write(bytes(1 << 20), 0.25)
        with pytest.raises(DeviceError, match=r"^board took no byte for 0\.5 s\. Its log is "):
            device.write(b"x", 0.5)
    assert waits == [0.25, 0, 0.5]


def test_the_threads_close_what_they_read_and_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, closed = [], []

    def dup(line: int) -> int:
        opened.append(os.dup(line))
        return opened[-1]

    def close(line: int) -> None:
        closed.append(line)
        os.close(line)

    monkeypatch.setattr(process_module, "_CAN_WAIT_FOR_PIPES", False)
    monkeypatch.setattr(pipe_threads, "os", SimpleNamespace(dup=dup, close=close, read=os.read, write=os.write))
    before = set(threading.enumerate())
    with shell(tmp_path, "exec cat"):
        threads = set(threading.enumerate()) - before
    for thread in threads:
        thread.join(60)
    assert len(opened) == 2
    assert sorted(closed) == sorted(opened)


def test_threads_end_with_the_program_and_wait_as_long_as_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    class Said:
        def get(self, timeout: float) -> bytes:
            waits.append(timeout)
            raise queue.Empty

        def put(self, data: bytes) -> None: ...

    monkeypatch.setattr(process_module, "_CAN_WAIT_FOR_PIPES", False)
    before = set(threading.enumerate())
    with shell(tmp_path, "exec cat") as device:
        assert [thread.daemon for thread in set(threading.enumerate()) - before] == [True, True]
        assert device._threads is not None
        monkeypatch.setattr(device._threads, "_said", Said())
        assert [device.read(wait_s) for wait_s in (2.5, 0, -1)] == [b"", b"", b""]
    assert waits == [2.5, 0, 0]


def test_how_long_a_thread_may_take_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    class Event:
        def wait(self, timeout: float) -> bool:
            waits.append(timeout)
            return False

        def set(self) -> None: ...

    monkeypatch.setattr(process_module, "_CAN_WAIT_FOR_PIPES", False)
    with shell(tmp_path, "exec cat") as device:
        monkeypatch.setattr(pipe_threads, "threading", SimpleNamespace(Event=Event))
        monkeypatch.setattr(pipe_threads, "time", SimpleNamespace(monotonic=lambda: 7.0))
        for wait_s in (0.25, -1):
            with pytest.raises(DeviceError, match=r"^board took no byte for "):
                device.write(b"x", wait_s)
    assert waits == [0.25, 0]


def test_a_process_is_opened_in_a_block(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="open a device with 'with'"):
        shell(tmp_path, "exit").open()
