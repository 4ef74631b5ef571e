"""The exponential range test: train with a rate that grows with every update, and see where the loss turns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from tinyml_pipeline.errors import TrainingError
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.training.keras_import import quiet
from tinyml_pipeline.training.overrides import Overrides, override
from tinyml_pipeline.training.prepare import prepare
from tinyml_pipeline.user_code import say

LOWEST, HIGHEST = 1e-5, 10.0
UPDATES = 1000
SMOOTHING = 0.9
DIVERGED = 4.0
BELOW_THE_TURN = 10.0


@dataclass(frozen=True)
class RangeTest:
    """`losses` are smoothed, one for each of `rates`; `turn` is the rate of the least, `found` the one to take."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    turn: float
    found: float


def find_learning_rate(spec: ModelSpec) -> RangeTest:
    """Train from the spec's start with rates of 1e-5 to 10, each update's larger by the same factor; keeps no weights.

    It ends where the loss is no number or four times that of the start. The rate found is a tenth of the turn, as is
    usual: at the turn itself the loss no longer falls. Raises SpecError as training does, and TrainingError where no
    rate lowers the loss.
    """
    constant = override(spec, Overrides(schedule="constant", learning_rate=LOWEST))
    with quiet():
        prepared = prepare(replace(constant, metrics=()))
    model: Any = prepared.model
    rates: list[float] = []
    losses: list[float] = []
    mean, best = 0.0, math.inf
    for update in range(UPDATES):
        rate = LOWEST * (HIGHEST / LOWEST) ** (update / (UPDATES - 1))
        start = update * spec.batch_size % len(prepared.data)
        inputs, targets = prepared.data.batch(slice(start, start + spec.batch_size))
        model.optimizer.learning_rate = rate
        model.reset_metrics()
        try:
            loss = float(_total(model.train_on_batch(inputs, targets)))
        except Exception as error:
            raise TrainingError(f"model '{spec.name}': training raised {say(error)}.") from error
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth = mean / (1 - SMOOTHING ** (update + 1))
        if not math.isfinite(smooth) or (losses and smooth > DIVERGED * losses[0]):
            break
        best = min(best, smooth)
        rates.append(rate)
        losses.append(smooth)
    turn = rates[losses.index(best)] if rates else LOWEST
    if not rates or best >= 0.99 * losses[0]:
        raise TrainingError(
            f"model '{spec.name}': no rate from {LOWEST:g} to {HIGHEST:g} lowers the loss; look at its data and loss."
        )
    return RangeTest(tuple(rates), tuple(losses), turn, float(f"{turn / BELOW_THE_TURN:.2g}"))


def _total(loss: Any) -> Any:
    """The loss alone: of several outputs Keras gives a list of the sum and each one's."""
    return loss[0] if isinstance(loss, list) else loss
