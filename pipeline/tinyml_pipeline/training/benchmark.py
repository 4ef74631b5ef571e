"""The fast loop against `Model.fit`, in one run: same data, order, seed and numbers.

`fit` runs with TensorFlow's own settings of graph rewriting and determinism, which this program changes for itself.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyml_pipeline.models import adder, linear
from tinyml_pipeline.models.spec import Dataset, ModelSpec
from tinyml_pipeline.training.fast_loop import run_fast_loop
from tinyml_pipeline.training.keras_import import import_keras, quiet, start_with_default_settings
from tinyml_pipeline.training.prepare import Prepared, prepare

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
    """`linear` as it is, and 25,000 Adam updates of batch 1 on the adder's network; takes about a minute.

    Call it before anything else in the process uses TensorFlow: see `start_with_default_settings`.
    """
    start_with_default_settings()
    single = replace(adder.SPEC, data=_first_pairs, optimizer=_adam, batch_size=1, epochs=25)
    with quiet():
        for training in (_loop, _fit):  # What TensorFlow does once a process is paid by neither side.
            _time(replace(linear.SPEC, epochs=1), training)
    return TrainingBenchmark(
        (
            compare("linear: 500 epochs of one batch", linear.SPEC),
            compare("adder: 25,000 updates of batch 1", single),
        )
    )


def compare(name: str, spec: ModelSpec) -> Comparison:
    """Train the spec both ways and look at losses and weights.

    The loop is over before the load of a busy machine has changed once, so the median of three runs counts, one
    before `fit` and two after it.
    """
    runs = [_time(spec, _loop)]
    fit = _time(spec, _fit)
    runs += [_time(spec, _loop) for _ in range(2)]
    return Comparison(
        name=name,
        updates=fit.updates,
        fit_seconds=fit.seconds,
        loop_seconds=statistics.median(run.seconds for run in runs),
        identical=all(run.result == fit.result for run in runs),
    )


@dataclass(frozen=True)
class _Run:
    seconds: float
    updates: int
    result: tuple[list[float], list[bytes]]  # losses and weights


def _time(spec: ModelSpec, training: Callable[[Prepared, ModelSpec], list[float]]) -> _Run:
    prepared = prepare(spec)
    started = time.perf_counter()
    losses = training(prepared, spec)
    seconds = time.perf_counter() - started
    model: Any = prepared.model
    weights = [array.tobytes() for array in model.get_weights()]
    return _Run(seconds, int(model.optimizer.iterations.numpy()), (losses, weights))


def _loop(prepared: Prepared, spec: ModelSpec) -> list[float]:
    losses: list[float] = []
    run_fast_loop(prepared, spec.epochs, spec.batch_size, lambda _, logs: losses.append(logs["loss"]))
    return losses


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
