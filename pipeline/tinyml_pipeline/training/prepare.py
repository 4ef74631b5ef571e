"""From a spec to a compiled Keras model whose data fit it; what can be known before training is asked here."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import Dataset, ModelSpec
from tinyml_pipeline.training.keras_import import import_keras, set_environment
from tinyml_pipeline.user_code import say, say_where

if TYPE_CHECKING:
    import keras

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """A compiled model in its starting state; preparing the same spec again gives the same weights."""

    model: keras.Model
    data: Dataset
    callbacks: list[Any]
    validation: Dataset | None = None


def prepare(spec: ModelSpec) -> Prepared:
    """Seed everything, build, check and compile. SpecError, in one line, for whatever does not fit."""
    set_environment()
    data, validation = spec.load_data(), spec.load_validation()  # before Keras, which their errors do not need
    _, keras = import_keras()
    # Names such as 'dense_3' count up over a process; the saved model must not tell what was trained before it.
    keras.backend.clear_session()
    keras.utils.set_random_seed(spec.seed)
    model = _call(spec, "build", spec.build, keras.Model, "a keras.Model")
    _build(spec, model, data)
    for each in (data, validation) if validation else (data,):
        _check_shapes(spec, model, each)
    _set_weights(spec, model)
    optimizer = _call(spec, "optimizer", spec.optimizer, keras.optimizers.Optimizer, "a keras.optimizers.Optimizer")
    callbacks = _call(spec, "callbacks", spec.callbacks, list, "a list")
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise SpecError(f"model '{spec.name}': {callback!r} among its callbacks is not a keras.callbacks.Callback.")
    _check_known(spec, "loss", spec.loss, keras.losses)
    for metric in spec.metrics:
        _check_known(spec, "metric", metric, keras.metrics)
    # Not XLA: it rounds in another order than Model.fit, which leaves it off on a processor without accelerator.
    model.compile(optimizer=optimizer, loss=spec.loss, metrics=list(spec.metrics) or None, jit_compile=False)
    optimizer.build(model.trainable_variables)
    return Prepared(model, data, callbacks, validation)


def _call(spec: ModelSpec, name: str, function: Callable[[], T], kind: type[T], wanted: str) -> T:
    try:
        value = function()
    except Exception as error:
        raise SpecError(f"model '{spec.name}': its {name} function raised {say_where(error)}.") from error
    if not isinstance(value, kind):
        raise SpecError(f"model '{spec.name}': its {name} function returned {type(value).__name__}, not {wanted}.")
    return value


def _build(spec: ModelSpec, model: keras.Model, data: Dataset) -> None:
    if model.built:
        return
    shape = (None, *data.inputs.shape[1:])
    try:
        model.build(shape)
    except Exception as error:
        raise SpecError(
            f"model '{spec.name}': its network does not build on inputs of shape {shape}: {say(error)}."
        ) from error


def _set_weights(spec: ModelSpec, model: keras.Model) -> None:
    if not spec.weights:
        return
    given = [np.asarray(array, np.float32) for array in spec.weights]
    wanted = [tuple(array.shape) for array in model.get_weights()]
    if [array.shape for array in given] != wanted:
        shapes = ", ".join(str(array.shape) for array in given)
        raise SpecError(
            f"model '{spec.name}': its weights have the shapes {shapes}, but the network's are"
            f" {', '.join(map(str, wanted))}; make them equal."
        )
    model.set_weights(given)


def _check_shapes(spec: ModelSpec, model: keras.Model, data: Dataset) -> None:
    try:
        inputs, outputs = _tensors(model.inputs), _tensors(model.outputs)
    except (AttributeError, ValueError):
        return  # A subclassed model names no tensors; its first step tells.
    for kind, tensors, values in (("input", inputs, data.inputs), ("output", outputs, data.targets)):
        if len(tensors) != 1:
            raise SpecError(
                f"model '{spec.name}': the network has {len(tensors)} {kind} tensors; a data set feeds one. Join them"
                " with keras.layers.Concatenate, or split one inside the network."
            )
        noun = "inputs" if kind == "input" else "targets"
        if kind == "output" and spec.loss.startswith("sparse_"):
            continue  # Its targets are class numbers, one dimension fewer than the output.
        if not _fits(tensors[0], values.shape):
            raise SpecError(
                f"model '{spec.name}': the data's {noun} have shape {values.shape[1:]} a sample, but the network's"
                f" {kind} is {tuple(tensors[0][1:])}; make them equal."
            )


def _tensors(tensors: list[Any] | None) -> list[tuple[int | None, ...]]:
    if not tensors:
        raise ValueError("no symbolic tensors")
    return [tuple(tensor.shape) for tensor in tensors]


def _fits(wanted: tuple[int | None, ...], given: tuple[int, ...]) -> bool:
    return len(wanted) == len(given) and all(w in (None, g) for w, g in zip(wanted[1:], given[1:], strict=True))


def _check_known(spec: ModelSpec, kind: str, name: str, module: Any) -> None:
    try:
        module.get(name)
    except Exception as error:
        names = sorted(
            n for n in dir(module) if n.islower() and not n.startswith("_") and n not in ("get", "serialize")
        )
        near = difflib.get_close_matches(str(name), names, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise SpecError(f"model '{spec.name}': Keras knows no {kind} '{name}'.{hint}") from error
