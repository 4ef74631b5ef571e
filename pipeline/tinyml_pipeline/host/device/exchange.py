"""Many requests under way at once, each sent again until its answer has come through whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import protocol
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.protocol import ANSWER, ErrorCode, Frame, FrameReader, Type
from tinyml_pipeline.wording import counted

_ANSWERS_UNDER_WAY_BYTES = 16_384  # less than a pipe holds, so that neither side ever waits for the other to read
_FRAME_OVERHEAD_BYTES = 32  # header, check, zeros around and what COBS adds to a short frame
_LONGEST_PATIENCE = 16  # how often the wait doubles at most, as a factor, while a device says nothing at all


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
    Both time limits grow by what the line needs for a frame and its answer, and begin anew while an answer arrives, so
    that neither depends on the size of a frame or on the baud rate. A device that says nothing at all is perhaps still
    computing: the wait then doubles.
    """

    def __init__(self, device: Device, timeout_s: float, resend_after_s: float, attempts: int) -> None:
        self.resent = 0
        self._device = device
        self._timeout_s, self._resend_after_s, self._attempts = timeout_s, resend_after_s, attempts
        self._reader = FrameReader()
        self._sequence = self._order = 0
        self._waiting: dict[int, _Request] = {}
        self._received_bytes = self._answers = 0
        self._patience = 1
        self._upcoming: _Request | None = None  # encoded, but does not fit into the window yet

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
        self._waiting, self._upcoming, self._patience = {}, None, 1
        upcoming, heard_bytes = 0, 0
        last_answer = progress_at = time.monotonic()
        while upcoming < len(payloads) or self._waiting:
            upcoming = self._send_fresh(kind, payloads, upcoming, answer_bytes, window_bytes)
            oldest = min(self._waiting.values(), key=lambda request: request.order)
            order, now, line_s = oldest.order, time.monotonic(), self._line_s(oldest)
            hopeless_at = max(last_answer, progress_at) + self._timeout_s + line_s
            overdue_at = max(oldest.sent_at, last_answer, progress_at) + self._resend_after_s * self._patience + line_s
            data = self._device.read(max(0.0, min(overdue_at, hopeless_at) - now))
            self._received_bytes += len(data)
            heard_bytes += len(data)
            if data and heard_bytes <= (oldest.answer_bytes or 0) + _FRAME_OVERHEAD_BYTES:
                progress_at = time.monotonic()  # a long answer on a slow line, no endless garbage
            self._patience = 1 if data else self._patience
            has_answered = False
            for frame in self._reader.feed(data):
                request = self._match(kind, frame)
                if request is not None:
                    has_answered, last_answer, heard_bytes = True, time.monotonic(), 0
                    self._answers += 1
                    yield request.number, frame.payload
            # What lies there is read before it is called late: this program itself may have been kept waiting.
            now = time.monotonic()
            if has_answered:
                continue
            if now >= hopeless_at:
                raise self._silence()
            if now < overdue_at or oldest.order != order:
                continue
            self._patience = self._patience if data else min(2 * self._patience, _LONGEST_PATIENCE)
            self._resend([oldest])

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
            request = self._upcoming
            if request is None:
                expected = answer_bytes(upcoming) if answer_bytes is not None else None
                frame = protocol.encode_frame(kind, self._sequence, payloads[upcoming])
                request = self._upcoming = _Request(upcoming, frame, expected)
            line += len(request.frame)
            answers += (request.answer_bytes or 0) + _FRAME_OVERHEAD_BYTES
            if self._waiting and (line > window_bytes or answers > _ANSWERS_UNDER_WAY_BYTES):
                break
            self._waiting[self._sequence] = request
            self._upcoming = None
            self._sequence = (self._sequence + 1) & 0xFFFF
            fresh.append(request)
            upcoming += 1
        self._send(fresh)
        return upcoming

    def _line_s(self, request: _Request) -> float:
        """How long the line takes for a frame and its answer, at most, once those before it are answered."""
        return (len(request.frame) + (request.answer_bytes or 0)) / self._device.bytes_per_s

    def _send(self, requests: Sequence[_Request]) -> None:
        now = time.monotonic()
        for request in requests:
            self._order += 1
            request.order, request.sent_at = self._order, now
            request.attempts += 1
        if requests:
            data = b"".join(request.frame for request in requests)
            self._device.write(data, self._timeout_s + len(data) / self._device.bytes_per_s)

    def _resend(self, requests: Sequence[_Request]) -> None:
        for request in requests:
            if request.attempts >= self._attempts:
                raise DeviceError(
                    f"{self._device.name} did not answer one frame in {counted(request.attempts, 'attempt')}"
                    f" ({counted(self._reader.damaged, 'damaged answer')}); check {self._device.line}."
                )
        self.resent += len(requests)
        self._send(requests)

    def _match(self, kind: Type, frame: Frame) -> _Request | None:
        """The request that a frame answers; None for one that is late, doubled, or a complaint."""
        if frame.type == Type.ERROR:
            self._hear_complaint(kind, frame)
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

    def _hear_complaint(self, kind: Type, frame: Frame) -> None:
        code = frame.payload[0] if frame.payload else 0
        name = self._device.name
        if code == ErrorCode.DAMAGED and self._waiting:
            self._resend([min(self._waiting.values(), key=lambda request: request.order)])
        elif code == ErrorCode.FAULT:
            raise DeviceError(f"{name}: the firmware ran into a fault (bad address or instruction).")
        elif code == ErrorCode.WRONG_LENGTH and frame.sequence in self._waiting:
            raise DeviceError(f"{name} refuses the length of a request; build and flash its firmware again.")
        elif code == ErrorCode.UNKNOWN_TYPE and frame.sequence in self._waiting and kind is Type.LAYERS:
            raise DeviceError(f"{name} does not measure its layers; build its firmware with NAME_PROFILE defined.")
        elif code == ErrorCode.UNKNOWN_TYPE and frame.sequence in self._waiting:
            raise DeviceError(f"{name} does not know this request; build and flash its firmware again.")

    def _silence(self) -> DeviceError:
        name = self._device.name
        if self._reader.text:
            self._device.note(f"no frames: {bytes(self._reader.text[-2000:])!r}")
        if self._received_bytes == 0:
            why = f"nothing came; {self._device.unheard}"
        elif self._answers == 0:
            why = (
                f"{counted(self._received_bytes, 'byte')} came, but no right answer; is this its firmware? If so, check"
                f" {self._device.line}."
            )
        else:
            why = (
                f"it has answered before ({counted(self._answers, 'frame')}); was it reset, or does an inference take"
                " longer ('tinyml verify' takes --timeout)?"
            )
        return DeviceError(f"{name} did not answer within {self._timeout_s:g} s: {why}{self._device.log_hint()}")
