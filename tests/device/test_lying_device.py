"""A device that lies: whatever it greets with or answers, the host refuses it with one line, or the answer is whole."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import exchange, protocol
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.protocol import ANSWER, Frame, FrameReader, Type, encode_frame
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_io import ModelInterface

from tests.firmware import MIXER, SHA256, mixed

REPEATABLE = settings(
    derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Answer = Callable[[Frame], bytes]


class LyingDevice(Device):
    """Answers every request with whatever `answer` makes of it; no clock, no process."""

    def __init__(self, answer: Answer, log: Path) -> None:
        super().__init__("liar", log)
        self._answer, self._reader, self._said = answer, FrameReader(), b""

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes, timeout_s: float) -> None:
        for frame in self._reader.feed(data):
            self._said += self._answer(frame)

    def read(self, timeout_s: float) -> bytes:
        said, self._said = self._said, b""
        return said


def greeting(unit: int = 1, batch: int = 4, line_buffer: int = 0, input_bytes: int = 4, output_bytes: int = 4,
             clock_hz: int = 0, sha256: str = SHA256) -> bytes:  # fmt: skip
    return struct.pack("<BBHHIII32s", 1, unit, batch, line_buffer, input_bytes, output_bytes, clock_hz,
                       bytes.fromhex(sha256))  # fmt: skip


def honest(frame: Frame) -> bytes:
    """The payload that a true device answers."""
    if frame.type == Type.GREET:
        return greeting()
    if frame.type == Type.STACK:
        return (100).to_bytes(4, "little")
    inputs = np.frombuffer(frame.payload, np.int8).reshape(-1, 4)
    return mixed(inputs).tobytes() + struct.pack("<II", 10, 20)


def answered(frame: Frame, payload: bytes) -> bytes:
    return encode_frame(frame.type | ANSWER, frame.sequence, payload)


def session_with(answer: Answer, folder: Path) -> Session:
    return Session(LyingDevice(answer, folder / "liar.log"), timeout_s=0.5, resend_after_s=0.0, attempts=5)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A millisecond for each look at the clock: what happens does not depend on this machine."""
    ticks = itertools.count()
    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 1000))


INPUTS = np.random.default_rng(0).integers(-128, 128, (9, 4)).astype(np.int8)

ABSURD = {
    "unit": ({"unit": 9}, "counts in unit 9, which is none"),
    "clock": ({"clock_hz": 5, "unit": 2}, "a clock of 5 Hz, but does not count cycles"),
    "no_inputs": ({"input_bytes": 0}, "inputs of 0 and outputs of 4 bytes"),
    "inputs": ({"input_bytes": 5}, "inputs of 5 and outputs of 4 bytes, where the model has 4 and 4"),
    "outputs": ({"output_bytes": 2**32 - 1}, "inputs of 4 and outputs of 4,294,967,295 bytes"),
    "no_batch": ({"batch": 0}, "frames of 0 vectors of 4 and 4 bytes"),
}


@pytest.mark.parametrize(("fields", "problem"), ABSURD.values(), ids=ABSURD)
def test_a_greeting_that_cannot_be(fields: dict[str, int], problem: str, tmp_path: Path) -> None:
    session = session_with(lambda frame: answered(frame, greeting(**fields)), tmp_path)
    with pytest.raises(DeviceError) as caught:
        session.greet(MIXER)
    assert str(caught.value) == f"liar greets with {problem}; build and flash its firmware again."


def test_frames_that_no_microcontroller_holds(tmp_path: Path) -> None:
    large = ModelInterface(SHA256, (4,), (1_000_000,))
    said = greeting(batch=65535, output_bytes=1_000_000)
    with pytest.raises(DeviceError, match=r"^liar greets with frames of 65,535 vectors of 4 and 1,000,000 bytes; "):
        session_with(lambda frame: answered(frame, said), tmp_path).greet(large)


