"""CONV_2D and DEPTHWISE_CONV_2D: edges of geometry, scales, zero points and biases, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.networks import ACTIVATIONS
from tests.ops.check import Build, exact, refused
from tests.ops.convolutions import convolution, draw_convolution

# Of both operators; depth 4 and 4, 5 or 8 outputs of CONV_2D.
GEOMETRY: dict[str, dict[str, Any]] = {
    "same_padding_stride_2": {"stride": (2, 2)},
    "same_padding_stride_2_even_size": {"image": (6, 8, 4), "stride": (2, 2)},
    "same_padding_stride_3_of_2x2": {"filter_size": (2, 2), "stride": (3, 3)},
    "valid_padding": {"same": False},
    "valid_padding_stride_2_leaves_a_rest": {"image": (6, 8, 4), "same": False, "stride": (2, 2)},
    "odd_widths": {"image": (7, 5, 3), "filter_size": (3, 5)},
    "one_channel": {"image": (7, 5, 1)},
    "one_by_one": {"filter_size": (1, 1)},
    "one_by_one_stride_2": {"filter_size": (1, 1), "stride": (2, 2)},
    "one_by_one_odd_pixels": {"image": (3, 3, 4), "filter_size": (1, 1)},
    "one_pixel": {"image": (1, 1, 4), "filter_size": (1, 1)},
    "one_row_as_of_conv_1d": {"image": (1, 11, 4), "filter_size": (1, 3)},
    "one_row_valid": {"image": (1, 11, 4), "filter_size": (1, 4), "same": False, "stride": (1, 2)},
    "dilation": {"image": (9, 10, 4), "dilation": (2, 3)},
    "dilation_valid": {"image": (9, 10, 4), "dilation": (2, 3), "same": False},
    "dilation_and_stride": {"image": (9, 10, 4), "dilation": (2, 2), "stride": (2, 3)},
    "longest_dilation_and_padding": {"dilation": (2**15 - 1, 1)},
    "even_filter_pads_more_behind": {"filter_size": (4, 2)},
    "filter_larger_than_image": {"image": (2, 3, 4), "filter_size": (5, 5)},
    "whole_image": {"image": (4, 3, 4), "filter_size": (4, 3), "same": False},
    "batches": {"batches": 3},
    "batches_one_by_one": {"batches": 2, "image": (3, 3, 4), "filter_size": (1, 1)},
}
SCALES: dict[str, dict[str, Any]] = {
    "per_tensor": {"weight_scale": 0.01},
    "no_bias": {"bias": None},
    "no_bias_per_tensor": {"bias": None, "weight_scale": [0.01]},
    "zero_points_at_the_low_end": {"given": (0.05, -128), "wanted": (0.3, -128)},
    "zero_points_at_the_high_end": {"given": (0.05, 127), "wanted": (0.3, 127)},
    "weights_all_-128": {"weights": -128},
    "weights_all_0": {"weights": 0},
    "shifts_far_apart": {"weight_scale": [1e-9, 1e-3, 0.1, 3.0]},
    "shifts_at_both_limits": {"given": (1.0, 0), "weight_scale": [2.0**-32, 2.0**-31, 1.0, 2.0**9], "wanted": (1.0, 3),
                              "weights": [1, -1, 1, -1]},
    "no_shift": {"given": (1.0, 0), "weight_scale": 0.75, "wanted": (1.0, 0)},
    "scale_0_of_a_channel": {"weight_scale": [0.0, 0.01, 0.02, 0.03]},
    "extreme_scales": {"given": (1e-6, 5), "weight_scale": 1e-6, "wanted": (1e-10, 0)},
    "int4_weights": {"weight_type": "INT4", "weight_scale": [0.1, 0.2, 0.3, 0.4]},
    "int4_weights_per_tensor": {"weight_type": "INT4", "weight_scale": 0.1},
}  # fmt: skip


GROUPS = ((4, 8, 2), (6, 6, 3), (4, 4, 4), (2, 10, 2), (6, 15, 3))
MULTIPLIERS = ((1, 4), (3, 2), (4, 3), (8, 1), (9, 1), (5, 8))


def cases(*, depthwise: bool) -> dict[str, Build]:
    found = {}
    for name, case in GEOMETRY.items():
        image = case.get("image", (5, 6, 4))
        rest = {key: value for key, value in case.items() if key != "image"}
        found[name] = convolution(image, image[2] if depthwise else 5, depthwise=depthwise, **rest)
    for name, case in SCALES.items():
        rest = dict(case)
        if not depthwise and isinstance(case.get("weights"), list):
            rest["weights"] = np.reshape(case["weights"], (4, 1, 1, 1))
        found[name] = convolution((4, 4, 4), 4, depthwise=depthwise, **rest)
    for name in ACTIVATIONS:
        found[name] = convolution((4, 4, 4), 4, depthwise=depthwise, activation=name, wanted=(0.02, -20))
    return found


CONV_2D = cases(depthwise=False)
CONV_2D |= {f"{n}_channels": convolution((3, 5, 2), n, (2, 3)) for n in (1, 2, 3, 4, 6, 7, 8, 9)}
CONV_2D |= {
    f"{groups}_groups_of_{depth}_to_{n}": convolution((5, 4, depth), n, groups=groups, stride=(2, 1))
    for depth, n, groups in GROUPS
}
CONV_2D["groups_of_one_by_one"] = convolution((3, 3, 6), 10, (1, 1), groups=2)
DEPTHWISE = cases(depthwise=True)
DEPTHWISE |= {
    f"multiplier_{n}_of_{depth}": convolution((5, 4, depth), depth * n, depthwise=True, stride=(1, 2))
    for depth, n in MULTIPLIERS
}
test_exact = exact(CONV_2D)
test_exact_depthwise = exact(DEPTHWISE)

NO = " is unsupported; supported: "
REFUSED = {
    "weight_axis": (convolution(channels=3, axis=1), f"weights quantized along axis 1{NO}axis 0."),
    "weight_type": (convolution(weight_type="INT16"), f"weights of type INT16{NO}INT8 or INT4."),
    "bias_size": (convolution(bias_size=4), f"a bias of 4 values{NO}5, one per output channel."),
    "output_size": (
        convolution(output_shape=(1, 5, 5, 5)),
        f"an output of shape [1, 5, 5, 5]{NO}(1, 5, 6, channels).",
    ),
    "output_channels": (convolution(output_shape=(1, 5, 6, 4)), f"an output of 4 channels{NO}5."),
    "filter_outside": (
        convolution((2, 2, 3), 5, (3, 3), same=False, output_shape=(1, 1, 1, 5)),
        f"a filter of 3x3 on 2x2{NO}filters that fit into the image.",
    ),
    "groups": (
        convolution((4, 4, 6), 4, groups=3),
        f"filters of 4 outputs and 2 inputs on 6 channels{NO}channels that divide into groups.",
    ),
    "stride": (convolution(stride=(0, 1), output_shape=(1, 1, 1, 5)), f"a stride of 0x1{NO}strides from 1 on."),
    "stride_of_17_bits": (
        convolution(stride=(1, 2**15)),
        f"a stride of 1x32768{NO}up to 32767, as TFLM's kernel has it in 16 bits.",
    ),
    "dilation_of_17_bits": (
        convolution(dilation=(2**15, 1)),
        f"a dilation of 32768x1{NO}up to 32767, as TFLM's kernel has it in 16 bits.",
    ),
    "padding_of_17_bits": (
        convolution(filter_size=(4, 1), dilation=(2**15 - 1, 1)),
        f"a padding of 49150x0{NO}up to 32767, as TFLM's kernel has it in 16 bits.",
    ),
    "tanh": (convolution(activation="TANH"), f"fused activation TANH{NO}NONE, RELU, RELU6, RELU_N1_TO_1."),
    "sum": (
        convolution(bias=[2**31 - 1] * 5, weights=100),
        f"a sum of up to 2147837347{NO}sums within 32 bits.",
    ),
    "scales": (
        convolution(weight_scale=1e6, wanted=(1e-6, 0)),
        f"an output scale of 1e-06{NO}ratios of scales below 2^30.",
    ),
}


REFUSED_DEPTHWISE = {
    "multiplier": (
        convolution((4, 4, 3), 6, depthwise=True, multiplier=3),
        f"6 outputs from 3 channels with depth multiplier 3{NO}channels times multiplier.",
    ),
    "multiplier_of_17_bits": (
        convolution((1, 1, 1), 2**15, (1, 1), depthwise=True),
        f"a depth multiplier of 32768{NO}up to 32767, as TFLM's kernel has it in 16 bits.",
    ),
    "weight_axis": (
        convolution((4, 4, 3), 3, depthwise=True, axis=1),
        f"weights quantized along axis 1{NO}axis 3.",
    ),
    "output_channels": (
        convolution((4, 4, 3), 3, depthwise=True, output_shape=(1, 4, 4, 2)),
        f"an output of 2 channels{NO}3.",
    ),
}


test_refused = refused({name: (build, f"conv_2d (op 0): {text}") for name, (build, text) in REFUSED.items()})
test_refused_depthwise = refused(
    {name: (build, f"depthwise_conv_2d (op 0): {text}") for name, (build, text) in REFUSED_DEPTHWISE.items()}
)

draws = {
    "conv_2d": lambda builder, source: draw_convolution(builder, source, depthwise=False),
    "depthwise_conv_2d": lambda builder, source: draw_convolution(builder, source, depthwise=True),
}
