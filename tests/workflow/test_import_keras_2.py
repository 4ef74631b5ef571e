"""Files of Keras 2, written here with h5py in its layout: Keras 3 alone does not load all of them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess

from tests.conftest import BuildKeras
from tests.workflow.importing import FloatArray, converted, imported, network_of, samples, weights

KERAS_2: dict[str, Any] = {
    "dense": (
        [
            ("InputLayer", {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "ragged": False}),
            ("Dense", {"units": 5, "activation": "relu", "use_bias": True, "batch_input_shape": [None, 4]}),
            ("BatchNormalization", {"axis": [1], "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}),
            ("Dense", {"units": 2, "activation": "linear", "use_bias": True}),
        ],
        [
            ("dense_1", {"kernel:0": (4, 5), "bias:0": (5,)}),
            ("batchnormalization_2", dict.fromkeys(("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"), (5,))),
            ("dense_3", {"kernel:0": (5, 2), "bias:0": (2,)}),
        ],
        "Sequential([Input((4,)), layers.Dense(5, activation='relu'), layers.BatchNormalization(), layers.Dense(2)])",
        (4,),
    ),
    "depthwise": (
        [
            ("InputLayer", {"batch_input_shape": [None, 6, 6, 2], "dtype": "float32", "sparse": False}),
            ("DepthwiseConv2D", {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "groups": 1,
                                 "data_format": "channels_last", "dilation_rate": [1, 1], "depth_multiplier": 2,
                                 "activation": "relu", "use_bias": True}),
            ("SeparableConv2D", {"filters": 3, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid",
                                 "groups": 1, "data_format": "channels_last", "dilation_rate": [1, 1],
                                 "depth_multiplier": 1,
                                 "activation": "linear", "use_bias": True, "kernel_regularizer": None,
                                 "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
                                 "kernel_constraint": None}),
            ("Flatten", {"data_format": "channels_last"}),
            ("Dense", {"units": 2, "activation": "linear", "use_bias": True}),
        ],
        [
            ("depthwiseconv2d_1", {"depthwise_kernel:0": (3, 3, 2, 2), "bias:0": (4,)}),
            ("separableconv2d_2", {"depthwise_kernel:0": (3, 3, 4, 1), "pointwise_kernel:0": (1, 1, 4, 3),
                                   "bias:0": (3,)}),
            ("flatten_3", {}),
            ("dense_4", {"kernel:0": (48, 2), "bias:0": (2,)}),
        ],
        "Sequential([Input((6, 6, 2)), layers.DepthwiseConv2D(3, padding='same', depth_multiplier=2,"
        " activation='relu'), layers.SeparableConv2D(3, 3), layers.Flatten(), layers.Dense(2)])",
        (6, 6, 2),
    ),
    "lstm": (
        [
            ("InputLayer", {"batch_input_shape": [None, 4, 2], "dtype": "float32", "sparse": False, "ragged": False}),
            ("LSTM", {"units": 3, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True,
                      "return_sequences": False, "return_state": False, "go_backwards": False, "stateful": False,
                      "unroll": True, "time_major": False, "unit_forget_bias": True, "dropout": 0.0,
                      "recurrent_dropout": 0.0, "implementation": 2, "batch_input_shape": [None, 4, 2]}),
            ("Dense", {"units": 1, "activation": "linear", "use_bias": True}),
        ],
        [
            ("lstm_1", {"lstm_cell/kernel:0": (2, 12), "lstm_cell/recurrent_kernel:0": (3, 12),
                        "lstm_cell/bias:0": (12,)}),
            ("dense_2", {"kernel:0": (3, 1), "bias:0": (1,)}),
        ],
        "Sequential([Input((4, 2)), layers.LSTM(3, unroll=True), layers.Dense(1)])",
        (4, 2),
    ),
}  # fmt: skip
"""Layers as Keras 2.15 writes their configurations, their weights by name, the same network in Keras 3, its input."""


def keras_2_file(case: str, seed: int = 5) -> tuple[bytes, list[FloatArray]]:
    """An .h5 file in the layout of Keras 2, written without it, and its weights in order."""
    layers, groups, _, _ = KERAS_2[case]
    configs = [
        {"class_name": kind, "config": {"name": f"{kind.lower()}_{index}", "trainable": True, **config}}
        for index, (kind, config) in enumerate(layers)
    ]
    arrays = iter(weights(seed, *(shape for _, named in groups for shape in named.values())))
    buffer, written = io.BytesIO(), []
    with h5py.File(buffer, "w") as file:
        model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": configs}}
        file.attrs["model_config"] = json.dumps(model)
        file.attrs["keras_version"], file.attrs["backend"] = "2.15.0", "tensorflow"
        file.attrs["training_config"] = json.dumps({"loss": "my_own_loss", "metrics": None, "optimizer_config": {}})
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = np.array([name for name, _ in groups], "S")
        root.attrs["keras_version"], root.attrs["backend"] = "2.15.0", "tensorflow"
        for name, named in groups:
            group = root.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/{weight}" for weight in named], "S")
            for weight in named:
                written.append(next(arrays))
                group.create_dataset(f"{name}/{weight}", data=written[-1])
    return buffer.getvalue(), written


def zipped(config: dict[str, Any], groups: list[tuple[str, list[FloatArray]]], version: str = "2.15.0") -> bytes:
    """A .keras file in the layout of Keras 2; `groups` are the weights of each layer by the path of its variables."""
    weights_file, output = io.BytesIO(), io.BytesIO()
    with h5py.File(weights_file, "w") as file:
        for path, arrays in groups:
            variables = file.create_group(f"{path}/vars")
            for index, array in enumerate(arrays):
                variables.create_dataset(str(index), data=array)
    with zipfile.ZipFile(output, "w") as target:
        target.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2023-12-01@10:00:00"}))
        target.writestr("config.json", json.dumps(config))
        target.writestr("model.weights.h5", weights_file.getvalue())
    return output.getvalue()


def keras_2_archive(case: str, *, of: str = "layers", seed: int = 5) -> tuple[bytes, list[FloatArray]]:
    """The same as a .keras file of Keras 2, and its weights in order; `of` is what the file calls the layers."""
    layers, groups, _, _ = KERAS_2[case]
    configs = [
        {"module": "keras.layers", "class_name": kind, "registered_name": None,
         "config": {"name": f"{kind.lower()}_{index}", "trainable": True, **config}}
        for index, (kind, config) in enumerate(layers)
    ]  # fmt: skip
    arrays = iter(weights(seed, *(shape for _, named in groups for shape in named.values())))
    found: list[tuple[str, list[FloatArray]]] = []
    for (kind, _), (_, named) in zip(layers[1:], groups, strict=True):
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        count = sum(path.startswith(f"{of}/{name}") for path, _ in found)
        inner = "/cell" if kind == "LSTM" else ""
        found.append((f"{of}/{name}{f'_{count}' * bool(count)}{inner}", [next(arrays) for _ in named]))
    model = {"module": "keras", "class_name": "Sequential", "registered_name": None,
             "config": {"name": "sequential", "layers": configs},
             "compile_config": {"optimizer": "adam", "loss": "my_own_loss"}}  # fmt: skip
    return zipped(model, found), [array for _, arrays in found for array in arrays]


@pytest.mark.parametrize(
    ("case", "of"), [*((case, "layers") for case in KERAS_2), ("dense", "_layer_checkpoint_dependencies")]
)
def test_a_keras_file_of_keras_2(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, case: str, of: str
) -> None:
    """Keras 2.12 and 2.13 called the layers otherwise."""
    data, given = keras_2_archive(case, of=of)
    Path("old.keras").write_bytes(data)
    _, _, source, shape = KERAS_2[case]
    x = samples(*shape)
    imported(Path("old.keras"), project, keras_process, inputs=("x:-1:1",))
    ours, theirs = (keras_process.predict(one, x) for one in (network_of(project, "old"), build_keras(source, given)))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_two_inputs_of_keras_2(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, package: str
) -> None:
    """A functional model, whose nodes stand in lists there; tf_keras is Keras 2 for TensorFlow from 2.16 on."""
    layers = [
        ("InputLayer", "right", {"batch_input_shape": [None, 2], "dtype": "float32", "sparse": False}, []),
        ("InputLayer", "left", {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False}, []),
        ("Concatenate", "both", {"axis": -1}, [["left", 0, 0, {}], ["right", 0, 0, {}]]),
        ("Dense", "answer", {"units": 2, "activation": "relu"}, [["both", 0, 0, {}]]),
    ]
    config = {
        "module": f"{package}.src.engine.functional", "class_name": "Functional", "registered_name": "Functional",
        "config": {
            "name": "model", "input_layers": [["left", 0, 0], ["right", 0, 0]], "output_layers": [["answer", 0, 0]],
            "layers": [
                {"module": f"{package}.layers", "class_name": kind, "registered_name": None, "name": name,
                 "config": {"name": name, **more}, "inbound_nodes": [nodes] if nodes else []}
                for kind, name, more, nodes in layers
            ],
        },
    }  # fmt: skip
    given = weights(3, (5, 2), (2,))
    Path("old.keras").write_bytes(zipped(config, [("layers/dense", given)], "2.21.0"))
    imported(Path("old.keras"), project, keras_process, inputs=("a:-1:1", "b:-1:1"))
    source = (
        "(lambda a, b: keras.Model([a, b], layers.Dense(2, activation='relu')(layers.Concatenate()([a, b]))))"
        "(Input((3,), name='left'), Input((2,), name='right'))"
    )
    x = [samples(3), samples(2, seed=1)]
    ours, theirs = (
        keras_process.predict_all(one, x) for one in (network_of(project, "old"), build_keras(source, given))
    )
    np.testing.assert_array_equal(ours[0], theirs[0])


@pytest.mark.parametrize("case", KERAS_2)
def test_an_h5_file_of_keras_2(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, case: str
) -> None:
    data, given = keras_2_file(case)
    Path("old.h5").write_bytes(data)
    _, _, source, shape = KERAS_2[case]
    x = samples(*shape)
    np.save("x.npy", x)
    imported(Path("old.h5"), project, keras_process, data="x.npy")
    ours, theirs = (keras_process.predict(one, x) for one in (network_of(project, "old"), build_keras(source, given)))
    np.testing.assert_array_equal(ours, theirs)
    assert converted("old", keras_process).passed
