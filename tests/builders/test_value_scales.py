"""Raw rows in, raw answers out: Python, predict, run() and the prompt of a sketch, verify, and both headers agree."""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.host.device.process import ProcessDevice
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.oracle import find_oracle
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.tflm import data_sources

from tests.builders.host_project import FAKE_ARDUINO, compile_project, run, talk
from tests.builders.models import linear, project, weather
from tests.sketches.host_sketch import write_tree
from tests.tools import need
from tests.workflow.importing import run as tinyml

FloatArray = npt.NDArray[np.float32]
RUN_ROWS = Path(__file__).parent / "run_rows.cpp"
FLAGS = ["-O2", "-O3 -ffast-math"]


def rows(count: int = 1000) -> FloatArray:
    """Inside and far beyond the ranges, on halves of steps, and with what a broken sensor gives."""
    rng = np.random.default_rng(4)
    found = np.stack([rng.uniform(10, 40, count), rng.uniform(900, 1100, count)], axis=1).astype(np.float32)
    found[::7] *= rng.uniform(-50, 50, (len(found[::7]), 2)).astype(np.float32)
    steps = rng.integers(-256, 256, (len(found[1::5]), 2)) / 2 * (2 / 255) / [0.1, 0.02] + [25, 1000]
    found[1::5] = steps.astype(np.float32)
    odd = [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, 0.0, -0.0]
    found[3 : 3 + len(odd), 0], found[20 : 20 + len(odd), 1] = odd, odd
    return found


def answered(model: QuantizedModel, values: FloatArray) -> FloatArray:
    """What Python makes of them, with TFLM in the middle."""
    [stored] = find_oracle(model).invoke([model.inputs[0].quantize(values)])
    return model.outputs[0].dequantize(stored)


@pytest.mark.slow
@pytest.mark.parametrize("flags", FLAGS)
def test_run_answers_as_python_does(flags: str, tmp_path: Path) -> None:
    tree = project(weather(), "uno")
    options = [f'-DFAKE_BOARD="{FAKE_ARDUINO}"', "-DMODEL=weather_model", *flags.split()]
    program = compile_project(tree, tmp_path, board=RUN_ROWS, options=options)
    values = rows()
    values.tofile(tmp_path / "rows")
    run([str(program), str(tmp_path / "rows"), str(tmp_path / "answers")])
    found = np.fromfile(tmp_path / "answers", np.float32).reshape(-1, 2)
    wanted = answered(weather(), values)
    np.testing.assert_array_equal(found.view(np.uint32), wanted.view(np.uint32))
    assert len({tuple(row) for row in wanted.tolist()}) > 400, "the rows tell answers apart"


