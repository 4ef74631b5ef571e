"""Changes that make a sound .tflite contradict itself, each within the format: what tests.fuzz_shapes draws from."""

from __future__ import annotations

import math
import re
from copy import copy
from typing import Any

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.graph import TYPE_BITS
from tinyml_pipeline.compiler.operators import supported_operators

from tests.tflite_writer import Writer

_MOST_VALUES = 4096
_SIZES = (0, 1, 1, 2, 3, 4, 5, 8)
_TYPES = ("INT8", "INT8", "INT16", "UINT8", "INT32", "FLOAT32", "INT4", "BOOL", "INT64")
_SCALES = (0.0, 1e-45, 1e-30, 1e-9, 1e-4, 0.004, 1 / 256, 1 / 128, 0.1, 1.0, 7.5, 1e6, 1e30)
_ZERO_POINTS = (-129, -128, -1, 0, 1, 127, 128, 255, 2**20)
_NUMBERS = (-5, -2, -1, 0, 1, 2, 3, 4, 8, 127)
_LARGE = (2**15 - 1, 2**15, 2**16 + 1, 2**20, 2**31 - 1, -(2**31))
_INT32_OPTIONS = re.compile("stride|dilation|filter|axis|Multiplier|blockSize|num|count|Mask")


def any_tensors(name: str, rng: np.random.Generator) -> bytes:
    """One operator on tensors that may or may not suit it."""
    writer = Writer()
    shape = [int(size) for size in rng.choice([1, 2, 3, 4], int(rng.integers(1, 5)))]
    inputs = []
    for position in range(int(rng.integers(1, 4))):
        data = rng.integers(-128, 128, shape) if position and rng.random() < 0.4 else None
        inputs.append(writer.tensor(shape, float(rng.choice([0.05, 0.1])), int(rng.choice([0, -128, 5])), data=data))
    output = writer.tensor(shape, float(rng.choice([0.1, 1 / 256, 1 / 128])), int(rng.choice([0, -128, 5])))
    writer.operation(name, inputs, [output])
    given = [index for index in inputs if writer.tensors[index].buffer == 0]
    return writer.build(given, [output])


def contradicted(tflite: bytes, rng: np.random.Generator) -> bytes:
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    for _ in range(int(rng.choice([0, 1, 1, 1, 2, 3]))):
        changes = (change_shape, change_shape, change_type, change_scale, change_zero_point, change_axis,
                   change_option, change_option, change_inputs, change_constant, change_index, change_options_table,
                   change_operator, change_outputs, change_rank, change_ports, change_plan, change_extras,
                   compute_a_constant)  # fmt: skip
        changes[int(rng.integers(len(changes)))](model, rng)
    for tensor in model.subgraphs[0].tensors:
        fit_bytes(model, tensor, rng)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def a_tensor(model: schema.ModelT, rng: np.random.Generator) -> schema.TensorT:
    tensors = model.subgraphs[0].tensors
    return tensors[int(rng.integers(len(tensors)))]


def change_shape(model: schema.ModelT, rng: np.random.Generator) -> None:
    tensor = a_tensor(model, rng)
    shape = [int(size) for size in (tensor.shape if tensor.shape is not None else [])]
    match int(rng.integers(6)):
        case 0 if shape:
            shape[int(rng.integers(len(shape)))] = int(rng.choice(_SIZES))
        case 1:
            shape.insert(int(rng.integers(len(shape) + 1)), int(rng.choice([1, 1, 2])))
        case 2 if shape:
            del shape[int(rng.integers(len(shape)))]
        case 3:
            shape = [int(size) for size in rng.permutation(shape)]
        case 4 if shape:
            shape = [1, math.prod(shape)]
        case 5 if len(shape) > 1:
            shape = [*shape[:-2], shape[-2] * shape[-1]]
    if math.prod(shape) <= _MOST_VALUES and len(shape) < 7:
        tensor.shape = np.array(shape, np.int32)


def change_type(model: schema.ModelT, rng: np.random.Generator) -> None:
    a_tensor(model, rng).type = getattr(schema.TensorType, str(rng.choice(_TYPES)))


def change_scale(model: schema.ModelT, rng: np.random.Generator) -> None:
    tensor = a_tensor(model, rng)
    if tensor.quantization is None or rng.random() < 0.1:
        tensor.quantization = None if rng.random() < 0.5 else schema.QuantizationParametersT()
        return
    count = int(rng.choice([1, 1, 1, 2, *(tensor.shape if tensor.shape is not None else [])]))
    tensor.quantization.scale = rng.choice(_SCALES, max(count, 1)).astype(np.float32)


