"""What the templates are filled with, as strings and numbers that are C already; the templates only loop and choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyml_pipeline.compiler.c_text import float_literal
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.prefix import c_prefix
from tinyml_pipeline.compiler.value_scales import ValueScale
from tinyml_pipeline.errors import SpecError, UnsupportedError
from tinyml_pipeline.model_domains import domain_of_each_value
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort
from tinyml_pipeline.runtimes.byte_array import decimal_lines, hex_lines
from tinyml_pipeline.runtimes.c_names import c_identifier, c_string, comment_text, distinct_identifiers
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.series_values import anomaly_values, series_values
from tinyml_pipeline.runtimes.tflm_libraries import TargetLibrary

MOST_TYPED_VALUES = 16
"""A model of more inputs is not asked for numbers on the serial monitor."""

# A typed number takes at most 20 characters, with some room for a long pasted line.
_LINE_BYTES = 40
_NUMBER_BYTES = 20

_TFLITE_TYPES = {"INT8": "kTfLiteInt8", "UINT8": "kTfLiteUInt8", "FLOAT32": "kTfLiteFloat32"}


def model_values(model: QuantizedModel, oracle: Oracle | None) -> dict[str, Any]:
    """Everything that depends on the model; without an oracle, what model_data and model_io need."""
    identifier = c_identifier(model.name)
    scaled = any(port.value_scale for port in (*model.inputs, *model.outputs))
    values: dict[str, Any] = {
        "id": identifier,
        "upper": identifier.upper(),
        "prefix": c_prefix(model.name),
        "title": comment_text(model.name),
        "title_literal": c_string(model.name),
        "summary": comment_text(model.summary),
        "summary_literal": c_string(model.summary),
        "sha256": model.sha256,
        "data_bytes": len(model.tflite),
        "data_lines": hex_lines(model.tflite),
        "quantizer": _quantizer(scaled),
        "scaled": scaled,
        "stateful": any(tensor.is_variable for tensor in model.graph.tensors),
        "own_types": any(port.type != "INT8" for port in (*model.inputs, *model.outputs)),
        "inputs": _ports(identifier, model.inputs, "input"),
        "outputs": _ports(identifier, model.outputs, "output"),
    }
    if oracle is not None:
        if (reason := why_not_in_sketches(model)) is not None:
            raise UnsupportedError(f"{model.name}: {reason}")
        values |= _oracle_values(model, oracle)
    return values


def _quantizer(scaled: bool) -> str:
    """The text of the rule by which real numbers are stored: of the headers all but the licence line, and of the second
    all but its include of the first."""
    common = FIRMWARE / "kernels" / "common"
    names = ("quantize.h", "quantize_scaled.h") if scaled else ("quantize.h",)
    texts = [(common / name).read_text(encoding="utf-8").rstrip().partition("\n")[2] for name in names]
    return "\n\n".join(texts).replace('#include "quantize.h"\n\n', "")


def why_not_in_sketches(model: QuantizedModel) -> str | None:
    """What is wrong with its inputs and outputs; None if a sketch takes them."""
    for role, ports in (("input", model.inputs), ("output", model.outputs)):
        for port in ports:
            if port.dtype is DType.INT8:
                continue
            indices = port.dtype is DType.INT32 and (port.scale, port.zero_point) == (1.0, 0)
            instead = "Take the index of the highest value in the sketch instead, or compile" if indices else "Compile"
            return (
                f"{role} '{port.name}' is {port.dtype.value.lower()}; supported in sketches: int8. {instead} the model:"
                " tinyml compile."
            )
    return None


def sketch_values(target: TargetLibrary) -> dict[str, Any]:
    """Everything that depends on the library."""
    return {
        "first_include": target.first_include,
        "library_display": target.full_name,
        "library_literal": c_string(target.full_name),
        "install_lines": target.install,
    }


def _ports(identifier: str, ports: Sequence[QuantizedPort], kind: str) -> list[dict[str, Any]]:
    single = len(ports) == 1
    found: list[dict[str, Any]] = []
    first_pair = 0
    for index, port in enumerate(ports):
        word = kind if single else f"{kind}_{index}"
        values = port.values if len(port.values) == port.size else ()
        pairs = _pairs(port)
        found.append(
            {
                "kind": kind,
                "index": index,
                "name": c_string(port.name),
                "macro": f"{identifier}_{word}".upper(),
                "shape": "x".join(map(str, port.shape)) or "1",
                "size": port.size,
                "scale": float_literal(port.scale),
                "zero_point": port.zero_point,
                "type": port.type,
                "tflite_type": _TFLITE_TYPES.get(port.type, "kTfLiteInt32"),
                "low": f"{port.low:.6g}",
                "high": f"{port.high:.6g}",
                "step": f"{port.scale:.6g}",
                "decimals": _decimals(port.scale),
                "pairs": pairs,
                "first_pair": first_pair,
                "quantize": f"{identifier}_quantize_{word}",
                "dequantize": f"{identifier}_dequantize_{word}",
                "names_function": f"{identifier}_{word}_value_name",
                "elements": [
                    {"upper": short.upper(), "text": c_string(name)}
                    for short, name in zip(distinct_identifiers(values, "value"), values, strict=True)
                ],
            }
        )
        first_pair += len(pairs)
    return found


def _pairs(port: QuantizedPort) -> list[dict[str, Any]]:
    """The offset and the factor of each value, as the device counts through them, and the decimals it deserves."""
    scale = port.value_scale or ValueScale((0.0,), (1.0,))
    return [
        {
            "offset": float_literal(offset),
            "factor": float_literal(factor),
            "decimals": _decimals(port.scale / factor),
        }
        for offset, factor in zip(scale.offsets, scale.factors, strict=True)
    ]


def _decimals(scale: float) -> int:
    """Decimals with which a tenth of a step is still seen, at most 7."""
    return min(7, max(0, math.ceil(-math.log10(scale)) + 1))


def _oracle_values(model: QuantizedModel, oracle: Oracle) -> dict[str, Any]:
    input_rows = _rows(oracle.golden.inputs, model.inputs)
    output_rows = _rows(oracle.golden.outputs, model.outputs)
    if len(input_rows) != len(output_rows) or not input_rows:
        raise ValueError(f"{model.name}: {len(input_rows)} golden inputs, {len(output_rows)} golden outputs")
    count = sum(port.size for port in model.inputs)
    typed = count <= MOST_TYPED_VALUES
    domains = _ranges(model, oracle.domains)
    ranges = domains if typed else []
    examples = [example_value(domain, index) for index, domain in enumerate(ranges)]
    names = [domain.name for domain in ranges]
    own_inputs = [
        {
            "words": comment_text(f"{domain.name}, {_from_to(domain)}"),
            "low": domain.low,
            "high": domain.high,
            "example": float_literal(example_value(domain, index)),
        }
        for index, domain in enumerate(domains)
    ]
    return {
        "count": len(input_rows),
        "golden_include": None,
        "golden_place": "",
        "protocol": False,
        "input_values": count,
        "output_values": sum(port.size for port in model.outputs),
        "input_rows": [decimal_lines(row, "     ") for row in input_rows],
        "output_rows": [decimal_lines(row, "     ") for row in output_rows],
        "typed": typed,
        "ranges": [
            {
                "name": c_string(domain.name),
                "low": float_literal(domain.low),
                "high": float_literal(domain.high),
                "example": float_literal(example),
                "decimals": max(2, _decimals((domain.high - domain.low) / 10)),
            }
            for domain, example in zip(ranges, examples, strict=True)
        ],
        "own_inputs": own_inputs,
        "series": series_values(model, oracle, own_inputs),
        "anomaly": anomaly_values(oracle, domains),
        "all_inputs": f"{count} numbers {_from_to(domains[0])}"
        if len(set(map(_from_to, domains))) == 1
        else f"{count} numbers",
        "classes": _tells_classes(model),
        "output_names": _output_names(model.outputs),
        "first_output": comment_text(model.outputs[0].value_names[0]),
        "input_words": comment_text(f"a number for {names[0]}" if len(names) == 1 else f"numbers for {' '.join(names)}")
        if typed
        else "",
        "example": " ".join(f"{example:g}" for example in examples),
        "example_literals": ", ".join(map(float_literal, examples)) if typed else "0.0f",
        "inputs_comment": f"  // {comment_text(' '.join(names))}" if typed else "",
        "line_capacity": _LINE_BYTES + _NUMBER_BYTES * (count if typed else 0),
    }


def _rows(arrays: Sequence[Int8Array], ports: Sequence[QuantizedPort]) -> list[list[int]]:
    """One flat row a vector, the tensors one after another."""
    if len(arrays) != len(ports):
        raise ValueError(f"golden vectors for {len(arrays)} tensors, the model has {len(ports)}")
    flat = [
        np.asarray(array, np.int8).reshape(len(array), port.size) for array, port in zip(arrays, ports, strict=True)
    ]
    rows: list[list[int]] = np.concatenate(flat, axis=1).tolist()
    return rows


def _ranges(model: QuantizedModel, domains: Sequence[Domain]) -> list[Domain]:
    """The range of every input value: of the spec where it has one, else of the int8 tensor."""
    values = [port.value(position) for port in model.inputs for position in range(port.size)]
    if len(domains) == len(values):
        return list(domains)
    if len(domains) == 1:
        return [Domain(one.name, domains[0].low, domains[0].high) for one in values]
    try:
        each = domain_of_each_value(domains, [port.shape for port in model.inputs])
    except SpecError:
        return [Domain(one.name, one.low, one.high) for one in values]
    return [Domain(one.name, own.low, own.high, own.unit) for one, own in zip(values, each, strict=True)]


def _from_to(domain: Domain) -> str:
    return f"from {domain.low:.4g} to {domain.high:.4g}"


def _tells_classes(model: QuantizedModel) -> bool:
    """Whether its answers are probabilities of classes, one each."""
    by = {index: operation.name for operation in model.graph.operations for index in operation.outputs}
    return len(model.outputs) == 1 and model.outputs[0].size > 1 and by.get(model.graph.outputs[0]) == "SOFTMAX"


def _output_names(ports: Sequence[QuantizedPort]) -> list[str]:
    """A name for every output value, or none at all where there are too many to print."""
    if sum(port.size for port in ports) > MOST_TYPED_VALUES:
        return []
    return [c_string(name) for port in ports for name in port.value_names]


def example_value(domain: Domain, index: int) -> float:
    """A number inside the domain that is short to write; neighbours get different ones."""
    share = (0.75, 0.25, 0.5)[index % 3]
    number = float(f"{domain.low + share * (domain.high - domain.low):.2g}")
    return min(max(number, domain.low), domain.high)
