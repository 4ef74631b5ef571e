"""What the generated C is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Target:
    """A kind of processor, and whether fewer bytes or fewer cycles matter more.

    `portable` is any C99 compiler; `arm_dsp` a Cortex-M with the DSP extension; `avr` an 8-bit AVR; `rv32` a 32-bit
    RISC-V. Every target's C gives the same output bytes.
    """

    name: Literal["portable", "arm_dsp", "avr", "rv32"] = "portable"
    optimize: Literal["size", "speed"] = "size"

    @property
    def alignment(self) -> int:
        """Of activations, in bytes: kernels that load four values a word need 4."""
        return 4 if self.name == "arm_dsp" else 1

    @property
    def reach_bytes(self) -> int:
        """The most that one array, or all constants together, may hold: pointers of AVR have 16 bits."""
        return 2**15 - 1 if self.name == "avr" else 2**31 - 1
