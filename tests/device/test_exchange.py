"""When requests are sent, sent again and given up, by a clock that moves only while the program waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import exchange
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.exchange import Exchange
from tinyml_pipeline.host.device.protocol import ANSWER, ErrorCode, Frame, FrameReader, Type, encode_frame
from tinyml_pipeline.host.device.session import Session

GREET_S = 0.01
"""What the line needs for a greeting's ten bytes."""


class ScriptedDevice(Device):
    """Says what `answer` makes of each frame, or of None whenever it is waited for, after the wait that it gives."""

    def __init__(self, log: Path, answer: Callable[[Frame | None], tuple[float, bytes]]) -> None:
        super().__init__("script", log)
        self.bytes_per_s = 1000
        self._answer, self._reader = answer, FrameReader()
        self.now = 0.0
        self.waits: list[float] = []
        self.sent: list[tuple[float, list[int]]] = []
        self.limits: list[float] = []
        self._said: list[tuple[float, bytes]] = []

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes, timeout_s: float) -> None:
        frames = self._reader.feed(data)
        self.sent.append((round(self.now, 6), [frame.sequence for frame in frames]))
        self.limits.append(timeout_s)
        self._said += [said for said in map(self._answer, frames) if said[1]]

    def read(self, timeout_s: float) -> bytes:
        self.waits.append(round(timeout_s, 6))
        after_s, data = self._said.pop(0) if self._said else self._answer(None)
        if after_s > timeout_s or not data:
            if data:
                self._said.insert(0, (after_s - timeout_s, data))
            self.now += timeout_s
            return b""
        self.now += after_s
        return data


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedDevice]:
    def start(answer: Callable[[Frame | None], tuple[float, bytes]]) -> ScriptedDevice:
        device = ScriptedDevice(tmp_path / "log", answer)
        monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: device.now))
        return device.__enter__()

    return start


Start = Callable[..., ScriptedDevice]


def silent(frame: Frame | None) -> tuple[float, bytes]:
    return 0.0, b""


def answered(frame: Frame, payload: bytes = b"yes") -> bytes:
    return encode_frame(frame.type | ANSWER, frame.sequence, payload)


def test_a_silent_device_gets_twice_the_time_after_each_attempt(start: Start) -> None:
    device = start(silent)
    with pytest.raises(DeviceError) as caught:
        Session(device).greet()
    assert str(caught.value) == (
        "script did not answer within 20 s: nothing came; does this firmware run on it, and is this its port?"
        f" Its log is {device.log}."
    )
    assert [time for time, _ in device.sent] == [0, 1.01, 3.02, 7.03, 15.04]
    assert device.waits == [1.01, 2.01, 4.01, 8.01, 4.97]
    assert device.now == pytest.approx(20 + GREET_S)
    assert device.limits == [pytest.approx(20 + GREET_S)] * 5


def test_the_wait_is_at_most_sixteen_times_as_long(start: Start) -> None:
    device = start(silent)
    with pytest.raises(DeviceError, match="did not answer within 100 s"):
        Session(device, timeout_s=100).greet()
    assert device.waits == [1.01, 2.01, 4.01, 8.01, 16.01, 16.01, 16.01, 16.01, 16.01, 4.92]


def test_fifty_attempts_are_enough(start: Start) -> None:
    device = start(silent)
    with pytest.raises(DeviceError) as caught:
        Session(device, timeout_s=10_000).greet()
    assert str(caught.value) == (
        "script did not answer one frame in 50 attempts (0 damaged answers); check the cable and the baud rate."
    )
    assert len(device.sent) == 50


def test_attempts_and_damaged_answers_are_counted(start: Start) -> None:
    device = start(lambda frame: (0.5, b"\0spoilt\0") if frame else (0.0, b""))
    speaks = Exchange(device, 100, 1, 3)
    with pytest.raises(DeviceError, match=r"^script did not answer one frame in 3 attempts \(3 damaged answers\); "):
        list(speaks.run(Type.GREET, [b""]))
    assert speaks.resent == 2
    assert [time for time, _ in device.sent] == [0, 1.51, 3.02]


def test_what_comes_slowly_is_waited_for_as_long_as_it_may_be_an_answer(start: Start) -> None:
    """A greeting has no length that is known: 32 bytes, the overhead of a frame."""
    device = start(lambda frame: (0.9, b"x") if frame is None else (0.0, b""))
    with pytest.raises(DeviceError) as caught:
        list(Exchange(device, 5, 1, 50).run(Type.GREET, [b""]))
    assert str(caught.value) == (
        "script did not answer within 5 s: 37 bytes came, but no right answer; is this its firmware? If so, check the"
        f" cable and the baud rate. Its log is {device.log}."
    )
    assert device.now == pytest.approx(32 * 0.9 + 5 + GREET_S)
    assert device.waits[:33] == [1.01] * 33
    assert [time for time, _ in device.sent][1] == pytest.approx(32 * 0.9 + 1.01)


