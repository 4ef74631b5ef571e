"""The choice of kernels: within flash and RAM, explained; and refusals as data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyml_pipeline.compiler import select
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels import all_kernels
from tinyml_pipeline.compiler.kernels.rescale_s8 import KERNEL as RELU
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.select import Budget, Candidate, flash_of
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.errors import UnsupportedError

from tests.compiler.models import adder
from tests.kernels.dense_cases import dense_model
from tests.ops.check import T, model_of, one
from tests.ops.convolutions import convolution
from tests.tflite_writer import Writer


def relus() -> Graph:
    return read_tflite(model_of(one("RELU", [T((500,), 0.1)], [T((500,), 0.2)])))


def test_speed_takes_a_table_and_size_computes() -> None:
    for optimize, function in (("speed", "lookup_s8"), ("size", "rescale_s8")):
        (layer,) = explain(relus(), find_target("portable", optimize))  # type: ignore[arg-type]
        assert layer.function == function


def test_a_small_flash_changes_the_choice() -> None:
    target = find_target("portable", "speed")
    (layer,) = explain(relus(), target, Budget(flash_bytes=200))
    assert layer.function == "rescale_s8"
    program = make_program(relus(), target, Budget(flash_bytes=200))
    assert flash_of([step.choice.chosen for step in program.steps]) <= 200


@st.composite
def found(draw: st.DrawFn) -> list[list[Candidate]]:
    """Candidates of a few operators, of kernels with code of different length."""

    def kernel(number: int) -> Kernel[Any]:
        return replace(RELU, function=f"kernel_{number}")

    code_bytes = draw(st.lists(st.integers(0, 300), min_size=4, max_size=4))
    numbers = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 200)), min_size=1, max_size=4)
    return [
        [
            Candidate(kernel(number), Lowering(()), Cost(cycles, code_bytes[number], constants))
            for number, cycles, constants in candidates
        ]
        for candidates in draw(st.lists(numbers, max_size=6))
    ]


def shrunk(chosen: list[Candidate], found: list[list[Candidate]], flash_bytes: int) -> list[Candidate]:
    """As select does it, but all prices are asked again for each move."""
    while flash_of(chosen) > flash_bytes:
        moves = []
        for position, candidates in enumerate(found):
            for rank, other in enumerate(candidates):
                saved = flash_of(chosen) - flash_of([*chosen[:position], other, *chosen[position + 1 :]])
                if saved > 0:
                    moves.append(((other.cost.cycles - chosen[position].cost.cycles) / saved, position, rank))
        if not moves:
            break
        _, position, rank = min(moves)
        chosen = [*chosen[:position], found[position][rank], *chosen[position + 1 :]]
    return chosen


@given(found(), st.integers(0, 1000))
def test_each_move_is_the_one_that_loses_the_least_time_per_byte(
    found: list[list[Candidate]], flash_bytes: int
) -> None:
    chosen = [candidates[0] for candidates in found]
    expected = shrunk(chosen, found, flash_bytes)
    select._shrink(chosen, found, flash_bytes)
    assert list(map(id, chosen)) == list(map(id, expected))


@given(found(), st.integers(0, 1000), st.sampled_from([0, 20, 100]))
def test_no_faster_kernel_fits_in_the_end(found: list[list[Candidate]], flash_bytes: int, price: int) -> None:
    chosen = select._cheapest(found, price)
    select._shrink(chosen, found, flash_bytes)
    before = flash_of(chosen)
    select._grow(chosen, found, flash_bytes, price)
    assert flash_of(chosen) <= max(before, flash_bytes)
    for position, candidates in enumerate(found):
        for other in candidates:
            changed = [*chosen[:position], other, *chosen[position + 1 :]]
            assert flash_of(changed) > flash_bytes or priced(changed, price) >= priced(chosen, price)


def priced(chosen: list[Candidate], price: int) -> int:
    return sum(candidate.cost.cycles for candidate in chosen) + price * flash_of(chosen)


@pytest.mark.parametrize(("operators", "function"), [(1, "small"), (2, "fast")])
def test_operators_share_the_price_of_code(operators: int, function: str) -> None:
    """300 bytes of code save 2,000 cycles of each operator: too few for one at 10 cycles a byte."""
    small, fast = (replace(RELU, function=name) for name in ("small", "fast"))
    candidates = [Candidate(small, Lowering(()), Cost(2000, 0)), Candidate(fast, Lowering(()), Cost(0, 300))]
    chosen = select._cheapest([candidates] * operators, 10)
    assert {candidate.kernel.function for candidate in chosen} == {function}


@pytest.mark.parametrize(
    ("image", "functions"),
    [
        ((32, 32, 16), ["conv_2d_dual_s8", "conv_2d_winograd_4_s8", "conv_2d_winograd_4_s8"]),
        ((16, 16, 32), ["conv_2d_dual_s8", "conv_2d_winograd_2_s8", "conv_2d_winograd_4_s8"]),
    ],
)
def test_a_byte_has_its_price(image: tuple[int, int, int], functions: list[str]) -> None:
    """Of convolutions by 3x3 as in ResNet-8."""
    graph = read_tflite(model_of(convolution(image, image[2])))
    targets = [find_target("cortex-m4", optimize) for optimize in ("size", "balanced", "speed")]
    assert [explain(graph, target)[0].function for target in targets] == functions


@pytest.mark.parametrize(("inputs", "function"), [(17, ""), (130, "quads_"), (1280, "long_quads_")])
def test_size_takes_what_is_a_little_larger_and_much_faster(inputs: int, function: str) -> None:
    """Only large layers of portable C gain more than their kernel's code costs."""
    writer = Writer()
    source = writer.tensor((1, inputs), 0.1, 3)
    output = writer.fully_connected(source, np.ones((128, inputs), np.int8), 0.01, None, 0.5, 4)
    (layer,) = explain(read_tflite(writer.build([source], [output])), find_target("portable", "size"))
    assert layer.function == f"fully_connected_{function}s8"


