"""Which program plays a board, and the bridge to simavr: built once, and run only if nobody has touched it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import QemuMachine
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import DeviceError, ToolFailedError, ToolMissingError
from tinyml_pipeline.host.device import emulators, simulated_port
from tinyml_pipeline.host.device.emulators import build_simavr_bridge, emulate, qemu_command
from tinyml_pipeline.host.device.process import ProcessDevice

MACHINE = QemuMachine("qemu-system-arm", "qemu-system-arm", "microbit", 5, ("-m", "1"))
ELF = Path("x.elf")
# Words that end the check of a folder: what the compiler is told, and what it leaves.
Calls = list[list[str]]


def test_how_qemu_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "which", lambda program: f"/bin/{program}")
    assert qemu_command(MACHINE, ELF) == [
        *("/bin/qemu-system-arm", "-machine", "microbit", "-m", "1", "-display", "none", "-monitor", "none"),
        *("-serial", "stdio", "-icount", "shift=5,sleep=off", "-kernel", ELF),
    ]
    monkeypatch.setattr(tools, "which", lambda program: None)
    with pytest.raises(ToolMissingError) as caught:
        qemu_command(replace(MACHINE, package="qemu-arm"), ELF)
    assert str(caught.value) == (
        "qemu-system-arm is not installed; it is needed to run firmware on microbit. Install it: apt install qemu-arm,"
        " or: tinyml doctor --install."
    )


def played(name: str, elf: Path, log: Path, cache_dir: Path) -> tuple[str, list[str], Path, float]:
    device = emulate(load_board(name), elf, log=log, cache_dir=cache_dir)
    assert isinstance(device, ProcessDevice)
    return device.name, device._command, device.log, device._ready_within_s


def test_what_plays_a_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, elf = tmp_path / "log", tmp_path / "x.elf"
    elf.write_bytes(b"")
    elf.chmod(0o640)
    monkeypatch.setattr(emulators, "qemu_command", lambda machine, elf: [machine.machine, elf])
    monkeypatch.setattr(emulators, "build_simavr_bridge", lambda cache_dir: cache_dir / "bridge")
    machine = load_board("sim-cortex-m4").emulator
    assert isinstance(machine, QemuMachine)
    assert played("sim-cortex-m4", elf, log, tmp_path) == (
        "sim-cortex-m4", [machine.machine, str(elf)], log, 10.0,
    )  # fmt: skip
    assert played("sim-uno", elf, log, tmp_path) == (
        "sim-uno", [str(tmp_path / "bridge"), "atmega328p", "16000000", str(elf)], log, 0.0,
    )  # fmt: skip
    assert elf.stat().st_mode & 0o777 == 0o640
    monkeypatch.chdir(tmp_path)
    assert played("host", Path("x.elf"), log, tmp_path) == ("host", [str(elf.resolve())], log, 0.0)
    assert elf.stat().st_mode & 0o777 == 0o740
    with pytest.raises(DeviceError) as caught:
        emulate(load_board("uno"), elf, log=log, cache_dir=tmp_path)
    assert str(caught.value) == "uno is a real board: nothing emulates it. Connect it and name its serial port."


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    for name in ("b.c", "a.c", "a.h", "readme"):
        (folder / name).write_text(name)
    monkeypatch.setattr(emulators, "_BRIDGE", folder)
    return folder


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """A compiler that writes the number of its call; all calls."""
    calls: Calls = []

    def run(command: list[str | Path], timeout_s: float) -> None:
        calls.append([*map(str, command), f"{timeout_s}"])
        Path(command[command.index("-o") + 1]).write_text(f"program {len(calls)}")

    monkeypatch.setattr(tools, "run", run)
    monkeypatch.setattr(tools, "which", lambda program: f"/bin/{program}")
    return calls


def test_the_bridge_is_built_once_for_each_state_of_its_sources(sources: Path, compiled: Calls, tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "cache"
    bridge = build_simavr_bridge(cache)
    assert build_simavr_bridge(cache) == bridge
    (call,) = compiled
    assert call[:5] == ["/bin/gcc", "-std=gnu99", "-O2", str(sources / "a.c"), str(sources / "b.c")]
    assert (call[5], call[7:]) == ("-o", ["-lsimavr", "60"])
    assert Path(call[6]).parent.parent == cache
    assert bridge.parent == cache
    assert bridge.read_text() == "program 1"
    assert bridge.stat().st_mode & 0o777 == 0o700
    assert cache.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in cache.iterdir()) == [bridge.name, f"{bridge.name}.sha256"]
    for name in ("a.h", "b.c"):
        (sources / name).write_text("changed")
        other = build_simavr_bridge(cache)
        assert other != bridge
        bridge = other
    (sources / "readme").write_text("changed")
    assert build_simavr_bridge(cache) == bridge
    (sources / "b.c").rename(sources / "c.c")
    assert build_simavr_bridge(cache) != bridge
    assert len(compiled) == 4
    assert bridge.name.startswith(f"{sources.name}-")
    assert len(bridge.name) == len(f"{sources.name}-") + 16


def test_a_bridge_that_is_there_is_run_only_if_it_is_the_one_that_was_built(
    sources: Path, compiled: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = build_simavr_bridge(tmp_path)
    seal = bridge.with_suffix(".sha256")
    spoil = [
        lambda: bridge.write_text("planted"),
        lambda: seal.write_bytes(b"\xff"),
        lambda: seal.unlink(),
        lambda: bridge.unlink(),
        lambda: bridge.chmod(0o720),
        lambda: bridge.chmod(0o702),
        lambda: (bridge.rename(tmp_path / "real"), bridge.symlink_to(tmp_path / "real")),
        lambda: (bridge.unlink(), bridge.mkdir(), (bridge / "file").touch()),
    ]
    for number, make in enumerate(spoil, 2):
        make()  # type: ignore[no-untyped-call]
        assert build_simavr_bridge(tmp_path).read_text() == f"program {number}"
        assert not bridge.is_symlink()
    bridge.chmod(0o755)
    build_simavr_bridge(tmp_path)
    assert len(compiled) == len(spoil) + 1
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    build_simavr_bridge(tmp_path)
    assert len(compiled) == len(spoil) + 2


FAILURES = {
    "a.c:1: fatal error: simavr/sim_avr.h: No such file": ToolMissingError,
    "cannot find -lsimavr": ToolMissingError,
    "something else": ToolFailedError,
}


@pytest.mark.parametrize("words", FAILURES)
def test_without_libsimavr(words: str, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str | Path], timeout_s: float) -> None:
        raise ToolFailedError(words)

    monkeypatch.setattr(tools, "which", lambda program: f"/bin/{program}")
    monkeypatch.setattr(tools, "run", run)
    with pytest.raises(FAILURES[words]) as caught:
        build_simavr_bridge(tmp_path)
    if FAILURES[words] is ToolMissingError:
        assert str(caught.value) == (
            "libsimavr is not installed; it is needed to run firmware for an AVR. Install it: apt install"
            " libsimavr-dev."
        )
    assert [path for path in tmp_path.iterdir() if path != sources] == []


def test_without_a_compiler(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "which", lambda program: None)
    with pytest.raises(ToolMissingError) as caught:
        build_simavr_bridge(tmp_path)
    assert str(caught.value) == (
        "gcc is not installed; it is needed to build the bridge to simavr. Install it: apt install gcc libc6-dev, or:"
        " tinyml doctor --install."
    )


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the bridge's place a shell script that prints its arguments as the name of the port."""
    path = tmp_path / "bridge"
    path.write_text('#!/bin/sh\necho words >&2; echo "$*"; exec sleep 3600\n')
    path.chmod(0o755)
    monkeypatch.setattr(simulated_port, "build_simavr_bridge", lambda cache_dir: cache_dir / "bridge")
    return path


