"""Trainings that leave nothing worth keeping are refused in one line; short, odd and unlucky ones are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import TrainingError
from tinyml_pipeline.models import adder_small, bank, digits, linear, plane, xor
from tinyml_pipeline.models.spec import Dataset, ModelSpec
from tinyml_pipeline.training.overrides import Overrides, override
from tinyml_pipeline.training.train import train

from tests.training.specs import SHORT, ignore, keras, refusal, sums

REMEDY = "lower the learning rate, or scale the inputs to about -1 to 1."


def linear_at(rate: float, epochs: int) -> ModelSpec:
    return override(linear.SPEC, Overrides(learning_rate=rate, epochs=epochs))


def square_root() -> Any:
    """A network that answers NaN below 0."""
    k = keras()
    start = k.Input((1,))
    return k.Model(start, k.layers.Dense(1)(k.ops.sqrt(start)))


def points(*values: float) -> Any:
    return lambda _: Dataset(np.array([values]).T, np.ones((len(values), 1)))


ROOTS = replace(linear.SPEC, build=square_root, data=points(1, 2, 3, 4), batch_size=1, epochs=3)

REFUSED = {
    "infinite_loss": (linear_at(5.0, 500), "the loss became infinite in epoch 12 of 500; "),
    "nan_loss_in_the_last_batch": (
        replace(ROOTS, data=points(1, 2, 3, -4)),
        "the loss became NaN in epoch 1 of 3; ",
    ),
    "nan_validation_loss": (
        replace(ROOTS, validation=points(1, -4)),
        "the validation loss became NaN in epoch 1 of 3; ",
    ),
    "infinite_validation_loss": (
        replace(ROOTS, build=linear.build, validation=points(1e38)),
        "the validation loss became infinite in epoch 1 of 3; ",
    ),
    "infinite_weights_and_a_finite_loss": (
        replace(linear_at(1e38, 1), data=points(1e6, 1e6)),
        "weights became NaN or infinite; ",
    ),
    # The only update comes after the loss of the only epoch, which is that of the start.
    "finite_loss_before_the_last_update": (
        linear_at(1e10, 1),
        "training made it worse: the loss is 1.72e+23, and was 14.7 before the first update"
        " (11.7 with the mean as every answer); ",
    ),
    "a_loss_too_large_for_a_number_after_it": (
        linear_at(1e30, 1),
        "training made it worse: the loss is inf, and was 14.7 before the first update"
        " (11.7 with the mean as every answer); ",
    ),
    "a_rate_just_above_the_limit": (
        linear_at(0.178, 500),
        "training made it worse: the loss is 1.34e+06, and was 14.7 before the first update"
        " (11.7 with the mean as every answer); ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_in_one_line(case: str) -> None:
    spec, message = REFUSED[case]
    assert refusal(spec) == (TrainingError, f"model 'linear': {message}{REMEDY}")


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("spec", [xor.SPEC, digits.SPEC, SHORT], ids=lambda spec: spec.name)
def test_a_huge_rate_is_refused_with_any_optimizer(spec: ModelSpec, optimizer: str) -> None:
    kind, message = refusal(override(spec, Overrides(optimizer=optimizer, learning_rate=1e30, epochs=3)))
    assert kind is TrainingError
    assert message.startswith(f"model '{spec.name}': ")
    assert message.endswith(REMEDY)


def batch_norm() -> Any:
    k = keras()
    hidden = (k.layers.Dense(8), k.layers.BatchNormalization(), k.layers.Activation("relu"))
    return k.Sequential([k.Input((2,)), *hidden, k.layers.Dense(1)])


def far_off(rng: np.random.Generator) -> Dataset:
    """Inputs from 10 to 11: after few updates, the running mean of batch norm has hardly left 0."""
    data = sums(50)(rng)
    return Dataset(10 + data.inputs, data.targets)


def class_numbers(rng: np.random.Generator) -> Dataset:
    return Dataset(rng.uniform(0, 1, (20, 2)), np.arange(20) % 3)


def three_classes() -> Any:
    k = keras()
    return k.Sequential([k.Input((2,)), k.layers.Dense(3, "softmax")])


def bent_plane(rng: np.random.Generator) -> Dataset:
    data = plane.data(rng)
    return Dataset(data.inputs, data.targets + np.array([[1], [-1], [1], [-1], [1]]))


def best_weights() -> tuple[Any, Any]:
    """Kernel and bias of the plane with the least loss on those points."""
    data = bent_plane(np.random.default_rng(0))
    points = np.hstack([data.inputs, np.ones((5, 1))])
    solved, *_ = np.linalg.lstsq(points, data.targets, rcond=None)
    return solved[:2], solved[2]


KEPT = {
    # Still worse than the mean (11.82 against 11.67), and better than before.
    "one_epoch": linear_at(0.01, 1),
    "one_epoch_of_ten_classes": replace(digits.SPEC, epochs=1),
    # Its ReLU is dead: far worse than the mean, a little better than before, and the lesson's own example.
    "wrong_on_purpose": replace(adder_small.SPEC, epochs=1, seed=0),
    "wrong_on_purpose_as_shown": adder_small.SPEC,
    # It cannot become better.
    "right_from_the_start": replace(bank.SPEC, epochs=2),
    # One point at a time, it leaves the best weights a little: worse than before, much better than the mean.
    "beside_its_start": replace(plane.SPEC, data=bent_plane, weights=best_weights(), epochs=2),
    # Outside of training its loss is 56, and was 34: only more updates help.
    "batch_norm_after_few_updates": replace(
        SHORT, build=batch_norm, data=far_off, optimizer=lambda: keras().optimizers.Adam(0.03), epochs=4
    ),
    "class_numbers": replace(
        SHORT,
        build=three_classes,
        data=class_numbers,
        loss="sparse_categorical_crossentropy",
        outputs=("a", "b", "c"),
        checks=(),
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_keeps_what_is_no_divergence(case: str) -> None:
    assert train(KEPT[case], ignore).updates > 0