def change_zero_point(model: schema.ModelT, rng: np.random.Generator) -> None:
    quantization = a_tensor(model, rng).quantization
    if quantization is not None and quantization.scale is not None:
        count = int(rng.choice([0, 1, 1, len(quantization.scale)]))
        quantization.zeroPoint = rng.choice(_ZERO_POINTS, count).astype(np.int64)


def change_axis(model: schema.ModelT, rng: np.random.Generator) -> None:
    quantization = a_tensor(model, rng).quantization
    if quantization is not None:
        quantization.quantizedDimension = int(rng.choice([0, 1, 2, 3, 9]))


def change_option(model: schema.ModelT, rng: np.random.Generator) -> None:
    operators = model.subgraphs[0].operators
    options: Any = operators[int(rng.integers(len(operators)))].builtinOptions
    if options is None or not vars(options):
        return
    name = str(rng.choice(sorted(vars(options))))
    value = getattr(options, name)
    if isinstance(value, bool):
        setattr(options, name, not value)
    elif isinstance(value, float):
        setattr(options, name, float(rng.choice([-1.5, 0.0, 1e-9, 0.3, 1.0, 40.0, 1e9])))
    elif isinstance(value, int):
        if _INT32_OPTIONS.search(name) and rng.random() < 0.3:
            setattr(options, name, int(rng.choice(_LARGE)))
            return
        limit = 6 if "ctivation" in name else 2 if "adding" in name or "ormat" in name else 128
        setattr(options, name, int(rng.choice([n for n in _NUMBERS if limit == 128 or 0 <= n < limit])))
    elif value is not None:
        setattr(options, name, np.array(rng.choice(_NUMBERS, int(rng.integers(0, 4))), np.int32))


def change_inputs(model: schema.ModelT, rng: np.random.Generator) -> None:
    operators = model.subgraphs[0].operators
    operator = operators[int(rng.integers(len(operators)))]
    inputs = [int(index) for index in operator.inputs]
    place = int(rng.integers(len(inputs))) if inputs else 0
    match int(rng.integers(4)):
        case 0 if inputs:
            inputs[place] = -1
        case 1 if inputs:
            del inputs[place]
        case 2 if inputs:
            inputs.append(inputs[place])
        case 3:
            inputs = [int(index) for index in rng.permutation(inputs)]
    operator.inputs = np.array(inputs, np.int32)


