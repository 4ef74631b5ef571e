"""Every table fits a terminal of 80 columns, with the largest numbers and the longest names that there are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace as Fields
from typing import Any

import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.doctor import Check, examine
from tinyml_pipeline.show.lessons.catalog import lesson_names, load_lesson
from tinyml_pipeline.show.report.tables import board, layers, learn, road, table, upkeep
from tinyml_pipeline.workflow.bench import Cost, MeasuredLayer, StepTime
from tinyml_pipeline.workflow.boards import PortRow, list_boards
from tinyml_pipeline.workflow.fit import Fit, Need
from tinyml_pipeline.workflow.graph import Drawn
from tinyml_pipeline.workflow.import_model import Import
from tinyml_pipeline.workflow.lesson import LessonRow, Told
from tinyml_pipeline.workflow.library import Library
from tinyml_pipeline.workflow.lr_find import FoundRate
from tinyml_pipeline.workflow.memory_use import MemoryUse
from tinyml_pipeline.workflow.new_project import NewProject
from tinyml_pipeline.workflow.operators import list_operators
from tinyml_pipeline.workflow.outcomes import ModelStatus
from tinyml_pipeline.workflow.predict import Answer, InputValue, Prediction
from tinyml_pipeline.workflow.trained import ImportRecord, TensorRecord

CORES = sorted({load_board(name).core for name in board_names()})
BIG = 1_234_567


def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int = 80) -> Callable[..., Any]:
    """Calls a function with COLUMNS set and returns what it printed, line by line."""

    def call(show: Callable[[Any], None], value: Any) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        show(value)
        return capsys.readouterr().out.splitlines()

    return call


MEASURED = MeasuredLayer("a_layer_with_a_long_name", "CONV_2D", BIG, BIG, BIG, {"CMSIS-NN": 12.34, "TinyEngine": 12.34})
MEMORY = MemoryUse(BIG, BIG, BIG)


def need(name: str, how: str, fits: bool) -> Need:
    return Need(name, "tflm", fits, how, BIG, BIG, BIG, BIG, "CONV_2D is unknown " * 9, BIG, BIG, MEMORY)


CHECKS = [
    Check("python", "3.11.2", "everything", ""),
    Check("riscv64-unknown-elf-gcc", None, "only to build firmware for RISC-V", "apt install gcc", "gcc"),
    Check("bossac", None, "optional: to flash", "from Arduino", is_optional=True),
    Check("tflite-micro", "0.dev20261023182759", "everything", ""),
    Check("avr-gcc", "/a/long/path/to/some/folder/that/is/far/away/bin/avr-gcc", "only to build", ""),
]
WIDE = "m" * 40  # a model's name
PLACE = "/home/someone/projects/" + WIDE


def result(**found: Any) -> list[Any]:
    """What the tables read of a verb's result."""
    return [Fields(model=WIDE, folder=PLACE, up_to_date=False, passed=False, **found)]


def layer(number: int) -> Any:
    return Fields(
        layer=f"a_layer_with_a_long_name_{number}",
        operator="RESIZE_NEAREST_NEIGHBOR",
        macs=BIG * 100,
        function="depthwise_conv_2d_per_channel_s8",
        cost=Fields(**dict.fromkeys(("cycles", "code_bytes", "constant_bytes", "scratch_bytes"), BIG * 100)),
        others=[("depthwise_conv_2d_dsp_s8", "a sum reaches 2^31.5; at most 2^31 " * 3)],
    )


CONVERSION = result(
    converted=Fields(bytes=BIG, lint=["int8 sees 256 values of a, " * 9], threshold=None),
    generated=Fields(arena_bytes=BIG, libraries=["arduino-esp32", "chirale", "esp-idf"], golden_vectors=16),
    proof=Fields(
        claim="verified on every possible input (65,536 of them), on all processors that are emulated here",
        rows=[
            Fields(name="Keras = int8", verdict="FAIL", summary="worst 0.41 at a = 3, " * 9),
            Fields(name="C on the ATmega328P (sim-uno) = TFLM", verdict="pass", summary="65,536 of 65,536 equal"),
        ],
        difference=Fields(worst=12345.678, worst_steps=123.4, mean=12345.678, tolerance=12345.678),
        accuracy="97.2 % of 1,797, Keras 97.5 % " * 4,
        c_mismatches=BIG,
        metrics=[
            Fields(
                columns=["int8 answers", *(f"class_{index}" for index in range(12))],
                rows=[[f"class_{row}", *["1,234"] * 12] for row in range(12)],
            ),
            Fields(
                columns=["on data (1,234 training samples)", "Keras", "int8"],
                rows=[["largest error", "1234.5678 hPa", "1234.5678 hPa"]],
            ),
        ],
    ),
)
TRAINING = result(
    seconds=12345.6,
    trained=Fields(
        epochs=BIG,
        metrics={"loss": 1.234e-5},
        parameters=BIG * 100,
        overrides={"seed": 3, "learning_rate": 1},
        answers=[Fields(inputs=[1, 2], expected=[3], got=[3.1])] * 5,
        reason="it saw only equal pairs",
    ),
)


