"""TABLE, which unary_tables makes: several unary operators in a row as one table of their answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.ops._context import INT8_MIN, OpContext
from tinyml_pipeline.compiler.ops._unary import Unary

ANSWERS, OPERATORS = "answers", "operators"
"""Options: the stored answers for -128, -127, ... 127, and the names of what the table stands for."""


@dataclass(frozen=True, eq=False)
class Table(Unary):
    answers: tuple[int, ...]
    operators: tuple[str, ...]

    @property
    def details(self) -> str:
        return " then ".join(self.operators)

    def answer(self, stored: int) -> int:
        return self.answers[stored - INT8_MIN]

    def table(self) -> npt.NDArray[np.int8]:
        return np.array(self.answers, np.int8)


def read(op: OpContext) -> Table:
    return Table(op.activation(0), op.output(), op.option(ANSWERS, ()), op.option(OPERATORS, ()))
