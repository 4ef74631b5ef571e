"""What a model is: domain and tolerance of its int8 form, and its network, data and training, or its trained file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
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
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Domain:
    """The range of one input or output value, in real units.

    int8 spreads its 256 steps over the range of an input, and takes what lies beyond as the end of it. That of an
    output limits nothing: it is what `from_unit_range` scales to. int8 reaches there from the least to the largest that
    the network answers to the data and to the ends of the inputs' ranges.

    The network is given (x - offset) * factor, and gives such values back: the real ones, unless it was trained on
    standardized data. `tolerance` is the largest difference between Keras and int8 that is accepted at an output, in
    its unit; None stands for the spec's.
    """

    name: str
    low: float
    high: float
    unit: str = ""
    offset: float = field(default=0.0, repr=False)
    factor: float = field(default=1.0, repr=False)
    tolerance: float | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            is_range = self.low < self.high and abs(self.low) <= _FLOAT32_MAX and abs(self.high) <= _FLOAT32_MAX
        except TypeError:
            raise SpecError(f"domain '{self.name}': low {self.low!r} and high {self.high!r} must be numbers.") from None
        if not is_range:
            raise SpecError(
                f"domain '{self.name}': low {self.low:g} must be below high {self.high:g}, and both must be finite in"
                " float32."
            )
        if not (math.isfinite(self.offset) and math.isfinite(self.factor) and self.factor > 0):
            raise SpecError(
                f"domain '{self.name}': offset {self.offset:g} must be finite, and factor {self.factor:g} finite and"
                " above 0."
            )
        if self.tolerance is not None and not self.tolerance > 0:
            raise SpecError(f"domain '{self.name}': tolerance is {self.tolerance:g}; it must be above 0.")


Arrays = Any
"""A FloatArray, or a mapping of names to such."""


@dataclass(frozen=True)
class Dataset:
    """Training pairs: inputs of shape (samples, *input shape) and targets of shape (samples, *output shape).

    Of a network with several inputs or outputs, a mapping of their names to arrays; or one array whose columns are
    the values of all of them, in the network's order.
    """

    inputs: Arrays
    targets: Arrays

    def __post_init__(self) -> None:
        for name in ("inputs", "targets"):
            given = getattr(self, name)
            if isinstance(given, Mapping):
                if not given:
                    raise SpecError(f"data: {name} are an empty mapping; give an array for each.")
                given = {key: _checked(array, f"{name}['{key}']") for key, array in given.items()}
            else:
                given = _checked(given, name)
            object.__setattr__(self, name, given)
        counts = {len(array) for array in _arrays(self.inputs)}, {len(array) for array in _arrays(self.targets)}
        if any(len(count) > 1 for count in counts):
            raise SpecError("data: the arrays of a mapping must have the same number of samples.")
        (inputs,), (targets,) = counts
        if inputs != targets:
            raise SpecError(f"data: {inputs} inputs but {targets} targets; each input needs one.")

    def __len__(self) -> int:
        return len(_arrays(self.inputs)[0])

    def inputs_of(self, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[FloatArray, ...]:
        """One array (samples, *shape) for each input of a network; SpecError if they are not these."""
        return _by_tensor(self.inputs, "inputs", names, shapes)

    def targets_of(self, names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[FloatArray, ...]:
        """One array for each output of a network; SpecError if they are not these."""
        return _by_tensor(self.targets, "targets", names, shapes)


def _checked(array: npt.ArrayLike, name: str) -> FloatArray:
    """Read-only float32; SpecError for what is empty or not finite."""
    values = np.asarray(array)
    if not np.issubdtype(values.dtype, np.number):
        raise SpecError(f"data: {name} hold {values.dtype}, not numbers.")
    given = values
    with np.errstate(over="ignore"):  # what is beyond float32 is told below
        values = values.astype(np.float32)
    values.setflags(write=False)
    if values.ndim == 0 or len(values) == 0:
        raise SpecError(f"data: {name} are empty; give at least one sample.")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = ", ".join(map(str, bad[0]))
        raise SpecError(
            f"data: {name}[{where}] is {given[tuple(bad[0])]}; {len(bad):,} of {values.size:,} values are NaN"
            " or beyond float32. Clean the data first."
        )
    return values


def _arrays(given: Arrays) -> list[FloatArray]:
    return list(given.values()) if isinstance(given, Mapping) else [given]


def _by_tensor(
    given: Arrays, what: str, names: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> tuple[FloatArray, ...]:
    if isinstance(given, Mapping):
        if len(given) == len(names) == 1:
            return tuple(given.values())  # Keras makes up the name of an only input
        if set(given) != set(names):
            raise SpecError(
                f"data: {what} are named {', '.join(sorted(given))}, but the network has {', '.join(sorted(names))}."
            )
        return tuple(given[name] for name in names)
    if len(names) == 1:
        return (given,)
    sizes = [math.prod(shape) for shape in shapes]
    rows = given.reshape(len(given), -1)
    if rows.shape[1] != sum(sizes):
        raise SpecError(
            f"data: {what} have {rows.shape[1]} values a sample, but the network's {len(names)} tensors"
            f" ({', '.join(names)}) have {' + '.join(map(str, sizes))}. Give a mapping of their names to arrays."
        )
    parts = np.split(rows, np.cumsum(sizes)[:-1], axis=1)
    return tuple(np.ascontiguousarray(part.reshape(-1, *shape)) for part, shape in zip(parts, shapes, strict=True))


DataFunction = Callable[[np.random.Generator], Dataset]


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What every step after training has to know of a model, wherever it was trained.

    `inputs` names every input value and its range; where the network takes many values of one kind (an image), one
    Domain stands for all of them, and of samples by channels (shape (50, 3)) one for each channel will do. Of a network
    with several inputs each takes one Domain, one for each channel, or one for each of its values, in order. `outputs`
    are names, or Domains where range, unit or tolerance of a value are known. `tolerance` is the largest difference
    between Keras and the int8 model that is accepted, in units of the output; None stands for 5 % of the output's
    range.
    """

    name: str
    summary: str
    inputs: tuple[Domain, ...]
    outputs: tuple[str | Domain, ...]
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
    stride: int = 0
    """Of a time series, whose input is (samples, axes): after how many new samples the device answers again."""
    normal_percent: float | None = None
    """Of an autoencoder, which answers its own inputs: how much of the validation data counts as normal. The error
    that no more than these have is the threshold of its sketch, above which something is an anomaly."""

    def __post_init__(self) -> None:
        check_spec(self, Domain)

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(one.name if isinstance(one, Domain) else one for one in self.outputs)

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
    TensorFlow: Keras is imported inside them.

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
    files: tuple[str | Path, ...] = ()
    """What the data functions read: when one of these files changes, the model is trained again."""

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
        except (Exception, SystemExit) as error:
            raise SpecError(f"model '{self.name}': its {name} function raised {say_where(error)}.") from error
        if not isinstance(data, Dataset):
            raise SpecError(f"model '{self.name}': its {name} function returned {type(data).__name__}, not a Dataset.")
        return data