def test_a_kernel_whose_scratch_is_more_than_the_ram_is_not_taken() -> None:
    target = find_target("cortex-m4", "speed")
    graph = read_tflite(dense_model(("one_turn_of_four_groups", "rows_without_fours"))[0])
    taken = [[layer.function for layer in explain(graph, target, Budget(ram_bytes=ram))] for ram in (32, 31)]
    assert taken == [
        ["fully_connected_dsp_s8", "fully_connected_dsp_s8"],
        ["fully_connected_quads_s8", "fully_connected_dsp_s8"],
    ]


def test_kernels_with_less_scratch_are_taken_until_the_plan_fits_the_ram() -> None:
    """Or until none has less: then the smallest plan stays, and whoever set the limit says what is missing."""
    target = find_target("cortex-m4", "speed")
    graph = read_tflite(model_of(convolution((8, 8, 16), 16)))
    plans = [make_program(graph, target, Budget(ram_bytes=ram)).plan.size_bytes for ram in (None, 10**6, 2000, 300)]
    assert plans[0] == plans[1] > 2000 >= plans[2] >= plans[3]


def test_every_kernel_is_taken_or_has_a_reason() -> None:
    for layer in explain(read_tflite(adder()), find_target("cortex-m0", "speed")):
        names = {layer.function, *(function for function, _ in layer.others)}
        assert names == {kernel.function for kernel in all_kernels() if kernel.function.startswith("fully_connected")}
        reasons = dict(layer.others)
        assert reasons["fully_connected_dsp_s8"] == "needs DSP, which cortex-m0 does not have"


def test_a_refusal_is_data_too() -> None:
    with pytest.raises(UnsupportedError) as caught:
        make_program(read_tflite(model_of(one("TANH", [T((4,), 1e-9)], [T((4,), 1 / 128)]))), find_target("portable"))
    error = caught.value
    assert (error.operator, error.index, error.supported) == ("TANH", 0, "2^-27 to 2^30")
    assert error.found == "an input scale of 1e-09"


def test_an_operator_that_no_output_needs_is_not_computed() -> None:
    graph = relus()
    dead = replace(graph, operations=(*graph.operations, replace(graph.operations[0], outputs=(len(graph.tensors),))))
    dead = replace(dead, tensors=(*graph.tensors, replace(graph.tensors[1], index=len(graph.tensors))))
    assert len(make_program(dead, find_target("portable")).steps) == 1
