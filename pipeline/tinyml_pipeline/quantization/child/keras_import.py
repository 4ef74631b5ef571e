"""Files of Keras from elsewhere, read only after what they hold was checked."""

from __future__ import annotations

import importlib
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.convertible_layers import is_rolled, layers_of, why_not_convertible
from tinyml_pipeline.errors import visible
from tinyml_pipeline.keras_archive import archive
from tinyml_pipeline.quantization.child.graph_network import freeze
from tinyml_pipeline.quantization.child.keras_network import KerasNetwork, cause_line, first_line
from tinyml_pipeline.quantization.keras_2 import modernized, unroll_layers
from tinyml_pipeline.quantization.keras_config import OwnCode, own_code
from tinyml_pipeline.quantization.keras_hdf5 import check_hdf5, read_h5_config, with_config
from tinyml_pipeline.quantization.keras_zip import read_keras_zip
from tinyml_pipeline.quantization.refused import RefusedError

if TYPE_CHECKING:
    import keras

_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown [\w ]+:) '?([\w>]+)")


def load_keras_zip(data: bytes, trust: bool, unroll: bool) -> keras.Model:
    """A .keras file, of Keras 3 or 2."""
    found = read_keras_zip(data, trust=trust)
    check_hdf5(found.weights)
    if found.is_of_keras_2:
        found = replace(found, config=modernized(found.config))
    if unroll:
        unroll_layers(found.config)
    return _loaded(found.pack(), "model.keras", _own_objects(found.config) if trust else None)


def load_h5(data: bytes, trust: bool, unroll: bool) -> keras.Model:
    """A whole model in HDF5, of Keras 3 or 2."""
    config = modernized(read_h5_config(data, trust=trust))
    if unroll:
        unroll_layers(config)
    return _loaded(with_config(data, config), "model.h5", _own_objects(config) if trust else None)


def _own_objects(config: Any) -> dict[str, Any]:
    """The user's own classes and functions, under the names by which Keras looks them up. Imports their modules, which
    runs them: Keras itself imports only its own."""
    code = list(own_code(config))
    modules = [_own_module(one) for one in code if one.module is not None]
    found: dict[str, Any] = {}
    for one in code:
        name = one.name.rsplit(">", 1)[-1]
        places = [module for module in modules if hasattr(module, name)]
        if not places:
            raise RefusedError(
                f"{_needed(one)}, which is in no module that the file names. Make it a class of a module, and save the"
                " network again, as .keras."
            )
        named = (module for module in places if module.__name__ == one.module)
        found[one.registered] = getattr(next(named, places[0]), name)
    return found


def _own_module(one: OwnCode) -> ModuleType:
    if one.module == "__main__":
        raise RefusedError(
            f"{_needed(one)} of a notebook or script, which cannot be imported. Put it into a module, such as own.py,"
            " and save the network again."
        )
    try:
        return importlib.import_module(str(one.module))
    except Exception as error:  # whatever the user's module raises
        raise RefusedError(
            f"{_needed(one)} of the module '{visible(str(one.module))}', which cannot be imported"
            f" ({first_line(error).rstrip('.')}). Install it, or put its folder on PYTHONPATH."
        ) from error


def _needed(one: OwnCode) -> str:
    return f"{one.where} needs '{visible(one.name)}'"


def packed(model: keras.Model) -> bytes:
    """The network for later steps: as a .keras file, or, where it has code of its own, as a graph without any.

    Raises RefusedError, with the layer's name and the way out, for what no conversion to int8 carries.
    """
    has_code = False
    for layer in layers_of(model):
        reason = why_not_convertible(layer, is_code_allowed=True)
        if reason and is_rolled(layer):
            raise RefusedError(_how_to_unroll(layer))
        if reason:
            raise RefusedError(f"layer '{layer.name}' {reason}")
        has_code = has_code or bool(why_not_convertible(layer))
    if has_code:
        network = KerasNetwork(model)
        return freeze(network.function, network.inputs, network.output_names)
    return archive(model)


def _how_to_unroll(layer: Any) -> str:
    """What to do about a recurrent layer, and what that costs."""
    steps = layer.input.shape[1]
    which = f"layer '{layer.name}' ({type(layer).__name__})"
    if steps is None:
        return (
            f"{which} takes any number of time steps; a microcontroller's int8 needs a fixed one. Build it with"
            " keras.Input((steps, values)) and unroll=True."
        )
    return (
        f"{which} must be unrolled for int8: import it with --unroll. That writes out its {steps} steps, which take"
        f" {steps} times the operators of one, each with code and memory of its own. Shorter sequences or Conv1D cost"
        " less."
    )


def _loaded(data: bytes, name: str, own: dict[str, Any] | None) -> Any:
    """`own` are the objects of a file whose code may run; None for any other."""
    import keras

    keras.backend.clear_session()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        try:
            model = keras.saving.load_model(path, own, compile=False, safe_mode=own is None)
        except Exception as error:
            cause = cause_line(error)
            if unknown := _UNKNOWN.search(cause):
                raise RefusedError(
                    f"'{visible(unknown[1])}' is not one of Keras' own, and the file does not say in which module it"
                    " is, as of a class of a notebook. Put it into a module, such as own.py, save the network again as"
                    " .keras, and import that with --trust."
                ) from error
            raise RefusedError(f"Keras cannot load it: {cause}", is_explained=False) from error
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise RefusedError("its network does not say what shape its inputs have. Begin it with keras.Input(shape).")
    return model