@pytest.mark.slow
def test_prompt_verify_and_predict_answer_as_python_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same 1,000 rows. What is no finite number is answered by run() and verify; a person is told instead."""
    model, values = weather(), rows()
    program = compile_project(project(model, "uno"), tmp_path / "sketch", board=FAKE_ARDUINO)
    wanted, is_finite = answered(model, values), np.isfinite(values).all(axis=1)
    assert np.count_nonzero(~is_finite) == 6

    said = talk(program, "".join(f"{typed}\n" for typed in typed_rows(values)))
    shown = [line for line in said if "-> rain=" in line or "is not a number here" in line]
    found = [match.groups() if (match := re.search(r"-> rain=(\S+) height=(\S+) ", line)) else None for line in shown]
    ports = [model.outputs[0].value(position) for position in range(2)]
    assert [port.step for port in ports] == pytest.approx([2 / 255, 2 / 255 * 700])
    texts = [(f"{rain:.4f}", f"{height:.1f}") for rain, height in wanted.tolist()]
    assert found == [text if finite else None for text, finite in zip(texts, is_finite, strict=True)]

    stored = model.inputs[0].quantize(values)
    with ProcessDevice("host", [program], tmp_path / "log") as device:
        session = Session(device)
        session.greet(model.sha256)
        np.testing.assert_array_equal(session.invoke_many(stored).outputs, find_oracle(model).invoke([stored])[0])

    monkeypatch.chdir(tmp_path)
    Path("weather.tflite").write_bytes(model.tflite)
    Path("rows.csv").write_text("\n".join(["temp,press", *typed_rows(values, ",")]) + "\n")
    assert tinyml("convert", "weather.tflite", "--inputs", "temp", "press").exit_code == 0
    predictions = json.loads(tinyml("predict", "weather", "--data", "rows.csv", "--json").stdout)
    assert [one["row"] for one in predictions] == (np.flatnonzero(is_finite) + 1).tolist()
    for key in ("int8_real", "c_real"):
        answers = np.float32([[answer[key] for answer in one["answers"]] for one in predictions])
        np.testing.assert_array_equal(answers.view(np.uint32), wanted[is_finite].view(np.uint32))

    some = "\n".join(talk(program, "40 1000\n?\n"))
    assert "temp=40.00 is outside of 15.00 .. 35.00: int8 sees 35.0" in some
    assert "  press: 950.00 .. 1050.00" in some


def typed_rows(values: FloatArray, between: str = " ") -> list[str]:
    return [between.join(f"{value:.9g}" for value in row) for row in values.tolist()]


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("header", ["model_io.h", "weather.h"])
def test_both_headers_store_as_python_does(header: str, flags: str, language: str, tmp_path: Path) -> None:
    model = weather()
    tree = {"model_io.h": data_sources(model)["model_io.h"]}
    names = ("weather_quantize_input", "weather_dequantize_output")
    if header == "weather.h":
        tree = dict(compile_graph(model.graph, "weather", find_target("portable", "size")))
        names = tuple(re.findall(r"\w+_d?e?quantize_\w+(?=\()", tree["weather.h"]))  # type: ignore[assignment]
        names = (names[0], names[-1])
    write_tree(tree, tmp_path)
    source = tmp_path / ("io.c" if language == "c" else "io.cpp")
    source.write_text(
        f'#include "{header}"\n#include "{header}"\n' + ('extern "C" ' if language == "c++" else "")
        + "void convert(const float *x, int8_t *q, float *back, int n);\n"
        "void convert(const float *x, int8_t *q, float *back, int n)\n{\n  for (int i = 0; i < 2 * n; ++i) {\n"
        f"    q[i] = {names[0]}(x[i], i % 2);\n    back[i] = {names[1]}(q[i], i % 2);\n  }}\n}}\n"
    )  # fmt: skip
    compiler, standard = ("gcc", "c99") if language == "c" else ("g++", "c++11")
    library = tmp_path / "io.so"
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    # Without start files: those of -ffast-math would make this process, too, take denormal numbers for 0.
    subprocess.run(
        [need(compiler, compiler), f"-std={standard}", *warnings, *flags.split(), "-shared", "-fPIC", "-nostartfiles",
         "-o", library, source], check=True,
    )  # fmt: skip
    values = rows()
    stored, back = np.zeros(values.shape, np.int8), np.zeros(values.shape, np.float32)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (values, stored, back)]
    ctypes.CDLL(str(library)).convert(*pointers, len(values))
    np.testing.assert_array_equal(stored, model.inputs[0].quantize(values))
    wanted = model.outputs[0].dequantize(stored)
    np.testing.assert_array_equal(back.view(np.uint32), wanted.view(np.uint32))


@pytest.mark.slow
@pytest.mark.parametrize(("board", "runtime"), [("uno", "aot"), ("nano33ble", "tflm"), ("esp32", "tflm")])
def test_a_project_with_scales_compiles_without_a_warning(board: str, runtime: str, tmp_path: Path) -> None:
    library = load_board(board).tflm_library if runtime == "tflm" else None
    compile_project(project(weather(), board, runtime), tmp_path, library=library)


def test_a_model_without_scales_has_none_of_this() -> None:
    for tree in (project(linear(), "uno"), project(linear(), "nano33ble", "tflm")):
        assert not any("quantize_scaled" in text for text in tree.values())
