"""Convolutions with a kernel of their own: one model of all cases, compared with TFLM on the host and on processors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.host.device.session import Session

from tests.firmware import board_here, build_tflite, run_on
from tests.host import compile_model, run_program
from tests.networks import Int8Array, edge_vectors
from tests.ops.check import Build
from tests.oracle import run_tflm
from tests.tflite_writer import Writer


@dataclass(frozen=True)
class Cases:
    """`make` builds the layer of one case; every case has an input and an output of the one model."""

    named: Mapping[str, Mapping[str, Any]]
    make: Callable[[dict[str, Any]], Build]
    count: int
    """Vectors for each case."""

    @cached_property
    def tflite(self) -> bytes:
        writer, sources, outputs = Writer(), [], []
        for case in self.named.values():
            ins, outs = self.make(dict(case))(writer)
            sources += ins
            outputs += outs
        return writer.build(sources, outputs)

    @cached_property
    def vectors(self) -> tuple[Int8Array, ...]:
        return tuple(
            edge_vectors(np.random.default_rng(len(name)), (case.get("batches", 1), *case["image"]), self.count)
            for name, case in self.named.items()
        )

    @cached_property
    def expected(self) -> tuple[Int8Array, ...]:
        return run_tflm(self.tflite, self.vectors)

    def kernels(self, target: Target) -> set[str]:
        return {layer.function for layer in explain(read_tflite(self.tflite), target)}

    def check_on_host(self, target: Target, compiler: str, folder: Path) -> None:
        flags = () if compiler == "gcc" else ("-O2",)
        actual = run_program(compile_model(self.tflite, target), self.vectors, folder, *flags, compiler=compiler)
        for name, got, wanted in zip(self.named, actual, self.expected, strict=True):
            np.testing.assert_array_equal(got, wanted, err_msg=name)

    def check_on_processor(self, board: str, folder: Path) -> None:
        machine = board_here(board)
        image = build_tflite(self.tflite, machine, "verify", folder, "speed")
        assert image.warnings == ""
        with run_on(machine, image, folder) as device:
            actual = Session(device).invoke_many(joined(self.vectors)).outputs
        np.testing.assert_array_equal(actual, joined(self.expected))


def joined(arrays: Sequence[Int8Array]) -> Int8Array:
    """(vectors, bytes of all arrays)."""
    return np.concatenate([values.reshape(len(values), -1) for values in arrays], axis=1)
