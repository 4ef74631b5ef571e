"""What every other form of a model is compared with: TFLM or, where it has no wheel, the reference interpreter."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from typing import Protocol

from tinyml_pipeline.errors import ToolMissingError, UnsupportedError
from tinyml_pipeline.extras import is_importable, need_extra
from tinyml_pipeline.host.interpreters.batch import Int8Array, ParsedModel
from tinyml_pipeline.host.interpreters.reference_runtime import runtime_name
from tinyml_pipeline.host.interpreters.second_opinion import second_opinion
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter, require_int8_ports

STAND_IN_STEPS = 4
"""By how many output steps the stand-in may differ: so much LiteRT's kernels differ from TFLM's on dense models."""


class OracleInterpreter(Protocol):
    """A model that answers: see TflmInterpreter.invoke."""

    def invoke(self, inputs: Sequence[Int8Array]) -> tuple[Int8Array, ...]: ...


class StandIn:
    """The reference interpreter in a process of its own, because it crashes on some damaged files."""

    def __init__(self, model: ParsedModel) -> None:
        require_int8_ports(model.graph)
        need_extra("reference", f"a proof without TFLM ({why_no_tflm()})")
        self._model = model

    def invoke(self, inputs: Sequence[Int8Array]) -> tuple[Int8Array, ...]:
        said = second_opinion(self._model, inputs)
        if said.outputs is None:
            raise UnsupportedError(said.reason)  # which names the interpreter
        return said.outputs


def has_tflm() -> bool:
    return is_importable("tflite_micro")


def oracle_name() -> str:
    """'TFLM', or the name of its stand-in."""
    return "TFLM" if has_tflm() else runtime_name() or "TFLM"


def find_oracle(model: ParsedModel) -> OracleInterpreter:
    """TFLM with this model, else its stand-in. Raises UnsupportedError if it does not run the model."""
    return TflmInterpreter(model) if has_tflm() else StandIn(model)


def has_wheel() -> bool:
    """Whether there is a wheel of tflite-micro for this computer, as pyproject.toml says."""
    return (sys.platform, platform.machine()) == ("linux", "x86_64")


def why_no_tflm() -> str:
    if has_wheel():
        return "tflite-micro is not installed"
    return f"tflite-micro has no wheel for {sys.platform} on {platform.machine()}"


def not_run() -> str:
    """What it means that TFLM was not run, for a report."""
    way = "install it" if has_wheel() else "run 'tinyml parity' on Linux x86-64"
    return (
        f"TFLM itself was not run here ({why_no_tflm()}), so equality with it, bit for bit, is not proven; {way} for"
        " that proof"
    )


def need_tflm(purpose: str) -> None:
    """Raise ToolMissingError for what makes no sense without TFLM."""
    if not has_tflm():
        way = "Install it: pip install tflite-micro" if has_wheel() else "Run it on Linux x86-64."
        raise ToolMissingError(f"{purpose} needs TFLM: {why_no_tflm()}. {way}")
