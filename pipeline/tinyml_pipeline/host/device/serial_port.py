"""A device behind a real serial port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device.device import Device

BAUD = 115_200


class SerialDevice(Device):
    """A board on `port` (/dev/ttyACM0, COM3, or any URL that pyserial opens), for this process alone."""

    def __init__(self, name: str, port: str, log: Path, baud: int = BAUD) -> None:
        super().__init__(name, log)
        self._port, self._baud = port, baud
        self.bytes_per_s = baud // 10  # a byte has a start and a stop bit
        self._serial: Any = None

    def open(self) -> None:
        import serial

        self.note(f"{self._port} at {self._baud} baud")
        try:
            options = {} if "://" in self._port else {"exclusive": True}
            self._serial = serial.serial_for_url(self._port, self._baud, timeout=0, **options)
        except (serial.SerialException, OSError, ValueError) as error:
            raise self._cannot_open(error) from None

    def close(self) -> None:
        if self._serial is not None:
            self._serial.close()
            self._serial = None

    def write(self, data: bytes, timeout_s: float) -> None:
        import serial

        port = self._opened()
        try:
            port.write_timeout = timeout_s
            port.write(data)
        except serial.SerialTimeoutException:
            raise DeviceError(
                f"{self.name} on {self._port} took no byte for {timeout_s:g} s; reset the board and try again."
            ) from None
        except (serial.SerialException, OSError) as error:
            raise self._vanished(error) from None

    def read(self, timeout_s: float) -> bytes:
        import serial

        port = self._opened()
        try:
            port.timeout = max(0.0, timeout_s)
            first: bytes = port.read(1)
            port.timeout = 0
            rest: bytes = port.read(65536) if first else b""
        except (serial.SerialException, OSError) as error:
            raise self._vanished(error) from None
        return first + rest

    def _opened(self) -> Any:
        if self._serial is None:
            raise DeviceError(f"{self.name} is not open; open it with 'with device:'.")
        return self._serial

    def _vanished(self, error: Exception) -> DeviceError:
        return DeviceError(f"{self._port} vanished ({error}); was {self.name} unplugged or reset? Connect it again.")

    def _cannot_open(self, error: Exception) -> DeviceError:
        words = str(error).lower()
        if "permission" in words or "access is denied" in words:
            hint = "you may not use it; on Linux join its group: sudo usermod -a -G dialout $USER, then log in again"
        elif "lock" in words or "busy" in words or "temporarily unavailable" in words:
            hint = "another program uses it; close the serial monitor or whatever else holds it"
        elif "no such file" in words or "could not find" in words or "filenotfound" in words:
            hint = "there is no such port; connect the board and see which ports there are: tinyml ports"
        elif "inappropriate ioctl" in words:
            hint = "it is not a serial port; see which there are: tinyml ports"
        else:
            hint = str(error)
        return DeviceError(f"cannot open {self._port} for {self.name}: {hint}.")
