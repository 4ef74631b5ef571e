"""The child process that holds TensorFlow, driven by `KerasProcess`.

It answers messages (see framing.py) on its standard input and output. Everything that libraries print goes to standard
error. A model comes in as the bytes of a .keras archive, loaded in Keras' safe mode: no code of the archive runs.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.framing import Message, pack_arrays, read_message, unpack_arrays, write_message
from tinyml_pipeline.quantization.layer_facts import layer_facts
from tinyml_pipeline.quantization.settle_scales import has_float_tensors

if TYPE_CHECKING:
    import keras

FloatArray = npt.NDArray[np.float32]
Handler = Callable[[Message], Message]
PREDICT_BATCH = 4096
_ATTEMPTS = 6


class RefusedError(Exception):
    """The request cannot be done; the message is a sentence for the user, without the model's name.

    It names the cause, so that what libraries printed adds nothing, unless `is_explained` is false.
    """

    def __init__(self, message: str, *, is_explained: bool = True) -> None:
        super().__init__(message)
        self.is_explained = is_explained


def convert(request: Message) -> Message:
    model = load_model(request.parts[0])
    representative = unpack_arrays(request.fields["shapes"], request.parts[1:])
    return Message({"ok": True}, (convert_model(model, representative, request.fields["per_channel"]),))


def predict(request: Message) -> Message:
    model = load_model(request.parts[0])
    outputs = predict_model(model, unpack_arrays(request.fields["shapes"], request.parts[1:]))
    shapes, parts = pack_arrays(outputs)
    return Message({"ok": True, "shapes": shapes}, parts)


def export(request: Message) -> Message:
    form = request.fields["form"]
    model = load_model(request.parts[0])
    inputs = unpack_arrays(request.fields["shapes"], request.parts[1:])
    before = predict_model(model, inputs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model" if form == "savedmodel" else f"model.{form}")
        try:
            after = _save_and_ask(model, path, inputs)
        except Exception as error:
            raise RefusedError(f"it cannot be written as {form}: {_first_line(error)}") from error
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
        return predict_model(keras.saving.load_model(path, compile=False), inputs)
    model.export(path, format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(path)
    return [np.asarray(output, np.float32) for output in tf.nest.flatten(loaded.serve(*inputs))]


def describe(request: Message) -> Message:
    return Message({"ok": True, "layers": layer_facts(load_model(request.parts[0]))}, ())


HANDLERS: dict[str, Handler] = {"convert": convert, "predict": predict, "export": export, "describe": describe}


def load_model(archive: bytes) -> keras.Model:
    import keras

    # Layer and scope names are counted per session and end up in the .tflite: start the count anew for each model.
    keras.backend.clear_session()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        path.write_bytes(archive)
        try:
            model: keras.Model = keras.saving.load_model(path, compile=False)
        except Exception as error:
            raise RefusedError(_why_not_loaded(archive, error)) from error
    return model


def convert_model(model: keras.Model, representative: Sequence[FloatArray], per_channel: bool) -> bytes:
    """The model as a full int8 .tflite of batch 1; `representative` holds one (n, *shape) array an input."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((1, *_fixed_shape(tensor)), tensor.dtype, name=f"input_{index}")
                 for index, tensor in enumerate(model.inputs)]  # fmt: skip
    _check_arrays(model, representative)
    samples = [np.asarray(array, tensor.dtype) for array, tensor in zip(representative, model.inputs, strict=True)]

    def infer(*inputs: Any) -> Any:
        return tf.nest.flatten(model(list(inputs) if len(inputs) > 1 else inputs[0], training=False))

    def calibration() -> Iterator[list[Any]]:
        for index in range(len(samples[0])):
            yield [array[index : index + 1] for array in samples]

    # A concrete function of batch 1 leaves no SHAPE, STRIDED_SLICE and PACK behind, as model.export() with a fixed
    # batch does; with its variables frozen it converts five times faster than through a SavedModel, and calibrates.
    function = convert_variables_to_constants_v2(tf.function(infer).get_concrete_function(*signature))
    tflite = b""
    # TensorFlow 2.21 leaves a SPLIT of an unrolled LSTM in float now and then, for the same model: ask again.
    for _ in range(_ATTEMPTS):
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
        try:
            tflite = bytes(converter.convert())
        except Exception as error:
            raise _explained(error, function.graph, model) from error
        if not has_float_tensors(tflite):
            break
    return tflite