def test_after_an_answer_bytes_are_counted_anew(start: Start) -> None:
    def answer(frame: Frame | None) -> tuple[float, bytes]:
        if frame is not None:
            return 0.1, answered(frame) if frame.sequence == 0 else b""
        return (0.9, b"x") if device.now else (0.0, b"")

    device = start(answer)
    with pytest.raises(DeviceError) as caught:
        list(Exchange(device, 5, 1, 50).run(Type.GREET, [b"", b""]))
    assert str(caught.value) == (
        "script did not answer within 5 s: it has answered before (1 frame); was it reset, or does an inference take"
        f" longer ('tinyml verify' takes --timeout)? Its log is {device.log}."
    )
    assert device.now == pytest.approx(0.1 + 32 * 0.9 + 5 + GREET_S)


def test_the_wait_begins_anew_with_an_answer_behind_much_garbage(start: Start) -> None:
    def answer(frame: Frame | None) -> tuple[float, bytes]:
        return (0.9, bytes(100) + answered(frame)) if frame and frame.sequence == 0 else (0.0, b"")

    device = start(answer)
    with pytest.raises(DeviceError):
        list(Exchange(device, 5, 1, 50).run(Type.GREET, [b"", b""], None, 1000))
    assert device.sent[:2] == [(0, [0, 1]), (1.91, [1])]


def test_a_device_that_says_anything_at_all_gets_no_longer_wait(start: Start) -> None:
    """What it says comes just when it is called late."""
    said = [b"x", b"y"]
    device = start(lambda frame: (1.015625, said.pop()) if frame is None and said else (0.0, b""))
    device.bytes_per_s = 640  # times that a float holds exactly
    with pytest.raises(DeviceError):
        list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""]))
    assert device.waits[:5] == [1.015625, 1.015625, 1.015625, 2.015625, 4.015625]


def test_an_answer_of_known_length_may_take_its_time(start: Start) -> None:
    whole = answered(Frame(Type.INVOKE, 0, b""), bytes(range(1, 101)))
    pieces = [whole[place : place + 10] for place in range(0, len(whole), 10)]
    device = start(lambda frame: (0.9, pieces.pop(0)) if frame is None else (0.0, b""))
    found = list(Exchange(device, 2, 1, 50).run(Type.INVOKE, [b"?"], lambda number: 100))
    assert found == [(0, bytes(range(1, 101)))]
    assert len(device.sent) == 1
    assert device.waits[0] == pytest.approx(1 + (len(encode_frame(Type.INVOKE, 0, b"?")) + 100) / 1000)


def test_what_was_lost_before_an_answer_is_sent_again_at_once(start: Start) -> None:
    lost = [0, 1]

    def answer(frame: Frame | None) -> tuple[float, bytes]:
        if frame is None or frame.sequence in lost:
            lost.remove(frame.sequence) if frame else None
            return 0.0, b""
        return 0.25, answered(frame, bytes([frame.sequence]))

    device = start(answer)
    speaks = Exchange(device, 20, 1, 50)
    found = list(speaks.run(Type.INVOKE, [b"a", b"b", b"c", b"d"], None, 1000))
    assert sorted(found) == [(number, bytes([number])) for number in range(4)]
    assert device.sent == [(0, [0, 1, 2, 3]), (0.25, [0, 1])]
    assert speaks.resent == 2


@pytest.mark.parametrize(("window", "batches"), [(0, 1), (24, 2), (35, 2), (36, 3), (1000, 4)])
def test_as_many_are_under_way_as_the_window_takes(start: Start, window: int, batches: int) -> None:
    """A request of two bytes has twelve on the line."""
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame)))
    assert len(encode_frame(Type.INVOKE, 1, b"ab")) == 12
    asked: list[int] = []

    def answer_bytes(number: int) -> int:
        asked.append(number)
        return 3

    list(Exchange(device, 20, 1, 50).run(Type.INVOKE, [b"ab"] * 4, answer_bytes, window))
    assert asked == [0, 1, 2, 3]
    assert [len(frames) for _, frames in device.sent][:2] == ([batches, 1] if batches < 4 else [4])


@pytest.mark.parametrize(("answer_bytes", "under_way"), [(8160, 2), (8161, 1)])
def test_no_more_answers_are_under_way_than_a_pipe_holds(start: Start, answer_bytes: int, under_way: int) -> None:
    payload = bytes(answer_bytes)
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame, payload)))
    list(Exchange(device, 20, 1, 50).run(Type.INVOKE, [b"ab"] * 3, lambda number: answer_bytes, 100_000))
    assert len(device.sent[0][1]) == under_way
    assert device.limits[0] == pytest.approx(20 + 12 * under_way / 1000)


def test_answers_of_unknown_length_count_as_empty_ones(start: Start) -> None:
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame)))
    list(Exchange(device, 20, 1, 50).run(Type.INVOKE, [b"a"] * 515, None, 100_000))
    assert [(time, len(frames)) for time, frames in device.sent] == [(0, 512), (0.1, 1), (0.2, 1), (0.3, 1)]


