"""What tools print when flashing fails, and the one line that a person gets for it."""

from __future__ import annotations

import os
import tty
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tinyml_pipeline.boards.board import Avrdude, Esptool
from tinyml_pipeline.errors import DeviceError, ToolFailedError, ToolMissingError
from tinyml_pipeline.host.flashers import arduino_cli, avrdude, bossac, esptool, openocd, platformio, pyocd, st_flash
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom, carry_out, explain

from tests.tools import need

UNO = Avrdude("arduino", "atmega328p", 115200)
PORT = "/dev/ttyACM0"
GROUP = "on Linux join its group: sudo usermod -a -G dialout $USER, then log in again"

# Words of the tools themselves: of runs here, of their sources, or of their users' reports.
CASES: dict[str, tuple[tuple[Symptom, ...], str, str]] = {
    "avrdude_permission": (
        avrdude.SYMPTOMS,
        "avrdude OS error: cannot open port /dev/ttyACM0: Permission denied\navrdude error: unable to open programmer",
        f"you may not use {PORT}; {GROUP}. (tool: avrdude OS error: cannot open port /dev/ttyACM0: Permission denied)",
    ),
    "avrdude_old_words": (
        avrdude.SYMPTOMS,
        'avrdude: ser_open(): can\'t open device "/dev/ttyACM0": Permission denied\n',
        f'you may not use {PORT}; {GROUP}. (tool: avrdude: ser_open(): can\'t open device "/dev/ttyACM0": Permission'
        " denied)",
    ),
    "avrdude_busy": (
        avrdude.SYMPTOMS,
        "avrdude OS error: cannot open port /dev/ttyACM0: Device or resource busy\n",
        f"another program uses {PORT}; close the serial monitor or whatever else holds it. (tool: avrdude OS error:"
        " cannot open port /dev/ttyACM0: Device or resource busy)",
    ),
    "avrdude_unplugged": (
        avrdude.SYMPTOMS,
        "Writing | ####\navrdude OS error: unable to read: Input/output error\n",
        f"{PORT} vanished in the middle; check the cable, then flash again. (tool: avrdude OS error: unable to read:"
        " Input/output error)",
    ),
    "avrdude_verification": (
        avrdude.SYMPTOMS,
        "avrdude warning: verification mismatch at byte 0x0004\navrdude error: verification mismatch\n",
        "what was read back differs from what was written; check cable and power, then flash again. (tool: avrdude"
        " warning: verification mismatch at byte 0x0004)",
    ),
    "esptool_permission": (
        esptool.SYMPTOMS,
        "A fatal error occurred: Could not open /dev/ttyACM0, the port is busy or doesn't exist.\n([Errno 13] could not"
        " open port /dev/ttyACM0: [Errno 13] Permission denied: '/dev/ttyACM0')\n",
        f"you may not use {PORT}; {GROUP}. (tool: ([Errno 13] could not open port /dev/ttyACM0: [Errno 13] Permission"
        " denied: '/dev/ttyACM0'))",
    ),
    "esptool_not_in_download_mode": (
        esptool.SYMPTOMS,
        "Connecting......................................\n\x1b[31mA fatal error occurred: Failed to connect to ESP32:"
        " Wrong boot mode detected (0x13)! The chip needs to be in download mode.\x1b[0m\nFor troubleshooting...",
        "the chip is not in download mode; hold its BOOT button, press and let go RESET (EN), let go BOOT, and flash"
        " again. (tool: A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)! The chip"
        " needs to be in download mode)",
    ),
    "esptool_other_chip": (
        esptool.SYMPTOMS,
        "A fatal error occurred: This chip is ESP32-S3, not ESP32-C3. Wrong chip argument?\n",
        f"the chip behind {PORT} is an ESP32-S3, not an ESP32-C3; choose the board that is really there with --board."
        " (tool: A fatal error occurred: This chip is ESP32-S3, not ESP32-C3. Wrong chip argument?)",
    ),
    "esptool_small_flash": (
        esptool.SYMPTOMS,
        "A fatal error occurred: File 'x.bin' (length 8388608) at offset 0x00000000 will not fit in 4194304 bytes of"
        " flash. Change the flash_size argument or flashing address.\n",
        "its flash is smaller than this board's; choose the board that is really there with --board. (tool: A fatal"
        " error occurred: File 'x.bin' (length 8388608) at offset 0x00000000 will not fit in 4194304 bytes of flash."
        " Change the flash_size argument or flashing address)",
    ),
    "pyocd_dead_chip": (
        pyocd.SYMPTOMS,
        "0000812 C STLink error (22): Get IDCODE error [__main__]\n",
        "its debug probe cannot reach the chip; check that the board has power, and hold its reset button while it"
        " starts. (tool: 0000812 C STLink error (22): Get IDCODE error [__main__])",
    ),
    "bossac_no_loader": (
        bossac.SYMPTOMS,
        "Set binary mode\nSend auto-baud\nSet binary mode\nNo device found on ttyACM0\n",
        f"its boot loader does not answer on {PORT}; press the reset button twice, quickly (the LED then pulses), look"
        " whether the port's name has changed, and flash again. (tool: No device found on ttyACM0)",
    ),
    "pyocd_no_probe": (
        pyocd.SYMPTOMS,
        "0000301 E No connected debug probes [__main__]\n",
        "no debug probe was found; connect the board by the USB socket of its ST-LINK. (tool: 0000301 E No connected"
        " debug probes [__main__])",
    ),
    "pyocd_unknown_chip": (
        pyocd.SYMPTOMS,
        "0000480 C Target type stm32f446retx not recognized. Use 'pyocd list --targets' to see currently available\n",
        "pyOCD does not know this chip yet; teach it: pyocd pack install stm32f446retx. (tool: 0000480 C Target type"
        " stm32f446retx not recognized. Use 'pyocd list --targets' to see currently available)",
    ),
    "pyocd_udev": (
        pyocd.SYMPTOMS,
        "0000573 D [Errno 13] Access denied (insufficient permissions) while trying to interrogate a USB device\n",
        "you may not use its debug probe; install pyOCD's udev rules (https://github.com/pyocd/pyOCD/tree/main/udev)."
        " (tool: 0000573 D [Errno 13] Access denied (insufficient permissions) while trying to interrogate a USB"
        " device)",
    ),
    "openocd_no_probe": (
        openocd.SYMPTOMS,
        "Info : clock speed 2000 kHz\nError: open failed\nin procedure 'program'\n** OpenOCD init failed **\n",
        "no debug probe was found; connect the board by the USB socket of its ST-LINK. (tool: Error: open failed)",
    ),
    "openocd_may_not": (
        openocd.SYMPTOMS,
        "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\nError: open failed\n",
        "you may not use its debug probe; Debian's openocd brings rules for it: connect the board again. (tool: Error:"
        " libusb_open() failed with LIBUSB_ERROR_ACCESS)",
    ),
    "openocd_too_old": (
        openocd.SYMPTOMS,
        "embedded:startup.tcl:28: Error: Can't find board/st_nucleo_f4.cfg\n",
        "this OpenOCD is too old to know the board (it has no board/st_nucleo_f4.cfg); install 0.12. (tool:"
        " embedded:startup.tcl:28: Error: Can't find board/st_nucleo_f4.cfg)",
    ),
    "openocd_dead_chip": (
        openocd.SYMPTOMS,
        "Error: init mode failed (unable to connect to the target)\n",
        "its debug probe cannot reach the chip; check that the board has power, and hold its reset button while it"
        " starts. (tool: Error: init mode failed (unable to connect to the target))",
    ),
    "st_flash_no_probe": (
        st_flash.SYMPTOMS,
        "st-flash 1.7.0\n2026-11-29T12:58:06 WARN usb.c: Couldn't find any ST-Link devices\n",
        "no debug probe was found; connect the board by the USB socket of its ST-LINK. (tool: 2026-11-29T12:58:06 WARN"
        " usb.c: Couldn't find any ST-Link devices)",
    ),
    "st_flash_may_not": (
        st_flash.SYMPTOMS,
        "WARN common.c: Could not open USB device 0x0483:0x374b, access error.\n",
        "you may not use its debug probe; Debian's stlink-tools brings rules for it: connect the board again. (tool:"
        " WARN common.c: Could not open USB device 0x0483:0x374b, access error)",
    ),
    "arduino_cli_no_core": (
        arduino_cli.SYMPTOMS,
        "Error during Upload: Platform 'arduino:avr' not found: platform arduino:avr is not installed\n",
        "arduino-cli lacks the board's core; install it: arduino-cli core install arduino:avr. (tool: Error during"
        " Upload: Platform 'arduino:avr' not found: platform arduino:avr is not installed)",
    ),
    "arduino_cli_offline": (
        arduino_cli.SYMPTOMS,
        "Error initializing instance: loading required platform arduino:avr@1.8.6: Error downloading"
        " https://downloads.arduino.cc/packages/package_index.tar.bz2\n",
        "arduino-cli could not fetch what sketch.yaml names; it needs the network the first time. (tool: Error"
        " initializing instance: loading required platform arduino:avr@1.8.6: Error downloading"
        " https://downloads.arduino.cc/packages/package_index.tar.bz2)",
    ),
    "arduino_cli_with_avrdude_inside": (
        (*arduino_cli.SYMPTOMS, *avrdude.SYMPTOMS),
        "avrdude: stk500_recv(): programmer is not responding\nError during Upload: Failed uploading: uploading error:"
        " exit status 1\n",
        f"its boot loader does not answer on {PORT}; press its reset button right before, and check that this is its"
        " port and its boot loader the one it came with (older ones speak at another baud rate). (tool:"
        " avrdude: stk500_recv(): programmer is not responding)",
    ),
    "platformio_no_port": (
        platformio.SYMPTOMS,
        "Error: Please specify `upload_port` for environment or use global `--upload-port` option.\n",
        "PlatformIO needs a port; name one with --port. (tool: Error: Please specify `upload_port` for environment or"
        " use global `--upload-port` option)",
    ),
    "unknown_words": (
        avrdude.SYMPTOMS,
        "first\nthe moon is\nin the wrong house\n",
        "tool failed with exit code 7; its last words: the moon is / in the wrong house.",
    ),
}


