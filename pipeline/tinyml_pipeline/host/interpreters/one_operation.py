"""One operation of a model, run by TFLM alone: what the compiler asks about operators on constants."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.host.interpreters.native_output import native_stderr


def run_operation(graph: Graph, operation: Operation) -> tuple[npt.NDArray[Any], ...] | None:
    """The outputs of an operation whose inputs are constants; None if TFLM does not run it.

    Shapes have to fit each other: TFLM trusts them. Needs tflite-micro.
    """
    from tflite_micro.python.tflite_micro import runtime

    size_bytes = sum(
        graph.tensors[index].size_bytes for index in (*operation.inputs, *operation.outputs) if index != -1
    )
    with native_stderr():
        try:
            # The largest constant kernels copy into the arena, and TFLM's own structures, which take a few KB.
            interpreter = runtime.Interpreter.from_bytes(_model(graph, operation), arena_size=65536 + 8 * size_bytes)
            interpreter.invoke()
            return tuple(np.array(interpreter.get_output(number)) for number in range(len(operation.outputs)))
        except Exception:
            return None


def _model(graph: Graph, operation: Operation) -> bytes:
    """A .tflite of this operation; its constants lie in the file, as in the model's own."""
    import flatbuffers
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    places: dict[int, int] = {-1: -1}
    subgraph, model = schema.SubGraphT(), schema.ModelT()
    subgraph.tensors, model.buffers = [], [schema.BufferT()]
    for index in (*operation.inputs, *operation.outputs):
        if index not in places:
            places[index] = len(subgraph.tensors)
            subgraph.tensors.append(_tensor(schema, graph.tensors[index], model.buffers))
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    operator.inputs = [places[index] for index in operation.inputs]
    operator.outputs = [places[index] for index in operation.outputs]
    if operation.options_table:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, operation.options_table)
        operator.builtinOptions = _options(schema, operation)
    code.builtinCode = getattr(schema.BuiltinOperator, operation.name)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), operation.version
    subgraph.operators, subgraph.inputs, subgraph.outputs = [operator], [], operator.outputs
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [subgraph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(schema: Any, tensor: Tensor, buffers: list[Any]) -> Any:
    made = schema.TensorT()
    made.name, made.shape, made.type = "", list(tensor.shape), getattr(schema.TensorType, tensor.type)
    if tensor.quantization is not None:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = np.array(tensor.quantization.scales, np.float32)
        made.quantization.zeroPoint = np.array(tensor.quantization.zero_points, np.int64)
        made.quantization.quantizedDimension = tensor.quantization.axis
    if tensor.data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(tensor.data, np.uint8)
        made.buffer = len(buffers)
        buffers.append(buffer)
    return made


def _options(schema: Any, operation: Operation) -> Any:
    """The fields that TFLM's schema knows, in its spelling: `stride_w` is `strideW` there."""
    options = getattr(schema, f"{operation.options_table}T")()
    for name, value in operation.options.items():
        field = re.sub("_([a-z0-9])", lambda match: match[1].upper(), name)
        if name == "fused_activation_function":
            codes = {key.upper(): code for key, code in vars(schema.ActivationFunctionType).items()}
            value = codes[value]
        if hasattr(options, field):
            setattr(options, field, list(value) if isinstance(value, tuple) else value)
    return options
