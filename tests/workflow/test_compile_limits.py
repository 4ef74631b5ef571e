"""`tinyml compile --flash-limit --ram-limit`: smaller kernels are taken, or one line says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.cli import main

from tests.ops.check import model_of
from tests.ops.convolutions import convolution


@pytest.fixture
def tflite(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(model_of(convolution((8, 8, 16), 16)))
    return path


def compiled(tflite: Path, *options: str) -> Result:
    arguments = [
        "--artifacts",
        str(tflite.parent / "art"),
        "compile",
        str(tflite),
        "--board",
        "sim-cortex-m4",
        *options,
    ]
    return CliRunner().invoke(main, [*arguments, "--json"], catch_exceptions=False)


def kernel(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    [layer] = json.loads(result.stdout)[0]["facts"]["sim-cortex-m4"]["layers"]
    return str(layer["function"])


def test_the_kernel_is_the_fastest_within_the_limits(tflite: Path) -> None:
    expected = {
        "": "conv_2d_winograd_4_s8",
        "--flash-limit 25000": "conv_2d_winograd_2_s8",
        "--flash-limit 5000": "conv_2d_dual_s8",
        "--flash-limit 4000": "conv_2d_s8",
        "--ram-limit 4000": "conv_2d_winograd_4_s8",
        "--ram-limit 500": "conv_2d_s8",
        "--optimize size": "conv_2d_dual_s8",
        "--optimize balanced": "conv_2d_dual_s8",
    }
    found = {options: kernel(compiled(tflite, "--explain", *options.split())) for options in expected}
    assert found == expected


def test_what_no_kernel_fits(tflite: Path) -> None:
    result = compiled(tflite, "--flash-limit", "1000")
    assert result.exit_code == 1
    assert " bytes of flash (estimated), " in result.stderr
    assert "more than the limit of 1,000; raise it, or choose a smaller model." in " ".join(result.stderr.split())
    assert not list(tflite.parent.glob("art/*/c"))
    assert compiled(tflite, "--ram-limit", "0").exit_code == 2
