"""A float .tflite in the schema's object form, with what a pass that changes weights has to ask and to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler import tflite_schema

Array = npt.NDArray[Any]
_NUMPY: dict[str, Any] = {"FLOAT32": np.dtype("<f4"), "INT32": np.dtype("<i4"), "INT64": np.dtype("<i8")}


def _names(enum: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


_TYPES, _OPERATORS = _names(tflite_schema.TensorType), _names(tflite_schema.BuiltinOperator)
_ACTIVATIONS = _names(tflite_schema.ActivationFunctionType)


class FloatGraph:
    """`model` is a ModelT of one subgraph, which is changed in place."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._graph = model.subgraphs[0]
        self.operators: list[Any] = list(self._graph.operators)
        self.inputs = [int(index) for index in self._graph.inputs]
        self.outputs = [int(index) for index in self._graph.outputs]

    def name(self, operator: Any) -> str:
        code = self._model.operatorCodes[operator.opcodeIndex]
        return _OPERATORS.get(max(code.builtinCode, code.deprecatedBuiltinCode), "an unknown operator")

    def label(self, index: int) -> str:
        """A tensor's name for a person."""
        name = self._graph.tensors[index].name
        return (name.decode(errors="replace") if isinstance(name, bytes) else str(name)).split(";")[0]

    def activation(self, operator: Any) -> str:
        """NONE, RELU and others; NONE of an operator that has no such option."""
        code = int(getattr(operator.builtinOptions, "fusedActivationFunction", 0))
        return _ACTIVATIONS.get(code, "?").upper()

    def shape(self, index: int) -> tuple[int, ...]:
        shape = self._graph.tensors[index].shape
        return () if shape is None else tuple(int(size) for size in shape)

    def constant(self, index: int) -> Array | None:
        """A copy of a constant's values; None for an activation, a missing input (-1) or an unusual type."""
        if index < 0:
            return None
        tensor = self._graph.tensors[index]
        data = self._model.buffers[tensor.buffer].data
        dtype = _NUMPY.get(_TYPES.get(tensor.type, ""))
        if data is None or len(data) == 0 or dtype is None:
            return None
        values: Array = np.frombuffer(np.asarray(data, np.uint8).tobytes(), dtype).reshape(self.shape(index))
        return values.copy()

    def users(self, index: int) -> list[Any]:
        return [operator for operator in self.operators if index in operator.inputs]

    def readings(self, index: int) -> int:
        """How often a tensor is read: by operators, and as an output of the model."""
        inside = sum(list(operator.inputs).count(index) for operator in self.operators)
        return inside + self.outputs.count(index)

    def maker(self, index: int) -> Any | None:
        return next((operator for operator in self.operators if index in operator.outputs), None)

    def set_constant(self, operator: Any, position: int, values: Array) -> None:
        """Give an operator's input new float32 values; another reader of the old ones keeps them."""
        old = int(operator.inputs[position]) if position < len(operator.inputs) else -1
        tensor_type = type(self._graph.tensors[0])
        tensor = tensor_type()
        tensor.name = self._graph.tensors[old].name if old >= 0 else b"bias"
        tensor.type, tensor.shape = tflite_schema.TensorType.FLOAT32, np.array(values.shape, np.int32)
        buffer = type(self._model.buffers[0])()
        buffer.data = np.frombuffer(np.ascontiguousarray(values, "<f4").tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        tensor.buffer = len(self._model.buffers) - 1
        self._graph.tensors.append(tensor)
        inputs = [int(index) for index in operator.inputs] + [-1] * (position + 1 - len(operator.inputs))
        inputs[position] = len(self._graph.tensors) - 1
        operator.inputs = np.array(inputs, np.int32)

    def bypass(self, operator: Any, position: int) -> None:
        """Take an operator out: its readers read its input at `position`; or, of one whose output the model gives, the
        maker of that input writes it."""
        (output,), source = (int(index) for index in operator.outputs), int(operator.inputs[position])
        self.operators.remove(operator)
        if output in self.outputs:
            maker = self.maker(source)
            assert maker is not None, "an operator is left before the output"
            maker.outputs = np.where(np.asarray(maker.outputs) == source, output, maker.outputs)
            return
        for user in self.users(output):
            user.inputs = np.where(np.asarray(user.inputs) == output, source, user.inputs)

    def finish(self) -> Any:
        """The changed model, without the tensors and operator codes that nothing uses any more."""
        self._graph.operators = self.operators
        used = {index for operator in self.operators for index in (*operator.inputs, *operator.outputs)} - {-1}
        tensors = sorted({*map(int, used), *self.inputs, *self.outputs})
        places = {old: new for new, old in enumerate(tensors)} | {-1: -1}
        self._graph.tensors = [self._graph.tensors[index] for index in tensors]
        for owner in (*self.operators, self._graph):
            owner.inputs, owner.outputs = (
                np.array([places[int(index)] for index in ports], np.int32) for ports in (owner.inputs, owner.outputs)
            )
        for signature in self._model.signatureDefs or []:
            for entry in (*signature.inputs, *signature.outputs):
                entry.tensorIndex = places[entry.tensorIndex]
        codes = sorted({operator.opcodeIndex for operator in self.operators})
        self._model.operatorCodes = [self._model.operatorCodes[code] for code in codes]
        for operator in self.operators:
            operator.opcodeIndex = codes.index(operator.opcodeIndex)
        return self._model


def pairs(operator: Any) -> Iterator[tuple[int, int]]:
    """(position, tensor) of the inputs that are there."""
    return ((position, int(index)) for position, index in enumerate(operator.inputs) if index >= 0)
