"""`tinyml monitor`: what a board says, and what it answers to somebody who types."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.device.test_device import running_with
from tests.firmware import board_here, linear_tflite
from tests.flash.boards import run, serial_board, silence
from tests.tools import need

ROOT = Path(__file__).parents[2]
LAST_RESORT_S = 300.0


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    path = tmp_path / "neuron.tflite"
    path.write_bytes(linear_tflite())
    return path


def monitor(tmp_path: Path, *arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "--artifacts", tmp_path, "monitor", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)


def wait_for(process: subprocess.Popen[bytes], last: bytes) -> bytes:
    """What it says from now on, up to `last`."""
    assert process.stdout is not None
    said = b""
    while last not in said:
        more = process.stdout.read1(4096)
        assert more, said
        said += more
    return said


def type_and_wait(process: subprocess.Popen[bytes], typed: bytes, last: bytes) -> tuple[bytes, bytes]:
    """What it says to `typed`, up to `last`; only then its input ends, and with it the program. Both streams."""
    assert process.stdin is not None
    process.stdin.write(typed)
    process.stdin.flush()
    said = wait_for(process, last)
    rest, told = process.communicate(timeout=LAST_RESORT_S)
    return said + rest, told


def test_an_emulated_board_answers_who_types(neuron: Path, tmp_path: Path) -> None:
    board_here("sim-uno")
    need("arduino-builder", "arduino-builder")
    with monitor(tmp_path, neuron, "--board", "sim-uno") as process:
        first = wait_for(process, b"SELFTEST PASS")
        said, told = type_and_wait(process, b"5\n", b"=5.00 -> ")
    assert process.returncode == 0, told
    assert b"\0" not in first + said
    assert told.decode().splitlines()[-1] == "sim-uno: connected; Ctrl-C ends this."
    assert running_with(str(tmp_path)) == []


@pytest.mark.parametrize("board", ["host", "sim-cortex-m4"])
def test_a_bare_firmware_is_asked_for_who_types(board: str, neuron: Path, tmp_path: Path) -> None:
    board_here(board)
    with monitor(tmp_path, neuron, "--board", board) as process:
        said, told = process.communicate(b"5\n\n1 2\nfive\nnan\n1e39\n99\n", timeout=LAST_RESORT_S)
    assert process.returncode == 0, told
    assert "Warning" not in told.decode()
    first, answer, *complaints, clamped, last = said.decode().splitlines()
    assert first.startswith("Type numbers for ")
    assert " = 66 (5.04) -> " in answer
    assert answer.endswith(" instructions)") == (board == "sim-cortex-m4")
    assert complaints == [
        "The model takes 1 number, you typed 2.",
        "'five' is not a row of numbers here: a point for decimals, blanks between them.",
        "'nan' is not a finite number.",
        "'1e39' is beyond what a 32-bit float holds.",
    ]
    assert clamped == "99 is outside of -10.48 .. 9.92: clamped to t0 = 127 (9.92)"
    assert last.startswith("t0 = 127 (9.92) -> ")


def test_a_serial_port_both_ways(tmp_path: Path) -> None:
    echo = "import os\nwhile True: os.write(1, b'<' + os.read(0, 99) + b'>')"
    with (
        serial_board(sys.executable, "-c", echo) as (port, _),
        monitor(tmp_path, "--board", "uno", "--port", port) as process,
    ):
        said, _ = type_and_wait(process, b"1 2\n", b">")
    assert (process.returncode, said) == (0, b"<1 2\n>")


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    with silence() as (port, _), monitor(tmp_path, "--board", "uno", "--port", port) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"uno: connected; Ctrl-C ends this.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(LAST_RESORT_S) == 130


def test_a_board_that_goes_away_ends_it(tmp_path: Path) -> None:
    with serial_board("sleep", "3600") as (port, board), monitor(tmp_path, "--board", "uno", "--port", port) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"uno: connected; Ctrl-C ends this.\n"
        board.kill()
        assert process.wait(LAST_RESORT_S) == 1
        assert process.stderr.read().decode().startswith(f"tinyml: {port} vanished (")


def test_logs_that_cannot_be_written_are_one_line(neuron: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with monitor(tmp_path, neuron, "--board", "host") as process:
        _, told = process.communicate(b"", timeout=LAST_RESORT_S)
    assert process.returncode == 1
    assert told.decode() == (
        f"tinyml: {tmp_path}/logs/neuron-host.log cannot be written (File exists). Make that possible, or"
        " give another folder with --artifacts.\n"
    )


def test_an_emulated_board_needs_a_model(tmp_path: Path) -> None:
    done = run(tmp_path, "monitor", "--board", "sim-uno")
    assert (done.exit_code, done.stderr) == (
        2,
        "tinyml: sim-uno is emulated: name the model that it shall run: tinyml monitor MODEL --board sim-uno\n",
    )


def test_what_a_board_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    words = (
        r"import os, time; os.read(0, 1); os.write(1, b'21 \xc2\xb0C\r\n\x1b]0;owned\x07\x9b\n')"
        "; time.sleep(3600)"
    )
    with (
        serial_board(sys.executable, "-c", words) as (port, _),
        monitor(tmp_path, "--board", "uno", "--port", port) as process,
    ):
        said, _ = type_and_wait(process, b"?\n", b"\\x9b\n")
    assert said.decode() == "21 °C\r\n\\x1b]0;owned\\x07\\x9b\n"
