"""The bytes of a .tflite file -> a validated Graph."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tinyml_pipeline.compiler import tflite_schema as schema
from tinyml_pipeline.compiler.file_kinds import describe_other_file, is_tflite
from tinyml_pipeline.compiler.flatbuffer_reader import READ_ERRORS, Reader, broken, contradiction, enum_name
from tinyml_pipeline.compiler.graph import TYPE_BITS, Graph, Operation, Quantization, Tensor
from tinyml_pipeline.compiler.tflite_metadata import check_compression, read_memory_plan
from tinyml_pipeline.compiler.value_scales import METADATA, ValueScale, unpack_scales
from tinyml_pipeline.errors import ModelFileError

_SCHEMA_VERSION = 3
# Operators that run another subgraph.
_CALLERS = ("CALL", "CALL_ONCE", "IF", "WHILE", "STABLEHLO_WHILE", "STABLEHLO_REDUCE", "STABLEHLO_COMPOSITE")
# The options of operators that are not named after them.
_OPTIONS = {
    "AVERAGE_POOL_2D": "Pool2DOptions", "L2_POOL_2D": "Pool2DOptions", "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions", "SUM": "ReducerOptions", "REDUCE_MAX": "ReducerOptions", "REDUCE_MIN": "ReducerOptions",
    "BATCH_MATMUL": "BatchMatMulOptions", "L2_NORMALIZATION": "L2NormOptions", "PADV2": "PadV2Options",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions", "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
}  # fmt: skip
# Options that hold an element type.
_ELEMENT_TYPES = ("InDataType", "OutDataType", "OutType", "OutputType", "QuantizedBiasType")
_MOST_DIMENSIONS = 16  # of TFLite's kernels, 8 at most
_AGAIN = "Convert the model again."


def read_tflite(data: bytes) -> Graph:
    """The model in `data`, every index, size and enum checked.

    Raises ModelFileError for anything else than a sound model of one subgraph. Element types, operators and versions
    are data here: what the compiler has no kernel for is refused later.
    """
    if not is_tflite(data):
        raise ModelFileError(describe_other_file(data))
    try:
        return _read_model(Reader(data))
    except READ_ERRORS:
        raise broken("an offset points outside the file") from None


def _read_model(reader: Reader) -> Graph:
    model = reader.table(schema.Model.GetRootAs(reader.data))
    if model.Version() != _SCHEMA_VERSION:
        raise ModelFileError(
            f"the .tflite file has schema version {model.Version()}; supported: {_SCHEMA_VERSION}. Convert the model"
            " again with TensorFlow 2."
        )
    codes = [_read_code(reader, code) for code in reader.tables(model, "OperatorCodes")]
    subgraph = _only_subgraph(reader.tables(model, "Subgraphs"), [name for name, _ in codes])
    check_compression(reader, model)
    buffers = [_read_buffer(reader, buffer) for buffer in reader.tables(model, "Buffers")]
    tensors = tuple(
        _read_tensor(reader, tensor, index, buffers) for index, tensor in enumerate(reader.tables(subgraph, "Tensors"))
    )
    operations = tuple(
        _read_operation(reader, operator, index, codes, tensors)
        for index, operator in enumerate(reader.tables(subgraph, "Operators"))
    )
    inputs = _indices(reader.ints(subgraph, "Inputs"), len(tensors), "the model's inputs")
    outputs = _indices(reader.ints(subgraph, "Outputs"), len(tensors), "the model's outputs")
    _check_order(tensors, operations, inputs, outputs)
    input_names, output_names = _port_names(reader, model, tensors, inputs, outputs)
    digest = hashlib.sha256(reader.data).hexdigest()
    scales = _read_scales(reader, model, buffers, [tensors[index].shape for index in (*inputs, *outputs)])
    known = scales[: len(inputs)], scales[len(inputs) :]
    plan = read_memory_plan(reader, model, buffers)
    return Graph(
        tensors, operations, inputs, outputs, input_names, output_names, digest, *known, memory_plan=plan
    )  # fmt: skip


def _only_subgraph(subgraphs: list[Any], operators: list[str]) -> Any:
    if not subgraphs:
        raise contradiction("it has no subgraph")
    if len(subgraphs) == 1:
        return subgraphs[0]
    callers = [name for name in operators if name in _CALLERS]
    if not callers:
        called, remedy = "which no operator calls: several models in one file", "one signature alone"
    elif set(callers) == {"CALL_ONCE"}:
        called, remedy = "called by CALL_ONCE, which sets up state", "it without resource variables"
    else:
        called, remedy = f"called by {', '.join(callers)}", "it without loops and branches, recurrent layers unrolled"
    raise ModelFileError(f"the model has {len(subgraphs)} subgraphs, {called}; supported: 1. Convert {remedy}.")


def _read_buffer(reader: Reader, buffer: Any) -> bytes:
    if buffer.Offset() > 1:  # 0 and 1 mean 'inside'
        raise ModelFileError(
            "the .tflite file keeps constants behind the flatbuffer, as models of over 2 GB do, and TFLM does not look"
            " there; supported: constants inside of it. Convert the model again, without a buffer offset."
        )
    return bytes(reader.array(buffer, "Data", 1))


def _read_tensor(reader: Reader, tensor: Any, index: int, buffers: list[bytes]) -> Tensor:
    what = f"tensor {index}"
    name = reader.text(tensor.Name())
    type_name = enum_name(schema.TensorType, tensor.Type(), f"{what}: element type")
    shape = reader.ints(tensor, "Shape")
    if len(shape) > _MOST_DIMENSIONS:
        raise ModelFileError(f"{what} has {len(shape)} dimensions; supported: up to {_MOST_DIMENSIONS}.")
    if -1 in shape:
        raise ModelFileError(
            f"{what} ('{name}') has the open shape {list(shape)}; supported: fixed sizes. Convert the model with a"
            " fixed input shape and a batch of 1."
        )
    if any(size < 0 for size in shape):
        raise contradiction(f"{what} has the shape {list(shape)}, with a negative size")
    if tensor.Sparsity() is not None:
        raise ModelFileError(f"{what} ('{name}') is sparse; supported: dense tensors. Convert it without sparsity.")
    if not 0 <= tensor.Buffer() < max(len(buffers), 1):
        raise broken(f"{what} names buffer {tensor.Buffer()} of {len(buffers)}")
    data = buffers[tensor.Buffer()] if buffers else b""
    if data and type_name in TYPE_BITS:
        expected = -(-math.prod(shape) * TYPE_BITS[type_name] // 8)
        if len(data) < expected:
            raise contradiction(
                f"{what} holds {len(data)} bytes, and its shape {list(shape)} of {type_name} needs {expected}"
            )
        data = data[:expected]  # TFLM does not look at the rest either
    quantization = _read_quantization(reader, tensor.Quantization(), what)
    is_constant = bool(data) or math.prod(shape) == 0
    return Tensor(index, name, type_name, shape, quantization, data if is_constant else None, tensor.IsVariable())


def _read_quantization(reader: Reader, table: Any, what: str) -> Quantization | None:
    if table is None:
        return None
    reader.table(table)
    scales = tuple(float(scale) for scale in reader.array(table, "Scale").tolist())
    if not scales:
        return None
    zero_points = reader.ints(table, "ZeroPoint", 8)
    if not zero_points:
        return None  # TFLM takes a tensor with scales and no zero point as not quantized
    if len(zero_points) != len(scales):
        zero_points = zero_points[:1] * len(scales)  # as TFLM: weights may share one, which is 0
    # Which axis of the shape the scales belong to is for the operator to check: that of a bias is never looked at.
    axis = table.QuantizedDimension()
    for scale in scales:
        if not (math.isfinite(scale) and scale >= 0):
            raise ModelFileError(f"{what} has the scale {scale:g}; supported: finite and not negative. {_AGAIN}")
    for zero_point in zero_points:
        if not -(2**31) <= zero_point < 2**31:
            raise ModelFileError(f"{what} has the zero point {zero_point}; supported: 32 bits. {_AGAIN}")
    return Quantization(scales, zero_points, axis)


def _read_code(reader: Reader, code: Any) -> tuple[str, int]:
    """Operator name and version; files of before 2020 hold the operator in the older, narrower field."""
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = enum_name(schema.BuiltinOperator, builtin, "an operator code")
    if name == "CUSTOM":
        name = f"CUSTOM:{reader.text(code.CustomCode())}"
    return name, code.Version()


def _read_operation(
    reader: Reader, operator: Any, index: int, codes: list[tuple[str, int]], tensors: tuple[Tensor, ...]
) -> Operation:
    if not 0 <= operator.OpcodeIndex() < len(codes):
        raise broken(f"op {index} names operator code {operator.OpcodeIndex()} of {len(codes)}")
    name, version = codes[operator.OpcodeIndex()]
    what = f"{name.lower()} (op {index})"
    _check_extras(reader, operator, name, what, tensors)
    return Operation(
        index,
        name,
        version,
        _indices(reader.ints(operator, "Inputs"), len(tensors), f"{what}: inputs", optional=True),
        _indices(reader.ints(operator, "Outputs"), len(tensors), f"{what}: outputs"),
        *_read_options(reader, operator, name, what),
    )


def _check_extras(reader: Reader, operator: Any, name: str, what: str, tensors: tuple[Tensor, ...]) -> None:
    """Refuses what TFLM takes of no operator: a builtin one's custom options, and intermediates with values."""
    reader.spend(operator.CustomOptionsLength(), 1)
    if not name.startswith("CUSTOM:") and not isinstance(operator.CustomOptionsAsNumpy(), int):  # 0 is 'none'
        raise contradiction(f"{what} has custom options, and is no custom operator")
    for index in _indices(reader.ints(operator, "Intermediates"), len(tensors), f"{what}: intermediates"):
        if tensors[index].size:
            raise ModelFileError(
                f"{what} has an intermediate tensor of {tensors[index].size} values; supported: empty ones, as in TFLM."
                f" {_AGAIN}"
            )


