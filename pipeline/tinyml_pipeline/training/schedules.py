"""Learning rate schedules for any model, made of Keras' own classes: a saved model loads without this program.

With `peak` the highest rate, T all updates of a training and t the update, counted from 0:

- constant: peak
- exponential: peak * 0.1 ** (2 t / T), a factor of 10 in each half
- power: peak / (1 + 10 t / T), fast at first, then ever slower, to a tenth or so
- 1cycle: from peak / 10 in a straight line to the peak during the first 3 tenths (warm-up), then along half a cosine
  down to peak / 1000. This is the rate half of L. Smith's policy. Its other half, momentum that falls while the rate
  grows, needs a step of Python before every update: Keras' optimizers hold momentum as a constant, Adam as beta_1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.training.keras_import import import_keras

WARM_UP = 0.3
SHOWN_UPDATES = 1000


def make_schedule(name: str, peak: float, updates: int) -> Any:
    """A number or a keras LearningRateSchedule for a training of `updates` updates; KeyError for another name."""
    schedules = import_keras()[1].optimizers.schedules
    warm = round(WARM_UP * updates)
    # Division by a power of two is exact; by others, TensorFlow rounds differently in a loop and in Model.fit.
    steps = 2 ** max(0, round(math.log2(updates / 2)))
    makers: dict[str, Callable[[], Any]] = {
        "constant": lambda: peak,
        "exponential": lambda: schedules.ExponentialDecay(peak, steps, 0.1 ** (2 * steps / updates)),
        "power": lambda: schedules.InverseTimeDecay(peak, 1, 10 / updates),
        "1cycle": lambda: schedules.CosineDecay(
            peak / 10, max(1, updates - warm), 1e-3, warmup_target=peak, warmup_steps=max(1, warm)
        ),
    }
    return makers[name]()


def updates_of(spec: ModelSpec) -> int:
    """The optimizer's steps in a whole training; 0 for fixed weights."""
    return spec.epochs * -(-len(spec.load_data()) // spec.batch_size)


def learning_rates(spec: ModelSpec) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Updates, counted from 0, and the rate that the spec's optimizer takes at each; of many, some."""
    updates = updates_of(spec)
    shown = np.unique(np.linspace(0, max(0, updates - 1), min(updates, SHOWN_UPDATES)).astype(np.int64))
    rate: Any = getattr(spec.optimizer(), "_learning_rate")  # noqa: B009 (the property hides the schedule)
    if callable(rate):
        return shown, np.array([float(rate(update)) for update in shown], np.float64)
    return shown, np.full(len(shown), float(rate.numpy()), np.float64)
