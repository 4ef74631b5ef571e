"""Verdicts a user can act on: what a classifier decides counts, and a failed proof names the layer that causes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tinyml_pipeline.compiler import tflite_schema as schema
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.parity.report import ParityReport
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization import settle_scales as settling
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.runtimes.tflm import data_sources
from tinyml_pipeline.workflow import convert as converting
from tinyml_pipeline.workflow.proof import prove

GESTURE = """
import numpy as np
from tinyml_pipeline import Dataset, Domain, ModelSpec, to_unit_range

INPUTS = (Domain("ax", -12, 13), Domain("ay", -7, 7.5), Domain("az", 0.5, 18.5))


def build():
    import keras
    layers = keras.layers
    return keras.Sequential([
        keras.Input((50, 3)), to_unit_range(INPUTS),
        layers.Conv1D(8, 5, strides=2, activation="relu", name="first"),
        layers.Conv1D(12, 3, strides=2, activation="relu", name="second"),
        layers.GlobalAveragePooling1D(), layers.Dense(3, "softmax", name="last"),
    ])


def recordings(rng, count):
    time, labels = np.arange(50) / 50, np.arange(count) % 3
    wave = np.sin(2 * np.pi * (2 + rng.uniform(-0.3, 0.3, (count, 1))) * time + rng.uniform(0, 6, (count, 1)))
    x = rng.normal(0, 0.4, (count, 50, 3)) + [0, 0, 9.5]
    for axis in (0, 1):
        x[labels == axis + 1, :, axis] += 6 * wave[labels == axis + 1]
    return Dataset(x, np.eye(3)[labels])


def optimizer():
    import keras
    return keras.optimizers.Adam(0.01)


SPEC = ModelSpec(
    name="gesture", summary="three gestures", build=build, data=lambda rng: recordings(rng, 240),
    test=lambda rng: recordings(np.random.default_rng(7), 90), optimizer=optimizer,
    loss="categorical_crossentropy", epochs=12, batch_size=16, inputs=INPUTS, outputs=("still", "left", "up"),
    tolerance=0.05,
)
"""
Settle = Callable[[bytes], tuple[bytes, Graph]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, bytes]:
    from tinyml_pipeline.training.train import train

    folder = tmp_path_factory.mktemp("gesture")
    (folder / "models").mkdir()
    (folder / "models/gesture.py").write_text(GESTURE)
    project = Project.find(folder)
    return project, train(project.model("gesture").load_trained_here(), lambda _: None).keras_archive


def proven(trained: tuple[Project, bytes], keras: KerasProcess) -> ParityReport:
    project, archive = trained
    source = project.model("gesture")
    made = converting.quantize(source.load(), archive, keras, False, source)
    return prove(made.opened, data_sources(made.opened.model), made.answers, expected=made.expected, inputs=made.inputs)


def spoil(monkeypatch: pytest.MonkeyPatch, layer: int, of_output: bool, factor: float) -> None:
    """The scale of a layer's weights or outputs comes out wrong from the conversion."""
    settle: Settle = settling.settle_scales

    def settle_wrongly(tflite: bytes) -> tuple[bytes, Graph]:
        settled, graph = settle(tflite)
        layers = [op for op in graph.operations if op.name in ("CONV_2D", "FULLY_CONNECTED")]
        tensor = layers[layer].outputs[0] if of_output else layers[layer].inputs[1]
        patched = bytearray(settled)
        table: Any = schema.Model.GetRootAs(patched).Subgraphs(0).Tensors(tensor)
        scales = settling._view(patched, table.Quantization().ScaleAsNumpy(), "<f4")
        scales[:] = scales * factor
        return bytes(patched), read_tflite(bytes(patched))

    monkeypatch.setattr(converting, "settle_scales", settle_wrongly)


@pytest.mark.slow
def test_a_classifier_that_decides_alike_is_not_refused(
    trained: tuple[Project, bytes], keras_process: KerasProcess
) -> None:
    """Of a softmax value on a random input, 0.05 is soon missed."""
    report = proven(trained, keras_process)
    rows = {row.name: (row, word) for row, word in zip(report.rows, report.verdicts, strict=True)}
    report.check()
    values, _ = rows["Keras = int8"]
    assert not values.within, "otherwise this shows nothing"  # type: ignore[attr-defined]
    assert rows["Keras = int8"][1] == "info"
    accuracy = rows["accuracy"][0]
    assert accuracy.keras_right >= 88  # type: ignore[attr-defined]
    assert accuracy.summary.endswith("of 90 test samples; wanted at most 0.5 points less")
    f1, answers = accuracy.tables  # type: ignore[attr-defined]
    assert [row[0] for row in f1.rows] == ["still", "left", "up"]
    assert answers.columns == ("int8 answers", "still", "left", "up")
    assert sum(int(count) for row in answers.rows for count in row[1:]) == 90
    assert rows["layers"][1] == "pass"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "of_output", "factor", "name"),
    [(0, False, 4, "first"), (1, False, 0.4, "second"), (1, True, 0.1, "second"), (2, False, 0.1, "last")],
)
def test_a_spoiled_layer_fails_and_is_named(
    trained: tuple[Project, bytes],
    keras_process: KerasProcess,
    monkeypatch: pytest.MonkeyPatch,
    layer: int,
    of_output: bool,
    factor: float,
    name: str,
) -> None:
    spoil(monkeypatch, layer, of_output, factor)
    report = proven(trained, keras_process)
    assert not report.passed
    texts = [report.failure(row) for row in report.rows if not row.passed]
    assert all(f"Cause: layer '{name}' adds an error of" in text for text in texts), texts
    assert ("saturate, because its calibrated range is too narrow" in texts[0]) == of_output
