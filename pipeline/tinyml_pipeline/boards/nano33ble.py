"""Arduino Nano 33 BLE, an nRF52840."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Board, Bossac, PlatformIO, Port
from tinyml_pipeline.boards.machines import arm_toolchain

ARDUINO = Arduino(
    "arduino:mbed_nano:nano33ble",
    "arduino:mbed_nano (4.1.5)",
    serial_buffer=64,
    own_sensor="lsm9ds1",
    own_sensor_bus="Wire1",
    counts_cycles=True,
)

BOARD = Board(
    name="nano33ble",
    display="Arduino Nano 33 BLE",
    core="Cortex-M4F",
    clock_hz=64_000_000,
    flash_bytes=1024 * 1024,
    ram_bytes=256 * 1024,
    source="Nordic nRF52840 product specification 1.8; boards.txt of arduino:mbed_nano 4.1.5: 64 KB of boot loader",
    toolchain=arm_toolchain("-mcpu=cortex-m4"),
    compiler_target="cortex-m4",
    optimize="speed",
    port=Port(startup="cortex_m", machine=None, flash_origin=0x00010000, ram_origin=0x20000000),
    batch_bytes=1024,
    reserved_flash_bytes=64 * 1024,
    arduino=ARDUINO,
    platformio=PlatformIO("nordicnrf52", "nano33ble"),
    flashing=Bossac(),
    tflm_library="chirale",
)
