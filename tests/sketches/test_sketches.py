"""Each sketch compiled and run: what the person at the serial monitor sees, when all is well and when it is not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tinyml_pipeline.runtimes import tflm
from tinyml_pipeline.runtimes.tflm import TflmRuntime
from tinyml_pipeline.runtimes.tflm_libraries import ADD_METHODS, LIBRARIES

from tests.sketches.host_sketch import HostSketch, compile_sketch
from tests.sketches.models import ADDER, ADDER_ORACLE, LINEAR, LINEAR_ORACLE, MANY, TWO_PORTS, oracle, quantized

DISPLAY = {
    "arduino-esp32": "Arduino core for ESP32 3.3.9",
    "chirale": "Chirale_TensorFLowLite 2.0.0",
    "esp-idf": "espressif/esp-tflite-micro 1.4.0",
}
GREETING = """\
linear: y = 2x - 1 from six points: one neuron, gradient descent (int8, {library})
SELFTEST PASS 16/16
Arena: 2024 of 3024 bytes used. One inference: 37 microseconds.
  x: -10 .. 10
Type 1 number. For example: 5
  r  runs the next stored vector    t  runs the self-test    ?  shows this help
x> \
"""
PROBLEMS = {
    "schema": "the model has schema version 4, the library reads version 3. Install {library}.",
    "operation": "the library lacks an operation of this model. Install {library}.",
    "arena": "no room for the tensors in an arena of 3024 bytes. Raise kArenaBytes in model_config.h; if that does not"
    " help, the library has no int8 form of an operation.",
    "ports": "the model has another number of inputs or outputs than model_io.h. Take all files from one run of the"
    " generator.",
    "missing": "input 'input' is missing in the library's tensors.",
    "tensor_type": "input 'input': expected int8 in 1 bytes, found type 1 in 1 bytes. Take all files of this folder"
    " from one run of the generator.",
    "tensor_size": "output 'output': expected int8 in 1 bytes, found type 9 in 2 bytes. Take all files of this folder"
    " from one run of the generator.",
    "scale": "input 'input': model_io.h and model_data.h are of two different models. Take all files from one run.",
    "invoke": "the library's Invoke() failed. Reset the board; if it stays, install {library}.",
}


def without_report(printed: str) -> str:
    return printed[: printed.index("\n[run ")]


def test_greeting(linear_sketch: tuple[str, HostSketch]) -> None:
    library, sketch = linear_sketch
    printed = sketch.run()
    assert GREETING.format(library=DISPLAY[library]) in printed
    assert printed.startswith("linear:" if library == "esp-idf" else "[115200 baud]\nlinear:")
    assert "[run 1, ready 1, problem ''" in printed


def test_a_wrong_vector_stops_the_model(linear_sketch: tuple[str, HostSketch]) -> None:
    library, sketch = linear_sketch
    printed = sketch.run("5\n", wrong=",3,15,")
    expected = LINEAR_ORACLE.golden.outputs[0][:, 0]
    lines = printed.splitlines()
    assert f"SELFTEST FAIL vector 3: expected [{expected[3]}] got [{expected[3] + 1}]" in lines
    assert f"SELFTEST FAIL vector 15: expected [{expected[15]}] got [{expected[15] + 1}]" in lines
    reason = (
        "ERROR linear: SELFTEST FAIL: 2 of 16 vectors differ from TFLM on a computer, first vector 3; the model is not"
        f" used. The sketch was made for {DISPLAY[library]}: check which release is installed."
    )
    assert lines.count(reason) >= 2, "once at start, once as the answer to what was typed"
    assert "PASS" not in printed
    assert "->" not in printed
    assert "[run 0, ready 0, problem 'SELFTEST FAIL: 2 of 16 vectors differ fr'" in printed


@pytest.mark.parametrize("fault", PROBLEMS)
def test_problems_reach_the_serial_port_again_and_again(linear_sketch: tuple[str, HostSketch], fault: str) -> None:
    library, sketch = linear_sketch
    printed = sketch.run(fault=fault, idle="12")
    reason = "ERROR linear: " + PROBLEMS[fault].format(library=DISPLAY[library])
    assert printed.splitlines().count(reason) >= 3, "at start, and every 5 seconds for a monitor that is opened late"
    assert "[run 0, ready 0" in printed


def test_starts_without_a_monitor(adder_sketch: HostSketch) -> None:
    printed = adder_sketch.run(fault="no_monitor", idle="0")
    assert "SELFTEST PASS 16/16" in printed
    assert "clock 3 s]" in printed


TYPED = {
    "sum": ("10 2\n", ["a=10 b=2 -> sum={0}   (37 microseconds)"]),
    "blanks and tabs": ("  10\t 2  \r\n", ["a=10 b=2 -> sum={0}   (37 microseconds)"]),
    "backspace": ("109\b 2\n", ["a=10 b=2 -> sum={0}   (37 microseconds)"]),
    "no line end": ("10 2", ["a=10 b=2 -> sum={0}   (37 microseconds)"]),
    "decimals": ("0.125 99.9999\n", ["a=0.125 b=99.9999 -> sum={0}   (37 microseconds)"]),
    "too high and too low": (
        "1e6 -3\n",
        [
            "a=1000000 is outside of 0 .. 100: int8 sees 100",
            "b=-3 is outside of 0 .. 100: int8 sees 0",
            "a=1000000 b=-3 -> sum={0}   (37 microseconds)",
        ],
    ),
    "one number": ("7\n", ["The model takes 2 numbers (a b), you typed 1. For example: 75 25"]),
    "three numbers": ("1 2 3\n", ["The model takes 2 numbers (a b), you typed 3. For example: 75 25"]),
    "a word": (
        "ten 2\n",
        ["'ten' is not a number here (a point for decimals, blanks between numbers). For example: 75 25"],
    ),
    "a comma": (
        "1,5 2\n",
        ["'1,5' is not a number here (a point for decimals, blanks between numbers). For example: 75 25"],
    ),
    "nan": (
        "nan 2\n",
        ["'nan' is not a number here (a point for decimals, blanks between numbers). For example: 75 25"],
    ),
    "beyond float": (
        "1 1e99\n",
        ["'1e99' is not a number here (a point for decimals, blanks between numbers). For example: 75 25"],
    ),
    "very long": ("1" * 500 + "\n", ["That line is too long."]),
    "nothing": ("\n", []),
    "self-test": ("t\n", ["SELFTEST PASS 16/16"]),
}


@pytest.mark.parametrize("case", TYPED)
def test_answers(adder_sketch: HostSketch, case: str) -> None:
    typed, expected = TYPED[case]
    printed = without_report(adder_sketch.run(typed))
    answer = printed.split("a b> ")[1]
    real = ADDER.outputs[0].dequantize(ADDER_ORACLE.golden.outputs[0])[0, 0]
    assert answer.splitlines() == [line.format(f"{real:.2f}".rstrip("0").rstrip(".")) for line in expected]
    assert printed.endswith("a b> "), "the prompt comes back"


def test_stored_vectors_take_turns(adder_sketch: HostSketch) -> None:
    printed = adder_sketch.run("r\nr\n" + "r\n" * 15)
    real = ADDER.outputs[0].dequantize(ADDER_ORACLE.golden.outputs[0])[:, 0]
    found = re.findall(r"vector (\d+) -> sum=([-\d.]+)   \(37 microseconds, as expected\)", printed)
    assert [int(vector) for vector, _ in found] == [*range(16), 0]
    assert [float(value) for _, value in found[:16]] == pytest.approx(real, abs=0.006)


def test_help(adder_sketch: HostSketch) -> None:
    assert without_report(adder_sketch.run("?\n")).split("a b> ")[1].splitlines() == [
        "adder: the sum of two numbers (int8, Chirale_TensorFLowLite 2.0.0)",
        "  a: 0 .. 100",
        "  b: 0 .. 100",
        "Type 2 numbers with blanks between them. For example: 75 25",
        "  r  runs the next stored vector    t  runs the self-test    ?  shows this help",
        "Arena: 2024 of 3024 bytes used. One inference: 37 microseconds.",
    ]


def test_a_model_of_many_inputs_is_not_asked_for_numbers(tmp_path: Path) -> None:
    tree = TflmRuntime().sources(MANY, LIBRARIES["arduino-esp32"], oracle(MANY))
    sketch = compile_sketch(tree, "arduino-esp32", tmp_path, standard="gnu++17", options=["-O1"])
    printed = sketch.run("1 2 3\nr\n")
    assert "The model takes 640 numbers: too many to type. Your own code gives them to run()." in printed
    assert "> Type r to run a stored vector, ? for help.\n" in printed
    assert re.search(r"> vector 0 -> [-\d. ]+ \.\.\.   \(37 microseconds, as expected\)", printed)
    last = int(oracle(MANY).golden.outputs[0][5].reshape(-1)[39])
    wrong = f"SELFTEST FAIL vector 5: output 39 expected [{last}] got [{last + 1}], 1 of 40 outputs differ"
    assert wrong in sketch.run(wrong=",5,").splitlines()


def test_several_tensors_and_odd_names(tmp_path: Path) -> None:
    model_oracle = oracle(TWO_PORTS)
    tree = TflmRuntime().sources(TWO_PORTS, LIBRARIES["esp-idf"], model_oracle)
    printed = compile_sketch(tree, "esp-idf", tmp_path, standard="gnu++17").run("0 0 0 0 0\n1 1 1 -9 -9\nr\nc\n?\n")
    u, v = (array[0] for array in model_oracle.golden.outputs)
    real = [f"{x:g}" for x in TWO_PORTS.outputs[0].dequantize(u)]
    assert f"-> u[0]={real[0]} u[1]={real[1]} only=" in printed
    tiny = float(re.search(r"only=(\S+)", printed).group(1))  # type: ignore[union-attr]
    assert tiny == pytest.approx(float(TWO_PORTS.outputs[1].dequantize(v)[0]), abs=1e-8)
    assert "p=-9 is outside of -0.255 .. 0: int8 sees -0.255" in printed
    assert (
        "SELFTEST PASS 16/16\nThis model remembers earlier inputs. Its state is reset now; reset() does that" in printed
    )
    assert "> The state is reset.\n" in printed
    assert "\n  c  clears the state: the model remembers earlier inputs; r and t clear it, too\n" in printed
    # One for each vector of the self-test and one behind them; two for 'r', one for 'c'; typed numbers go on.
    assert "resets 20," in printed


@pytest.mark.parametrize("kinds", [("FLOAT32", "FLOAT32"), ("UINT8", "UINT8"), ("INT8", "FLOAT32")])
def test_inputs_and_outputs_of_float_or_uint8(kinds: tuple[str, str], tmp_path: Path) -> None:
    """The model's own types at the edges; numbers, stored vectors and answers stay the same."""
    ports = replace(ADDER.inputs[0], type=kinds[0]), replace(ADDER.outputs[0], type=kinds[1])
    model = replace(ADDER, inputs=ports[:1], outputs=ports[1:])
    tree = TflmRuntime().sources(model, LIBRARIES["esp-idf"], ADDER_ORACLE)
    sketch = compile_sketch(tree, "esp-idf", tmp_path, standard="gnu++17")
    printed = sketch.run("r\n")
    assert "SELFTEST PASS 16/16" in printed
    assert f"sum={ADDER.outputs[0].dequantize(ADDER_ORACLE.golden.outputs[0][0])[0]:.4g}" in printed
    assert "SELFTEST FAIL vector 5" in sketch.run(wrong=",5,")
    assert "expected type" in sketch.run(fault="tensor_size")


