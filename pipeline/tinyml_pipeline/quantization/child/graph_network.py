"""A TensorFlow graph with its weights as constants, and the names of its inputs and outputs: a MetaGraphDef."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tinyml_pipeline.quantization.child.graph_operators import check_graph
from tinyml_pipeline.quantization.child.keras_network import PREDICT_BATCH, explained, float_tflite, quantize_function
from tinyml_pipeline.quantization.child.networks import FloatArray, Port, predict_in_batches, typed
from tinyml_pipeline.quantization.refused import RefusedError

_SIGNATURE = "serving_default"


@dataclass(frozen=True, eq=False)
class GraphNetwork:
    """A graph that was checked; `function` takes its inputs in order and gives a list of outputs."""

    inputs: tuple[Port, ...]
    output_names: tuple[str, ...]
    function: Any = field(repr=False)

    @staticmethod
    def is_one(data: bytes) -> bool:
        """Whether these may be the bytes of one, and not of a .keras file."""
        return not data.startswith(b"PK")

    @classmethod
    def unpack(cls, data: bytes) -> GraphNetwork:
        """From the bytes of `pack_graph`. Raises RefusedError for an operator that is not allowed."""
        import tensorflow as tf
        from google.protobuf.message import DecodeError

        meta = tf.compat.v1.MetaGraphDef()
        try:
            meta.ParseFromString(data)
        except DecodeError:
            raise RefusedError("this is not a trained network. Train or import the model again.") from None
        if _SIGNATURE not in meta.signature_def:
            raise RefusedError("this is not a trained network. Train or import the model again.")
        check_graph(meta.graph_def)
        signature = meta.signature_def[_SIGNATURE]
        inputs, outputs = _in_order(signature.inputs), _in_order(signature.outputs)

        def imported() -> None:
            tf.import_graph_def(meta.graph_def, name="")

        wrapped = tf.compat.v1.wrap_function(imported, [])
        function = wrapped.prune([info.name for _, info in inputs], [info.name for _, info in outputs])
        ports = tuple(
            Port(name, _sample_shape(info), tf.dtypes.as_dtype(info.dtype).as_numpy_dtype) for name, info in inputs
        )
        return cls(ports, tuple(name for name, _ in outputs), function)

    def predict(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        import tensorflow as tf

        def infer(*arrays: Any) -> list[Any]:
            return list(self.function(*(tf.constant(array) for array in arrays)))

        return predict_in_batches(infer, typed(self.inputs, inputs), PREDICT_BATCH)

    def quantize(self, representative: Sequence[FloatArray], per_channel: bool) -> bytes:
        import tensorflow as tf

        infer = tf.function(lambda *tensors: list(self.function(*tensors)))
        return quantize_function(infer, self.inputs, representative, per_channel, explained)

    def to_float_tflite(self) -> bytes:
        import tensorflow as tf

        return float_tflite(tf.function(lambda *tensors: list(self.function(*tensors))), self.inputs, explained)


def freeze(function: Any, inputs: Sequence[Port], output_names: Sequence[str]) -> bytes:
    """A tf.function of any batch as a MetaGraphDef, its variables constants. Raises RefusedError as `check_graph`."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((None, *port.fixed_shape), port.dtype, name=f"input_{index}")
                 for index, port in enumerate(inputs)]  # fmt: skip
    frozen = convert_variables_to_constants_v2(function.get_concrete_function(*signature), lower_control_flow=False)
    return pack_graph(frozen, [port.name for port in inputs], output_names)


def pack_graph(frozen: Any, input_names: Sequence[str], output_names: Sequence[str]) -> bytes:
    """A frozen ConcreteFunction with the names of its ports, in order."""
    import tensorflow as tf

    meta = tf.compat.v1.MetaGraphDef()
    meta.graph_def.CopyFrom(frozen.graph.as_graph_def())
    check_graph(meta.graph_def)
    signature = meta.signature_def[_SIGNATURE]
    for names, tensors, infos in (
        (input_names, frozen.inputs, signature.inputs),
        (output_names, frozen.outputs, signature.outputs),
    ):
        for index, (name, tensor) in enumerate(zip(names, tensors, strict=True)):
            info = infos[f"{index:04d}:{name}"]
            info.name, info.dtype = tensor.name, tensor.dtype.as_datatype_enum
            info.tensor_shape.CopyFrom(tensor.shape.as_proto())
    data: bytes = meta.SerializeToString(deterministic=True)
    return data


def _in_order(infos: Any) -> list[tuple[str, Any]]:
    return [(key.partition(":")[2], infos[key]) for key in sorted(infos)]


def _sample_shape(info: Any) -> tuple[int | None, ...]:
    return tuple(None if dim.size < 0 else int(dim.size) for dim in info.tensor_shape.dim[1:])
