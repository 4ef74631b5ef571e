"""A session with a device that tells the truth, or a lie at the very edge of what can be."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage
from tinyml_pipeline.host.device.measure import Measurement, measure
from tinyml_pipeline.host.device.protocol import Frame, FrameReader, Greeting, Type, Unit, parse_greeting
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_io import ModelInterface

from tests.device.test_lying_device import INPUTS, LyingDevice, answered, greeting, honest
from tests.firmware import MIXER, SHA256, mixed


class Counting:
    """Answers truly; the counts of each INVOKE and the stack of each STACK come from lists."""

    def __init__(self, counts: list[tuple[int, int]], stacks: tuple[int, ...] = (), **fields: int) -> None:
        self.counts, self.stacks, self.fields = list(counts), list(stacks), fields
        self.vectors: list[int] = []
        self.asked: list[bytes] = []

    def __call__(self, frame: Frame) -> bytes:
        if frame.type == Type.GREET:
            return answered(frame, greeting(**self.fields))
        if frame.type == Type.STACK:
            self.asked.append(frame.payload)
            return answered(frame, self.stacks.pop(0).to_bytes(4, "little"))
        self.vectors.append(len(frame.payload) // 4)
        return answered(frame, honest(frame)[:-8] + struct.pack("<II", *self.counts.pop(0)))


def session_with(answer: Counting, folder: Path) -> tuple[Session, LyingDevice]:
    device = LyingDevice(answer, folder / "log")
    device.__enter__()
    return Session(device, timeout_s=5, resend_after_s=1, attempts=3), device


def test_what_a_greeting_says(tmp_path: Path) -> None:
    said = greeting(unit=1, batch=300, line_buffer=500, input_bytes=70_000, output_bytes=80_000, clock_hz=16_000_000)
    assert parse_greeting(said) == Greeting(1, 1, 300, 500, 70_000, 80_000, 16_000_000, SHA256)
    assert parse_greeting(said + b"more") == parse_greeting(said)


@pytest.mark.parametrize("expected", [None, SHA256, MIXER])
def test_the_model_that_is_expected(expected: ModelInterface | str | None, tmp_path: Path) -> None:
    session, device = session_with(Counting([]), tmp_path)
    found = session.greet(expected)
    assert (found.input_bytes, found.sha256) == (4, SHA256)
    assert device.log.read_text() == f"{found}\n"


@pytest.mark.parametrize("expected", ["cd" * 32, ModelInterface("cd" * 32, (4,), (4,))])
def test_another_model(expected: ModelInterface | str, tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        session_with(Counting([]), tmp_path)[0].greet(expected)
    assert str(caught.value) == (
        "liar runs another model: the SHA-256 of its .tflite begins with abababababab, not with cdcdcdcdcdcd; build"
        " and flash again."
    )


def test_an_empty_greeting(tmp_path: Path) -> None:
    session = Session(LyingDevice(lambda frame: answered(frame, b""), tmp_path / "log"))
    with pytest.raises(DeviceError) as caught:
        session.greet()
    assert str(caught.value) == ("liar greets with only 0 bytes; build and flash its firmware again.")


LARGEST = 16_000_000
EDGES = {
    "largest_input": ({"input_bytes": LARGEST, "batch": 1}, ""),
    "input": ({"input_bytes": LARGEST + 1, "batch": 1}, "inputs of 16,000,001 and outputs of 4 bytes"),
    "largest_output": ({"output_bytes": LARGEST, "batch": 1}, ""),
    "output": ({"output_bytes": LARGEST + 1, "batch": 1}, "inputs of 4 and outputs of 16,000,001 bytes"),
    "smallest": ({"input_bytes": 1, "output_bytes": 1, "batch": 1}, ""),
    "no_output": ({"output_bytes": 0}, "inputs of 4 and outputs of 0 bytes"),
    "largest_batch": ({"input_bytes": LARGEST // 2, "batch": 2}, ""),
    "batch": ({"output_bytes": LARGEST // 2, "batch": 3}, "frames of 3 vectors of 4 and 8,000,000 bytes"),
    "no_batch": ({"batch": 0}, "frames of 0 vectors of 4 and 4 bytes"),
    "slowest_clock": ({"unit": 1, "clock_hz": 1_000}, ""),
    "slow_clock": ({"unit": 1, "clock_hz": 999}, "a clock of 999 Hz, which no microcontroller has"),
    "fastest_clock": ({"unit": 1, "clock_hz": 2_000_000_000}, ""),
    "fast_clock": ({"unit": 1, "clock_hz": 2_000_000_001}, "a clock of 2,000,000,001 Hz, which no microcontroller has"),
    "no_clock": ({"unit": 2, "clock_hz": 0}, ""),
    "clock_without_cycles": ({"unit": 0, "clock_hz": 1}, "a clock of 1 Hz, but does not count cycles"),
    "last_unit": ({"unit": 3}, ""),
    "unit": ({"unit": 4}, "counts in unit 4, which is none"),
}


@pytest.mark.parametrize(("fields", "problem"), EDGES.values(), ids=EDGES)
def test_the_last_greeting_that_can_be(fields: dict[str, int], problem: str, tmp_path: Path) -> None:
    session, _ = session_with(Counting([], **fields), tmp_path)
    if problem:
        with pytest.raises(DeviceError) as caught:
            session.greet()
        assert str(caught.value) == f"liar greets with {problem}; build and flash its firmware again."
    else:
        session.greet()


def test_sizes_of_another_model_with_the_same_sum(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        session_with(Counting([], input_bytes=5), tmp_path)[0].greet(ModelInterface(SHA256, (2, 2), (1_000, 1_000)))
    assert str(caught.value) == (
        "liar greets with inputs of 5 and outputs of 4 bytes, where the model has 4 and 2,000; build and flash its"
        " firmware again."
    )


def test_many_vectors(tmp_path: Path) -> None:
    answer = Counting([(10, 20), (7, 8), (9, 30)], unit=2)
    session, device = session_with(answer, tmp_path)
    told: list[tuple[int, int]] = []
    ran = session.invoke_many(INPUTS, lambda done, total: told.append((done, total)))
    np.testing.assert_array_equal(ran.outputs, mixed(INPUTS))
    assert (ran.fewest, ran.most, ran.unit, ran.resent) == (7, 30, Unit.INSTRUCTIONS, 0)
    assert ran.outputs.dtype == np.int8
    assert answer.vectors == [4, 4, 1]
    assert told == [(4, 9), (8, 9), (9, 9)]
    assert device.log.read_text().splitlines()[1:] == ["9 vectors, 7 to 30 instructions, 0 frames resent"]


@pytest.mark.parametrize(("batch", "vectors"), [(None, [4, 4, 1]), (3, [3, 3, 3]), (99, [4, 4, 1]), (-1, [1] * 9)])
def test_how_many_vectors_go_into_a_frame(batch: int | None, vectors: list[int], tmp_path: Path) -> None:
    answer = Counting([(1, 1)] * 9)
    session_with(answer, tmp_path)[0].invoke_many(INPUTS, batch=batch)
    assert answer.vectors == vectors


@pytest.mark.parametrize(("line_buffer", "frames"), [(0, [1, 1, 1]), (1000, [3])])
def test_as_many_frames_are_under_way_as_the_device_buffers(
    line_buffer: int, frames: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, device = session_with(Counting([(1, 1)] * 3, line_buffer=line_buffer), tmp_path)
    session.greet()
    sent, write = [], device.write

    def count(data: bytes, timeout_s: float) -> None:
        sent.append(len(FrameReader().feed(data)))
        write(data, timeout_s)

    monkeypatch.setattr(device, "write", count)
    np.testing.assert_array_equal(session.invoke_many(INPUTS).outputs, mixed(INPUTS))
    assert [number for number in sent if number] == frames


def test_no_vectors(tmp_path: Path) -> None:
    ran = session_with(Counting([]), tmp_path)[0].invoke_many(INPUTS[:0])
    assert (ran.outputs.shape, ran.fewest, ran.most, ran.resent) == ((0, 4), 0, 0, 0)


def test_frames_are_counted_that_this_run_sent_again(tmp_path: Path) -> None:
    session, device = session_with(Counting([(1, 1)] * 6), tmp_path)
    session.greet()
    session._exchange.resent = 5
    assert session.invoke_many(INPUTS).resent == 0
    lost = [True]

    def write(data: bytes, timeout_s: float) -> None:
        if not lost.pop() if lost else True:
            LyingDevice.write(device, data, timeout_s)

    device.write = write  # type: ignore[method-assign]
    session._exchange._resend_after_s = 0.0
    assert session.invoke_many(INPUTS).resent == 1


@pytest.mark.parametrize("inputs", [INPUTS.astype(np.int16), INPUTS[0], INPUTS[:, :3], INPUTS[:, None]])
def test_vectors_that_a_device_does_not_take(inputs: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        session_with(Counting([]), tmp_path)[0].invoke_many(inputs)
    assert str(caught.value) == f"liar takes vectors of 4 int8 values, not {inputs.dtype} of shape {inputs.shape}."


def test_counts_of_one_number_are_the_right_way_round(tmp_path: Path) -> None:
    ran = session_with(Counting([(7, 7)] * 3), tmp_path)[0].invoke_many(INPUTS)
    assert (ran.fewest, ran.most) == (7, 7)


def test_the_most_stack_that_can_be_measured(tmp_path: Path) -> None:
    session, _ = session_with(Counting([], (16_384, 16_385)), tmp_path)
    assert session.stack_bytes(INPUTS[0]) == 16_384
    with pytest.raises(DeviceError) as caught:
        session.stack_bytes(INPUTS[0])
    assert str(caught.value) == (
        "liar says that the model used 16,385 bytes of stack; it can only measure 16,384. Build and flash its firmware"
        " again."
    )


@pytest.mark.parametrize(("unit", "word"), [(0, "nothing"), (1, "cycles"), (2, "instructions")])
def test_a_measurement(unit: int, word: str, tmp_path: Path) -> None:
    answer = Counting([(10, 20), (7, 8), (9, 30)], (300, 500, 400, 200), unit=unit)
    session, _ = session_with(answer, tmp_path)
    bench = FirmwareImage(Path("x.elf"), "uno", "bench", 3000, 200, 1500, 1000, 500, "")
    assert measure(bench, session, INPUTS) == Measurement("uno", 3000, 1000, 200, 500, 7, 30, word)  # type: ignore[arg-type]
    assert answer.asked == [vector.tobytes() for vector in INPUTS[:4]]


def test_a_unit_that_no_bench_counts_in(tmp_path: Path) -> None:
    session, _ = session_with(Counting([(1, 1)] * 3, unit=3), tmp_path)
    bench = FirmwareImage(Path("x.elf"), "uno", "bench", 3000, 200, 1500, 1000, 500, "")
    with pytest.raises(DeviceError) as caught:
        measure(bench, session, INPUTS)
    assert str(caught.value) == "uno counts microseconds, not cycles or instructions; build its firmware again."