def test_nothing_is_allocated_for_a_lie(tmp_path: Path) -> None:
    """Not even where nobody says which model is expected."""
    session = session_with(lambda frame: answered(frame, greeting(output_bytes=2**31)), tmp_path)
    tracemalloc.start()
    with pytest.raises(DeviceError, match=r"^liar greets with "):
        session.invoke_many(INPUTS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


LENGTHS = {"one_less": slice(None, -1), "none": slice(0, 0), "counts_only": slice(-8, None)}


@pytest.mark.parametrize("cut", LENGTHS.values(), ids=LENGTHS)
def test_an_answer_of_another_length(cut: slice, tmp_path: Path) -> None:
    def answer(frame: Frame) -> bytes:
        payload = honest(frame)
        return answered(frame, payload[cut] if frame.type == Type.INVOKE else payload)

    session = session_with(answer, tmp_path)
    with pytest.raises(DeviceError, match=r"^liar answered \d+ bytes where 24 were due; build and flash"):
        session.invoke_many(INPUTS)


def test_an_answer_that_is_too_long(tmp_path: Path) -> None:
    session = session_with(lambda frame: answered(frame, honest(frame) + (b"x" * (frame.type != Type.GREET))), tmp_path)
    with pytest.raises(DeviceError, match=r"^liar answered 25 bytes where 24 were due; build and flash"):
        session.invoke_many(INPUTS)
    with pytest.raises(DeviceError, match=r"^liar answered 5 bytes where 4 were due; build and flash"):
        session.stack_bytes(INPUTS[0])


def test_counts_the_wrong_way_round(tmp_path: Path) -> None:
    def answer(frame: Frame) -> bytes:
        payload = honest(frame)
        return answered(frame, payload[:-8] + struct.pack("<II", 7, 6) if frame.type == Type.INVOKE else payload)

    with pytest.raises(DeviceError) as caught:
        session_with(answer, tmp_path).invoke_many(INPUTS)
    assert str(caught.value) == (
        "liar says that one inference took from 7 to 6 cycles; build and flash its firmware again."
    )


def test_more_stack_than_can_be_measured(tmp_path: Path) -> None:
    session = session_with(lambda frame: answered(frame, b"\xff\xff\xff\xff"), tmp_path)
    with pytest.raises(DeviceError, match=r"^liar says that the model used 4,294,967,295 bytes of stack; it can only "):
        session.stack_bytes(INPUTS[0])


@pytest.mark.parametrize("flipped", range(4))
def test_all_four_check_bytes_count(flipped: int) -> None:
    """On both sides: see tests/protocol for the device's."""
    data = struct.pack("<BH", Type.INVOKE, 7) + b"payload"
    check = bytearray(protocol.check_bytes(data))
    assert protocol.decode_frame(protocol.encode_cobs(data + check)) is not None
    check[flipped] ^= 0x10
    assert protocol.decode_frame(protocol.encode_cobs(data + check)) is None


def test_late_duplicates_and_strangers_change_nothing(tmp_path: Path) -> None:
    earlier: list[bytes] = []

    def answer(frame: Frame) -> bytes:
        own = answered(frame, honest(frame))
        strangers = encode_frame(frame.type | ANSWER, frame.sequence + 999, honest(frame))
        strangers += encode_frame(Type.STACK | ANSWER, frame.sequence, b"1234")
        earlier.append(own)
        return b"".join(earlier[-4:-1]) + strangers + own + own

    session = session_with(answer, tmp_path)
    session.greet(MIXER)
    np.testing.assert_array_equal(session.invoke_many(INPUTS, batch=1).outputs, mixed(INPUTS))


def test_endless_garbage_ends(tmp_path: Path) -> None:
    class Babbler(LyingDevice):
        def read(self, timeout_s: float) -> bytes:
            return b"lorem ipsum \x1b[2J" * 500

    tracemalloc.start()
    session = Session(Babbler(lambda frame: b"", tmp_path / "log"), timeout_s=0.2, resend_after_s=0.01)
    with pytest.raises(DeviceError, match=r"but no right answer; is this its firmware|has answered before|attempts"):
        session.greet(MIXER)
    tracemalloc.stop()


def test_a_stream_without_end_is_not_kept() -> None:
    reader = FrameReader(longest=1000)
    for _ in range(100):
        assert reader.feed(b"x" * 999) == []
        assert len(reader._pending) <= 1000
    assert reader.feed(b"\0" + encode_frame(1, 2, b"now")) == [Frame(1, 2, b"now")]
    assert reader.damaged == 1
    reader.feed(b"\0".join([b"text" * 200] * 50) + b"\0")
    assert len(reader.text) < 10_000


LIES = st.one_of(st.binary(max_size=80), st.binary(min_size=50, max_size=50).map(lambda said: b"\1" + said[1:]))


@REPEATABLE
@given(said=LIES, behind=st.binary(max_size=40))
def test_any_greeting_is_believed_only_if_it_is_the_models(tmp_path: Path, said: bytes, behind: bytes) -> None:
    session = session_with(lambda frame: answered(frame, said) + behind, tmp_path)
    with pytest.raises(DeviceError) as caught:
        session.greet(MIXER)
    assert str(caught.value).startswith("liar")
    assert "\n" not in str(caught.value)


@REPEATABLE
@given(st.data())
def test_any_behaviour_gives_the_right_outputs_or_one_line(tmp_path: Path, data: st.DataObject) -> None:
    """Of each request: answered, cut, padded, doubled, with another number or type, refused, or lost in garbage."""
    lies: list[Callable[[Frame, bytes], bytes]] = [
        answered,
        answered,
        lambda frame, payload: answered(frame, payload) * 2,
        lambda frame, payload: answered(frame, payload[:-1]),
        lambda frame, payload: answered(frame, payload + b"\0"),
        lambda frame, payload: encode_frame(frame.type | ANSWER, frame.sequence + 1 & 0xFFFF, payload[:-1]),
        lambda frame, payload: encode_frame(frame.type, frame.sequence, payload),
        lambda frame, payload: encode_frame(Type.ERROR, frame.sequence, bytes([data.draw(st.integers(0, 255))])),
        lambda frame, payload: encode_frame(Type.ERROR, frame.sequence),
        lambda frame, payload: data.draw(st.binary(max_size=60)),
        lambda frame, payload: b"",
    ]
    session = session_with(lambda frame: data.draw(st.sampled_from(lies))(frame, honest(frame)), tmp_path)
    outputs, refusal = None, ""
    try:
        session.greet(MIXER)
        outputs = session.invoke_many(INPUTS, batch=data.draw(st.integers(1, 4))).outputs
    except DeviceError as error:
        refusal = str(error)
    if outputs is None:
        assert refusal.startswith("liar")
        assert "\n" not in refusal
    else:
        np.testing.assert_array_equal(outputs, mixed(INPUTS))
