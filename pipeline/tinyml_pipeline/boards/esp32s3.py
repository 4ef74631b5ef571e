"""ESP32-S3 on a DevKit, such as the ESP32-S3-DevKitC-1."""

from __future__ import annotations

from tinyml_pipeline.boards.espressif import espressif_board

BOARD = espressif_board(
    "esp32s3",
    "ESP32-S3 DevKitC-1",
    "Xtensa LX7",
    clock_hz=240_000_000,
    ram_bytes=320 * 1024,
    source="boards.txt of arduino-esp32: 320 KB for data, of the chip's 512 KB of SRAM; 8 MB of flash as in N8",
    fqbn="esp32:esp32:esp32s3",
    platformio_board="esp32-s3-devkitc-1",
    flash_bytes=8 << 20,
    led="RGB_BUILTIN",
    light="rgb",
    a0_note="A0 is GPIO1",
)
