"""The fast loop against Model.fit: every bit of every loss, metric and weight; and what must be left to fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.models import adder, linear
from tinyml_pipeline.models.spec import Dataset, ModelSpec
from tinyml_pipeline.training.fast_loop import run_fast_loop, unsupported
from tinyml_pipeline.training.keras_import import import_keras
from tinyml_pipeline.training.prepare import prepare
from tinyml_pipeline.training.train import train
from tinyml_pipeline.training.trained_model import EpochEnd

from tests.training.specs import SHORT, START, ignore, keras, small, sums


def with_optimizer(make: Callable[[], Any], **changes: Any) -> ModelSpec:
    return replace(SHORT, optimizer=make, **changes)


def images(rng: np.random.Generator) -> Dataset:
    return Dataset(rng.uniform(0, 1, (20, 6, 6, 1)).astype(np.float32), np.arange(20, dtype=np.float32) % 3)


def convolution() -> Any:
    k = keras()
    return k.Sequential(
        [
            k.Input((6, 6, 1)),
            k.layers.Conv2D(4, 3, activation="relu"),
            k.layers.BatchNormalization(),
            k.layers.MaxPooling2D(),
            k.layers.Flatten(),
            k.layers.Dense(3, "softmax"),
        ]
    )


def recurrent() -> Any:
    k = keras()
    return k.Sequential([k.Input((2,)), k.layers.Reshape((2, 1)), k.layers.LSTM(3), k.layers.Dense(1)])


def nested_function() -> Any:
    """A layer whose call is a function of its own: on one thread, it could wait for itself."""
    tf, k = import_keras()

    class Twice(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.double = tf.function(lambda x: tf.nn.relu(x) * 2, autograph=False)

        def call(self, x: Any) -> Any:
            return self.double(x)

    start = k.Input((2,))
    return k.Model(start, k.layers.Dense(1)(Twice()(k.layers.Dense(4)(start))))


def two_tensors() -> Any:
    """Two inputs and two outputs, whose names have another order than they."""
    k = keras()
    inputs = [k.Input((1,), name="zebra"), k.Input((1,), name="ant")]
    hidden = k.layers.Dense(4, "relu")(k.layers.Concatenate()(inputs))
    return k.Model(inputs, [k.layers.Dense(1, name="sum")(hidden), k.layers.Dense(2, name="both")(hidden)])


def by_name(rng: np.random.Generator) -> Dataset:
    """Whole batches only: of a smaller last one, fit counts each output's loss as much as of the others."""
    a, b = rng.uniform(0, 1, (2, 48, 1))
    return Dataset({"ant": b, "zebra": a}, {"both": np.hstack([a, -b]), "sum": a + b})


def adder_head(rng: np.random.Generator, count: int) -> Dataset:
    data = adder.data(rng)
    return Dataset(data.inputs[:count], data.targets[:count])


