"""The sketch that prints what a sensor reads, from which data are recorded; it holds no model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UnsupportedError, UsageError, visible
from tinyml_pipeline.runtimes.project import platform_files
from tinyml_pipeline.runtimes.render import render

NAME = "collect"

# Registers: InvenSense MPU-6000/6050 register map RM-MPU-6000A-00 4.2; ST LSM9DS1 data sheet DocID025715 rev 3.
SENSORS: Mapping[str, Mapping[str, Any]] = {
    "analog": {"what": "the voltage at A0 as analogRead() counts it", "names": "a0", "i2c": False},
    "mpu6050": {
        "what": "the three axes of an MPU6050 accelerometer in m/s^2",
        "names": "ax,ay,az",
        "i2c": True,
        "sensor_name": "MPU6050",
        "address": "0x68",
        "first_axis": "0x3B",
        "range_g": 4,
        "big_endian": True,
        "settings": (("0x6B", "0x00", "wake up"), ("0x1C", "0x08", "4 g either way")),
    },
    "lsm9ds1": {
        "what": "the three axes of an LSM9DS1 accelerometer in m/s^2",
        "names": "ax,ay,az",
        "i2c": True,
        "sensor_name": "LSM9DS1",
        "address": "0x6B",
        "first_axis": "0x28",
        "range_g": 4,
        "big_endian": False,
        "settings": (("0x22", "0x04", "several registers in one go"), ("0x20", "0x70", "119 readings a second, 4 g")),
    },
}


def collector_files(board: Board, sensor: str) -> SourceTree:
    """The folder `collect/`. Raises UsageError for an unknown sensor, UnsupportedError for a board without Arduino."""
    if sensor not in SENSORS:
        raise UsageError(f"there is no sensor '{visible(sensor)}'; there are: {', '.join(SENSORS)}.")
    if board.arduino is None:
        raise UnsupportedError(f"{board.name} has no Arduino core, so there is no sketch for it.")
    chosen = SENSORS[sensor]
    wiring: tuple[str, ...] = (f"{board.arduino.a0_note}.",) if board.arduino.a0_note and not chosen["i2c"] else ()
    wire = "Wire"
    if sensor == board.arduino.own_sensor:
        wire, wiring = board.arduino.own_sensor_bus, ("The sensor is on the board; nothing has to be connected.",)
    elif chosen["i2c"]:
        wiring = (f"Connect the {chosen['sensor_name']} to the board's pins SDA, SCL, 3.3 V and GND.",)
    sketch = render("collect/collect.ino", {**chosen, "board": board.name, "wire": wire, "wiring": wiring})
    return SourceTree({f"{NAME}.ino": sketch, **platform_files(board)}).under(NAME)
