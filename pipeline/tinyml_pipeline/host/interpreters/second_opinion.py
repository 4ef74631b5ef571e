"""What another interpreter says of the same model, asked in a process of its own.

TFLM is the oracle. Other interpreters have kernels and crashes of their own, and may not share a process with
TensorFlow, so whatever they do here is an answer to show, never an error.
"""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline import tools
from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.host.interpreters.batch import Int8Array, ParsedModel
from tinyml_pipeline.host.interpreters.native_output import first_sentence
from tinyml_pipeline.host.interpreters.reference_runtime import runtime_name
from tinyml_pipeline.host.interpreters.tflm import tensors_after
from tinyml_pipeline.places import SOURCE_ROOT

_TIMEOUT_S = 600
_REFUSED = 3


@dataclass(frozen=True)
class Opinion:
    """`outputs` (n, *shape) int8, one array per output; None without an answer, and `reason` says why."""

    outputs: tuple[Int8Array, ...] | None
    reason: str = ""


@dataclass(frozen=True)
class Question:
    """What the child process is given: a model with a graph whose constants are left out, and inputs (n, *shape)."""

    tflite: bytes
    graph: Graph
    inputs: tuple[Int8Array, ...]
    keep_tensors: bool


def second_opinion(model: ParsedModel, inputs: Sequence[Int8Array]) -> Opinion:
    """The other interpreter's outputs for inputs (n, *shape), one array per input."""
    found = _ask(model, inputs, keep_tensors=False)
    if isinstance(found, str):
        return Opinion(None, found)
    return Opinion(tuple(found[f"output_{index}"] for index in range(len(model.graph.outputs))))


def first_difference(model: ParsedModel, inputs: Sequence[Int8Array]) -> Operation | None:
    """The operator that first gives other values there than in TFLM although its inputs are equal.

    `inputs` is one vector, (1, *shape) each. None if it cannot be told.
    """
    theirs = _ask(model, inputs, keep_tensors=True)
    if isinstance(theirs, str):
        return None
    try:
        ours = tensors_after(model, inputs)
    except RuntimeError:
        return None
    for operation in model.graph.operations:
        for index in operation.outputs:
            if ours[index].tobytes() != theirs[f"tensor_{index}"].tobytes():
                return operation
    return None


def _ask(model: ParsedModel, inputs: Sequence[Int8Array], *, keep_tensors: bool) -> dict[str, npt.NDArray[Any]] | str:
    """Named arrays, or in one sentence why there are none."""
    tensors = tuple(replace(tensor, data=None) for tensor in model.graph.tensors)
    question = Question(model.tflite, replace(model.graph, tensors=tensors), tuple(inputs), keep_tensors)
    try:
        output = tools.run(
            [sys.executable, "-m", "tinyml_pipeline.host.interpreters.second_opinion"],
            timeout_s=_TIMEOUT_S,
            cwd=SOURCE_ROOT,
            stdin=pickle.dumps(question),
            check=False,
        )
    except PipelineError:
        return f"{runtime_name()} did not answer within {_TIMEOUT_S} s."
    if output.returncode == _REFUSED:
        return first_sentence(output.stderr.decode(errors="replace"))
    if output.returncode:
        return f"{runtime_name()} {tools.describe_exit(output.returncode)} on this model."
    try:
        with np.load(io.BytesIO(output.stdout), allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, zipfile.BadZipFile):
        return f"{runtime_name()} did not answer."


def answer(question: Question) -> bytes:
    """In the child: the arrays as the bytes of an .npz."""
    from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter

    interpreter = ReferenceInterpreter(question, keep_tensors=question.keep_tensors)
    outputs = interpreter.invoke(question.inputs)
    arrays: dict[str, Any] = {f"output_{index}": array for index, array in enumerate(outputs)}
    if question.keep_tensors:
        arrays |= {f"tensor_{index}": array for index, array in interpreter.tensors().items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _main() -> None:
    """`python -m` runs this file as __main__, and the pickled Question is that of the module: go by the module."""
    from tinyml_pipeline.host.interpreters import second_opinion as module

    try:
        # From the parent process, which trusts itself.
        sys.stdout.buffer.write(module.answer(pickle.load(sys.stdin.buffer)))
    except (PipelineError, ImportError) as error:
        print(str(error), file=sys.stderr)
        sys.exit(_REFUSED)


if __name__ == "__main__":
    _main()
