"""Which operators there are, what each supports, and what may replace one that is missing."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping

from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.ops import has_reader, read_operators, reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.passes import handled_operators, handler_of
from tinyml_pipeline.errors import UnsupportedError

# Tried with the pinned TFLM: it does not know them, or computes them in float32 alone. No kernel could be exact.
NO_INT8_IN_TFLM = frozenset({
    "CEIL", "CONV_3D", "COS", "EXP", "FLOOR", "GELU", "LOG", "NEG", "REDUCE_PROD", "RELU_0_TO_1", "RELU_N1_TO_1",
    "ROUND", "SELECT", "SIGN", "SIN", "SQRT", "SQUARE", "TILE",
})  # fmt: skip

# What a network can use in the place of an operator that is missing.
_INSTEAD: Mapping[str, str] = {
    "ADD_N": "ADD of two at a time",
    "CONV_3D": "CONV_2D",
    "FLOOR_DIV": "DIV",
    "GELU": "HARD_SWISH or RELU",
    "L2_POOL_2D": "AVERAGE_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION": "L2_NORMALIZATION",
    "NEG": "MUL by -1",
    "POW": "MUL of a value by itself",
    "RELU_0_TO_1": "RELU6",
    "RELU_N1_TO_1": "RELU6",
    "SELECT": "MAXIMUM, MINIMUM, or MUL by a mask",
    "SELECT_V2": "MAXIMUM, MINIMUM, or MUL by a mask",
    "SIGN": "TANH",
    "SQRT": "RSQRT",
    "SQUARE": "MUL of a value by itself",
    "TILE": "CONCATENATION or BROADCAST_TO",
    "TOPK_V2": "ARG_MAX",
}
_NAME = re.compile(r"[A-Z][A-Z0-9_]+(?:(?:, | and )[A-Z][A-Z0-9_]+)*(?:: )?")


def supported_operators() -> tuple[str, ...]:
    """Schema names of all operators that are computed or taken over by a pass, sorted."""
    return tuple(sorted({*read_operators(), *handled_operators()}))


def describe_operator(name: str) -> str:
    """What is supported of it: the first sentence of the module that reads it, without the operator's own name."""
    is_read = name in read_operators()
    module = importlib.import_module(reader_of(name).__module__) if is_read else handler_of(name)
    sentence = " ".join((module.__doc__ or "").split("\n\n")[0].split())
    named = _NAME.match(sentence)
    rest = sentence[named.end() :] if named and named[0].endswith(": ") else sentence
    return rest[0].upper() + rest[1:]


def check_operators(graph: Graph) -> None:
    """UnsupportedError for the first operator that is not computed, with the names of the others.

    After the passes, which take some operators over, and others only in some places.
    """
    missing = [operation for operation in graph.operations if not has_reader(operation.name)]
    if not missing:
        return
    first = missing[0]
    others = sorted({operation.name for operation in missing} - {first.name})
    found = "this operator" + (", of which TFLM has no int8 form," if first.name in NO_INT8_IN_TFLM else "")
    if first.name in handled_operators():
        found, instead = "this operator on values that the model computes", "a result known when the model is compiled"
    else:
        instead = _INSTEAD.get(first.name, "")
    place = OpContext(graph, first).place
    words = [f"{place}: {found} is unsupported{f'; supported: {instead}' if instead else ''}."]
    if others:
        words.append(f"Neither {'is' if len(others) == 1 else 'are'} {', '.join(others)}.")
    words.append("'tinyml operators' lists what is supported.")
    supported = ", ".join(supported_operators())
    raise UnsupportedError(" ".join(words), operator=first.name, index=first.index, found=found, supported=supported)
