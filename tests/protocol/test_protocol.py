"""COBS, checks and frames: properties of the Python side, and the C side as its twin."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tinyml_pipeline.host.device.protocol import (
    ANSWER,
    ErrorCode,
    Frame,
    FrameReader,
    Type,
    Unit,
    check_bytes,
    decode_cobs,
    decode_frame,
    encode_cobs,
    encode_frame,
    parse_counts,
    parse_greeting,
)

from tests.protocol.device_side import BATCH, TICKS, DeviceSide

PAYLOADS = st.binary(max_size=700) | st.lists(st.sampled_from([0, 1, 255]), max_size=700).map(bytes)
REPEATABLE = settings(derandomize=True, deadline=None, max_examples=300)


@pytest.fixture(scope="module", params=["gcc", "clang"])
def device(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DeviceSide:
    return DeviceSide(tmp_path_factory.mktemp("device_side"), request.param)


def answers(device: DeviceSide, data: bytes) -> list[Frame]:
    return FrameReader().feed(device.talk(data)[0])


COBS = {
    "empty": (b"", "01"),
    "zero": (b"\0", "0101"),
    "two_zeros": (b"\0\0", "010101"),
    "plain": (b"\x11\x22\x00\x33", "0311220233"),
    "ends_in_zero": (b"\x11\x00", "021101"),
    "full_block": (bytes(range(1, 255)), "ff" + bytes(range(1, 255)).hex()),
    "zero_then_full_block": (bytes(range(255)), "01ff" + bytes(range(1, 255)).hex()),
    "one_more_than_full": (bytes(range(1, 256)), "ff" + bytes(range(1, 255)).hex() + "02ff"),
    "three_full_blocks_and_a_byte": (b"\x01" * 763, ("ff" + "01" * 254) * 3 + "0201"),
    "nearly_full_block_then_zero": (bytes(range(1, 254)) + b"\0a", "fe" + bytes(range(1, 254)).hex() + "0261"),
    "full_block_then_zero": (bytes(range(1, 255)) + b"\0", "ff" + bytes(range(1, 255)).hex() + "0101"),
}


@pytest.mark.parametrize(("data", "coded"), COBS.values(), ids=COBS)
def test_cobs_of_known_data(data: bytes, coded: str) -> None:
    assert encode_cobs(data).hex() == coded
    assert decode_cobs(bytes.fromhex(coded)) == data


@REPEATABLE
@given(PAYLOADS)
def test_cobs_goes_there_and_back_without_a_zero(data: bytes) -> None:
    coded = encode_cobs(data)
    assert 0 not in coded
    assert len(coded) <= len(data) + 1 + len(data) // 254
    assert decode_cobs(coded) == data


@pytest.mark.parametrize("coded", [b"", b"\x00", b"\x05\x11", b"\x02\x00", b"\xff\x11"])
def test_what_cobs_cannot_have_made_is_refused(coded: bytes) -> None:
    assert decode_cobs(coded) is None


def test_the_checks_of_known_data() -> None:
    """29B1 is what every catalogue of CRCs gives for CRC-16/CCITT-FALSE."""
    assert check_bytes(b"123456789") == bytes((0xB1, 0x29, 477 & 0xFF, 2325 & 0xFF))


@REPEATABLE
@given(st.binary(max_size=40), st.data())
def test_damage_in_one_byte_is_always_seen(payload: bytes, data: st.DataObject) -> None:
    coded = bytearray(encode_frame(Type.INVOKE, 0x1234, payload)[1:-1])
    place = data.draw(st.integers(0, len(coded) - 1))
    coded[place] ^= data.draw(st.integers(1, 255))
    assert all(frame is None for frame in map(decode_frame, bytes(coded).split(b"\0")))


@REPEATABLE
@given(st.lists(st.binary(max_size=30), max_size=6), st.lists(st.integers(1, 9), min_size=1))
def test_a_reader_finds_frames_however_they_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    line, reader, found = b"".join(encode_frame(2, i, p) for i, p in enumerate(payloads)), FrameReader(), []
    while line:
        cut = cuts[len(line) % len(cuts)]
        found += reader.feed(line[:cut])
        line = line[cut:]
    assert found == [Frame(2, i, payload) for i, payload in enumerate(payloads)]
    assert reader.damaged == 0


def test_of_much_text_a_reader_keeps_the_first_and_the_latest() -> None:
    reader, text = FrameReader(), b"".join(b"%d," % number for number in range(2000))
    reader.feed(text[:4000] + b"\0")
    assert reader.text == text[:4000]
    reader.feed(text[4000:4001] + b"\0")
    assert reader.text == text[:2000] + text[2001:4001]
    reader.feed(text[4001:] + b"\0")
    assert reader.text == text[:2000] + text[-2000:]


def test_a_reader_keeps_as_much_as_it_is_told() -> None:
    frame = encode_frame(1, 2, b"now")
    assert FrameReader(longest=len(frame) - 2).feed(frame) == [Frame(1, 2, b"now")]
    assert FrameReader(longest=len(frame) - 3).feed(frame) == []
    reader = FrameReader(longest=1000)
    assert reader.feed(b"x" * 5000) == []
    assert reader.feed(frame) == [Frame(1, 2, b"now")]
    assert (reader.damaged, reader.text) == (1, b"x" * 1000)


def test_a_reader_keeps_32_million_bytes_at_most() -> None:
    reader = FrameReader()
    reader.feed(b"x" * 32_000_000)
    reader.feed(b"x")
    assert len(reader._pending) == 32_000_000


@pytest.mark.parametrize("length", range(3))
def test_a_frame_without_a_whole_header_is_none(length: int) -> None:
    data = b"abc"[:length]
    assert decode_frame(encode_cobs(data + check_bytes(data))) is None
    assert decode_frame(encode_cobs(b"abc" + check_bytes(b"abc"))) is not None


def test_what_begins_as_a_frame_and_never_ends_is_none() -> None:
    reader = FrameReader(longest=20)
    assert reader.feed(encode_frame(1, 2, b"x")[:-1]) == []
    assert reader.feed(b"y" * 20 + b"\0") == []
    assert reader.damaged == 1


def test_a_frame_is_empty_unless_a_payload_is_given() -> None:
    assert encode_frame(1, 2) == encode_frame(1, 2, b"")


def test_a_reader_needs_no_zero_before_the_first_frame() -> None:
    """It may have begun to listen when that was gone."""
    reader = FrameReader()
    assert reader.feed(encode_frame(1, 2, b"x")[1:]) == [Frame(1, 2, b"x")]
    assert reader.feed(encode_frame(1, 3, b"y")) == [Frame(1, 3, b"y")]
    assert (reader.damaged, reader.text) == (0, b"")


@REPEATABLE
@given(PAYLOADS.filter(bool), st.integers(0, 0xFFFF))
@example(bytes(BATCH), 0)
@example(b"\1", 0)
@example(b"\2\1\3", 0)
@example(bytes(range(1, 256)) * 2, 0x0101)
def test_both_sides_agree_on_every_frame(device: DeviceSide, payload: bytes, sequence: int) -> None:
    """The device decodes what Python wrote, and Python decodes its answer: the same vectors and their counts."""
    said, _ = device.talk(encode_frame(Type.INVOKE, sequence, payload))
    counts = struct.pack("<II", TICKS * min(payload), TICKS * max(payload))
    assert said == encode_frame(Type.INVOKE | ANSWER, sequence, payload + counts)
    assert parse_counts(payload + counts) == (TICKS * min(payload), TICKS * max(payload))


def test_an_answer_that_ends_with_a_full_block(device: DeviceSide) -> None:
    """254 bytes without a zero, and no empty block behind them."""
    payload = b"\xff" * (254 - 3 - 8 - 4)
    counts = struct.pack("<II", TICKS * 255, TICKS * 255)
    expected = next(
        frame
        for sequence in range(0x0101, 0xFFFF)
        if (frame := encode_frame(Type.INVOKE | ANSWER, sequence, payload + counts))[1] == 255
    )
    sequence = int.from_bytes(expected[3:5], "little")
    assert len(expected) == 257
    assert device.talk(encode_frame(Type.INVOKE, sequence, payload))[0] == expected


def test_a_fault_is_reported(device: DeviceSide) -> None:
    device.talk(encode_frame(Type.GREET, 0x1234))
    assert device.fault() == encode_frame(Type.ERROR, 0x1234, bytes([ErrorCode.FAULT]))


def test_the_greeting(device: DeviceSide) -> None:
    (answer,) = answers(device, encode_frame(Type.GREET, 7))
    greeting = parse_greeting(answer.payload)
    assert greeting is not None
    assert (greeting.version, greeting.unit, greeting.batch, greeting.line_buffer) == (1, Unit.INSTRUCTIONS, BATCH, 0)
    assert (greeting.input_bytes, greeting.output_bytes, greeting.sha256) == (1, 1, bytes(range(32)).hex())
    assert parse_greeting(answer.payload[:-1]) is None


WHOLE = bytes([Type.INVOKE, 9, 0]) + bytes(BATCH)
COMPLAINTS = {
    "type_0": (encode_frame(0, 9), ErrorCode.UNKNOWN_TYPE),
    "whole_frame_and_a_byte_more": (
        b"\0" + encode_cobs(WHOLE + check_bytes(WHOLE) + b"x") + b"\0",
        ErrorCode.DAMAGED,
    ),
    "whole_frame_and_its_last_byte_again": (
        b"\0" + encode_cobs(WHOLE + check_bytes(WHOLE) + b"x" + check_bytes(WHOLE)[-1:]) + b"\0",
        ErrorCode.DAMAGED,
    ),
    "unknown_type": (encode_frame(0x44, 9), ErrorCode.UNKNOWN_TYPE),
    "no_stack_here": (encode_frame(Type.STACK, 9, b"x"), ErrorCode.UNKNOWN_TYPE),
    "invoke_without_vector": (encode_frame(Type.INVOKE, 9), ErrorCode.WRONG_LENGTH),
    "greet_with_payload": (encode_frame(Type.GREET, 9, b"x"), ErrorCode.WRONG_LENGTH),
    "too_long": (encode_frame(Type.INVOKE, 9, bytes(BATCH + 1)), ErrorCode.DAMAGED),
    "far_too_long": (encode_frame(Type.INVOKE, 9, bytes(3000)), ErrorCode.DAMAGED),
    "too_short": (b"\0\x03ab\0", ErrorCode.DAMAGED),
    "cut_block": (b"\0\x30ab\0", ErrorCode.DAMAGED),
}


@pytest.mark.parametrize(("data", "code"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_the_device_says_what_is_wrong(device: DeviceSide, data: bytes, code: ErrorCode) -> None:
    (answer,) = answers(device, data)
    assert (answer.type, answer.payload) == (Type.ERROR, bytes([code]))
    (answer,) = answers(device, encode_frame(Type.GREET, 3))
    assert answer.sequence == 3


@pytest.mark.parametrize("flipped", range(4))
def test_the_device_checks_all_four_check_bytes(device: DeviceSide, flipped: int) -> None:
    data = bytes([Type.GREET, 3, 0])
    check = bytearray(check_bytes(data))
    (answer,) = answers(device, b"\0" + encode_cobs(data + check) + b"\0")
    assert answer.type == Type.GREET | ANSWER
    check[flipped] ^= 0x10
    (answer,) = answers(device, b"\0" + encode_cobs(data + check) + b"\0")
    assert (answer.type, answer.payload) == (Type.ERROR, bytes([ErrorCode.DAMAGED]))


def test_text_between_frames_is_handed_back(device: DeviceSide) -> None:
    greet = encode_frame(Type.GREET, 1)
    answer, is_text = device.talk(b"12 -7\n" + greet + b"hello")
    assert is_text == [1] * 6 + [0] * len(greet) + [1] * 5
    assert len(FrameReader().feed(answer)) == 1


@REPEATABLE
@given(st.binary(max_size=200))
def test_no_noise_stops_the_device(device: DeviceSide, noise: bytes) -> None:
    """Whatever came before, a zero and two tries later it answers (the first may end what the noise began)."""
    device.talk(noise)
    tries = [frame for _ in range(2) for frame in answers(device, encode_frame(Type.GREET, 5))]
    assert any(frame.type == Type.GREET | ANSWER for frame in tries)
