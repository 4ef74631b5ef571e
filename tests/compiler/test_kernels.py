"""What is found by looking: operators, kernels, their C, targets, and docs/operators.md agree with each other."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import NoReturn, get_args, get_type_hints

import numpy as np
import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.compiler.kernels import all_kernels, kernels_of
from tinyml_pipeline.compiler.operators import supported_operators
from tinyml_pipeline.compiler.ops import read_operators, reader_of
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import TARGETS, find_target
from tinyml_pipeline.host.interpreters.one_operation import run_operation

from tests.documentation import reference
from tests.kernels.dense_cases import CASES, dense_model
from tests.kernels.test_conv_2d_depthwise import make as make_pair
from tests.networks import LAYERS, make_network
from tests.ops.check import model_of
from tests.ops.convolutions import convolution
from tests.ops.test_elementwise import binary

ROOT = Path(__file__).parents[2]
KERNELS = ROOT / "firmware" / "kernels"


@pytest.mark.parametrize("operator", read_operators())
def test_every_operator_has_a_kernel_on_every_target(operator: str) -> None:
    """One that needs no instruction set, so that no target is left out."""
    returned = get_type_hints(reader_of(operator))["return"]
    for kind in get_args(returned) or (returned,):
        if kind is not NoReturn:
            assert any(not kernel.needs for kernel in kernels_of(kind)), operator


@pytest.mark.parametrize("kernel", all_kernels(), ids=lambda kernel: kernel.function)
def test_a_kernel_is_named_after_its_function_and_its_header_declares_it(kernel) -> None:  # type: ignore[no-untyped-def]
    module = importlib.import_module(f"tinyml_pipeline.compiler.kernels.{kernel.function}")
    assert module.KERNEL is kernel
    assert kernel.header == f"{kernel.header.split('/')[0]}/{kernel.function}.h"
    assert re.search(rf"\b{kernel.function}\(", (KERNELS / kernel.header).read_text())


def test_no_header_is_left_over() -> None:
    wanted = {kernel.header for kernel in all_kernels()}
    found = {path.relative_to(KERNELS).as_posix() for path in KERNELS.rglob("*.h")}
    assert {path for path in found - wanted if not path.startswith("common/")} == set()


def _shuffled(seed: int) -> list[tuple[str, int]]:
    """Every kind of layer, each behind others than in the network before: some take only certain shapes."""
    kinds = np.random.default_rng(seed).permutation(sorted(LAYERS)).tolist()
    return [(kind, number % 3) for number, kind in enumerate(kinds)] * 2


@pytest.mark.slow
def test_every_struct_of_the_kernels_is_set_by_python_in_some_network() -> None:
    """The compiler itself compares each struct's fields with the C's; here none of the structs goes unused."""
    declared = set()
    for path in KERNELS.rglob("*.h"):
        declared |= set(re.findall(r"const struct (\w+) \*layer", path.read_text()))
    used = set()
    # Random networks hardly ever have these four.
    no_linear_form = binary("ADD", first=(0.013, -128), second=(0.21, 127), output=(0.2, -7), shapes=((9,),) * 3)
    pair = make_pair({"image": (8, 8, 8), "channels": 8})
    alone = (convolution((8, 8, 8), 8, depthwise=one) for one in (True, False))
    rare = (*map(model_of, (*alone, pair)), no_linear_form)
    networks = (make_network(_shuffled(seed), seed).tflite for seed in range(40))
    for tflite in (dense_model(tuple(CASES))[0], *rare, *networks):
        graph = read_tflite(tflite)
        for name in ("portable", "cortex-m4", "cortex-m55", "avr", "rv32imc"):
            for optimize in ("size", "speed"):
                program = make_program(graph, find_target(name, optimize), evaluate=run_operation)  # type: ignore[arg-type]
                used |= {struct.type for step in program.steps for struct in step.lowering.structs}
        if declared <= used:
            break
    assert declared - used == set()


def test_every_board_names_a_target() -> None:
    assert {load_board(name).compiler_target for name in board_names()} <= set(TARGETS)


def test_the_page_of_operators_is_current() -> None:
    assert reference.OPERATORS.read_text() == reference.operators_page(), "run: .venv/bin/python docs/reference.py"
    listed = re.findall(r"^\| ([A-Z][A-Z0-9_]+) \| \S", reference.OPERATORS.read_text(), re.MULTILINE)
    assert listed == list(supported_operators())
