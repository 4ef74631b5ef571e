"""Small .tflite models written by hand: any op, scale, zero point and weight, without a converter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.value_scales import METADATA, ValueScale, pack_scales

_NUMPY = {
    "INT8": np.int8,
    "INT32": np.int32,
    "FLOAT32": np.float32,
    "INT16": np.int16,
    "UINT8": np.uint8,
    "INT64": np.int64,
}

# Operators whose options are not named after them.
_OPTIONS = {
    "AVERAGE_POOL_2D": "Pool2D",
    "BATCH_MATMUL": "BatchMatMul",
    "L2_NORMALIZATION": "L2Norm",
    "MAX_POOL_2D": "Pool2D",
    "MEAN": "Reducer",
    "REDUCE_MAX": "Reducer",
    "REDUCE_MIN": "Reducer",
    "SUM": "Reducer",
}


@dataclass
class Writer:
    """Add tensors and operations in the order in which they run, then `build`. Methods return tensor indices."""

    tensors: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    operators: list[Any] = field(default_factory=list)
    codes: list[tuple[str, int]] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] = 0,
        *,
        type: str = "INT8",
        data: npt.ArrayLike | None = None,
        name: str | None = None,
        axis: int = 0,
    ) -> int:
        tensor = schema.TensorT()
        tensor.name = name if name is not None else f"t{len(self.tensors)}"
        tensor.shape = np.array(shape, np.int32)
        tensor.type = getattr(schema.TensorType, type)
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.atleast_1d(np.array(scale, np.float32))
            zero_points = np.broadcast_to(np.array(zero_point, np.int64), tensor.quantization.scale.shape)
            tensor.quantization.zeroPoint = np.array(zero_points)
            tensor.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = _packed(data) if type == "INT4" else _bytes(np.ascontiguousarray(data, _NUMPY[type]))
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operation(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], *, version: int = 1, **options: Any
    ) -> None:
        """`options` are fields of the operator's options class, in the object API's spelling."""
        if (name, version) not in self.codes:
            self.codes.append((name, version))
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index((name, version))
        operator.inputs = np.array(inputs, np.int32)
        operator.outputs = np.array(outputs, np.int32)
        kind = _OPTIONS.get(name, name.title().replace("_", "")) + "Options"
        if hasattr(schema, f"{kind}T"):
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = getattr(schema, f"{kind}T")()
            for key, value in options.items():
                assert hasattr(operator.builtinOptions, key), key
                setattr(operator.builtinOptions, key, value)
        self.operators.append(operator)

    def fully_connected(
        self,
        source: int,
        weights: npt.NDArray[np.int8],
        weight_scale: float | Sequence[float],
        bias: npt.NDArray[np.int32] | None,
        scale: float,
        zero_point: int,
        *,
        activation: str = "NONE",
        shape: Sequence[int] | None = None,
    ) -> int:
        """A dense layer; the bias gets the scale that the format asks for."""
        given = self.tensors[source].quantization.scale[0]
        scales = np.atleast_1d(np.array(weight_scale, np.float32))
        indices = [source, self.tensor(weights.shape, scales, data=weights)]
        if bias is not None:
            indices.append(self.tensor(bias.shape, given * scales, type="INT32", data=bias))
        else:
            indices.append(-1)
        output = self.tensor(shape or (1, len(weights)), scale, zero_point)
        self.operation(
            "FULLY_CONNECTED", indices, [output], version=4, fusedActivationFunction=activation_code(activation)
        )
        return output

    def build(self, inputs: Sequence[int], outputs: Sequence[int], scales: Sequence[ValueScale] = ()) -> bytes:
        """`scales` are those of the values of all inputs, then of all outputs."""
        subgraph = schema.SubGraphT()
        subgraph.tensors, subgraph.operators = self.tensors, self.operators
        subgraph.inputs, subgraph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        subgraph.name = "main"
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers, model.description = 3, [subgraph], self.buffers, "test"
        if scales:
            entry = schema.MetadataT()
            entry.name, entry.buffer = METADATA, len(self.buffers)
            model.metadata = [entry]
            self.buffers.append(schema.BufferT())
            self.buffers[-1].data = np.frombuffer(pack_scales(scales), np.uint8)
        model.operatorCodes = []
        for name, version in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = version
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(values.tobytes(), np.uint8)


def _packed(values: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Two int4 values per byte, the first in the low half."""
    halves = np.array(values, np.int8).ravel().view(np.uint8) & 15
    pairs = np.append(halves, np.zeros(halves.size % 2, np.uint8)).reshape(-1, 2)
    return _bytes(pairs[:, 0] | pairs[:, 1] << 4)


def activation_code(name: str) -> int:
    return int(getattr(schema.ActivationFunctionType, name))
