"""The bank's network by hand: 2 children and 3 accounts give 9 transactions, in float and in int8."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Quantization
from tinyml_pipeline.show.network.network import Int8Steps, Layer, Network

NAMES = (("children", "accounts"), ("transactions",))
FLOAT = Network(
    "bank", "float", "abc", *NAMES,
    (
        Layer("input", "Input", (2,)),
        Layer("hidden", "Dense", (2,), 6, 24, activation="relu", sources=(0,), weight_range=(-1, 1),
              weights=((1.0, -1.0), (1.0, 1.0)), biases=(0.0, 0.5)),
        Layer("output", "Dense", (1,), 2, 8, sources=(1,), weight_range=(-1, 2), weights=((2.0,), (-1.0,))),
    ),
)  # fmt: skip
INT8 = Network(
    "bank", "int8", "def", *NAMES,
    (
        Layer("input", "Input", (2,), steps=Int8Steps(Quantization((0.5,), (-128,)))),
        Layer("operation 0", "FULLY_CONNECTED", (2,), 6, 12, activation="tanh", sources=(0,),
              weights=((1.0, -1.0), (1.0, 1.0)), biases=(0.0, 0.5),
              steps=Int8Steps(Quantization((0.125,), (0,)), Quantization((0.25,), (-1,)), Quantization((0.25,), (0,)),
                              ((4, -4), (4, 4)), (0, 4))),
        Layer("operation 2", "FULLY_CONNECTED", (1,), 2, 2, sources=(1,), weights=((2.0,), (-1.0,)),
              steps=Int8Steps(Quantization((0.75,), (6,)), None, Quantization((0.5, 0.25), (0, 0)), ((4,), (-2,)))),
    ),
)  # fmt: skip
WIDE = Network(
    "wide", "float", "abc", ("x",), ("y",),
    (
        Layer("image", "Input", (8, 8, 1)),
        Layer("conv", "Conv2D", (4, 4, 8), 80, 320, activation="relu", sources=(0,), kernel=(3, 3), strides=(2, 2),
              weight_range=(-0.25, 0.75)),
        Layer("add", "Add", (4, 4, 8), sources=(1, 0)),
    ),
)  # fmt: skip
