"""Whose memory a model's C uses, and where its inputs and outputs lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MemoryOwner = Literal["static", "caller"]
PortPlace = Literal["pointers", "arena"]


@dataclass(frozen=True)
class Layout:
    """`memory` between the layers: a static array of the model, or given by the caller at each call, which makes the
    inference reentrant.

    `ports` are pointers to the caller's inputs and outputs, or places inside that memory, which save a copy.
    """

    memory: MemoryOwner = "static"
    ports: PortPlace = "pointers"

    @property
    def callers(self) -> bool:
        return self.memory == "caller"

    @property
    def ports_inside(self) -> bool:
        return self.ports == "arena"


STATIC = Layout()
