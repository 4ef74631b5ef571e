"""The lines to a device: a log around every one, serial ports of whatever mood, processes that take bytes or do not."""

from __future__ import annotations

import os
import queue
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from serial.tools import list_ports as system
from tinyml_pipeline.errors import DeviceError, UsageError
from tinyml_pipeline.host.device import ports as ports_module
from tinyml_pipeline.host.device import process as process_module
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.ports import SerialPort, find_port, list_ports
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.host.device.serial_port import SerialDevice


class Plain(Device):
    def __init__(self, log: Path, error: BaseException | None = None, at_close: BaseException | None = None) -> None:
        super().__init__("plain", log)
        self.calls: list[str] = []
        self._error, self._at_close = error, at_close

    def open(self) -> None:
        self.calls.append("open")
        self.note("opened")
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.calls.append("close")
        if self._at_close is not None:
            raise self._at_close

    def write(self, data: bytes, timeout_s: float) -> None: ...

    def read(self, timeout_s: float) -> bytes:
        return b""


def test_a_log_is_written_to_while_a_device_is_open(tmp_path: Path) -> None:
    log = tmp_path / "new" / "folder" / "log"
    device = Plain(log)
    assert (device.name, device.log, device.bytes_per_s) == ("plain", log, 11_520)
    device.note("nobody hears this")
    for _ in range(2):
        with device as entered:
            assert entered is device
            device.note("\u00e9 \udcff")
            assert log.read_bytes().endswith(b"opened\n\xc3\xa9 ?\n")
        device.note("nor this")
    assert log.read_bytes() == b"opened\n\xc3\xa9 ?\n" * 2
    assert device.calls == ["open", "close"] * 2


def test_what_was_opened_in_part_is_closed(tmp_path: Path) -> None:
    device = Plain(tmp_path / "log", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt), device:
        pass
    assert device.calls == ["open", "close"]
    device.note("nobody hears this")
    assert device.log.read_text() == "opened\n"


def test_the_log_is_closed_even_if_the_device_cannot_be(tmp_path: Path) -> None:
    device = Plain(tmp_path / "log", at_close=OSError("stuck"))
    with pytest.raises(OSError, match="stuck"), device:
        pass
    device.note("nobody hears this")
    assert device.log.read_text() == "opened\n"


