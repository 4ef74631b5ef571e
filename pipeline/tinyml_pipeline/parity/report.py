"""All comparisons of one model, and the claim that they support."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from tinyml_pipeline.errors import ParityError
from tinyml_pipeline.parity.compare import Comparison, RealComparison
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.wording import counted


class Row(Protocol):
    """What the report asks of a comparison."""

    @property
    def name(self) -> str: ...
    @property
    def vectors(self) -> int: ...
    @property
    def passed(self) -> bool: ...
    @property
    def summary(self) -> str: ...
    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ArrayCheck:
    """The model array as the C++ compiler sees it against the .tflite, byte for byte."""

    name: str
    expected: bytes
    got: bytes

    @property
    def vectors(self) -> int:
        return 0

    @property
    def passed(self) -> bool:
        return self.expected == self.got

    @property
    def summary(self) -> str:
        if self.passed:
            return f"{len(self.expected):,} bytes, 0 mismatches"
        if len(self.expected) != len(self.got):
            return f"{len(self.got):,} bytes instead of {len(self.expected):,}"
        at = next(i for i, (left, right) in enumerate(zip(self.expected, self.got, strict=True)) if left != right)
        return f"byte {at} is 0x{self.got[at]:02x} instead of 0x{self.expected[at]:02x}"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "bytes",
            "passed": self.passed,
            "bytes": len(self.expected),
            "summary": self.summary,
        }


_RED = ' style="color: #b00020; font-weight: bold"'


def verdict(row: Row) -> str:
    """'pass' or 'FAIL'; rows that inform have a word of their own."""
    return str(getattr(row, "verdict", "pass" if row.passed else "FAIL"))


@dataclass(frozen=True)
class ParityReport:
    """One row per comparison, in the order of the pipeline."""

    model: QuantizedModel
    vectors: int
    exhaustive: bool
    rows: tuple[Row, ...]
    stand_in: str = ""
    """What stood in for TFLM, if that was not run."""
    has_data: bool = True
    """Whether real inputs are among the vectors."""

    @property
    def passed(self) -> bool:
        return all(row.passed for row in self.rows)

    @property
    def verdicts(self) -> tuple[str, ...]:
        """One word per row: 'pass', 'FAIL', or what a row that cannot fail says of itself."""
        return tuple(verdict(row) for row in self.rows)

    @property
    def claim(self) -> str:
        verified = "verified" if not self.stand_in else f"compared with {self.stand_in}, not with TFLM,"
        if self.exhaustive:
            return f"{verified} on every possible input ({self.vectors:,})"
        kinds = "edges, data and seeded random ones" if self.has_data else "edges and seeded random ones"
        return f"{verified} on {counted(self.vectors, 'input')}: {kinds}"

    def failure(self, row: Row) -> str:
        """Why a row failed: what disagrees, by how much, and the input, expected and got in int8 and real units."""
        text = f"{self.model.name}: {row.name}: {row.summary}"
        if isinstance(row, Comparison) and row.first is not None:
            return f"{text}; {row.first.text(self.model.inputs, self.model.outputs)}."
        if isinstance(row, RealComparison):
            text = f"{text}; at input {row.where} Keras gives {row.keras:.6g}, int8 {row.int8:.6g}"
        text = text if text.endswith(".") else f"{text}."
        cause = getattr(row, "cause", "")
        return f"{text} {cause}" if cause and not row.passed else text

    def check(self) -> None:
        """Raise ParityError for the first row that failed."""
        for row in self.rows:
            if not row.passed:
                raise ParityError(self.failure(row))

    def __str__(self) -> str:
        rows = [(row.name, word, row.summary) for row, word in zip(self.rows, self.verdicts, strict=True)]
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        lines = [f"{name:<{first}}  {word:<{second}}  {summary}" for name, word, summary in rows]
        return "\n".join([*lines, f"{self.model.name}: {self.claim if self.passed else 'FAILED'}"])

    __repr__ = __str__
    """What a console shows of it."""

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, with the rows that failed in red."""
        cells = [
            f"<tr{_RED if word == 'FAIL' else ''}>"
            + "".join(f'<td style="text-align: left">{escape(text)}</td>' for text in (row.name, word, row.summary))
            + "</tr>"
            for row, word in zip(self.rows, self.verdicts, strict=True)
        ]
        claim = escape(f"{self.model.name}: {self.claim if self.passed else 'FAILED'}")
        head = "<tr><th>compared</th><th>verdict</th><th>what was found</th></tr>"
        return f"<table>{head}{''.join(cells)}</table><p><b>{claim}</b></p>"

    def to_json(self) -> str:
        return json.dumps(
            {
                "model": self.model.name,
                "sha256": self.model.sha256,
                "passed": self.passed,
                "claim": self.claim if self.passed else None,
                "exhaustive": self.exhaustive,
                "vectors": self.vectors,
                "rows": [row.to_json() for row in self.rows],
            },
            indent=2,
        )
