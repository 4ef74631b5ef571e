"""What each epoch left, column by column, in the order Keras reports it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class History:
    """Ordered columns ('loss', then the metrics), one value an epoch."""

    columns: dict[str, tuple[float, ...]]

    @classmethod
    def from_epochs(cls, epochs: Iterable[Mapping[str, float]]) -> History:
        rows = list(epochs)
        return cls({name: tuple(row[name] for row in rows) for name in (rows[0] if rows else ())})

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def to_csv(self) -> str:
        """A header, then one line an epoch; floats in full, so that reading them back gives the same values."""
        lines = [",".join(("epoch", *self.columns))]
        for epoch, row in enumerate(zip(*self.columns.values(), strict=True), 1):
            lines.append(",".join((str(epoch), *map(repr, row))))
        return "\n".join(lines) + "\n"
