"""What the firmware around a model must know of it, as data and as C: the bytes of each port, and whose model it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.edges import Edge, model_edges
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.errors import UnsupportedError

_BATCH_LIMIT = 128
_FRAME_LIMIT_BYTES = 16_000_000
_AVR_FRAME_LIMIT_BYTES = 30_000  # its int has 16 bits


@dataclass(frozen=True)
class ModelInterface:
    """What the firmware around a model must know of it: its .tflite's SHA-256, and the bytes of each port."""

    sha256: str
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    input_types: tuple[DType, ...] = ()
    """If there are other inputs than int8: of each input, as the C takes it."""
    output_types: tuple[DType, ...] = ()
    """If there are other outputs than int8: of each output."""
    prefix: str = "model"
    """What its C is called: PREFIX.h declares PREFIX_invoke()."""

    @classmethod
    def of(cls, graph: Graph, prefix: str = "model") -> ModelInterface:
        """Only who builds firmware needs the `prefix`."""
        inputs, outputs = model_edges(graph)
        return cls(graph.sha256, _sizes(inputs), _sizes(outputs), _types(inputs), _types(outputs), prefix)

    @property
    def input_bytes(self) -> int:
        return sum(self.input_sizes)

    @property
    def output_bytes(self) -> int:
        return sum(self.output_sizes)


def _sizes(edges: Sequence[Edge]) -> tuple[int, ...]:
    return tuple(edge.inner.size_bytes for edge in edges)


def _types(edges: Sequence[Edge]) -> tuple[DType, ...]:
    types = tuple(edge.inner.dtype for edge in edges)
    return types if set(types) - {DType.INT8} else ()


def vectors_in_a_frame(interface: ModelInterface, board: Board) -> int:
    """How many vectors a frame of the wire protocol holds there; UnsupportedError where not even one fits."""
    vector_bytes = interface.input_bytes + interface.output_bytes
    batch = min(_BATCH_LIMIT, max(1, board.batch_bytes // vector_bytes))
    limit = _AVR_FRAME_LIMIT_BYTES if board.compiler_target == "avr" else _FRAME_LIMIT_BYTES
    if batch * max(interface.input_bytes, interface.output_bytes) > limit:
        raise UnsupportedError(
            f"{board.name}: the model's inputs ({interface.input_bytes:,} bytes) or outputs"
            f" ({interface.output_bytes:,}) are more than a frame of the wire protocol holds ({limit:,})."
        )
    return batch


def model_io_header(
    interface: ModelInterface, settings: Mapping[str, int] | None = None, header: str | None = None
) -> str:
    """The text of `model_io.h`: how firmware calls a model whose ports lie behind one another in two buffers.

    `settings` are those of firmware/protocol/protocol.h, for a build that cannot give them to the compiler. `header`
    is the path of what declares the model, PREFIX.h where none is given.
    """
    before, after = _Call("in", "inputs"), _Call("out", "outputs")
    for number, (offset, size, dtype) in enumerate(_ports(interface.input_sizes, interface.input_types)):
        before.add(number, offset, size, dtype)
    for number, (offset, size, dtype) in enumerate(_ports(interface.output_sizes, interface.output_types)):
        after.add(number, offset, size, dtype)
    call = f"(function)({', '.join((*before.arguments, *after.arguments))})"
    parameters = [*(f"const {text}" for text in before.parameters), *after.parameters]
    copies = bool(before.arrays or after.arrays)
    sha256 = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(interface.sha256))
    upper = interface.prefix.upper()
    defines = "".join(f"#define {name} {value}u\n" for name, value in (settings or {}).items())
    if defines:
        defines = f"\n/* What protocol.c is told of this board; protocol.h says what each means. */\n{defines}"
    return f"""\
/* SPDX-License-Identifier: MIT */
/* How the firmware calls the model: its inputs lie behind one another in one buffer, and so do its outputs. */
#ifndef MODEL_IO_H
#define MODEL_IO_H

{_INCLUDES if copies else ""}#include "{header or f"{interface.prefix}.h"}"

#define MODEL_IO_INVOKE {interface.prefix}_invoke
#ifdef {upper}_PROFILE /* what each layer takes is measured */
#define MODEL_IO_LAYERS {upper}_LAYERS
#define MODEL_IO_LAYER_DONE {interface.prefix}_layer_done
#endif
#define MODEL_IO_INPUT_BYTES {interface.input_bytes}
#define MODEL_IO_OUTPUT_BYTES {interface.output_bytes}
#define MODEL_IO_PARAMETERS {", ".join(parameters)}
#define MODEL_IO_CALL(function, inputs, outputs) {_aligned(call, before, after)}

/* Of the .tflite that the model was compiled from. */
#define MODEL_IO_SHA256 {sha256}
{defines}
#endif
"""


_INCLUDES = "#include <stdint.h>\n#include <string.h>\n\n"


class _Call:
    """One side of the call: its parameters and arguments; ports of more than a byte have memory of their own, because
    their place in the buffer is not aligned."""

    def __init__(self, prefix: str, buffer: str) -> None:
        self._prefix, self._buffer = prefix, buffer
        self.parameters: list[str] = []
        self.arguments: list[str] = []
        self.arrays: list[str] = []
        self.copies: list[str] = []

    def add(self, number: int, offset: int, size: int, dtype: DType) -> None:
        name, place = f"{self._prefix}_{number}", f"({self._buffer}) + {offset}"
        self.parameters.append(f"{dtype.c_type} *{name}")
        if dtype is DType.INT8:
            self.arguments.append(place)
            return
        self.arguments.append(name)
        self.arrays.append(f"{dtype.c_type} {name}[{size // dtype.bytes}];")
        pair = (name, place) if self._prefix == "in" else (place, name)
        self.copies.append(f"memcpy({', '.join(pair)}, {size});")


def _aligned(call: str, before: _Call, after: _Call) -> str:
    lines = [*before.arrays, *after.arrays, *before.copies, f"{call};", *after.copies]
    return f"do {{ {' '.join(lines)} }} while (0)" if len(lines) > 1 else call


def _ports(sizes: Sequence[int], types: Sequence[DType]) -> list[tuple[int, int, DType]]:
    """(offset in the buffer, bytes, type) of each port."""
    known = types or (DType.INT8,) * len(sizes)
    return [(sum(sizes[:number]), size, known[number]) for number, size in enumerate(sizes)]
