"""What training returns: the finished network as the bytes of a .keras file, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_pipeline.training.history import History


@dataclass(frozen=True)
class EpochEnd:
    """One finished epoch: `epoch` counts from 1, `logs` are Keras' own values, `seconds` runs from the first epoch."""

    epoch: int
    epochs: int
    logs: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class TrainedModel:
    """A trained network.

    `keras_archive` holds no time and no address: the same spec gives the same bytes. `updates` counts the
    optimizer's steps, `seconds` the training with its tracing (not TensorFlow's import). `method` is 'fast loop',
    'Model.fit' or 'fixed weights' (zero epochs, an empty history); `fallback_reason` says why it is Model.fit, else
    it is None. `answers` are the outputs for the spec's `checks` and then its `fails_on`.
    """

    keras_archive: bytes
    history: History
    parameters: int
    updates: int
    seconds: float
    method: str
    fallback_reason: str | None
    answers: tuple[tuple[float, ...], ...] = ()
