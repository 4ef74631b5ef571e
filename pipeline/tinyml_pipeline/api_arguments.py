"""What a notebook hands to the API, checked: UsageError says what was found and what is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, QuantizedPort
from tinyml_pipeline.wording import counted


def checked_model(model: Any) -> QuantizedModel:
    if isinstance(model, QuantizedModel):
        return model
    raise UsageError(
        f"a model of quantize() or load() is needed here, not {_kind(model)}; for Keras: model ="
        " tinyml.quantize(keras_model, x_train)."
    )


def input_shapes(keras_model: Any) -> list[tuple[int, ...]]:
    """Of one sample each; UsageError for what is not a trained Keras model, or not built."""
    if isinstance(keras_model, type) or not all(callable(getattr(keras_model, do, None)) for do in ("save", "predict")):
        raise UsageError(f"a trained Keras model is needed here, not {_kind(keras_model)}.")
    try:
        tensors = list(keras_model.inputs or ())
    except (AttributeError, ValueError):
        tensors = []
    if not tensors and not hasattr(keras_model, "add"):  # only a Sequential learns its inputs later
        raise UsageError(
            f"the input shape of the Keras model '{type(keras_model).__name__}' is unknown: it is a class of its own."
            " Build it with keras.Sequential, or with keras.Model(inputs, outputs)."
        )
    if not getattr(keras_model, "built", True) or not tensors:
        raise UsageError(
            "the Keras model is not built: its input shape is unknown. Begin it with keras.Input(shape), or train it"
            " first."
        )
    shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
    for shape in shapes:
        if None in shape:
            raise UsageError(f"the Keras model's input has the open shape {shape}; every size must be fixed.")
    for weight in keras_model.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise UsageError(
                f"the Keras model's weights '{getattr(weight, 'path', weight.name)}' are NaN or infinite: its training"
                " failed. Train it again, at a lower learning rate, on data without NaN."
            )
    return shapes


def check_same_form(keras_model: Any, model: QuantizedModel) -> None:
    """UsageError if a Keras model takes or gives other shapes than the int8 model that is compared with it."""
    input_shapes(keras_model)
    for takes, tensors, ports in (
        ("takes", keras_model.inputs, model.inputs),
        ("gives", keras_model.outputs, model.outputs),
    ):
        keras, int8 = [tuple(tensor.shape[1:]) for tensor in tensors], [port.shape for port in ports]
        if keras != int8:
            raise UsageError(
                f"the Keras model {takes} samples of shape {_shapes(keras)}, the int8 model of shape {_shapes(int8)}:"
                " int8 was not made from it."
            )


def samples(
    given: Any, shapes: Sequence[tuple[int, ...]], what: str, *, keep_int8: bool = False
) -> list[npt.NDArray[Any]]:
    """One array (n, *shape) per input; UsageError names what does not fit, and the first value that is not finite."""
    if len(shapes) == 1:
        return [_checked(given, shapes[0], what, keep_int8)]
    if not isinstance(given, (list, tuple)) or len(given) != len(shapes):
        raise UsageError(f"{what}: the model has {len(shapes)} inputs; give a list of as many arrays.")
    arrays = [
        _checked(array, shape, f"{what}[{index}]", keep_int8)
        for index, (array, shape) in enumerate(zip(given, shapes, strict=True))
    ]
    if len({len(array) for array in arrays}) > 1:
        counts = ", ".join(str(len(array)) for array in arrays)
        raise UsageError(f"{what}: its arrays hold {counts} samples; each must hold as many as the others.")
    if len({array.dtype for array in arrays}) > 1:
        raise UsageError(f"{what}: some of its arrays are int8, others are not; give real numbers, or int8 for all.")
    return arrays


def _checked(given: Any, shape: tuple[int, ...], what: str, keep_int8: bool) -> npt.NDArray[Any]:
    try:
        array = np.asarray(given)
    except (ValueError, TypeError):
        raise UsageError(f"{what}: {_kind(given)} is not an array of numbers.") from None
    if array.ndim == 0 and array.dtype == object:
        raise UsageError(f"{what}: {_kind(given)} is not an array of numbers.")
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise UsageError(f"{what} holds {array.dtype}, not numbers; convert it with .astype('float32').")
    if array.shape[1:] != shape and array.ndim == 1 and shape == (1,):
        array = array.reshape(-1, 1)
    if array.ndim < 1 or array.shape[1:] != shape:
        raise UsageError(
            f"{what} has the shape {array.shape}; the model takes ({', '.join(('samples', *map(str, shape)))})."
        )
    if len(array) == 0:
        raise UsageError(f"{what} is empty; give at least one sample.")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        raise UsageError(
            f"{_first(what, array, bad)}; {len(bad)} of {array.size} values are NaN or infinite. Clean the data first."
        )
    if keep_int8 and array.dtype == np.int8:
        return array
    with np.errstate(over="ignore"):
        real = array.astype(np.float32)
    if len(bad := np.argwhere(~np.isfinite(real))):
        raise UsageError(f"{_first(what, array, bad)}, more than float32 holds. Scale the data first.")
    return real


def check_domains(inputs: Sequence[Any], several: bool) -> None:
    if several:
        raise UsageError("inputs= is for a model with one input; this one has several: leave it out.")
    for domain in inputs:
        if not isinstance(domain, Domain):
            raise UsageError(f"inputs= holds {_kind(domain)}; give domains, as in [tinyml.Domain('x', -10, 10)].")


def check_names(outputs: Sequence[str], ports: Sequence[QuantizedPort]) -> None:
    """UsageError for names of output values that the model does not have."""
    values = sum(port.size for port in ports)
    if outputs and (len(ports) > 1 or len(outputs) != values):
        raise UsageError(
            f"outputs= names {counted(len(outputs), 'value')}; the model has {values}, in"
            f" {counted(len(ports), 'output')}. Name each value of a model with one output, or none."
        )


def check_at_least(number: Any, least: int, what: str) -> None:
    """UsageError if it is a number below `least`, NaN, or not a number; None means the default."""
    if number is None:
        return
    is_number = isinstance(number, (int, float, np.integer, np.floating)) and not isinstance(number, bool)
    if not is_number or not math.isfinite(number) or number < least:
        raise UsageError(f"{what}= is {number!r}; it must be a number, {least} or more.")


def as_list(given: str | Sequence[str]) -> list[str]:
    """One string stands for a list of one."""
    return [given] if isinstance(given, str) else list(given)


def _first(what: str, array: npt.NDArray[Any], bad: npt.NDArray[np.intp]) -> str:
    return f"{what}[{', '.join(map(str, bad[0]))}] is {array[tuple(bad[0])]}"


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return " and ".join(map(str, shapes))


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return f"the class {value.__name__}" if isinstance(value, type) else f"an object of type {type(value).__name__}"
