"""The fast loop against `Model.fit`, in one run: same data, order, seed and numbers.

`fit` runs with TensorFlow's own settings of graph rewriting and determinism, which this program changes for itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.models import adder, linear
from pipeline.models.spec import Dataset, ModelSpec
from pipeline.training.fast_loop import run_fast_loop
from pipeline.training.keras_import import import_keras, quiet
from pipeline.training.prepare import Prepared, prepare

if TYPE_CHECKING:
    import keras

_SAMPLES = 1000


@dataclass(frozen=True)
class Comparison:
    """Seconds from a compiled model to a trained one, tracing included in both; `identical` means every bit."""

    name: str
    updates: int
    fit_seconds: float
    loop_seconds: float
    identical: bool

    @property
    def ratio(self) -> float:
        return self.fit_seconds / self.loop_seconds


@dataclass(frozen=True)
class TrainingBenchmark:
    comparisons: tuple[Comparison, ...]


def run_benchmark() -> TrainingBenchmark:
    """`linear` as it is, and 25,000 Adam updates of batch 1 on the adder's network; takes about 40 s."""
    single = replace(adder.SPEC, data=_first_pairs, optimizer=_adam, batch_size=1, epochs=25)
    with quiet():
        # What TensorFlow does once a process is not paid by either side.
        run_fast_loop(prepare(replace(linear.SPEC, epochs=1)), 1, linear.SPEC.batch_size, lambda *_: None)
        _fit(prepare(replace(linear.SPEC, epochs=1)), replace(linear.SPEC, epochs=1))
    return TrainingBenchmark(
        (
            compare("linear: 500 epochs of one batch", linear.SPEC),
            compare("adder: 25,000 updates of batch 1", single),
        )
    )


def compare(name: str, spec: ModelSpec) -> Comparison:
    """Train the spec both ways and look at losses and weights."""
    prepared = prepare(spec)
    losses: list[float] = []
    started = time.perf_counter()
    updates = run_fast_loop(prepared, spec.epochs, spec.batch_size, lambda _, logs: losses.append(logs["loss"]))
    loop_seconds = time.perf_counter() - started
    weights = prepared.model.get_weights()

    prepared = prepare(spec)
    started = time.perf_counter()
    fitted = _fit(prepared, spec)
    fit_seconds = time.perf_counter() - started
    same = all(np.array_equal(a, b) for a, b in zip(weights, prepared.model.get_weights(), strict=True))
    return Comparison(name, updates, fit_seconds, loop_seconds, same and losses == fitted)


def _fit(prepared: Prepared, spec: ModelSpec) -> list[float]:
    model: Any = prepared.model
    with _default_settings():
        history = model.fit(
            prepared.data.inputs,
            prepared.data.targets,
            batch_size=spec.batch_size,
            epochs=spec.epochs,
            shuffle=False,
            verbose=0,
        )
    losses: list[float] = history.history["loss"]
    return losses


def _first_pairs(rng: np.random.Generator) -> Dataset:
    data = adder.data(rng)
    return Dataset(data.inputs[:_SAMPLES], data.targets[:_SAMPLES])


def _adam() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam()


@contextlib.contextmanager
def _default_settings() -> Iterator[None]:
    from tensorflow.python.framework.config import disable_op_determinism

    tf, _ = import_keras()
    options = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
    disable_op_determinism()
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options(options)
        tf.config.experimental.enable_op_determinism()
