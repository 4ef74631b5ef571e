"""One column of a table: its numbers, or what it is instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars

FloatArray = npt.NDArray[np.float64]
Kind = Literal["number", "text", "date"]
MISSING_TEXTS = ("", "na", "n/a", "nan", "null", "none", "-", "?", "inf", "-inf", "+inf")
_MOST_BAD_SHARE = 0.1
_DATE = (
    r"^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}/\d{1,2}/\d{1,2})"
    r"([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$|^\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?$"
)
_GROUPED = r"^[-+]?[1-9]\d{0,2}\.\d{3}$"


@dataclass(frozen=True, eq=False)
class Column:
    """`numbers` has a value a row, NaN where it is missing or is no number; `texts` what the file says, '' if missing.

    Infinite values count as missing. `odd` is an example of the few texts among numbers, which count as missing.
    `grouped` is one of numbers that all have three digits behind a point, as 1.301 has: in a file of decimal commas
    that point may separate thousands. `has_commas` says whether its decimals have commas.
    """

    name: str
    numbers: FloatArray
    kind: Kind = "number"
    texts: list[str] = field(default_factory=list, repr=False)
    odd: str = ""
    grouped: str = ""
    has_commas: bool = False

    def labels(self) -> list[str]:
        """The value of each row as the name of a class, '' where it is missing: 2.0 and 2 are both '2'."""
        if self.kind != "number":
            return self.texts
        return ["" if np.isnan(value) else f"{value:.12g}" for value in self.numbers.tolist()]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows have no value."""
        if self.kind == "number":
            return np.isnan(self.numbers)
        return np.array([not text for text in self.texts], bool)


def column_of_values(name: str, values: npt.NDArray[np.generic]) -> Column:
    numbers = values.astype(np.float64)
    return Column(name, np.where(np.isfinite(numbers), numbers, np.nan))


def column_of_texts(name: str, series: polars.Series, *, with_commas: bool) -> Column:
    """A column of numbers if nine tenths of its values are; `with_commas` allows decimal commas."""
    import polars

    texts = series.cast(polars.String).str.strip_chars()
    is_missing = texts.str.to_lowercase().is_in(MISSING_TEXTS)
    texts = polars.select(polars.when(is_missing).then(None).otherwise(texts)).to_series()
    given = len(texts) - texts.null_count()
    numbers = as_they_are = _numbers(texts)
    if with_commas and given - _count(numbers) > 0:
        numbers = max(numbers, _numbers(texts.str.replace(",", ".", literal=True)), key=_count)
    points = texts.filter(texts.str.contains(".", literal=True)) if with_commas else texts.clear()
    is_grouped = len(points) > 0 and bool(points.str.contains(_GROUPED).all())
    bad = texts.filter(numbers.is_null() & texts.is_not_null())
    if len(bad) > _MOST_BAD_SHARE * given:
        words = texts.fill_null("").to_list()
        is_date = all(re.match(_DATE, word) for word in words if word)
        return Column(name, np.full(len(words), np.nan), "date" if is_date else "text", words)
    values = numbers.fill_null(float("nan")).to_numpy()
    return Column(
        name,
        np.where(np.isfinite(values), values, np.nan),
        odd=bad[0] if len(bad) else "",
        grouped=str(points[0]) if is_grouped else "",
        has_commas=numbers is not as_they_are,
    )


def _numbers(texts: polars.Series) -> polars.Series:
    import polars

    return texts.cast(polars.Float64, strict=False)


def _count(numbers: polars.Series) -> int:
    return len(numbers) - numbers.null_count()
