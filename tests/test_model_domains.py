"""Which ranges belong to which input: the only division there is, found without trying all of them."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.model_domains import domains_by_port

SHAPES = st.lists(st.lists(st.integers(1, 4), max_size=2).map(tuple), min_size=1, max_size=4)


@given(SHAPES, st.integers(0, 20))
def test_the_only_division(shapes: list[tuple[int, ...]], count: int) -> None:
    domains = list(range(count))
    possible = [{1, math.prod(shape), *shape[-1:]} for shape in shapes]
    found = [counts for counts in itertools.product(*possible) if sum(counts) == count]
    if len(found) == 1:
        groups = domains_by_port(domains, shapes)
        assert tuple(map(len, groups)) == found[0]
        assert list(itertools.chain(*groups)) == domains
    else:
        with pytest.raises(SpecError):
            domains_by_port(domains, shapes)


def test_a_hundred_inputs() -> None:
    shapes = [(5, 3)] * 100
    assert domains_by_port(range(1500), shapes)[99] == tuple(range(1485, 1500))
    with pytest.raises(SpecError, match="the network's 100 inputs take"):
        domains_by_port(range(0), shapes)
