"""Values of different range get scales of their own: the int8 model answers in real units, each value on its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.value_scales import METADATA, ValueScale, pack_scales, unpack_scales
from tinyml_pipeline.errors import ModelFileError
from tinyml_pipeline.host.interpreters.oracle import find_oracle
from tinyml_pipeline.model_domains import into_network, out_of_network
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, load_quantized, steps_of_domains, steps_seen
from tinyml_pipeline.quantization.representative import representative_of_inputs
from tinyml_pipeline.quantization.value_ranges import ValueRanges

TEMPERATURE, PRESSURE = Domain("temperature", 15, 35, "C"), Domain("pressure", 950, 1050, "hPa")
AXES = (Domain("x", -2, 2), Domain("y", -40, 40), Domain("z", 5, 15))


def archive_of(build: Any, tmp_path: Path) -> bytes:
    from tinyml_pipeline.training.keras_import import import_keras

    _, keras = import_keras()
    keras.utils.set_random_seed(1)
    path = tmp_path / "model.keras"
    build(keras).save(path)
    return path.read_bytes()


def normalized(keras: Any) -> Any:
    layers = keras.layers
    first = layers.Normalization(mean=[25.0, 1000.0], variance=[33.0, 833.0])
    return keras.Sequential([keras.Input((2,)), first, layers.Dense(8, "relu"), layers.Dense(1)])


def batch_norm_first(keras: Any) -> Any:
    layers = keras.layers
    first = layers.BatchNormalization()
    model = keras.Sequential([keras.Input((2,)), first, layers.Dense(8, "tanh"), layers.Dense(2, "softmax")])
    first.set_weights([np.ones(2), np.zeros(2), np.array([25.0, 1000.0]), np.array([33.0, 833.0])])
    return model


def joined(keras: Any) -> Any:
    """Two inputs, brought to one range each and joined; outputs of different range, one of them behind a Rescaling."""
    layers = keras.layers
    a, b = keras.Input((1,), name="zebra"), keras.Input((1,), name="ant")
    both = layers.Concatenate()([layers.Rescaling(0.1, -2.5)(a), layers.Rescaling(0.02, -20.0)(b)])
    hidden = layers.Dense(6, "relu")(both)
    level = layers.Rescaling(500.0, 2000.0)(layers.Dense(1)(hidden))
    return keras.Model([a, b], [level, layers.Dense(2, "softmax")(hidden)])


def outputs_joined(keras: Any) -> Any:
    """Probabilities and a distance in one tensor, and a relu of which 0 has to stay 0."""
    layers = keras.layers
    start = keras.Input((2,))
    hidden = layers.Dense(6, "relu")(layers.Rescaling([0.1, 0.02], [-2.5, -20.0])(start))
    far = layers.Rescaling(300.0)(layers.Dense(1, "relu", bias_initializer="ones")(hidden))
    return keras.Model(start, layers.Concatenate()([layers.Dense(2, "softmax")(hidden), far]))


def padded(keras: Any) -> Any:
    """A convolution that pads axes with zeros: only a scale that keeps 0 in its place can move into it."""
    layers = keras.layers
    first = layers.Rescaling([0.5, 1 / 40, 0.2], [0.0, 0.0, -2.0])
    return keras.Sequential(
        [keras.Input((12, 3)), first, layers.Conv1D(5, 3, padding="same", activation="relu"),
         layers.GlobalAveragePooling1D(), layers.Dense(2)]
    )  # fmt: skip


def depthwise(keras: Any) -> Any:
    layers = keras.layers
    first = layers.Normalization(mean=[0.0, 0.0, 10.0], variance=[1.0, 400.0, 6.0])
    return keras.Sequential(
        [keras.Input((6, 6, 3)), first, layers.DepthwiseConv2D(3, depth_multiplier=2, activation="relu"),
         layers.Flatten(), layers.Dense(1)]
    )  # fmt: skip


CASES: dict[str, tuple[Any, tuple[Domain, ...]]] = {
    "normalization": (normalized, (TEMPERATURE, PRESSURE)),
    "batch norm first": (batch_norm_first, (TEMPERATURE, PRESSURE)),
    "two inputs, two outputs": (joined, (TEMPERATURE, PRESSURE)),
    "outputs joined": (outputs_joined, (TEMPERATURE, PRESSURE)),
    "padding": (padded, AXES),
    "depthwise": (depthwise, AXES),
    "one far from 0": (
        lambda keras: keras.Sequential(
            [keras.Input((1,)), keras.layers.Rescaling(0.02, -20.0), keras.layers.Dense(4, "relu"),
             keras.layers.Dense(1)]
        ),
        (PRESSURE,),
    ),
}  # fmt: skip


LEAST_STEPS = {  # softmax has its own scale, and relu keeps its 0, however little of it these weights use
    "batch norm first": [0, 0],
    "two inputs, two outputs": [200, 0, 0],
    "outputs joined": [0, 0, 140],
}


def converted(
    keras: KerasProcess, archive: bytes, domains: Sequence[Domain], shapes: Sequence[tuple[int, ...]]
) -> tuple[QuantizedModel, list[np.ndarray[Any, Any]], tuple[str, ...]]:
    """The int8 model, the real values it was calibrated on, and the notes."""
    real = representative_of_inputs(domains, shapes)
    ranges = ValueRanges.of(domains, shapes)
    tflite, notes = keras.convert_scaled(archive, real, ranges, ValueRanges.of_names(["y"]), False, "m")
    return load_quantized(tflite, "m"), real, notes


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_value_uses_its_steps_and_answers_in_real_units(
    name: str, keras_process: KerasProcess, tmp_path: Path
) -> None:
    build, domains = CASES[name]
    archive = archive_of(build, tmp_path)
    shapes = {"joined": [(1,), (1,)], "padded": [(12, 3)], "depthwise": [(6, 6, 3)]}.get(
        build.__name__, [(len(domains),)]
    )
    model, real, notes = converted(keras_process, archive, domains, shapes)
    assert notes == ()
    stored = [port.quantize(array) for port, array in zip(model.inputs, real, strict=True)]
    answers = find_oracle(model).invoke(stored)
    seen = [port.dequantize(array) for port, array in zip(model.inputs, stored, strict=True)]
    for port, ours, theirs in zip(model.outputs, answers, keras_process.predict_all(archive, seen), strict=True):
        span = theirs.max(axis=0) - theirs.min(axis=0)
        assert (np.abs(port.dequantize(ours) - theirs).max(axis=0) <= 0.04 * span).all()
    few = 128 if name == "padding" else 200  # its y and z share a zero
    for values in steps_of_domains(model.inputs, domains):
        assert all(value.steps >= few for value in values), values
    given = [value.steps for values in steps_seen(model.outputs, answers) for value in values]
    assert all(steps >= least for steps, least in zip(given, LEAST_STEPS.get(name, [200] * 2), strict=False)), given


@pytest.mark.slow
def test_a_network_of_standardized_values_takes_real_ones_on_the_device(
    keras_process: KerasProcess, tmp_path: Path
) -> None:
    """Its inputs were (x - mean) / deviation outside of it, and its output likewise: offset and factor say so."""
    domains = (replace(TEMPERATURE, offset=25.0, factor=0.2), replace(PRESSURE, offset=1000.0, factor=0.04))
    level = Domain("level", 0, 9, offset=40.0, factor=0.5)

    def plain(keras: Any) -> Any:
        return keras.Sequential([keras.Input((2,)), keras.layers.Dense(6, "relu"), keras.layers.Dense(1)])

    archive, real = archive_of(plain, tmp_path), representative_of_inputs(domains, [(2,)])
    ranges = ValueRanges.of(domains, [(2,)])
    tflite, _ = keras_process.convert_scaled(archive, real, ranges, ValueRanges.of_names([level]), False, "m")
    model = load_quantized(tflite, "m")
    (answers,) = find_oracle(model).invoke([model.inputs[0].quantize(real[0])])
    (wanted,) = out_of_network([level], keras_process.predict_all(archive, into_network(domains, real)))
    assert 30 < wanted.mean() < 50, "in real units"
    assert np.abs(model.outputs[0].dequantize(answers) - wanted).max() <= 0.04 * np.ptp(wanted)
    assert [model.inputs[0].value(at).low for at in (0, 1)] == pytest.approx([15, 950], abs=0.5)


@pytest.mark.slow
def test_what_cannot_be_folded_is_said_and_left_as_it_is(keras_process: KerasProcess, tmp_path: Path) -> None:
    def pooled(keras: Any) -> Any:
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((4, 2)), layers.MaxPooling1D(2), layers.Flatten(), layers.Dense(1)]
        )  # fmt: skip

    archive = archive_of(pooled, tmp_path)
    model, _, (note,) = converted(keras_process, archive, (TEMPERATURE, PRESSURE), [(4, 2)])
    assert note.startswith("the inputs share int8's steps, because MAX_POOL_2D (")
    assert note.endswith(") comes before the first layer with weights")
    assert not model.inputs[0].value_scale


def test_values_of_one_range_get_the_same_bytes_as_ever(
    keras_process: KerasProcess, adder_archive: bytes, adder_tflite: bytes
) -> None:
    domains = (Domain("a", 0, 100), Domain("b", 0, 100))
    model, real, notes = converted(keras_process, adder_archive, domains, [(2,)])
    assert notes == ()
    assert model.tflite == keras_process.convert(adder_archive, real, False, "m")
    assert not any(port.value_scale for port in (*model.inputs, *model.outputs))


SHAPES = [(1, 2), (1, 5, 3)]
SCALES = (ValueScale((1.0, -2.0), (0.5, 3.0)), ValueScale((0.25,), (2.0,)))


def test_scales_survive_the_file() -> None:
    assert unpack_scales(pack_scales(SCALES), SHAPES) == SCALES
    assert unpack_scales(pack_scales([ValueScale(), SCALES[1]]), SHAPES) == (ValueScale(), SCALES[1])
    assert (SCALES[0].of(1), SCALES[1].of(7), ValueScale().of(3)) == ((-2.0, 3.0), (0.25, 2.0), (0.0, 1.0))


DAMAGED = {
    "cut short": (pack_scales(SCALES)[:-1], "they end too early"),
    "empty": (b"", "they end too early"),
    "another number": (pack_scales([ValueScale((0.0,) * 4, (1.0,) * 4)] * 2), "4 pairs for a tensor of shape [1, 2]"),
    "a factor of 0": (
        pack_scales([ValueScale((0.0,), (0.0,))] * 2),
        "an offset is not finite, or a factor not a normal",
    ),
    "NaN": (pack_scales([ValueScale((np.nan,), (1.0,))] * 2), "an offset is not finite, or a factor not a normal"),
}


@pytest.mark.parametrize("case", DAMAGED.values(), ids=DAMAGED)
def test_damaged_scales_are_refused(case: tuple[bytes, str]) -> None:
    data, text = case
    with pytest.raises(ModelFileError, match="the model's scales of inputs and outputs are damaged") as caught:
        unpack_scales(data, SHAPES)
    assert text in str(caught.value)


def test_scales_of_another_version_are_refused() -> None:
    with pytest.raises(ModelFileError, match="have version 2; supported: 1"):
        unpack_scales(b"\2" + pack_scales(SCALES)[1:], SHAPES)


def test_metadata_of_others_is_left_alone(adder_tflite: bytes) -> None:
    assert METADATA.encode() not in adder_tflite
    assert read_tflite(adder_tflite).input_scales == ()
