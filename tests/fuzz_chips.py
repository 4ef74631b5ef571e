"""Random small networks of every operator on an emulated processor: its answers and TFLM's agree on every byte.

    python -m tests.fuzz_chips --board sim-cortex-m4 --count 500 [--seed 0] [--jobs 2]

The networks of tests/fuzz_networks.py, compiled for the board, every other firmware for speed. Many share one firmware,
which holds inputs and TFLM's answers and compares them itself, because a busy computer's emulator takes a millisecond
for each byte of its serial port. Firmware that is too large for the board is built again with half of its networks; a
network that does not fit alone is counted.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tinyml_pipeline.boards.board import Board, Optimize
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.edges import Edge, model_edges
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage, build_firmware
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.one_operation import run_operation
from tinyml_pipeline.model_io import ModelInterface, model_io_header
from tinyml_pipeline.places import cache_dir
from tinyml_pipeline.quantization.quantized_model import rows_of
from tinyml_pipeline.workflow.plain_c import budget_of, target_of

from tests.firmware import SHA256
from tests.fuzz_runs import Outcome, main
from tests.host import Int8Array
from tests.networks import Network, random_network
from tests.oracle import run_tflm
from tests.tools import PATIENCE_S

VECTORS = 10
_BATCH = 20
_CALLS_BYTES = 256  # the deepest stack of protocol, model and kernels
_LARGE_BOARD_BYTES, _MANY = 1 << 20, 10  # so many networks share the firmware of a large board

_INTERFACE = ModelInterface(SHA256, (1,), (5,))
_MODEL_H = """#include <stdint.h>
void model_invoke(const int8_t *in, int8_t *out);
"""
_MODEL_C = """#include "model.h"
{declarations}
void model_invoke(const int8_t *in, int8_t *out)
{{
    switch (in[0]) {{
{cases}
    }}
}}
"""
_RUN_C = """#include "kernels/common/port.h"
#include "n{number}_io.h"

static const int8_t inputs[{vectors}][MODEL_IO_INPUT_BYTES] FLASH = {{
{inputs}
}};
static const int8_t expected[{vectors}][MODEL_IO_OUTPUT_BYTES] FLASH = {{
{expected}
}};
static int8_t vector[MODEL_IO_INPUT_BYTES];
static int8_t answer[MODEL_IO_OUTPUT_BYTES];

void run_{number}(int8_t *out);

/* out: vectors that were run; the last one with a wrong byte, counted from 1; where that byte is; its value. */
void run_{number}(int8_t *out)
{{
    memset(out, 0, 5);
    for (uint8_t n = 0; n < {vectors}; n++) {{
        flash_copy(vector, inputs[n], sizeof vector);
        for (uint16_t i = 0; i < sizeof answer; i++) {{
            answer[i] = (int8_t)~flash_read_s8(&expected[n][i]);
        }}
        MODEL_IO_CALL(MODEL_IO_INVOKE, vector, answer);
        for (uint16_t i = 0; i < sizeof answer; i++) {{
            if (answer[i] != flash_read_s8(&expected[n][i])) {{
                out[1] = (int8_t)(n + 1);
                out[2] = (int8_t)(i & 0xFF);
                out[3] = (int8_t)(i >> 8);
                out[4] = answer[i];
            }}
        }}
        out[0] = (int8_t)(n + 1);
    }}
}}
"""


def compare_on(board: Board, networks: Sequence[Network], folder: Path, optimize: Optimize) -> Outcome:
    """All of them, in as few firmwares as the board's memory takes; `folder` is where firmware is built."""
    outcome, kept = Outcome(), []
    for network in networks:
        try:
            kept.append((network, _network_c(network, board, optimize, len(kept))))
        except UnsupportedError as refusal:
            outcome.refusals[str(refusal)] += 1
    if not kept:
        return outcome
    try:
        image = _build([network for network, _ in kept], [tree for _, tree in kept], board, folder, optimize)
    except UnsupportedError:
        if len(kept) == 1:
            outcome.refusals[f"does not fit {board.name}"] += 1
            return outcome
        half = len(kept) // 2
        for number, part in enumerate((kept[:half], kept[half:])):
            outcome.add(compare_on(board, [network for network, _ in part], folder / str(number), optimize))
        return outcome
    if image.warnings:
        outcome.differences.append(f"{board.name}: {image.warnings}")
    with emulate(board, image.elf, log=folder / "device.log", cache_dir=cache_dir("simavr")) as device:
        numbers = np.arange(len(kept), dtype=np.int8)[:, None]
        answers = Session(device, timeout_s=PATIENCE_S).invoke_many(numbers).outputs.view(np.uint8)
    for (network, _), (count, vector, low, high, value) in zip(kept, answers.tolist(), strict=True):
        outcome.layers.update(operation.name for operation in read_tflite(network.tflite).operations)
        if (count, vector) == (VECTORS, 0):
            outcome.equal += 1
        else:
            wrong = f"{count} vectors run; vector {vector - 1}: byte {low + 256 * high} is {value}"
            outcome.differences.append(f"{board.name}, for {optimize}: {network}: {wrong}")
    return outcome


