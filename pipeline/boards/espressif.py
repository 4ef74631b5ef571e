"""What the boards of the ESP32 family share: the Arduino core, PlatformIO's platform and the loader in their ROM."""

from __future__ import annotations

from pipeline.boards.board import Arduino, Board, CompilerTarget, Counter, Esptool, PlatformIO, Port, Toolchain

_INDEX = "https://espressif.github.io/arduino-esp32/package_esp32_index.json"
_APP_PARTITION_BYTES = 0x140000  # of the core's default partition table, on 4 and on 8 MB of flash alike
# Core 3.x, which PlatformIO's own platform does not have: that one stayed at 2.0.
_PLATFORM = "https://github.com/pioarduino/platform-espressif32/releases/download/stable/platform-espressif32.zip"


def espressif_board(
    name: str,
    display: str,
    core: str,
    *,
    clock_hz: int,
    ram_bytes: int,
    source: str,
    fqbn: str,
    platformio_board: str,
    flash_bytes: int = 4 << 20,
    compiler_target: CompilerTarget = "portable",
    toolchain: Toolchain | None = None,
    port: Port | None = None,
    led: str = "LED_BUILTIN",
    counter: Counter = "nothing",
    line_buffer: int = 0,
) -> Board:
    """One board of the family; TFLM comes with its Arduino core."""
    return Board(
        name=name,
        display=display,
        core=core,
        clock_hz=clock_hz,
        flash_bytes=flash_bytes,
        ram_bytes=ram_bytes,
        source=source,
        toolchain=toolchain,
        compiler_target=compiler_target,
        optimize="speed",
        port=port,
        counter=counter,
        batch_bytes=1024,
        line_buffer=line_buffer,
        reserved_flash_bytes=flash_bytes - _APP_PARTITION_BYTES,
        arduino=Arduino(fqbn, "esp32:esp32 (3.2.0)", _INDEX, led=led, analog_bits=12, serial_buffer=255),
        platformio=PlatformIO(_PLATFORM, platformio_board),
        flashing=Esptool(name),
        tflm_library="arduino-esp32",
    )
