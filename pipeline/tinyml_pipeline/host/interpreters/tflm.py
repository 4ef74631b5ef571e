"""TensorFlow Lite for Microcontrollers, built for this machine by the tflite-micro wheel: the oracle of every bit."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline import tools
from tinyml_pipeline.compiler.edges import model_edges, runs_as
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.errors import ModelFileError, ToolFailedError, UnsupportedError
from tinyml_pipeline.extras import is_importable
from tinyml_pipeline.host.interpreters.arena_probe import REFUSED
from tinyml_pipeline.host.interpreters.batch import (
    Int8Array,
    ParsedModel,
    file_and_graph,
    input_rows,
    output_arrays,
    without_batch,
)
from tinyml_pipeline.host.interpreters.native_output import first_sentence, native_stderr
from tinyml_pipeline.places import SOURCE_ROOT

_PROBE_SECONDS, _PROBE_SECONDS_AN_OPERATION = 60, 0.1
_PROBE_LIVES = 8


class TflmInterpreter:
    """A model in TFLM, with an arena that is surely large enough unless `arena_bytes` is given.

    The bytes of a file are read and checked first, because TFLM itself trusts every offset in it; a parsed model has
    passed that check. What the check lets through can still crash this process if somebody has tampered with the file;
    `minimum_arena_bytes` runs a model from elsewhere safely. Raises ModelFileError for a broken file or an input or
    output that is not int8, UnsupportedError with TFLM's own words for what it will not run.
    """

    def __init__(self, model: ParsedModel | bytes, arena_bytes: int | None = None) -> None:
        tflite, self._graph = file_and_graph(model)
        require_int8_ports(self._graph)
        self._stateful = any(tensor.is_variable for tensor in self._graph.tensors)
        from tflite_micro.python.tflite_micro import runtime

        sizes = [arena_bytes] if arena_bytes is not None else _generous_arenas(self._graph)
        for size in sizes:
            with native_stderr() as printed:
                try:
                    self._interpreter: Any = runtime.Interpreter.from_bytes(tflite, arena_size=size)
                    return
                except Exception as error:
                    reason = error
        arena = "" if arena_bytes is None else f" in an arena of {arena_bytes:,} bytes"
        raise UnsupportedError(f"TFLM cannot run this model{arena}: {printed.reason or reason}")

    def invoke(self, inputs: Sequence[Int8Array]) -> tuple[Int8Array, ...]:
        """Outputs (n, *shape) int8, one array an output, for inputs of the same form; shapes without the batch."""
        count, rows = input_rows(self._graph, inputs)
        outputs = output_arrays(self._graph, count)
        # The wrapper below the Python class: its methods cost a third of a microsecond each, the class as much again.
        wrapper = self._interpreter._interpreter
        set_input, run, get_output = wrapper.SetInputTensor, wrapper.Invoke, wrapper.GetOutputTensor
        reset = wrapper.Reset if self._stateful else None
        with native_stderr() as printed:
            try:
                for position, row in enumerate(rows):
                    if reset is not None:
                        reset()
                    for index, values in enumerate(row):
                        set_input(values, index)
                    run()
                    for index, output in enumerate(outputs):
                        output[position] = get_output(index)
                return without_batch(self._graph, outputs)
            except (RuntimeError, ValueError) as error:
                failure = error
        raise UnsupportedError(f"TFLM failed while it ran this model: {printed.reason or failure}")


def tensors_after(model: ParsedModel, inputs: Sequence[Int8Array]) -> dict[int, npt.NDArray[Any]]:
    """What TFLM has in every activation after one vector: tensor index -> array; `inputs` are (1, *shape)."""
    from tflite_micro.python.tflite_micro import runtime

    graph = model.graph
    _, rows = input_rows(graph, inputs)
    # Nothing shares memory here, so the arena must hold every activation at once; the second size surely does.
    with native_stderr():
        interpreter = runtime.Interpreter.from_bytes(
            model.tflite,
            arena_size=_generous_arenas(graph)[-1],
            intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
        )
        for index, values in enumerate(next(rows)):
            interpreter.set_input(values, index)
        interpreter.invoke()
        return {
            index: np.array(interpreter.GetTensor(index, 0)["tensor_data"])
            for operation in graph.operations
            for index in operation.outputs
        }


def require_int8_ports(graph: Graph) -> None:
    """Raises ModelFileError for a port of a type that this project does not run; see model_edges."""
    for role, edges in zip(("input", "output"), model_edges(graph), strict=True):
        for edge in edges:
            if not runs_as(graph, edge.inner, role):
                raise ModelFileError(
                    f"its {role} '{edge.own.name}' is {edge.own.type.lower()}; only int8 models are run here."
                )


def minimum_arena_bytes(model: ParsedModel | bytes) -> int:
    """The smallest tensor arena, to 16 bytes or 1/512 of it, in which TFLM runs the model; found by bisection.

    An upper bound for a 32-bit chip: this machine's pointers have 64 bits, and TFLM keeps its own structures in the
    arena. The search runs in a child process, because TFLM crashes in an arena that cannot hold its first structures,
    and on some damaged files. Without TFLM it is an estimate: every activation at once, and TFLM's structures.
    Raises UnsupportedError with TFLM's own words for what it will not run.
    """
    tflite, graph = file_and_graph(model)
    require_int8_ports(graph)
    if not is_importable("tflite_micro"):
        return _generous_arenas(graph)[0]
    low, high = 0, _generous_arenas(graph)[-1]
    ends_well = False
    for _ in range(_PROBE_LIVES):
        timeout_s = _PROBE_SECONDS + _PROBE_SECONDS_AN_OPERATION * len(graph.operations)
        try:
            output = tools.run(
                [sys.executable, "-m", "tinyml_pipeline.host.interpreters.arena_probe", str(low), str(high)],
                timeout_s=timeout_s,
                cwd=SOURCE_ROOT,
                stdin=tflite,
                check=False,
            )
        except ToolFailedError:
            raise UnsupportedError(
                f"TFLM did not find the size of this model's arena within {timeout_s:g} s, which takes some inferences;"
                " run it on a faster or less busy computer, or use a smaller model."
            ) from None
        tried = [int(line) for line in output.stdout.split()]
        if output.returncode == 0:
            return tried[-1]
        if output.returncode == REFUSED:
            raise UnsupportedError(
                "TFLM cannot run this model: "
                + (first_sentence(output.stderr.decode(errors="replace")) or "it gives no reason; look at its shapes.")
            )
        ends_well = ends_well or len(tried) > 1  # the probe begins with the largest arena
        if not ends_well:
            break
        low = max(size for size in tried if size < high)  # it crashed in this one: too small
    raise UnsupportedError(
        f"TFLM crashed on this model (it {tools.describe_exit(output.returncode)}); the file is most likely damaged. "
        "Convert or copy the model again."
    )


def _generous_arenas(graph: Graph) -> list[int]:
    """Two arenas to try: one that holds every activation at once and TFLM's structures, and one far larger."""
    activations = sum(16 + tensor.size * 4 for tensor in graph.tensors if not tensor.is_constant)
    structures = 1024 * (len(graph.tensors) + len(graph.operations)) + 65536
    room = 2 * activations + structures
    return [room, 8 * room]
