"""The log around every device, and serial ports of whatever mood."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from serial.tools import list_ports as system
from tinyml_pipeline.errors import DeviceError, UsageError
from tinyml_pipeline.host.device import ports as ports_module
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.ports import SerialPort, find_port, list_ports
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
    device = SerialDevice("uno", "socket://there:1", tmp_path / "log", 9605)
    assert device.bytes_per_s == 960  # whole ones
    with device:
        assert fake.calls[-1] == ("socket://there:1", 9605, {"timeout": 0})


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
        "no USB serial port for uno was found; is it connected, by a cable that carries data (many only charge), and"
        " does its power light shine? Name a port that you know with --port."
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
