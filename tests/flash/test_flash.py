"""`tinyml flash`: the whole way to a board behind a boot loader, what is refused, and which tool is called how."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tinyml_pipeline.boards.catalog import load_board, stand_in
from tinyml_pipeline.errors import DeviceError, PipelineError, ToolMissingError, UsageError
from tinyml_pipeline.host.device.ports import SerialPort, find_port
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.host.flashers import uf2
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.workflow import flash as flash_workflow
from tinyml_pipeline.workflow.build import BuildRecord, Built

from tests.firmware import board_here, dense_tflite, linear_tflite
from tests.flash.boards import factory_uno, host_firmware, run, silence
from tests.tools import need

ROOT = Path(__file__).parents[2]


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    path = tmp_path / "neuron.tflite"
    path.write_bytes(linear_tflite())
    return path


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    need("arduino-builder", "arduino-builder")
    with factory_uno(tmp_path) as name:
        yield name


def test_flash_and_then_verify(port: str, neuron: Path, tmp_path: Path) -> None:
    """The real sketch by the real Arduino core, through avrdude and Optiboot; then every possible input."""
    done = run(tmp_path, "flash", neuron, "--board", "uno", "--port", port, "--json")
    assert done.exit_code == 0, done.stderr
    assert "bytes of flash verified" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("uno: it runs neuron, the model of SHA-256 ")
    facts = json.loads(done.stdout)[0]["facts"]["flash"]
    assert (facts["tool"], facts["port"], facts["runtime"]) == ("avrdude", port, "aot")
    proven = run(tmp_path, "verify", neuron, "--board", "uno", "--port", port, "--vectors", "all", "--json")
    assert proven.exit_code == 0, proven.stderr
    found = json.loads(proven.stdout)[0]["facts"]["verify"]
    assert (found["vectors"], found["mismatches"], found["unit"]) == (256, 0, "microseconds")
    stages = json.loads((tmp_path / "neuron" / "manifest.json").read_text())["stages"]
    assert {"build uno-aot", "firmware uno-aot", "flash uno", "verify uno"} <= set(stages)


def test_vectors_that_were_tampered_with_are_not_flashed(port: str, neuron: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "firmware", neuron, "--board", "uno").exit_code == 0
    (golden,) = (tmp_path / "neuron" / "firmware").rglob("golden.h")
    text = golden.read_text()
    golden.unlink()  # it may be a hard link
    golden.write_text(text.replace("{-", "{", 1))
    done = run(tmp_path, "flash", neuron, "--board", "uno", "--port", port)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        f"tinyml: {golden} is not what 'tinyml firmware' wrote: its self-test would prove nothing. Delete it and run:"
        f" tinyml firmware {neuron} --board uno --runtime aot"
    )
    assert "writing" not in done.stderr.replace("writing the firmware", "")


@pytest.mark.parametrize("board", ["sim-cortex-m0", "sim-uno"])
def test_an_emulated_board_is_started_and_stopped(board: str, neuron: Path, tmp_path: Path) -> None:
    board_here(board)
    done = run(tmp_path, "flash", neuron, "--board", board)
    assert done.exit_code == 0, done.stderr
    assert "emulator" in done.stdout
    assert f"{board}: it runs neuron, the model of SHA-256 " in done.stderr
    refused = run(tmp_path, "flash", neuron, "--board", board, "--port", "/dev/ttyACM0")
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"tinyml: {board} is emulated: its firmware is started, not written to a port.\n",
    )


def test_a_board_that_runs_another_model_after_flashing_fails(
    neuron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool reported success, and the board still has its old firmware: the model's hash tells."""
    board_here("host")
    old = host_firmware(dense_tflite(), tmp_path / "old")
    monkeypatch.setattr(flash_workflow, "connect", lambda *_: ProcessDevice("host", [old], tmp_path / "old.log"))
    done = run(tmp_path, "flash", neuron, "--board", "host")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith(
        "tinyml: host runs another model: the SHA-256 of its .tflite begins "
    )
    assert "it runs neuron" not in done.stderr
    manifest = tmp_path / "neuron" / "manifest.json"
    assert not manifest.exists() or "flash host" not in json.loads(manifest.read_text())["stages"]


