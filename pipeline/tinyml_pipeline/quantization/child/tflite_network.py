"""A .tflite in float32: asked with TensorFlow Lite's interpreter, and made int8 by its calibrator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError, visible
from tinyml_pipeline.quantization.child.keras_network import first_line
from tinyml_pipeline.quantization.child.networks import FloatArray, Port, predict_in_batches, typed
from tinyml_pipeline.quantization.lint import port_names
from tinyml_pipeline.quantization.refused import RefusedError


class TfliteNetwork:
    """A float .tflite of batch 1 without operators of TensorFlow's own, which would run whatever they say."""

    def __init__(self, tflite: bytes) -> None:
        try:
            graph = read_tflite(tflite)
        except ModelFileError as error:
            raise RefusedError(str(error)) from error
        for operation in graph.operations:
            if operation.name.startswith("CUSTOM:"):
                raise RefusedError(
                    f"op {operation.index} is the custom operator '{visible(operation.name.removeprefix('CUSTOM:'))}',"
                    " which is unsupported. It was not run."
                )
        self._tflite = tflite
        self._interpreter = _interpreter(tflite)
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        names = port_names([detail["name"] for detail in inputs], "input")
        self.inputs = [_port(detail, name) for detail, name in zip(inputs, names, strict=True)]
        self.output_names = port_names([detail["name"] for detail in outputs], "output")

    def predict(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        return predict_in_batches(self._infer, typed(self.inputs, inputs), 1)

    def quantize(self, representative: Sequence[FloatArray], per_channel: bool) -> bytes:
        import tensorflow as tf
        from tensorflow.lite.python.optimize.calibrator import Calibrator

        samples = typed(self.inputs, representative)

        def calibration() -> Iterator[list[Any]]:
            for index in range(len(samples[0])):
                yield [array[index : index + 1] for array in samples]

        try:
            return bytes(
                Calibrator(self._tflite).calibrate_and_quantize(
                    calibration,
                    tf.int8,
                    tf.int8,
                    False,
                    disable_per_channel_quantization_for_dense_layers=not per_channel,
                )
            )
        except Exception as error:
            raise RefusedError(f"TensorFlow Lite cannot make it int8: {first_line(error)}") from error

    def to_float_tflite(self) -> bytes:
        return self._tflite

    def _infer(self, *arrays: Any) -> list[Any]:
        for detail, array in zip(self._interpreter.get_input_details(), arrays, strict=True):
            self._interpreter.set_tensor(detail["index"], array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(detail["index"]) for detail in self._interpreter.get_output_details()]


def _interpreter(tflite: bytes) -> Any:
    import tensorflow as tf

    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = tf.lite.Interpreter(model_content=tflite, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise RefusedError(f"TensorFlow Lite cannot load it: {first_line(error)}") from error
    return interpreter


def _port(detail: Any, name: str) -> Port:
    shape = [int(size) for size in detail["shape"]]
    if shape[:1] != [1]:
        raise RefusedError(
            f"input '{name}' has the shape {shape}; supported: a batch of 1 in front. Convert the original model again,"
            " with a fixed batch of 1."
        )
    return Port(name, tuple(shape[1:]), detail["dtype"])