class FakeSerial:
    """What pyserial gives, with the calls that it got."""

    def __init__(self, answers: list[bytes | Exception]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers = answers
        self.timeout: float | None = None
        self.write_timeout: float | None = None

    def _next(self) -> bytes:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def read(self, count: int) -> bytes:
        self.calls.append(("read", count, self.timeout))
        return self._next()

    def write(self, data: bytes) -> None:
        self.calls.append(("write", data, self.write_timeout))
        self._next()

    def close(self) -> None:
        self.calls.append(("close",))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSerial:
    fake = FakeSerial([])

    def serial_for_url(*arguments: Any, **options: Any) -> FakeSerial:
        fake.calls.append((*arguments, options))
        return fake

    monkeypatch.setattr(serial, "serial_for_url", serial_for_url)
    return fake


def test_how_a_serial_port_is_opened(fake: FakeSerial, tmp_path: Path) -> None:
    device = SerialDevice("uno", "/dev/ttyX", tmp_path / "log")
    assert device.bytes_per_s == 11_520
    with device:
        assert device.log.read_text() == "/dev/ttyX at 115200 baud\n"
    device.close()
    assert fake.calls == [("/dev/ttyX", 115_200, {"timeout": 0, "exclusive": True}), ("close",)]
    device = SerialDevice("uno", "socket://there:1", tmp_path / "log", 9600)
    assert device.bytes_per_s == 960
    with device:
        assert fake.calls[-1] == ("socket://there:1", 9600, {"timeout": 0})


def test_reading_and_writing_a_serial_port(fake: FakeSerial, tmp_path: Path) -> None:
    fake.answers = [b"", b"x", b"yz", b"x", b"", b""]
    with SerialDevice("uno", "/dev/ttyX", tmp_path / "log") as device:
        del fake.calls[:]
        device.write(b"data", 1.5)
        assert device.read(2.5) == b"xyz"
        assert device.read(-1) == b"x"
        assert device.read(0.5) == b""
        assert fake.calls == [
            ("write", b"data", 1.5), ("read", 1, 2.5), ("read", 65536, 0), ("read", 1, 0), ("read", 65536, 0),
            ("read", 1, 0.5),
        ]  # fmt: skip


def test_a_serial_port_that_goes_away(fake: FakeSerial, tmp_path: Path) -> None:
    lost = "/dev/ttyX vanished (gone); was uno unplugged or reset? Connect it again."
    busy = "uno on /dev/ttyX took no byte for 1.5 s; reset the board and try again."
    with SerialDevice("uno", "/dev/ttyX", tmp_path / "log") as device:
        for error, do, message in (
            (serial.SerialTimeoutException("slow"), lambda: device.write(b"x", 1.5), busy),
            (serial.SerialException("gone"), lambda: device.write(b"x", 1.5), lost),
            (OSError("gone"), lambda: device.write(b"x", 1.5), lost),
            (serial.SerialException("gone"), lambda: device.read(1), lost),
            (OSError("gone"), lambda: device.read(1), lost),
        ):
            fake.answers = [error]
            with pytest.raises(DeviceError) as caught:
                do()  # type: ignore[no-untyped-call]
            assert str(caught.value) == message
    for do in (lambda: device.write(b"x", 1.5), lambda: device.read(1)):
        with pytest.raises(DeviceError, match=r"^uno is not open; open it with 'with device:'\.$"):
            do()  # type: ignore[no-untyped-call]


MOODS = {
    "Permission denied": "you may not use it; on Linux join its group: sudo usermod -a -G dialout $USER, then log in"
    " again",
    "Access is denied": "you may not use it; on Linux join its group: sudo usermod -a -G dialout $USER, then log in"
    " again",
    "Could not exclusively LOCK port": "another program uses it; close the serial monitor or whatever else holds it",
    "Device or resource busy": "another program uses it; close the serial monitor or whatever else holds it",
    "Resource temporarily unavailable": "another program uses it; close the serial monitor or whatever else holds it",
    "No such file or directory": "there is no such port; connect the board and see which ports there are: tinyml ports",
    "Could not find port": "there is no such port; connect the board and see which ports there are: tinyml ports",
    "FileNotFoundError(2)": "there is no such port; connect the board and see which ports there are: tinyml ports",
    "Inappropriate ioctl for device": "it is not a serial port; see which there are: tinyml ports",
    "Something Else": "Something Else",
}


@pytest.mark.parametrize("kind", [serial.SerialException, OSError, ValueError])
@pytest.mark.parametrize("words", MOODS)
def test_why_a_port_cannot_be_opened(
    words: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise kind(words)

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(DeviceError) as caught, SerialDevice("uno", "/dev/ttyX", tmp_path / "log"):
        pass
    assert str(caught.value) == f"cannot open /dev/ttyX for uno: {MOODS[words]}."


def test_the_ports_that_the_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [
        SimpleNamespace(device="/dev/ttyUSB1", description="CH340", vid=0),
        SimpleNamespace(device="/dev/ttyS0", description=None, vid=None),
    ]
    monkeypatch.setattr(system, "comports", lambda: known)
    expected = [SerialPort("/dev/ttyS0", "no description", False), SerialPort("/dev/ttyUSB1", "CH340", True)]
    assert list_ports() == expected
    assert find_port("uno", None, list_ports) == "/dev/ttyUSB1"


def test_a_port_is_asked_for_by_its_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """COM3 is no path: whether it is there turns out when it is opened."""
    assert find_port("uno", "COM3", list) == "COM3"
    with pytest.raises(DeviceError) as caught:
        find_port("uno", None, list)
    assert str(caught.value) == (
        "no serial port for uno was found; is it connected, by a cable that carries data (many only charge), and does"
        " its power light shine? Name a port that you know with --port."
    )


@pytest.mark.parametrize(("mode", "major", "is_one"), [(0o020600, 4, True), (0o020600, 1, False), (0o060600, 4, False)])
def test_character_devices_but_none_of_the_memory_driver_are_ports(
    mode: int, major: int, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"/dev/x": SimpleNamespace(st_mode=mode, st_rdev=os.makedev(major, 3))}
    found[os.devnull] = SimpleNamespace(st_mode=0o020666, st_rdev=os.makedev(1, 3))
    monkeypatch.setattr(ports_module, "os", SimpleNamespace(stat=found.get, devnull=os.devnull, major=os.major))
    monkeypatch.setattr(ports_module, "Path", lambda path: SimpleNamespace(exists=lambda: True))
    if is_one:
        assert find_port("uno", "/dev/x", list) == "/dev/x"
    else:
        with pytest.raises(UsageError, match=r"^/dev/x is not a serial port\. Connect uno and see "):
            find_port("uno", "/dev/x", list)


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
        "echo 'out of smoke' >&2; exit 7",
        "sh failed with exit code 7 in the middle; it said: out of smoke",
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


@WAYS
def test_a_process_that_closes_its_line_and_goes_on(
    by_threads: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    with shell(tmp_path, "exec >&-; exec sleep 3600") as device:
        monkeypatch.setattr(process_module, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
        with pytest.raises(DeviceError) as caught:
            device.read(60)
    assert str(caught.value) == (f"board: sh closed its line in the middle; it said: nothing. Its log is {device.log}.")
    assert 99 <= len(slept) <= 101
    assert set(slept) == {0.01}


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
    assert str(caught.value) == f"board took no byte for 0.05 s; its log is {device.log}."


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
def test_a_closed_process_is_not_open(by_threads: None, tmp_path: Path) -> None:
    device = shell(tmp_path, "echo left; exec cat")
    with device:
        device.write(b"x", 60)
    for do in (lambda: device.read(0), lambda: device.write(b"x", 1)):
        with pytest.raises(DeviceError, match=r"^board is not open; open it with 'with device:'\.$"):
            do()  # type: ignore[no-untyped-call]
    with device:
        assert read_until(device, b"\n") == b"left\n"


def test_how_long_a_process_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def select(*arguments: Any) -> tuple[list[Any], list[Any], list[Any]]:
        waits.append(arguments[3])
        return [], [], []

    with shell(tmp_path, "exec cat") as device:
        monkeypatch.setattr(process_module, "select", SimpleNamespace(select=select))
        assert [device.read(wait_s) for wait_s in (2.5, 0, -1)] == [b"", b"", b""]
    assert waits == [2.5, 0, 0]


def test_threads_end_with_the_program_and_wait_as_long_as_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    class Said:
        def get(self, timeout: float) -> bytes:
            waits.append(timeout)
            raise queue.Empty

    monkeypatch.setattr(process_module, "_CAN_WAIT_FOR_PIPES", False)
    before = set(threading.enumerate())
    with shell(tmp_path, "exec cat") as device:
        assert [thread.daemon for thread in set(threading.enumerate()) - before] == [True, True]
        assert device._threads is not None
        monkeypatch.setattr(device._threads, "_said", Said())
        assert [device.read(wait_s) for wait_s in (2.5, 0, -1)] == [b"", b"", b""]
    assert waits == [2.5, 0, 0]


def test_a_process_is_opened_in_a_block(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="open a device with 'with'"):
        shell(tmp_path, "exit").open()
