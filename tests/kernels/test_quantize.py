"""One quantizer: Python, C on this computer under any flags, and C on the chips give the same bytes for any float."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.value_scales import ValueScale
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.quantization.quantized_model import QuantizedPort

from tests.firmware import SHA256, board_here, run_on
from tests.tools import need

PLAIN = [(0.1, -128), (20 / 255, 127), (2**-5, 0), (3.4e-5, -7), (1e20, 5), (1e-30, 0)]
SCALED = [  # scale, zero point, offset, factor; the third is where a fused multiply-add would show
    (2 / 255, -1, 1000.0, 0.02), (2 / 255, 0, -12.3, 0.7), (1 / 3, 4, 0.1, 1 / 3), (0.01, -128, 3e38, 1e-38),
    (2 / 255, -1, -1e-3, 1e6),
]  # fmt: skip
SOURCES = {name: (FIRMWARE / "kernels" / "common" / name).read_text() for name in ("quantize.h", "quantize_scaled.h")}
_HEADER = "#include <stdint.h>\nvoid model_invoke(const int8_t *in, int8_t *out);\n"


def ports() -> list[QuantizedPort]:
    plain = [QuantizedPort("x", (), (1,), float(np.float32(scale)), zero_point) for scale, zero_point in PLAIN]
    return plain + [
        QuantizedPort(
            "x", (), (1,), float(np.float32(scale)), zero_point,
            value_scale=ValueScale((float(np.float32(offset)),), (float(np.float32(factor)),)),
        )
        for scale, zero_point, offset, factor in SCALED
    ]  # fmt: skip


ROW_BYTES = 5 * len(ports())


def literal(value: float) -> str:
    return float(np.float32(value)).hex() + "f"


def model() -> str:
    """A float's four bytes in; for each port its stored value and the four bytes of what that stands for."""
    lines = ['#include "model.h"', "#include <string.h>", '#include "quantize_scaled.h"']
    lines += ["void model_invoke(const int8_t *in, int8_t *out)", "{", "    float real;", "    memcpy(&real, in, 4);"]
    for number, port in enumerate(ports()):
        steps = f"{literal(port.scale)}, {port.zero_point}"
        name, pair = "s8", ""
        if port.value_scale:
            name, pair = "scaled_s8", ", ".join(map(literal, port.value_scale.of(0))) + ", "
        lines += [
            "    {",
            f"        const int8_t stored = quantize_{name}(real, {pair}{steps});",
            f"        const float back = dequantize_{name}(stored, {pair}{steps});",
            f"        out[{5 * number}] = stored;",
            f"        memcpy(out + {5 * number + 1}, &back, 4);",
            "    }",
        ]
    return "\n".join([*lines, "}", ""])


def reals() -> npt.NDArray[np.float32]:
    """For every port halves of steps and their neighbours; special values; random values, and random bit patterns."""
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38, 1e-38]
    found = [np.array(special, np.float32), np.array([0x7FC00001, 0xFFFFFFFF, 0x7F800001], np.uint32).view(np.float32)]
    for port in ports():
        scale, zero_point, (offset, factor) = port.scale, port.zero_point, port.value_scale.of(0)
        steps = np.concatenate([rng.integers(-258, 259, 15) / 2, [-128 - zero_point, 127 - zero_point, 127.5, -128.5]])
        with np.errstate(over="ignore"):
            halves = (steps * scale / factor + offset).astype(np.float32)
            near = (rng.uniform(-140, 140, 60) * scale / factor + offset).astype(np.float32)
            found += [halves, np.nextafter(halves, np.float32(np.inf)), np.nextafter(halves, np.float32(-np.inf)), near]
            found.append(np.array([0.49999997 * scale / factor + offset], np.float32))
    found.append(rng.integers(0, 2**32, 500, dtype=np.uint32).view(np.float32))
    return np.concatenate(found)


def wanted(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    columns = []
    for port in ports():
        stored = port.quantize(values.reshape(-1, 1))
        columns += [stored, port.dequantize(stored).view(np.int8).reshape(-1, 4)]
    return np.concatenate(columns, axis=1)


def test_nan_infinities_and_what_lies_beyond() -> None:
    port = QuantizedPort("x", (), (1,), 0.5, 7)
    given = [np.nan, np.inf, -np.inf, 1e30, -1e30, 1e300, 0.25, -0.25]
    assert port.quantize(given).tolist() == [7, 127, -128, 127, -128, 127, 8, 6]


FLAGS = ["-O0", "-O1", "-O2", "-O3", "-O3 -ffast-math", "-O3 -mfma -ffp-contract=fast", "-O3 -mfma -ffast-math"]


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_on_this_computer_whatever_the_flags(compiler: str, flags: str, tmp_path: Path) -> None:
    values = reals()
    np.testing.assert_array_equal(computed_here(values, compiler, flags, SOURCES, tmp_path), wanted(values))


def test_these_flags_and_values_would_show_a_step_that_is_not_rounded(tmp_path: Path) -> None:
    loose = {name: text.replace("volatile float kept", "float kept") for name, text in SOURCES.items()}
    values = reals()
    found = computed_here(values, "gcc", FLAGS[-1], loose, tmp_path)
    differ = (found != wanted(values)).any(axis=0).reshape(-1, 5)[len(PLAIN) :]
    assert differ[:, 0].any()  # stored values
    assert differ[:, 1:].any()  # and real ones


def computed_here(
    values: npt.NDArray[np.float32], compiler: str, flags: str, sources: Mapping[str, str], tmp_path: Path
) -> npt.NDArray[np.int8]:
    if "-mfma" in flags and " fma " not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no fused multiply-add")
    (tmp_path / "model.h").write_text(_HEADER)
    for name, text in sources.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "model.c").write_text(
        model() + "void run(const int8_t *in, int8_t *out, int count);\n"
        "void run(const int8_t *in, int8_t *out, int count)\n{\n    for (int i = 0; i < count; i++) {\n"
        f"        model_invoke(in + 4 * i, out + {ROW_BYTES} * i);\n    }}\n}}\n"
    )
    command = [need(compiler, compiler), "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", *flags.split()]
    # Without start files: those of -ffast-math would make this process, too, take denormal numbers for 0.
    command += ["-shared", "-fPIC", "-nostartfiles", "-o", tmp_path / "model.so", tmp_path / "model.c"]
    subprocess.run(command, check=True)
    found = np.zeros((len(values), ROW_BYTES), np.int8)
    run = ctypes.CDLL(str(tmp_path / "model.so")).run
    run(values.ctypes.data_as(ctypes.c_void_p), found.ctypes.data_as(ctypes.c_void_p), len(values))
    return found


@pytest.mark.parametrize("name", ["sim-uno", "sim-cortex-m0", "sim-cortex-m4", "sim-esp32c3"])
def test_on(name: str, tmp_path: Path) -> None:
    board = board_here(name)
    tree = SourceTree({"model.h": _HEADER, "model.c": model(), **SOURCES})
    image = build_firmware(tree, ModelInterface(SHA256, (4,), (ROW_BYTES,)), board, "verify", tmp_path)
    values = reals()
    assert len(values) >= 1000
    with run_on(board, image, tmp_path) as device:
        found = Session(device).invoke_many(values.view(np.int8).reshape(-1, 4)).outputs
    np.testing.assert_array_equal(found, wanted(values))