CASES |= {
    "a_folder_without_permission": (
        (),
        "mkdir /root/.arduino15: permission denied\n",
        "a file or folder may not be used; change its owner or permissions, then flash again."
        " (tool: mkdir /root/.arduino15: permission denied)",
    ),
    "a_file_that_is_missing": (
        (),
        "FileNotFoundError: [Errno 2] No such file or directory: 'firmware.bin'\n",
        "tool failed with exit code 7; its last words: FileNotFoundError: [Errno 2] No such file or directory:"
        " 'firmware.bin'.",
    ),
    "words_for_a_terminal": (
        (Symptom(r"is no (\S+)", "it is no {0}", quote=False),),
        "this is no \x1b]0;boo\n",
        "it is no \\x1b]0;boo.",
    ),
    "windows_port_without_permission": (
        (),
        "could not open port 'COM9': PermissionError(13, 'Access is denied.', None, 5)\n",
        f"you may not use {PORT}; {GROUP}. (tool: could not open port 'COM9': PermissionError(13, 'Access is denied.',"
        " None, 5))",
    ),
}


@pytest.mark.parametrize(("symptoms", "printed", "expected"), CASES.values(), ids=CASES)
def test_the_tools_words_become_one_line(symptoms: tuple[Symptom, ...], printed: str, expected: str) -> None:
    plan = FlashPlan("tool", ("tool",), "board", PORT, symptoms)
    assert explain(plan, printed, 7) == "board was not flashed: " + expected


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A port behind which nobody answers."""
    parent, child = os.openpty()
    tty.setraw(child)
    yield os.ttyname(child)
    os.close(parent)
    os.close(child)


def failure_of(plan: FlashPlan, timeout_s: float = 60.0) -> str:
    with pytest.raises(DeviceError) as caught:
        carry_out(plan, lambda text: None, timeout_s)
    return str(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        "bin/bossac",
        ".arduino15/internal/arduino_bossac_1.9.1-arduino2_0123456789abcdef/bossac",
        ".arduino15/packages/arduino/tools/bossac/1.9.1-arduino2/bossac",
        ".platformio/packages/tool-bossac-nordicnrf52/bossac",
    ],
)
def test_the_bossac_that_knows_the_chip_is_taken(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ShumaTech's 1.9.1, which Debian has, and Arduino's 1.7.0 for the Zero know no nRF52840: not these."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    for path in ("bin/bossac", ".arduino15/packages/arduino/tools/bossac/1.7.0-arduino3/bossac", place):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"\x7fELF ATSAMD21x18" + (b" nRF52840-QIAA" if path == place else b""))
        (tmp_path / path).chmod(0o755)
    assert bossac.plan(Path("x.bin"), "nano33ble", PORT).command[0] == tmp_path / place


def test_avrdude_itself_without_its_port(tmp_path: Path) -> None:
    need("avrdude", "avrdude")
    assert failure_of(avrdude.plan(UNO, tmp_path / "x.elf", "uno", "/dev/ttyNone")) == (
        "uno was not flashed: there is no port /dev/ttyNone; connect the board and see which ports there are:"
        " tinyml ports."
    )


def test_avrdude_itself_without_a_boot_loader(tmp_path: Path, silent_port: str) -> None:
    need("avrdude", "avrdude")
    plan = avrdude.plan(UNO, tmp_path / "x.elf", "uno", silent_port)
    message = failure_of(replace(plan, command=(*plan.command, "-x", "attempts=1")))  # each takes it five seconds
    assert message.startswith(f"uno was not flashed: its boot loader does not answer on {silent_port}; press its reset")
    assert message.endswith("(avrdude: avrdude error: programmer is not responding)")


def test_esptool_itself_without_its_port(tmp_path: Path) -> None:
    pytest.importorskip("esptool")
    plan = esptool.plan(Esptool("esp32c3"), tmp_path / "x.bin", "esp32c3", "/dev/ttyNone")
    (tmp_path / "x.bin").write_bytes(bytes(64))
    message = failure_of(plan)
    assert message.startswith("esp32c3 was not flashed: there is no port /dev/ttyNone; connect the board and see")


def test_a_tool_that_hangs_is_stopped(tmp_path: Path) -> None:
    plan = FlashPlan("sleep", (need("sleep", "coreutils"), "60"), "board", None)
    with pytest.raises(ToolFailedError, match=r"^sleep did not finish within 0\.2 s and was stopped\.$"):
        carry_out(plan, lambda text: None, 0.2)


@pytest.mark.parametrize(
    ("make_plan", "message"),
    [
        (
            lambda: avrdude.plan(UNO, Path("x.elf"), "uno", PORT),
            "avrdude is not installed; it is needed to flash uno. Install it: apt install avrdude, or: tinyml doctor"
            " --install.",
        ),
        (
            lambda: bossac.plan(Path("x.bin"), "nano33ble", PORT),
            "Arduino's bossac is not installed (Debian's cannot write this chip); it is needed to flash nano33ble. It"
            " comes with the board's core: arduino-cli core install arduino:mbed_nano.",
        ),
        (
            lambda: platformio.plan(Path(), "uno", PORT, ()),
            "pio is not installed; it is needed to flash uno. Install it: pip install platformio.",
        ),
    ],
    ids=["avrdude", "bossac", "platformio"],
)
def test_a_missing_tool(make_plan: Callable[[], FlashPlan], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("tinyml_pipeline.tools._OWN_PROGRAMS", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(ToolMissingError) as caught:
        make_plan()
    assert str(caught.value) == message
