"""A short run of tests/exhaustive_scales.py, which asks about whole models."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tinyml_pipeline.compiler.kernels._fitted import Fit
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.exhaustive_scales import Record, found_for, wrong_pairs
from tests.ops.check import T, model_of, one
from tests.ops.convolutions import convolution

RELU = {"wanted": (0.3, -128), "activation": "RELU"}


@pytest.fixture(scope="module")
def layers() -> Record:
    """What the chain, dual multiplies and planes find."""
    record = Record()
    for depthwise in (False, True):
        build = convolution((4, 5, 4), 4, (3, 3) if depthwise else (1, 1), depthwise=depthwise, **RELU)  # type: ignore[arg-type]
        record.fits.extend(found_for(read_tflite(model_of(build))).fits)
    return record


def test_every_sum(layers: Record) -> None:
    assert {(one.scale, one.start is None) for one in layers.fits} == {(1024, False), (256, True)}
    assert len(layers.fits) >= 12
    assert {one.wrong() for one in layers.fits} == {0}


def test_a_constant_that_is_off_is_found(layers: Record) -> None:
    """By one part in 300 of the multiplier, or half an output of the offset."""
    for found in layers.fits:
        multiplier, offset = found.fit
        half = 1 << (found.shift - 1) if found.start is not None else (1 << (found.shift + 31)) // multiplier
        changes = [Fit(multiplier + multiplier // 300, offset), Fit(multiplier, offset + half)]
        assert all(replace(found, fit=changed).wrong() > 0 for changed in changes)


def test_every_pair_of_an_addition() -> None:
    build = one("ADD", [T((4,), 0.11, 3), T((4,), 0.07, -20)], [T((4,), 0.13, 5)])
    ((scales, linear),) = found_for(read_tflite(model_of(build))).sums.items()
    assert wrong_pairs(scales, linear) == 0
    assert wrong_pairs(scales, linear._replace(offset=linear.offset + (1 << (linear.shift - 1)))) > 0