def predict_model(model: keras.Model, inputs: Sequence[FloatArray]) -> list[FloatArray]:
    """Keras' own answers, one array an output."""
    import tensorflow as tf

    _check_arrays(model, inputs)
    samples = [np.asarray(array, tensor.dtype) for array, tensor in zip(inputs, model.inputs, strict=True)]
    infer = tf.function(lambda *x: tf.nest.flatten(model(list(x) if len(x) > 1 else x[0], training=False)))
    batches = [
        [np.asarray(output, np.float32) for output in infer(*(array[at : at + PREDICT_BATCH] for array in samples))]
        for at in range(0, len(samples[0]), PREDICT_BATCH)
    ]
    return [np.concatenate(output) for output in zip(*batches, strict=True)]


def _fixed_shape(tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.shape[1:])
    if None in shape:
        raise RefusedError(
            f"input '{tensor.name}' has the open shape {tuple(tensor.shape)}; a microcontroller needs every size but "
            "the batch fixed. Give them in keras.Input."
        )
    return shape


def _check_arrays(model: keras.Model, arrays: Sequence[FloatArray]) -> None:
    if len(arrays) != len(model.inputs):
        raise RefusedError(f"the network has {len(model.inputs)} inputs, but {len(arrays)} arrays were given.")
    for array, tensor in zip(arrays, model.inputs, strict=True):
        wanted = _fixed_shape(tensor)
        if array.shape[1:] != wanted:
            raise RefusedError(f"data of shape {array.shape[1:]} do not fit its input of shape {wanted}.")


def _why_not_loaded(archive: bytes, error: Exception) -> str:
    if not archive.startswith(b"PK"):
        return "this is not a .keras archive. Train the model again."
    if "Lambda" in str(error):
        return "it has a Lambda layer, whose Python code Keras does not load. Use Keras' own layers and ops instead."
    return f"Keras cannot load its archive: {_first_line(error)}"


def _explained(error: Exception, graph: Any, model: keras.Model) -> RefusedError:
    """Why the converter refused the model; names the layers where it names TensorFlow operations."""
    types = sorted(set(re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex op", str(error))))
    if not types:
        return RefusedError(f"the converter refused it: {_first_line(error)}", is_explained=False)
    scopes = "/".join(operation.name for operation in graph.get_operations() if operation.type in types).split("/")
    # Keras may add a number to a layer's name where it makes a scope of it.
    layers = [
        f"'{layer.name}'" for layer in getattr(model, "operations", model.layers)
        if any(re.fullmatch(rf"{re.escape(layer.name)}(_\d+)?", scope) for scope in scopes)
    ]  # fmt: skip
    at = f" (layer {', '.join(layers)})" if layers else ""
    return RefusedError(
        f"TensorFlow Lite has no form of tf.{', tf.'.join(types)}{at}. Replace that layer by a supported one."
    )


def _first_line(error: Exception) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _import_tensorflow() -> str | None:
    """Pay for the import now, while the parent may be busy with other work; why it failed, where it does."""
    gc.disable()  # an import makes objects by the million and no garbage: looking for it takes a sixth of the time
    try:
        import tensorflow as tf

        _ = tf.lite.TFLiteConverter, tf.keras.layers  # loaded only when they are touched
        # Keras collects garbage before each model; what the imports left is not garbage, and walking it takes 0.2 s.
        gc.freeze()
    except ImportError as error:
        return f"TensorFlow cannot be imported ({_first_line(error)[:-1]}). Run 'tinyml doctor'."
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
            answer = Message({"ok": False, "refused": f"{type(error).__name__}: {_first_line(error)}"})
        write_message(answers, answer)


if __name__ == "__main__":
    serve()
