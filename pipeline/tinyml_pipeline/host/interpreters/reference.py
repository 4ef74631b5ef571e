"""tflite-runtime or LiteRT with TensorFlow Lite's reference kernels: a second opinion on the int8 model."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyml_pipeline import tools
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import PipelineError, UnsupportedError
from tinyml_pipeline.host.interpreters.batch import Int8Array, input_rows, output_arrays, without_batch
from tinyml_pipeline.host.interpreters.native_output import first_sentence, native_stderr
from tinyml_pipeline.host.interpreters.reference_runtime import load_runtime, runtime_name
from tinyml_pipeline.host.interpreters.tflm import require_int8_ports
from tinyml_pipeline.places import SOURCE_ROOT


class ReferenceInterpreter:
    """A model in tflite-runtime or LiteRT: reference kernels, one thread, no delegate.

    The default kernels and delegates round differently. The file is checked first: a broken one crashes the library.
    Raises ModelFileError for a broken file, UnsupportedError for what the library will not run.
    """

    def __init__(self, tflite: bytes) -> None:
        self._graph = read_tflite(tflite)
        require_int8_ports(self._graph)
        self._stateful = any(tensor.is_variable for tensor in self._graph.tensors)
        module, self._name = load_runtime()
        with native_stderr() as printed:
            try:
                self._interpreter: Any = module.Interpreter(
                    model_content=tflite,
                    num_threads=1,
                    experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
                )
                self._interpreter.allocate_tensors()
                return
            except Exception as error:
                failure = first_sentence(str(error))
        raise UnsupportedError(f"{self._name} cannot run this model: {failure or printed.reason}")

    def invoke(self, inputs: Sequence[Int8Array]) -> tuple[Int8Array, ...]:
        """Outputs (n, *shape) int8, one array an output, for inputs of the same form; shapes without the batch."""
        count, rows = input_rows(self._graph, inputs)
        outputs = output_arrays(self._graph, count)
        interpreter = self._interpreter
        run = interpreter._interpreter.Invoke
        reset = interpreter._interpreter.ResetVariableTensors if self._stateful else None
        try:
            # Views of the interpreter's own memory, and the call below the Python class, which checks for such views:
            # half the time a vector. They stay valid as long as nothing is allocated anew.
            targets = [interpreter.tensor(index)() for index in self._graph.inputs]
            sources = [interpreter.tensor(index)() for index in self._graph.outputs]
            for position, row in enumerate(rows):
                if reset is not None:
                    reset()
                for target, values in zip(targets, row, strict=True):
                    target[...] = values
                run(0)
                for source, output in zip(sources, outputs, strict=True):
                    output[position] = source
        except (RuntimeError, ValueError) as error:
            raise UnsupportedError(
                f"{self._name} failed while it ran this model: {first_sentence(str(error))}"
            ) from None
        return without_batch(self._graph, outputs)


def try_out(tflite: bytes) -> None:
    """Run one inference in a child process: the library crashes on some damaged files that are sound to look at.

    Raises UnsupportedError where it does; meant for files from elsewhere, before they are run in this process.
    """
    output = tools.run(
        [sys.executable, "-m", "tinyml_pipeline.host.interpreters.reference"],
        timeout_s=60,
        cwd=SOURCE_ROOT,
        stdin=tflite,
        check=False,
    )
    if output.returncode < 0:
        raise UnsupportedError(
            f"{runtime_name()} crashed on this model (it {tools.describe_exit(output.returncode)}); the file is most"
            " likely damaged. Convert or copy the model again."
        )


if __name__ == "__main__":
    with contextlib.suppress(PipelineError):
        model = sys.stdin.buffer.read()
        graph = read_tflite(model)
        ReferenceInterpreter(model).invoke([np.zeros((1, *graph.tensors[i].shape), np.int8) for i in graph.inputs])
