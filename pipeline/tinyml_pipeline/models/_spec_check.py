"""What a spec may hold, said in the words of its fields: a mistake shall not surface in the middle of a training."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.wording import counted

if TYPE_CHECKING:
    from tinyml_pipeline.models.spec import Spec

_QUESTIONS = ("checks", "fails_on")
_SEEDS = 2**32  # that Keras takes


def check_spec(spec: Spec, domain: type) -> None:
    """Raise SpecError with the field's name where a value is of a wrong kind or cannot be; `domain` is class Domain."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", str(spec.name)):
        raise SpecError(
            f"model name '{spec.name}': use lower-case letters, digits and underscores, and begin with a letter."
        )
    for trouble in chain(_wrong_kinds(spec, domain), _impossible_values(spec)):
        raise SpecError(f"model '{spec.name}': {trouble}")


def _wrong_kinds(spec: Spec, domain: type) -> Iterator[str]:
    rules: dict[str, tuple[tuple[str, ...], Callable[[Any], bool]]] = {
        "text": (("summary", "loss", "reason", "file", "samples"), _is_text),
        "a whole number": (("epochs", "batch_size", "seed", "stride"), lambda value: isinstance(value, Integral)),
        "True or False": (("trust", "unroll"), lambda value: isinstance(value, bool)),
        "a number": (("accuracy_drop_points",), _is_number),
        "a number or None": (
            ("tolerance", "accuracy_percent", "normal_percent"), lambda value: value is None or _is_number(value)),
        "a function": (("build", "data", "optimizer", "callbacks"), callable),
        "a function or None": (("validation", "test"), lambda value: value is None or callable(value)),
        'a tuple of Domains, such as (Domain("x", -10, 10),) with its last comma': (
            ("inputs",), lambda value: _are(value, lambda one: isinstance(one, domain))),
        'a tuple of names, such as ("y",) with its last comma': (
            ("metrics",), lambda value: _are(value, _is_text)),
        'a tuple of names or Domains, such as ("y",) with its last comma': (
            ("outputs",), lambda value: _are(value, lambda one: isinstance(one, (str, domain)))),
        "a tuple of paths": (
            ("files",), lambda value: _are(value, lambda one: isinstance(one, (str, Path)))),
        "a tuple of questions with their answers, such as (((10,), (32,)),) with all its commas": (
            _QUESTIONS, lambda value: _are(value, _is_question)),
    }  # fmt: skip
    for what, (names, is_right) in rules.items():
        for name in names:
            if hasattr(spec, name) and not is_right(value := getattr(spec, name)):
                yield f"{name} is {value!r}; it must be {what}."


def _impossible_values(spec: Spec) -> Iterator[str]:
    for name in ("epochs", "batch_size"):
        count = getattr(spec, name, 1)
        if count < 1 and not (name == "epochs" and count == 0 and getattr(spec, "weights", ())):
            yield f"{name} is {count}; it must be at least 1."
    if not 0 <= spec.seed < _SEEDS:
        yield f"seed is {spec.seed}; it must be from 0 to {_SEEDS - 1}."
    if spec.stride < 0:
        yield f"stride is {spec.stride}; it must be at least 1, or 0 for what is not a time series."
    if spec.normal_percent is not None:
        if not 0 < spec.normal_percent <= 100:
            yield f"normal_percent is {spec.normal_percent:g}; it must be above 0 and at most 100."
        if getattr(spec, "validation", None) is None:
            yield "normal_percent asks for validation data; give it a validation function."
    if spec.tolerance is not None and not spec.tolerance > 0:
        yield f"tolerance is {spec.tolerance:g}; it must be above 0."
    if not spec.inputs or not spec.outputs:
        yield "name at least one input and one output."
    if spec.accuracy_percent is not None and getattr(spec, "test", None) is None:
        way_out = "give it a test function" if hasattr(spec, "test") else "an imported model has none, so leave it out"
        yield f"accuracy_percent asks for test data; {way_out}."
    for name in _QUESTIONS:
        for inputs, outputs in getattr(spec, name):
            asked = f"{name} asks f({', '.join(f'{value:g}' for value in inputs)})"
            if len(spec.inputs) > 1 and len(inputs) != len(spec.inputs):
                yield f"{asked}, but it takes {len(spec.inputs)} inputs."
            if len(outputs) != len(spec.outputs):
                answers, wanted = counted(len(outputs), "answer"), counted(len(spec.outputs), "output")
                yield f"{asked} with {answers}, but it has {wanted}."
            for value, domain in zip(inputs, spec.inputs, strict=False):  # one Domain may stand for many
                if not domain.low <= value <= domain.high:
                    yield f"{asked}, but {value:g} is outside of {domain.name}, {domain.low:g} to {domain.high:g}."


def _is_question(value: Any) -> bool:
    """((10, 2), (12,))."""
    return _are(value, lambda numbers: _are(numbers, _is_number) and len(numbers) > 0) and len(value) == 2


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are(values: Any, is_right: Callable[[Any], bool]) -> bool:
    return isinstance(values, (tuple, list)) and all(map(is_right, values))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