EQUAL = {
    "linear": linear.SPEC,
    "adder": replace(adder.SPEC, epochs=2),
    "adder_of_batch_1": replace(adder.SPEC, data=lambda rng: adder_head(rng, 300), batch_size=1, epochs=4),
    "partial_last_batch": SHORT,
    "batch_larger_than_data": replace(SHORT, batch_size=64),
    "one_full_and_one_partial": replace(SHORT, batch_size=32),
    "one_sample": replace(SHORT, data=sums(1), batch_size=1),
    "metrics": replace(SHORT, metrics=("mae", "root_mean_squared_error")),
    "dropout_batch_norm": replace(
        SHORT, build=small(lambda: keras().layers.BatchNormalization(), lambda: keras().layers.Dropout(0.3))
    ),
    "convolution": replace(
        SHORT,
        build=convolution,
        data=images,
        loss="sparse_categorical_crossentropy",
        metrics=("accuracy",),
        outputs=("a", "b", "c"),
        checks=(),
    ),
    "recurrent": replace(SHORT, build=lambda: recurrent()),
    "nested_function": replace(SHORT, build=lambda: nested_function()),
    "clipping": with_optimizer(lambda: keras().optimizers.SGD(0.1, clipnorm=0.1, momentum=0.9)),
    "clip_by_global_norm": with_optimizer(lambda: keras().optimizers.RMSprop(0.01, global_clipnorm=0.5)),
    "cosine": with_optimizer(lambda: keras().optimizers.Adam(keras().optimizers.schedules.CosineDecay(0.03, 42))),
    "exponential_decay": with_optimizer(
        lambda: keras().optimizers.AdamW(keras().optimizers.schedules.ExponentialDecay(0.03, 10, 0.7))
    ),
    "averaged_weights": with_optimizer(lambda: keras().optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9)),
    "gradient_accumulation": with_optimizer(lambda: keras().optimizers.Adam(0.01, gradient_accumulation_steps=3)),
    "early_stopping": with_optimizer(
        lambda: keras().optimizers.SGD(0.9),
        epochs=40,
        callbacks=lambda: [keras().callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)],
    ),
    "reduce_on_plateau": with_optimizer(
        lambda: keras().optimizers.SGD(0.5),
        epochs=20,
        callbacks=lambda: [keras().callbacks.ReduceLROnPlateau("loss", factor=0.3, patience=1, min_delta=1e-2)],
    ),
    "validation": replace(SHORT, validation=sums(21)),
    "validation_metrics_dropout": replace(
        SHORT,
        build=small(lambda: keras().layers.BatchNormalization(), lambda: keras().layers.Dropout(0.3)),
        metrics=("mae",),
        validation=sums(7),
    ),
    "early_stopping_by_validation": with_optimizer(
        lambda: keras().optimizers.SGD(0.9),
        epochs=40,
        validation=sums(20),
        callbacks=lambda: [keras().callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)],
    ),
    "several_tensors": replace(
        SHORT,
        build=two_tensors,
        data=by_name,
        validation=by_name,
        metrics=("mae",),
        outputs=("sum", "a", "b"),
        checks=(),
    ),
    "start_weights": replace(SHORT, build=small(), weights=START),
    "scheduler_callback": with_optimizer(
        lambda: keras().optimizers.SGD(0.1),
        callbacks=lambda: [keras().callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
    ),
}


def weights_of(model: Any) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(variable) for variable in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize("name", EQUAL)
def test_every_bit_equals_fit(name: str) -> None:
    spec = EQUAL[name]
    prepared = prepare(spec)
    assert unsupported(prepared) is None
    epochs: list[dict[str, float]] = []
    run_fast_loop(prepared, spec.epochs, spec.batch_size, lambda _, logs: epochs.append(dict(logs)))
    mine = {column: [logs[column] for logs in epochs] for column in epochs[0]}
    weights = weights_of(prepared.model)

    fitted = prepare(spec)
    held_out = fitted.validation
    history = fitted.model.fit(
        fitted.data.inputs,
        fitted.data.targets,
        batch_size=spec.batch_size,
        epochs=spec.epochs,
        shuffle=False,
        verbose=0,
        callbacks=fitted.callbacks,
        validation_data=None if held_out is None else (held_out.inputs, held_out.targets),
        validation_batch_size=spec.batch_size,
    ).history
    # ReduceLROnPlateau and LearningRateScheduler add the rate after this callback's turn; it is in their own logs.
    for column, values in mine.items():
        assert values == [float(value) for value in history[column]], column
    for ours, theirs in zip(weights, weights_of(fitted.model), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert any(column.startswith("val_") for column in mine) == (held_out is not None)
    if name.startswith("early_stopping"):
        assert len(mine["loss"]) < spec.epochs
    if name == "reduce_on_plateau":
        assert float(prepared.model.optimizer.learning_rate) < 0.5


def test_falls_back_and_says_so() -> None:
    k = keras()

    class Own(k.Model):  # type: ignore[misc, name-defined]
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    class EveryBatch(k.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    def own() -> Any:
        start = k.Input((2,))
        return Own(start, k.layers.Dense(1)(start))

    cases = {
        "the model has its own train_step": replace(SHORT, build=own, epochs=2),
        "the callback EveryBatch acts on every batch": replace(SHORT, callbacks=lambda: [EveryBatch()], epochs=2),
        "the callback LambdaCallback acts on every batch": replace(
            SHORT, callbacks=lambda: [k.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)], epochs=2
        ),
    }
    for reason, spec in cases.items():
        seen: list[EpochEnd] = []
        trained = train(spec, seen.append)
        assert (trained.method, trained.fallback_reason) == ("Model.fit", reason)
        assert (trained.updates, len(seen), len(trained.history)) == (14, 2, 2)
    assert trained.history == train(replace(SHORT, epochs=2), ignore).history
