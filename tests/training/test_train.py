"""The fast loop against Model.fit: every bit of every loss, metric and weight; and what must be refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.errors import PipelineError, SpecError, TrainingError
from pipeline.models import adder, linear
from pipeline.models.spec import Dataset, ModelSpec
from pipeline.training import prepare as prepare_module
from pipeline.training.benchmark import compare
from pipeline.training.fast_loop import run_fast_loop, unsupported
from pipeline.training.keras_import import import_keras
from pipeline.training.prepare import prepare
from pipeline.training.train import train
from pipeline.training.trained_model import EpochEnd


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


START = (np.ones((2, 8)) / 8, np.zeros(8), np.ones((8, 1)), [0.5])

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
    "start_weights": replace(SHORT, build=small(), weights=START),
    "scheduler_callback": with_optimizer(
        lambda: keras().optimizers.SGD(0.1),
        callbacks=lambda: [keras().callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)],
    ),
}


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


def adder_head(rng: np.random.Generator, count: int) -> Dataset:
    data = adder.data(rng)
    return Dataset(data.inputs[:count], data.targets[:count])


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


def test_fixed_weights_stay_as_they_are() -> None:
    trained = train(replace(SHORT, weights=START, epochs=0, checks=(((1, 3), (4.5,)),)), ignore)
    assert (trained.method, trained.fallback_reason, trained.updates) == ("fixed weights", None, 0)
    assert len(trained.history) == 0
    assert trained.history.to_csv() == "epoch\n"
    assert trained.answers == ((4.5,),)


def test_weights_of_other_shapes_are_refused() -> None:
    with pytest.raises(SpecError) as caught:
        prepare(replace(SHORT, weights=([[1.0]], [0.0])))
    assert str(caught.value) == (
        "model 'adder': its weights have the shapes (1, 1), (1,), but the network's are (2, 8), (8,), (8, 1), (1,);"
        " make them equal."
    )


def test_a_check_of_another_size_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        train(replace(SHORT, epochs=1, checks=(((1,), (2,)),)), ignore)
    assert str(caught.value) == "model 'adder': the check (1,) does not fit inputs of shape (2,)."


def test_linear_predicts_18_98_for_10_from_the_saved_bytes(tmp_path: Any) -> None:
    seen: list[EpochEnd] = []
    trained = train(linear.SPEC, seen.append)
    path = tmp_path / "model.keras"
    path.write_bytes(trained.keras_archive)
    model = keras().saving.load_model(path)
    assert f"{model(np.array([[10]], np.float32)).numpy().item():.2f}" == "18.98"
    assert (trained.method, trained.fallback_reason) == ("fast loop", None)
    assert (trained.parameters, trained.updates, len(trained.history)) == (2, 500, 500)
    assert [end.epoch for end in seen] == list(range(1, 501))
    assert seen[-1].epochs == 500
    assert dict(seen[-1].logs) == {"loss": trained.history.columns["loss"][-1]}
    assert trained.history.to_csv().splitlines()[0] == "epoch,loss"
    assert float(trained.history.to_csv().splitlines()[-1].split(",")[1]) == trained.history.columns["loss"][-1]


PRINT_HASH = """
import hashlib
from dataclasses import replace
from pipeline.models import adder, linear
from pipeline.training.train import train
if {before}:
    train(replace(linear.SPEC, epochs=3), lambda _: None)
