"""The child process that holds TensorFlow, driven by `KerasProcess`.

It answers messages (see framing.py) on its standard input and output. Everything that libraries print goes to standard
error. A model comes in as the bytes of a file (see child/import_network.py): no code of it runs,
unless the user trusts it.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.child.import_network import import_network, load_network
from tinyml_pipeline.quantization.child.keras_network import KerasNetwork, first_line, load_model
from tinyml_pipeline.quantization.child.layer_outputs import layer_outputs
from tinyml_pipeline.quantization.child.scaled_network import quantize_scaled
from tinyml_pipeline.quantization.framing import Message, pack_arrays, read_message, unpack_arrays, write_message
from tinyml_pipeline.quantization.layer_facts import layer_facts
from tinyml_pipeline.quantization.refused import RefusedError
from tinyml_pipeline.quantization.value_ranges import ValueRanges

if TYPE_CHECKING:
    import keras

FloatArray = npt.NDArray[np.float32]
Handler = Callable[[Message], Message]


def convert(request: Message) -> Message:
    representative = unpack_arrays(request.fields["shapes"], request.parts[1:])
    tflite = load_network(request.parts[0]).quantize(representative, request.fields["per_channel"])
    return Message({"ok": True}, (tflite,))


def convert_scaled(request: Message) -> Message:
    """`representative` are real values; the parts are: the network, four arrays of the inputs' ranges, four of the
    outputs', and the representative arrays."""
    arrays = unpack_arrays(request.fields["shapes"], request.parts[1:])
    inputs, outputs = (ValueRanges(*(a.astype(np.float64) for a in arrays[at : at + 4])) for at in (0, 4))
    network = load_network(request.parts[0])
    made = quantize_scaled(network, arrays[8:], inputs, outputs, request.fields["per_channel"])
    return Message({"ok": True, "notes": list(made.notes)}, (made.tflite,))


def outputs_of_layers(request: Message) -> Message:
    """`operators` are those of TensorFlow Lite that count as layers; `layers` of the answer names each that was found,
    and a part holds its outputs."""
    inputs = unpack_arrays(request.fields["shapes"], request.parts[1:])
    names, outputs = layer_outputs(load_network(request.parts[0]), inputs, request.fields["operators"])
    shapes, parts = pack_arrays(outputs)
    return Message({"ok": True, "layers": names, "shapes": shapes}, parts)


def predict(request: Message) -> Message:
    inputs = unpack_arrays(request.fields["shapes"], request.parts[1:])
    outputs = load_network(request.parts[0]).predict(inputs)
    shapes, parts = pack_arrays(outputs)
    return Message({"ok": True, "shapes": shapes}, parts)


def export(request: Message) -> Message:
    form = request.fields["form"]
    model = load_model(request.parts[0])
    inputs = unpack_arrays(request.fields["shapes"], request.parts[1:])
    before = KerasNetwork(model).predict(inputs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model" if form == "savedmodel" else f"model.{form}")
        try:
            after = _save_and_ask(model, path, inputs)
        except Exception as error:
            raise RefusedError(f"it cannot be written as {form}: {first_line(error)}") from error
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        paths = [file.relative_to(path).as_posix() if path.is_dir() else "" for file in files]
        parts = tuple(request.parts[0] if form == "keras" else file.read_bytes() for file in files)
    if not all(np.array_equal(ours, theirs) for ours, theirs in zip(before, after, strict=True)):
        raise RefusedError(f"loaded again from {form}, it gives other answers. Take another format.")
    return Message({"ok": True, "paths": paths}, parts)


def _save_and_ask(model: keras.Model, path: Path, inputs: Sequence[FloatArray]) -> list[FloatArray]:
    """What the model answers after it was written to `path` and loaded from there."""
    import keras
    import tensorflow as tf

    if path.suffix:
        model.save(path)
        return KerasNetwork(keras.saving.load_model(path, compile=False)).predict(inputs)
    model.export(path, format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(path)
    return [np.asarray(output, np.float32) for output in tf.nest.flatten(loaded.serve(*inputs))]


def describe(request: Message) -> Message:
    return Message({"ok": True, "layers": layer_facts(load_model(request.parts[0]))}, ())


HANDLERS: dict[str, Handler] = {
    "convert": convert,
    "convert scaled": convert_scaled,
    "predict": predict,
    "export": export,
    "describe": describe,
    "layers": outputs_of_layers,
    "import": import_network,
}


def _import_tensorflow() -> str | None:
    """Pay for the import now, while the parent may be busy with other work; why it failed, where it does."""
    gc.disable()  # an import makes objects by the million and no garbage: looking for it takes a sixth of the time
    try:
        import tensorflow as tf

        _ = tf.lite.TFLiteConverter, tf.keras.layers  # loaded only when they are touched
        # Keras collects garbage before each model; what the imports left is not garbage, and walking it takes 0.2 s.
        gc.freeze()
    except ImportError as error:
        return f"TensorFlow cannot be imported ({first_line(error)[:-1]}). Run 'tinyml doctor'."
    finally:
        gc.enable()
    return None


def serve() -> None:
    """Answer messages until the pipe closes."""
    # Libraries print where they like: the answers keep a private copy of standard output, prints go to standard error.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    broken = _import_tensorflow()
    while (request := read_message(sys.stdin.buffer)) is not None:
        try:
            if broken is not None:
                raise RefusedError(broken)
            answer = HANDLERS[request.fields["do"]](request)
        except RefusedError as error:
            answer = Message({"ok": False, "refused": str(error), "explained": error.is_explained})
        except Exception as error:
            import traceback

            traceback.print_exc()
            answer = Message({"ok": False, "refused": f"{type(error).__name__}: {first_line(error)}"})
        write_message(answers, answer)


if __name__ == "__main__":
    serve()
