"""What one inference costs on a machine: flash, RAM, stack, and instructions or cycles."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.boards.board import Counter
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage
from tinyml_pipeline.host.device.protocol import Unit
from tinyml_pipeline.host.device.session import Int8Array, Session

_COUNTERS: dict[Unit, Counter] = {
    Unit.NOTHING: "nothing",
    Unit.INSTRUCTIONS: "instructions",
    Unit.CYCLES: "cycles",
}


@dataclass(frozen=True)
class Measurement:
    """`fewest` and `most` are counts of one inference, over the vectors tried; `unit` says of what.

    Flash and RAM are those of the bench firmware: start-up code, model and one call. The stack comes on top of the RAM.
    """

    board: str
    flash_bytes: int
    code_bytes: int
    ram_bytes: int
    stack_bytes: int
    fewest: int
    most: int
    unit: Counter


def measure(bench: FirmwareImage, session: Session, inputs: Int8Array) -> Measurement:
    """Run `inputs`, of shape (vectors, input bytes), on the verify firmware that `session` speaks with.

    Raises DeviceError as a session does, and for a unit in which no emulated board counts.
    """
    ran = session.invoke_many(inputs)
    unit = _COUNTERS.get(ran.unit)
    if unit is None:
        raise DeviceError(
            f"{bench.board} counts {ran.unit.name.lower()}, not cycles or instructions; build its firmware again."
        )
    return Measurement(
        board=bench.board,
        flash_bytes=bench.flash_bytes,
        code_bytes=bench.code_bytes,
        ram_bytes=bench.ram_bytes,
        stack_bytes=max(session.stack_bytes(vector) for vector in inputs[:4]),
        fewest=ran.fewest,
        most=ran.most,
        unit=unit,
    )
