"""How many tensors each operator reads and writes: checked once, before anything takes `inputs[0]` for granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ANY = 1 << 16


@dataclass(frozen=True)
class Arity:
    """`required` inputs have a tensor; up to `most` may follow, or be left out as -1."""

    required: int
    most: int
    outputs: int = 1
    most_outputs: int = 1


def _named(names: str, arity: Arity) -> dict[str, Arity]:
    return dict.fromkeys(names.split(), arity)


_ONE = (
    "ABS AVERAGE_POOL_2D CAST CEIL COS DEPTH_TO_SPACE DEQUANTIZE ELU EXP FLOOR GELU HARD_SWISH L2_NORMALIZATION"
    " L2_POOL_2D LEAKY_RELU LOG LOGICAL_NOT LOGISTIC LOG_SOFTMAX MAX_POOL_2D NEG QUANTIZE RELU RELU6 RELU_0_TO_1"
    " RELU_N1_TO_1 ROUND RSQRT SHAPE SIN SOFTMAX SPACE_TO_DEPTH SQRT SQUARE SQUEEZE TANH ZEROS_LIKE"
)
_TWO = (
    "ADD ARG_MAX ARG_MIN BATCH_MATMUL BROADCAST_TO CUMSUM DIV EQUAL EXPAND_DIMS FILL FLOOR_DIV FLOOR_MOD GATHER"
    " GATHER_ND GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM MEAN MINIMUM MIRROR_PAD MUL"
    " NOT_EQUAL PAD POW PRELU REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD RESIZE_BILINEAR"
    " RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SQUARED_DIFFERENCE SUB SUM TILE TRANSPOSE"
)
_ARITIES: Mapping[str, Arity] = {
    **_named(_ONE, Arity(1, 1)),
    **_named(_TWO, Arity(2, 2)),
    **_named("BATCH_TO_SPACE_ND PADV2 SELECT SELECT_V2 SLICE SPACE_TO_BATCH_ND", Arity(3, 3)),
    **_named("CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED", Arity(2, 3)),
    **_named("ADD_N CONCATENATION PACK", Arity(1, _ANY)),
    "RESHAPE": Arity(1, 2),
    "SPLIT": Arity(2, 2, 1, _ANY),
    "SPLIT_V": Arity(3, 3, 1, _ANY),
    "STRIDED_SLICE": Arity(4, 4),
    "TOPK_V2": Arity(2, 2, 2, 2),
    "TRANSPOSE_CONV": Arity(3, 4),
    "UNPACK": Arity(1, 1, 1, _ANY),
    # These act on state.
    "ASSIGN_VARIABLE": Arity(2, 2, 0, 0),
    "CALL_ONCE": Arity(0, 0, 0, 0),
    "HASHTABLE_IMPORT": Arity(3, 3, 0, 0),
    "VAR_HANDLE": Arity(0, 0),
}
_OTHERS = Arity(1, _ANY, 1, _ANY)


def wrong_arity(name: str, index: int, inputs: Sequence[int], outputs: Sequence[int]) -> str | None:
    """What is wrong with the number of tensors of operator `name` at `index`, as a sentence; None if nothing is.

    Of an operator that is not listed above, only a first input and an output are asked for, of a custom one nothing.
    """
    if name.startswith("CUSTOM:"):
        return None
    arity = _ARITIES.get(name, _OTHERS)
    what = f"{name.lower()} (op {index})"
    if not arity.required <= len(inputs) <= arity.most:
        return f"{what} has {_count(len(inputs), 'input')}; {name} has {_range(arity.required, arity.most)}."
    if -1 in inputs[: arity.required]:
        return f"{what} has no tensor at input {list(inputs).index(-1)}; {name} needs one."
    if not arity.outputs <= len(outputs) <= arity.most_outputs:
        wanted = _range(arity.outputs, arity.most_outputs)
        return f"{what} has {_count(len(outputs), 'output')}; {name} has {wanted}."
    return None


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _range(least: int, most: int) -> str:
    if least == most:
        return str(least)
    return f"{least} or more" if most == _ANY else f"{least} or {most}" if most == least + 1 else f"{least} to {most}"
