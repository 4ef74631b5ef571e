"""Which samples train, which stop the training, which judge: three fifths, one fifth and one fifth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.wording import counted

Indices = npt.NDArray[np.intp]
LEAST_UNITS = 3


def split(
    units: Sequence[str] | None, labels: Sequence[str], random: np.random.Generator, where: str, unit: str
) -> tuple[Indices, Indices, Indices]:
    """Indices of the samples of each part, shuffled. `labels` are the samples' classes, all alike of a regression.

    Samples of one of `units` (a recording; None: each sample is its own) stay together, and each class is split for
    itself. Raises UsageError, which calls a sample or recording by `unit`, for a class that cannot be in all parts.
    """
    own = np.arange(len(labels)) if units is None else np.unique(np.array(units), return_inverse=True)[1].reshape(-1)
    classes, numbered = np.unique(np.array(labels), return_inverse=True)
    counts = np.zeros((own.max() + 1, len(classes)), int)
    np.add.at(counts, (own, numbered.reshape(-1)), 1)
    class_of_unit = counts.argmax(axis=1)  # of a recording that holds several, the most frequent
    part_of_unit = np.zeros(len(counts), int)
    for index, name in enumerate(classes):
        members = random.permutation(np.flatnonzero(class_of_unit == index))
        if 0 < len(members) < LEAST_UNITS:
            what = f"class '{visible(str(name))}'" if len(classes) > 1 else "the data"
            raise UsageError(
                f"{where}: {what} has {counted(len(members), unit)} without missing values; at least {LEAST_UNITS} are"
                " needed, one each to train, to stop the training and to judge."
            )
        fifth = max(1, round(len(members) / 5))
        part_of_unit[members[:fifth]] = 2
        part_of_unit[members[fifth : 2 * fifth]] = 1
    part = part_of_unit[own]
    for index, name in enumerate(classes):
        if not np.any((part == 0) & (numbered.reshape(-1) == index)):
            raise UsageError(
                f"{where}: class '{visible(str(name))}' is not in the training part: every {unit} that holds it holds"
                " more of another class."
            )
    training, validation, test = (random.permutation(np.flatnonzero(part == number)) for number in range(3))
    return training, validation, test
