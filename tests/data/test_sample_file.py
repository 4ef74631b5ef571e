"""The CSV file of recordings: whole rows, appended; any other file is left alone."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from tinyml_pipeline.data.sample_file import SampleFile
from tinyml_pipeline.errors import UsageError


def store(path: Path, label: str, *rows: tuple[float, list[str]], names: tuple[str, ...] = ("a", "b")) -> SampleFile:
    with SampleFile(path, label) as file:
        file.begin(names)
        file.append(rows)
    return file


def test_recordings_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    store(path, "shake", (0.0, ["1", "2"]), (0.0204, ["3", ""]))
    assert store(path, 'say "hi", twice', (1.5, ["5", "6"])).recording == 1
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["recording", "time_s", "a", "b", "label"],
        ["0", "0.000", "1", "2", "shake"],
        ["0", "0.020", "3", "", "shake"],
        ["1", "1.500", "5", "6", 'say "hi", twice'],
    ]


def test_nothing_is_written_before_there_is_a_row(tmp_path: Path) -> None:
    with SampleFile(tmp_path / "d.csv", "x"):
        pass
    assert not os.listdir(tmp_path)


REFUSED = {
    "other_csv": ("x,y\n1,2\n", "d.csv is not a file of 'tinyml record'; choose another with -o."),
    "other_number_of_values": (
        "recording,time_s,a,label\n0,0.0,1,x\n",
        "d.csv has rows of a, but the board prints 2 values. Choose another file with -o.",
    ),
    "cut": ("recording,time_s,a,b,label\n0,0.0,1,2,x", "d.csv ends within a row; mend the file first."),
    "short_row": (
        "recording,time_s,a,b,label\n0,0.0,1\n", "d.csv, line 2: not a row of a recording; mend the file first."),
    "binary": ("\0\0\0", "d.csv is not a file of 'tinyml record'; choose another with -o."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_another_file_is_left_as_it_is(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, message = REFUSED[case]
    Path("d.csv").write_text(content)
    with pytest.raises(UsageError) as caught:
        store(Path("d.csv"), "x", (0.0, ["1", "2"]))
    assert str(caught.value) == message
    assert Path("d.csv").read_text() == content


@pytest.mark.parametrize(
    ("label", "columns", "message"),
    [
        ("", ("a", "b"), "has recordings with labels; name this one's with --label, or choose another file with -o."),
        ("x", ("p", "q"), "has the columns a, b, not p, q; leave --columns out, or choose another with -o."),
    ],
)
def test_a_recording_that_does_not_go_with_the_others(
    label: str, columns: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "d.csv"
    store(path, "x", (0.0, ["1", "2"]))
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught, SampleFile(path, label, columns):
        pass
    assert str(caught.value) == f"{path} {message}"
    assert path.read_bytes() == before


def test_a_full_disk_leaves_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.csv"
    store(path, "x", (0.0, ["1", "2"]))
    before, write = path.read_bytes(), os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) > 10:
            return write(handle, data[:10])
        raise OSError(28, "No space left on device")

    with SampleFile(path, "y") as file:
        file.begin(("a", "b"))
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(UsageError, match=r"cannot be written \(No space left on device\)"):
            file.append([(0.0, ["3", "4"])])
    assert path.read_bytes() == before