def test_how_a_chip_behind_a_port_is_started(bridge: Path, tmp_path: Path) -> None:
    log, uno = tmp_path / "new" / "deep" / "log", load_board("sim-uno")
    with simulated_port.simulated_port(uno, ELF, log=log, cache_dir=tmp_path) as port:
        assert port == "-p atmega328p 16000000 x.elf"
    place = {"log": log, "cache_dir": tmp_path}
    with simulated_port.simulated_port(uno, None, boot_loader=Path("boot.hex"), **place) as port:
        assert port == "-p -b boot.hex atmega328p 16000000 -"
    assert log.read_text() == "words\n" * 2


def test_a_chip_that_does_not_start(bridge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, uno = tmp_path / "log", load_board("sim-uno")
    for script, words in (
        ("exit 1", "nothing"),
        ("echo first >&2; echo no such chip >&2", "no such chip"),
        ("printf '\\377 smoke\\n' >&2", "\ufffd smoke"),
    ):
        bridge.write_text(f"#!/bin/sh\n{script}\n")
        with pytest.raises(DeviceError) as caught, simulated_port.simulated_port(uno, ELF, log=log, cache_dir=tmp_path):
            pass
        assert str(caught.value) == f"sim-uno: the simulator did not start; it said: {words}."
    monkeypatch.setattr(simulated_port, "_UP_WITHIN_S", 0.01)
    bridge.write_text("#!/bin/sh\nexec sleep 3600\n")
    with (
        pytest.raises(DeviceError, match="did not start"),
        simulated_port.simulated_port(uno, ELF, log=log, cache_dir=tmp_path),
    ):
        pass


def test_a_simulators_words_are_read_as_utf_8_whatever_the_locale(
    bridge: Path, tmp_path: Path, ascii_locale: None
) -> None:
    bridge.write_text("#!/bin/sh\nprintf '\\303\\244\\n' >&2\n")
    with (
        pytest.raises(DeviceError, match=r"said: ä\.$"),
        simulated_port.simulated_port(load_board("sim-uno"), ELF, log=tmp_path / "log", cache_dir=tmp_path),
    ):
        pass


def test_a_board_that_is_no_avr(tmp_path: Path) -> None:
    with (
        pytest.raises(DeviceError) as caught,
        simulated_port.simulated_port(load_board("sim-cortex-m4"), ELF, log=tmp_path / "log", cache_dir=tmp_path),
    ):
        pass
    assert str(caught.value) == (
        "sim-cortex-m4 is not played by simavr; only such a board can stand behind a serial port."
    )
