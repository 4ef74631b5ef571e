"""The stage: a ModelSpec becomes a TrainedModel."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from tinyml_pipeline.errors import PipelineError, SpecError, TrainingError
from tinyml_pipeline.keras_archive import archive
from tinyml_pipeline.model_domains import into_network, out_of_network
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.training.convertible import check_convertible
from tinyml_pipeline.training.divergence import check_epoch, check_progress, check_weights
from tinyml_pipeline.training.fast_loop import NotTraceableError, run_fast_loop, unsupported
from tinyml_pipeline.training.history import History
from tinyml_pipeline.training.keras_import import import_keras, quiet
from tinyml_pipeline.training.prepare import Prepared, as_list, one_or_list, prepare
from tinyml_pipeline.training.trained_model import EpochEnd, TrainedModel
from tinyml_pipeline.user_code import say

T = TypeVar("T")
Report = Callable[[EpochEnd], None]


def train(spec: ModelSpec, report: Report) -> TrainedModel:
    """Train as `Model.fit(shuffle=False)` would, to the last bit, many times faster.

    `report` is called after every epoch. The same spec gives the same bytes, whatever was trained before in this
    process. Raises SpecError if the spec contradicts itself, one of its functions raises, or its network cannot be
    converted, and TrainingError if training fails or diverges (see `divergence`). Ctrl-C leaves as KeyboardInterrupt.
    """
    with quiet():
        prepared = prepare(spec)
    check_convertible(spec, prepared.model)
    started = time.perf_counter()
    reason = unsupported(prepared) if spec.epochs else None
    epochs = _Epochs(spec, report)
    updates = 0
    if reason is None and spec.epochs:
        try:
            updates = _run(spec, lambda: run_fast_loop(prepared, spec.epochs, spec.batch_size, epochs.done))
        except NotTraceableError as error:
            reason = str(error)
            with quiet():
                prepared = prepare(spec)  # Tracing may have made variables or drawn random numbers.
    if reason is not None:
        updates = _run(spec, lambda: _fit(spec, prepared, epochs))
    seconds = time.perf_counter() - started
    check_weights(spec, prepared)
    trained = TrainedModel(
        keras_archive=_archive(spec, prepared),
        history=History.from_epochs(epochs.rows),
        parameters=int(prepared.model.count_params()),
        updates=updates,
        seconds=seconds,
        method=_method(spec, reason),
        fallback_reason=reason,
        answers=tuple(_answer(spec, prepared, inputs) for inputs, _ in (*spec.checks, *spec.fails_on)),
    )
    if spec.epochs:
        _run(spec, lambda: check_progress(spec, prepared))
    return trained


def _method(spec: ModelSpec, reason: str | None) -> str:
    if not spec.epochs:
        return "fixed weights"
    return "fast loop" if reason is None else "Model.fit"


def _answer(spec: ModelSpec, prepared: Prepared, inputs: tuple[float, ...]) -> tuple[float, ...]:
    """What the network gives for the values of all of its inputs, behind one another; those of all outputs, too."""
    shapes = [array.shape[1:] for array in as_list(prepared.data.inputs)]
    sizes = [math.prod(shape) for shape in shapes]
    if len(inputs) != sum(sizes):
        shown = shapes[0] if len(shapes) == 1 else shapes
        raise SpecError(f"model '{spec.name}': the check {inputs} does not fit inputs of shape {shown}.")
    model: Any = prepared.model
    parts = np.split(np.asarray(inputs, np.float32), np.cumsum(sizes)[:-1])
    given = into_network(spec.inputs, [part.reshape(1, *shape) for part, shape in zip(parts, shapes, strict=True)])
    outputs = out_of_network(spec.outputs, [np.asarray(output) for output in as_list(model(one_or_list(given)))])
    return tuple(float(value) for output in outputs for value in output.reshape(-1))


class _Epochs:
    """Keeps each epoch's logs, stops at a loss that is no number, and tells whoever watches."""

    def __init__(self, spec: ModelSpec, report: Report) -> None:
        self.rows: list[dict[str, float]] = []
        self._spec = spec
        self._report = report
        self._started = time.perf_counter()

    def done(self, epoch: int, logs: Mapping[str, float]) -> None:
        row = dict(logs)
        check_epoch(self._spec, epoch + 1, row)
        self.rows.append(row)
        self._report(EpochEnd(epoch + 1, self._spec.epochs, row, time.perf_counter() - self._started))


def _run(spec: ModelSpec, training: Callable[[], T]) -> T:
    try:
        return training()
    except (PipelineError, NotTraceableError):
        raise
    except Exception as error:
        raise TrainingError(
            f"model '{spec.name}': training raised {say(error)}. Check its loss, metrics"
            " and callbacks against its data."
        ) from error


def _fit(spec: ModelSpec, prepared: Prepared, epochs: _Epochs) -> int:
    _, keras = import_keras()
    model: Any = prepared.model
    held_out = prepared.validation
    before = int(model.optimizer.iterations.numpy())

    class Reporter(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            epochs.done(epoch, {name: float(value) for name, value in (logs or {}).items()})

    model.fit(
        prepared.data.inputs,
        prepared.data.targets,
        batch_size=spec.batch_size,
        epochs=spec.epochs,
        shuffle=False,
        verbose=0,
        validation_data=None if held_out is None else (held_out.inputs, held_out.targets),
        validation_batch_size=spec.batch_size,
        callbacks=[*prepared.callbacks, Reporter()],
    )
    return int(model.optimizer.iterations.numpy()) - before


def _archive(spec: ModelSpec, prepared: Prepared) -> bytes:
    try:
        with quiet():
            return archive(prepared.model)
    except Exception as error:
        raise TrainingError(f"model '{spec.name}': the trained network cannot be saved: {say(error)}.") from error