def _indices(indices: tuple[int, ...], count: int, what: str, *, optional: bool = False) -> tuple[int, ...]:
    for index in indices:
        if not (0 <= index < count or (optional and index == -1)):
            raise broken(f"{what} name tensor {index} of {count}")
    return indices


def _read_options(reader: Reader, operator: Any, name: str, what: str) -> tuple[Mapping[str, Any], str]:
    """The fields of the options table, and its name."""
    kind = enum_name(schema.BuiltinOptions, operator.BuiltinOptionsType(), f"{what}: options type")
    if kind == "NONE" or operator.BuiltinOptions() is None:
        return {}, ""
    own = _OPTIONS.get(name) or name.title().replace("_", "") + "Options"
    if hasattr(schema.BuiltinOptions, own) and own != kind:
        raise contradiction(f"{what} carries {kind} instead of {own}")
    union = operator.BuiltinOptions()
    options = getattr(schema, kind)()
    options.Init(union.Bytes, union.Pos)
    reader.table(options)
    found: dict[str, Any] = {}
    for accessor, key, is_vector in _option_fields(kind):
        if is_vector:
            found[key] = reader.ints(options, accessor, 1)
        else:
            value = getattr(options, accessor)()
            if accessor == "FusedActivationFunction":
                value = enum_name(schema.ActivationFunctionType, value, f"{what}: fused activation").upper()
            if accessor in _ELEMENT_TYPES:
                enum_name(schema.TensorType, value, f"{what}: element type")
            if isinstance(value, bytes):
                value = reader.text(value)
            if isinstance(value, (bool, int, float, str)):
                found[key] = value
    return found, kind


