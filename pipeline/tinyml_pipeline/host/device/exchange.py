"""Many requests under way at once, each sent again until its answer has come through whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import protocol
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.protocol import ANSWER, ErrorCode, Frame, FrameReader, Type

_ANSWERS_UNDER_WAY_BYTES = 16_384  # less than a pipe holds, so that neither side ever waits for the other to read
_FRAME_OVERHEAD_BYTES = 32  # header, check, zeros around and what COBS adds to a short frame


@dataclass
class _Request:
    number: int
    frame: bytes
    answer_bytes: int | None
    order: int = 0
    attempts: int = 0
    sent_at: float = 0.0


class Exchange:
    """Requests and answers over one device.

    The line keeps the order of what it does not lose. So an answer, or the complaint about a damaged frame, proves
    that every request before it was lost: those are sent again at once, and only the last ones wait for the clock.
    """

    def __init__(self, device: Device, timeout_s: float, resend_after_s: float, attempts: int) -> None:
        self.resent = 0
        self._device = device
        self._timeout_s, self._resend_after_s, self._attempts = timeout_s, resend_after_s, attempts
        self._reader = FrameReader()
        self._sequence = self._order = 0
        self._waiting: dict[int, _Request] = {}
        self._received_bytes = 0

    def run(
        self,
        kind: Type,
        payloads: Sequence[bytes],
        answer_bytes: Callable[[int], int] | None = None,
        window_bytes: int = 0,
    ) -> Iterator[tuple[int, bytes]]:
        """(number of the request, payload of its answer), in the order in which answers come.

        As many requests are under way as fit into `window_bytes`, at least one. An answer of another length than
        `answer_bytes(number)` ends it with DeviceError, as do a fault on the device, too many attempts at one frame,
        and `timeout_s` without an answer.
        """
        self._waiting = {}
        upcoming, last_answer = 0, time.monotonic()
        while upcoming < len(payloads) or self._waiting:
            upcoming = self._send_fresh(kind, payloads, upcoming, answer_bytes, window_bytes)
            now = time.monotonic()
            if now - last_answer >= self._timeout_s:
                raise self._silence()
            oldest = min(self._waiting.values(), key=lambda request: request.order)
            overdue_at = max(oldest.sent_at, last_answer) + self._resend_after_s
            if now >= overdue_at:
                self._resend([oldest])
                continue
            data = self._device.read(min(overdue_at, last_answer + self._timeout_s) - now)
            self._received_bytes += len(data)
            for frame in self._reader.feed(data):
                request = self._match(kind, frame)
                if request is not None:
                    last_answer = time.monotonic()
                    yield request.number, frame.payload

    def _send_fresh(
        self,
        kind: Type,
        payloads: Sequence[bytes],
        upcoming: int,
        answer_bytes: Callable[[int], int] | None,
        window_bytes: int,
    ) -> int:
        """Send what fits into the window beside the requests under way; returns the number of the next one."""
        requests = self._waiting.values()
        line = sum(len(request.frame) for request in requests)
        answers = sum((request.answer_bytes or 0) + _FRAME_OVERHEAD_BYTES for request in requests)
        fresh = []
        while upcoming < len(payloads):
            expected = answer_bytes(upcoming) if answer_bytes is not None else None
            frame = protocol.encode_frame(kind, self._sequence, payloads[upcoming])
            line += len(frame)
            answers += (expected or 0) + _FRAME_OVERHEAD_BYTES
            if self._waiting and (line > window_bytes or answers > _ANSWERS_UNDER_WAY_BYTES):
                break
            request = _Request(upcoming, frame, expected)
            self._waiting[self._sequence] = request
            self._sequence = (self._sequence + 1) & 0xFFFF
            fresh.append(request)
            upcoming += 1
        self._send(fresh)
        return upcoming

    def _send(self, requests: Sequence[_Request]) -> None:
        now = time.monotonic()
        for request in requests:
            self._order += 1
            request.order, request.sent_at = self._order, now
            request.attempts += 1
        if requests:
            self._device.write(b"".join(request.frame for request in requests), self._timeout_s)

    def _resend(self, requests: Sequence[_Request]) -> None:
        for request in requests:
            if request.attempts >= self._attempts:
                raise DeviceError(
                    f"{self._device.name} did not answer one frame in {request.attempts} attempts"
                    f" ({self._reader.damaged} damaged answers); check the cable and the baud rate."
                )
        self.resent += len(requests)
        self._send(requests)

    def _match(self, kind: Type, frame: Frame) -> _Request | None:
        """The request that a frame answers; None for one that is late, doubled, or a complaint."""
        if frame.type == Type.ERROR:
            self._hear_complaint(frame)
            return None
        request = self._waiting.get(frame.sequence)
        if frame.type != kind | ANSWER or request is None:
            return None
        if request.answer_bytes is not None and len(frame.payload) != request.answer_bytes:
            raise DeviceError(
                f"{self._device.name} answered {len(frame.payload)} bytes where {request.answer_bytes} were due;"
                " build and flash its firmware again."
            )
        del self._waiting[frame.sequence]
        self._resend([earlier for earlier in self._waiting.values() if earlier.order < request.order])
        return request

    def _hear_complaint(self, frame: Frame) -> None:
        code = frame.payload[0] if frame.payload else 0
        name = self._device.name
        if code == ErrorCode.DAMAGED and self._waiting:
            self._resend([min(self._waiting.values(), key=lambda request: request.order)])
        elif code == ErrorCode.FAULT:
            raise DeviceError(f"{name}: the firmware ran into a fault (bad address or instruction).")
        elif code == ErrorCode.WRONG_LENGTH and frame.sequence in self._waiting:
            raise DeviceError(f"{name} refuses the length of a request; build and flash its firmware again.")
        elif code == ErrorCode.UNKNOWN_TYPE and frame.sequence in self._waiting:
            raise DeviceError(f"{name} does not know this request; build and flash its firmware again.")

    def _silence(self) -> DeviceError:
        name, text = self._device.name, bytes(self._reader.text[:60])
        if text:
            self._device.note(f"no frames: {bytes(self._reader.text[-2000:])!r}")
        if self._received_bytes == 0:
            why = "nothing came; does this firmware run on it, and is this its port?"
        else:
            why = f"{self._received_bytes} bytes came, but no right answer; check the firmware and the baud rate."
        return DeviceError(f"{name} did not answer within {self._timeout_s:g} s: {why} Its log is {self._device.log}.")
