"""Every tensor that a model computes, as outputs: where a difference to TFLM begins, not only that there is one."""

from __future__ import annotations

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema


def with_intermediates(tflite: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The same model with the output of every operator among its outputs, and the operator that makes each."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite))
    (subgraph,) = model.subgraphs
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    outputs, makers = [], []
    for number, operator in enumerate(subgraph.operators):
        code = model.operatorCodes[operator.opcodeIndex]
        for index in operator.outputs:
            outputs.append(index)
            makers.append(f"{names[max(code.builtinCode, code.deprecatedBuiltinCode)]} (op {number})")
    subgraph.outputs = np.array(outputs, np.int32)
    model.signatureDefs = None
    builder = flatbuffers.Builder(len(tflite))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), tuple(makers)