@cache
def _option_fields(kind: str) -> tuple[tuple[str, str, bool], ...]:
    """(accessor, snake_case name, is a vector of numbers) of every field of a schema options class."""
    methods = vars(getattr(schema, kind))
    fields = []
    for name, method in methods.items():
        if name.endswith(("AsNumpy", "Length")):
            continue
        arguments = getattr(getattr(method, "__code__", None), "co_argcount", 0)
        if arguments == 1 or (arguments == 2 and f"{name}AsNumpy" in methods):
            fields.append((name, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(), arguments == 2))
    return tuple(fields)


def _check_order(
    tensors: tuple[Tensor, ...], operations: tuple[Operation, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    """Each activation is written once and before it is read; constants are never written."""
    ready = {tensor.index: "a constant" for tensor in tensors if tensor.is_constant}
    ready |= {tensor.index: "a variable" for tensor in tensors if tensor.is_variable}
    for position, index in enumerate(inputs):
        if index in ready:
            raise ModelFileError(
                f"input {position} of the model is tensor {index}, which is {ready[index]}; supported: inputs of their"
                f" own. {_AGAIN}"
            )
        ready[index] = f"input {position}"
    for operation in operations:
        what = f"{operation.name.lower()} (op {operation.index})"
        # A custom operator may take memory that nothing writes: Vela's scratch tensors.
        unwritten = set() if operation.name.startswith("CUSTOM:") else set(operation.inputs) - ready.keys() - {-1}
        if unwritten:
            raise contradiction(f"{what} reads tensor {min(unwritten)} before anything has written it")
        for index in operation.outputs:
            if index in ready:
                raise ModelFileError(
                    f"{what} writes tensor {index}, which is {ready[index]}; supported: outputs of their own. {_AGAIN}"
                )
            ready[index] = f"the output of {what}"
    for index in outputs:
        if index not in ready:
            raise contradiction(f"tensor {index} is a model output, but nothing writes it")


def _read_scales(
    reader: Reader, model: Any, buffers: list[bytes], shapes: list[tuple[int, ...]]
) -> tuple[ValueScale, ...]:
    """Of the inputs and outputs, behind one another; empty if the file has none."""
    for entry in reader.tables(model, "Metadata"):
        if reader.text(entry.Name()) == METADATA:
            if not 0 <= entry.Buffer() < len(buffers):
                raise broken(f"metadata '{METADATA}' names buffer {entry.Buffer()} of {len(buffers)}")
            return unpack_scales(buffers[entry.Buffer()], shapes)
    return ()


def _port_names(
    reader: Reader, model: Any, tensors: tuple[Tensor, ...], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the inputs and outputs: those of the only signature where there is one, else the tensors' own."""
    signatures = reader.tables(model, "SignatureDefs")
    names: list[tuple[str, ...]] = []
    for field, ports in (("Inputs", inputs), ("Outputs", outputs)):
        known: dict[int, str] = {}
        if len(signatures) == 1:
            for entry in reader.tables(signatures[0], field):
                known[entry.TensorIndex()] = reader.text(entry.Name())
        names.append(tuple(known.get(index) or tensors[index].name for index in ports))
    return names[0], names[1]
