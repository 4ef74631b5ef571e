"""The libraries that bring TensorFlow Lite for Microcontrollers (TFLM) to a board, and what each can run.

The operations were read from the `MicroMutableOpResolver` of espressif/esp-tflite-micro 1.4.0 and of
Chirale_TensorFLowLite 2.0.0. TFLM ignores the version of an operation, so a library that is older than the model does
not refuse it but computes something else: what is known of that stands here as well.

Espressif's kernels of before esp-tflite-micro 1.3.4 (September 2025) take one scale for all outputs of a dense layer,
and so does Arduino's core 3.2.0 with them. None of these libraries computes a grouped convolution rightly: Espressif's
wrapper (1.4.0 too) tells its kernel of one group's channels only. On an ESP32-S3, per-channel dense layers may still go
wrong where they have no multiple of 8 outputs (esp-nn issue 34, open in August 2026); the self-test of a sketch shows
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tinyml_pipeline.errors import UsageError

# Schema name of each builtin operation -> the resolver's method that registers it.
ADD_METHODS: Mapping[str, str] = {
    "ABS": "AddAbs", "ADD": "AddAdd", "ADD_N": "AddAddN", "ARG_MAX": "AddArgMax", "ARG_MIN": "AddArgMin",
    "ASSIGN_VARIABLE": "AddAssignVariable", "AVERAGE_POOL_2D": "AddAveragePool2D", "BATCH_MATMUL": "AddBatchMatMul",
    "BATCH_TO_SPACE_ND": "AddBatchToSpaceNd", "BROADCAST_ARGS": "AddBroadcastArgs", "BROADCAST_TO": "AddBroadcastTo",
    "CALL_ONCE": "AddCallOnce", "CAST": "AddCast", "CEIL": "AddCeil", "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D", "COS": "AddCos", "CUMSUM": "AddCumSum", "DEPTH_TO_SPACE": "AddDepthToSpace",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D", "DEQUANTIZE": "AddDequantize", "DIV": "AddDiv",
    "DYNAMIC_UPDATE_SLICE": "AddDynamicUpdateSlice", "ELU": "AddElu", "EMBEDDING_LOOKUP": "AddEmbeddingLookup",
    "EQUAL": "AddEqual", "EXP": "AddExp", "EXPAND_DIMS": "AddExpandDims", "FILL": "AddFill", "FLOOR": "AddFloor",
    "FLOOR_DIV": "AddFloorDiv", "FLOOR_MOD": "AddFloorMod", "FULLY_CONNECTED": "AddFullyConnected",
    "GATHER": "AddGather", "GATHER_ND": "AddGatherNd", "GREATER": "AddGreater", "GREATER_EQUAL": "AddGreaterEqual",
    "HARD_SWISH": "AddHardSwish", "IF": "AddIf", "L2_NORMALIZATION": "AddL2Normalization",
    "L2_POOL_2D": "AddL2Pool2D", "LEAKY_RELU": "AddLeakyRelu", "LESS": "AddLess", "LESS_EQUAL": "AddLessEqual",
    "LOG": "AddLog", "LOG_SOFTMAX": "AddLogSoftmax", "LOGICAL_AND": "AddLogicalAnd", "LOGICAL_NOT": "AddLogicalNot",
    "LOGICAL_OR": "AddLogicalOr", "LOGISTIC": "AddLogistic", "MAX_POOL_2D": "AddMaxPool2D", "MAXIMUM": "AddMaximum",
    "MEAN": "AddMean", "MINIMUM": "AddMinimum", "MIRROR_PAD": "AddMirrorPad", "MUL": "AddMul", "NEG": "AddNeg",
    "NOT_EQUAL": "AddNotEqual", "PACK": "AddPack", "PAD": "AddPad", "PADV2": "AddPadV2", "PRELU": "AddPrelu",
    "QUANTIZE": "AddQuantize", "READ_VARIABLE": "AddReadVariable", "REDUCE_ALL": "AddReduceAll",
    "REDUCE_MAX": "AddReduceMax", "REDUCE_MIN": "AddReduceMin", "RELU": "AddRelu", "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape", "RESIZE_BILINEAR": "AddResizeBilinear",
    "RESIZE_NEAREST_NEIGHBOR": "AddResizeNearestNeighbor", "REVERSE_V2": "AddReverseV2", "ROUND": "AddRound",
    "RSQRT": "AddRsqrt", "SELECT_V2": "AddSelectV2", "SHAPE": "AddShape", "SIN": "AddSin", "SLICE": "AddSlice",
    "SOFTMAX": "AddSoftmax", "SPACE_TO_BATCH_ND": "AddSpaceToBatchNd", "SPACE_TO_DEPTH": "AddSpaceToDepth",
    "SPLIT": "AddSplit", "SPLIT_V": "AddSplitV", "SQRT": "AddSqrt", "SQUARE": "AddSquare",
    "SQUARED_DIFFERENCE": "AddSquaredDifference", "SQUEEZE": "AddSqueeze", "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub", "SUM": "AddSum", "SVDF": "AddSvdf", "TANH": "AddTanh", "TRANSPOSE": "AddTranspose",
    "TRANSPOSE_CONV": "AddTransposeConv", "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
    "UNPACK": "AddUnpack", "VAR_HANDLE": "AddVarHandle", "WHILE": "AddWhile", "ZEROS_LIKE": "AddZerosLike",
}  # fmt: skip


@dataclass(frozen=True)
class TargetLibrary:
    """One library to build the sketch with.

    `first_include` is the header that a sketch must include first, with its brackets, or None. `lacks` are operations
    of ADD_METHODS that it has no method for; `per_channel_dense` says whether it computes these layers rightly: where
    not, it says nothing and gives wrong numbers.
    """

    name: str
    display: str
    kernels: Literal["ESP-NN", "CMSIS-NN"]
    """The fast kernels that it is built with."""
    release: str
    layout: Literal["arduino", "esp-idf"]
    first_include: str | None
    per_channel_dense: bool
    install: tuple[str, ...]
    lacks: frozenset[str] = frozenset()
    sketch_yaml: tuple[str, ...] = ()
    """As sketch.yaml names it, where a core does not bring it."""
    platformio: tuple[str, ...] = ()
    """As PlatformIO's lib_deps names it."""

    @property
    def full_name(self) -> str:
        return f"{self.display} {self.release}"


