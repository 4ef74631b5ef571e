"""`tinyml new`: from a file of measurements to a spec that trains; one line, and nothing written, for bad data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.project import Project

from tests.workflow.importing import run

RANDOM = np.random.default_rng(3)


def soil(rows: int = 100) -> list[str]:
    """date, two sensors of different range, humid or dry, a constant, and how wet it is."""
    lines = ["date,raw,temp,state,site,wet"]
    for i in range(rows):
        raw, temp = int(RANDOM.integers(800, 3000)), RANDOM.normal(20, 5)
        lines.append(f"2025-01-{i % 28 + 1:02},{raw},{temp:.1f},{'humid' if raw < 1900 else 'dry'},4,{raw / 40:.1f}")
    return lines


def gestures(recordings: int = 12, rows: int = 20) -> list[str]:
    lines = ["rec,t,ax,ay,what"]
    for r in range(recordings):
        for t in range(rows):
            ax, ay = RANDOM.normal(0, 1 + r % 2, 2)
            lines.append(f"{r},{t / 50},{ax:.3f},{ay:.3f},{('rest', 'shake')[r % 2]}")
    return lines


def save(lines: list[str], name: str = "d.csv") -> None:
    Path(name).write_text("\n".join(lines) + "\n")


def test_a_table_is_described_and_a_spec_written(project: Project) -> None:
    save([*soil(), "2025-01-01,1000,-127.0,humid,4,25.0", ",1200,,humid,4,", ",,21,dry,4,30.0"])
    done = run("new", "wetness", "--from", "d.csv", "--target", "wet")
    assert done.exit_code == 0, done.output
    said = [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip()]
    assert said[0] == "d.csv: 103 rows, 6 columns"
    assert "date date, 28 different 2 not used: holds dates, not numbers" in said
    assert "state text, 2 different 0 not used: holds text, not numbers" in said
    assert "site 4 0 not used: has the same value in every row" in said
    assert any(line.startswith("temp: -127 (1 time) is far from all others") for line in said)
    assert any(line.startswith("3 of 103 rows have missing values and are dropped") for line in said)
    assert said[-4] == "regression; 16 and 16 neurons (dense layers), 337 parameters"
    assert said[-3] == "rows: 60 to train, 20 to stop the training, 20 to judge"
    assert said[-1] == "Go on with: tinyml train wetness && tinyml convert wetness"
    text = Path("models/wetness.py").read_text()
    assert 'path=Path(__file__).parent / "../d.csv",' in text
    assert 'inputs=("raw", "temp"),' in text
    assert "to_unit_range(INPUTS)" in text


def test_the_range_is_learnt_from_the_training_part(project: Project) -> None:
    lines = soil()
    save(lines)
    assert run("new", "a", "--from", "d.csv", "--target", "wet").exit_code == 0
    first = Path("models/a.py").read_text()
    assert run("new", "a", "--from", "d.csv", "--target", "wet", "--force").exit_code == 0
    assert Path("models/a.py").read_text() == first
    assert run("new", "b", "--from", "d.csv", "--target", "wet", "--seed", "5").exit_code == 0
    other = Path("models/b.py").read_text()
    assert "seed=5," in other
    assert [line for line in other.splitlines() if line.startswith("    Domain(")] != [
        line for line in first.splitlines() if line.startswith("    Domain(")
    ]


def test_windows_and_classes(project: Project) -> None:
    save(gestures())
    command = ["new", "moves", "--from", "d.csv", "--target", "what", "--group", "rec", "--window", "10"]
    done = run(*command, "--json")
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)
    assert told["task"] == "classification"
    assert told["classes"] == {"rest": 120, "shake": 120}
    assert told["samples"] == [24, 6, 6]
    assert told["roles"] == {"rec": "group", "t": "not used: only counts the rows", "ax": "input", "ay": "input",
                             "what": "target"}  # fmt: skip
    text = Path("models/moves.py").read_text()
    assert "window=10," in text
    assert "stride=5," in text
    assert "keras.Input((10, 2))" in text
    assert "outputs=DATA.classes," in text


def test_windows_of_one_recording(project: Project) -> None:
    save(["x,y", *(f"{i * i % 17},{i * i % 17 / 2}" for i in range(30))])
    command = ["new", "m", "--from", "d.csv", "--target", "y", "--window", "3", "--stride", "1", "--json"]
    (told,) = json.loads(run(*command).stdout)
    assert told["samples"] == [12, 4, 4]
    assert told["remarks"] == [
        "the file counts as one recording, cut into 5 sections of 6 rows, each of which trains, stops the training or"
        " judges; for several recordings: --group COLUMN"
    ]
    assert "group" not in Path("models/m.py").read_text()


@pytest.mark.parametrize(("asked", "task"), [("wet", "regression"), ("state", "classification"), ("raw", "regression")])
def test_the_task_follows_from_the_target(asked: str, task: str, project: Project) -> None:
    save(soil())
    (told,) = json.loads(run("new", "m", "--from", "d.csv", "--target", asked, "--json").stdout)
    assert told["task"] == task


def test_few_whole_numbers_are_classes_unless_told_otherwise(project: Project) -> None:
    save(["x,y", *(f"{i * 0.37 % 1:.3f},{i % 3}" for i in range(60))])
    (told,) = json.loads(run("new", "m", "--from", "d.csv", "--target", "y", "--json").stdout)
    assert (told["task"], told["classes"]) == ("classification", {"0": 20, "1": 20, "2": 20})
    assert 'outputs=tuple(f"y_{name}" for name in DATA.classes),' in Path("models/m.py").read_text()
    asked = ["new", "m", "--from", "d.csv", "--target", "y", "--task", "regression", "--force", "--json"]
    (told,) = json.loads(run(*asked).stdout)
    assert told["task"] == "regression"


def recorded(recordings: int = 6, rows: int = 20) -> list[str]:
    """As `tinyml record` writes it: several lines come in the same moment."""
    lines = ["recording,time_s,ax,label"]
    for r in range(recordings):
        lines += [f"{r},{t // 3 * 0.06:.3f},{RANDOM.normal(0, 1 + r % 2):.3f},{'ab'[r % 2]}" for t in range(rows)]
    return lines


def test_number_and_time_of_a_recording_are_no_inputs(project: Project) -> None:
    save(recorded())
    command = ["new", "m", "--from", "d.csv", "--target", "label", "--json"]
    (told,) = json.loads(run(*command).stdout)
    assert told["roles"] == {
        "recording": "not used: numbers the recordings",
        "time_s": "not used: tells the time",
        "ax": "input",
        "label": "target",
    }
    assert told["remarks"][0] == (
        "recording: looks like the number of a recording; for windows over time: --group recording --window N"
    )
    grouped = [*command, "--force", "--group", "recording", "--window", "5"]
    (told,) = json.loads(run(*grouped).stdout)
    assert told["roles"]["time_s"] == "not used: tells the time"
    assert not any("recording:" in remark for remark in told["remarks"])
    (told,) = json.loads(run(*command, "--force", "--columns", "time_s", "--columns", "ax").stdout)
    assert told["roles"]["time_s"] == "input"


def test_columns_that_are_nearly_numbers_say_how_to_repair_them(project: Project) -> None:
    save(["t,c,x,y", *(f'{i * 7 % 13}.5 C,"1,{i}",{i * 7 % 30},{i}.25' for i in range(30))])
    (told,) = json.loads(run("new", "m", "--from", "d.csv", "--target", "y", "--json").stdout)
    assert told["remarks"] == [
        "t: holds numbers with units, such as '0.5 C'; leave only the numbers.",
        "c: holds numbers with decimal commas, such as '1,0'; put semicolons between the values of the file, or write"
        " points for these commas.",
    ]


def test_words_for_switches_and_points_of_thousands_are_said(project: Project) -> None:
    """1.301 next to decimal commas is 1301 to a German; alone it may have three decimals."""
    rows = [f"{i % 7},5;1.{300 + 7 * i % 30};{'on' if i % 3 else 'off'};{i % 5},25" for i in range(30)]
    command = ["new", "m", "--from", "d.csv", "--target", "y", "--force", "--json"]
    save(["temp;count;fan;y", *rows, ";1.311;on;1,5"])
    (told,) = json.loads(run(*command).stdout)
    assert told["remarks"] == [
        "count: the point of '1.300' was read as that of decimals; if it separates thousands, remove the points of this"
        " column.",
        "fan: holds two words, 'off' and 'on'; written as 0 and 1 it can be an input.",
        "1 of 31 rows has missing values and is dropped; --missing median keeps those in which only inputs are"
        " missing.",
    ]
    save(["temp;count;fan;y", *(row.replace(",", ".") for row in rows)])
    (told,) = json.loads(run(*command).stdout)
    assert [remark.split(":")[0] for remark in told["remarks"]] == ["fan"]


def test_a_file_without_a_header_row_is_said(project: Project) -> None:
    save([f"{i * 7 % 30},{i}.5" for i in range(30)])
    (told,) = json.loads(run("new", "m", "--from", "d.csv", "--target", "column_2", "--json").stdout)
    assert told["remarks"] == ["the file has no header row: its columns are called column_1, column_2 and so on."]


def test_uneven_classes_are_said(project: Project) -> None:
    save(["x,y", *(f"{i * 0.37 % 1:.3f},{'rare' if i % 10 == 0 else 'usual'}" for i in range(60))])
    said = run("new", "m", "--from", "d.csv", "--target", "y").stdout
    assert "classes are uneven: 54 rows of 'usual', 6 of 'rare'; more data of the rare ones help most." in said


def test_three_hundred_columns_and_a_board(project: Project) -> None:
    values = RANDOM.normal(0, 1, (50, 300))
    header = [f"x{i}" for i in range(300)]
    save([",".join(["y", *header]), *(f"{row.sum():.4f}," + ",".join(f"{v:.4f}" for v in row) for row in values)])
    done = run("new", "wide", "--from", "d.csv", "--target", "y")
    assert done.exit_code == 0, done.output
    assert "and 261 more columns; --json lists all." in done.stdout
    refused = run("new", "w2", "--from", "d.csv", "--target", "y", "--board", "uno")
    assert refused.stderr == (
        "tinyml: uno has 2,048 bytes of RAM; 300 columns and the smallest network of them take some 1,804. Take fewer,"
        " with --columns or a shorter --window, or a larger board.\n"
    )
    few = [word for name in header[:5] for word in ("--columns", name)]
    assert run("new", "w3", "--from", "d.csv", "--target", "y", "--board", "uno", *few).exit_code == 0


BAD = {
    "no_file": (None, ["--target", "y"], "there is no file 'd.csv'."),
    "three_rows": (["x,y", "1,2", "2,3", "3,4"], ["--target", "y"],
                   "d.csv has 3 rows; at least 20 are needed to train and to judge a network."),
    "one_class": (["x,y", *(f"{i},same" for i in range(30))], ["--target", "y"],
                  "d.csv: column 'y' has the same value in every row; there is nothing to learn."),
    "constant_target": (["x,y", *(f"{i},7" for i in range(30))], ["--target", "y"],
                        "d.csv: column 'y' has the same value in every row; there is nothing to learn."),
    "target_without_values": (["x,y", *(f"{i}," for i in range(30))], ["--target", "y"],
                              "d.csv: column 'y' has no values; choose another --target."),
    "only_text_and_constants": (["a,b,y", *(f"w{i},1,{i}.5" for i in range(30))], ["--target", "y"],
                                "d.csv has no column that can be an input: 'a' holds text, not numbers, 'b' has the"
                                " same value in every row."),
    "decimal_commas_as_target": (["x,y", *(f'{i},"20,{i}"' for i in range(30))], ["--target", "y"],
                                 "d.csv: column 'y' holds numbers with decimal commas, such as '20,0'; put semicolons"
                                 " between the values of the file, or write points for these commas."),
    "units_as_target": (["x,y", *(f"{i},{i}.5 C" for i in range(30))], ["--target", "y"],
                        "d.csv: column 'y' holds numbers with units, such as '0.5 C'; leave only the numbers."),
    "dates_as_target": (["x,y", *(f"{i},2025-01-{i + 1:02}" for i in range(30))], ["--target", "y"],
                        "d.csv: column 'y' holds dates, which a network cannot answer; choose another --target."),
    "target_without_header": ([f"{i},{i}" for i in range(30)], ["--target", "z"],
                              "d.csv has no column 'z' and no header row. There are: column_1, column_2."),
    "recorded_and_constant": (["recording,time_s,a0,label", *(f"{i // 10},{i % 10 // 2},0,{'ab'[i // 20]}"
                                                              for i in range(40))], ["--target", "label"],
                              "d.csv has no column that can be an input: 'recording' numbers the recordings,"
                              " 'time_s' tells the time, 'a0' has the same value in every row."),
    "unknown_target": (["x,y", *(f"{i},{i}" for i in range(30))], ["--target", "z"],
                       "d.csv has no column 'z'. There are: x, y."),
    "misspelt_target": (["x,moisture", *(f"{i},{i}" for i in range(30))], ["--target", "mosture"],
                        "d.csv has no column 'mosture'. Did you mean 'moisture'?"),
    "unknown_column": (["x,y", *(f"{i},{i}" for i in range(30))], ["--target", "y", "--columns", "q"],
                       "d.csv has no column 'q'. There are: x, y."),
    "text_column_asked_for": (["x,t,y", *(f"{i},w,{i}" for i in range(30))], ["--target", "y", "--columns", "t"],
                              "d.csv: column 't' holds text, not numbers."),
    "regression_on_text": (["x,y", *(f"{i},{'ab'[i % 2]}" for i in range(30))],
                           ["--target", "y", "--task", "regression"],
                           "d.csv: column 'y' holds text, which are classes; a network has one target of classes, or"
                           " targets of numbers."),
    "a_class_a_row": (["x,y", *(f"{i},w{i}" for i in range(130))], ["--target", "y"],
                      "d.csv: column 'y' has 130 different values; supported: 100 classes."),
    "rare_class": (["x,y", *(f"{i * i % 17},{'rare' if i == 3 else 'usual'}" for i in range(30))], ["--target", "y"],
                   "d.csv: class 'rare' has 1 row without missing values; at least 3 are needed, one each to train, to"
                   " stop the training and to judge."),
    "mixed_separators": (["x,y", *(f"{i},{i}" for i in range(30)), "3;4"], ["--target", "y"],
                         "d.csv, line 32: 1 value, but the first row has 2; other rows have commas between values, and"
                         " this one semicolons."),
    "long_window": (gestures(), ["--target", "what", "--group", "rec", "--window", "21"],
                    "d.csv: a window of 21 rows is longer than every recording; the longest has 20 rows of one 'rec'."),
    "window_of_one_recording": (["x,y", *(f"{i * i % 17},{i}" for i in range(30))], ["--target", "y", "--window", "7"],
                                "d.csv has 30 rows; windows of 7 rows of one recording take at least 35."),
    "stride_without_window": (gestures(), ["--target", "what", "--stride", "5"],
                              "--stride is the distance between windows; give --window too."),
    "target_as_group": (gestures(), ["--target", "what", "--group", "what"],
                        "column 'what' is the --group; it cannot be a target or an input as well."),
    "no_target": (gestures(), [], "new needs --target COLUMN, the column that the network shall answer."),
    "unknown_task": (gestures(), ["--target", "what", "--task", "guess"],
                     "--task is regression or classification, not 'guess'."),
    "unknown_way_with_missing": (gestures(), ["--target", "what", "--missing", "mean"],
                                 "--missing is drop or median, not 'mean'."),
    "unknown_board": (gestures(), ["--target", "what", "--board", "unno"], "there is no board 'unno'."),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_one_line_and_nothing_is_written(case: str, project: Project) -> None:
    lines, options, message = BAD[case]
    if lines is not None:
        save(lines)
    done = run("new", "m", "--from", "d.csv", *options)
    assert done.exit_code != 0
    assert done.stdout == ""
    assert done.stderr.startswith(f"tinyml: {message}")
    assert done.stderr.count("\n") == 1
    assert sorted(os.listdir()) == (["d.csv"] if lines else [])


def test_a_name_that_cannot_be(project: Project) -> None:
    save(soil())
    assert run("new", "Moves", "--from", "d.csv", "--target", "wet").stderr == (
        "tinyml: model name 'Moves': use lower-case letters, digits and underscores, and begin with a letter.\n"
    )


def test_a_spec_that_is_there_stays(project: Project) -> None:
    save(soil())
    Path("models").mkdir()
    Path("models/m.py").write_text("SPEC = 1\n")
    done = run("new", "m", "--from", "d.csv", "--target", "wet")
    assert done.stderr == (
        "tinyml: models/m.py is there already. Change it and run: tinyml train m; or choose another name, or replace it"
        " with --force.\n"
    )
    assert Path("models/m.py").read_text() == "SPEC = 1\n"