def _build(
    networks: Sequence[Network], trees: Sequence[SourceTree], board: Board, folder: Path, optimize: Optimize
) -> FirmwareImage:
    """One firmware of all. Raises UnsupportedError if it is too large, also with what it needs as stack."""
    sources = SourceTree(_dispatcher(len(trees)))
    for tree in trees:
        sources = sources.merged(tree)
    image = build_firmware(sources, _INTERFACE, board, "verify", folder, optimize)
    stack_bytes = _CALLS_BYTES + max(map(_copied_bytes, networks))
    if image.ram_bytes + stack_bytes > board.ram_bytes:
        raise UnsupportedError(f"{image.ram_bytes} bytes of RAM leave less than {stack_bytes} for the stack")
    return image


def _copied_bytes(network: Network) -> int:
    """Of ports that MODEL_IO_CALL has to align, and so copies onto the stack."""
    before, after = model_edges(read_tflite(network.tflite))
    return sum(edge.inner.size_bytes for edge in (*before, *after) if edge.inner.dtype is not DType.INT8)


def _network_c(network: Network, board: Board, optimize: Optimize, number: int) -> SourceTree:
    """The network, and a function that runs it on its inputs and compares."""
    graph = read_tflite(network.tflite)
    target, prefix = target_of(board, optimize), f"n{number}"
    interface = ModelInterface.of(graph, prefix)
    if interface.input_bytes + interface.output_bytes > board.ram_bytes:
        raise UnsupportedError(f"does not fit {board.name}")
    tree = compile_graph(graph, "random", target, budget=budget_of(board), evaluate=run_operation, prefix=prefix)
    before, after = model_edges(graph)
    inputs = [edge.from_own(values) for edge, values in zip(before, network.inputs, strict=True)]
    run = _RUN_C.format(
        number=number,
        vectors=VECTORS,
        inputs=_rows(inputs),
        expected=_rows(
            [_stored(edge, own) for edge, own in zip(after, run_tflm(network.tflite, network.inputs), strict=True)]
        ),
    )
    io = model_io_header(interface)
    return tree.merged({f"run_{number}.c": run, f"n{number}_io.h": io})


def _stored(edge: Edge, own: Int8Array) -> Int8Array:
    stored = edge.from_own(own)
    np.testing.assert_array_equal(edge.to_own(stored), own)
    return stored


def _rows(arrays: Sequence[Int8Array]) -> str:
    return ",\n".join(f"    {{{', '.join(map(str, row))}}}" for row in rows_of(arrays).tolist())


def _dispatcher(count: int) -> dict[str, str]:
    declarations = "\n".join(f"void run_{number}(int8_t *out);" for number in range(count))
    cases = "\n".join(f"    case {number}: run_{number}(out); break;" for number in range(count))
    return {"model.h": _MODEL_H, "model.c": _MODEL_C.format(declarations=declarations, cases=cases)}


def run_seeds(board_name: str, seeds: Sequence[int]) -> Outcome:
    """One batch."""
    board, outcome = load_board(board_name), Outcome()
    step = _MANY if min(board.flash_bytes, board.ram_bytes) >= _LARGE_BOARD_BYTES else 1
    for number, start in enumerate(range(0, len(seeds), step)):
        optimize: Optimize = "speed" if (seeds[0] // step + number) % 2 else "size"
        networks = [random_network(seed, vectors=VECTORS) for seed in seeds[start : start + step]]
        with tempfile.TemporaryDirectory(prefix="tinyml-chips-") as folder:
            outcome.add(compare_on(board, networks, Path(folder), optimize))
    return outcome


if __name__ == "__main__":
    sys.exit(main(__doc__, run_seeds, batch=_BATCH, count=500, takes_board=True, board="sim-cortex-m4"))
