"""What the options of `tinyml train` change, what they leave, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.models import adder, linear
from tinyml_pipeline.training.overrides import Overrides, override
from tinyml_pipeline.training.schedules import learning_rates
from tinyml_pipeline.training.train import train

from tests.training.specs import SHORT, ignore, keras

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "rate_zero": ({"learning_rate": 0.0}, "--learning-rate is 0; it must be a finite number above 0, such as 0.01."),
    "rate_nan": (
        {"learning_rate": float("nan")},
        "--learning-rate is nan; it must be a finite number above 0, such as 0.01.",
    ),
    "rate_infinite": (
        {"learning_rate": float("inf")},
        "--learning-rate is inf; it must be a finite number above 0, such as 0.01.",
    ),
    "rate_negative": (
        {"learning_rate": -0.1},
        "--learning-rate is -0.1; it must be a finite number above 0, such as 0.01.",
    ),
    "no_epochs": ({"epochs": 0}, "--epochs is 0; it must be at least 1."),
    "no_batch": ({"batch_size": 0}, "--batch-size is 0; it must be at least 1."),
    "no_patience": ({"early_stopping": 0}, "--early-stopping is 0; it must be at least 1."),
    "seed_beyond_keras": ({"seed": 2**32}, "--seed is 4294967296; Keras takes seeds up to 4294967295."),
    "negative_seed": ({"seed": -1}, "--seed is -1; it must be at least 0."),
    "schedule": (
        {"schedule": "cosine"},
        "there is no schedule 'cosine'; choose one of: constant, exponential, power, 1cycle.",
    ),
    "near_optimizer": ({"optimizer": "adm"}, "Keras knows no optimizer 'adm'. Did you mean 'adam'?"),
    "near_loss": ({"loss": "hubr"}, "Keras knows no loss 'hubr'. Did you mean 'huber'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line(case: str) -> None:
    changes, message = REFUSED[case]
    with pytest.raises(UsageError) as caught:
        override(linear.SPEC, Overrides(**changes))
    assert str(caught.value) == message


def test_an_unknown_optimizer_names_all() -> None:
    with pytest.raises(UsageError) as caught:
        override(linear.SPEC, Overrides(optimizer="foo"))
    text = str(caught.value)
    assert text.startswith("Keras knows no optimizer 'foo'. There are: adadelta, adafactor, adagrad, adam, ")
    assert text.endswith(", sgd.")
    assert "\n" not in text


def test_nothing_changes_without_overrides() -> None:
    assert override(adder.SPEC, Overrides()) == adder.SPEC


def test_the_optimizer_is_the_named_one_with_its_usual_rate() -> None:
    made = override(adder.SPEC, Overrides(optimizer="RMSprop".lower())).optimizer()
    assert type(made) is keras().optimizers.RMSprop
    assert float(made.learning_rate) == pytest.approx(0.001)


def test_a_rate_keeps_the_schedule_and_moves_its_start() -> None:
    _, own = learning_rates(adder.SPEC)
    _, moved = learning_rates(override(adder.SPEC, Overrides(learning_rate=0.006)))
    assert moved == pytest.approx(2 * own, rel=1e-5, abs=1e-9)


def test_other_epochs_stretch_the_schedule() -> None:
    updates, rates = learning_rates(override(adder.SPEC, Overrides(epochs=1)))
    assert len(updates) == 500
    assert rates[0] == pytest.approx(0.003)
    assert rates[-1] < 1e-7


def test_a_rate_keeps_the_rest_of_the_optimizer() -> None:
    spec = replace(linear.SPEC, optimizer=lambda: keras().optimizers.SGD(0.1, momentum=0.5))
    made = override(spec, Overrides(learning_rate=0.25)).optimizer()
    assert (float(made.learning_rate), made.momentum) == (0.25, 0.5)


def test_early_stopping_ends_it_and_takes_the_place_of_the_spec_s_own() -> None:
    own = [keras().callbacks.EarlyStopping("loss", patience=99), keras().callbacks.TerminateOnNaN()]
    spec = replace(linear.SPEC, callbacks=lambda: own)
    changed = override(spec, Overrides(early_stopping=3, learning_rate=0.17))
    assert [(type(each).__name__, getattr(each, "patience", None)) for each in changed.callbacks()] == [
        ("TerminateOnNaN", None),
        ("EarlyStopping", 3),
    ]
    stopping = override(replace(SHORT, epochs=200), Overrides(early_stopping=2, learning_rate=0.5))
    assert len(train(stopping, ignore).history) < 200


def test_seed_loss_epochs_and_batch_size_are_taken() -> None:
    changed = override(linear.SPEC, Overrides(seed=7, loss="huber", epochs=3, batch_size=2))
    assert (changed.seed, changed.loss, changed.epochs, changed.batch_size) == (7, "huber", 3, 2)
    assert train(changed, ignore).updates == 9
