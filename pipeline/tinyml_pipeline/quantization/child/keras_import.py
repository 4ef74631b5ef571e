"""Files of Keras from elsewhere, read only after what they hold was checked."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.convertible_layers import is_rolled, layers_of, why_not_convertible
from tinyml_pipeline.keras_archive import archive
from tinyml_pipeline.quantization.child.graph_network import freeze
from tinyml_pipeline.quantization.child.keras_network import KerasNetwork, first_line
from tinyml_pipeline.quantization.keras_hdf5 import check_hdf5, modernized, read_h5_config, unroll_layers, with_config
from tinyml_pipeline.quantization.keras_zip import read_keras_zip
from tinyml_pipeline.quantization.refused import RefusedError

if TYPE_CHECKING:
    import keras


def load_keras_zip(data: bytes, trust: bool, unroll: bool) -> keras.Model:
    found = read_keras_zip(data, trust=trust)
    check_hdf5(found.weights)
    if unroll:
        unroll_layers(found.config)
    return _loaded(found.pack(), "model.keras", trust)


def load_h5(data: bytes, trust: bool, unroll: bool) -> keras.Model:
    """A whole model in HDF5, of Keras 3 or 2."""
    config = modernized(read_h5_config(data, trust=trust))
    if unroll:
        unroll_layers(config)
    return _loaded(with_config(data, config), "model.h5", trust)


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


def _loaded(data: bytes, name: str, trust: bool) -> Any:
    import keras

    keras.backend.clear_session()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=not trust)
        except Exception as error:
            raise RefusedError(f"Keras cannot load it: {first_line(error)}", is_explained=False) from error
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise RefusedError("its network does not say what shape its inputs have. Begin it with keras.Input(shape).")
    return model
