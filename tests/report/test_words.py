"""Sentences below tables: of what is there, in the right number, and of which output."""

from __future__ import annotations

from types import SimpleNamespace as Fields
from typing import Any

import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.show.report.tables import board, learn, road
from tinyml_pipeline.workflow.export import Export, ExportRecord
from tinyml_pipeline.workflow.firmware import Firmware, FirmwareRecord, runtime_for
from tinyml_pipeline.workflow.graph import Drawn
from tinyml_pipeline.workflow.new_project import NewProject
from tinyml_pipeline.workflow.predict import Answer, InputValue, Prediction

ALL = ("arduino-esp32", "chirale", "esp-idf")
ERRORS = "Worst and mean error: int8 against Keras, in units of the output and in output steps. "


def conversion(*libraries: str, has_keras: bool = True) -> Any:
    difference = Fields(worst=0.1, worst_steps=0.5, mean=0.05, tolerance=0.2) if has_keras else None
    return Fields(
        model="m", folder="artifacts/m", up_to_date=False,
        converted=Fields(bytes=1016, lint=[], threshold=None), generated=Fields(arena_bytes=2352, libraries=libraries),
        proof=Fields(claim="verified", difference=difference, accuracy="", metrics=(), c_mismatches=0),
    )  # fmt: skip


CONVERSIONS: dict[str, tuple[list[Any], str]] = {
    "all": (
        [conversion(*ALL)],
        f"{ERRORS}Look at parity.png and lint.txt; the sketches are in arduino-esp32/, chirale/ and esp-idf/ of each"
        " folder.",
    ),
    "int8 from elsewhere, without chirale": (
        [conversion("arduino-esp32", "esp-idf", has_keras=False)],
        "Look at lint.txt; the sketches are in arduino-esp32/ and esp-idf/ of each folder.",
    ),
    "no sketch": ([conversion(has_keras=False)], "Look at lint.txt."),
    "not the same": (
        [conversion(*ALL), conversion("esp-idf")],
        f"{ERRORS}Look at parity.png and lint.txt; the sketches are in arduino-esp32/, chirale/ and esp-idf/ of the"
        " folders that have them.",
    ),
}


@pytest.mark.parametrize("case", CONVERSIONS)
def test_convert_points_to_what_it_wrote(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    results, words = CONVERSIONS[case]
    road.conversion(results)
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == words
    assert ("2,352 B" in out) == (case != "no sketch")


def test_a_training_that_was_up_to_date_wrote_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    trained = Fields(epochs=1, metrics={"loss": 0.5}, parameters=2, overrides={}, answers=[])
    for up_to_date, words in ((True, "kept in a/m/model.keras"), (False, "written to a/m/model.keras")):
        seconds = None if up_to_date else 0.1
        road.training([Fields(model="m", folder="a/m", up_to_date=up_to_date, seconds=seconds, trained=trained)])
        assert capsys.readouterr().out.splitlines()[-1] == words


@pytest.mark.parametrize(
    ("name", "what"), [("uno", "Arduino sketch and PlatformIO project"), ("sim-uno", "Arduino sketch")]
)
def test_a_firmware_project_is_what_it_is(name: str, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    record = FirmwareRecord(name, "aot", "", "")
    board.firmware([Firmware("m", "f", record, load_board(name).platformio is not None)])
    assert capsys.readouterr().out.startswith(f"m: {what} for {name} (aot) in\n")


def test_a_runtime_that_nobody_has() -> None:
    with pytest.raises(UsageError, match=r"^there is no runtime 'jit'; choose aot or tflm\.$"):
        runtime_for(load_board("esp32"), "jit")


def test_one_parameter_and_one_input(capsys: pytest.CaptureFixture[str]) -> None:
    learn.drawn([Drawn("m", ("float",), 1, "m.svg")])
    learn.exports([Export("m", "f", ExportRecord("h5", 10, 1, "m.h5"))])
    out = capsys.readouterr().out
    assert "m: float, 1 parameter, drawn in m.svg\n" in out
    assert "same answers to 1 input\n" in out


def test_a_folder_with_a_blank_is_quoted_where_it_is_to_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    road.new_project([NewProject("my project", ("tinyml.toml",))])
    assert 'Go on with: cd "my project" && tinyml train' in capsys.readouterr().out


def prediction(output: str, difference: float, tolerance: float, step: float, row: int = 4) -> Prediction:
    value, answer = InputValue("x", 1.0, 1.0, 5), Answer("y", 1.0, 1.0, 1.0, 5, None, None)
    return Prediction("m", "", (value,), (answer,), step, difference, tolerance, output=output, row=row)


def test_of_several_outputs_the_one_that_is_meant_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Their tolerances and steps differ: 0.3 of 2 is less than 0.2 of 0.1."""
    far, near = prediction("level", 0.2, 0.1, 0.01, row=7), prediction("kind", 0.3, 2.0, 0.5)
    learn.prediction([far])
    out = capsys.readouterr().out
    assert "Asked the same, int8 is 0.2 from Keras in level: MORE THAN the tolerance of 0.1.\n" in out
    assert "One int8 step of level is 0.01.\n" in out
    learn.prediction_rows([near, far])
    out = capsys.readouterr().out
    assert out.endswith(
        "m: 1 of 2 rows within the tolerance; the largest difference between int8 and Keras of level, asked the same,"
        " is 0.2 in row 7, of 0.1 accepted.\nOne int8 step of level is 0.01.\n"
    )
    learn.prediction_rows([prediction("", 0.3, 2.0, 0.5)])
    assert capsys.readouterr().out.endswith("is 0.3 in row 4, of 2 accepted.\nOne int8 step of the answer is 0.5.\n")
