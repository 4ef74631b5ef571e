"""Every tensor that a model computes, as outputs: where a difference to TFLM begins, not only that there is one."""

from __future__ import annotations

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema


def with_intermediates(tflite: bytes, operator_name: str = "") -> tuple[bytes, tuple[str, ...]]:
    """The same model with the output of every operator, or of those of one name, as outputs, and what makes each."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite))
    (subgraph,) = model.subgraphs
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    outputs, makers = [], []
    for number, operator in enumerate(subgraph.operators):
        code = model.operatorCodes[operator.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        for index in operator.outputs if operator_name in ("", name) else ():
            outputs.append(index)
            makers.append(f"{name} (op {number})")
    subgraph.outputs = np.array(outputs, np.int32)
    model.signatureDefs = None
    builder = flatbuffers.Builder(len(tflite))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), tuple(makers)
