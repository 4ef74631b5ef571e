"""How each tool is called, to the word; a plan carried out; restarts, by a clock of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import serial
from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Avrdude, Esptool, Probe
from tinyml_pipeline.errors import DeviceError, ToolMissingError
from tinyml_pipeline.host.flashers import (
    arduino_cli,
    avrdude,
    bossac,
    esptool,
    openocd,
    platformio,
    pyocd,
    st_flash,
    uf2,
)
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom, carry_out, explain

from tests.flash.test_flash import PICO, drive, uf2_file

SKETCH, PORT, OWN = Path("sketch"), "/dev/ttyX", (Symptom("own", "its own"),)
NUCLEO = Probe("stm32f446retx", "board/st_nucleo_f4.cfg")
UNO = Avrdude("arduino", "atmega328p", 115200)
AVRDUDE = ("-p", "atmega328p", "-c", "arduino", "-x", "attempts=3", "-P", PORT, "-b", "115200", "-D", "-U")
PLANS: dict[str, tuple[Callable[[], FlashPlan], FlashPlan]] = {
    "arduino_cli": (
        lambda: arduino_cli.plan(SKETCH, "uno", PORT, OWN),
        FlashPlan(
            "arduino-cli",
            ("/bin/arduino-cli", "compile", "--upload", "--verify", "--no-color", "--profile", "uno", "--port", PORT,
             SKETCH),
            "uno", PORT, (*arduino_cli.SYMPTOMS, *OWN),
        ),
    ),
    "avrdude_elf": (
        lambda: avrdude.plan(UNO, Path("x.elf"), "uno", PORT),
        FlashPlan("avrdude", ("/bin/avrdude", *AVRDUDE, "flash:w:x.elf:e"), "uno", PORT, avrdude.SYMPTOMS),
    ),
    "avrdude_hex": (
        lambda: avrdude.plan(UNO, Path("x.hex"), "uno", PORT),
        FlashPlan("avrdude", ("/bin/avrdude", *AVRDUDE, "flash:w:x.hex:i"), "uno", PORT, avrdude.SYMPTOMS),
    ),
    "bossac": (
        lambda: bossac.plan(Path("x.bin"), "nano33ble", PORT),
        FlashPlan(
            "bossac", ("/bin/bossac", "--port=ttyX", "-U", "-i", "-e", "-w", "-v", Path("x.bin"), "-R"), "nano33ble",
            PORT, bossac.SYMPTOMS,
        ),
    ),
    "esptool": (
        lambda: esptool.plan(Esptool("esp32c3", baud=9600), Path("x.bin"), "esp32c3", PORT),
        FlashPlan(
            "esptool",
            (sys.executable, "-m", "esptool", "--chip", "esp32c3", "--port", PORT, "--baud", "9600", "write-flash",
             "0x0", Path("x.bin")),
            "esp32c3", PORT, esptool.SYMPTOMS,
        ),
    ),
    "platformio": (
        lambda: platformio.plan(SKETCH, "uno", PORT, OWN),
        FlashPlan(
            "pio", ("/bin/pio", "run", "--target", "upload", "--upload-port", PORT), "uno", PORT,
            (*platformio.SYMPTOMS, *OWN), cwd=SKETCH,
        ),
    ),
    "platformio_without_port": (
        lambda: platformio.plan(SKETCH, "uno", None, ()),
        FlashPlan("pio", ("/bin/pio", "run", "--target", "upload"), "uno", None, platformio.SYMPTOMS, cwd=SKETCH),
    ),
    "pyocd": (
        lambda: pyocd.plan(NUCLEO, Path("x.hex"), "nucleo"),
        FlashPlan(
            "pyocd", ("/bin/pyocd", "flash", "--no-wait", "--target", "stm32f446retx", Path("x.hex")), "nucleo", None,
            pyocd.SYMPTOMS,
        ),
    ),
    "openocd": (
        lambda: openocd.plan(NUCLEO, Path("a b.elf"), "nucleo"),
        FlashPlan(
            "openocd",
            ("/bin/openocd", "-f", "board/st_nucleo_f4.cfg", "-c", "program {a b.elf} verify reset exit"), "nucleo",
            None, openocd.SYMPTOMS,
        ),
    ),
    "st_flash": (
        lambda: st_flash.plan(Path("x.bin"), 0x08000000, "nucleo"),
        FlashPlan(
            "st-flash", ("/bin/st-flash", "--reset", "write", Path("x.bin"), "0x8000000"), "nucleo", None,
            st_flash.SYMPTOMS,
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_the_whole_plan(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, expected = PLANS[name]
    monkeypatch.setattr(tools, "which", lambda program: f"/bin/{program}")
    monkeypatch.setattr(bossac, "program", lambda board: "/bin/bossac")
    monkeypatch.setattr(esptool, "need_extra", lambda extra, purpose: None)
    assert make() == expected


MISSING: dict[str, tuple[Callable[[], FlashPlan], str]] = {
    "arduino_cli": (
        lambda: arduino_cli.plan(SKETCH, "uno", PORT, ()),
        "arduino-cli is not installed; it is needed to flash uno. Install it: see"
        " https://arduino.github.io/arduino-cli/latest/installation.",
    ),
    "pyocd": (
        lambda: pyocd.plan(NUCLEO, Path("x.hex"), "nucleo"),
        "pyocd is not installed; it is needed to flash nucleo. Install it: pip install pyocd.",
    ),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_tool_that_is_not_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, message = MISSING[name]
    monkeypatch.setattr(tools, "which", lambda program: None)
    with pytest.raises(ToolMissingError) as caught:
        make()
    assert str(caught.value) == message


def test_esptool_comes_with_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(esptool, "need_extra", lambda extra, purpose: asked.append((extra, purpose)))
    assert esptool.program() == (sys.executable, "-m", "esptool")
    assert asked == [("flash", "an image for the ESP32 family")]


def shell(script: str, **fields: object) -> FlashPlan:
    return FlashPlan("tool", ("sh", "-c", script), "board", PORT, **fields)  # type: ignore[arg-type]


def test_a_plan_is_carried_out_in_its_folder_and_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    carry_out(shell("pwd", cwd=tmp_path), shown.append)
    assert "".join(shown) == f"{tmp_path}\n"
    for code in (1, 3):
        with pytest.raises(DeviceError) as caught:
            carry_out(shell(f"echo words; exit {code}"), shown.append)
        assert str(caught.value) == (
            f"board was not flashed: tool failed with exit code {code}; its last words: words."
        )


EXPLAINED = {
    "first_line": ("lost it here\nmore", "board lost /dev/ttyX. (tool: lost it here)"),
    "first_letter": ("\nlost it\n", "board lost /dev/ttyX. (tool: lost it)"),
    "one_letter_before": ("\n\nlost it\n", "board lost /dev/ttyX. (tool: lost it)"),
    "last_line": ("before\nit was lost in XX", "board lost /dev/ttyX. (tool: it was lost in XX)"),
    "colours": ("\x1b[1;31mlost\x1b[K \x1b[0mit\r\n", "board lost /dev/ttyX. (tool: lost it)"),
    "other_letters": ("lost XX.", "board lost /dev/ttyX. (tool: lost XX)"),
    "unquoted": ("gone", "away."),
    "nothing_said": ("  \n \n", "tool failed with exit code 2; its last words: nothing."),
    "last_two": ("one\n two \n\nthree..\n", "tool failed with exit code 2; its last words: two / three."),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_what_a_tool_printed_in_one_line(name: str) -> None:
    printed, expected = EXPLAINED[name]
    symptoms = (Symptom("lost", "{board} lost {port}"), Symptom("gone", "away", quote=False))
    assert explain(shell("", symptoms=symptoms), printed, 2) == f"board was not flashed: {expected}"


@dataclass
class Clock:
    """Moves when somebody sleeps, and only then."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now = round(self.now + seconds, 6)
        self.on_sleep()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(bossac, "time", clock)
    monkeypatch.setattr(uf2, "time", clock)
    return clock


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    calls: list[object] = []

    class Serial:
        def __init__(self, *arguments: object) -> None:
            calls.append(arguments)

        def close(self) -> None:
            calls.append("closed")

    monkeypatch.setattr(serial, "Serial", Serial)
    return calls


