"""Ahead of time: plain C of the model and its kernels, no interpreter around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.project import Shell, project_files, protocol_files
from tinyml_pipeline.runtimes.render import render
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.template_values import model_values


@dataclass(frozen=True)
class AotRuntime:
    """`compile_graph` is the compiler's (tinyml_pipeline.compiler.compile): a stage is handed another's functions."""

    compile_graph: Callable[[Graph, str, Target], SourceTree]
    name = "aot"

    def check(self, model: QuantizedModel, target: Board) -> None:
        """Raises UnsupportedError where the compiler has no exact form for something in the model."""
        self.compile(model, target)

    def compile(self, model: QuantizedModel, target: Board) -> SourceTree:
        """`NAME.h`, `NAME.c` and the kernels in use, laid out for the board's processor."""
        return self.compile_graph(model.graph, model.name, find_target(target.compiler_target, target.optimize))

    def sources(self, model: QuantizedModel, target: Board, oracle: Oracle) -> SourceTree:
        """The same under a folder named after the board; compiled C needs no arena and bakes in no vectors."""
        return self.compile(model, target).under(target.name)

    def project(
        self, model: QuantizedModel, board: Board, oracle: Oracle, compiled: SourceTree | None = None
    ) -> SourceTree:
        """A whole firmware project for a board with an Arduino core, in a folder named after the model.

        `compiled` is what `compile` gives, if it has run already. Raises UnsupportedError if the compiler has no exact
        form for something, or the board no sketch.
        """
        values: dict[str, Any] = {
            **model_values(model, oracle),
            "golden_include": '"kernels/common/port.h"',
            "golden_place": " FLASH",
        }
        values["range_name_bytes"] = _longest(values["ranges"], lambda domain: domain["name"])
        values["output_name_bytes"] = _longest(values["output_names"], str)
        shell = Shell("compiled ahead of time into plain C: no interpreter, no library")
        files = project_files(values, model, board, shell)
        prefix = values["prefix"]
        files = files.merged(protocol_files(ModelInterface.of(model.graph, prefix), board, f"../{prefix}.h"))
        files = files.merged((compiled or self.compile(model, board)).under("src"))
        for template in ("aot/model_config.h", "aot/model_runner.h", "aot/model_runner.cpp", "tflm/golden.h"):
            files = files.merged({f"src/{template.split('/')[1]}": render(template, values)})
        return files.under(values["id"])


def _longest(items: Iterable[Any], text: Callable[[Any], str]) -> int:
    """Characters of the longest text as a C array; an escape in it counts as what is written."""
    return 1 + max((len(text(item)) for item in items), default=0)
