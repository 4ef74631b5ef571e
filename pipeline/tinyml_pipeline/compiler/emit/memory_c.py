"""The arena of a program as C: one array, and a pointer for each tensor and buffer in it."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_pipeline.compiler.c_text import Emitter, unique
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.emit.memory_h import word_count, word_of
from tinyml_pipeline.compiler.emit.model_h import port_places
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.lowering import Buffer
from tinyml_pipeline.compiler.names import Names
from tinyml_pipeline.compiler.program import Program


def place_macro(macro: str, default: str) -> tuple[str, ...]:
    """Lines that define where something lies, unless the build does."""
    return "", f"#ifndef {macro}", f"#define {macro} {default}".rstrip(), "#endif"


class MemoryText:
    """What tensors and buffers are called in C, and the lines that make them."""

    def __init__(self, program: Program, names: Names, layers: Mapping[int, str], taken: set[str]) -> None:
        self._program = program
        self._names = names
        self._arena = "memory->words" if program.layout.callers else names.arena
        self._types: dict[int, tuple[DType, int]] = {}
        self._pointers: dict[int, str] = {}
        tensors = program.graph.tensors
        read = self._read()
        for number, port in enumerate(program.inputs if program.layout.ports_inside else ()):
            root = program.storages[port.tensor.index].number
            if root in read and root not in self._pointers:
                self._pointers[root] = names.inputs[number]
                self._types[root] = port.tensor.dtype, port.tensor.size
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

    def emit_arena(self, out: Emitter) -> None:
        """The static memory between the layers, if it is the model's, and where its ports lie, if they are inside."""
        plan, layout, names = self._program.plan, self._program.layout, self._names
        if plan.size_bytes and not layout.callers:
            macro = f"{names.prefix.upper()}_ARENA"
            word = word_of(plan)
            for line in place_macro(macro, ""):
                out.emit(line)
            out.emit("/* Tensors and scratch memory; those that are not live at the same time share bytes. */")
            out.emit(f"static {word.c_type} {names.arena}[{word_count(plan)}] {macro};")
        if layout.ports_inside:
            for signature, tensor in port_places(self._program, names):
                offset = plan.offsets[self._program.storages[tensor.index].number]
                out.emit()
                out.emit(signature)
                with out.indent("{"):
                    out.emit(f"return {self._place(tensor.dtype, offset)};")

    def emit_check(self, out: Emitter) -> None:
        """A caller's memory is checked once per inference; what is wrong is not touched."""
        if self._program.layout.callers:
            aligned = f"{self._names.prefix.upper()}_MEMORY_ALIGNMENT"
            with out.indent(f"if (memory == NULL || (uintptr_t)memory % {aligned} != 0) {{"):
                out.emit("return -1;")

    def emit_pointers(self, out: Emitter) -> None:
        offsets = self._program.plan.offsets
        for key in (key for key in offsets if key in self._pointers):
            dtype, count = self._types[key]
            place = self._place(dtype, offsets[key])
            size = f"{count} value{'s' if count > 1 else ''}"
            out.emit(f"{dtype.c_type} *const {self._pointers[key]} = {place}; /* {size} */")
        if self._pointers:
            out.emit()

    def _place(self, dtype: DType, offset: int) -> str:
        word = word_of(self._program.plan)
        if dtype.c_type == word.c_type:
            return f"{self._arena} + {offset // word.bytes}" if offset else self._arena
        bytes_ = self._arena if word is DType.INT8 else f"(int8_t *){self._arena}"
        start = f"{bytes_} + {offset}" if offset else bytes_
        if dtype.c_type == "int8_t":
            return start
        return f"({dtype.c_type} *)(void *)({start})" if offset else f"({dtype.c_type} *)(void *){self._arena}"

    def emit_unused_inputs(self, out: Emitter) -> None:
        for number, name in enumerate(() if self._program.layout.ports_inside else self._names.inputs):
            if number not in self._read("input"):
                out.emit(f"(void){name}; /* no layer reads it */")

    def _read(self, kind: str = "buffer") -> set[int]:
        """The numbers of the storages of this kind that a call is given."""
        program = self._program
        arguments = [argument for step in program.steps for argument in step.lowering.arguments]
        read = {argument.index for argument in arguments if isinstance(argument, Tensor)}
        read |= {index for index, _ in program.copies}
        return {program.storages[index].number for index in read if program.storages[index].kind == kind}

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