def test_a_touch_waits_until_the_port_is_back(clock: Clock, opened: list[object], tmp_path: Path) -> None:
    port = tmp_path / "port"

    def come_back() -> None:
        if len(clock.slept) == 3:
            port.touch()

    clock.on_sleep = come_back
    bossac.touch(str(port))
    assert opened == [(str(port), 1200), "closed"]
    assert clock.slept == [0.5, 0.1, 0.1]
    clock.slept.clear()
    bossac.touch(str(port))
    assert clock.slept == [0.5]


def test_a_touch_does_not_wait_for_ever(clock: Clock, opened: list[object], tmp_path: Path) -> None:
    clock.now = 0.0
    bossac.touch(str(tmp_path / "port"))
    assert clock.slept[:2] == [0.5, 0.1]
    assert clock.now == 5.0


def test_a_touch_of_a_port_that_is_not_there_does_nothing(clock: Clock) -> None:
    bossac.touch("/dev/ttyNone")
    assert clock.slept == []


FAMILY, OTHER = 0xE48BFF56, 0xE48BFF59


def test_the_families_of_a_file(tmp_path: Path) -> None:
    block, other = uf2_file(tmp_path, FAMILY).read_bytes(), uf2_file(tmp_path, OTHER).read_bytes()
    assert uf2.families(block) == {FAMILY}
    assert uf2.families(block + other) == {FAMILY, OTHER}
    for data in (b"", block[:-1], block + b"\0", bytes(512), block + bytes(512), b"\0" + block[1:]):
        assert uf2.families(data) == set()


