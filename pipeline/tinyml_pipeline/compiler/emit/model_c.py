"""Program -> the texts of NAME.c and NAME_weights.h: constants, and calls of the kernels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from tinyml_pipeline.compiler.c_arrays import array_lines
from tinyml_pipeline.compiler.c_text import Emitter, comment, float_literal, int_literal, unique
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.emit.kernel_sources import struct_fields
from tinyml_pipeline.compiler.emit.memory_c import MemoryText, place_macro
from tinyml_pipeline.compiler.emit.model_h import banner, prototype, shape_text
from tinyml_pipeline.compiler.emit.shared_kernels import SHARED_HEADER
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.lowering import Argument, Array, At, Buffer, Call, FieldValue, Function, Struct
from tinyml_pipeline.compiler.names import Names, layer_names
from tinyml_pipeline.compiler.program import Program, Step

_NESTED_WIDTH = 90
# Arrays of more elements than this lie in NAME_weights.h, so that NAME.c is read from top to bottom.
_SHORT = 16
_WIDTH = 100


class Source:
    """The texts of NAME.c and of NAME_weights.h, which is empty if no array is long."""

    def __init__(self, program: Program, names: Names, taken: set[str], shared: Mapping[str, str]) -> None:
        """`shared` are the functions that are called under another name, in kernels/shared.c."""
        self._program = program
        self._shared = shared
        self._names = names
        self._out = Emitter()
        self._weights = Emitter()
        self._has_weights = False
        self._placed: set[int] = set()  # layers whose long arrays have a macro
        self._layers = layer_names(program.graph, [step.operation for step in program.steps], taken)
        self._taken = taken
        self._arrays: dict[tuple[DType, bytes], str] = {}  # by the digest of the contents
        self._array_names: dict[tuple[int, str], str] = {}
        self._struct_names: dict[tuple[int, str], str] = {}
        self._memory = MemoryText(program, names, self._layers, taken)
        self._text = self._model()

    @property
    def model_c(self) -> str:
        return self._text

    @property
    def weights_h(self) -> str:
        """Empty if there is nothing for it."""
        return self._weights.text if self._has_weights else ""

    def _start_weights(self) -> None:
        out, guard = self._weights, f"{self._names.prefix.upper()}_WEIGHTS_H"
        banner(out, self._names, "constants of more than a few numbers")
        for line in (f"#ifndef {guard}", f"#define {guard}", "", '#include "kernels/common/port.h"'):
            out.emit(line)

    def _model(self) -> str:
        steps, out, constants = self._program.steps, self._out, Emitter()
        self._out = constants
        for number, step in enumerate(steps):
            self._emit_constants(number, step)
        if self._has_weights:
            self._weights.emit()
            self._weights.emit("#endif")
        self._out = out
        self._emit_head()
        out.paste(constants)
        self._memory.emit_arena(out)
        out.emit()
        out.emit(prototype(self._program, self._names))
        with out.indent("{"):
            self._memory.emit_check(out)
            self._memory.emit_unused_inputs(out)
            self._memory.emit_pointers(out)
            for number, step in enumerate(steps):
                for call in step.lowering.calls:
                    out.emit(self._call(number, call))
                if number == len(steps) - 1:
                    self._emit_copies()
                out.emit(f"{self._names.layer_done}({number});")
            if not steps:
                self._emit_copies()
            if self._program.layout.callers:
                out.emit("return 0;")
        return out.text

    def _emit_copies(self) -> None:
        """Outputs that lie elsewhere than where they are computed; for a profile, part of the last layer."""
        for index, number in self._program.copies:
            size = self._program.outputs[number].tensor.size_bytes
            macro = f"{self._names.prefix}_{self._names.outputs[number]}_SIZE".upper()
            count = macro if self._program.outputs[number].tensor.dtype.bytes == 1 else f"{size}"
            self._out.emit(f"memcpy({self._names.outputs[number]}, {self._memory.address(index)}, {count});")

    def _emit_head(self) -> None:
        out = self._out
        banner(out, self._names, "layer parameters and the inference function")
        out.emit(f'#include "{self._names.prefix}.h"')
        out.emit()
        if self._program.copies:
            out.emit("#include <string.h>")
            out.emit()
        headers = sorted(headers_of(self._program))
        for header in [*headers, SHARED_HEADER] if self._shared else headers:
            out.emit(f'#include "kernels/{header}"')
        if self._arrays:
            for line in place_macro(f"{self._names.prefix.upper()}_CONST", "FLASH"):
                out.emit(line)
        if self._has_weights:
            out.emit(f'#include "{self._names.prefix}_weights.h"')

    def _emit_constants(self, number: int, step: Step) -> None:
        self._out.emit()
        self._out.emit(comment(f"{self._layers[number]}: {self._describe(step)}"))
        for array in step.lowering.arrays:
            self._emit_array(number, array)
        for struct in step.lowering.structs:
            suffix = f"_{struct.suffix}" if struct.suffix else ""
            name = unique(f"{self._names.prefix}_{self._layers[number]}{suffix}", self._taken)
            self._struct_names[number, struct.suffix] = name
            with self._out.indent(f"static const struct {struct.type} {name} FLASH = {{", "};"):
                self._emit_fields(number, struct)

    def _emit_fields(self, number: int, struct: Struct) -> None:
        """Several short fields per line; a struct that is too long for one has lines of its own."""
        waiting: list[str] = []
        for text in self._fields(number, struct):
            value = struct.fields[text[1 : text.index(" ")]]
            if not isinstance(value, Struct) or len(text) <= _NESTED_WIDTH:
                waiting.append(text)
                continue
            for line in _packed(waiting):
                self._out.emit(line)
            waiting = []
            with self._out.indent(text[: text.index("{") + 1], "},"):
                self._emit_fields(number, value)
        for line in _packed(waiting):
            self._out.emit(line)

    def _describe(self, step: Step) -> str:
        """What the layer is, from and to which shapes, its multiplications, its kernel."""
        tensors = self._program.graph.tensors
        given = [tensors[index] for index in step.operation.inputs if index != -1]
        inputs = [tensor for tensor in given if not tensor.is_constant] or given[:1]
        words = [
            f"{step.operation.name} {' and '.join(map(shape_text, inputs))} ->"
            f" {' and '.join(shape_text(tensors[index]) for index in step.operation.outputs)}"
        ]
        if step.op.macs:
            words.append(f"{step.op.macs:,} MAC{'s' if step.op.macs > 1 else ''}")
        if step.lowering.details:
            words.append(step.lowering.details)
        return f"{', '.join(words)}; {step.choice.chosen.kernel.function}"

    def _fields(self, number: int, struct: Struct) -> list[str]:
        """Every field, in the order of the kernel's header; none may be left out."""
        fields = struct_fields(headers_of_step(self._program.steps[number]), struct.type)
        assert sorted(fields) == sorted(struct.fields), f"{struct.type}: {sorted(struct.fields)} given for {fields}"
        return [f".{field} = {self._value(number, struct.fields[field])}" for field in fields]

    def _value(self, number: int, value: FieldValue) -> str:
        if isinstance(value, Array):
            return self._array_names[number, value.suffix]
        if isinstance(value, Struct):
            return f"{{{', '.join(self._fields(number, value))}}}"
        if isinstance(value, tuple):
            return f"{{{', '.join(self._value(number, part) for part in value)}}}"
        return _literal(value)

    def _emit_array(self, number: int, array: Array) -> None:
        """Arrays with the same contents are written once."""
        values = np.ascontiguousarray(array.values, array.dtype.numpy)
        contents = (array.dtype, hashlib.sha256(values.data).digest())
        key = (number, array.suffix)
        if contents in self._arrays:
            self._array_names[key] = self._arrays[contents]
            return
        name = unique(f"{self._names.prefix}_{self._layers[number]}_{array.suffix}", self._taken)
        self._arrays[contents] = self._array_names[key] = name
        out, macro = self._out, f"{self._names.prefix.upper()}_CONST"
        if array.values.size > _SHORT:
            out = self._weights
            if not self._has_weights:
                self._start_weights()
            self._has_weights = True
            macro = self._layer_macro(number, macro)
            out.emit()
        if array.comment:
            out.emit(comment(array.comment))
        declaration = f"static const {array.dtype.c_type} {name}[{array.values.size}] {macro} ="
        lines = _array_lines(array)
        if array.values.size <= _SHORT:
            lines = list(lines)
            if len(lines) == 1 and len(declaration) + len(lines[0]) < 95:
                out.emit(f"{declaration} {{{lines[0]}}};")
                return
        with out.indent(f"{declaration} {{", "};"):
            for line in lines:
                out.emit(line)

    def _layer_macro(self, number: int, whole: str) -> str:
        """Where the long arrays of a layer lie; the first of them defines it as where all of the model's do."""
        macro = f"{self._names.prefix}_{self._layers[number]}_CONST".upper()
        if number not in self._placed:
            self._placed.add(number)
            for line in place_macro(macro, whole):
                self._weights.emit(line)
        return macro

    def _call(self, number: int, call: Call) -> str:
        arguments = ", ".join(self._argument(number, argument) for argument in call.arguments)
        return f"{self._shared.get(call.function, call.function)}({arguments});"

    def _argument(self, number: int, argument: Argument) -> str:
        if isinstance(argument, At):
            base = self._argument(number, argument.base)
            return f"{base} + {argument.offset}" if argument.offset else base
        if isinstance(argument, Struct):
            return f"&{self._struct_names[number, argument.suffix]}"
        if isinstance(argument, Array):
            return self._array_names[number, argument.suffix]
        if isinstance(argument, Buffer):
            return self._memory.buffer(number, argument)
        if isinstance(argument, Tensor):
            return self._memory.address(argument.index)
        if isinstance(argument, Function):
            return argument.name
        return _literal(argument)


def headers_of(program: Program) -> set[str]:
    """The kernels' headers that NAME.c includes, below firmware/kernels."""
    return {header for step in program.steps for header in headers_of_step(step)}


def headers_of_step(step: Step) -> frozenset[str]:
    return frozenset((step.choice.chosen.kernel.header, *step.lowering.headers))


def _literal(value: float | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return float_literal(value) if isinstance(value, float) else int_literal(value)


def _array_lines(array: Array) -> Iterable[str]:
    if array.dtype is DType.FLOAT32:
        return _packed([float_literal(value) for value in array.values.ravel().tolist()])
    return array_lines(array.values.astype(array.dtype.numpy, copy=False), packed=array.dtype is DType.UINT32)


def _packed(words: list[str]) -> list[str]:
    """Several a line, with a comma behind each."""
    lines = [""] if words else []
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 2 > _WIDTH - 4:
            lines.append("")
        lines[-1] += f" {word}," if lines[-1] else f"{word},"
    return lines
