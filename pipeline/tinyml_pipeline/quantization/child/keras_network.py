"""Keras' own networks: loaded in safe mode, asked, and converted to int8 by TensorFlow Lite's converter."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.quantization.child.networks import FloatArray, Port, predict_in_batches, typed
from tinyml_pipeline.quantization.refused import RefusedError
from tinyml_pipeline.quantization.settle_scales import has_float_tensors

if TYPE_CHECKING:
    import keras

PREDICT_BATCH = 4096
_ATTEMPTS = 6


@dataclass(frozen=True, eq=False)
class KerasNetwork:
    """A keras.Model as a Network."""

    model: keras.Model

    @property
    def inputs(self) -> list[Port]:
        return [Port(tensor.name, tuple(tensor.shape[1:]), tensor.dtype) for tensor in self.model.inputs]

    @property
    def output_names(self) -> list[str]:
        named = getattr(self.model, "output_names", None)  # of a Functional; a Sequential has one output without a name
        return [str(name) for name in named or [f"output_{index}" for index in range(len(self.model.outputs))]]

    def predict(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        return predict_in_batches(self.function, typed(self.inputs, inputs), PREDICT_BATCH)

    def quantize(self, representative: Sequence[FloatArray], per_channel: bool) -> bytes:
        def explain(error: Exception, graph: Any) -> RefusedError:
            return explained(error, graph, self.model)

        return quantize_function(self.function, self.inputs, representative, per_channel, explain)

    def to_float_tflite(self) -> bytes:
        def explain(error: Exception, graph: Any) -> RefusedError:
            return explained(error, graph, self.model)

        return float_tflite(self.function, self.inputs, explain)

    @property
    def function(self) -> Any:
        """A new tf.function of one tensor an input, which gives a list of outputs."""
        import tensorflow as tf

        model = self.model
        return tf.function(lambda *x: tf.nest.flatten(model(list(x) if len(x) > 1 else x[0], training=False)))


def load_model(archive: bytes) -> keras.Model:
    """The model of a .keras file that this program has written."""
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


def quantize_function(
    function: Any,
    inputs: Sequence[Port],
    representative: Sequence[FloatArray],
    per_channel: bool,
    explain: Callable[[Exception, Any], RefusedError],
) -> bytes:
    """A tf.function as a full int8 .tflite of batch 1; `representative` holds one (n, *shape) array an input.

    `explain` makes one sentence of what the converter raised, and of the graph that it was given.
    """
    import tensorflow as tf

    samples = typed(inputs, representative)

    def calibration() -> Iterator[list[Any]]:
        for index in range(len(samples[0])):
            yield [array[index : index + 1] for array in samples]

    frozen = _frozen(function, inputs)
    tflite = b""
    # TensorFlow 2.21 leaves a SPLIT of an unrolled LSTM in float now and then, for the same model: ask again.
    for _ in range(_ATTEMPTS):
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
        try:
            tflite = bytes(converter.convert())
        except Exception as error:
            raise explain(error, frozen.graph) from error
        if not has_float_tensors(tflite):
            break
    return tflite


def float_tflite(function: Any, inputs: Sequence[Port], explain: Callable[[Exception, Any], RefusedError]) -> bytes:
    """A tf.function as a float .tflite of batch 1."""
    import tensorflow as tf

    frozen = _frozen(function, inputs)
    try:
        return bytes(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
    except Exception as error:
        raise explain(error, frozen.graph) from error


def _frozen(function: Any, inputs: Sequence[Port]) -> Any:
    """A concrete function of batch 1, its variables constants.

    It leaves no SHAPE, STRIDED_SLICE and PACK behind, as model.export() with a fixed batch does; with its variables
    frozen it converts five times faster than through a SavedModel, and calibrates.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((1, *port.fixed_shape), port.dtype, name=f"input_{index}")
                 for index, port in enumerate(inputs)]  # fmt: skip
    return convert_variables_to_constants_v2(function.get_concrete_function(*signature))


def explained(error: Exception, graph: Any, model: keras.Model | None = None) -> RefusedError:
    """Why the converter refused the model; names the layers where it names TensorFlow operations."""
    types = sorted(set(re.findall(r"'tf\.(\w+)' op is neither a custom op nor a flex op", str(error))))
    if not types:
        return RefusedError(f"the converter refused it: {first_line(error)}", is_explained=False)
    scopes = "/".join(operation.name for operation in graph.get_operations() if operation.type in types).split("/")
    # Keras may add a number to a layer's name where it makes a scope of it.
    layers = [
        f"'{layer.name}'" for layer in getattr(model, "operations", getattr(model, "layers", ()))
        if any(re.fullmatch(rf"{re.escape(layer.name)}(_\d+)?", scope) for scope in scopes)
    ]  # fmt: skip
    at = f" (layer {', '.join(layers)})" if layers else ""
    replace = "that layer by a supported one" if len(layers) == 1 else "the layers that need it by supported ones"
    return RefusedError(f"TensorFlow Lite has no form of tf.{', tf.'.join(types)}{at}. Replace {replace}.")


def first_line(error: Exception) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if line.endswith((".", "!", "?")) else f"{line}."


def cause_line(error: Exception) -> str:
    """Of an error of Keras that quotes the one before it at its end, that one."""
    return first_line(ValueError(str(error).rsplit("Exception encountered: ", 1)[-1]))


def _why_not_loaded(archive: bytes, error: Exception) -> str:
    if not archive.startswith(b"PK"):
        return "this is not a .keras archive. Train the model again."
    if "Lambda" in str(error):
        return "it has a Lambda layer, whose Python code Keras does not load. Use Keras' own layers and ops instead."
    return f"Keras cannot load its archive: {first_line(error)}"
