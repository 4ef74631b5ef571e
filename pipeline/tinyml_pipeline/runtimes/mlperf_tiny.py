"""Firmware that answers the runner of MLPerf Tiny: which benchmark a model is for, and what its C must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.c_text import float_literal
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.graph import Graph, Tensor
from tinyml_pipeline.compiler.prefix import c_prefix
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.model_io import ModelInterface, model_io_header
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.runtimes.project import machine_settings, platform_files
from tinyml_pipeline.runtimes.render import render

Form = Literal["INT8", "UINT8", "FLOAT32"]
NAME = "mlperf-tiny"
_NEWLINE = 10
_FILES = ("mlperf_tiny/mlperf_tiny.c", "mlperf_tiny/mlperf_tiny.h", "protocol/machine.h", "ports/arduino/machine.cpp")


@dataclass(frozen=True)
class Benchmark:
    """One network of MLPerf Tiny, told by its sizes: github.com/mlcommons/tiny, benchmark/runner/tests_*.yaml.

    The runner sends the input in `form`, whatever the model's own type is: 8-bit numbers as the network's int8, images
    as bytes from 0 to 255, which are int8 plus 128, or float32. `is_anomaly`: the answer is one number, the mean
    squared difference between input and output.
    """

    name: str
    inputs: int
    outputs: int
    form: Form
    is_anomaly: bool = False


BENCHMARKS: Sequence[Benchmark] = (
    Benchmark("kws01", 49 * 10, 12, "INT8"),
    Benchmark("vww01", 96 * 96 * 3, 2, "UINT8"),
    Benchmark("ic01", 32 * 32 * 3, 10, "UINT8"),
    Benchmark("ad01", 640, 640, "FLOAT32", is_anomaly=True),
)


def benchmark_of(graph: Graph) -> Benchmark:
    """The benchmark whose input and output the model has; UnsupportedError if there is none, or no int8 inside."""
    ports = [(edge.inner.size, edge.inner.type) for side in model_edges(graph) for edge in side]
    for benchmark in BENCHMARKS:
        if ports == [(benchmark.inputs, "INT8"), (benchmark.outputs, "INT8")]:
            return benchmark
    has = ", ".join(f"{count:,} ({dtype.lower()})" for count, dtype in ports)
    known = ", ".join(f"{one.name} {one.inputs:,} in and {one.outputs} out" for one in BENCHMARKS)
    raise UnsupportedError(
        f"the runner of MLPerf Tiny knows no such model: it needs one int8 input and output of {known}; this one has"
        f" {has}."
    )


def config_header(graph: Graph) -> str:
    """The text of mlperf_tiny_config.h. Raises as benchmark_of()."""
    benchmark = benchmark_of(graph)
    (given,), (made,) = model_edges(graph)
    lines = [f"#define MLPERF_TINY_{form} {number}" for number, form in enumerate(("INT8", "UINT8", "FLOAT32"))]
    lines += [
        f'#define MLPERF_TINY_MODEL "{benchmark.name}"',
        '#define MLPERF_TINY_NAME "tinyml-pipeline"',
        f"#define MLPERF_TINY_FORM MLPERF_TINY_{benchmark.form} /* of the input, as it is sent */",
        *_quantization("INPUT", given.inner),
        *_quantization("OUTPUT", made.inner),
    ]
    if benchmark.is_anomaly:
        lines.append("#define MLPERF_TINY_ANOMALY")
    body = "\n".join(lines)
    return f"""\
/* SPDX-License-Identifier: MIT */
/* What mlperf_tiny.c is told of the model. */
#ifndef MLPERF_TINY_CONFIG_H
#define MLPERF_TINY_CONFIG_H

{body}

#endif
"""


def _quantization(side: str, tensor: Tensor) -> list[str]:
    quantization = tensor.quantization
    assert quantization is not None, "an int8 port has a scale"
    scale, zero_point = float_literal(quantization.scale), quantization.zero_point
    return [
        f"#define MLPERF_TINY_{side}_SCALE {scale}",
        f"#define MLPERF_TINY_{side}_ZERO_POINT ({zero_point})",
    ]


def project(model: QuantizedModel, board: Board, compiled: SourceTree) -> SourceTree:
    """A sketch that serves the runner, with what Arduino's tools and PlatformIO need to build it, in a folder.

    `compiled` is the model's C for the board. Raises UnsupportedError as benchmark_of(), or without Arduino.
    """
    if board.arduino is None:
        raise UnsupportedError(f"{board.name} has no Arduino core, so there is no sketch for it.")
    header, identifier = config_header(model.graph), c_identifier(model.name)
    values: dict[str, Any] = {
        "id": identifier,
        "title": model.name,
        "board_display": board.display,
        "benchmark": benchmark_of(model.graph).name,
    }
    files = platform_files(board).merged({f"{identifier}.ino": render("project/mlperf_tiny.ino", values)})
    settings = {**machine_settings(board), "MACHINE_LAST_BYTE": _NEWLINE}
    served = {Path(name).name: (FIRMWARE / name).read_text(encoding="utf-8") for name in _FILES}
    prefix = c_prefix(model.name)
    served["mlperf_tiny_config.h"] = header
    served["model_io.h"] = model_io_header(ModelInterface.of(model.graph, prefix), settings, f"../{prefix}.h")
    files = files.merged(SourceTree(served).under("src/mlperf_tiny")).merged(compiled.under("src"))
    return files.under(identifier)
