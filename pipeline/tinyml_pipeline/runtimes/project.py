"""A firmware project for a board: an Arduino sketch and a PlatformIO project in one folder.

The root belongs to its owner: the sketch, and the files that name board and libraries. `src/` is generated: the model,
the dialogue around it, and under `src/protocol/` the wire protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.compiler.c_text import float_literal
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.model_io import ModelInterface, model_io_header, vectors_in_a_frame
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.render import render

_PROTOCOL = ("protocol/machine.h", "protocol/measure.c", "protocol/measure.h", "protocol/protocol.c",
             "protocol/protocol.h", "ports/arduino/machine.cpp")  # fmt: skip
# The units of PROTOCOL.md.
_CYCLES, _MICROSECONDS = 1, 3


@dataclass(frozen=True)
class Shell:
    """What a runtime tells of itself to the sketch around it."""

    how_it_runs: str
    first_include: str | None = None
    install: tuple[str, ...] = ()
    arduino_libraries: tuple[str, ...] = ()
    """As sketch.yaml names them: `Name (release)`."""
    platformio_libraries: tuple[str, ...] = ()


def project_files(values: Mapping[str, Any], model: QuantizedModel, board: Board, shell: Shell) -> SourceTree:
    """All but the runtime's own files: the sketch, sketch.yaml, platformio.ini and the protocol.

    `values` are template_values.model_values with an oracle. Raises UnsupportedError for a board without Arduino.
    """
    arduino = board.arduino
    if arduino is None:
        raise UnsupportedError(
            f"{board.name} has no Arduino core, so there is no sketch for it; 'tinyml build MODEL --board"
            f" {board.name}' builds its firmware."
        )
    filled = {
        **values,
        **_own_code(values, model, board),
        "board": board.name,
        "board_display": board.display,
        "how_it_runs": shell.how_it_runs,
        "first_include": shell.first_include,
        "install_lines": shell.install,
        "led": arduino.led,
        "light": arduino.light,
        "led_note": arduino.led_note,
        "a0_note": arduino.a0_note,
    }
    sketch = render("project/sketch.ino", filled)
    libraries = (shell.arduino_libraries, shell.platformio_libraries)
    return SourceTree({f"{values['id']}.ino": sketch, **platform_files(board, *libraries)})


def platform_files(
    board: Board, arduino_libraries: Sequence[str] = (), platformio_libraries: Sequence[str] = ()
) -> SourceTree:
    """sketch.yaml and, where PlatformIO knows the board, platformio.ini."""
    arduino, platformio = board.arduino, board.platformio
    assert arduino is not None, "project_files() has checked it"
    filled: dict[str, Any] = {
        "board": board.name,
        "fqbn": arduino.fqbn,
        "platform": arduino.platform,
        "index_url": arduino.index_url,
        "libraries": arduino_libraries,
    }
    files = {"sketch.yaml": render("project/sketch.yaml", filled)}
    if platformio is not None:
        filled |= {
            "pio_platform": platformio.platform,
            "pio_board": platformio.board,
            "pio_framework": platformio.framework,
            "pio_options": platformio.options,
            "pio_libraries": platformio_libraries,
        }
        files["platformio.ini"] = render("project/platformio.ini", filled)
    return SourceTree(files)


def machine_settings(board: Board) -> dict[str, int]:
    """What ports/arduino/machine.cpp is told: the unit in which it counts, and the clock where that is cycles."""
    assert board.arduino is not None, "project_files() has checked it"
    cycles = board.arduino.counts_cycles
    return {"MACHINE_UNIT": _CYCLES if cycles else _MICROSECONDS, "MACHINE_CLOCK_HZ": board.clock_hz if cycles else 0}


def protocol_files(interface: ModelInterface, board: Board, header: str) -> SourceTree:
    """`src/protocol/`: the device's side of the wire protocol, set for one model on one board.

    `header` is the path from there to what declares the model.
    """
    assert board.arduino is not None, "project_files() has checked it"
    line_buffer = board.arduino.serial_buffer
    settings = {
        **machine_settings(board),
        "PROTOCOL_BATCH": vectors_in_a_frame(interface, board),
        "PROTOCOL_LINE_BUFFER": line_buffer,
    }
    files = {Path(name).name: (FIRMWARE / name).read_text(encoding="utf-8") for name in _PROTOCOL}
    files["model_io.h"] = model_io_header(interface, settings, header)
    return SourceTree(files).under("src/protocol")


def _own_code(values: Mapping[str, Any], model: QuantizedModel, board: Board) -> dict[str, Any]:
    """The numbers and words of the sketch's loop(): a voltage becomes the first input, an output a brightness."""
    assert board.arduino is not None, "project_files() has checked it"
    output = model.outputs[0].value(0)
    low, high = (values["own_inputs"][0][end] for end in ("low", "high"))
    shape = f" (shape {values['inputs'][0]['shape']})" if len(model.inputs) == 1 else ""
    what = f"'{values['first_output']}'"
    return {
        "voltage": _line(f"analogRead(A0) / {float_literal(2.0**board.arduino.analog_bits - 1)}", high - low, low),
        "shape_words": shape,
        "acted_on": f"the answer {what}" if values["output_values"] == 1 else f"the first answer, {what},",
        "brightness_of_first": _share("outputs[0]", output.low, output.high),
        "brightness_of_best": _share("outputs[best]", output.low, output.high),
    }


def _line(share: str, span: float, low: float) -> str:
    """C for low + span * share, without what changes nothing."""
    scaled = share if span == 1 else f"{float_literal(span)} * {share}"
    return scaled if low == 0 else f"{scaled} {'-' if low < 0 else '+'} {float_literal(abs(low))}"


def _share(value: str, low: float, high: float) -> str:
    """C for how far `value` is on the way from low to high."""
    above = value if low == 0 else f"({value} {'+' if low < 0 else '-'} {float_literal(abs(low))})"
    return f"{above} / {float_literal(high - low)}"


def one_buffer(interface: ModelInterface) -> ModelInterface:
    """The same model, called with all its inputs in one buffer and all its outputs in another."""
    sizes = (interface.input_bytes,), (interface.output_bytes,)
    return ModelInterface(interface.sha256, *sizes, prefix=interface.prefix)
