"""Firmware projects: every one compiles without a warning, answers a person and the host, and proves itself."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import SpecError, UnsupportedError
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.host.device.protocol import Unit
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.vectors import all_inputs, random_inputs
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.aot import AotRuntime

from tests.builders.host_project import FAKE_ARDUINO, FAKE_TFLM, compile_project, talk
from tests.builders.models import classes, linear, many, oracle, project, repeater, series, two_ports
from tests.sketches.host_sketch import write_tree

SKETCHES = [
    (name, runtime)
    for name in board_names()
    for runtime in load_board(name).runtimes
    if load_board(name).arduino is not None
]
MODELS = {"one neuron": linear, "two ports": two_ports, "too many to type": many, "classes": classes, "series": series,
          "autoencoder": repeater}  # fmt: skip
# What else the headers of a core define: STM32 has a FLASH of its own, an ESP32's devkit an addressable LED at a pin
# beyond all others (SOC_GPIO_PIN_COUNT + 48 and + 8), for which analogWrite() does nothing.
HEADERS_DEFINE = {
    "nucleo-f446re": ("-DFLASH=((void*)1)",),
    "esp32s3": ("-DRGB_BUILTIN=97", "-DRGB_BRIGHTNESS=64"),
    "esp32c3": ("-DRGB_BUILTIN=30", "-DRGB_BRIGHTNESS=64"),
}


@pytest.fixture(scope="module")
def linear_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_project(project(linear(), "uno"), tmp_path_factory.mktemp("linear"), board=FAKE_ARDUINO)


@pytest.mark.parametrize(("board", "runtime"), SKETCHES)
def test_a_project_compiles_without_a_warning(board: str, runtime: str, tmp_path: Path) -> None:
    library = load_board(board).tflm_library if runtime == "tflm" else None
    tree = project(linear(), board, runtime)
    compile_project(tree, tmp_path, library=library, options=HEADERS_DEFINE.get(board, ()))
    assert {"linear/linear.ino", "linear/sketch.yaml"} <= set(tree)


@pytest.mark.parametrize(("board", "runtime"), [row for row in SKETCHES if load_board(row[0]).platformio is not None])
def test_board_and_libraries_are_named(board: str, runtime: str) -> None:
    target = load_board(board)
    tree = project(linear(), board, runtime)
    profile = yaml.safe_load(tree["linear/sketch.yaml"])["profiles"][board]
    settings = configparser.ConfigParser()
    settings.read_string(tree["linear/platformio.ini"])
    assert target.arduino is not None
    assert target.platformio is not None
    assert profile["fqbn"] == target.arduino.fqbn
    assert settings["platformio"]["src_dir"] == "."
    assert settings[f"env:{board}"]["board"] == target.platformio.board
    has_library = runtime == "tflm" and target.tflm_library == "chirale"
    assert ("libraries" in profile, "lib_deps" in settings[f"env:{board}"]) == (has_library, has_library)


def test_platformio_accepts_every_project(tmp_path: Path) -> None:
    pio = Path(sys.executable).parent / "pio"  # installed beside pytest
    for board, runtime in SKETCHES:
        if load_board(board).platformio is None:
            continue
        folder = tmp_path / f"{board}-{runtime}"
        write_tree(project(linear(), board, runtime), folder)
        done = subprocess.run(
            [pio, "project", "config", "--lint", "-d", str(folder / "linear")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "is free from linting errors" in done.stdout, f"{board}: {done.stdout}{done.stderr}"


def test_the_same_model_gives_the_same_project() -> None:
    assert project(linear(), "uno") == project(linear(), "uno")


def test_a_board_without_arduino_is_refused() -> None:
    with pytest.raises(UnsupportedError) as caught:
        project(linear(), "sim-cortex-m4")
    assert str(caught.value) == (
        "sim-cortex-m4 has no Arduino core, so there is no sketch for it; 'tinyml build MODEL --board sim-cortex-m4'"
        " builds its firmware."
    )


def test_the_users_code_is_short() -> None:
    for board, runtime in SKETCHES:
        text = project(linear(), board, runtime)["linear/linear.ino"]
        code = [line for line in text.split("*/")[1].splitlines() if line.strip() and not line.strip().startswith("//")]
        assert len(code) <= 24
        assert max(map(len, text.splitlines())) <= 120


def test_it_answers_a_person(linear_program: Path) -> None:
    lines = talk(linear_program, "5\n3,5\n1 2\nr\nt\n99\n\n?\n")
    text = "\n".join(line.replace("x> ", "") for line in lines)
    for said in (
        "[115200 baud]\nlinear: y = 2x - 1 (int8, plain C)\nSELFTEST PASS 16/16\nOne inference: ",
        "  x: -10.00 .. 10.00\nType a number. For example: 5.00\n  r  runs the next stored vector",
        "x=5.00 -> y=",
        "'3,5' is not a number here (a point for decimals, blanks between numbers). For example: 5.00",
        "The model takes 1, you typed 2. For example: 5.00",
        "vector 0 -> y=",
        "x=99.00 is outside of -10.00 .. 10.00: int8 sees ",
    ):
        assert said in text, text
    assert text.count("SELFTEST PASS 16/16") == 2


def test_a_small_range_is_shown_with_the_decimals_that_it_has(tmp_path: Path) -> None:
    """With two decimals it would be -0.26 .. 0.00, and a number inside of it would read as one outside."""
    text = "\n".join(
        talk(compile_project(project(two_ports(), "uno"), tmp_path, board=FAKE_ARDUINO), "1 1 -0.004 -0.3\n")
    )
    for said in (
        "  right[0]: -0.255 .. 0.000\n",
        "right[1]=-0.300 is outside of -0.255 .. 0.000: ",
        "right[0]=-0.004 ",
    ):
        assert said in text, text


@pytest.mark.parametrize(("voltage", "light"), [("0", 0), ("1023", 244)])
def test_the_light_follows_the_output(linear_program: Path, voltage: str, light: int) -> None:
    assert talk(linear_program, "", a0=voltage)[-1] == f"[light {light}]"


@pytest.mark.parametrize(("voltage", "name"), [("0", "low"), ("1023", "high")])
def test_the_largest_answer_names_the_class(voltage: str, name: str, tmp_path: Path) -> None:
    """Of many inputs, which are the last readings. The name is printed once; the light says how sure the model is."""
    tree = project(classes(), "uno")
    lines = talk(compile_project(tree, tmp_path, board=FAKE_ARDUINO), "", a0=voltage)
    assert [line for line in lines if line.endswith(name)] == [f"A0: {name}"]
    assert lines[-1] == "[light 255]"


def test_the_users_code_says_what_goes_in_and_comes_out() -> None:
    several, many_in = (project(make(), "uno") for make in (two_ports, classes))
    [first] = [text for path, text in several.items() if path.endswith(".ino")]
    [second] = [text for path, text in many_in.items() if path.endswith(".ino")]
    assert "  inputs[2] = -0.13f;  // right[0], from -0.255 to 0\n" in first
    assert "the least that the first answer, 'both[0]', can be" in first
    assert "the model takes 20 numbers from -6.4 to 6.35 (shape 20)" in second


@pytest.mark.parametrize(("board", "darkest", "brightest"), [("esp8266", 255, 11), ("esp32s3", 0, 61)])
def test_the_light_of_a_board_that_is_driven_otherwise(
    board: str, darkest: int, brightest: int, tmp_path: Path
) -> None:
    options = HEADERS_DEFINE.get(board, ())
    program = compile_project(project(linear(), board), tmp_path, board=FAKE_ARDUINO, options=options)
    highest = str(2 ** load_board(board).arduino.analog_bits - 1)  # type: ignore[union-attr]
    assert [talk(program, "", a0=read)[-1] for read in ("0", highest)] == [f"[light {darkest}]", f"[light {brightest}]"]


@pytest.mark.parametrize("board", ["uno", "esp32"])
def test_a_board_without_a_light_of_its_own_says_so(board: str) -> None:
    [line] = [line for line in project(linear(), board)["linear/linear.ino"].splitlines() if "const int kLed" in line]
    assert line.endswith("put one here, with a resistor")


@pytest.mark.parametrize("make", [linear, classes], ids=["typed", "too many to type"])
@pytest.mark.parametrize(("board", "lines"), [("uno", 0), ("esp32", 1)])
def test_a_board_that_marks_no_pin_a0_says_where_it_is(
    make: Callable[[], QuantizedModel], board: str, lines: int
) -> None:
    [text] = [text for path, text in project(make(), board).items() if path.endswith(".ino")]
    assert text.count("  // A0 is ") == text.count("  // A0 is GPIO36, marked VP on the DevKitC.\n") == lines


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_it_answers_the_host_between_typed_lines(make: object, tmp_path: Path) -> None:
    model = make()  # type: ignore[operator]
    program = compile_project(project(model, "esp32"), tmp_path, board=FAKE_ARDUINO)
    inputs = all_inputs(model.inputs) if model.name == "linear" else split(random_inputs(model.inputs, 300, 0), model)
    rows = np.concatenate([array.reshape(len(array), -1) for array in inputs], axis=1)
    expected = TflmInterpreter(model.tflite).invoke(inputs)
    with ProcessDevice("host", [program], tmp_path / "log") as device:
        device.write(b"r\n", 5)
        session = Session(device)
        greeting = session.greet(model.sha256)
        assert (greeting.unit, greeting.clock_hz, greeting.line_buffer) == (Unit.MICROSECONDS, 0, 255)
        answers = session.invoke_many(rows).outputs
        device.write(b"t\n", 5)
        said = b""
        while b"> " not in said:
            said += device.read(5)
        assert b"SELFTEST PASS 16/16" in said
    found = [array.reshape(len(array), -1) for array in expected]
    np.testing.assert_array_equal(answers, np.concatenate(found, axis=1))


@pytest.mark.parametrize(("board", "library"), [("esp32", "arduino-esp32"), ("pico", "chirale")])
def test_a_tflm_project_answers_the_host_too(board: str, library: str, tmp_path: Path) -> None:
    """The library is a fake that answers each stored input with its stored output."""
    model = two_ports()
    tree = project(model, board, "tflm")
    namespace = next(path for path in tree if path.endswith(".ino")).split("/")[0] + "_model"
    program = compile_project(tree, tmp_path, library=library, board=FAKE_TFLM, options=[f"-DMODEL={namespace}"])
    golden = oracle(model).golden
    inputs, outputs = (
        np.concatenate([array.reshape(len(golden), -1) for array in arrays], axis=1)
        for arrays in (golden.inputs, golden.outputs)
    )
    with ProcessDevice("host", [program], tmp_path / "log") as device:
        session = Session(device)
        greeting = session.greet(model.sha256)
        assert (greeting.input_bytes, greeting.output_bytes, greeting.unit) == (4, 2, Unit.MICROSECONDS)
        np.testing.assert_array_equal(session.invoke_many(inputs).outputs, outputs)
    assert b"SELFTEST PASS 16/16" in subprocess.run([program], input=b"", capture_output=True, check=True).stdout


def test_a_sketch_listens_until_a_frame_that_was_lost_has_come_again() -> None:
    """Else its own inferences, if they are slow, lose that one too: a frame is larger than what an Uno keeps unread."""
    text = project(many(), "uno")["many/src/model_runner.cpp"]
    (listens_ms,) = re.findall(r"kNextFrameMs = (\d+);", text)
    assert int(listens_ms) >= 2 * 1000 * Device.resend_after_s


def split(rows: np.ndarray, model: QuantizedModel) -> tuple[np.ndarray, ...]:
    ends = np.cumsum([port.size for port in model.inputs])[:-1]
    parts = np.split(rows, ends, axis=1)
    return tuple(part.reshape(len(rows), *port.shape) for part, port in zip(parts, model.inputs, strict=True))


def test_a_wrong_answer_is_found_at_start(tmp_path: Path) -> None:
    tree = project(linear(), "uno")
    text = tree["linear/src/golden.h"]
    head, tail = text.split("kGoldenOutputs[kGoldenCount]")
    first = tail.index("{", tail.index("{") + 1)
    number = tail[first + 1 : tail.index("}", first)]
    wrong = f"{head}kGoldenOutputs[kGoldenCount]{tail[: first + 1]}{int(number) ^ 1}{tail[tail.index('}', first) :]}"
    broken = SourceTree({**tree, "linear/src/golden.h": wrong})
    lines = talk(compile_project(broken, tmp_path, board=FAKE_ARDUINO), "5\n")
    assert f"SELFTEST FAIL vector 0: expected/got {int(number) ^ 1}/{number}" in lines
    assert "SELFTEST FAIL 15/16" in lines
    problem = "ERROR linear: the self-test failed; the model is not used. Build and upload again."
    assert lines.count(problem) == 2
    assert lines[-1] == "[light -1]"


def test_a_time_series_is_answered_every_stride_by_the_last_samples_in_order(tmp_path: Path) -> None:
    """50 samples a second, whatever a loop takes; and none of them from before and after a gap."""
    program = compile_project(project(series(), "uno"), tmp_path, board=FAKE_ARDUINO)
    said = [line.split() for line in talk(program, "", a0_step="10", ms="500") if line.startswith("now:")]
    assert len(said) >= 4
    for number, words in enumerate(said):
        first = 0.3 * number
        assert words == ["now:", "oldest", f"{first:.3f}", "V", "newest", f"{first + 0.3:.3f}"]
    told = talk(program, "", loop_ms="7", ms="2000", a0_step="10")
    assert sum(line.startswith("now:") for line in told) == (1999 // 20 - 4) // 3 + 1
    told = talk(program, "", loop_ms="5", ms="1350", a0_step="10", stall="42")
    assert [line.split()[2] for line in told if line.startswith("now:")] == [
        *("0.000", "0.300", "0.600"),  # ten samples in the first 200 ms
        *("1.000", "1.300"),
    ]


def test_a_time_series_with_the_interpreter(tmp_path: Path) -> None:
    """Its library here knows the stored vectors only, so this is about the ring and the text."""
    text = project(series(), "esp32", "tflm")
    assert "run_ring(&g_samples[0][0], g_oldest * kAxes, outputs)" in text["series/series.ino"]
    compile_project(text, tmp_path)


def test_a_stride_is_for_samples_by_axes() -> None:
    model = linear()
    with pytest.raises(SpecError) as caught:
        AotRuntime(compile_graph).project(model, load_board("uno"), replace(oracle(model), stride=2))
    assert str(caught.value) == (
        "model 'linear': a stride is for one input of (samples, axes), but the network takes (1,)."
    )


@pytest.mark.parametrize(("level", "error"), [(511, None), (1023, "0.0167")])
def test_an_anomaly_is_what_the_model_cannot_repeat(level: int, error: str | None, tmp_path: Path) -> None:
    program = compile_project(project(repeater(), "uno"), tmp_path, board=FAKE_ARDUINO)
    said = [line for line in talk(program, "", a0=str(level)) if line.startswith("A0:")]
    assert said == ([] if error is None else [f"A0: anomaly, error {error}"])
