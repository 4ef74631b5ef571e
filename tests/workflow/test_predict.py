"""`tinyml predict`: the three answers agree with what the road proved, and every wrong question is one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.errors import ArtifactsError, UsageError
from tinyml_pipeline.models import gesture
from tinyml_pipeline.models._example_csv import csv_file
from tinyml_pipeline.workflow.predict import predict, predict_rows

from tests.opened import project
from tests.tools import need
from tests.workflow.conftest import tinyml


def test_ten_and_two_side_by_side(road: Path) -> None:
    need("gcc", "gcc")
    done = tinyml(road, "predict", "adder", "10", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "adder: compiling the C while Keras starts (some seconds)\n"
    (found,) = json.loads(done.stdout)
    assert [(value["name"], value["asked"], value["note"]) for value in found["inputs"]] == [
        ("a", 10.0, ""),
        ("b", 2.0, ""),
    ]
    (answer,) = found["answers"]
    assert answer["name"] == "sum"
    assert answer["keras"] == pytest.approx(12, abs=0.1)
    assert answer["keras_seen"] == pytest.approx(sum(value["seen"] for value in found["inputs"]), abs=0.1)
    assert abs(answer["int8_real"] - answer["keras_seen"]) == found["difference"] <= found["tolerance"]
    assert (answer["c"], answer["c_real"]) == (answer["int8"], answer["int8_real"])


@pytest.mark.parametrize("words", [("-3",), ("--", "-3"), ("-3.0e0",)])
def test_a_negative_number_is_a_number(road: Path, words: tuple[str, ...]) -> None:
    done = tinyml(road, "predict", "linear", *words)
    assert done.returncode == 0, done.stderr
    assert "x       -3         -2.98039   -39" in done.stdout
    assert done.stdout.endswith(
        "int8 knows 256 values of each input and sees the nearest one to what you typed.\n"
        "Asked the same, int8 is 0.0518 from Keras: within the tolerance of 0.16.\n"
        "One int8 step of the answer is 0.1567.\n"
    )


def test_outside_the_domain_is_said_as_clamped(road: Path) -> None:
    done = tinyml(road, "predict", "linear", "30")
    assert done.returncode == 0
    first, _ = done.stderr.splitlines()
    assert first == "linear: x = 30 is outside of its range, -10 to 10, and clamped: int8 sees 10.0392."
    assert "Asked the same, int8 is 0.105 from Keras: within" in done.stdout
    done = tinyml(road, "predict", "linear", "10.02")
    first, _ = done.stderr.splitlines()
    assert first == "linear: x = 10.02 is outside of its range, -10 to 10; int8 sees 10.0392."


LINEAR = "linear takes 1 number (x): tinyml predict linear 10"
ADDER = "adder takes 2 numbers (a, b): tinyml predict adder 10 2"
REFUSED = {
    "too_many": (("linear", "1", "2"), f"2 numbers given; {LINEAR}"),
    "too_few": (("adder", "1"), f"1 number given; {ADDER}"),
    "none": (("adder",), f"0 numbers given; {ADDER}"),
    "a_word": (("linear", "ten"), f"'ten' is not a number; {LINEAR}"),
    "a_comma": (("linear", "3,5"), f"'3,5' is not a number (a point for decimals, blanks between numbers); {LINEAR}"),
    "nan": (("linear", "nan"), f"'nan' is not a finite number; {LINEAR}"),
    "minus_infinity": (("linear", "-inf"), f"'-inf' is not a finite number; {LINEAR}"),
    "an_image": (
        ("digits", "1"),
        "1 number given; digits takes 64 numbers (input[0], ..., input[63]):"
        " tinyml predict digits 12 4 8 12 4 8 12 4 ...",
    ),
    "an_unknown_option": (
        ("linear", "--jsn", "1"),
        "predict has no option '--jsn'; it takes a model, its numbers or --data FILE, and --json.",
    ),
    "numbers_and_data": (("linear", "1", "--data", "x.csv"), "predict takes numbers or --data FILE, not both."),
    "no_data_file": (("linear", "--data", "x.csv"), "x.csv cannot be read (No such file or directory)."),
    "an_unknown_model": (("ader", "1"), "there is no model 'ader'. Did you mean 'adder'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_question_is_one_line(road: Path, case: str) -> None:
    arguments, message = REFUSED[case]
    done = tinyml(road, "predict", *arguments)
    assert done.returncode == 2
    assert done.stderr == f"tinyml: {message}\n"
    assert done.stdout == ""


def test_many_rows_from_a_file_and_from_standard_input(road: Path, tmp_path: Path) -> None:
    need("gcc", "gcc")
    pairs = "b,a\n2,10\n30,40\n,7\n1,200\n"
    (tmp_path / "pairs.csv").write_text(pairs)
    found = predict_rows("adder", str(tmp_path / "pairs.csv"), project(road))
    single = predict("adder", ["10", "2"], project(road))
    assert [[value.asked for value in one.inputs] for one in found] == [[10, 2], [40, 30], [200, 1]]
    assert found[0].inputs == single.inputs
    assert (found[0].answers[0].int8, found[0].answers[0].c) == (single.answers[0].int8, single.answers[0].c)
    assert found[0].answers[0].keras == pytest.approx(single.answers[0].keras, rel=1e-6)
    assert [one.inputs[0].int8 for one in found][2] == 127
    assert [one.row for one in (*found, single)] == [1, 2, 4, None]
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "--artifacts", str(road), "predict", "adder", "-"]
    done = subprocess.run(command, input=pairs, capture_output=True, text=True, check=True)
    assert "adder: 3 of 3 rows within the tolerance; " in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines() if line[:1].isdigit()] == ["1", "2", "4"]
    left_out, first, _ = done.stderr.splitlines()
    assert left_out == "adder: 1 of 4 rows has missing values and is left out; the first is row 3"
    assert first == (
        "adder: 1 value is outside of the range; the first, in row 4: a = 200 is outside of its range, 0 to 100, and"
        " clamped: int8 sees 100."
    )


def test_samples_of_a_time_series_are_answered_in_windows_of_one_recording(road: Path) -> None:
    """80 recordings of 100 samples: windows of 50 begin at 0, 25 and 50 of each."""
    found = predict_rows("gesture", str(csv_file("gesture", gesture.recordings)), project(road))
    assert [one.row for one in found] == [100 * r + 1 + at for r in range(gesture.RECORDINGS) for at in (0, 25, 50)]
    best = [max(one.answers, key=lambda answer: answer.int8_real).name for one in found]
    expected = [gesture.GESTURES[number // 3 % 4] for number in range(len(found))]
    assert np.mean([a == b for a, b in zip(best, expected, strict=True)]) >= 0.97


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0,0,9.8"] * 49 + ["0,,9.8"], "d.csv: every window has a missing value."),
        (["0,0,9.8"] * 49, "d.csv has no 50 samples behind one another, which gesture takes."),
    ],
)
def test_samples_that_give_no_window(
    road: Path, rows: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = project(road)
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text("\n".join(["ax,ay,az", *rows]) + "\n")
    with pytest.raises(UsageError) as caught:
        predict_rows("gesture", "d.csv", artifacts)
    assert str(caught.value) == message
    Path("d.csv").write_text("\n".join(["ax,ay,a_z", *rows]) + "\n")
    with pytest.raises(UsageError, match=r"^d\.csv has no column 'az'\. Did you mean 'a_z'\?$"):
        predict_rows("gesture", "d.csv", artifacts)


def test_a_model_that_was_not_trained_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ArtifactsError) as caught:
        predict("linear", ["1"], project(tmp_path))
    assert str(caught.value) == f"{tmp_path}/linear/model.keras is not there. Run: tinyml train linear"


def test_without_a_compiler_c_is_left_out(road: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyml_pipeline.workflow.predict.missing_tools", lambda board: ["gcc"])
    found = predict("linear", ["10"], project(road))
    assert found.answers[0].c is None
    assert found.answers[0].int8_real == pytest.approx(19, abs=found.output_step)
    assert found.without_c == "The C was not run: gcc is not installed. How to install: tinyml doctor"
