"""Kernels and generated C under every pair of compiler flags: no error, no warning. `make matrix` has all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix import OPTIMIZE, OPTIONS, Sources, compile_combination, pairwise, platforms
from tests.tools import need

SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_combination_of_flags_fails_or_warns(shard: int, tmp_path: Path) -> None:
    for platform in platforms():
        need(platform.compiler, platform.package)
    sources = Sources(tmp_path / "sources")
    failures = {}
    for number, combination in enumerate(pairwise(platforms())[shard::SHARDS]):
        place = tmp_path / str(number)
        place.mkdir()
        failure = compile_combination(combination, sources, place)
        if failure:
            failures[str(combination)] = failure[:1000]
    assert failures == {}


def test_every_processor_flag_and_pair_of_them_is_in_the_sample() -> None:
    for platform in platforms():
        need(platform.compiler, platform.package)
    rows = pairwise(platforms())
    assert {row.platform.name.split()[1] for row in rows} == {platform.name.split()[1] for platform in platforms()}
    hard = {(row.optimize, row.option) for row in rows}
    assert {optimize for optimize, _ in hard} == set(OPTIMIZE)
    assert {option for _, option in hard} == set(OPTIONS)
    assert hard == {(optimize, option) for optimize in OPTIMIZE for option in OPTIONS}