def test_numbers_of_frames_begin_again_after_the_last(start: Start) -> None:
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame)))
    speaks = Exchange(device, 20, 1, 50)
    speaks._sequence = 0xFFFE
    assert list(speaks.run(Type.INVOKE, [b"a"] * 4)) == [(number, b"yes") for number in range(4)]
    assert [frames for _, frames in device.sent] == [[0xFFFE], [0xFFFF], [0], [1]]
    assert list(speaks.run(Type.INVOKE, [b"a"])) == [(0, b"yes")]
    assert device.sent[-1][1] == [2]


COMPLAINTS = {
    "fault": (ErrorCode.FAULT, 0, "script: the firmware ran into a fault (bad address or instruction)."),
    "fault_of_another_frame": (
        ErrorCode.FAULT, 9, "script: the firmware ran into a fault (bad address or instruction).",
    ),
    "length": (
        ErrorCode.WRONG_LENGTH, 0, "script refuses the length of a request; build and flash its firmware again.",
    ),
    "unknown": (ErrorCode.UNKNOWN_TYPE, 0, "script does not know this request; build and flash its firmware again."),
}  # fmt: skip


@pytest.mark.parametrize(("code", "sequence", "message"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_complaints_that_end_it(start: Start, code: ErrorCode, sequence: int, message: str) -> None:
    complaint = encode_frame(Type.ERROR, sequence, bytes([code]))
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, complaint))
    with pytest.raises(DeviceError) as caught:
        list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""]))
    assert str(caught.value) == message
    assert len(device.sent) == 1


@pytest.mark.parametrize(
    ("payload", "sequence"),
    [
        (bytes([ErrorCode.WRONG_LENGTH]), 9),
        (bytes([ErrorCode.UNKNOWN_TYPE]), 9),
        (b"", 0),
        (b"\x63", 0),
    ],
)
def test_complaints_that_change_nothing(start: Start, payload: bytes, sequence: int) -> None:
    complaint = encode_frame(Type.ERROR, sequence, payload)
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, complaint + answered(frame)))
    assert list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""])) == [(0, b"yes")]
    assert len(device.sent) == 1


def test_a_damaged_request_is_sent_again_at_once_and_only_the_oldest(start: Start) -> None:
    came = []

    def answer(frame: Frame | None) -> tuple[float, bytes]:
        if frame is None:
            return 0.0, b""
        came.append(frame.sequence)
        damaged = encode_frame(Type.ERROR, 77, bytes([ErrorCode.DAMAGED]))
        return 0.1, damaged if came == [0] else answered(frame)

    device = start(answer)
    speaks = Exchange(device, 20, 1, 50)
    assert sorted(speaks.run(Type.INVOKE, [b"a", b"b"], None, 1000)) == [(0, b"yes"), (1, b"yes")]
    assert device.sent == [(0, [0, 1]), (0.1, [0])]
    assert speaks.resent == 1


def test_a_complaint_with_nothing_under_way_is_ignored(start: Start) -> None:
    damaged = encode_frame(Type.ERROR, 77, bytes([ErrorCode.DAMAGED]))
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame) + damaged))
    assert list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""])) == [(0, b"yes")]


@pytest.mark.parametrize("stranger", [Frame(Type.STACK, 0, b"no"), Frame(Type.GREET, 5, b"no")])
def test_answers_to_something_else_are_not_taken(start: Start, stranger: Frame) -> None:
    said = encode_frame(stranger.type | ANSWER, stranger.sequence, stranger.payload)
    said += encode_frame(Type.GREET, 0, b"no")
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, said + answered(frame)))
    assert list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""])) == [(0, b"yes")]


def test_an_answer_of_the_right_length_and_no_other(start: Start) -> None:
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame, b"four")))
    assert list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""], lambda number: 4)) == [(0, b"four")]
    with pytest.raises(DeviceError) as caught:
        list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""], lambda number: 0))
    assert str(caught.value) == ("script answered 4 bytes where 0 were due; build and flash its firmware again.")


def test_words_instead_of_frames_are_kept_in_the_log(start: Start) -> None:
    text = bytes(range(33, 127)) * 30
    said = [text + b"\0"]
    device = start(lambda frame: (0.1, said.pop()) if frame is None and said else (0.0, b""))
    with pytest.raises(
        DeviceError, match=r"^script did not answer within 3 s: 2,821 bytes came, but no right answer; "
    ):
        list(Exchange(device, 3, 1, 50).run(Type.GREET, [b""]))
    assert f"no frames: {text[-2000:]!r}\n" in device.log.read_text()


def test_what_lies_there_is_read_before_it_is_called_late(start: Start) -> None:
    """This program itself may have been kept waiting, beyond every limit."""
    device = start(lambda frame: (0.0, b"") if frame is None else (0.1, answered(frame)))
    take = device.read

    def late(timeout_s: float) -> bytes:
        data = take(timeout_s)
        device.now += 1000
        return data

    device.read = late  # type: ignore[method-assign]
    assert list(Exchange(device, 20, 1, 50).run(Type.GREET, [b""])) == [(0, b"yes")]
    assert len(device.sent) == 1