LIBRARIES: Mapping[str, TargetLibrary] = {
    library.name: library
    for library in (
        TargetLibrary(
            name="arduino-esp32",
            display="Arduino core for ESP32",
            kernels="ESP-NN",
            release="3.3.9",  # of June 2026; esp-tflite-micro was at 1.3.5 then
            layout="arduino",
            first_include=None,
            per_channel_dense=True,
            install=(
                "Install in the Arduino IDE: board manager, 'esp32' by Espressif, 3.3.9 or later; TFLM comes with it.",
                "Then choose your ESP32 board.",
            ),
            lacks=frozenset({"REDUCE_ALL"}),
        ),
        TargetLibrary(
            name="chirale",
            display="Chirale_TensorFLowLite",
            kernels="CMSIS-NN",
            release="2.0.0",
            layout="arduino",
            # The library is spelled FLow, its header Flow; on Linux that matters.
            first_include="<Chirale_TensorFlowLite.h>",
            per_channel_dense=False,
            install=(
                "Install in the Arduino IDE: library manager, 'Chirale_TensorFLowLite' (spelled like that), 2.0.0.",
                "Then choose your board: Nano 33 BLE, Raspberry Pi Pico with the Mbed core, ... For the Pico Arduino's",
                "tools warn that the library does not name it, and build it all the same.",
            ),
            lacks=frozenset(
                {"BATCH_MATMUL", "DYNAMIC_UPDATE_SLICE", "EMBEDDING_LOOKUP", "REDUCE_ALL", "REDUCE_MIN", "REVERSE_V2"}
            ),
            sketch_yaml=("Chirale_TensorFLowLite (2.0.0)",),
            platformio=("https://github.com/spaziochirale/Chirale_TensorFlowLite.git#v2.0.0",),
        ),
        TargetLibrary(
            name="esp-idf",
            display="espressif/esp-tflite-micro",
            kernels="ESP-NN",
            release="1.4.0",
            layout="esp-idf",
            first_include=None,
            per_channel_dense=True,
            install=(),
        ),
    )
}


def find_library(name: str) -> TargetLibrary:
    """The library called `name`; UsageError names all of them."""
    if name not in LIBRARIES:
        raise UsageError(f"there is no target library '{name}'; choose one of: {', '.join(LIBRARIES)}.")
    return LIBRARIES[name]
