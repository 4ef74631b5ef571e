"""`tinyml record` on a pseudo-terminal that prints as a board does, and on an emulated Uno that runs the sketch."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tinyml_pipeline.project import Project

from tests.firmware import board_here
from tests.workflow.importing import run

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
tty = pytest.importorskip("tty")


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """The board's end of a serial line, and the name of the other one."""
    board, computer = pty.openpty()
    tty.setraw(computer)
    yield board, os.ttyname(computer)
    os.close(board)
    os.close(computer)


def start(port: str, *options: str) -> subprocess.Popen[str]:
    """In a process of its own, which has said that it records."""
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "record", "--board", "uno", "--port", port, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("recording ")
    return process


def stored(path: str = "d.csv") -> list[list[str]]:
    with Path(path).open(newline="") as file:
        return list(csv.reader(file))


def wait_for_rows(count: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if Path("d.csv").exists() and Path("d.csv").read_bytes().count(b"\n") > count:
            return
        time.sleep(0.02)
    raise AssertionError(f"fewer than {count} rows came")


@pytest.mark.slow
def test_ten_thousand_lines_with_rubbish_and_ctrl_c(project: Project, line: tuple[int, str]) -> None:
    board, port = line
    expected = [[f"{i}", f"{i * 0.37:.3f}", f"{-i}"] for i in range(10_000)]
    process = start(port, "--label", "shake", "-o", "d.csv")
    text = bytearray(b"Hello from the board\r\nax,ay,az\r\n")
    for index, row in enumerate(expected):
        text += ",".join(row).encode() + b"\r\n"
        if index % 100 == 50:
            text += b"\xff\x00 rubbish 1,2\r\n"
    rest = memoryview(bytes(text))
    while rest:
        rest = rest[os.write(board, rest[:512]) :]
    wait_for_rows(10_000)
    os.write(board, b"1,2")  # Ctrl-C comes in the middle of a line
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("d.csv: recording 0 of 'shake', 10,000 rows in ")
    assert "101 lines were no rows, such as: " in out
    rows = stored()
    assert rows[0] == ["recording", "time_s", "ax", "ay", "az", "label"]
    assert [row[2:5] for row in rows[1:]] == expected
    assert {(row[0], row[-1]) for row in rows[1:]} == {("0", "shake")}
    times = [float(row[1]) for row in rows[1:]]
    assert times == sorted(times)


@pytest.mark.slow
def test_a_board_that_goes_away_keeps_what_came(project: Project) -> None:
    board, computer = pty.openpty()
    tty.setraw(computer)
    process = start(os.ttyname(computer), "-o", "d.csv")
    os.write(board, b"1,2\n3,4\n5,6\n7,8\n")
    time.sleep(0.3)
    os.close(computer)
    os.close(board)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "vanished" in err
    assert err.endswith("4 rows were stored before that in d.csv.\n")
    assert [row[2:4] for row in stored()[1:]] == [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]]


def test_rows_end_a_recording_and_the_file_gives_the_names(project: Project, line: tuple[int, str]) -> None:
    board, port = line
    Path("d.csv").write_text("recording,time_s,a,b,label\n4,0.0,1,2,x\n")
    is_over = threading.Event()

    def talk() -> None:
        while not is_over.wait(0.02):
            os.write(board, b"temp,hum\n7,8\n")

    talker = threading.Thread(target=talk)
    talker.start()
    done = run("record", "--board", "uno", "--port", port, "-o", "d.csv", "--label", "y", "--rows", "3", "--json")
    is_over.set()
    talker.join()
    assert done.exit_code == 0, done.output
    assert [row[:1] + row[2:] for row in stored()] == [
        ["recording", "a", "b", "label"], ["4", "1", "2", "x"], *[["5", "7", "8", "y"]] * 3]  # fmt: skip


BAD = {
    "no_file": (["--label", "x"], "record needs a file, as in: tinyml record --board uno --label shake -o data.csv"),
    "other_file": (["-o", "other.csv"], "other.csv is not a file of 'tinyml record'; choose another with -o."),
    "no_folder": (["-o", "none/d.csv"], "there is no folder 'none'; make it, or choose another with -o."),
    "no_rows": (["-o", "d.csv", "--rows", "0"], "--rows takes a number of at least 1."),
    "label": (["-o", "d.csv", "--label", "a\nb"], "--label takes a text of one line."),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_use_is_one_line_and_opens_no_board(case: str, project: Project) -> None:
    Path("other.csv").write_text("x,y\n1,2\n")
    options, message = BAD[case]
    done = run("record", "--board", "uno", "--port", "/dev/none", *options)
    assert (done.exit_code, done.stderr) == (2, f"tinyml: {message}\n")
    assert os.listdir() == ["other.csv"]


def test_an_emulated_board_without_a_sketch(project: Project) -> None:
    done = run("record", "--board", "sim-cortex-m4", "-o", "d.csv")
    assert done.stderr == (
        "tinyml: sim-cortex-m4 cannot run a sketch here; record from a real board, or from sim-uno.\n"
    )


def test_without_a_board_an_emulated_one_that_can_record_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    done = run("record", "--board", "nano33ble", "-o", "d.csv")
    assert done.stderr.endswith(" Without a board: --board sim-uno.\n")


@pytest.mark.slow
def test_the_sketch_of_collect_on_an_emulated_uno(project: Project) -> None:
    board_here("sim-uno")
    done = run("record", "--board", "sim-uno", "--label", "still", "-o", "d.csv", "--rows", "20")
    assert done.exit_code == 0, done.output
    rows = stored()
    assert rows[0] == ["recording", "time_s", "a0", "label"]
    assert [row[2:] for row in rows[1:]] == [["0", "still"]] * 20
