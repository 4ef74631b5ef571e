"""What a model is: domain and tolerance of its int8 form, and its network, data and training, or its trained file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models._spec_check import check_spec
from tinyml_pipeline.user_code import say_where

if TYPE_CHECKING:
    import keras

FloatArray = npt.NDArray[np.float32]
Checks = tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
"""Pairs of inputs and outputs."""


@dataclass(frozen=True)
class Domain:
    """The range of one input value on the device, in real units; int8 spreads its 256 steps over it."""

    name: str
    low: float
    high: float
    unit: str = ""

    def __post_init__(self) -> None:
        try:
            is_range = math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high
        except TypeError:
            raise SpecError(
                f"domain of input '{self.name}': low {self.low!r} and high {self.high!r} must be numbers."
            ) from None
        if not is_range:
            raise SpecError(
                f"domain of input '{self.name}': low {self.low:g} must be below high {self.high:g}, and both finite."
            )


@dataclass(frozen=True)
class Dataset:
    """Training pairs: inputs of shape (samples, *input shape) and targets of shape (samples, *output shape)."""

    inputs: FloatArray
    targets: FloatArray

    def __post_init__(self) -> None:
        for name in ("inputs", "targets"):
            values = np.asarray(getattr(self, name))
            if not np.issubdtype(values.dtype, np.number):
                raise SpecError(f"data: {name} hold {values.dtype}, not numbers.")
            values = values.astype(np.float32)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
            if len(values) == 0:
                raise SpecError(f"data: {name} are empty; give at least one sample.")
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                where = ", ".join(map(str, bad[0]))
                raise SpecError(
                    f"data: {name}[{where}] is {values[tuple(bad[0])]}; {len(bad)} of {values.size} values are NaN or"
                    " infinite. Clean the data first."
                )
        if len(self.inputs) != len(self.targets):
            raise SpecError(f"data: {len(self.inputs)} inputs but {len(self.targets)} targets; each input needs one.")


DataFunction = Callable[[np.random.Generator], Dataset]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What every step after training has to know of a model, wherever it was trained.

    `inputs` names every input value and its range; where the network takes many values of one kind (an image), one
    Domain stands for all of them. Of a network with several inputs each takes one Domain, or one for each of its
    values, in order. `tolerance` is the largest difference between Keras and the int8 model that is accepted, in units
    of the output; None stands for 5 % of the output's range.
    """

    name: str
    summary: str
    inputs: tuple[Domain, ...]
    outputs: tuple[str, ...]
    tolerance: float | None = None
    seed: int = 0
    checks: Checks = ()
    """Pairs of inputs and outputs that a reader can check in the head, such as 10 + 2 = 12; reports show them."""
    fails_on: Checks = ()
    """Such pairs that the trained model gets wrong, to learn from; `tinyml train` shows them with the reason."""
    reason: str = ""
    """Why it fails there, in words that complete 'because ...'."""
    accuracy_percent: float | None = None
    """For a classifier: the share of the test data that Keras must get right."""
    accuracy_drop_points: float = 0.5
    """How much less of it the int8 model may get right, in percentage points."""

    def __post_init__(self) -> None:
        check_spec(self, Domain)

    def load_test(self) -> Dataset | None:
        """Data to judge the model on; None if there are none."""
        return None


@dataclass(frozen=True, kw_only=True)
class ImportedSpec(Spec):
    """A network that was trained elsewhere; `tinyml import` writes such a spec.

    `file` is a .keras, .h5 or .tflite file or the folder of a SavedModel, and `samples` a .npz, .npy or CSV file of
    real inputs ('' without any); both are paths from the folder of the spec. With `trust`, code that the file holds is
    run; with `unroll`, the steps of its recurrent layers are written out, which int8 needs.
    """

    file: str
    samples: str = ""
    trust: bool = False
    unroll: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Spec):
    """One model that is trained here, from network to tolerance.

    `build`, `optimizer`, `loss` and `callbacks` are functions, so that a spec can be read without importing
    TensorFlow: Keras is imported inside them. `inputs` names every input value and its range; where the network
    takes many values of one kind (an image), one Domain stands for all of them. `tolerance` is the largest
    difference between Keras and the int8 model that is accepted, in units of the output.

    `validation` is looked at after every epoch and gives the history its val_ columns, `test` never before training
    has ended. Both draw from a generator of the same seed as `data`, so one split can serve all three.
    """

    build: Callable[[], keras.Model]
    data: DataFunction
    optimizer: Callable[[], keras.optimizers.Optimizer]
    loss: str
    epochs: int
    batch_size: int
    metrics: tuple[str, ...] = ()
    callbacks: Callable[[], list[Any]] = field(default=list)
    weights: tuple[npt.ArrayLike, ...] = ()
    """What training starts from, in the order of Keras' get_weights(); random where empty. Zero epochs keep them."""
    validation: DataFunction | None = None
    test: DataFunction | None = None

    def load_data(self) -> Dataset:
        """The data, drawn with the spec's own seed: the same arrays at every call."""
        return self._load("data", self.data)

    def load_validation(self) -> Dataset | None:
        """As `load_data`; None where the spec has none."""
        return self._load("validation", self.validation) if self.validation else None

    def load_test(self) -> Dataset | None:
        """As `load_data`; None where the spec has none."""
        return self._load("test", self.test) if self.test else None

    def _load(self, name: str, function: DataFunction) -> Dataset:
        try:
            data = function(np.random.default_rng(self.seed))
        except SpecError as error:
            raise SpecError(f"model '{self.name}': {error}") from error
        except Exception as error:
            raise SpecError(f"model '{self.name}': its {name} function raised {say_where(error)}.") from error
        if not isinstance(data, Dataset):
            raise SpecError(f"model '{self.name}': its {name} function returned {type(data).__name__}, not a Dataset.")
        return data