def test_where_drives_appear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [self / pattern / "b", self / pattern / "a"])
    places = ["/media/*/*", "/media/*", "/run/media/*/*", "/Volumes/*", "/mnt/*"]
    assert uf2.mounted_drives() == [Path(place) / name for place in places for name in "ab"]


def test_a_copy_to_a_drive_that_the_system_shows(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, shown = drive(tmp_path), []
    monkeypatch.setattr(uf2, "mounted_drives", lambda: [place])

    def restart() -> None:
        if len(clock.slept) == 3:
            (place / "INFO_UF2.TXT").unlink()

    clock.on_sleep = restart
    uf2.copy(PICO, uf2_file(tmp_path), "pico", shown.append)
    assert (place / "x.uf2").read_bytes() == (tmp_path / "x.uf2").read_bytes()
    assert shown == [f"copying 512 bytes to {place}\n"]
    assert clock.slept == [0.05] * 3


def test_a_board_gets_its_time_to_restart_and_no_more(clock: Clock, tmp_path: Path) -> None:
    clock.on_sleep = lambda: None
    with pytest.raises(DeviceError, match="has not restarted after the copy to"):
        uf2.copy(PICO, uf2_file(tmp_path), "pico", lambda text: None, [drive(tmp_path)])
    assert 10.0 <= sum(clock.slept) < 10.1
    clock.slept.clear()
    clock.now = 0.0
    with pytest.raises(DeviceError, match="has not restarted after the copy to"):
        uf2.copy(PICO, uf2_file(tmp_path), "pico", lambda text: None, [tmp_path / "RPI-RP2"], restart_within_s=0.05)
    assert clock.slept == [0.05]


def test_no_drive_at_all(tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        uf2.copy(PICO, uf2_file(tmp_path), "pico", lambda text: None, [tmp_path])
    assert str(caught.value) == (
        "pico was not flashed: no drive RPI-RP2 is mounted; hold BOOTSEL while you connect the board, let go, and flash"
        " again."
    )


def test_a_copy_that_breaks_off(tmp_path: Path, clock: Clock) -> None:
    """A folder has the file's name: no byte can be written."""
    place = drive(tmp_path)
    (place / "x.uf2").mkdir()
    with pytest.raises(DeviceError) as caught:
        uf2.copy(PICO, uf2_file(tmp_path), "pico", lambda text: None, [place])
    assert str(caught.value) == (
        f"pico was not flashed: {place} took the copy only in part (Is a directory); connect the board again with"
        " BOOTSEL held."
    )
    uf2.copy(
        PICO, uf2_file(tmp_path), "pico", lambda text: (place / "INFO_UF2.TXT").unlink(), [place]
    )  # fmt: skip
    assert clock.slept == []
