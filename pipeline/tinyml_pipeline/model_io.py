"""What the firmware around a model must know of it, as data and as C: the bytes of each port, and whose model it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.errors import UnsupportedError

_BATCH_LIMIT = 128
_FRAME_LIMIT_BYTES = 16_000_000
_AVR_FRAME_LIMIT_BYTES = 30_000  # its int has 16 bits


@dataclass(frozen=True)
class ModelInterface:
    """What the firmware around a model must know of it: its .tflite's SHA-256 and the bytes of each port."""

    sha256: str
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    output_types: tuple[DType, ...] = ()
    """If there are other outputs than int8: of each output."""

    @classmethod
    def of(cls, graph: Graph) -> ModelInterface:
        inputs = tuple(graph.tensors[index].size for index in graph.inputs)
        wide = {index: graph.tensors[index].dtype for index in graph.outputs if graph.tensors[index].type == "INT32"}
        types = tuple(wide.get(index, DType.INT8) for index in graph.outputs)
        outputs = tuple(
            graph.tensors[index].size * dtype.bytes for index, dtype in zip(graph.outputs, types, strict=True)
        )
        return cls(graph.sha256, inputs, outputs, types if wide else ())

    @property
    def input_bytes(self) -> int:
        return sum(self.input_sizes)

    @property
    def output_bytes(self) -> int:
        return sum(self.output_sizes)


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


def model_io_header(interface: ModelInterface, settings: Mapping[str, int] | None = None) -> str:
    """The text of `model_io.h`: how firmware calls a model whose ports lie behind one another in two buffers.

    `settings` are those of firmware/protocol/protocol.h, for a build that cannot give them to the compiler.
    """
    parameters, arguments, copies = [], [], []
    for number, offset in enumerate(_offsets(interface.input_sizes)):
        parameters.append(f"const int8_t *in_{number}")
        arguments.append(f"(inputs) + {offset}")
    types = interface.output_types or (DType.INT8,) * len(interface.output_sizes)
    for number, (offset, dtype) in enumerate(zip(_offsets(interface.output_sizes), types, strict=True)):
        parameters.append(f"{dtype.c_type} *out_{number}")
        if dtype.bytes == 1:
            arguments.append(f"(outputs) + {offset}")
        else:
            arguments.append(f"out_{number}")
            copies.append((number, offset, dtype, interface.output_sizes[number]))
    call = f"(function)({', '.join(arguments)})"
    sha256 = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(interface.sha256))
    defines = "".join(f"#define {name} {value}u\n" for name, value in (settings or {}).items())
    if defines:
        defines = f"\n/* What protocol.c is told of this board; protocol.h says what each means. */\n{defines}"
    return f"""\
/* How the firmware calls the model: its inputs lie behind one another in one buffer, and so do its outputs. */
#ifndef MODEL_IO_H
#define MODEL_IO_H
{"" if not copies else _INCLUDES}
#define MODEL_IO_INPUT_BYTES {interface.input_bytes}
#define MODEL_IO_OUTPUT_BYTES {interface.output_bytes}
#define MODEL_IO_PARAMETERS {", ".join(parameters)}
#define MODEL_IO_CALL(function, inputs, outputs) {_aligned(call, copies)}

/* Of the .tflite that the model was compiled from. */
#define MODEL_IO_SHA256 {sha256}
{defines}
#endif
"""


_INCLUDES = "\n#include <stdint.h>\n#include <string.h>\n"


def _aligned(call: str, copies: Sequence[tuple[int, int, DType, int]]) -> str:
    """The call with memory of its own for outputs of more than a byte: their place in the buffer is not aligned."""
    if not copies:
        return call
    before = " ".join(f"{dtype.c_type} out_{n}[{size // dtype.bytes}];" for n, _, dtype, size in copies)
    after = " ".join(f"memcpy((outputs) + {offset}, out_{n}, {size});" for n, offset, _, size in copies)
    return f"do {{ {before} {call}; {after} }} while (0)"


def _offsets(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[:number]) for number in range(len(sizes))]
