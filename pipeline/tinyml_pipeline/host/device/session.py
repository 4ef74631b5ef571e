"""A conversation with a device over the wire protocol: greet it, and let it run the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import protocol
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.exchange import Exchange
from tinyml_pipeline.host.device.protocol import COUNTS_BYTES, Greeting, Type, Unit
from tinyml_pipeline.model_io import ModelInterface

_MOST_PORT_BYTES = 16_000_000  # what no microcontroller of today holds
_SLOWEST_HZ, _FASTEST_HZ = 1_000, 2_000_000_000
_MOST_STACK_BYTES = 16_384  # firmware/protocol/measure.h

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Invocations:
    """`outputs` of shape (vectors, output bytes); the least and the most that one vector took, in `unit`."""

    outputs: Int8Array
    fewest: int
    most: int
    unit: Unit
    resent: int
    """Frames that had to be sent again."""


class Session:
    """Speaks with an open device.

    `timeout_s` without a right answer ends it with DeviceError, and so do `attempts` at one frame. `resend_after_s`
    is how long the device may be silent before a request is sent again: more than the model takes for one frame; by
    default what is usual for the device.
    """

    def __init__(
        self, device: Device, *, timeout_s: float = 20.0, resend_after_s: float | None = None, attempts: int = 50
    ) -> None:
        self._device = device
        self._exchange = Exchange(device, timeout_s, resend_after_s or device.resend_after_s, attempts)
        self._greeting: Greeting | None = None

    def greet(self, expected: ModelInterface | str | None = None) -> Greeting:
        """What the device says of itself.

        Raises DeviceError where it does not answer, speaks another version of the protocol, says what cannot be, or
        runs another model than `expected`: one with this interface, or just with this SHA-256 of its .tflite.
        """
        name = self._device.name
        [(_, payload)] = self._exchange.run(Type.GREET, [b""])
        if payload and payload[0] != protocol.VERSION:
            raise DeviceError(
                f"{name} speaks version {payload[0]} of the protocol, this program version {protocol.VERSION};"
                " build and flash its firmware again."
            )
        greeting = protocol.parse_greeting(payload)
        if greeting is None:
            raise DeviceError(f"{name} greets with only {len(payload)} bytes; build and flash its firmware again.")
        sha256 = expected.sha256 if isinstance(expected, ModelInterface) else expected
        if sha256 is not None and greeting.sha256 != sha256:
            raise DeviceError(
                f"{name} runs another model: the SHA-256 of its .tflite begins with {greeting.sha256[:12]}, not with"
                f" {sha256[:12]}; build and flash again."
            )
        problem = _problem(greeting, expected if isinstance(expected, ModelInterface) else None)
        if problem is not None:
            raise DeviceError(f"{name} greets with {problem}; build and flash its firmware again.")
        self._device.note(f"{greeting}")
        self._greeting = greeting
        return greeting

    def invoke_many(
        self, inputs: Int8Array, progress: Callable[[int, int], None] | None = None, batch: int | None = None
    ) -> Invocations:
        """Run every vector of `inputs`, of shape (vectors, input bytes); several inputs lie behind one another.

        `progress` is told how many of how many are done. At most `batch` vectors go into a frame; by default as many
        as the device takes. Raises DeviceError; what it returns has passed every check.
        """
        greeting = self._greeting or self.greet()
        if inputs.dtype != np.int8 or inputs.ndim != 2 or inputs.shape[1] != greeting.input_bytes:
            raise DeviceError(
                f"{self._device.name} takes vectors of {greeting.input_bytes} int8 values, not {inputs.dtype} of shape"
                f" {inputs.shape}."
            )
        step = max(1, min(batch or greeting.batch, greeting.batch))
        total, width = len(inputs), greeting.output_bytes
        payloads = [inputs[start : start + step].tobytes() for start in range(0, total, step)]
        outputs = np.zeros((total, width), np.int8)
        counts: list[tuple[int, int]] = []
        done, resent_before, unit = 0, self._exchange.resent, Unit(greeting.unit)

        def answer_bytes(number: int) -> int:
            return min(step, total - number * step) * width + COUNTS_BYTES

        for number, payload in self._exchange.run(Type.INVOKE, payloads, answer_bytes, greeting.line_buffer):
            vectors = (len(payload) - COUNTS_BYTES) // width
            values = np.frombuffer(payload, np.int8, vectors * width)
            outputs[number * step : number * step + vectors] = values.reshape(vectors, width)
            fewest, most = protocol.parse_counts(payload)
            if fewest > most:
                raise DeviceError(
                    f"{self._device.name} says that one inference took from {fewest:,} to {most:,} {unit.name.lower()};"
                    " build and flash its firmware again."
                )
            counts.append((fewest, most))
            done += vectors
            if progress is not None:
                progress(done, total)
        fewest = min((count[0] for count in counts), default=0)
        most = max((count[1] for count in counts), default=0)
        resent = self._exchange.resent - resent_before
        self._device.note(f"{total} vectors, {fewest} to {most} {unit.name.lower()}, {resent} frames resent")
        return Invocations(outputs, fewest, most, unit, resent)

    def stack_bytes(self, vector: Int8Array) -> int:
        """The stack that the model uses below its caller for one vector of shape (input bytes,)."""
        [(_, payload)] = self._exchange.run(Type.STACK, [vector.tobytes()], lambda _: 4)
        size = int.from_bytes(payload, "little")
        if size > _MOST_STACK_BYTES:
            raise DeviceError(
                f"{self._device.name} says that the model used {size:,} bytes of stack; it can only measure"
                f" {_MOST_STACK_BYTES:,}. Build and flash its firmware again."
            )
        return size

    def layer_counts(self, vector: Int8Array, layers: int) -> tuple[int, ...]:
        """What each of the model's `layers` took for one vector of shape (input bytes,), in the greeting's unit.

        Raises DeviceError also where the firmware was built without NAME_PROFILE.
        """
        [(_, payload)] = self._exchange.run(Type.LAYERS, [vector.tobytes()], lambda _: 4 * layers)
        return tuple(np.frombuffer(payload, "<u4").tolist())


def _problem(greeting: Greeting, expected: ModelInterface | None) -> str | None:
    """What a greeting says that cannot be, of this model or of any; None where all is well."""
    sizes = greeting.input_bytes, greeting.output_bytes
    if greeting.unit not in set(Unit):
        return f"counts in unit {greeting.unit}, which is none"
    if greeting.clock_hz and greeting.unit != Unit.CYCLES:
        return f"a clock of {greeting.clock_hz:,} Hz, but does not count cycles"
    if greeting.clock_hz and not _SLOWEST_HZ <= greeting.clock_hz <= _FASTEST_HZ:
        return f"a clock of {greeting.clock_hz:,} Hz, which no microcontroller has"
    if not 1 <= min(sizes) <= max(sizes) <= _MOST_PORT_BYTES:
        return f"inputs of {sizes[0]:,} and outputs of {sizes[1]:,} bytes"
    if expected is not None and sizes != (expected.input_bytes, expected.output_bytes):
        return (
            f"inputs of {sizes[0]:,} and outputs of {sizes[1]:,} bytes, where the model has"
            f" {expected.input_bytes:,} and {expected.output_bytes:,}"
        )
    if not 1 <= greeting.batch * max(sizes) <= _MOST_PORT_BYTES:
        return f"frames of {greeting.batch:,} vectors of {sizes[0]:,} and {sizes[1]:,} bytes"
    return None
