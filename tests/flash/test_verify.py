"""`tinyml verify`: what it proves, what it records, and every way in which a board can let it down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.host.device import protocol
from tinyml_pipeline.host.device.serial_port import SerialDevice

from tests.device.test_device import running_with
from tests.firmware import board_here, dense_tflite, linear_tflite
from tests.flash.boards import host_firmware, run, serial_board, silence
from tests.tools import need

ROOT = Path(__file__).parents[2]
LAST_RESORT_S = 300.0


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    path = tmp_path / "neuron.tflite"
    path.write_bytes(linear_tflite())
    return path


@pytest.mark.parametrize(
    ("board", "unit"),
    [("host", "nothing"), ("sim-uno", "cycles"), ("sim-cortex-m4", "instructions"), ("sim-esp32c3", "instructions")],
)
def test_every_possible_input_on(board: str, unit: str, neuron: Path, tmp_path: Path) -> None:
    board_here(board)
    if board == "sim-uno":
        need("arduino-builder", "arduino-builder")
    done = run(tmp_path, "verify", neuron, "--board", board, "--vectors", "all", "--json")
    assert done.exit_code == 0, done.stderr
    (result,) = json.loads(done.stdout)
    facts = result["facts"]["verify"]
    assert (facts["vectors"], facts["mismatches"], facts["resent"]) == (256, 0, 0)
    assert facts["claim"] == "verified on every possible input"
    assert facts["unit"] == unit
    assert (facts["most"] > 0) == (board != "host")
    del facts["seconds"], facts["resent"]
    stages = json.loads((tmp_path / "neuron" / "manifest.json").read_text())["stages"]
    assert stages[f"verify {board}"]["facts"] == facts
    assert (tmp_path / "logs" / f"neuron-{board}.log").exists()


def test_the_table_names_what_was_counted(neuron: Path, tmp_path: Path) -> None:
    board_here("sim-cortex-m3")
    done = run(tmp_path, "verify", neuron, "--board", "sim-cortex-m3", "--vectors", "10")
    assert "equal to TFLM" in done.stdout
    assert "10 of 10" in done.stdout
    assert "verified on 10 inputs" in done.stdout
    assert " instructions" in done.stdout
    assert "cycles" not in done.stdout


def test_more_vectors_than_the_usual_thousand(tmp_path: Path) -> None:
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense_tflite())
    done = run(tmp_path, "verify", path, "--board", "host", "--vectors", "2345", "--json")
    assert json.loads(done.stdout)[0]["facts"]["verify"]["vectors"] == 2345


def test_one_wrong_answer_fails_and_is_shown(neuron: Path, tmp_path: Path) -> None:
    """A firmware that says it is the model, but computes 2x + 1."""
    other = linear_tflite().replace((-794).to_bytes(4, "little", signed=True), (+794).to_bytes(4, "little"))
    assert other != linear_tflite()
    elf = host_firmware(other, tmp_path / "other", read_tflite(linear_tflite()).sha256)
    with serial_board(elf) as (port, _):
        done = run(tmp_path, "verify", neuron, "--board", "uno", "--port", port, "--vectors", "all")
    assert done.exit_code == 1
    assert "FAILED" in done.stdout
    assert "VERIFY FAILED: neuron on uno: " in done.stderr
    assert "expected" in done.stderr
    stages = json.loads((tmp_path / "neuron" / "manifest.json").read_text())["stages"]
    assert stages["verify uno"]["facts"]["passed"] is False


def last_line(artifacts: Path, *arguments: str | Path) -> str:
    """Of a command that must end with exit code 1, in one line, well within its time."""
    started = time.monotonic()
    done = run(artifacts, *arguments)
    assert time.monotonic() - started < LAST_RESORT_S
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def test_a_firmware_of_another_model(neuron: Path, tmp_path: Path) -> None:
    elf = host_firmware(dense_tflite(), tmp_path / "other")
    found, wanted = read_tflite(dense_tflite()).sha256[:12], read_tflite(linear_tflite()).sha256[:12]
    with serial_board(elf) as (port, _):
        assert last_line(tmp_path, "verify", neuron, "--board", "uno", "--port", port) == (
            f"tinyml: uno runs another model: the SHA-256 of its .tflite begins with {found}, not with {wanted}; build"
            " and flash again."
        )


def test_an_old_version_of_the_protocol(neuron: Path, tmp_path: Path) -> None:
    answer = protocol.encode_frame(protocol.Type.GREET | protocol.ANSWER, 0, bytes(61))
    script = f"import os, time; os.read(0, 1); os.write(1, {answer!r}); time.sleep(3600)"
    with serial_board(sys.executable, "-c", script) as (port, _):
        assert last_line(tmp_path, "verify", neuron, "--board", "uno", "--port", port) == (
            "tinyml: uno speaks version 0 of the protocol, this program version 1; build and flash its firmware again."
        )


def test_a_board_that_never_answers(neuron: Path, tmp_path: Path) -> None:
    with silence() as (port, _):
        line = last_line(tmp_path, "verify", neuron, "--board", "uno", "--port", port, "--timeout", "0.5")
    assert line == (
        "tinyml: uno did not answer within 0.5 s: nothing came; does this firmware run on it, and is this its port?"
        f" Its log is {tmp_path}/logs/neuron-uno.log."
    )


def test_a_port_that_is_not_there(neuron: Path, tmp_path: Path) -> None:
    line = last_line(tmp_path, "verify", neuron, "--board", "uno", "--port", "/dev/ttyNone")
    assert line.startswith(("tinyml: there is no port /dev/ttyNone;", "tinyml: no USB serial port for uno was found, "))


def test_a_port_in_use(neuron: Path, tmp_path: Path) -> None:
    with silence() as (port, _), SerialDevice("other", port, tmp_path / "other.log"):
        assert last_line(tmp_path, "verify", neuron, "--board", "uno", "--port", port) == (
            f"tinyml: cannot open {port} for uno: another program uses it; close the serial monitor or whatever else"
            " holds it."
        )


def test_a_port_that_vanishes(tmp_path: Path) -> None:
    """The cable is pulled while thousands of vectors are on their way."""
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense_tflite())
    # Slow enough to be caught in the middle: it passes on some bytes at a time.
    script = (
        "import os, subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)\n"
        "os.set_blocking(inner.stdout.fileno(), False)\n"
        "for _ in range(60):\n"
        "    inner.stdin.write(os.read(0, 4096)); time.sleep(0.01); os.write(1, inner.stdout.read() or b'')\n"
    )
    elf = host_firmware(dense_tflite(), tmp_path / "firmware")
    with serial_board(sys.executable, "-c", script, elf) as (port, _):
        line = last_line(tmp_path, "verify", path, "--board", "uno", "--port", port, "--vectors", "100000")
    assert line.startswith(f"tinyml: {port} vanished (")
    assert line.endswith("); was uno unplugged or reset? Connect it again.")


def test_an_unknown_board(neuron: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "verify", neuron, "--board", "unno")
    assert (done.exit_code, done.stderr) == (2, "tinyml: there is no board 'unno'. Did you mean 'uno'?\n")


@pytest.mark.parametrize("command", [("verify", "linear"), ("monitor", "linear"), ("monitor",)])
@pytest.mark.parametrize("board", ["sim-uno", "host"])
def test_an_emulated_board_has_no_port(board: str, command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(tmp_path, *command, "--board", board, "--port", "/dev/ttyACM0")
    assert (done.exit_code, done.stderr) == (
        2,
        f"tinyml: {board} is emulated and has no port: leave --port out.\n",
    )


def test_a_device_that_resets_in_the_middle(neuron: Path, tmp_path: Path) -> None:
    """Each opening of the port resets the chip: what was on its way is lost, and the run ends right."""
    elf = host_firmware(linear_tflite(), tmp_path / "firmware")
    script = (
        "import os, subprocess, sys\n"
        "for reads in (1, 2, 3, 2, 10 ** 9):\n"  # however finely the line cuts, the last life sees all of the rest
        "    inner = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=1, bufsize=0)\n"
        "    for _ in range(reads):\n"
        "        inner.stdin.write(os.read(0, 4096))\n"
        "    inner.kill(); inner.wait()\n"
    )
    with serial_board(sys.executable, "-c", script, elf) as (port, _):
        done = run(tmp_path, "verify", neuron, "--board", "uno", "--port", port, "--vectors", "all", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)[0]["facts"]["verify"]["mismatches"] == 0


@pytest.mark.parametrize("board", ["sim-uno", "sim-cortex-m4"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_emulator_is_left(board: str, how: signal.Signals, tmp_path: Path) -> None:
    board_here(board)
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense_tflite())
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "--artifacts", str(tmp_path), "verify", str(path)]
    command += ["--board", board, "--vectors", "60000"]
    log = tmp_path / "logs" / f"dense-{board}.log"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + LAST_RESORT_S
        while process.poll() is None and not (log.exists() and "Greeting(" in log.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert process.poll() is None, process.stderr and process.stderr.read()
        emulators = f"{tmp_path}/dense/build"
        assert len(running_with(emulators)) == 1
        os.kill(process.pid, how)
        _, said = process.communicate()
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert said.endswith("\ntinyml: stopped.\n")
    deadline = time.monotonic() + LAST_RESORT_S
    while running_with(emulators) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running_with(emulators) == []
    assert "verify" not in (tmp_path / "dense" / "manifest.json").read_text()