def ports(*names: str, built_in: bool = True) -> list[SerialPort]:
    usb = [SerialPort(name, f"Board on {name[-4:]}", True) for name in names]
    return [SerialPort("/dev/ttyS0", "no description", False), *usb] if built_in else usb


def test_the_only_port_is_taken() -> None:
    assert find_port("uno", None, lambda: ports("/dev/ttyACM0")) == "/dev/ttyACM0"
    with silence() as (name, _):
        assert find_port("uno", name, lambda: ports("/dev/ttyACM0")) == name
    assert find_port("uno", "socket://there:1", lambda: ports("/dev/ttyACM0")) == "socket://there:1"


def test_what_a_port_says_of_itself_is_shown_visibly() -> None:
    liar = SerialPort("/dev/ttyACM0", "\x1b[2Jboo", True)
    with pytest.raises(DeviceError, match=r"--port: /dev/ttyACM0 \(\\x1b\[2Jboo\)\.$"):
        find_port("uno", "/dev/none", lambda: [liar])


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/tmp", __file__])
def test_what_is_no_serial_port(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_port("uno", path, ports)
    assert str(caught.value) == (
        f"{path} is not a serial port. Connect uno and see which ports there are: tinyml ports"
    )


def test_several_ports_are_listed() -> None:
    with pytest.raises(UsageError) as caught:
        find_port("uno", None, lambda: ports("/dev/ttyACM0", "/dev/ttyUSB1"))
    assert str(caught.value) == (
        "there are several serial ports; say which is uno's with --port: /dev/ttyACM0 (Board on ACM0), /dev/ttyUSB1"
        " (Board on USB1)."
    )


@pytest.mark.parametrize(("wanted", "found"), [(None, ""), ("/dev/ttyNone", ", neither /dev/ttyNone nor another")])
def test_no_port_says_what_to_check(wanted: str | None, found: str) -> None:
    with pytest.raises(DeviceError) as caught:
        find_port("uno", wanted, ports, stand_in="sim-uno")
    assert str(caught.value) == (
        f"no USB serial port for uno was found{found}; is it connected, by a cable that carries data (many only"
        " charge), and does its power light shine? Name a port that you know with --port (others:"
        " /dev/ttyS0). Without a board:"
        " --board sim-uno."
    )


def test_other_ports_are_listed_if_none_is_of_usb() -> None:
    there = [SerialPort(f"/dev/ttyS{index}", "n/a", is_usb=False) for index in range(6)]
    with pytest.raises(DeviceError) as caught:
        find_port("uno", "/dev/ttyNone", lambda: there)
    assert str(caught.value).endswith(
        " Name a port that you know with --port (others: /dev/ttyS0, /dev/ttyS1, /dev/ttyS2, /dev/ttyS3, ...)."
    )


STAND_INS = {
    "uno": "sim-uno",
    "mega2560": "sim-uno",
    "nano33ble": "sim-cortex-m4",
    "pico": "sim-cortex-m0",
    "pico2": "sim-cortex-m33",
    "esp32c3": "sim-esp32c3",
    "esp32": "host",
}


@pytest.mark.parametrize("board", STAND_INS)
def test_an_emulated_board_for_who_has_none(board: str) -> None:
    assert stand_in(load_board(board)) == STAND_INS[board]


def test_a_port_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(DeviceError) as caught:
        find_port("uno", "/dev/ttyNone", lambda: ports("/dev/ttyACM0", "/dev/ttyUSB1"))
    assert str(caught.value) == (
        "there is no port /dev/ttyNone; connect uno, or name its port with --port: /dev/ttyACM0 (Board on ACM0),"
        " /dev/ttyUSB1 (Board on USB1)."
    )


def test_no_port_is_asked_for_where_nothing_builds(
    neuron: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    done = run(tmp_path, "flash", neuron, "--board", "esp32")
    assert (done.exit_code, done.stderr) == (
        1,
        "tinyml: nothing here builds a sketch for esp32. Install one of: arduino-cli: see"
        " arduino.github.io/arduino-cli; or platformio: pipx install platformio.\n",
    )


def test_a_missing_port_stops_flash_before_anything_is_built(neuron: Path, tmp_path: Path) -> None:
    need("arduino-builder", "arduino-builder")
    done = run(tmp_path, "flash", neuron, "--board", "uno", "--port", "/dev/ttyNone")
    assert (done.exit_code, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("tinyml: ")
    assert "/dev/ttyNone" in line


FILES = (".elf", ".hex", ".bin", ".merged.bin", ".uf2")


def built(board: str, tool: str, files: tuple[str, ...] = FILES) -> Built:
    model = load_quantized(dense_tflite(), "dense", "")
    record = BuildRecord(board, "aot", tool, 1, 2, 1, 2, True, model.sha256)
    return Built(model, load_board(board), {end: Path(f"dense{end}") for end in files}, record)


@pytest.fixture
def every_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """All tools are there and do nothing; the calls that they got."""
    for name in ("avrdude", "bossac", "pyocd", "openocd", "st-flash", "arduino-cli", "pio"):
        (tmp_path / name).write_text("#!/bin/sh\n# nRF52840\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    monkeypatch.setattr("tinyml_pipeline.host.flashers.esptool.program", lambda: ("esptool",))
    monkeypatch.setattr("tinyml_pipeline.host.flashers.bossac.touch", lambda port: None)
    calls: list[list[str]] = []
    note = lambda plan, show, timeout_s=0: calls.append([Path(plan.command[0]).name, *map(str, plan.command[1:])])  # noqa: E731
    monkeypatch.setattr(flash_workflow, "carry_out", note)
    return calls


CALLS = {
    "uno": ("uno", "arduino-builder", None, "avrdude", "avrdude -p atmega328p -c arduino -x attempts=3 -P /dev/p"
            " -b 115200 -D -U flash:w:dense.hex:i"),
    "mega2560": ("mega2560", "arduino-builder", None, "avrdude", "avrdude -p atmega2560 -c wiring -P /dev/p -b 115200"
                 " -D -U flash:w:dense.hex:i"),
    "esp32": ("esp32", "arduino-cli", None, "esptool", "esptool --chip esp32 --port /dev/p --baud 460800 write-flash"
              " 0x0 dense.merged.bin"),
    "esp8266": ("esp8266", "arduino-cli", None, "esptool", "esptool --chip esp8266 --port /dev/p --baud 115200"
                " write-flash 0x0 dense.bin"),
    "nano33ble": ("nano33ble", "arduino-cli", None, "bossac", "bossac --port=p -U -i -e -w -v dense.bin -R"),
    "nucleo": ("nucleo-f446re", "arduino-cli", None, "pyocd", "pyocd flash --no-wait --target stm32f446retx dense.hex"),
    "nucleo_bare": ("nucleo-f446re", "gcc", "st-flash", "st-flash", "st-flash --reset write dense.bin 0x8000000"),
    "nucleo_openocd": ("nucleo-f446re", "gcc", "openocd", "openocd", "openocd -f board/st_nucleo_f4.cfg -c program"
                       " {dense.hex} verify reset exit"),
    "arduino_cli": ("uno", "arduino-cli", "arduino-cli", "arduino-cli", "arduino-cli compile --upload --verify"
                    " --no-color --profile uno --port /dev/p sketch"),
    "platformio": ("esp32", "platformio", "platformio", "platformio", "pio run --target upload --upload-port /dev/p"),
}  # fmt: skip


@pytest.mark.parametrize(("board", "builder", "wanted", "used", "call"), CALLS.values(), ids=CALLS)
def test_the_tools_call(
    board: str, builder: str, wanted: str | None, used: str, call: str, every_tool: list[list[str]]
) -> None:
    name, action = flash_workflow.choose(built(board, builder), Path("sketch"), "/dev/p", wanted)
    action(lambda text: None)
    assert (name, [" ".join(words) for words in every_tool]) == (used, [call])


def test_the_next_of_the_boards_tools_is_taken_where_one_is_not_installed(
    every_tool: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "pyocd").unlink()
    name, _ = flash_workflow.choose(built("nucleo-f446re", "gcc"), Path("sketch"), None, None)
    assert name == "openocd"


def test_the_builder_writes_where_the_boards_own_tool_cannot(every_tool: list[list[str]]) -> None:
    """PlatformIO leaves no merged image, so that esptool alone does not know where the parts belong."""
    name, _ = flash_workflow.choose(built("esp32", "platformio", (".elf", ".bin")), Path("s"), "/dev/p", None)
    assert name == "platformio"


def test_the_builder_looks_for_a_port_where_the_boards_own_tool_needed_none(
    every_tool: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyocd", "openocd", "st-flash"):
        (tmp_path / name).unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tinyml_pipeline.workflow.flash.find_port", lambda board, wanted: "/dev/found")
    name, action = flash_workflow.choose(built("nucleo-f446re", "arduino-cli"), Path("sketch"), None, None)
    action(lambda text: None)
    assert (name, every_tool[0][-2:]) == ("arduino-cli", ["/dev/found", "sketch"])


REFUSALS: dict[str, tuple[str, str, str | None, type[PipelineError], str]] = {
    "tool_of_another_board": (
        "uno", "arduino-builder", "esptool", UsageError,
        "'esptool' cannot write what arduino-builder built for uno; what can: avrdude.",
    ),
    "tool_that_did_not_build": (
        "uno", "arduino-builder", "platformio", UsageError,
        "'platformio' cannot write what arduino-builder built for uno; what can: avrdude.",
    ),
    "missing": (
        "uno", "arduino-builder", None, ToolMissingError,
        "avrdude is not installed; it is needed to flash uno. Install it: apt install avrdude, or: tinyml doctor"
        " --install.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("board", "builder", "wanted", "kind", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_tool_that_cannot(
    board: str, builder: str, wanted: str | None, kind: type[PipelineError], message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    with pytest.raises(kind) as caught:
        flash_workflow.choose(built(board, builder), Path("sketch"), "/dev/p", wanted)
    assert str(caught.value) == message


PICO = uf2.Uf2("RPI-RP2", 0xE48BFF56)


def uf2_file(folder: Path, family_id: int = 0xE48BFF56) -> Path:
    head = (0x0A324655, 0x9E5D5157, 0x2000, 0x10000000, 256, 0, 1, family_id)
    (folder / "x.uf2").write_bytes(struct.pack("<8I476sI", *head, bytes(476), 0x0AB16F30))
    return folder / "x.uf2"


def drive(folder: Path, name: str = "RPI-RP2") -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\n")
    return folder / name


def test_a_uf2_copy_waits_until_the_board_restarts(tmp_path: Path) -> None:
    place = drive(tmp_path)
    restart = threading.Timer(0.3, (place / "INFO_UF2.TXT").unlink)
    restart.start()
    uf2.copy(PICO, uf2_file(tmp_path), "pico", lambda text: None, [drive(tmp_path, "OTHER"), place])
    restart.join()
    assert (place / "x.uf2").read_bytes() == (tmp_path / "x.uf2").read_bytes()


@pytest.mark.parametrize(
    ("drives", "family_id", "message"),
    [
        (
            ["NICENANO"],
            0xE48BFF56,
            "pico was not flashed: no drive RPI-RP2 is mounted (there is {0}/0/NICENANO); hold BOOTSEL while you"
            " connect the board, let go, and flash again.",
        ),
        (
            ["RPI-RP2", "RPI-RP2"],
            0xE48BFF56,
            "pico was not flashed: there are several such boards ({0}/0/RPI-RP2, {0}/1/RPI-RP2); connect only one.",
        ),
        (["RPI-RP2"], 1, "pico was not flashed: {0}/x.uf2 is not a UF2 file for this board's chip; build it again."),
        (
            ["RPI-RP2"],
            0xE48BFF56,
            "pico has not restarted after the copy to {0}/0/RPI-RP2; press its reset button, or connect it again with"
            " BOOTSEL held and flash again.",
        ),
    ],
    ids=["none", "several", "other_chip", "stays"],
)
def test_a_uf2_copy_that_fails(drives: list[str], family_id: int, message: str, tmp_path: Path) -> None:
    there = [drive(tmp_path / str(number), name) for number, name in enumerate(drives)]
    with pytest.raises(DeviceError) as caught:
        uf2.copy(PICO, uf2_file(tmp_path, family_id), "pico", lambda text: None, there, restart_within_s=0.1)
    assert str(caught.value) == message.format(tmp_path)


@pytest.mark.parametrize("verb", ["flash", "verify"])
def test_make_says_the_same(verb: str) -> None:
    command = [need("make", "make"), "-n", verb, "MODEL=linear", "BOARD=uno", "PORT=/dev/ttyACM0"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=alone)
    assert done.stdout.splitlines()[-1].split() == [
        ".venv/bin/tinyml", verb, "linear", "--board", '"uno"', "--port", "/dev/ttyACM0"
    ]  # fmt: skip
