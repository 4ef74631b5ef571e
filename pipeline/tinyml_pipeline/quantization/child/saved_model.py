"""A SavedModel from elsewhere: every operator is looked at before anything is loaded, then its weights become
constants of a graph that nothing but computes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tinyml_pipeline.errors import visible
from tinyml_pipeline.quantization.child.graph_network import pack_graph
from tinyml_pipeline.quantization.child.graph_operators import VARIABLES, check_operators
from tinyml_pipeline.quantization.child.keras_network import first_line
from tinyml_pipeline.quantization.refused import RefusedError

_GRAPH = "saved_model.pb"
_SIGNATURE = "serving_default"
_SAVER = frozenset(
    {"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename", "StaticRegexFullMatch", "StringJoin"}
)
"""They write and read checkpoints. Every SavedModel has them, in functions that loading does not call."""
_ASSIGN = frozenset({"AssignVariableOp", "VarIsInitializedOp"})


def freeze_saved_model(files: Mapping[str, bytes]) -> bytes:
    """The MetaGraphDef of the serving function; `files` are those of the SavedModel's folder, by path.

    Raises RefusedError for an operator that is not allowed, and for a SavedModel that cannot be served or frozen.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    _check(files)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            loaded = tf.saved_model.load(folder)
            function = loaded.signatures[_SIGNATURE]
            frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
        except Exception as error:
            raise RefusedError(f"TensorFlow cannot load it: {first_line(error)}", is_explained=False) from error
    by_tensor = {tensor.name.split(":")[0]: name for name, tensor in _specs(function)}
    inputs = [by_tensor.get(tensor.name.split(":")[0], tensor.name.split(":")[0]) for tensor in frozen.inputs]
    return pack_graph(frozen, inputs, list(function.structured_outputs))


def _specs(function: Any) -> Iterable[tuple[str, Any]]:
    """(name of the argument, its tensor) of a signature."""
    _, named = function.structured_input_signature
    return [(name, spec) for name, spec in named.items()]


def _check(files: Mapping[str, bytes]) -> None:
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    model = SavedModel()
    try:
        model.ParseFromString(files.get(_GRAPH, b""))
    except DecodeError:
        raise RefusedError(f"its {_GRAPH} is damaged. Save or copy it again.") from None
    if len(model.meta_graphs) != 1:
        raise RefusedError(f"it holds {len(model.meta_graphs)} graphs; supported: 1. Export the network again.")
    meta = model.meta_graphs[0]
    if _SIGNATURE not in meta.signature_def:
        raise RefusedError(f"it has no signature '{_SIGNATURE}'. Export the network with model.export(folder).")
    graph = meta.graph_def
    functions = {function.signature.name: function for function in graph.library.function}
    saving = _saver_nodes(meta)
    saver = _closure([node for node in graph.node if node.name in saving], functions)
    others = [node for node in graph.node if node.name not in saving]
    others += [node for name, function in functions.items() if name not in saver for node in function.node_def]
    called = _closure(others, functions) | set(meta.object_graph_def.concrete_functions)
    if both := sorted(saver & called):
        raise RefusedError(f"its function '{visible(both[0])}' saves or restores weights, and is called besides.")
    check_operators(others, functions, VARIABLES | _ASSIGN)
    saver_nodes = [node for name in saver for node in functions[name].node_def]
    check_operators(saver_nodes, functions, VARIABLES | _ASSIGN | _SAVER)


def _saver_nodes(meta: Any) -> set[str]:
    """The nodes of the main graph that save and restore checkpoints, by the names that the saver gives them."""
    saver = meta.saver_def
    named = {name.split(":")[0] for name in (saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)}
    return named - {""}


def _closure(nodes: Iterable[Any], functions: Mapping[str, Any]) -> set[str]:
    """The functions that nodes call, directly or not."""
    found: set[str] = set()
    todo = list(nodes)
    while todo:
        node = todo.pop()
        called = {node.op} | {
            one.name for value in node.attr.values() for one in [value.func, *value.list.func] if one.name
        }
        for name in called & set(functions) - found:
            found.add(name)
            todo += functions[name].node_def
    return found