def change_constant(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Other contents of a constant, at the ends of its type."""
    tensor = a_tensor(model, rng)
    data = model.buffers[tensor.buffer].data
    if data is not None and len(data):
        ends = np.array([0x80, 0x7F, 0xFF, 0x00], np.uint8)
        model.buffers[tensor.buffer].data = rng.choice(ends, len(data)).astype(np.uint8)


def change_index(model: schema.ModelT, rng: np.random.Generator) -> None:
    """An axis, a size or a begin at or just beyond its limits."""
    integers = {schema.TensorType.INT32: np.int32, schema.TensorType.INT64: np.int64}
    found = [
        (model.buffers[tensor.buffer], integers[tensor.type])
        for tensor in model.subgraphs[0].tensors
        if tensor.type in integers and tensor.buffer and model.buffers[tensor.buffer].data is not None
    ]
    if not found:
        return
    buffer, dtype = found[int(rng.integers(len(found)))]
    whole = len(buffer.data) // np.dtype(dtype).itemsize  # its type may have been changed before
    numbers = np.frombuffer(np.asarray(buffer.data, np.uint8).tobytes(), dtype, whole).copy()
    if numbers.size:
        numbers[int(rng.integers(numbers.size))] = int(rng.choice(_NUMBERS if rng.random() < 0.7 else _LARGE))
        buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)


def change_options_table(model: schema.ModelT, rng: np.random.Generator) -> None:
    """No options, or those of another operator: TFLM takes zeros then."""
    operators = model.subgraphs[0].operators
    operator = operators[int(rng.integers(len(operators)))]
    kinds = {name: value for name, value in vars(schema.BuiltinOptions).items() if isinstance(value, int)}
    del kinds["CallOptions"]  # its number has no sign, and change_option writes negative ones
    kind = "NONE" if rng.random() < 0.5 else str(rng.choice(sorted(kinds)))
    operator.builtinOptionsType = kinds[kind]
    operator.builtinOptions = None if kind == "NONE" else getattr(schema, f"{kind}T")()


def change_operator(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Another operator on the same tensors, with or without its options."""
    code = model.operatorCodes[int(rng.integers(len(model.operatorCodes)))]
    value = getattr(schema.BuiltinOperator, str(rng.choice(supported_operators())))
    code.builtinCode, code.deprecatedBuiltinCode = value, min(value, 127)
    if rng.random() < 0.7:
        for operator in model.subgraphs[0].operators:
            if model.operatorCodes[operator.opcodeIndex] is code:
                operator.builtinOptions, operator.builtinOptionsType = None, 0


def change_outputs(model: schema.ModelT, rng: np.random.Generator) -> None:
    subgraph = model.subgraphs[0]
    operator = subgraph.operators[int(rng.integers(len(subgraph.operators)))]
    outputs = [int(index) for index in operator.outputs]
    match int(rng.integers(3)):
        case 0 if len(outputs) > 1:
            del outputs[int(rng.integers(len(outputs)))]
        case 1:
            outputs.append(int(rng.integers(len(subgraph.tensors))))
        case 2:
            outputs = [int(index) for index in rng.permutation(outputs)]
    operator.outputs = np.array(outputs, np.int32)


def fit_bytes(model: schema.ModelT, tensor: schema.TensorT, rng: np.random.Generator) -> None:
    """Give a constant as many bytes as its shape and type ask for, so that the file stays sound."""
    data = model.buffers[tensor.buffer].data
    if tensor.buffer == 0 or data is None or not len(data):
        return
    names = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    bits = TYPE_BITS.get(names[tensor.type], 8) * math.prod(int(n) for n in tensor.shape)
    wanted = -(-bits // 8)
    if wanted != len(data):
        model.buffers[tensor.buffer].data = np.resize(np.asarray(data, np.uint8), wanted)


def change_rank(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Up to nine dimensions, of one tensor or of all that have as many as it."""
    tensor, count = a_tensor(model, rng), int(rng.integers(1, 6))
    shape = [] if tensor.shape is None else [int(size) for size in tensor.shape]
    alike = [other for other in model.subgraphs[0].tensors if other.shape is not None and list(other.shape) == shape]
    for other in alike if rng.random() < 0.5 else [tensor]:
        other.shape = np.array(([1] * count + shape)[-9:], np.int32)


def change_ports(model: schema.ModelT, rng: np.random.Generator) -> None:
    """An output twice, in another order, or one more of any tensor."""
    subgraph = model.subgraphs[0]
    outputs = [int(index) for index in rng.permutation(subgraph.outputs)]
    if outputs and rng.random() < 0.5:
        outputs.append(outputs[0])
    if rng.random() < 0.5:
        outputs.append(int(rng.integers(len(subgraph.tensors))))
    subgraph.outputs = np.array(outputs, np.int32)


def change_plan(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Where the tensors lie in TFLM's arena, apart from each other or not."""
    count = len(model.subgraphs[0].tensors)
    apart = 8192 * rng.permutation(count)
    offsets = apart if rng.random() < 0.4 else 16 * rng.integers(0, 3, count)
    offsets[rng.random(count) < rng.random()] = -1
    entry, buffer = schema.MetadataT(), schema.BufferT()
    numbers = np.array([1, 0, count + int(rng.choice([0, 0, 0, 1, -1])), *offsets, -1], np.int32)
    buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)
    entry.name, entry.buffer = "OfflineMemoryAllocation", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]


def change_extras(model: schema.ModelT, rng: np.random.Generator) -> None:
    """What no built-in operator has, or a tensor of any type that nothing reads."""
    subgraph = model.subgraphs[0]
    operator = subgraph.operators[int(rng.integers(len(subgraph.operators)))]
    match int(rng.integers(3)):
        case 0:
            operator.customOptions = np.zeros(int(rng.integers(3)), np.uint8)
        case 1:
            operator.intermediates = np.array([rng.integers(len(subgraph.tensors))], np.int32)
        case 2:
            tensor = schema.TensorT()
            tensor.name, tensor.shape = "spare", np.array([2], np.int32)
            tensor.type = int(rng.integers(23))
            subgraph.tensors.append(tensor)


def compute_a_constant(model: schema.ModelT, rng: np.random.Generator) -> None:
    """A RESHAPE from a constant of the file to what was one."""
    subgraph = model.subgraphs[0]
    known = [tensor for tensor in subgraph.tensors if tensor.buffer and model.buffers[tensor.buffer].data is not None]
    if not known:
        return
    tensor = known[int(rng.integers(len(known)))]
    own = copy(tensor)
    own.name, tensor.buffer = "own", 0
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
    code.version, operator.opcodeIndex = 1, len(model.operatorCodes)
    operator.inputs = np.array([len(subgraph.tensors)], np.int32)
    operator.outputs = np.array([subgraph.tensors.index(tensor)], np.int32)
    model.operatorCodes.append(code)
    subgraph.tensors.append(own)
    subgraph.operators.insert(0, operator)