def layer_costs(cycles_are: str) -> Any:
    """A model of two layers with the longest of names and numbers."""
    numbers = dict.fromkeys(("macs", "weight_bytes", "flash_bytes", "ram_bytes"), BIG * 100)
    known = dict.fromkeys(("instructions", "cycles", "milliseconds"), None if cycles_are == "unknown" else BIG * 100)
    rows = [
        Fields(layer=f"a_layer_with_a_long_name_{n}", kernel="depthwise_conv_2d_per_channel_s8", **numbers, **known)
        for n in range(2)
    ]
    about = {"buffer_bytes": BIG, "port_bytes": BIG, "clock_hz": 64_000_000, "picture": PLACE}
    source, counted_on = "a Technical Reference Manual " * 4, "" if cycles_are == "unknown" else "sim-cortex-m33"
    return Fields(model=WIDE, board="esp32c3-devkitm", layers=rows, counted_on=counted_on, cycles_are=cycles_are,
                  cycle_source=source, **about)  # fmt: skip


COMPILATION = result(
    targets=[
        Fields(board=name, optimize="speed", files=12, folder=PLACE, layers=[layer(0), layer(1)], memory=MEMORY)
        for name in ("portable", "sim-cortex-m4")
    ]
)
BOARD = {"board": "esp32c3-devkitm", "runtime": "tflm", "tool": "arduino-builder"}
SIZES = dict.fromkeys(("flash_bytes", "flash_limit_bytes", "ram_bytes", "ram_limit_bytes"), BIG)
FIRMWARE = result(written=Fields(**BOARD), has_platformio=True)
SERVED = result(written=Fields(**BOARD, benchmark="ad01", run=f"python -m something --elf {PLACE}"))
BUILD = result(built=Fields(**BOARD, **SIZES))
FLASHED = result(
    written=Fields(**BOARD, flash_bytes=BIG, sha256="0123456789abcdef"),
    port="/dev/serial/by-id/usb-Arduino_Uno_85734",
)
VERIFIED = result(
    verified=Fields(
        board="esp32c3-devkitm",
        vectors=BIG,
        mismatches=3,
        unit="microseconds",
        fewest=BIG,
        most=BIG + 1,
        clock_hz=16_000_000,
        claim="3 of them differ",
    ),
    seconds=0.001,
    layers=[Fields(layer="a_layer_with_a_long_name", count=BIG)] * 2,
    resent=BIG,
)
ANSWERS = tuple(Answer(f"class_{n}", -123.456, -123.456, -123.456, -128, -123.456, -128) for n in range(10))
ASKED = tuple(InputValue(f"sensor_{n}", -1234.56, -1234.56, -128) for n in range(6))
PREDICTION = Prediction(WIDE, "0" * 64, ASKED, ANSWERS, 0.123456, 123.456, 0.5, "C was left out, " * 9)
TOLD = Told(
    "gradients",
    "what one step changes " * 5,
    ("step", *(f"column{number}" for number in range(12))),
    (tuple(f"{number}.123456789" for number in range(13)),) * 3,
    ("A sentence of many words. " * 9, "Another.", "A third."),
    (PLACE,),
)
WIDE_TENSOR = TensorRecord("a_long_name_of_an_input", (96, 96, 3))
IMPORT = [
    Import(
        WIDE,
        PLACE,
        ImportRecord(f"{PLACE}/net.keras", "keras", "keras", "0" * 64, (WIDE_TENSOR,) * 3, (WIDE_TENSOR,)),
        f"{PLACE}/models/net.py",
        WIDE,
    )
]
TABLES: dict[str, tuple[Callable[[Any], None], Callable[[], Any]]] = {
    "boards": (board.boards, list_boards),
    "doctor here": (upkeep.doctor, examine),
    "doctor": (upkeep.doctor, lambda: CHECKS),
    "operators": (learn.operators, list_operators),
    "ports": (board.ports, lambda: [PortRow("/dev/serial/by-id/usb-Arduino_Uno_85734-if00", "USB " * 40, True)]),
    "layers": (
        layers.layer_costs,
        lambda: [layer_costs(cycles_are) for cycles_are in ("estimated", "counted", "unknown")],
    ),
    "fit": (
        board.fits,
        lambda: [Fit("m" * 40, tuple(need(n, h, f) for n in board_names() for h, f in (("measured", False),)))],
    ),
    "bench": (
        upkeep.costs,
        lambda: [
            Cost(
                "adder (per channel)",
                core,
                what,
                BIG,
                BIG,
                BIG,
                BIG,
                BIG,
                "instructions",
                True,
                BIG,
                "estimated",
                "a manual " * 30,
                (MEASURED,),
            )
            for core in CORES
            for what in ("tinyml, for speed", "TFLM reference kernels")
        ],
    ),
    "init": (road.new_project, lambda: [NewProject(PLACE, ("tinyml.toml", "models/line.py") * 6)]),
    "models": (road.models, lambda: [ModelStatus(WIDE, "what it shows " * 9, "train, convert it again")]),
    "train": (road.training, lambda: TRAINING),
    "import": (road.imports, lambda: IMPORT),
    "convert": (road.conversion, lambda: CONVERSION),
    "generate": (road.generation, lambda: CONVERSION),
    "compile --explain": (road.compilation, lambda: COMPILATION),
    "library": (
        road.library,
        lambda: [
            Library(WIDE, PLACE, (WIDE,) * 5, BIG, PLACE, {"avr": {WIDE: "too large " * 20}, "rv32imc": {"a": "b"}})
        ],
    ),
    "parity": (road.parity, lambda: CONVERSION),
    "firmware": (board.firmware, lambda: FIRMWARE),
    "firmware --serve": (board.served, lambda: SERVED),
    "firmware --collect": (board.collectors, lambda: [Fields(folder=PLACE, board="esp32c3-devkitm")]),
    "build": (board.builds, lambda: BUILD),
    "flash": (board.flashed, lambda: FLASHED),
    "verify": (board.verification, lambda: VERIFIED),
    "bench, steps": (upkeep.steps, lambda: [StepTime("training adder by Model.fit", 1234.5, "the same " * 20)]),
    "predict": (learn.prediction, lambda: [PREDICTION]),
    "predict --data": (learn.prediction_rows, lambda: [PREDICTION] * 3),
    "lesson": (learn.lessons, lambda: [TOLD]),
    "graph": (learn.drawn, lambda: [Drawn(WIDE, ("Keras", "int8"), BIG, PLACE)]),
    "lr-find": (learn.found_rates, lambda: [FoundRate(WIDE, WIDE, 0.0123456, 0.123456, PLACE, "tinyml train " * 9)]),
    "export": (
        learn.exports,
        lambda: result(exported=Fields(format="savedmodel", bytes=BIG, equal_predictions=256, path=PLACE)),
    ),
    "lessons": (learn.lesson_list, lambda: [LessonRow(name, load_lesson(name).summary) for name in lesson_names()]),
}


