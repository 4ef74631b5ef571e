"""What a command changes of a spec's training, without touching the spec."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.names import hint
from tinyml_pipeline.training.keras_import import import_keras, quiet
from tinyml_pipeline.training.schedules import make_schedule, updates_of

if TYPE_CHECKING:
    import keras

SCHEDULES = ("constant", "exponential", "power", "1cycle")


@dataclass(frozen=True)
class Overrides:
    """None leaves the spec's own value. `early_stopping` is the number of epochs without progress that end it.

    A `learning_rate` alone keeps the spec's schedule and moves its start; with another `optimizer` or a `schedule`,
    the spec's schedule goes. UsageError where a value cannot be.
    """

    optimizer: str | None = None
    loss: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int | None = None
    early_stopping: int | None = None
    schedule: str | None = None

    def __post_init__(self) -> None:
        rate = self.learning_rate
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise UsageError(f"--learning-rate is {rate:g}; it must be a finite number above 0, such as 0.01.")
        for name, least in (("epochs", 1), ("batch_size", 1), ("early_stopping", 1), ("seed", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"--{name.replace('_', '-')} is {value}; it must be at least {least}.")
        if self.seed is not None and self.seed >= 2**32:
            raise UsageError(f"--seed is {self.seed}; Keras takes seeds up to {2**32 - 1}.")
        if self.schedule is not None and self.schedule not in SCHEDULES:
            raise UsageError(f"there is no schedule '{self.schedule}'; choose one of: {', '.join(SCHEDULES)}.")

    @property
    def changes(self) -> dict[str, Any]:
        """What is not the spec's own, by name; empty where nothing is."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def check_names(self) -> None:
        """UsageError where Keras does not know the optimizer or the loss; imports Keras only for these."""
        if self.optimizer is None and self.loss is None:
            return
        _, keras = import_keras()
        _check("optimizer", self.optimizer, _optimizers(keras))
        _check("loss", self.loss, [*_losses(keras), "mse", "mae", "mape", "msle"])


def override(spec: ModelSpec, overrides: Overrides) -> ModelSpec:
    """The spec with these changes: the same spec where there are none. Raises UsageError for an unknown name."""
    overrides.check_names()
    simple = {name: overrides.changes[name] for name in ("loss", "epochs", "batch_size", "seed")
              if name in overrides.changes}  # fmt: skip
    changed = replace(spec, **simple)
    if simple or overrides.changes:
        changed = replace(changed, optimizer=_optimizer(spec, changed, overrides))
    if overrides.early_stopping is not None:
        changed = replace(changed, callbacks=_callbacks(spec, overrides.early_stopping))
    return changed


def _check(kind: str, name: str | None, known: Sequence[str]) -> None:
    if name is None or name in known:
        return
    raise UsageError(f"Keras knows no {kind} '{name}'. {hint(name, known)}")


def _optimizers(keras: Any) -> list[str]:
    base, none = keras.optimizers.Optimizer, {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
    kinds = {name: kind for name, kind in vars(keras.optimizers).items() if isinstance(kind, type)}
    return sorted(name.lower() for name, kind in kinds.items() if issubclass(kind, base) and name not in none)


def _losses(keras: Any) -> list[str]:
    return [name for name in dir(keras.losses) if name.islower() and name[0] != "_" and _is_loss(keras, name)]


def _is_loss(keras: Any, name: str) -> bool:
    """Some functions of keras.losses are no losses, or cannot be had by their name."""
    try:
        return name not in ("get", "serialize", "deserialize") and keras.losses.get(name) is not None
    except ValueError:
        return False


def _optimizer(spec: ModelSpec, changed: ModelSpec, overrides: Overrides) -> Callable[[], keras.optimizers.Optimizer]:
    def make() -> keras.optimizers.Optimizer:
        _, keras = import_keras()
        made = keras.optimizers.get(overrides.optimizer) if overrides.optimizer else spec.optimizer()
        config: dict[str, Any] = made.get_config()
        own = config["learning_rate"]
        if overrides.schedule is not None:
            peak = overrides.learning_rate or _start(own)
            config["learning_rate"] = make_schedule(overrides.schedule, peak, max(1, updates_of(changed)))
        elif isinstance(own, dict):
            config["learning_rate"] = _moved(own, overrides.learning_rate, updates_of(spec), updates_of(changed))
        elif overrides.learning_rate is not None:
            config["learning_rate"] = overrides.learning_rate
        else:
            return made
        return type(made).from_config(config)

    return make


def _start(own: Any) -> float:
    """The rate that a configuration begins with; for one that warms up, the one it reaches."""
    if not isinstance(own, dict):
        return float(own)
    config = own["config"]
    rate = config.get("warmup_target") or config.get("initial_learning_rate") or max(config.get("values", [0.01]))
    return float(rate)


def _moved(own: dict[str, Any], rate: float | None, updates: int, now: int) -> Any:
    """The spec's schedule with another start, and over all updates where it was over all before."""
    config = dict(own["config"])
    if rate is not None:
        factor = rate / _start(own)
        for name in ("initial_learning_rate", "warmup_target", "end_learning_rate"):
            if config.get(name) is not None:
                config[name] = config[name] * factor
        if "values" in config:
            config["values"] = [value * factor for value in config["values"]]
    if config.get("decay_steps") == updates:
        config["decay_steps"] = now
    return {**own, "config": config}


def _callbacks(spec: ModelSpec, patience: int) -> Callable[[], list[Any]]:
    def make() -> list[Any]:
        with quiet():
            _, keras = import_keras()
        kept = [each for each in spec.callbacks() if not isinstance(each, keras.callbacks.EarlyStopping)]
        monitor = "val_loss" if spec.validation is not None else "loss"
        return [*kept, keras.callbacks.EarlyStopping(monitor, patience=patience, restore_best_weights=True)]

    return make
