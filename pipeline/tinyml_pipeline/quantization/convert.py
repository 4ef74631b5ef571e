"""Keras archive to full int8 .tflite, in a child process: TensorFlow can print, hang and crash there as it likes."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline import tools
from tinyml_pipeline.errors import ConversionError
from tinyml_pipeline.places import SOURCE_ROOT
from tinyml_pipeline.quantization.framing import Message, pack_arrays, read_message, unpack_arrays, write_message
from tinyml_pipeline.quantization.keras_archive import rolled_layers
from tinyml_pipeline.quantization.value_ranges import ValueRanges

FloatArray = npt.NDArray[np.float32]
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # oneDNN rounds differently from one processor to the next
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
}


def _environment() -> dict[str, str]:
    """ENVIRONMENT, and PYTHONPATH as it is meant from the folder in which the user is."""
    given = os.environ.get("PYTHONPATH")
    return {
        **ENVIRONMENT,
        **({"PYTHONPATH": os.pathsep.join(map(os.path.abspath, given.split(os.pathsep)))} if given else {}),
    }


class KerasProcess:
    """A child process with TensorFlow, for any number of models; it starts at the first need and after a crash.

    Use it in a `with` block, from the thread that opened it: the child ends with that thread. `warm_up()` starts it
    early, so that the 3 seconds of TensorFlow's import pass while other work goes on. Where a request takes longer
    than `time_limit_s`, the child is ended and ConversionError says so.
    """

    def __init__(
        self, *, time_limit_s: float = 600, module: str = "tinyml_pipeline.quantization.keras_process"
    ) -> None:
        self._time_limit_s = time_limit_s
        self._module = module
        self._child: _Child | None = None

    def __enter__(self) -> KerasProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm_up(self) -> None:
        """Start the child and return at once."""
        if self._child is None:
            self._child = _Child(self._module)

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def convert(
        self, keras_archive: bytes, representative: FloatArray | Sequence[FloatArray], per_channel: bool, name: str
    ) -> bytes:
        """The model as a full int8 .tflite of batch 1; the same bytes for the same arguments, in any process.

        `representative` is an array (n, *input shape), or one for each input. `per_channel` gives every output of
        a dense layer its own scale, which old TFLM libraries compute wrongly; convolutions always have it.
        Raises ConversionError for whatever Keras or the converter will not do, also where they crash.
        """
        arrays = [representative] if isinstance(representative, np.ndarray) else list(representative)
        shapes, parts = pack_arrays(arrays)
        fields = {"do": "convert", "per_channel": per_channel, "shapes": shapes}
        return self.request(Message(fields, (keras_archive, *parts)), name).parts[0]

    def convert_scaled(
        self,
        keras_archive: bytes,
        representative: Sequence[FloatArray],
        inputs: ValueRanges,
        outputs: ValueRanges,
        per_channel: bool,
        name: str,
    ) -> tuple[bytes, tuple[str, ...]]:
        """The same for real values, of which each gets a scale of its own where a shared one would starve it.

        Such scales lie in the .tflite (see value_scales.py). The texts say which could not be given, and why.
        """
        ranges = [getattr(one, field) for one in (inputs, outputs) for field in ("low", "high", "offset", "factor")]
        shapes, parts = pack_arrays([*ranges, *representative])
        fields = {"do": "convert scaled", "per_channel": per_channel, "shapes": shapes}
        answer = self.request(Message(fields, (keras_archive, *parts)), name)
        return answer.parts[0], tuple(answer.fields["notes"])

    def predict(
        self, keras_archive: bytes, inputs: FloatArray | Sequence[FloatArray], name: str = "model"
    ) -> FloatArray:
        """Keras' own answers to `inputs`, for a model of one output: (n, *output shape)."""
        outputs = self.predict_all(keras_archive, inputs, name)
        if len(outputs) != 1:
            raise ConversionError(f"model '{name}' has {len(outputs)} outputs; ask for all of them.")
        return outputs[0]

    def predict_all(
        self, keras_archive: bytes, inputs: FloatArray | Sequence[FloatArray], name: str = "model"
    ) -> tuple[FloatArray, ...]:
        """The same for any number of outputs, in the model's order."""
        arrays = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
        shapes, parts = pack_arrays(arrays)
        answer = self.request(Message({"do": "predict", "shapes": shapes}, (keras_archive, *parts)), name)
        return unpack_arrays(answer.fields["shapes"], answer.parts)

    def import_network(
        self, form: str, files: Mapping[str, bytes], name: str, *, trust: bool = False, unroll: bool = False
    ) -> tuple[bytes, Mapping[str, Any]]:
        """A network from elsewhere, as the bytes that the other requests take, and its inputs and outputs.

        `form` is keras, h5, savedmodel or float (a .tflite); `files` has one entry but for a SavedModel. With `trust`,
        code in the file is run; with `unroll`, the steps of recurrent layers are written out. `name` is that of the
        file, for messages.
        """
        fields = {"do": "import", "form": form, "trust": trust, "unroll": unroll, "paths": list(files)}
        answer = self.request(Message(fields, tuple(files.values())), name, subject=name)
        return answer.parts[0], answer.fields

    def describe(self, keras_archive: bytes, name: str) -> list[dict[str, Any]]:
        """The layers in order, the inputs first: see layer_facts.py."""
        layers: list[dict[str, Any]] = self.request(Message({"do": "describe"}, (keras_archive,)), name).fields[
            "layers"
        ]
        return layers

    def layer_outputs(
        self, keras_archive: bytes, inputs: Sequence[FloatArray], operators: Sequence[str], name: str
    ) -> list[tuple[str, str, FloatArray]]:
        """(operator, layer, outputs (n, values)) of every operator of these kinds in the float network, in order."""
        shapes, parts = pack_arrays(inputs)
        fields = {"do": "layers", "shapes": shapes, "operators": list(operators)}
        answer = self.request(Message(fields, (keras_archive, *parts)), name)
        outputs = unpack_arrays(answer.fields["shapes"], answer.parts)
        return [(*pair, array) for pair, array in zip(answer.fields["layers"], outputs, strict=True)]

    def export(
        self, keras_archive: bytes, form: str, inputs: FloatArray | Sequence[FloatArray], name: str
    ) -> dict[str, bytes]:
        """The files of a model as 'h5', 'keras' or 'savedmodel', by path; one file has the path ''.

        They have been loaded again and have answered `inputs` with the same bits; ConversionError where not.
        """
        shapes, parts = pack_arrays([inputs] if isinstance(inputs, np.ndarray) else inputs)
        answer = self.request(Message({"do": "export", "form": form, "shapes": shapes}, (keras_archive, *parts)), name)
        return dict(zip(answer.fields["paths"], answer.parts, strict=True))

    def request(self, message: Message, name: str, *, subject: str = "") -> Message:
        """The child's answer; `message.parts[0]` is a Keras archive. ConversionError where it has none, about
        `subject`, usually the model."""
        self.warm_up()
        assert self._child is not None
        try:
            answer = self._child.ask(message, self._time_limit_s)
        except BaseException:
            self.close()  # Ctrl-C in the middle of an answer: the next request must not read the rest of it
            raise
        if answer is None:
            text = self._describe_end(self._child, message, subject or f"model '{name}'")
            log, is_explained = self._child.log, bool(rolled_layers(message.parts[0]))
            self.close()
            raise ConversionError(text, log=log, is_explained=is_explained)
        if not answer.fields["ok"]:
            explained = bool(answer.fields.get("explained"))
            about = subject or f"model '{name}'"
            text = f"{about}: {answer.fields['refused']}"
            raise ConversionError(text, log=self._child.log, is_explained=explained)
        return answer

    def _describe_end(self, child: _Child, message: Message, about: str) -> str:
        is_conversion = message.fields["do"] == "convert"
        who = f"{about}: {'the converter' if is_conversion else 'TensorFlow'}"
        if child.timed_out:
            return f"{who} did not finish within {self._time_limit_s:g} s and was stopped. Use a smaller network."
        if child.ending.endswith("SIGKILL"):
            return (
                f"{who} was ended by SIGKILL, most likely because memory ran out. Close other programs, or use a"
                " smaller network."
            )
        if not is_conversion:
            return f"{who} crashed (it {child.ending}). Check the installation: tinyml doctor"
        rolled = rolled_layers(message.parts[0])
        if rolled:
            return (
                f"{who} crashed (it {child.ending}), most likely at the recurrent layer"
                f"{'s' if len(rolled) > 1 else ''} {', '.join(rolled)}, which must be unrolled for int8. Build "
                f"{'them' if len(rolled) > 1 else 'it'} with unroll=True and a fixed number of time steps."
            )
        return (
            f"{who} crashed (it {child.ending}). Leave out one layer after another to find the one that it cannot"
            " convert."
        )


class _Child:
    """One life of the child process."""

    def __init__(self, module: str) -> None:
        self.timed_out = False
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self._log: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            command = [sys.executable, "-m", module]
            self._process = stack.enter_context(
                tools.start(command, cwd=SOURCE_ROOT, env=_environment(), stderr=self._log.fileno())
            )
            self._stack = stack.pop_all()

    def ask(self, message: Message, time_limit_s: float) -> Message | None:
        """The answer, or None where the child ended without one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._log.seek(0)
        self._log.truncate()
        # Ending the child also wakes a write to it and a read from it that would wait for ever.
        timer = threading.Timer(time_limit_s, self._end)
        timer.start()
        try:
            write_message(self._process.stdin, message)
            answer = read_message(self._process.stdout)
        except (BrokenPipeError, ConnectionResetError):
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self._process.wait()
        return answer

    @property
    def ending(self) -> str:
        return tools.describe_exit(self._process.wait())

    @property
    def log(self) -> str:
        """What the libraries printed since the last request."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace").strip()

    def close(self) -> None:
        self._stack.close()

    def _end(self) -> None:
        self.timed_out = True
        self._process.kill()