@pytest.mark.parametrize("name", TABLES)
def test_it_fits_80_columns(name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    show, value = TABLES[name]
    shown = lines(capsys, monkeypatch)(show, value())
    assert shown
    # A path is never broken: it is there to be copied.
    assert [line for line in shown if len(line.rstrip()) > 80 and len(line.split()) > 1] == []


def test_no_table_is_left_out() -> None:
    modules = (board, layers, learn, road, upkeep)
    public = {
        function
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert {show for show, _ in TABLES.values()} == public


def test_columns_that_find_no_room_follow_in_a_second_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of 'lesson gradients', which are 104 wide: no number is broken, each table names its rows."""
    headings = ["step", *(f"column{number}" for number in range(10))]
    row = ["7", *(f"{number}.123456789" for number in range(10))]
    shown = lines(capsys, monkeypatch)(lambda rows: table.print_table(headings, rows), [row])
    assert max(len(line.rstrip()) for line in shown) <= 80
    found = [line.split() for line in shown if re.match(r"\d", line)]
    assert [line[0] for line in found] == ["7", "7"]
    assert [word for line in found for word in line[1:]] == row[1:]


def test_doctor_shows_what_is_missing_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = lines(capsys, monkeypatch, 200)(upkeep.doctor, CHECKS)
    rows: Sequence[str] = [line.split()[0] for line in shown[3 : 3 + len(CHECKS)]]
    assert rows == ["riscv64-unknown-elf-gcc", "bossac", "python", "tflite-micro", "avr-gcc"]
    assert "riscv64-unknown-elf-gcc: apt install gcc" in shown


def test_an_operator_that_is_unsupported_is_not_called_too_large(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Fit("m", (need("uno", "refused", False), need("pico", "measured", False), need("esp32", "measured", True)))
    shown = lines(capsys, monkeypatch, 200)(board.fits, [found])
    assert [line.split()[2] for line in shown[3:6]] == ["unsupported", "NO", "yes"]


@pytest.mark.parametrize("columns", ["0", "-3", "many", ""])
def test_a_width_that_is_none_is_not_taken(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table.print_table(["a"], [["word " * 20]])
    assert "word " * 19 + "word" in capsys.readouterr().out


def test_what_could_steer_a_terminal_is_shown_in_headings_and_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table's first heading is often a model's name, which is a file's."""
    monkeypatch.setenv("COLUMNS", "80")
    table.print_table(["\x1b[31mred\x07", "b"], [["\x1b[2J", "c"]])
    shown = capsys.readouterr().out
    assert "\\x1b[31mred\\x07" in shown
    assert "\\x1b[2J" in shown
    assert "\x1b" not in shown


def test_a_failed_row_is_red_and_a_pass_is_green(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table.print_table(["what", "verdict"], [["first", "pass"], ["second", "FAIL"]])
    good, bad = capsys.readouterr().out.splitlines()[3:5]
    assert "\x1b[32mpass" in good
    assert "\x1b[1;31msecond" in bad
    assert "\x1b[1;31mFAIL" in bad
    monkeypatch.setenv("NO_COLOR", "1")
    table.print_table(["what", "verdict"], [["second", "FAIL"]])
    assert "31m" not in capsys.readouterr().out
