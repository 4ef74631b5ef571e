"""Models for firmware projects: one neuron, several ports, more inputs than anybody types."""

from __future__ import annotations

import numpy as np
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.value_scales import ValueScale
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.parity.vectors import golden_vectors
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, load_quantized
from tinyml_pipeline.runtimes.aot import AotRuntime
from tinyml_pipeline.runtimes.runtime import Oracle, Threshold
from tinyml_pipeline.runtimes.tflm import TflmRuntime

from tests.firmware import linear_tflite
from tests.tflite_writer import Writer


def linear() -> QuantizedModel:
    return load_quantized(linear_tflite(), "linear", "y = 2x - 1", ("x",), ("y",))


def two_ports() -> QuantizedModel:
    """left + right, two values each, with names that no C compiler takes as they are."""
    writer = Writer()
    left = writer.tensor((1, 2), 0.05, -1, name='say "left"')
    right = writer.tensor((1, 2), 0.001, 127, name="right")
    found = writer.tensor((1, 2), 0.06, -3, name="both")
    writer.operation("ADD", [left, right], [found], version=2)
    return load_quantized(writer.build([left, right], [found]), "Two Ports?", 'adds "two" \\ ports')


def many() -> QuantizedModel:
    """40 inputs, 20 outputs."""
    rng, writer = np.random.default_rng(3), Writer()
    source = writer.tensor((1, 40), 0.05, 4)
    weights = rng.integers(-127, 128, (20, 40)).astype(np.int8)
    bias = rng.integers(-4000, 4000, 20).astype(np.int32)
    return load_quantized(
        writer.build([source], [writer.fully_connected(source, weights, 0.004, bias, 0.09, 5)]), "many", "sound"
    )


def classes() -> QuantizedModel:
    """20 inputs, too many to type, and the probabilities of three classes: their sum is low, near zero or high."""
    writer = Writer()
    source = writer.tensor((1, 20), 0.05, 0)
    weights = np.repeat(np.array([[-100], [0], [100]], np.int8), 20, axis=1)
    sums = writer.fully_connected(source, weights, 0.01, np.zeros(3, np.int32), 0.2, 0)
    found = writer.tensor((1, 3), 1 / 256, -128)
    writer.operation("SOFTMAX", [sums], [found], beta=1.0)
    return load_quantized(writer.build([source], [found]), "classes", "low or high", (), ("low", "zero", "high"))


def series() -> QuantizedModel:
    """Four samples of two axes: the first axis of the oldest and of the newest, as they are."""
    writer = Writer()
    source = writer.tensor((1, 4, 2), 0.05, -128)
    flat = writer.tensor((1, 8), 0.05, -128)
    writer.operation("RESHAPE", [source, writer.tensor((2,), data=np.array([1, 8], np.int32), type="INT32")], [flat])
    weights = np.zeros((2, 8), np.int8)
    weights[0, 0] = weights[1, 6] = 100
    output = writer.fully_connected(flat, weights, 0.01, np.zeros(2, np.int32), 0.05, -128)
    return load_quantized(writer.build([source], [output]), "series", "first and last", (), ("oldest", "newest"))


def repeater() -> QuantizedModel:
    """An autoencoder: two values, repeated as far as int8 reaches, from -6.4 to 6.35."""
    writer = Writer()
    source = writer.tensor((1, 2), 0.05, 0)
    weights = np.array([[100, 0], [0, 100]], np.int8)
    output = writer.fully_connected(source, weights, 0.01, np.zeros(2, np.int32), 0.05, 0)
    return load_quantized(writer.build([source], [output]), "repeater", "says what it hears", ("a", "b"), ("a", "b"))


def oracle(model: QuantizedModel) -> Oracle:
    golden = golden_vectors(model, TflmInterpreter(model.tflite).invoke)
    domains: tuple[Domain, ...] = (Domain("x", -10, 10),) if model.name == "linear" else ()
    if model.name == "weather":
        domains = (Domain("temp", 15, 35, "C"), Domain("press", 950, 1050, "hPa"))
    if model.name == "series":
        axes = (Domain("level", 0, 10.23, "V"), Domain("other", 0, 8))
        return Oracle(golden, 2000, axes, (Domain("oldest", 0, 10.23, "V"), "newest"), stride=3)
    if model.name == "repeater":
        return Oracle(golden, 2000, (Domain("a", -10, 10), Domain("b", -10, 10)), threshold=Threshold(0.01, 99))
    return Oracle(golden, 2000, domains)


def project(model: QuantizedModel, board: str, runtime: str = "aot") -> SourceTree:
    target = load_board(board)
    if runtime == "tflm":
        return TflmRuntime().project(model, target, oracle(model))
    return AotRuntime(compile_graph).project(model, target, oracle(model))


def weather() -> QuantizedModel:
    """Two outputs in units of their own from temperature and pressure, each value on a scale of its own."""
    writer = Writer()
    source = writer.tensor((1, 2), 2 / 255, -1)
    weights = np.array([[90, -35], [-20, 110]], np.int8)
    sums = writer.fully_connected(source, weights, 0.01, np.array([300, -2000], np.int32), 2 / 255, 3)
    scales = [ValueScale((25.0, 1000.0), (0.1, 0.02)), ValueScale((0.0, 333.3), (1.0, 1 / 700))]
    rounded = [ValueScale(*(tuple(np.float32(part).tolist()) for part in (one.offsets, one.factors))) for one in scales]
    tflite = writer.build([source], [sums], rounded)
    return load_quantized(tflite, "weather", "rain and height", ("temp", "press"), ("rain", "height"))
