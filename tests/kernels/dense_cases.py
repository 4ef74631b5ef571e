"""Dense layers of every layout and at every limit, as one model with an input and an output for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.networks import edge_vectors
from tests.tflite_writer import Writer

Int8Array = npt.NDArray[np.int8]
VECTORS = 64


@dataclass(frozen=True)
class Case:
    """A dense layer and the kernels that it gets on a core with DSP instructions, on RV32 and on AVR."""

    inputs: int
    outputs: int
    dsp: str
    rv32: str = "quads"
    avr: str = "avr"
    options: Mapping[str, Any] = field(default_factory=dict)


def _case(inputs: int, outputs: int, kernels: str, **options: Any) -> Case:
    return Case(inputs, outputs, *kernels.split(), options=options)


# fmt: off
CASES = {
    "one_by_one": _case(1, 1, "narrow quads avr"),
    "one_input": _case(1, 6, "narrow quads avr"),
    "two_inputs": _case(2, 7, "narrow_relu quads_relu avr", zero_point=-128),
    "two_inputs_per_channel": _case(2, 5, "narrow quads avr", per_channel=True),
    "two_inputs_one_output": _case(2, 1, "narrow_relu quads_relu avr", zero_point=-128),
    "three_inputs": _case(3, 4, "dsp quads avr"),
    "one_turn_of_four_groups": _case(16, 4, "dsp quads avr"),
    "five_groups": _case(17, 8, "dsp_relu quads_relu avr", zero_point=-128, activation="RELU"),
    "six_groups_per_channel": _case(24, 8, "dsp_relu quads_relu avr", zero_point=-128, per_channel=True),
    "seven_groups_signed_per_channel": _case(26, 4, "dsp quads avr", per_channel=True),
    "one_row_left": _case(6, 5, "dsp quads avr"),
    "two_rows_left_per_channel": _case(7, 6, "dsp quads avr", per_channel=True),
    "three_rows_left": _case(13, 7, "dsp_relu quads_relu avr", zero_point=-128),
    "rows_without_fours": _case(9, 3, "dsp quads avr", per_channel=True),
    "many_inputs": _case(131, 9, "dsp long_quads avr"),
    "many_inputs_relu_per_channel": _case(102, 4, "dsp_relu long_quads_relu avr", zero_point=-128, per_channel=True),
    "one_row_of_whole_words": _case(8, 1, "dsp quads avr"),
    "input_zero_point_at_the_low_end": _case(5, 4, "dsp quads avr", source_zero_point=-128),
    "input_zero_point_at_the_high_end": _case(5, 4, "dsp quads avr", source_zero_point=127),
    "output_zero_point_at_the_high_end": _case(4, 4, "dsp quads avr", zero_point=127),
    "highest_pair_in_a_lane": _case(8, 4, "dsp quads avr", weights=127),
    "lowest_pair_in_a_lane": _case(8, 4, "dsp quads avr", weights=-127),
    "-128_does_not_fit_a_lane": _case(8, 4, "quads quads avr", weights=-128),
    "-128_alone_in_a_lane": _case(2, 4, "narrow quads avr", weights=-128),
    "left_shift_with_sign": _case(3, 4, "plain plain plain", weight_scale=1.0, scale=0.02),
    "left_shift": _case(3, 4, "dsp_relu quads_relu plain", weight_scale=1.0, scale=0.02, zero_point=-128),
    "no_shift": _case(3, 4, "dsp_relu quads_relu plain", weight_scale=0.75, scale=0.05, zero_point=-128),
    "right_shift_1": _case(3, 4, "dsp quads avr", weight_scale=0.375, scale=0.05),
    "right_shift_8": _case(8, 4, "dsp quads avr", weight_scale=0.003, scale=0.05),
    "right_shift_15": _case(8, 4, "dsp quads avr", weight_scale=2e-5, scale=0.05, bias=3_000_000),
    "shifts_far_apart": _case(6, 4, "dsp quads avr", per_channel=True, weight_scale=[2e-5, 1e-3, 0.02, 0.3]),
    "narrower_clamp": _case(6, 4, "plain plain avr", activation="RELU6", zero_point=-100),
    "sums_up_to_24_bits": _case(8, 4, "dsp quads avr", weights=127, bias=2**23 - 8 * 127 * 130 - 1, weight_scale=2e-5),
    "sums_beyond_24_bits": _case(8, 4, "plain plain plain", weights=127, bias=2**23 - 1000, weight_scale=2e-5),
}
# fmt: on


def _weights(case: Case, rng: np.random.Generator) -> Int8Array:
    shape = case.outputs, case.inputs
    constant = case.options.get("weights")
    return rng.integers(-127, 128, shape).astype(np.int8) if constant is None else np.full(shape, constant, np.int8)


def _scales(case: Case, rng: np.random.Generator) -> float | list[float]:
    given = case.options.get("weight_scale", 0.01)
    if case.options.get("per_channel") and isinstance(given, float):
        return [float(np.float32(scale)) for scale in given * rng.uniform(0.2, 1, case.outputs)]
    return given  # type: ignore[no-any-return]


@cache
def dense_model(names: tuple[str, ...]) -> tuple[bytes, tuple[Int8Array, ...]]:
    """One model with an input and an output for each case, and its vectors."""
    writer, sources, outputs, vectors = Writer(), [], [], []
    for name in names:
        case = CASES[name]
        rng = np.random.default_rng([case.inputs, case.outputs, len(name)])
        options = case.options
        source_zero_point = options.get("source_zero_point", -3)
        source = writer.tensor((1, case.inputs), 0.05, source_zero_point)
        reach = options.get("bias", 9000)
        bias = rng.integers(-reach, reach + 1, case.outputs).astype(np.int32)
        if "bias" in options:
            bias[:] = reach
        scale = options.get("scale", 0.1 * np.sqrt(case.inputs) * 0.4)
        output = writer.fully_connected(
            source, _weights(case, rng), _scales(case, rng), bias, scale, options.get("zero_point", 4),
            activation=options.get("activation", "NONE"), shape=(1, case.outputs),
        )  # fmt: skip
        sources.append(source)
        outputs.append(output)
        vectors.append(edge_vectors(rng, (1, case.inputs), VECTORS))
    return writer.build(sources, outputs), tuple(vectors)
