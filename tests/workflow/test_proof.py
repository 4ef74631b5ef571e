"""TFLM is the oracle: what another interpreter says informs, and a form that cannot be run costs its own row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import DeviceError, UnsupportedError
from tinyml_pipeline.host.interpreters.second_opinion import Opinion
from tinyml_pipeline.parity.report import ParityReport
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.runtimes.tflm import data_sources
from tinyml_pipeline.workflow import chips, proof
from tinyml_pipeline.workflow.opened import OpenModel

from tests.firmware import dense_tflite
from tests.opened import opened

CASES = Path(__file__).parents[3] / "shared" / "cases" / "tflite"


@pytest.fixture
def dense() -> OpenModel:
    return opened(load_quantized(dense_tflite(), "dense"))


def prove(model: OpenModel, boards: Sequence[Board] = ()) -> tuple[ParityReport, dict[str, Any]]:
    report = proof.prove(model, data_sources(model.model), None, boards)
    return report, {row.name: (word, row.summary) for row, word in zip(report.rows, report.verdicts, strict=True)}


def test_a_chip_that_fails_costs_its_row(dense: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(model: Any, board: Board, inputs: Any, progress: Any, sources: Any) -> Any:
        if board.name == "sim-cortex-m0":
            raise DeviceError("sim-cortex-m0: it crashed.")
        if board.name == "sim-cortex-m3":
            raise UnsupportedError("sim-cortex-m3: too large")
        return dense.oracle.invoke(inputs)

    monkeypatch.setattr(proof, "run_on_chip", run)
    names = ("sim-cortex-m0", "sim-cortex-m3", "sim-uno", "host")
    report, rows = prove(dense, [load_board(name) for name in names])
    assert not report.passed
    assert report.claim == "verified on 1,000 inputs: edges and seeded random ones"  # no data are known of it
    assert rows["C on Cortex-M0 = TFLM"] == ("FAIL", "sim-cortex-m0: it crashed.")
    assert rows["C on Cortex-M3 = TFLM"] == ("not run", "sim-cortex-m3: too large")
    assert rows["C on ATmega328P = TFLM"][0] == rows["C on the host = TFLM"][0] == "pass"


def test_nothing_is_announced_of_a_chip_that_the_model_is_too_large_for(
    dense: OpenModel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(*_: Any) -> Any:
        raise UnsupportedError("sim-cortex-m0: too large")

    monkeypatch.setattr(chips, "build_firmware", build)
    _, rows = prove(dense, [load_board("sim-cortex-m0")])
    assert rows["C on Cortex-M0 = TFLM"] == ("not run", "sim-cortex-m0: too large")
    assert "Cortex-M0" not in capsys.readouterr().err


@pytest.mark.parametrize(("wrong", "word"), [(0, "equal"), (1, "info")])
def test_a_second_opinion_informs(dense: OpenModel, monkeypatch: pytest.MonkeyPatch, wrong: int, word: str) -> None:
    def opinion(_: Any, inputs: Any) -> Opinion:
        [right] = dense.oracle.invoke(inputs)
        right[0] = np.where(right[0] < 127, right[0] + wrong, right[0] - wrong)
        return Opinion((right,))

    monkeypatch.setattr(proof.other, "second_opinion", opinion)
    monkeypatch.setattr(proof.other, "first_difference", lambda model, inputs: model.graph.operations[0])
    report, rows = prove(dense)
    assert report.passed
    [(verdict, summary)] = [row for name, row in rows.items() if name.endswith("= TFLM")]
    assert verdict == word
    if wrong:
        first = dense.model.graph.operations[0].name
        count = len(dense.model.graph.operations)
        assert summary.startswith(f"1 of {report.vectors:,} vectors differ, by up to 1 step, first in {first} (op 0 of")
        assert summary.endswith(f"of {count}); TFLM decides")


def test_an_interpreter_that_crashes_is_a_remark(dense: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof.other, "second_opinion", lambda *_: Opinion(None, "it was ended by SIGSEGV."))
    report, rows = prove(dense)
    assert report.passed
    assert ("info", "not compared: it was ended by SIGSEGV.") in rows.values()


@pytest.mark.parametrize("name", ["dense_3d", "softmax_3d"])
def test_wrong_kernels_of_tflite_runtime_are_named(name: str) -> None:
    pytest.importorskip("tflite_runtime", reason="the kernels of tflite-runtime are what is wrong here")
    path = CASES / f"{name}.tflite"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    report, rows = prove(opened(load_quantized(path.read_bytes(), name)))
    assert report.passed
    word, summary = rows["tflite-runtime = TFLM"]
    assert word == "info"
    assert "first in FULLY_CONNECTED (op 0 of " in summary


def test_a_large_model_gets_fewer_vectors(dense: OpenModel) -> None:
    assert proof.vectors_for_chips(dense.model) == proof.CHIP_VECTORS
    path = CASES / "big_dense.tflite"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    assert 50 <= proof.vectors_for_chips(load_quantized(path.read_bytes(), "big")) < 500


def test_large_ports_get_few_vectors() -> None:
    """32 KB a vector: 2,000 of them would take a serial port at 115,200 baud an hour and a half."""
    path = CASES / "tanh16384.tflite"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    assert proof.vectors_for_chips(load_quantized(path.read_bytes(), "tanh")) == 16
