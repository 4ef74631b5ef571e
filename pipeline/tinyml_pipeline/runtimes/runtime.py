"""The seam where a quantized model becomes source text: every runtime answers the same two calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, Vectors

TargetT = TypeVar("TargetT", contravariant=True)


@dataclass(frozen=True)
class Threshold:
    """The error of an autoencoder above which something is an anomaly, and the share of data below it."""

    error: float
    percent: float


@dataclass(frozen=True)
class Oracle:
    """What the host's TFLM interpreter and the spec say of a model; the firmware states and checks it.

    `golden` are inputs with the outputs that TFLM computes for them (16 by custom); a runtime bakes them in as a
    self-test. `arena_bytes` is the smallest arena in which the host's interpreter ran. `domains` is the range of every
    input value, or one for all of them; empty, the range of the int8 input stands in.
    """

    golden: Vectors
    arena_bytes: int
    domains: tuple[Domain, ...] = ()
    outputs: tuple[str | Domain, ...] = ()
    """The names of the output values, with their units where the spec has them."""
    stride: int = 0
    """Of a time series: how many new samples come between two answers; 0 for any other model."""
    threshold: Threshold | None = None


class Runtime(Protocol[TargetT]):
    """One way of running a model on a microcontroller.

    `TargetT` is what the runtime is written for: a library for `tflm`, a board for `aot`. Both calls are pure: the same
    arguments give the same text, and no file is touched.
    """

    @property
    def name(self) -> str: ...

    def check(self, model: QuantizedModel, target: TargetT) -> None:
        """Raise UnsupportedError where `target` cannot run the model, or would compute it wrongly and silently."""

    def sources(self, model: QuantizedModel, target: TargetT, oracle: Oracle) -> SourceTree:
        """All files of one project, the first folder named after the target; `check` is part of it."""
