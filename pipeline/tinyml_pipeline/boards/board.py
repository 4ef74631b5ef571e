"""What a board is: a processor, its memory, the compiler for it and, where there is one, a machine that plays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Optimize = Literal["size", "balanced", "speed"]
Counter = Literal["instructions", "cycles", "microseconds", "nothing"]
RuntimeName = Literal["aot", "tflm"]
Light = Literal["pwm", "inverted", "rgb"]
"""An LED at a pin with PWM; one that shines while its pin is low; the addressable one of an ESP32's devkit."""


@dataclass(frozen=True)
class Toolchain:
    """A C compiler: its programs' common prefix, Debian's package, and the flags that choose the processor."""

    prefix: str
    package: str
    flags: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("-lgcc",)
    headers_package: str | None = None
    """The package of a C library, where the firmware uses one; elsewhere firmware/ports/freestanding stands in."""


@dataclass(frozen=True)
class QemuMachine:
    """QEMU counts instructions, not cycles: `-icount shift` gives each 2**shift nanoseconds of the machine's time."""

    program: str
    package: str
    machine: str
    icount_shift: int
    options: tuple[str, ...] = ()

    @property
    def nanoseconds_per_instruction(self) -> int:
        return 1 << self.icount_shift


@dataclass(frozen=True)
class SimavrMachine:
    """libsimavr counts an AVR's cycles; the firmware is joined to it by firmware/ports/simavr_bridge."""

    mcu: str
    package: str = "libsimavr-dev"


@dataclass(frozen=True)
class Port:
    """What stands under firmware/ports for a machine, and where its memory lies."""

    startup: str
    """The folder of the start-up code."""
    machine: str | None
    """The folder of UART and counter; None where a firmware without the board's framework is only measured."""
    flash_origin: int = 0
    ram_origin: int = 0
    word_bytes: int = 4
    script: str = "common/flash_and_ram.ld"
    """Of the linker."""
    sources: tuple[str, ...] = ()
    """What belongs to every firmware beside start-up code and UART."""
    defines: tuple[str, ...] = ()
    """Addresses and frequencies that the machine's C wants, as NAME=VALUE."""
    reached_by: str = ""
    """How a firmware without the board's framework is talked to, and what it needs, as `tinyml build` says it."""


@dataclass(frozen=True)
class Arduino:
    """How Arduino's tools know a board: its core, and what the core's `Serial` and pins are like."""

    fqbn: str
    platform: str
    """The core as sketch.yaml names it, with the release that the sketches are written for."""
    index_url: str | None = None
    """Where the board manager finds the core; None: it knows it."""
    led: str = "LED_BUILTIN"
    """The pin of a light, as the sketch writes it."""
    light: Light = "pwm"
    led_note: str = ""
    """What the sketch says beside that pin."""
    a0_note: str = ""
    """Where A0 is, on a board that has no pin with that mark."""
    analog_bits: int = 10
    """Of analogRead()."""
    serial_buffer: int = 63
    """How many bytes `Serial` keeps unread."""
    own_sensor: str = ""
    """An accelerometer on the board itself, as tinyml_pipeline.runtimes.collector names it."""
    own_sensor_bus: str = "Wire"
    """The object of its I2C bus."""
    counts_cycles: bool = False
    """Whether a sketch can count cycles (DWT on a Cortex-M, Timer1 in simavr); else it counts microseconds."""


@dataclass(frozen=True)
class PlatformIO:
    """How PlatformIO knows a board, under [env:...] of platformio.ini."""

    platform: str
    board: str
    framework: str = "arduino"
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Avrdude:
    """Flashing through an AVR's boot loader."""

    tools: ClassVar[tuple[str, ...]] = ("avrdude",)
    programmer: str
    part: str
    baud: int


@dataclass(frozen=True)
class Esptool:
    """Flashing through the ROM loader of an Espressif chip."""

    tools: ClassVar[tuple[str, ...]] = ("esptool",)
    chip: str
    baud: int = 460800
    image: str = ".merged.bin"
    """The file of a build that is written from address 0."""


@dataclass(frozen=True)
class Bossac:
    """Flashing through the SAM-BA loader of an Arduino with an nRF52840, which a touch at 1200 baud starts."""

    tools: ClassVar[tuple[str, ...]] = ("bossac",)


@dataclass(frozen=True)
class Uf2:
    """Flashing by a copy of a .uf2 file to the drive that the board shows while BOOTSEL is held."""

    tools: ClassVar[tuple[str, ...]] = ("uf2",)
    volume: str
    family_id: int


@dataclass(frozen=True)
class Probe:
    """Flashing through a debug probe, such as the ST-LINK of a Nucleo, by the first of the tools that is installed."""

    tools: ClassVar[tuple[str, ...]] = ("pyocd", "openocd", "st-flash")
    pyocd_target: str
    openocd_script: str


Flashing = Avrdude | Esptool | Bossac | Uf2 | Probe
"""What writes a firmware to a real board; `tools` in the order in which they are tried. arduino-cli and PlatformIO can
do it too, where they are installed."""


@dataclass(frozen=True)
class Board:
    """One board. `source` says where clock, flash and RAM come from."""

    name: str
    display: str
    core: str
    clock_hz: int
    flash_bytes: int
    ram_bytes: int
    source: str
    toolchain: Toolchain | None
    """A compiler without the board's framework; None where Debian has none for this processor."""
    compiler_target: str
    """A name of tinyml_pipeline.compiler.target.TARGETS: what its processor can do."""
    optimize: Optimize
    """What the compiler aims at where nobody says otherwise."""
    port: Port | None
    """What stands for the framework around it; None where there is no toolchain either."""
    emulator: QemuMachine | SimavrMachine | None = None
    counter: Counter = "nothing"
    batch_bytes: int = 0
    """RAM that the verify firmware may give to vectors of one frame; 0: always one vector a frame."""
    line_buffer: int = 0
    """How many bytes wait unread on the machine's line before any is lost."""
    reserved_flash_bytes: int = 0
    """Flash that a boot loader or the partition table keeps from the firmware."""
    reserved_ram_bytes: int = 0
    """RAM that static data cannot have, because only the heap reaches it."""
    constants_in_ram: bool = False
    """Whether constants are copied to RAM at start, because the processor reads flash by whole words only."""
    arduino: Arduino | None = None
    platformio: PlatformIO | None = None
    flashing: Flashing | None = None
    tflm_library: str | None = None
    """The library of tinyml_pipeline.runtimes.tflm_libraries that brings TFLM to the board; None where none does."""

    @property
    def usable_flash_bytes(self) -> int:
        return self.flash_bytes - self.reserved_flash_bytes

    @property
    def usable_ram_bytes(self) -> int:
        """What static data may take, such as a model's arena."""
        return self.ram_bytes - self.reserved_ram_bytes

    @property
    def runs_bare_metal(self) -> bool:
        """Whether a firmware without any framework can be talked to on it."""
        return self.port is not None and self.port.machine is not None

    @property
    def runtimes(self) -> tuple[RuntimeName, ...]:
        return ("aot",) if self.tflm_library is None else ("aot", "tflm")


@dataclass(frozen=True)
class Tool:
    """An outside program and the Debian package that brings it; or a header that a compiler must find, or a file."""

    program: str
    package: str
    purpose: str
    header: str | None = None
    file: str | None = None
