"""The architecture in a Keras file, checked before Keras is given it: only Keras' own classes, and none that run code
or read files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline.errors import visible
from tinyml_pipeline.quantization.refused import RefusedError

_MODULES = {
    *("activations", "applications", "constraints", "dtype_policies", "initializers", "layers", "models", "ops"),
    *("quantizers", "random", "regularizers"),
}
"""Of Keras, those whose classes make up a network."""
_FOREIGN_CODE = {
    "TFSMLayer": "runs a SavedModel from the disk",
    "TorchModuleWrapper": "unpickles a PyTorch module",
    "JaxLayer": "calls a function of JAX",
    "FlaxLayer": "calls a module of Flax",
}
_READ_FILES = {"FeatureSpace", "IndexLookup", "IntegerLookup", "StringLookup", "TextVectorization"}
_NOT_OF_THE_NETWORK = {"compile_config", "build_config"}
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"}
_DEEPEST = 200
_TRUST = "If you trust where the file comes from, import it with --trust"


@dataclass(frozen=True)
class OwnCode:
    """A class or function of the user's own in a configuration: where it is used, and how Keras looks it up.

    `module` is None where the configuration does not name it, as of a function that is registered nowhere.
    """

    where: str
    module: str | None
    name: str
    registered: str


def own_code(config: Any) -> Iterator[OwnCode]:
    """What a trusted configuration needs that is not part of Keras; Lambda layers bring their code along."""
    for name, node in _objects(config, "", 0):
        kind, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
        if kind in _VALUES or kind in ("Lambda", "__lambda__") or _is_of_keras(kind, module, registered):
            continue
        where = f"layer '{visible(name)}'" if name else "its network"
        if kind == "function":
            kind = registered = node.get("config")
        is_named = isinstance(module, str) and module != "builtins"
        yield OwnCode(where, str(module) if is_named else None, str(kind), str(registered or kind))


def check_config(config: Any, *, trust: bool = False) -> None:
    """Raise RefusedError, with the layer's name, for whatever Keras would run code or read files for.

    With `trust` Lambda layers and classes of the user's own pass.
    """
    for name, node in _objects(config, "", 0):
        kind, module = node["class_name"], node.get("module")
        if kind in _VALUES:
            continue
        where = f"layer '{visible(name)}'" if name else "its network"
        if kind in _FOREIGN_CODE:
            raise RefusedError(f"{where} ({kind}) {_FOREIGN_CODE[kind]}; a microcontroller cannot.")
        if kind in _READ_FILES:
            raise RefusedError(f"{where} ({kind}) looks words up, which a microcontroller cannot; give it numbers.")
        if trust:
            continue
        if kind in ("Lambda", "__lambda__"):
            raise RefusedError(
                f"{where} is a Lambda layer, which holds Python code. {_TRUST}; better, write it with Keras' own layers"
                " and keras.ops."
            )
        if not _is_of_keras(kind, module, node.get("registered_name")):
            place = f"{module}." if isinstance(module, str) and module else ""
            raise RefusedError(
                f"{where} is of the class {visible(place + kind)}, which is not one of Keras' own. {_TRUST}, where"
                " that class can be imported; better, build the network of Keras' own layers."
            )


def _is_of_keras(kind: str, module: Any, registered: Any) -> bool:
    if ">" in kind or (registered is not None and registered not in (kind, "function")):
        return False
    if module is None:  # Keras 2, and HDF5: the class is looked up among Keras' own
        return kind.isidentifier() and not kind.startswith("__")
    parts = str(module).split(".")
    if parts == ["keras"]:
        return True
    if parts[:2] in (["keras", "src"], ["tf_keras", "src"]):
        parts = parts[1:]
    return len(parts) > 1 and parts[0] in ("keras", "tf_keras", "src") and parts[1] in {*_MODULES, "engine"}


def _objects(node: Any, layer: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every serialized object, with the name of the layer that it lies in."""
    if depth > _DEEPEST:
        raise RefusedError("its configuration is nested too deeply to be one of Keras.")
    if isinstance(node, dict):
        inner = node.get("config")
        if isinstance(node.get("class_name"), str):
            if isinstance(inner, dict) and isinstance(inner.get("name"), str):
                layer = inner["name"]
            yield layer, node
        for key, value in node.items():
            if key not in _NOT_OF_THE_NETWORK:
                yield from _objects(value, layer, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value, layer, depth + 1)
