"""From a spec to a compiled Keras model whose data fit it; what can be known before training is asked here."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.model_domains import into_network
from tinyml_pipeline.models.spec import Dataset, FloatArray, ModelSpec
from tinyml_pipeline.training.keras_import import import_keras, set_environment
from tinyml_pipeline.user_code import say, say_where

if TYPE_CHECKING:
    import keras

T = TypeVar("T")
Tensors = Any
"""An array, or a list of arrays for a network of several inputs or outputs."""


@dataclass(frozen=True)
class TrainingData:
    """Samples as the network takes them: one array, or a list with one for each input or output, in its order."""

    inputs: Tensors
    targets: Tensors

    def __len__(self) -> int:
        return len(as_list(self.inputs)[0])

    def batch(self, part: slice) -> tuple[Tensors, Tensors]:
        """(inputs, targets) of some samples."""
        inputs, targets = ([array[part] for array in as_list(each)] for each in (self.inputs, self.targets))
        return one_or_list(inputs), one_or_list(targets)


def as_list(tensors: Tensors) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def one_or_list(tensors: Sequence[Any]) -> Tensors:
    return tensors[0] if len(tensors) == 1 else list(tensors)


@dataclass(frozen=True)
class Prepared:
    """A compiled model in its starting state; preparing the same spec again gives the same weights."""

    model: keras.Model
    data: TrainingData
    callbacks: list[Any]
    validation: TrainingData | None = None


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
    fitting = _fitting(spec, model, data)
    held_out = None if validation is None else _fitting(spec, model, validation)
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
    metrics: list[Any] = list(spec.metrics)
    if metrics and len(as_list(fitting.targets)) > 1:
        metrics = [list(spec.metrics) for _ in as_list(fitting.targets)]
    model.compile(optimizer=optimizer, loss=spec.loss, metrics=metrics or None, jit_compile=False)
    optimizer.build(model.trainable_variables)
    return Prepared(model, fitting, callbacks, held_out)


def _call(spec: ModelSpec, name: str, function: Callable[[], T], kind: type[T], wanted: str) -> T:
    try:
        value = function()
    except (Exception, SystemExit) as error:
        raise SpecError(f"model '{spec.name}': its {name} function raised {say_where(error)}.") from error
    if not isinstance(value, kind):
        raise SpecError(f"model '{spec.name}': its {name} function returned {type(value).__name__}, not {wanted}.")
    return value


def _build(spec: ModelSpec, model: keras.Model, data: Dataset) -> None:
    if model.built:
        return
    if isinstance(data.inputs, Mapping):
        raise SpecError(
            f"model '{spec.name}': the data's inputs are a mapping, but the network names no inputs. Begin it with"
            " keras.Input."
        )
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


def _fitting(spec: ModelSpec, model: keras.Model, data: Dataset) -> TrainingData:
    """The data as the network takes them. SpecError if they do not fit."""
    try:
        ports = [_ports(tensors) for tensors in (model.inputs, model.outputs)]
    except (AttributeError, ValueError):
        return TrainingData(data.inputs, data.targets)  # A subclassed model names no tensors; its first step tells.
    output_names = [str(name) for name in getattr(model, "output_names", None) or ["output"]]
    found = []
    for kind, port, split in (("input", ports[0], data.inputs_of), ("output", ports[1], data.targets_of)):
        names = [name for name, _ in port] if kind == "input" or len(port) != len(output_names) else output_names
        try:
            arrays = split(
                names,
                [_sample_shape(spec, name, shape, len(port)) for name, (_, shape) in zip(names, port, strict=True)],
            )
        except SpecError as error:
            raise SpecError(f"model '{spec.name}': {error}") from error
        _check_shapes(spec, kind, [shape for _, shape in port], arrays)
        if kind == "input" or not spec.loss.startswith("sparse_"):
            arrays = tuple(into_network(spec.inputs if kind == "input" else spec.outputs, arrays))
        found.append(one_or_list(arrays))
    return TrainingData(*found)


def _sample_shape(spec: ModelSpec, name: str, shape: tuple[int | None, ...], count: int) -> tuple[int, ...]:
    """Without the batch; only of several tensors has each size to be known, to part the columns among them."""
    if count > 1 and None in shape[1:]:
        raise SpecError(f"model '{spec.name}': '{name}' has the open shape {shape}; fix every size but the batch.")
    return tuple(size or 0 for size in shape[1:])


def _check_shapes(
    spec: ModelSpec, kind: str, shapes: Sequence[tuple[int | None, ...]], arrays: Sequence[FloatArray]
) -> None:
    noun = "inputs" if kind == "input" else "targets"
    if kind == "output" and spec.loss.startswith("sparse_"):
        return  # Its targets are class numbers, one dimension fewer than the output.
    for shape, values in zip(shapes, arrays, strict=True):
        if not _fits(shape, values.shape):
            raise SpecError(
                f"model '{spec.name}': the data's {noun} have shape {values.shape[1:]} a sample, but the network's"
                f" {kind} is {tuple(shape[1:])}; make them equal."
            )


def _ports(tensors: list[Any] | None) -> list[tuple[str, tuple[int | None, ...]]]:
    """Name and shape, with the batch, of each."""
    if not tensors:
        raise ValueError("no symbolic tensors")
    return [(str(tensor.name), tuple(tensor.shape)) for tensor in tensors]


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
