"""What the boards of the ESP32 family share: the Arduino core, PlatformIO's platform and the loader in their ROM."""

from __future__ import annotations

from tinyml_pipeline.boards.board import (
    Arduino,
    Board,
    Counter,
    Esptool,
    Light,
    PlatformIO,
    Port,
    Toolchain,
)

_INDEX = "https://espressif.github.io/arduino-esp32/package_esp32_index.json"
# boards.txt: maximum_size of the default partition table, on 4 and on 8 MB of flash alike. PlatformIO takes the table
# of 8 MB for the S3, with 0x330000.
_APP_PARTITION_BYTES = 0x140000
# Its TFLM computes dense layers quantized per channel, that of 3.2 does not.
_CORE = "esp32:esp32 (3.3.9)"
# The same core for PlatformIO (6.1.19 or later), whose own platform (6.13) stayed at core 2.0.17.
_PLATFORM = "https://github.com/pioarduino/platform-espressif32/releases/download/55.03.39/platform-espressif32.zip"


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
    static_ram_bytes: int | None = None,
    compiler_target: str = "xtensa",
    toolchain: Toolchain | None = None,
    port: Port | None = None,
    led: str,
    light: Light = "pwm",
    led_note: str = "",
    a0_note: str,
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
        reserved_ram_bytes=0 if static_ram_bytes is None else ram_bytes - static_ram_bytes,
        arduino=Arduino(
            fqbn,
            _CORE,
            _INDEX,
            led=led,
            light=light,
            led_note=led_note,
            a0_note=a0_note,
            analog_bits=12,
            serial_buffer=255,
        ),
        platformio=PlatformIO(_PLATFORM, platformio_board),
        flashing=Esptool(name),
        tflm_library="arduino-esp32",
    )
