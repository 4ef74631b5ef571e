"""The ahead-of-time road: plain C of the model and its kernels, no interpreter around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.boards.board import Board
from pipeline.compiler.graph import Graph
from pipeline.compiler.source_tree import SourceTree
from pipeline.compiler.target import Target
from pipeline.quantize.quantized_model import QuantizedModel
from pipeline.runtimes.runtime import Oracle


@dataclass(frozen=True)
class AotRuntime:
    """`compile_graph` is the compiler's (pipeline.compiler.emit_c): a stage is handed another's functions."""

    compile_graph: Callable[[Graph, str, Target], SourceTree]
    name = "aot"

    def check(self, model: QuantizedModel, target: Board) -> None:
        """Raises UnsupportedError where the compiler has no exact form for something in the model."""
        self.compile(model, target)

    def compile(self, model: QuantizedModel, target: Board) -> SourceTree:
        """`model.h`, `model.c` and the kernels in use, laid out for the board's processor."""
        return self.compile_graph(model.graph, model.name, Target(target.compiler_target, target.optimize))

    def sources(self, model: QuantizedModel, target: Board, oracle: Oracle) -> SourceTree:
        """The same under a folder named after the board; compiled C needs no arena and bakes in no vectors."""
        return self.compile(model, target).under(target.name)