archive = train(replace(adder.SPEC, epochs=1), lambda _: None).keras_archive
print(hashlib.sha256(archive).hexdigest())
"""


def test_same_bytes_in_two_processes_whatever_was_trained_before() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_HASH.format(before=before)], capture_output=True, text=True, timeout=120
        )
        for before in (False, True)
    ]
    assert [run.stderr for run in runs] == ["", ""]
    assert len(runs[0].stdout) == 65  # the hash, and nothing that TensorFlow says
    assert runs[0].stdout == runs[1].stdout


def shared_layer() -> Any:
    k = keras()
    start = k.Input((2,))
    regularizer = k.regularizers.L2(1e-3)
    layer = k.layers.Dense(2, kernel_regularizer=regularizer, bias_regularizer=regularizer)
    return k.Model(start, k.layers.Dense(1)(layer(layer(start))))


def test_archive_of_shared_objects_is_reproducible() -> None:
    spec = replace(SHORT, build=shared_layer, epochs=1)
    keep = train(spec, ignore)  # kept alive, so that nothing of the second lands on the same address
    assert train(spec, ignore).keras_archive == keep.keras_archive


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


def test_ctrl_c_passes_through() -> None:
    def interrupt(end: EpochEnd) -> None:
        if end.epoch == 2:
            raise KeyboardInterrupt

    for spec in (SHORT, replace(SHORT, callbacks=lambda: [keras().callbacks.TerminateOnNaN()])):
        with pytest.raises(KeyboardInterrupt):
            train(spec, interrupt)


def raises(*_: Any) -> Any:
    raise RuntimeError("no such file.\nsecond line")


def two_inputs() -> Any:
    k = keras()
    a, b = k.Input((1,)), k.Input((1,))
    return k.Model([a, b], k.layers.Add()([a, b]))


def wide() -> Any:
    k = keras()
    return k.Sequential([k.Input((3,)), k.layers.Dense(1)])


def three_outputs() -> Any:
    k = keras()
    return k.Sequential([k.Input((2,)), k.layers.Dense(3)])


def unbuildable() -> Any:
    k = keras()
    return k.Sequential([k.layers.Conv2D(4, 3), k.layers.Dense(1)])


BAD: dict[str, tuple[ModelSpec, type[PipelineError], str]] = {
    "input_shape": (
        replace(SHORT, build=wide),
        SpecError,
        "model 'adder': the data's inputs have shape (2,) a sample, but the network's input is (3,); make them equal.",
    ),
    "target_shape": (
        replace(SHORT, build=three_outputs),
        SpecError,
        "model 'adder': the data's targets have shape (1,) a sample, but the network's output is (3,); make them"
        " equal.",
    ),
    "two_inputs": (
        replace(SHORT, build=two_inputs),
        SpecError,
        "model 'adder': the network has 2 input tensors; a data set feeds one. Join them with"
        " keras.layers.Concatenate, or split one inside the network.",
    ),
    "build_raises": (
        replace(SHORT, build=raises),
        SpecError,
        "model 'adder': its build function raised RuntimeError: no such file.",
    ),
    "build_returns": (
        replace(SHORT, build=lambda: None),
        SpecError,
        "model 'adder': its build function returned NoneType, not a keras.Model.",
    ),
    "optimizer_raises": (
        replace(SHORT, optimizer=raises),
        SpecError,
        "model 'adder': its optimizer function raised RuntimeError: no such file.",
    ),
    "optimizer_returns": (
        replace(SHORT, optimizer=lambda: "adam"),
        SpecError,
        "model 'adder': its optimizer function returned str, not a keras.optimizers.Optimizer.",
    ),
    "callbacks_raise": (
        replace(SHORT, callbacks=raises),
        SpecError,
        "model 'adder': its callbacks function raised RuntimeError: no such file.",
    ),
    "no_callback": (
        replace(SHORT, callbacks=lambda: ["stop"]),
        SpecError,
        "model 'adder': 'stop' among its callbacks is no keras.callbacks.Callback.",
    ),
    "unknown_loss": (
        replace(SHORT, loss="mean_squared_eror"),
        SpecError,
        "model 'adder': Keras knows no loss 'mean_squared_eror'. Did you mean 'mean_squared_error'?",
    ),
    "unknown_metric": (replace(SHORT, metrics=("zzz",)), SpecError, "model 'adder': Keras knows no metric 'zzz'."),
    "diverges": (
        replace(linear.SPEC, optimizer=lambda: keras().optimizers.SGD(1e6)),
        TrainingError,
        "model 'linear': the loss became infinite in epoch 4 of 500; lower the learning rate, or scale the inputs to"
        " about -1 to 1.",
    ),
    "not_a_number": (
        replace(SHORT, loss="mean_squared_logarithmic_error", optimizer=lambda: keras().optimizers.SGD(float("nan"))),
        TrainingError,
        "model 'adder': the loss became NaN in epoch 1 of 6; lower the learning rate, or scale the inputs to about"
        " -1 to 1.",
    ),
    "callback_raises": (
        replace(SHORT, callbacks=lambda: [keras().callbacks.LambdaCallback(on_epoch_end=raises)]),
        TrainingError,
        "model 'adder': training raised RuntimeError: no such file. Check its loss, metrics and callbacks against its"
        " data.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_line(name: str) -> None:
    spec, kind, message = BAD[name]
    with pytest.raises(PipelineError) as caught:
        train(spec, ignore)
    assert str(caught.value) == message
    assert type(caught.value) is kind


def test_refuses_a_network_that_does_not_build() -> None:
    with pytest.raises(SpecError) as caught:
        train(replace(SHORT, build=unbuildable), ignore)
    assert str(caught.value).startswith(
        "model 'adder': its network does not build on inputs of shape (None, 2): ValueError: "
    )
    assert "\n" not in str(caught.value)


def test_a_tensorflow_that_does_not_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(TrainingError) as caught:
        prepare_module.import_keras()
    assert str(caught.value) == (
        "TensorFlow cannot be imported (ModuleNotFoundError: import of keras halted; None in sys.modules). Run 'tinyml"
        " doctor'."
    )


def test_benchmark_finds_the_same_numbers() -> None:
    result = compare("short", replace(linear.SPEC, epochs=3))
    assert (result.name, result.updates, result.identical) == ("short", 3, True)
    assert result.ratio == result.fit_seconds / result.loop_seconds
