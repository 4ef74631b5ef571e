"""tflite-runtime or LiteRT with TensorFlow Lite's reference kernels: a second opinion on the int8 model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.batch import (
    Int8Array,
    ParsedModel,
    file_and_graph,
    input_rows,
    output_arrays,
    without_batch,
)
from tinyml_pipeline.host.interpreters.native_output import first_sentence, native_stderr
from tinyml_pipeline.host.interpreters.reference_runtime import load_runtime
from tinyml_pipeline.host.interpreters.tflm import require_int8_ports


class ReferenceInterpreter:
    """A model in tflite-runtime or LiteRT: reference kernels, one thread, no delegate.

    The default kernels and delegates round differently. Bytes are checked first: a broken file crashes the library.
    With `keep_tensors`, `tensors()` gives what an inference left in every activation.
    Raises ModelFileError for a broken file, UnsupportedError for what the library will not run.
    """

    def __init__(self, model: ParsedModel | bytes, *, keep_tensors: bool = False) -> None:
        tflite, self._graph = file_and_graph(model)
        require_int8_ports(self._graph)
        self._stateful = any(tensor.is_variable for tensor in self._graph.tensors)
        module, self._name = load_runtime()
        with native_stderr() as printed:
            try:
                self._interpreter: Any = module.Interpreter(
                    model_content=tflite,
                    num_threads=1,
                    experimental_op_resolver_type=module.OpResolverType.BUILTIN_REF,
                    experimental_preserve_all_tensors=keep_tensors,
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

    def tensors(self) -> dict[int, npt.NDArray[Any]]:
        """What the last vector left in every activation: tensor index -> array. Needs `keep_tensors`."""
        return {
            index: np.array(self._interpreter.get_tensor(index))
            for operation in self._graph.operations
            for index in operation.outputs
        }
