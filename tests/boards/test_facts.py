"""What the boards' makers say of them, read from the releases that are named beside each fact, not from memory."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tinyml_pipeline.boards.board import Avrdude, Esptool, Light, Probe, Uf2
from tinyml_pipeline.boards.catalog import board_names, load_board


@dataclass(frozen=True)
class Facts:
    """One board in its core's boards.txt: upload.maximum_size and maximum_data_size, build.f_cpu; its LED and A0."""

    source: str
    fqbn: str
    platform: str
    maximum_size: int
    maximum_data_size: int
    f_cpu: int
    led: str = "LED_BUILTIN"
    light: Light = "pwm"
    a0: str = ""
    """Where it is, on a board that has no pin with that mark."""


ESP32 = "https://github.com/pioarduino/platform-espressif32/releases/download/55.03.39/platform-espressif32.zip"
FACTS = {
    # Optiboot: 512 bytes; boot loader of the Mega: 8 KB. Debian's 1.8.7 and 1.8.8 say the same.
    "uno": Facts("ArduinoCore-avr 1.8.6", "arduino:avr:uno", "arduino:avr (1.8.6)", 32256, 2048, 16_000_000, "9"),
    "mega2560": Facts("ArduinoCore-avr 1.8.6", "arduino:avr:mega:cpu=atmega2560", "arduino:avr (1.8.6)", 253952, 8192,
                      16_000_000),
    # The same in 4.6.0. No f_cpu there; PlatformIO's nano33ble.json has 64 MHz.
    "nano33ble": Facts("ArduinoCore-mbed 4.1.5", "arduino:mbed_nano:nano33ble", "arduino:mbed_nano (4.1.5)", 983040,
                       262144, 64_000_000),
    # No f_cpu there; Raspberry Pi: 125 MHz is what the SDK sets, 133 MHz (PlatformIO's figure) the most.
    "pico": Facts("ArduinoCore-mbed 4.1.5", "arduino:mbed_rp2040:pico", "arduino:mbed_rp2040 (4.1.5)", 2097152, 270336,
                  125_000_000, a0="GP26, pin 31 of the board"),
    # The first of each menu: '4MB (no FS)', ARM, 150 MHz. The same in 5.7.0.
    "pico2": Facts("arduino-pico 4.4.0", "rp2040:rp2040:rpipico2", "rp2040:rp2040 (4.4.0)", 4186112, 524288,
                   150_000_000, a0="GP26, pin 31 of the board"),
    # The same in 2.12.0; clock: SystemClock_Config of the variant.
    "nucleo-f446re": Facts("Arduino_Core_STM32 2.9.0", "STMicroelectronics:stm32:Nucleo_64:pnum=NUCLEO_F446RE",
                           "STMicroelectronics:stm32 (2.9.0)", 524288, 131072, 180_000_000),
    # 4M2M, the first of the menu: irom0_0_seg of eagle.flash.4m2m.ld. LED_BUILTIN 2 is on the ESP-12E, against 3.3 V.
    "esp8266": Facts("esp8266/Arduino 3.1.2", "esp8266:esp8266:nodemcuv2", "esp8266:esp8266 (3.1.2)", 1044464, 81920,
                     80_000_000, light="inverted"),
    # The variant 'esp32' defines no LED_BUILTIN; those of S3 and C3 set it to a number beyond all pins, which only
    # digitalWrite() and rgbLedWrite() understand.
    "esp32": Facts("arduino-esp32", "esp32:esp32:esp32", "esp32:esp32 (3.3.9)", 1310720, 327680, 240_000_000, "2",
                   a0="GPIO36, marked VP on the DevKitC"),
    "esp32s3": Facts("arduino-esp32", "esp32:esp32:esp32s3", "esp32:esp32 (3.3.9)", 1310720, 327680, 240_000_000,
                     "RGB_BUILTIN", "rgb", "GPIO1"),
    "esp32c3": Facts("arduino-esp32", "esp32:esp32:esp32c3", "esp32:esp32 (3.3.9)", 1310720, 327680, 160_000_000,
                     "RGB_BUILTIN", "rgb", "GPIO0"),
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_a_board_is_as_its_core_says(name: str) -> None:
    board, facts = load_board(name), FACTS[name]
    arduino = board.arduino
    assert arduino is not None
    found = (arduino.fqbn, arduino.platform, board.usable_flash_bytes, board.ram_bytes, board.clock_hz)
    said = (facts.fqbn, facts.platform, facts.maximum_size, facts.maximum_data_size, facts.f_cpu)
    assert found == said, facts.source
    assert (arduino.led, arduino.light) == (facts.led, facts.light), facts.source
    assert arduino.a0_note == (f"A0 is {facts.a0}" if facts.a0 else ""), facts.source


def test_static_data_have_less_than_all_ram_on_an_esp32_only() -> None:
    """ESP-IDF, "Memory Types": 176.5 KB from 0x3FFB0000 to the data of the ROM, and 54.8 KB of them for Bluetooth."""
    less = {
        name: load_board(name).usable_ram_bytes
        for name in board_names()
        if load_board(name).usable_ram_bytes != load_board(name).ram_bytes
    }
    assert less == {"esp32": 0x3FFDC200 - 0x3FFB0000 - 56_156} == {"esp32": 124_580}


# PlatformIO's boards: the file of that name under boards/ of the platform. platformio/platform-espressif32 6.13 has
# core 2.0.17 only, platformio/platform-raspberrypi 1.19 no pico2; pioarduino's 55.03.39 has core 3.3.9.
PLATFORMIO = {
    "uno": ("atmelavr", "uno"),
    "mega2560": ("atmelavr", "megaatmega2560"),
    "nano33ble": ("nordicnrf52", "nano33ble"),
    "pico": ("raspberrypi", "pico"),
    "pico2": ("https://github.com/maxgerhardt/platform-raspberrypi.git", "rpipico2"),
    "nucleo-f446re": ("ststm32", "nucleo_f446re"),
    "esp8266": ("espressif8266", "nodemcuv2"),
    "esp32": (ESP32, "esp32dev"),
    "esp32s3": (ESP32, "esp32-s3-devkitc-1"),
    "esp32c3": (ESP32, "esp32-c3-devkitm-1"),
}


@pytest.mark.parametrize("name", PLATFORMIO)
def test_a_board_is_known_to_platformio(name: str) -> None:
    platformio = load_board(name).platformio
    assert platformio is not None
    assert (platformio.platform, platformio.board) == PLATFORMIO[name]


# upload.protocol and upload.speed of boards.txt; families of microsoft/uf2's uf2families.json; volumes as the boot ROMs
# name them; targets of pyOCD's index of packs, scripts of OpenOCD 0.12.
FLASHED = {
    "uno": Avrdude("arduino", "atmega328p", 115200),
    "mega2560": Avrdude("wiring", "atmega2560", 115200),
    "pico": Uf2("RPI-RP2", 0xE48BFF56),
    "pico2": Uf2("RP2350", 0xE48BFF59),
    "esp8266": Esptool("esp8266", 115200, ".bin"),
    "esp32": Esptool("esp32", 460800),
    "nucleo-f446re": Probe("stm32f446retx", "board/st_nucleo_f4.cfg"),
}


@pytest.mark.parametrize("name", FLASHED)
def test_a_board_is_flashed_as_its_core_does_it(name: str) -> None:
    assert load_board(name).flashing == FLASHED[name]
