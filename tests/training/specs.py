"""Specs that train in a blink, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.models import adder
from tinyml_pipeline.models.spec import Dataset, ModelSpec
from tinyml_pipeline.training.keras_import import import_keras
from tinyml_pipeline.training.train import train
from tinyml_pipeline.training.trained_model import EpochEnd
from tinyml_pipeline.user_code import shown


def keras() -> Any:
    return import_keras()[1]


def ignore(_: EpochEnd) -> None:
    pass


def sums(count: int) -> Callable[[np.random.Generator], Dataset]:
    def data(rng: np.random.Generator) -> Dataset:
        pairs = rng.uniform(0, 1, (count, 2)).astype(np.float32)
        return Dataset(pairs, pairs.sum(axis=1, keepdims=True))

    return data


def small(*layers: Callable[[], Any]) -> Callable[[], Any]:
    def build() -> Any:
        k = keras()
        return k.Sequential(
            [k.Input((2,)), k.layers.Dense(8, "relu"), *(layer() for layer in layers), k.layers.Dense(1)]
        )

    return build


SHORT = replace(adder.SPEC, build=small(), data=sums(50), batch_size=8, epochs=6)

START = (np.ones((2, 8)) / 8, np.zeros(8), np.ones((8, 1)), [0.5])


def raises(*_: Any) -> Any:
    raise RuntimeError("no such file.\nsecond line")


RAISED_HERE = f"RuntimeError: no such file ({shown(__file__)}, line {raises.__code__.co_firstlineno + 1})"


def refusal(spec: ModelSpec) -> tuple[type[PipelineError], str]:
    """The error that training the spec ends with, and its line."""
    with pytest.raises(PipelineError) as caught:
        train(spec, ignore)
    return type(caught.value), str(caught.value)
