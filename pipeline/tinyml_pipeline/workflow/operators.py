"""`tinyml operators`: what a .tflite may consist of to be compiled."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.operators import describe_operator, supported_operators


@dataclass(frozen=True)
class OperatorRow:
    """An operator by its name in the schema, and what of it has an exact form."""

    name: str
    supported: str


def list_operators() -> list[OperatorRow]:
    """Sorted by name."""
    return [OperatorRow(name, describe_operator(name)) for name in supported_operators()]
