"""Layouts of a dense layer's weights for kernels that are faster than the plain one, and the proof that they apply."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.ops._dense import Dense
from tinyml_pipeline.compiler.ops._lowering import INT8_MAX, INT8_MIN, Array, Scratch
from tinyml_pipeline.compiler.ops._requantize import HIGHEST_SUM, LOWEST_SUM, Scale, needs_sign, single_add_scale

Fields = dict[str, int | str]


class Layout(NamedTuple):
    """How one kernel wants a layer."""

    kernel: str
    function: str
    arrays: tuple[Array, ...]
    fields: Fields
    scratch: Scratch | None = None

    @property
    def struct(self) -> str:
        """The type of its parameters: that of the function without what only chooses instructions."""
        return self.function.replace("_relu", "").replace("_avr", "")


def sums_fit_24_bits(dense: Dense) -> bool:
    """Whether no input can drive a sum out of 24 bits: shown from the weights themselves."""
    return bool(dense.lowest.min() >= LOWEST_SUM and dense.highest.max() <= HIGHEST_SUM)


def dsp_layout(dense: Dense) -> Layout | None:
    """Two rows a lane for SMLAD, or one or two inputs in one word; None where the layer is not proven to fit.

    Weights of TFLite's converter lie in -127 to 127, and any two fit a lane; -128 in a pair's first row may not.
    """
    scales = _scales(dense)
    if scales is None:
        return None
    outputs, inputs = dense.weights.shape
    if inputs <= 2:
        comment = _proof(dense, "Of each output: 256 * weights in two lanes of 16 bits, 256 * bias")
        rows = Array("rows", "int32_t", _narrow_rows(dense), comment)
        return _layout("fully_connected_narrow", dense, scales, [rows], {"rows": "rows"})
    if _paired_rows(dense.weights).min(initial=0) < -(2**15):
        return None
    arrays = [
        Array("weights", "uint32_t", _paired_words(dense.weights), _proof(dense, _packing(outputs))),
        Array("starts", "int32_t", _paired_starts(dense), "The bias, with the input's zero point, in the same pairs."),
    ]
    fields: Fields = {"weights": "weights", "starts": "starts"}
    return _layout("fully_connected_dsp", dense, scales, arrays, fields, Scratch(-(-inputs // 4) * 2))


def quads_layout(dense: Dense) -> Layout | None:
    """Four rows side by side; None where the layer is not proven to fit."""
    scales = _scales(dense)
    if scales is None:
        return None
    outputs, inputs = dense.weights.shape
    whole = outputs // 4 * 4
    quads = dense.weights[:whole].reshape(-1, 4, inputs).transpose(0, 2, 1)
    weights = np.concatenate([quads.ravel(), dense.weights[whole:].ravel()])
    arrays = [
        Array("weights", "int8_t", weights, _proof(dense, "Four rows side by side")),
        Array("bias", "int32_t", dense.bias, "The input's zero point is folded in."),
    ]
    return _layout("fully_connected_quads", dense, scales, arrays, {"weights": "weights", "bias": "bias"})


def _scales(dense: Dense) -> list[Scale] | None:
    """What these kernels scale by; they clamp to int8 and nothing narrower."""
    if not sums_fit_24_bits(dense) or (dense.output_min, dense.output_max) != (INT8_MIN, INT8_MAX):
        return None
    signed = needs_sign(dense.output_zero_point, dense.output_min)
    scales = [
        single_add_scale(multiplier, shift, dense.output_zero_point, signed=signed)
        for multiplier, shift in zip(dense.multipliers, dense.shifts, strict=True)
    ]
    found = [scale for scale in scales if scale is not None]
    return found if len(found) == len(scales) else None


def _layout(
    kernel: str, dense: Dense, scales: list[Scale], arrays: list[Array], fields: Fields, scratch: Scratch | None = None
) -> Layout:
    outputs, inputs = dense.weights.shape
    relu = "" if needs_sign(dense.output_zero_point, dense.output_min) else "_relu"
    fields = {"inputs": inputs, "outputs": outputs, **fields}
    if not dense.per_channel:
        return Layout(kernel, f"{kernel}{relu}_s8", tuple(arrays), fields | scales[0]._asdict(), scratch)
    words = Array("scales", "int32_t", np.array(scales), "Multiplier, offset and shift of each output.")
    fields["scales"] = "scales"
    return Layout(kernel, f"{kernel}{relu}_per_channel_s8", (*arrays, words), fields, scratch)


def _reach(dense: Dense) -> int:
    return int(max(-dense.lowest.min(), dense.highest.max()))


def _proof(dense: Dense, what: str) -> str:
    return f"{what}. No input drives a sum beyond {_reach(dense)}; up to {HIGHEST_SUM} is exact."


def _packing(outputs: int) -> str:
    pairs = "Rows in pairs, 256 * first + second a lane of 16 bits"
    singles = "four weights of a row a word"
    if outputs < 4:
        return singles.capitalize()
    return f"{pairs}; the last {outputs % 4} alone, {singles}" if outputs % 4 else pairs


def _wrapped(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """As int32 arithmetic leaves them: only the end of a sum must fit, not its start."""
    return values.astype(np.uint64).astype(np.uint32).astype(np.int32).astype(np.int64)


def _lanes(low: npt.NDArray[Any], high: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Two int16 a word, as an unsigned number."""
    return (low.astype(np.int64) & 0xFFFF) | (high.astype(np.int64) & 0xFFFF) << 16


def _narrow_rows(dense: Dense) -> npt.NDArray[np.int64]:
    scaled = 256 * dense.weights.astype(np.int64)
    high = scaled[:, 1] if scaled.shape[1] > 1 else np.zeros(len(scaled), np.int64)
    return np.stack([_wrapped(_lanes(scaled[:, 0], high)), _wrapped(256 * dense.bias)], axis=1)


def _filled(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """With zeros behind each row, to a multiple of four inputs."""
    outputs, inputs = weights.shape
    filled = np.zeros((outputs, -(-inputs // 4) * 4), np.int64)
    filled[:, :inputs] = weights
    return filled


def _paired_rows(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """256 * first + second of each pair of rows that fours hold; what a lane of 16 bits gets."""
    rows = _filled(weights)[: len(weights) // 4 * 4]
    return 256 * rows[::2] + rows[1::2]


def _paired_words(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    outputs = len(weights)
    whole = outputs // 4 * 4
    filled = _filled(weights)
    # (quads, pairs, groups of four inputs, place in the group)
    pairs = _paired_rows(weights).reshape(whole // 4, 2, filled.shape[1] // 4, 4)
    words = _lanes(pairs[..., :2], pairs[..., 2:]).transpose(0, 2, 1, 3).ravel()
    single = filled[whole:].reshape(-1, 4) & 0xFF
    return np.concatenate([words, (single << np.array([0, 8, 16, 24])).sum(axis=1)])


def _paired_starts(dense: Dense) -> npt.NDArray[np.int64]:
    starts = dense.bias.copy()
    whole = len(starts) // 4 * 4
    starts[:whole:2] = _wrapped(256 * dense.bias[:whole:2] + dense.bias[1:whole:2])
    return starts
