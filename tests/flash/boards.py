"""Boards behind a serial port, for tests: a firmware built for the host, or nobody at all, behind a pseudo-terminal."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner, Result
from tinyml_pipeline.cli import main
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device.simulated_port import simulated_port
from tinyml_pipeline.model_io import ModelInterface

from tests.firmware import board_here
from tests.tools import need, unavailable

OPTIBOOT = Path("/usr/share/arduino/hardware/arduino/avr/bootloaders/optiboot/optiboot.c")


def run(artifacts: Path, *arguments: str | Path) -> Result:
    """`tinyml --artifacts ... arguments`, in this process."""
    words = ["--artifacts", str(artifacts), *map(str, arguments)]
    return CliRunner().invoke(main, words, catch_exceptions=False)


def host_firmware(tflite: bytes, folder: Path, sha256: str | None = None) -> Path:
    """The verify firmware of a model as a program of this computer, which may say that it is another's."""
    graph = read_tflite(tflite)
    interface = ModelInterface.of(graph)
    if sha256 is not None:
        interface = ModelInterface(sha256, interface.input_sizes, interface.output_sizes)
    sources = compile_graph(graph, "model", find_target("portable", "speed"))
    return build_firmware(sources, interface, board_here("host"), "verify", folder).elf


@contextlib.contextmanager
def serial_board(*command: str | Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The name of a port behind which a program listens, and the program; with its end the port is gone."""
    parent, child = os.openpty()
    tty.setraw(parent)
    tty.setraw(child)
    name = os.ttyname(child)
    with subprocess.Popen(command, stdin=parent, stdout=parent) as process:
        os.close(parent)
        try:
            yield name, process
        finally:
            process.kill()
            os.close(child)


@contextlib.contextmanager
def factory_uno(folder: Path) -> Iterator[str]:
    """The port of an Uno fresh from the factory: a simulated chip with the boot loader Optiboot and nothing else.

    It is compiled from the core's source, because Debian 13 ships one that was built for an ATmega8.
    """
    gcc, objcopy = need("avr-gcc", "gcc-avr"), need("avr-objcopy", "gcc-avr")
    need("avrdude", "avrdude")
    if not OPTIBOOT.exists():
        unavailable(f"{OPTIBOOT} is not there (package arduino-core-avr)")
    elf, image = folder / "optiboot.elf", folder / "optiboot.hex"
    flags = ("-Os", "-fno-split-wide-types", "-mmcu=atmega328p", "-DF_CPU=16000000L", "-DBAUD_RATE=115200")
    link = ("-DLED_START_FLASHES=3", "-Wl,--relax,--section-start=.text=0x7e00", "-nostartfiles", "-nostdlib")
    subprocess.run([gcc, *flags, *link, "-o", elf, OPTIBOOT], check=True, capture_output=True)
    subprocess.run([objcopy, "-j", ".text", "-O", "ihex", elf, image], check=True)
    place = {"log": folder / "chip.log", "cache_dir": folder.parent / "bridge"}
    with simulated_port(board_here("sim-uno"), None, boot_loader=image, **place) as name:
        yield name


def silence() -> contextlib.AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]:
    """A port behind which nobody answers."""
    return serial_board("sleep", "3600")
