"""Which inputs are compared, and which become the firmware's golden vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.vectors import (
    all_inputs,
    edge_inputs,
    golden_vectors,
    is_exhaustive,
    parity_inputs,
    random_inputs,
)
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedPort, load_quantized

from tests.firmware import linear_tflite
from tests.parity import small


def port(size: int, zero_point: int = 5) -> QuantizedPort:
    return QuantizedPort("x", (), (size,), 0.1, zero_point)


def rows(arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)


@pytest.mark.parametrize("ports", [[port(1)], [port(2)], [port(1), port(1)]])
def test_up_to_two_values_are_covered_completely(ports: list[QuantizedPort]) -> None:
    inputs = parity_inputs(ports)
    values = rows(inputs.arrays)
    assert inputs.exhaustive
    assert len(np.unique(values, axis=0)) == len(values) == len(inputs) == 256 ** values.shape[1]
    assert [array.shape[1:] for array in inputs.arrays] == [port.shape for port in ports]


def test_three_values_are_not_listed() -> None:
    with pytest.raises(ValueError, match=r"^3 bytes have 256\^3 inputs$"):
        all_inputs([port(3)])


def test_every_input_in_order() -> None:
    (pairs,) = all_inputs([port(2)])
    assert pairs.dtype == np.int8
    assert pairs[[0, 1, 255, 256, 65535]].tolist() == [
        [-128, -128],
        [-128, -127],
        [-128, 127],
        [-127, -128],
        [127, 127],
    ]
    first, second = all_inputs([port(1), port(1)])
    assert (first[256].tolist(), second[256].tolist(), first[1].tolist()) == ([-127], [-128], [-128])


def test_when_every_input_is_tried() -> None:
    assert is_exhaustive([port(1), port(1)])
    assert not is_exhaustive([port(1), port(2)])


EDGES_OF_TWO = [
    [-128, -128], [127, 127], [5, -7], [-128, 127], [127, -128], [-1, -1], [0, 0],
    [-128, -7], [127, -7], [5, -128], [5, 127],
]  # fmt: skip


def test_the_edges() -> None:
    edges = edge_inputs([port(1, 5), port(1, -7)])
    assert edges.dtype == np.int8
    assert edges.tolist() == EDGES_OF_TWO


def test_edges_that_are_equal_appear_once_where_they_came_first() -> None:
    assert edge_inputs([port(2, 0)]).tolist() == [
        [-128, -128], [127, 127], [0, 0], [-128, 127], [127, -128], [-1, -1], [-128, 0], [127, 0], [0, -128], [0, 127],
    ]  # fmt: skip


@pytest.mark.parametrize(("size", "alone"), [(16, 16), (17, 16)])
def test_up_to_sixteen_values_are_tried_alone(size: int, alone: int) -> None:
    edges = edge_inputs([port(size)])
    assert len(edges) == 7 + 2 * alone
    assert edges[3].tolist() == [-128 if position % 2 == 0 else 127 for position in range(size)]
    assert np.flatnonzero(edges[-1] != 5).tolist() == [15]


def test_random_inputs() -> None:
    drawn = random_inputs([port(3), port(2)], 1000, 4)
    assert (drawn.shape, drawn.dtype, drawn.min(), drawn.max()) == ((1000, 5), np.int8, -128, 127)
    np.testing.assert_array_equal(drawn, random_inputs([port(5)], 1000, 4))
    assert (drawn != random_inputs([port(5)], 1000, 5)).any()


def wide(zero_point: int = 100) -> QuantizedPort:
    return QuantizedPort("z", (), (1,), 0.5, zero_point, DType.INT16, "INT16")


def test_each_port_gets_its_own_type() -> None:
    byte = QuantizedPort("b", (), (1,), 0.5, 100, DType.UINT8, "UINT8")
    first, second = all_inputs([byte, port(1)])
    assert (first.dtype, second.dtype) == (np.uint8, np.int8)
    assert (first[-1].tolist(), second[-1].tolist()) == ([255], [127])


def test_ports_of_two_bytes() -> None:
    assert is_exhaustive([wide()])
    assert not is_exhaustive([wide(), port(1)])
    (every,) = all_inputs([wide()])
    assert (every.dtype, every.ravel().tolist()) == (np.int16, list(range(-32768, 32768)))
    edges = edge_inputs([wide(), port(1)])
    assert edges.dtype == np.int16
    assert edges.tolist() == [
        [-32768, -128], [32767, 127], [100, 5], [-32768, 127], [32767, -128], [-1, -1], [0, 0],
        [-32768, 5], [32767, 5], [100, -128], [100, 127],
    ]  # fmt: skip
    drawn = random_inputs([wide(), port(1)], 5000, 3)
    expected = np.random.default_rng(3).integers([-32768, -128], [32767, 127], (5000, 2), endpoint=True)
    assert drawn.dtype == np.int16
    np.testing.assert_array_equal(drawn, expected)
    assert (drawn[:, 1].min(), drawn[:, 1].max()) == (-128, 127)


def test_the_middle_of_a_port_without_a_sign() -> None:
    edges = edge_inputs([QuantizedPort("u", (), (1,), 0.5, 7, DType.UINT8, "UINT8")])
    assert edges.ravel().tolist() == [0, 255, 7, 127, 128]


EDGES, WIDE = 13, [port(3)]


def test_a_thousand_inputs_of_seed_0_unless_asked_otherwise() -> None:
    inputs = parity_inputs(WIDE)
    np.testing.assert_array_equal(inputs.arrays[0], parity_inputs(WIDE, (), 1000, 0).arrays[0])
    np.testing.assert_array_equal(inputs.arrays[0][:EDGES], edge_inputs(WIDE))
    np.testing.assert_array_equal(inputs.arrays[0][EDGES:], random_inputs(WIDE, 1000 - EDGES, 0))
    assert not inputs.exhaustive


SAMPLES = np.repeat(np.arange(50, dtype=np.float32)[:, None], 3, axis=1) * np.float32(0.1)
CHOSEN = {
    "no room": (EDGES, []),
    "room for one": (EDGES + 1, [0]),
    "half of the rest, evenly spread": (EDGES + 11, [0, 12, 24, 36, 49]),
    "all of them": (EDGES + 300, list(range(50))),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_samples_take_half_of_what_the_edges_leave(case: str) -> None:
    count, chosen = CHOSEN[case]
    inputs = parity_inputs(WIDE, [SAMPLES], count, 3)
    (values,) = inputs.arrays
    assert len(values) == count
    assert inputs.data == ((EDGES, EDGES + len(chosen)) if chosen else (0, 0))
    np.testing.assert_array_equal(values[:EDGES], edge_inputs(WIDE))
    assert values[EDGES : EDGES + len(chosen)].tolist() == [[5 + number] * 3 for number in chosen]
    left = count - EDGES - len(chosen)
    np.testing.assert_array_equal(values[EDGES + len(chosen) :], random_inputs(WIDE, left, 3))


def test_few_inputs_are_the_first_edges() -> None:
    np.testing.assert_array_equal(parity_inputs(WIDE, [SAMPLES], 4).arrays[0], edge_inputs(WIDE)[:4])


def test_samples_of_several_ports_stay_together() -> None:
    ports = [port(2), QuantizedPort("y", (), (1, 2), 0.5, 0)]
    samples = [np.full((1, 2), 0.3, np.float32), np.full((1, 1, 2), 1.5, np.float32)]
    first, second = parity_inputs(ports, samples, 100).arrays
    place = len(edge_inputs(ports))
    assert (first[place].tolist(), second[place].tolist()) == ([8, 8], [[3, 3]])
    assert first.flags["C_CONTIGUOUS"]
    with pytest.raises(ValueError, match="zip"):
        parity_inputs(ports, samples[:1], 100)


def test_larger_models_get_edges_samples_and_random_vectors() -> None:
    samples = np.full((50, 3), 0.31, np.float32)
    inputs = parity_inputs([port(3)], [samples], 300, seed=1)
    values = rows(inputs.arrays).tolist()
    assert inputs.exhaustive is False
    assert len(values) == 300
    for edge in ([-128] * 3, [127] * 3, [5] * 3, [-128, 5, 5], [5, 5, 127]):
        assert edge in values
    assert [8] * 3 in values
    np.testing.assert_array_equal(rows(parity_inputs([port(3)], [samples], 300, seed=1).arrays), values)


ASKED = (((10, 2), (12,)), ((100, 100), (200,)))


def test_golden_vectors_hold_checks_edges_and_a_spread() -> None:
    model = small.adder()
    infer = TflmInterpreter(model.tflite).invoke
    golden = golden_vectors(model, infer, ASKED)
    inputs = golden.inputs[0].tolist()
    assert len(golden) == 16 == len(np.unique(golden.inputs[0], axis=0))
    assert inputs[0] == model.inputs[0].quantize([10, 2]).tolist()
    assert [127, 127] in inputs
    assert [-128, -128] in inputs
    assert len(np.unique(golden.outputs[0])) >= 12
    np.testing.assert_array_equal(golden.outputs[0], infer(golden.inputs)[0])
    again = golden_vectors(model, infer, ASKED, 16, 0)
    np.testing.assert_array_equal(golden.inputs[0], again.inputs[0])
    other = golden_vectors(model, infer, ASKED, seed=1)
    assert (other.inputs[0] != golden.inputs[0]).any()


def sums(inputs: Sequence[Int8Array]) -> tuple[Int8Array, ...]:
    """A model of two outputs, of one and of two values."""
    values = rows(tuple(inputs)).astype(int)
    half = values // 2
    return half[:, :1].astype(np.int8), np.stack([half[:, -1:], half[:, :1] // 3], axis=1).astype(np.int8)


def test_golden_vectors_are_half_fixed_and_half_spread_over_the_outputs() -> None:
    ports = (model := small.two_ports()).inputs
    golden = golden_vectors(model, sums, (((1, 2, 3, -5), (0,)),), 20, seed=7)
    chosen = rows(golden.inputs).tolist()
    fixed = [[12, 14, 16, -40], *edge_inputs(ports).tolist()]
    assert chosen[:10] == fixed[:10]
    pool = []
    for row in random_inputs(ports, 256, 7).tolist():
        if row not in pool and row not in fixed[:10]:
            pool.append(row)
    pool.sort(key=lambda row: sum(int(output.sum()) for output in sums((np.array([row], np.int8),))))
    assert chosen[10:] == [pool[int(number * (len(pool) - 1) / 9)] for number in range(10)]
    for output, expected in zip(golden.outputs, sums(golden.inputs), strict=True):
        np.testing.assert_array_equal(output, expected)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_more_questions_than_half_are_all_golden_vectors(count: int) -> None:
    asked = tuple(((value, value), (2 * value,)) for value in (10, 20, 30, 40))
    golden = golden_vectors(small.adder(), sums, asked, count)
    assert golden.inputs[0][:4].tolist() == [[-102, -102], [-77, -77], [-51, -51], [-26, -26]][:count]
    assert len(golden) == count


def test_questions_of_several_ports() -> None:
    model = small.two_ports()
    golden = golden_vectors(model, sums, (((1, 2, 3, -5), (0,)),))
    assert [array.shape for array in golden.inputs] == [(16, 3), (16, 1)]
    assert (golden.inputs[0][0].tolist(), golden.inputs[1][0].tolist()) == ([12, 14, 16], [-40])


def test_golden_vectors_of_one_value() -> None:
    model = load_quantized(linear_tflite(), "linear")
    infer = TflmInterpreter(model.tflite).invoke
    golden = golden_vectors(model, infer)
    assert len(golden) == 16 == len(np.unique(golden.inputs[0]))
    golden = golden_vectors(model, infer, count=1000)
    drawn = {*random_inputs(model.inputs, 2 * 1000, 0).ravel().tolist(), *edge_inputs(model.inputs).ravel().tolist()}
    assert len(golden) == len(np.unique(golden.inputs[0])) == len(drawn)


def test_real_inputs_come_first_among_every_one_of_two_values() -> None:
    """Without repeats, so that a proof can judge them apart; no input is lost or there twice."""
    ports = [port(2)]
    real = np.array([[1, 2], [3, 4], [1, 2]], np.float32)
    inputs = parity_inputs(ports, [real])
    stored = ports[0].quantize(real)
    assert (inputs.exhaustive, inputs.data, len(inputs)) == (True, (0, 2), 65_536)
    np.testing.assert_array_equal(rows(inputs.arrays)[:2], stored[:2])
    assert len(np.unique(rows(inputs.arrays), axis=0)) == 65_536
