"""model_io.h against numpy, value by value, as C99 and as C++11."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.quantization.quantized_model import QuantizedPort
from tinyml_pipeline.runtimes.tflm import data_sources

from tests.sketches.models import TWO_PORTS, quantized
from tests.tools import need

FloatArray = npt.NDArray[np.float32]


def port(scale: float, zero_point: int) -> QuantizedPort:
    return QuantizedPort("x", (), (1,), float(np.float32(scale)), zero_point)


PORTS = {
    "power_of_two": port(2**-5, 0),
    "tenth": port(0.1, -128),
    "linear": port(20 / 255, 127),
    "wide_steps": port(1e20, 5),
    "tiny": port(1e-30, -7),
}
OUTPUT = port(0.25, 3)
LANGUAGES = {"c": ("gcc", "c99", "io.c"), "c++": ("g++", "c++11", "io.cpp")}


def reals(scale: float, zero_point: int) -> FloatArray:
    """Every half step and its neighbours, the ends, the special values, and 100,000 random bit patterns."""
    steps = np.arange(-300, 301, dtype=np.float64) / 2
    halves = (steps * scale).astype(np.float32)
    near = [np.nextafter(halves, np.float32(sign * np.inf), dtype=np.float32) for sign in (-1, 1)]
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38, 0.49999997 * scale]
    bits = np.random.default_rng(0).integers(0, 2**32, 100_000, dtype=np.uint32).view(np.float32)
    inside = np.random.default_rng(1).uniform(-140, 140, 20_000) * scale
    return np.concatenate([halves, *near, np.array(special, np.float32), bits, inside.astype(np.float32)])


@pytest.fixture(scope="module", params=list(LANGUAGES))
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """One library of all ports' functions; every header is in it, so the prefixes keep five models apart."""
    compiler, standard, name = LANGUAGES[request.param]
    folder = tmp_path_factory.mktemp("model_io")
    lines = []
    for model, own in PORTS.items():
        header = data_sources(quantized(model, [own], [OUTPUT]))["model_io.h"]
        (folder / f"{model}.h").write_text(header)
        lines += [f'#include "{model}.h"', f'#include "{model}.h"']
    lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif"]
    for model in PORTS:
        lines += [
            f"void {model}_in(const float *x, int8_t *q, int n);",
            f"void {model}_in(const float *x, int8_t *q, int n)"
            f" {{ for (int i = 0; i < n; ++i) q[i] = {model}_quantize_input(x[i]); }}",
            f"void {model}_back(const int8_t *q, float *x, int n);",
            f"void {model}_back(const int8_t *q, float *x, int n)"
            f" {{ for (int i = 0; i < n; ++i) x[i] = {model}_dequantize_input(q[i]); }}",
        ]
    lines += ["#ifdef __cplusplus", "}", "#endif", ""]
    (folder / name).write_text("\n".join(lines))
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wfloat-conversion"]
    command = [
        need(compiler, compiler),
        f"-std={standard}",
        "-O2",
        *warnings,
        "-shared",
        "-fPIC",
        "-o",
        folder / "io.so",
    ]
    subprocess.run([*command, folder / name], check=True)
    return ctypes.CDLL(str(folder / "io.so"))


def call(function: Callable[..., None], source: npt.NDArray[np.generic], result: npt.NDArray[np.generic]) -> None:
    function(source.ctypes.data_as(ctypes.c_void_p), result.ctypes.data_as(ctypes.c_void_p), len(source))


@pytest.mark.parametrize("model", PORTS)
def test_quantize_equals_numpy(library: ctypes.CDLL, model: str) -> None:
    own = PORTS[model]
    x = reals(own.scale, own.zero_point)
    found = np.empty(len(x), np.int8)
    call(getattr(library, f"{model}_in"), x, found)
    nan = np.isnan(x)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found[~nan], own.quantize(x[~nan]))
    np.testing.assert_array_equal(found[nan], own.zero_point)


@pytest.mark.parametrize("model", PORTS)
def test_dequantize_equals_numpy(library: ctypes.CDLL, model: str) -> None:
    q = np.arange(-128, 128).astype(np.int8)
    found = np.empty(256, np.float32)
    call(getattr(library, f"{model}_back"), q, found)
    np.testing.assert_array_equal(found, PORTS[model].dequantize(q))


def test_halves_go_away_from_zero(library: ctypes.CDLL) -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], np.float32) * np.float32(2**-5)
    found = np.empty(len(x), np.int8)
    call(library.power_of_two_in, x, found)
    assert found.tolist() == [1, 2, 3, -1, -2, -3]


def test_several_tensors_have_their_own_functions_and_constants() -> None:
    header = data_sources(TWO_PORTS)["model_io.h"]
    prefix = "two_ports_" + TWO_PORTS_DIGITS
    upper = prefix.upper()
    for line in (
        f"#define {upper}_INPUT_TENSORS 2",
        f'#define {upper}_INPUT_0_NAME "left"',
        f'#define {upper}_INPUT_1_NAME "say \\042right\\042"',
        f"#define {upper}_INPUT_1_SCALE 0.001f",
        f"#define {upper}_INPUT_1_ZERO_POINT (127)",
        f"  {upper}_INPUT_1_AT_Q = 1",
        f"static inline int8_t {prefix}_quantize_input_1(float value) {{",
        f"static inline float {prefix}_dequantize_output_0(int8_t value) {{",
        f"static inline const char *{prefix}_input_1_value_name(int position) {{",
        '  static const char *const names[] = {"p", "q"};',
    ):
        assert line in header.splitlines()


TWO_PORTS_DIGITS = "c8dd1b"
"""Of the SHA-256 of 'Two Ports', which is not an identifier."""
