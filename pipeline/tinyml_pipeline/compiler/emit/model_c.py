"""Program -> the text of model.c: constants, and calls of the kernels."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.c_text import Emitter, array_lines, comment, int_literal, unique
from tinyml_pipeline.compiler.emit.kernel_sources import header_of, struct_fields
from tinyml_pipeline.compiler.emit.model_h import banner, prototype
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.names import Names, layer_names
from tinyml_pipeline.compiler.ops._lowering import Argument, Array, Call, Scratch, Struct, Value
from tinyml_pipeline.compiler.program import Program, Step


class Source:
    """The text of model.c."""

    def __init__(self, graph: Graph, program: Program, names: Names, taken: set[str]) -> None:
        self._program = program
        self._names = names
        self._out = Emitter()
        self._layers = layer_names(graph, [step.operation for step in program.steps], taken)
        self._taken = taken
        self._arrays: dict[tuple[str, bytes], str] = {}
        self._array_names: dict[tuple[int, str], str] = {}
        makers = {step.output.index: step for step in program.steps}
        self._buffers: dict[int, str] = {}
        self._sizes = {tensor.index: tensor.size for tensor in graph.tensors}
        for key in program.plan.offsets:
            layer = self._layers[makers[key].operation.index]
            self._buffers[key] = unique(f"{layer}_out", taken)

    def text(self) -> str:
        program, out = self._program, self._out
        steps = program.steps
        banner(out, self._names, "constants, and calls of the kernels")
        out.emit(f'#include "{self._names.prefix}.h"')
        out.emit()
        if program.copies:
            out.emit("#include <string.h>")
            out.emit()
        for kernel in sorted({step.lowered.kernel for step in steps}):
            out.emit(f'#include "kernels/{header_of(kernel)}"')
        for step in steps:
            self._emit_constants(step)
        self._emit_memory()
        out.emit()
        out.emit(prototype(self._names))
        with out.indent("{"):
            self._emit_unused_inputs()
            self._emit_buffers()
            for step in steps:
                for call in step.lowered.calls:
                    out.emit(self._call(step, call))
            for index, number in program.copies:
                size = f"{self._names.prefix}_{self._names.outputs[number]}_SIZE".upper()
                out.emit(f"memcpy({self._names.outputs[number]}, {self._address(Value(index))}, {size});")
        return out.text

    def _emit_constants(self, step: Step) -> None:
        layer, out = self._layers[step.operation.index], self._out
        out.emit()
        out.emit(comment(f"{layer}: {step.lowered.summary}"))
        for array in step.lowered.arrays:
            self._emit_array(step, array)
        for argument in _arguments(step):
            if isinstance(argument, Struct):
                with out.indent(f"static const struct {argument.type} {layer} FLASH = {{", "};"):
                    for field, value in _in_order(step.lowered.kernel, argument):
                        text = (
                            self._array_names[step.operation.index, value]
                            if isinstance(value, str)
                            else int_literal(value)
                        )
                        out.emit(f".{field} = {text},")

    def _emit_array(self, step: Step, array: Array) -> None:
        """Arrays with the same contents are written once."""
        contents = (array.type, array.values.astype(np.int64).tobytes())
        key = (step.operation.index, array.suffix)
        if contents in self._arrays:
            self._array_names[key] = self._arrays[contents]
            return
        name = unique(f"{self._layers[step.operation.index]}_{array.suffix}", self._taken)
        self._arrays[contents] = self._array_names[key] = name
        if array.comment:
            self._out.emit(comment(array.comment))
        declaration = f"static const {array.type} {name}[{array.values.size}] FLASH ="
        lines = array_lines(array.values, packed=array.type == "uint32_t")
        if len(lines) == 1 and len(declaration) + len(lines[0]) < 95:
            self._out.emit(f"{declaration} {{{lines[0]}}};")
            return
        with self._out.indent(f"{declaration} {{", "};"):
            for line in lines:
                self._out.emit(line)

    def _emit_memory(self) -> None:
        program = self._program
        if program.plan.size_bytes:
            self._out.emit()
            self._out.emit("/* Values between layers; those that are not needed at the same time share their bytes. */")
            self._out.emit(f"static int8_t activations[{program.plan.size_bytes}];")
        if program.scratch_words:
            self._out.emit()
            self._out.emit("/* What a kernel needs during its call. */")
            self._out.emit(f"static int32_t scratch[{program.scratch_words}];")

    def _emit_unused_inputs(self) -> None:
        values = [argument for step in self._program.steps for argument in _arguments(step)]
        read = {value.index for value in values if isinstance(value, Value)} | {
            copy[0] for copy in self._program.copies
        }
        places = [self._program.places[index] for index in read]
        used = {place.number for place in places if place.kind == "input"}
        for number, name in enumerate(self._names.inputs):
            if number not in used:
                self._out.emit(f"(void){name}; /* no layer reads it */")

    def _emit_buffers(self) -> None:
        for key, offset in self._program.plan.offsets.items():
            place = f"activations + {offset}" if offset else "activations"
            size = self._sizes[key]
            self._out.emit(f"int8_t *const {self._buffers[key]} = {place}; /* {size} value{'s' if size > 1 else ''} */")
        if self._program.plan.offsets:
            self._out.emit()

    def _call(self, step: Step, call: Call) -> str:
        arguments = ", ".join(self._argument(step, argument) for argument in call.arguments)
        return f"{call.function}({arguments});"

    def _argument(self, step: Step, argument: Argument) -> str:
        if isinstance(argument, Struct):
            return f"&{self._layers[step.operation.index]}"
        if isinstance(argument, Array):
            return self._array_names[step.operation.index, argument.suffix]
        if isinstance(argument, Value):
            return self._address(argument)
        if isinstance(argument, Scratch):
            return "scratch"
        return int_literal(argument)

    def _address(self, value: Value) -> str:
        place = self._program.places[value.index]
        if place.kind == "input":
            base = self._names.inputs[place.number]
        elif place.kind == "output":
            base = self._names.outputs[place.number]
        else:
            base = self._buffers[place.number]
        return f"{base} + {value.offset}" if value.offset else base


def _in_order(kernel: str, struct: Struct) -> list[tuple[str, int | str]]:
    """Every field with its value, in the order of the kernel's header; none may be left out."""
    fields = struct_fields([header_of(kernel)], struct.type)
    assert sorted(fields) == sorted(struct.fields), f"{struct.type}: {sorted(struct.fields)} given for {fields}"
    return [(field, struct.fields[field]) for field in fields]


def _arguments(step: Step) -> list[Argument]:
    return [argument for call in step.lowered.calls for argument in call.arguments]
