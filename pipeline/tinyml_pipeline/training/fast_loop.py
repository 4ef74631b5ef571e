"""`Model.fit` without its overhead: Keras' own `train_step`, many batches in one call of a `tf.function`.

`fit` spends a millisecond of Python on every batch; a step of a small network takes a twentieth of that. Here the
batches are cut on the device. Order, shapes and arithmetic are those of `fit(shuffle=False)`, so the numbers are too,
to the last bit.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tinyml_pipeline.training.keras_import import import_keras, onednn_is_on, quiet
from tinyml_pipeline.training.prepare import Prepared, TrainingData

EpochDone = Callable[[int, Mapping[str, float]], None]
_Step = Callable[[tuple[Any, Any]], Any]

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
_OVERRIDES = (
    "train_step",
    "test_step",
    "compute_metrics",
    "get_metrics_result",
    "make_train_function",
    "fit",
    "reset_metrics",
)
_LONGEST_CALL_S = 0.5
"""Ctrl-C is heard between two calls, so none may take much longer."""


class NotTraceableError(Exception):
    """The step cannot be traced as a loop; the text says why. Nothing has been trained."""


def unsupported(prepared: Prepared) -> str | None:
    """Why this model needs `Model.fit`, in words that complete 'Model.fit, because ...'; None where it does not."""
    _, keras = import_keras()
    model = prepared.model
    for name in _OVERRIDES:
        if getattr(type(model), name) is not getattr(keras.Model, name):
            return f"the model has its own {name}"
    if model.run_eagerly:
        return "the model runs eagerly"
    for callback in prepared.callbacks:
        for hook in _BATCH_HOOKS:
            # LambdaCallback and its like set hooks on the instance, where they are plain functions.
            function = getattr(getattr(callback, hook), "__func__", None)
            if function is not getattr(keras.callbacks.Callback, hook):
                return f"the callback {type(callback).__name__} acts on every batch"
    return None


def run_fast_loop(prepared: Prepared, epochs: int, batch_size: int, done: EpochDone) -> int:
    """Train the model in place, as `fit(shuffle=False)` would; returns the number of updates.

    `done(epoch, logs)` is called after every epoch, counted from 0, after the callbacks have seen it. Raises
    NotTraceableError before the first update where the loop does not suit the model.
    """
    _, keras = import_keras()
    model = prepared.model
    steps = -(-len(prepared.data) // batch_size)
    run_epoch = _trace(model, prepared.data, batch_size, model.train_step)
    validate = _trace(model, prepared.validation, batch_size, model.test_step) if prepared.validation else None
    callbacks = keras.callbacks.CallbackList(
        prepared.callbacks, add_history=True, model=model, epochs=epochs, steps=steps, verbose=0
    )
    model.stop_training = False
    callbacks.on_train_begin()
    logs: dict[str, float] = {}
    updates = 0
    for epoch in range(epochs):
        if not _resets_quickly(model):
            model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = {name: float(value) for name, value in run_epoch().items()}
        updates += steps
        if validate is not None:
            if not _resets_quickly(model):
                model.reset_metrics()
            logs.update({f"val_{name}": float(value) for name, value in validate().items()})
        callbacks.on_epoch_end(epoch, logs)
        done(epoch, logs)
        if model.stop_training:
            break
    # An optimizer that averages its weights puts the average in place here.
    model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)
    return updates


def _trace(model: Any, data: TrainingData, batch_size: int, step: _Step) -> Callable[[], Mapping[str, Any]]:
    """A function that runs one epoch and returns its metrics as tensors."""
    tf, _ = import_keras()
    full, rest = divmod(len(data), batch_size)
    pieces = _Pieces()
    with quiet():
        # The last, smaller batch has a shape of its own, and so a trace of its own, as in `fit`.
        many = _trace_loop(model, data, step, batch_size, batch_size) if full else None
        last = _trace_loop(model, data, step, batch_size, rest) if rest else None

    def run_epoch() -> Mapping[str, Any]:
        logs: Mapping[str, Any] = {}
        if many is not None:
            for first, end in pieces(full):
                logs = many(tf.constant(first), tf.constant(end))
        if last is not None:
            logs = last(tf.constant(full), tf.constant(full + 1))
        return logs

    return run_epoch


def _trace_loop(
    model: Any, data: TrainingData, step: _Step, batch_size: int, size: int
) -> Callable[[Any, Any], Mapping[str, Any]]:
    """A function of two numbers, `first` and `end`: a step on the first `size` samples of each of these batches."""
    tf, _ = import_keras()
    inputs, targets = tf.nest.map_structure(tf.constant, (data.inputs, data.targets))

    def cut(tensors: Any, start: Any) -> Any:
        def of_one(values: Any) -> Any:
            batch = values[start : start + size]
            batch.set_shape((size, *values.shape[1:]))
            return batch

        return tf.nest.map_structure(of_one, tensors)

    def loop(first: Any, end: Any) -> Mapping[str, Any]:
        if _resets_quickly(model):
            for variable in model.metrics_variables:
                variable.assign(tf.where(tf.equal(first, 0), tf.zeros_like(variable.value), variable.value))

        def body(index: Any) -> Any:
            start = index * batch_size
            step((cut(inputs, start), cut(targets, start)))
            return index + 1

        tf.while_loop(lambda index: index < end, body, [first], parallel_iterations=1)
        results: Mapping[str, Any] = model.get_metrics_result()
        return results

    number = tf.TensorSpec((), tf.int32)
    for executor in _executors(tf):
        # The executor counts when tracing too: loops take another form for each.
        with executor():
            try:
                traced = tf.function(loop, autograph=False).get_concrete_function(number, number)
            except Exception as error:
                raise NotTraceableError(f"its step cannot be traced as a loop ({type(error).__name__})") from error
            if executor is not contextlib.nullcontext and _calls_functions(traced):
                continue
            try:
                traced(tf.constant(0), tf.constant(0))  # no step, but an executor that cannot run it says so now
            except tf.errors.OpError:
                continue

        def run(first: Any, end: Any, executor: _Executor = executor, traced: Any = traced) -> Mapping[str, Any]:
            with executor():
                results: Mapping[str, Any] = traced(first, end)
            return results

        return run
    raise NotTraceableError("its step does not run in a loop")


def _resets_quickly(model: Any) -> bool:
    """Whether the loss is all there is to reset: then the traced epoch does it, in half the time."""
    return len(model.metrics) == 1


_Executor = Callable[[], contextlib.AbstractContextManager[None]]


def _executors(tf: Any) -> list[_Executor]:
    """The executors to try, fastest first.

    A small step's operations take less time than handing them from thread to thread, so one thread runs them all. That
    executor leaves a loop's body to the plain kernels. With oneDNN on, `fit` uses other kernels, and its numbers would
    be missed in the last digits: then only the usual executor will do.
    """
    usual: _Executor = contextlib.nullcontext
    if onednn_is_on():
        return [usual]
    return [lambda: tf.experimental.function_executor_type("SINGLE_THREADED_EXECUTOR"), usual]


def _calls_functions(traced: Any) -> bool:
    """Whether anything but the loop itself calls a function: a branch, a loop in the loop, a nested `tf.function`.

    Where the machine has one core, an operation on the only thread would wait for that thread to run its function.
    """
    graph = traced.graph.as_graph_def()
    nodes = [node for function in graph.library.function for node in function.node_def]
    nodes += [node for node in graph.node if node.op not in ("While", "StatelessWhile")]
    return any(attribute.HasField("func") or attribute.list.func for node in nodes for attribute in node.attr.values())


class _Pieces:
    """Cuts an epoch into calls of at most about half a second, from what the last calls took."""

    def __init__(self) -> None:
        self._batches = 64

    def __call__(self, full: int) -> Iterator[tuple[int, int]]:
        first = 0
        while first < full:
            end = min(first + self._batches, full)
            started = time.perf_counter()
            yield first, end
            seconds = time.perf_counter() - started
            if seconds > _LONGEST_CALL_S:
                self._batches = max(1, self._batches // 2)
            elif seconds < _LONGEST_CALL_S / 4 and end - first == self._batches:
                self._batches *= 4
            first = end
