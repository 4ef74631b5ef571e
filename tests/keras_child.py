"""The program's own Keras child process, which can also build a model from a description: tests train nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinyml_pipeline.quantization import keras_process
from tinyml_pipeline.quantization.framing import Message, unpack_arrays


def build(request: Message) -> Message:
    """parts[0]: Keras source text for an expression that gives a model; then weights, or seeded ones without any."""
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    keras.utils.set_random_seed(request.fields["seed"])
    names = {"keras": keras, "layers": keras.layers, "Input": keras.Input, "Sequential": keras.Sequential, "tf": tf}
    model = eval(request.parts[0].decode(), names)
    weights = unpack_arrays(request.fields["shapes"], request.parts[1:])
    if weights:
        model.set_weights(weights)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        return Message({"ok": True}, (path.read_bytes(),))


def convert_otherwise(request: Message) -> Message:
    """Models that the program refuses: parts[0] a Keras archive; `how`: float, dynamic_range, int16; `batch`."""
    import numpy as np
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = keras_process.load_model(request.parts[0])
    shape = (request.fields["batch"], *model.inputs[0].shape[1:])
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec(shape, tf.float32, name="x")
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([convert_variables_to_constants_v2(function)])
    if request.fields["how"] != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if request.fields["how"] in ("int8", "int16"):
        draw = np.random.default_rng(0)
        converter.representative_dataset = lambda: ([draw.random(shape, np.float32)] for _ in range(20))
        int16 = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        kind = tf.int16 if request.fields["how"] == "int16" else tf.int8
        ops = int16 if request.fields["how"] == "int16" else tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        converter.target_spec.supported_ops = [ops]
        converter.inference_input_type = converter.inference_output_type = kind
    return Message({"ok": True}, (bytes(converter.convert()),))


def save_module(request: Message) -> Message:
    """A SavedModel: parts[0] is the body of a function of `x`, float32 (None, 4), in the words of tf."""
    import tensorflow as tf

    names = {"tf": tf}
    exec("def call(x):\n    " + request.parts[0].decode(), names)
    module = tf.Module()
    module.serve = tf.function(names["call"], input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=module.serve)
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        paths = [path.relative_to(folder).as_posix() for path in files]
        return Message({"ok": True, "paths": paths}, tuple(path.read_bytes() for path in files))


HANDLERS = {"build": build, "convert_otherwise": convert_otherwise, "save_module": save_module}

if __name__ == "__main__":
    keras_process.HANDLERS.update(HANDLERS)
    keras_process.serve()
