"""Operators without an int8 form in TFLM: refused by name with that reason, which TFLM itself confirms."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tinyml_pipeline.compiler.operators import _INSTEAD, NO_INT8_IN_TFLM, supported_operators
from tinyml_pipeline.errors import UnsupportedError

from tests.host import compile_model
from tests.ops.check import T, model_of, one
from tests.oracle import run_tflm

INPUTS = {"SELECT": 3, "CONV_3D": 2, "TILE": 2, "REDUCE_PROD": 2}


@pytest.mark.parametrize("name", sorted(NO_INT8_IN_TFLM))
def test_refused_with_the_reason(name: str) -> None:
    more = [T((1,), type="INT32", data=[0]) for _ in range(INPUTS.get(name, 1) - 1)]
    tflite = model_of(one(name, [T((1, 4), 0.1), *more], [T((1, 4), 0.1)]))
    with pytest.raises(RuntimeError):
        run_tflm(tflite, [np.ones((1, 1, 4), np.int8)])
    message = f"{name.lower()} (op 0): this operator, of which TFLM has no int8 form, is unsupported"
    with pytest.raises(UnsupportedError, match="^" + re.escape(message)):
        compile_model(tflite)


def test_none_of_them_is_supported() -> None:
    assert not NO_INT8_IN_TFLM & set(supported_operators())


def test_what_takes_their_place_is_supported() -> None:
    for name, instead in _INSTEAD.items():
        named = set(re.findall("[A-Z][A-Z0-9_]+", instead))
        assert named, name
        assert named <= set(supported_operators()), name
