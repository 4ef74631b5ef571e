"""The memory plan: values that live at the same time never share a byte, and little is wasted."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinyml_pipeline.compiler.memory.neighbours import busiest_bytes, neighbours
from tinyml_pipeline.compiler.memory.plan import LiveRange, Overlap, plan_memory
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.errors import UnsupportedError

from tests.compiler.models import adder
from tests.compiler.test_shared_models import FOLDER as MODELS
from tests.fuzz_networks import target_for
from tests.networks import LAYERS, make_network


@st.composite
def lives(draw: st.DrawFn, alignments: tuple[int, ...] = (1,)) -> list[LiveRange]:
    found = []
    for key in range(draw(st.integers(0, 12))):
        first = draw(st.integers(0, 12))
        found.append(
            LiveRange(
                key,
                draw(st.integers(1, 300)),
                first,
                first + draw(st.integers(0, 6)),
                draw(st.sampled_from(alignments)),
            )
        )
    return found


@settings(deadline=None)  # on a busy computer, a pause is no failure
@given(lives((1, 2, 4, 16)))
def test_what_lives_together_never_overlaps(lives: list[LiveRange]) -> None:
    plan = plan_memory(lives)
    assert plan.offsets.keys() == {life.key for life in lives}
    for life in lives:
        assert plan.offsets[life.key] % life.alignment == 0
        assert plan.offsets[life.key] + life.size_bytes <= plan.size_bytes
    for a, b in combinations(lives, 2):
        if a.first <= b.last and b.first <= a.last:
            start, other = plan.offsets[a.key], plan.offsets[b.key]
            assert start + a.size_bytes <= other or other + b.size_bytes <= start


@settings(deadline=None)  # on a busy computer, a pause is no failure
@given(lives())
def test_a_plan_needs_no_more_than_all_values_and_no_less_than_those_of_one_step(lives: list[LiveRange]) -> None:
    plan = plan_memory(lives)
    steps = range(20)
    busiest = max(sum(life.size_bytes for life in lives if life.first <= step <= life.last) for step in steps)
    assert busiest <= plan.size_bytes <= sum(life.size_bytes for life in lives)


@settings(deadline=None)  # on a busy computer, a pause is no failure
@given(lives())
def test_the_order_of_the_lives_does_not_matter(lives: list[LiveRange]) -> None:
    assert plan_memory(lives) == plan_memory(lives[::-1])


def test_a_chain_of_layers_needs_only_its_widest_pair() -> None:
    """640 -> 128 -> 128 -> 8 -> 128: each value dies one step after it is made."""
    chain = [LiveRange(key, size, key, key + 1) for key, size in enumerate((128, 128, 8, 128, 128))]
    assert plan_memory(chain).size_bytes == 256


def test_no_values_need_no_memory() -> None:
    assert plan_memory([]).size_bytes == 0


@settings(deadline=None)  # on a busy computer, a pause is no failure
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12), st.integers(0, 5)), max_size=14))
def test_neighbours_and_the_busiest_step_are_those_of_every_pair_and_step(drawn: list[tuple[int, int, int]]) -> None:
    ranges = [LiveRange(key, size, first, first + more) for key, (size, first, more) in enumerate(drawn)]
    found = neighbours(ranges)
    for one in ranges:
        assert sorted(found[one.key]) == [other.key for other in ranges if other is not one and one.overlaps(other)]
    live = [sum(one.size_bytes for one in ranges if one.first <= step <= one.last) for step in range(20)]
    assert busiest_bytes(ranges) == max(live)


def test_the_planner_looks_at_neighbours_only() -> None:
    """2,000 layers in a row: each value meets the one before it and the one after it."""
    ranges = [LiveRange(key, 16, key, key + 1) for key in range(2000)]
    assert sum(map(len, neighbours(ranges).values())) == 2 * 1999
    assert plan_memory(ranges).size_bytes == 32


@settings(deadline=None)  # on a busy computer, a pause is no failure
@given(lives((1, 4)), st.data())
def test_an_overlap_lets_an_output_begin_before_its_input_and_nothing_else(
    lives: list[LiveRange], data: st.DataObject
) -> None:
    """An output is made in the last step of its input; no pair but theirs shares a byte, and theirs as it may."""
    overlaps = [
        Overlap(output.key, source.key, data.draw(st.integers(0, 40)))
        for source in lives
        for output in lives
        if output.first == source.last and output.key != source.key and data.draw(st.booleans())
    ]
    leads = {(overlap.output, overlap.input): overlap.lead_bytes for overlap in overlaps}
    plan = plan_memory(lives, overlaps)
    assert plan.size_bytes <= sum(life.size_bytes + life.alignment for life in lives) + 40 * len(lives)
    for a, b in combinations(lives, 2):
        start, other = plan.offsets[a.key], plan.offsets[b.key]
        if not a.overlaps(b) or start + a.size_bytes <= other or other + b.size_bytes <= start:
            continue
        first = (a.key, b.key) in leads and start + leads[a.key, b.key] <= other
        second = (b.key, a.key) in leads and other + leads[b.key, a.key] <= start
        assert first or second


def test_a_smaller_output_may_begin_where_its_input_does() -> None:
    """A pool reads a row and writes less than a row: input and output fit into the bytes of the input."""
    ranges = [LiveRange(0, 1000, 0, 1), LiveRange(1, 250, 1, 2)]
    assert plan_memory(ranges).size_bytes == 1250
    assert plan_memory(ranges, [Overlap(output=1, input=0)]).size_bytes == 1000
    assert plan_memory(ranges, [Overlap(output=1, input=0, lead_bytes=30)]).size_bytes == 1030


@settings(deadline=None)  # on a busy computer, a pause is no failure
@given(lives((1, 2, 4, 16)))
def test_live_bytes_are_the_busiest_step_in_whole_multiples_of_the_alignment(lives: list[LiveRange]) -> None:
    steps = range(max((life.last for life in lives), default=0) + 1)
    sums = [sum(-(-one.size_bytes // one.alignment) * one.alignment for one in lives if one.overlaps_step(step))
            for step in steps]  # fmt: skip
    plan = plan_memory(lives)
    assert plan.live_bytes == min(max(sums), plan.size_bytes)


def assert_hardly_larger_than_what_is_live(tflite: bytes, target: Target) -> None:
    plan = make_program(read_tflite(tflite), target).plan
    assert plan.size_bytes <= 1.05 * plan.live_bytes


def test_the_buffer_of_random_networks_is_hardly_larger_than_what_is_live() -> None:
    """60 networks of up to 30 layers, with branches that live long."""
    kinds, refused = sorted(LAYERS), 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        layers = [(str(kind), int(rng.integers(8))) for kind in rng.choice(kinds, int(rng.integers(10, 31)))]
        try:
            assert_hardly_larger_than_what_is_live(make_network(layers, seed, vectors=6).tflite, target_for(seed))
        except UnsupportedError:
            refused += 1
    assert refused < 20


@pytest.mark.parametrize("target", ["portable", "cortex-m4", "rv32imc"])
def test_the_buffer_of_published_models_is_hardly_larger_than_what_is_live(target: str) -> None:
    found = sorted(MODELS.glob("*.tflite"))
    if not found:
        pytest.skip(f"{MODELS} has no models here")
    for path in found:
        assert_hardly_larger_than_what_is_live(path.read_bytes(), find_target(target, "speed"))


def test_only_kernels_of_an_instruction_set_ask_for_alignment() -> None:
    """The plain kernels of a small model on Cortex-M4 leave no gap; those with DSP instructions get whole words."""
    graph = read_tflite(adder())
    plans = [make_program(graph, find_target("cortex-m4", optimize)).plan for optimize in ("size", "speed")]
    assert [plan.alignment for plan in plans] == [1, 4]
    assert all(offset % 4 == 0 for offset in plans[1].offsets.values())
