"""Whether training left a network that is worth keeping: a diverged one may still have finite numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinyml_pipeline.errors import TrainingError
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.training.keras_import import import_keras, quiet
from tinyml_pipeline.training.prepare import Prepared, as_list, prepare

_REMEDY = "lower the learning rate, or scale the inputs to about -1 to 1."
_BATCH = 1024


def check_epoch(spec: ModelSpec, epoch: int, logs: Mapping[str, float]) -> None:
    """TrainingError where the loss of an epoch, counted from 1, or its validation loss is no finite number."""
    for name, noun in (("loss", "loss"), ("val_loss", "validation loss")):
        loss = logs.get(name, 0.0)
        if not math.isfinite(loss):
            raise TrainingError(
                f"model '{spec.name}': the {noun} became {'NaN' if math.isnan(loss) else 'infinite'} in epoch"
                f" {epoch} of {spec.epochs}; {_REMEDY}"
            )


def check_weights(spec: ModelSpec, prepared: Prepared) -> None:
    """TrainingError where a weight is no finite number; the loss of the last epoch is older than the last update."""
    if not all(bool(np.isfinite(array).all()) for array in prepared.model.get_weights()):
        raise TrainingError(f"model '{spec.name}': weights became NaN or infinite; {_REMEDY}")


def check_progress(spec: ModelSpec, prepared: Prepared) -> None:
    """TrainingError where the trained network is worse, on its own data, than both its start and a constant answer.

    Both, because one alone refuses honest training: a few epochs from a bad start are still worse than the constant,
    and a network that starts with the right weights may end a little beside them. May change the model's state.
    """
    loss, constant = _loss(prepared), _loss_of_the_mean(spec, prepared)
    if loss <= constant:
        return
    with quiet():
        start = _loss(prepare(spec))
    if not loss <= start:
        raise TrainingError(
            f"model '{spec.name}': training made it worse: the loss is {loss:.3g}, and was {start:.3g} before the first"
            f" update ({constant:.3g} with the mean as every answer); {_REMEDY}"
        )


def _loss(prepared: Prepared) -> float:
    """Over all training data, as training counts it: after one epoch, batch norm is far off outside of training."""
    tf, _ = import_keras()
    model: Any = prepared.model
    total = 0.0
    for first in range(0, len(prepared.data), _BATCH):
        x, y = tf.nest.map_structure(tf.constant, prepared.data.batch(slice(first, first + _BATCH)))
        total += float(model.compute_loss(x, y, model(x, training=True))) * len(as_list(x)[0])
    return total / len(prepared.data)


def _loss_of_the_mean(spec: ModelSpec, prepared: Prepared) -> float:
    """What the mean of the targets costs as the answer to everything; of class numbers, how often each comes."""
    _, keras = import_keras()
    total = 0.0
    for targets in as_list(prepared.data.targets):
        shares = targets
        if spec.loss.startswith("sparse_"):
            targets = targets.reshape(-1)
            shares = np.eye(int(targets.max()) + 1, dtype=np.float32)[targets.astype(int)]
        answers = np.broadcast_to(shares.mean(axis=0), shares.shape)
        total += float(np.mean(keras.losses.get(spec.loss)(targets, answers)))
    return total