def test_a_model_that_remembers_says_so(tmp_path: Path) -> None:
    tree = TflmRuntime().sources(TWO_PORTS, LIBRARIES["arduino-esp32"], oracle(TWO_PORTS))
    texts = {Path(path).name: text for path, text in tree.items()}
    assert "\nbool reset();\n" in texts["model_runner.h"]
    assert "The state is reset then." in texts["model_runner.h"]
    assert "each answer is the one to its input after reset()" in texts["golden.h"]
    (sketch,) = (text for name, text in texts.items() if name.endswith(".ino"))
    assert "_model::reset() forgets them, where a new sequence begins." in sketch
    others = TflmRuntime().sources(LINEAR, LIBRARIES["arduino-esp32"], LINEAR_ORACLE)
    assert not any("reset()" in text.lower() for text in others.values())


def test_two_models_in_one_sketch(tmp_path: Path) -> None:
    """The second one lies in the folder src of the first; nothing of the two clashes."""
    runtime, library = TflmRuntime(), LIBRARIES["arduino-esp32"]
    tree = dict(runtime.sources(LINEAR, library, LINEAR_ORACLE))
    for path, text in runtime.sources(ADDER, library, ADDER_ORACLE).items():
        name = Path(path).name
        if not name.endswith(".ino"):
            tree[f"arduino-esp32/linear/src/adder/{name}"] = text
            # The compiler of these tests takes one folder: let the first one's lines bring in the second one's.
            if name.endswith(".cpp"):
                tree[f"arduino-esp32/linear/adder_{name}"] = f'#include "src/adder/{name}"\n'
    sketch = tree["arduino-esp32/linear/linear.ino"]
    tree["arduino-esp32/linear/linear.ino"] = sketch.replace(
        "void setup() {", '#include "src/adder/model_runner.h"\n\nvoid setup() {\n  adder_model::ready();'
    )
    assert "SELFTEST PASS 16/16" in compile_sketch(tree, "arduino-esp32", tmp_path).run()


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_method_of_the_resolver_exists(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "scratch_bytes", lambda *_: 0)  # the operations here have no shapes that could be run
    known = [name for name in ADD_METHODS if name not in LIBRARIES[library].lacks]
    model = quantized("all", LINEAR.inputs, LINEAR.outputs, operations=known, weight_shape=(4, 1))
    tree = TflmRuntime().sources(model, LIBRARIES[library], LINEAR_ORACLE)
    assert f"MicroMutableOpResolver<{len(known)}>" in "".join(tree.values())
    assert "SELFTEST PASS 16/16" in compile_sketch(tree, library, tmp_path).run()


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_owners_file_is_short(library: str) -> None:
    tree = TflmRuntime().sources(LINEAR, LIBRARIES[library], LINEAR_ORACLE)
    (own,) = (text for path, text in tree.items() if path.endswith((".ino", "/main.cc")))
    assert 30 <= len(own.splitlines()) <= 60
    assert "InitializeTarget" not in "".join(tree.values())
    assert all(len(line) <= 120 for path, text in tree.items() for line in text.splitlines()), "readable in the IDE"
