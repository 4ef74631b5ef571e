"""model_data: what the C++ compiler sees is the .tflite, byte for byte; also for a large model."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.runtimes.byte_array import decimal_lines, hex_lines
from tinyml_pipeline.runtimes.tflm import data_sources

from tests.sketches.host_sketch import write_tree
from tests.sketches.models import LINEAR, quantized
from tests.tools import need

SIZES = {"one byte": 1, "short line": 15, "full line": 16, "all values": 300, "a megabyte": 1_000_003}
_MAIN = """#include "model_data.h"
#include <cstdint>
#include <cstdio>
int main() {{
  if (reinterpret_cast<std::uintptr_t>({id}_model_data) % 16 != 0) return 1;
  return fwrite({id}_model_data, 1, {id}_model_data_len, stdout) == {id}_model_data_len ? 0 : 2;
}}
"""


@pytest.mark.parametrize("case", SIZES)
def test_the_compiler_sees_the_model(case: str, tmp_path: Path) -> None:
    data = np.random.default_rng(0).integers(0, 256, SIZES[case]).astype(np.uint8).tobytes()
    tree = data_sources(quantized("of bytes", LINEAR.inputs, LINEAR.outputs, tflite=data))
    (line,) = (line for line in tree["model_data.h"].splitlines() if line.startswith("extern const unsigned char"))
    identifier = line.split()[-1].removesuffix("_model_data[];")
    assert f"// SHA-256 {hashlib.sha256(data).hexdigest()}" in tree["model_data.cc"].splitlines()
    write_tree({**tree, "main.cc": _MAIN.format(id=identifier)}, tmp_path)
    command = [need("g++", "g++"), "-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run([*command, tmp_path / "main.cc", tmp_path / "model_data.cc", "-o", tmp_path / "main"], check=True)
    assert subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout == data


def test_layout() -> None:
    assert hex_lines(bytes(range(18))) == (
        "  0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,\n"
        "  0x10, 0x11,"
    )
    assert decimal_lines([1, -128, 127], "    ") == "1, -128, 127"
    wrapped = decimal_lines(range(-128, 128), "    ").split("\n")
    assert max(map(len, wrapped)) <= 120
    assert [int(word) for word in ",".join(wrapped).replace(",,", ",").split(",")] == list(range(-128, 128))


def test_same_model_same_bytes() -> None:
    assert dict(data_sources(LINEAR)) == dict(data_sources(LINEAR))
    assert list(data_sources(LINEAR)) == ["model_data.cc", "model_data.h", "model_io.h"]
