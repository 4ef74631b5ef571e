"""The arena of a program as C: one array, and a pointer for each tensor and buffer in it."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_pipeline.compiler.c_text import Emitter, unique
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.lowering import Buffer
from tinyml_pipeline.compiler.names import Names
from tinyml_pipeline.compiler.program import Program

_WORDS = {1: DType.INT8, 2: DType.INT16, 4: DType.INT32, 8: DType.INT64}


class MemoryText:
    """What tensors and buffers are called in C, and the lines that make them."""

    def __init__(self, program: Program, names: Names, layers: Mapping[int, str], taken: set[str]) -> None:
        self._program = program
        self._names = names
        self._arena = names.arena
        self._types: dict[int, tuple[DType, int]] = {}
        self._pointers: dict[int, str] = {}
        tensors = program.graph.tensors
        for number, step in enumerate(program.steps):
            outputs = step.operation.outputs
            for position, index in enumerate(outputs):
                if index in program.plan.offsets:
                    suffix = "out" if len(outputs) == 1 else f"out_{position}"
                    self._pointers[index] = unique(f"{layers[number]}_{suffix}", taken)
                    self._types[index] = tensors[index].dtype, tensors[index].size
            for buffer in step.lowering.buffers:
                key = program.buffers[number, buffer.suffix]
                self._pointers[key] = unique(f"{layers[number]}_{buffer.suffix}", taken)
                self._types[key] = buffer.dtype, buffer.count

    @property
    def _word(self) -> DType:
        """What the arena is an array of: as wide as its widest alignment."""
        return _WORDS[self._program.plan.alignment]

    def emit_arena(self, out: Emitter) -> None:
        plan = self._program.plan
        if plan.size_bytes:
            out.emit()
            out.emit("/* Tensors and scratch memory; those that are not live at the same time share bytes. */")
            out.emit(f"static {self._word.c_type} {self._arena}[{-(-plan.size_bytes // self._word.bytes)}];")

    def emit_pointers(self, out: Emitter) -> None:
        for key, offset in self._program.plan.offsets.items():
            dtype, count = self._types[key]
            place = self._place(dtype, offset)
            size = f"{count} value{'s' if count > 1 else ''}"
            out.emit(f"{dtype.c_type} *const {self._pointers[key]} = {place}; /* {size} */")
        if self._program.plan.offsets:
            out.emit()

    def _place(self, dtype: DType, offset: int) -> str:
        word = self._word
        if dtype.c_type == word.c_type:
            return f"{self._arena} + {offset // word.bytes}" if offset else self._arena
        bytes_ = self._arena if word is DType.INT8 else f"(int8_t *){self._arena}"
        start = f"{bytes_} + {offset}" if offset else bytes_
        if dtype.c_type == "int8_t":
            return start
        return f"({dtype.c_type} *)(void *)({start})" if offset else f"({dtype.c_type} *)(void *){self._arena}"

    def emit_unused_inputs(self, out: Emitter) -> None:
        program = self._program
        arguments = [argument for step in program.steps for argument in step.lowering.arguments]
        read = {argument.index for argument in arguments if isinstance(argument, Tensor)}
        read |= {index for index, _ in program.copies}
        storages = [program.storages[index] for index in read]
        used = {storage.number for storage in storages if storage.kind == "input"}
        for number, name in enumerate(self._names.inputs):
            if number not in used:
                out.emit(f"(void){name}; /* no layer reads it */")

    def buffer(self, step: int, buffer: Buffer) -> str:
        return self._pointers[self._program.buffers[step, buffer.suffix]]

    def address(self, index: int) -> str:
        """The C expression for where an activation lies."""
        storage = self._program.storages[index]
        if storage.kind == "input":
            return self._names.inputs[storage.number]
        if storage.kind == "output":
            return self._names.outputs[storage.number]
        return self._pointers[storage.number]
