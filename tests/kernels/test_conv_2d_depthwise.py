"""A convolution and the depthwise one behind it in one kernel: what is joined, and TFLM's bytes from C and assembly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.kernels.conv_2d_depthwise_s8 import Strips, strips_of
from tinyml_pipeline.compiler.lowering import Function
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.program import Program, make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.select import Budget, flash_of
from tinyml_pipeline.compiler.target import Target, find_target

from tests.kernels.convolution_cases import Cases
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution
from tests.tflite_writer import Writer

M4 = find_target("cortex-m4", "speed")
RELU = {"wanted": (0.3, -128), "activation": "RELU"}
STRIDE_2 = {"stride": (2, 2)}
CONSTANT = {"bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002}
NO_FIT = {"weight_scale": 0.02, "activation": "RELU"}  # ratios of scales above 1/32
CASES: dict[str, dict[str, Any]] = {
    "two_pixels": {"image": (1, 2, 4), "channels": 4},
    "a_square": {"image": (6, 6, 8), "channels": 8, "conv": RELU, "depthwise": RELU},
    "one_line": {"image": (1, 7, 4), "channels": 5},
    "two_strips": {"image": (7, 9, 5), "channels": 6},
    "many_strips": {"image": (20, 13, 4), "channels": 7, "conv": RELU, "depthwise": RELU},
    "strips_end_with_the_image": {"image": (13, 14, 4), "channels": 4, "conv": RELU},
    "stride_2": {"image": (9, 11, 4), "channels": 4, "depthwise": STRIDE_2},
    "stride_2_even": {"image": (16, 16, 4), "channels": 5, "conv": RELU, "depthwise": {**STRIDE_2, **RELU}},
    "stride_2_valid": {"image": (10, 12, 4), "channels": 4, "depthwise": {**STRIDE_2, "same": False}},
    "valid": {"image": (9, 10, 4), "channels": 4, "depthwise": {"same": False}},
    "down": {"image": (9, 5, 4), "channels": 5, "conv": RELU, "depthwise": RELU},
    "down_in_strips": {"image": (25, 5, 4), "channels": 64, "conv": RELU, "depthwise": RELU},
    "down_in_strips_signed": {"image": (19, 6, 3), "channels": 66, "batches": 2},
    "down_stride_2": {"image": (11, 6, 4), "channels": 4, "depthwise": {**STRIDE_2, **RELU}},
    "down_stride_2_in_strips": {"image": (33, 4, 4), "channels": 70, "depthwise": STRIDE_2},
    "down_valid": {"image": (12, 8, 4), "channels": 4, "depthwise": {"same": False}},
    "first_layer": {"image": (20, 18, 3), "channels": 8, "filter_size": (3, 3), "conv": {**STRIDE_2, **RELU}},
    "first_layer_of_speech": {
        "image": (18, 10, 1), "channels": 8, "filter_size": (10, 4), "conv": {**STRIDE_2, **RELU},
    },
    "scales_that_nothing_fits": {
        "image": (5, 7, 4), "channels": 4,
        "conv": {**NO_FIT, "wanted": (0.03, -128)}, "depthwise": {**NO_FIT, "wanted": (0.015, -128)},
    },
    "stride_2_that_nothing_fits": {
        "image": (5, 7, 4), "channels": 4, "depthwise": {**NO_FIT, **STRIDE_2, "wanted": (0.15, -128)},
    },
    "chunks": {"image": (3, 4, 200), "channels": 5, "conv": {"weights": 127, "wanted": (9.0, 4)},
               "depthwise": {"wanted": (30.0, 4)}},
    "constant_channels": {"image": (4, 5, 4), "channels": 4, "conv": CONSTANT, "depthwise": CONSTANT},
    "fitted_constants": {
        "image": (4, 5, 4), "channels": 4, "conv": {**RELU, **CONSTANT}, "depthwise": {**RELU, **CONSTANT},
    },
    "extremes": {"image": (4, 5, 4), "channels": 4, "conv": {"weights": -128}, "depthwise": {"weights": 127}},
    "high_zero_points": {
        "image": (4, 5, 4), "channels": 4, "given": (0.05, 127), "conv": {"wanted": (0.3, 127)},
        "depthwise": {"wanted": (0.9, 127)},
    },
    "overlapping": {"image": (20, 8, 8), "channels": 8, "more": 8, "conv": RELU, "depthwise": RELU},
    "overlapping_and_growing": {"image": (19, 5, 8), "channels": 60, "more": 64, "depthwise": RELU},
    "batches": {"image": (8, 7, 4), "channels": 4, "batches": 3, "conv": RELU, "depthwise": RELU},
}  # fmt: skip


def make(case: dict[str, Any]) -> Build:
    """The two layers, and behind them two of `more` channels."""
    shared = {"batches": case.get("batches", 1)}

    def layers(writer: Writer, source: int | None, image: tuple[int, int, int], channels: int) -> tuple[list[int], int]:
        conv = {"filter_size": case.get("filter_size", (1, 1)), "given": case.get("given", (0.05, -3))}
        sources, (middle,) = convolution(image, channels, source=source, **shared, **conv | case.get("conv", {}))(
            writer
        )
        between = (*map(int, writer.tensors[middle].shape[1:3]), channels)
        options = {"depthwise": True, "source": middle} | case.get("depthwise", {})
        _, (output,) = convolution(between, channels, **shared, **options)(writer)
        return sources, output

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        sources, output = layers(writer, None, case["image"], case["channels"])
        if "more" in case:
            image = (*map(int, writer.tensors[output].shape[1:3]), case["channels"])
            _, output = layers(writer, output, image, case["more"])
        return sources, [output]

    return build


ALL = Cases(CASES, make, 7)


def program(budget: Budget | None = None) -> Program:
    return make_program(read_tflite(ALL.tflite), M4, budget)


def test_each_case_gets_the_kernel() -> None:
    assert ALL.kernels(M4) == {"conv_2d_depthwise_s8"}


def test_the_cases_have_every_form() -> None:
    found = [step.lowering.calls[0].arguments[-2:] for step in program().steps]
    kinds = ("signed", "unsigned", "fitted")
    functions = {argument.name for pair in found for argument in pair if isinstance(argument, Function)}
    chains = {f"chain_run_{kind}_halves" for kind in kinds}
    assert functions == chains | {f"strip_run_{stride}_{kind}" for kind in kinds for stride in (1, 2)}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, tmp_path: Path) -> None:
    ALL.check_on_host(M4, compiler, tmp_path)


@pytest.mark.parametrize("board", ["sim-cortex-m4", "sim-cortex-m33"])
def test_on_the_processor(board: str, tmp_path: Path) -> None:
    ALL.check_on_processor(board, tmp_path)


def test_strips_whose_lines_run_down_waste_no_pixel() -> None:
    """Of 25 rows of 5 pixels: 13 rows of the convolution are 22 threes, and the other 12 are 20."""
    window = Window(1, 25, 5, 64, 3, 3, 1, 1, 1, 1, 1, 1, 25, 5)
    assert strips_of(window) == Strips(runs_down=True, first=12, others=13, columns=7, positions=15)


def test_lines_along_wide_images_are_eight_at_a_time() -> None:
    window = Window(1, 48, 48, 16, 3, 3, 2, 2, 1, 1, 0, 0, 24, 24)
    assert strips_of(window) == Strips(runs_down=False, first=3, others=3, columns=49, positions=49)


def pair(**changes: Any) -> bytes:
    return model_of(make({"image": (6, 6, 8), "channels": 8, "conv": RELU, "depthwise": RELU, **changes}))


def functions(tflite: bytes, budget: Budget | None = None, target: Target = M4) -> list[str]:
    return [step.choice.chosen.kernel.function for step in make_program(read_tflite(tflite), target, budget).steps]


JOINED = ["conv_2d_depthwise_s8"]
APART = ["conv_2d_chain_s8", "depthwise_conv_2d_planes_s8"]


def test_only_where_nothing_else_reads_what_lies_between() -> None:
    def two_readers(writer: Writer) -> tuple[list[int], list[int]]:
        sources, outputs = make({"image": (6, 6, 8), "channels": 8})(writer)
        between = writer.operators[0].outputs[0]
        other = writer.tensor((1, 6, 6, 8), 0.3, 4)
        writer.operation("RELU", [between], [other])
        return sources, [*outputs, other]

    def an_output(writer: Writer) -> tuple[list[int], list[int]]:
        sources, outputs = make({"image": (6, 6, 8), "channels": 8})(writer)
        return sources, [*outputs, int(writer.operators[0].outputs[0])]

    assert functions(pair()) == JOINED
    assert functions(model_of(an_output)) == APART
    assert JOINED[0] not in functions(model_of(two_readers))


def test_only_where_a_kernel_takes_both() -> None:
    assert functions(pair(depthwise={"filter_size": (3, 2)}))[0] == "conv_2d_chain_s8"
    assert JOINED[0] not in functions(pair(), target=find_target("cortex-m4", "size"))
    assert JOINED[0] not in functions(pair(), target=find_target("cortex-m3", "speed"))


def test_only_within_the_budget() -> None:
    (step,) = make_program(read_tflite(pair()), M4).steps
    scratch, flash = step.choice.chosen.cost.scratch_bytes, flash_of([step.choice.chosen])
    assert functions(pair(), Budget(flash, scratch + 2 * 6 * 6 * 8)) == JOINED
    assert functions(pair(), Budget(flash - 1, None)) != JOINED
    assert functions(pair(), Budget(None, scratch - 1)) == APART


def test_the_explanation_names_what_it_stands_for() -> None:
    (layer,) = explain(read_tflite(pair()), M4)
    assert (layer.operator, layer.macs) == ("CONV_2D_DEPTHWISE", 6 * 6 * 8 * 8 + 6 * 6 * 8 * 9)
    (name, why) = layer.others[-1]
    assert name == "conv_2d_chain_s8 and depthwise_conv_2d_planes_s8"
    assert why.startswith("cost ")
    assert f"instead of {layer.cost.cycles:,} and" in why


@pytest.mark.parametrize(
    ("image", "channels", "lead"),
    [
        ((25, 5, 64), 64, 0),
        ((48, 48, 8), 8, 0),
        # After the third of four strips of 6 rows 18 rows of outputs are there, and 19 of inputs were read.
        ((24, 24, 16), 32, 18 * 24 * 32 - 19 * 24 * 16),
    ],
)
def test_the_output_may_lie_where_the_input_was(image: tuple[int, int, int], channels: int, lead: int) -> None:
    (step,) = make_program(read_tflite(pair(image=image, channels=channels)), M4).steps
    (overlap,) = step.lowering.overlaps
    assert overlap.lead_bytes == lead
