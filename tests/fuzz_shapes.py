"""Valid flatbuffers that contradict themselves: the compiler refuses each, or its C equals TFLM.

    python -m tests.fuzz_shapes --count 10000 [--seed 0]

A model of one or two operators is drawn, then some of its shapes, types, options, quantization parameters and inputs
are changed, each within the format: constants always have the bytes that their shapes ask for. What the compiler
accepts runs as C and in TFLM on the same inputs. TFLM reads out of bounds on some of these files, so it runs in child
processes, many files in each; a file that ends one is counted and left out.

Operators join by being drawable, as a kind of tests.networks.LAYERS, or, if they are supported and nothing draws them,
with random tensors and options.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import math
import pickle
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.graph import TYPE_BITS, Graph
from tinyml_pipeline.compiler.operators import supported_operators
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import PipelineError

from tests.host import compile_c, write_tree
from tests.networks import LAYERS, edge_vectors, make_network
from tests.tflite_writer import Writer

VECTORS = 8
BATCH = 100
_MOST_VALUES = 4096
_SIZES = (0, 1, 1, 2, 3, 4, 5, 8)
_TYPES = ("INT8", "INT8", "INT16", "UINT8", "INT32", "FLOAT32", "INT4", "BOOL", "INT64")
_SCALES = (0.0, 1e-45, 1e-30, 1e-9, 1e-4, 0.004, 1 / 256, 1 / 128, 0.1, 1.0, 7.5, 1e6, 1e30)
_ZERO_POINTS = (-129, -128, -1, 0, 1, 127, 128, 255, 2**20)
_PORT_TYPES = ("INT8", "INT16", "INT32", "INT64", "BOOL")
_NUMBERS = (-5, -2, -1, 0, 1, 2, 3, 4, 8, 127)


@dataclass
class Outcome:
    """`refusals` are the reasons for which the compiler refused what TFLM runs, with numbers taken out."""

    counts: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    examples: dict[str, int] = field(default_factory=dict)
    """The number of the first case of each line of `accepted` and `refusals`."""

    def note(self, counter: Counter[str], what: str, number: int) -> None:
        counter[what] += 1
        self.examples.setdefault(what, number)


@dataclass
class Case:
    number: int
    tflite: bytes
    inputs: list[np.ndarray]
    graph: Graph | None = None
    reason: str = ""


def drawers() -> dict[str, Callable[[np.random.Generator], bytes]]:
    """How to draw a sound model around each operator."""
    found: dict[str, Callable[[np.random.Generator], bytes]] = {}
    kinds = sorted(LAYERS)
    for kind in kinds:
        found[kind] = lambda rng, kind=kind: make_network(
            [(kind, 0), (str(rng.choice(kinds)), int(rng.integers(2)))][: int(rng.integers(1, 3))],
            int(rng.integers(2**32)), vectors=6,
        ).tflite  # fmt: skip
    for name in supported_operators():
        if name.lower() not in found:
            found[name.lower()] = lambda rng, name=name: any_tensors(name, rng)
    return found


def any_tensors(name: str, rng: np.random.Generator) -> bytes:
    """One operator on tensors that may or may not suit it."""
    writer = Writer()
    shape = [int(size) for size in rng.choice([1, 2, 3, 4], int(rng.integers(1, 5)))]
    inputs = []
    for position in range(int(rng.integers(1, 4))):
        data = rng.integers(-128, 128, shape) if position and rng.random() < 0.4 else None
        inputs.append(writer.tensor(shape, float(rng.choice([0.05, 0.1])), int(rng.choice([0, -128, 5])), data=data))
    output = writer.tensor(shape, float(rng.choice([0.1, 1 / 256, 1 / 128])), int(rng.choice([0, -128, 5])))
    writer.operation(name, inputs, [output])
    given = [index for index in inputs if writer.tensors[index].buffer == 0]
    return writer.build(given, [output])


def contradicted(tflite: bytes, rng: np.random.Generator) -> bytes:
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    for _ in range(int(rng.choice([0, 1, 1, 1, 2, 3]))):
        changes = (change_shape, change_shape, change_type, change_scale, change_zero_point, change_axis,
                   change_option, change_option, change_inputs, change_constant, change_index, change_options_table,
                   change_operator, change_outputs)  # fmt: skip
        changes[int(rng.integers(len(changes)))](model, rng)
    for tensor in model.subgraphs[0].tensors:
        fit_bytes(model, tensor, rng)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def a_tensor(model: schema.ModelT, rng: np.random.Generator) -> schema.TensorT:
    tensors = model.subgraphs[0].tensors
    return tensors[int(rng.integers(len(tensors)))]


def change_shape(model: schema.ModelT, rng: np.random.Generator) -> None:
    tensor = a_tensor(model, rng)
    shape = [int(size) for size in (tensor.shape if tensor.shape is not None else [])]
    match int(rng.integers(6)):
        case 0 if shape:
            shape[int(rng.integers(len(shape)))] = int(rng.choice(_SIZES))
        case 1:
            shape.insert(int(rng.integers(len(shape) + 1)), int(rng.choice([1, 1, 2])))
        case 2 if shape:
            del shape[int(rng.integers(len(shape)))]
        case 3:
            shape = [int(size) for size in rng.permutation(shape)]
        case 4 if shape:
            shape = [1, math.prod(shape)]
        case 5 if len(shape) > 1:
            shape = [*shape[:-2], shape[-2] * shape[-1]]
    if math.prod(shape) <= _MOST_VALUES and len(shape) < 7:
        tensor.shape = np.array(shape, np.int32)


def change_type(model: schema.ModelT, rng: np.random.Generator) -> None:
    a_tensor(model, rng).type = getattr(schema.TensorType, str(rng.choice(_TYPES)))


def change_scale(model: schema.ModelT, rng: np.random.Generator) -> None:
    tensor = a_tensor(model, rng)
    if tensor.quantization is None or rng.random() < 0.1:
        tensor.quantization = None if rng.random() < 0.5 else schema.QuantizationParametersT()
        return
    count = int(rng.choice([1, 1, 1, 2, *(tensor.shape if tensor.shape is not None else [])]))
    tensor.quantization.scale = rng.choice(_SCALES, max(count, 1)).astype(np.float32)


def change_zero_point(model: schema.ModelT, rng: np.random.Generator) -> None:
    quantization = a_tensor(model, rng).quantization
    if quantization is not None and quantization.scale is not None:
        count = int(rng.choice([0, 1, 1, len(quantization.scale)]))
        quantization.zeroPoint = rng.choice(_ZERO_POINTS, count).astype(np.int64)


def change_axis(model: schema.ModelT, rng: np.random.Generator) -> None:
    quantization = a_tensor(model, rng).quantization
    if quantization is not None:
        quantization.quantizedDimension = int(rng.choice([0, 1, 2, 3, 9]))


def change_option(model: schema.ModelT, rng: np.random.Generator) -> None:
    operators = model.subgraphs[0].operators
    options: Any = operators[int(rng.integers(len(operators)))].builtinOptions
    if options is None or not vars(options):
        return
    name = str(rng.choice(sorted(vars(options))))
    value = getattr(options, name)
    if isinstance(value, bool):
        setattr(options, name, not value)
    elif isinstance(value, float):
        setattr(options, name, float(rng.choice([-1.5, 0.0, 1e-9, 0.3, 1.0, 40.0, 1e9])))
    elif isinstance(value, int):
        limit = 6 if "ctivation" in name else 2 if "adding" in name or "ormat" in name else 128
        setattr(options, name, int(rng.choice([n for n in _NUMBERS if limit == 128 or 0 <= n < limit])))
    elif value is not None:
        setattr(options, name, np.array(rng.choice(_NUMBERS, int(rng.integers(0, 4))), np.int32))


def change_inputs(model: schema.ModelT, rng: np.random.Generator) -> None:
    operators = model.subgraphs[0].operators
    operator = operators[int(rng.integers(len(operators)))]
    inputs = [int(index) for index in operator.inputs]
    place = int(rng.integers(len(inputs))) if inputs else 0
    match int(rng.integers(4)):
        case 0 if inputs:
            inputs[place] = -1
        case 1 if inputs:
            del inputs[place]
        case 2 if inputs:
            inputs.append(inputs[place])
        case 3:
            inputs = [int(index) for index in rng.permutation(inputs)]
    operator.inputs = np.array(inputs, np.int32)


def change_constant(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Other contents of a constant, at the ends of its type."""
    tensor = a_tensor(model, rng)
    data = model.buffers[tensor.buffer].data
    if data is not None and len(data):
        ends = np.array([0x80, 0x7F, 0xFF, 0x00], np.uint8)
        model.buffers[tensor.buffer].data = rng.choice(ends, len(data)).astype(np.uint8)


def change_index(model: schema.ModelT, rng: np.random.Generator) -> None:
    """An axis, a size or a begin at or just beyond its limits."""
    integers = {schema.TensorType.INT32: np.int32, schema.TensorType.INT64: np.int64}
    found = [
        (model.buffers[tensor.buffer], integers[tensor.type])
        for tensor in model.subgraphs[0].tensors
        if tensor.type in integers and tensor.buffer and model.buffers[tensor.buffer].data is not None
    ]
    if not found:
        return
    buffer, dtype = found[int(rng.integers(len(found)))]
    whole = len(buffer.data) // np.dtype(dtype).itemsize  # its type may have been changed before
    numbers = np.frombuffer(np.asarray(buffer.data, np.uint8).tobytes(), dtype, whole).copy()
    if numbers.size:
        numbers[int(rng.integers(numbers.size))] = int(rng.choice(_NUMBERS))
        buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)


def change_options_table(model: schema.ModelT, rng: np.random.Generator) -> None:
    """No options, or those of another operator: TFLM takes zeros then."""
    operators = model.subgraphs[0].operators
    operator = operators[int(rng.integers(len(operators)))]
    kinds = {name: value for name, value in vars(schema.BuiltinOptions).items() if isinstance(value, int)}
    del kinds["CallOptions"]  # its number has no sign, and change_option writes negative ones
    kind = "NONE" if rng.random() < 0.5 else str(rng.choice(sorted(kinds)))
    operator.builtinOptionsType = kinds[kind]
    operator.builtinOptions = None if kind == "NONE" else getattr(schema, f"{kind}T")()


def change_operator(model: schema.ModelT, rng: np.random.Generator) -> None:
    """Another operator on the same tensors, with or without its options."""
    code = model.operatorCodes[int(rng.integers(len(model.operatorCodes)))]
    value = getattr(schema.BuiltinOperator, str(rng.choice(supported_operators())))
    code.builtinCode, code.deprecatedBuiltinCode = value, min(value, 127)
    if rng.random() < 0.7:
        for operator in model.subgraphs[0].operators:
            if model.operatorCodes[operator.opcodeIndex] is code:
                operator.builtinOptions, operator.builtinOptionsType = None, 0


def change_outputs(model: schema.ModelT, rng: np.random.Generator) -> None:
    subgraph = model.subgraphs[0]
    operator = subgraph.operators[int(rng.integers(len(subgraph.operators)))]
    outputs = [int(index) for index in operator.outputs]
    match int(rng.integers(3)):
        case 0 if len(outputs) > 1:
            del outputs[int(rng.integers(len(outputs)))]
        case 1:
            outputs.append(int(rng.integers(len(subgraph.tensors))))
        case 2:
            outputs = [int(index) for index in rng.permutation(outputs)]
    operator.outputs = np.array(outputs, np.int32)


def fit_bytes(model: schema.ModelT, tensor: schema.TensorT, rng: np.random.Generator) -> None:
    """Give a constant as many bytes as its shape and type ask for, so that the file stays sound."""
    data = model.buffers[tensor.buffer].data
    if tensor.buffer == 0 or data is None or not len(data):
        return
    names = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    bits = TYPE_BITS.get(names[tensor.type], 8) * math.prod(int(n) for n in tensor.shape)
    wanted = -(-bits // 8)
    if wanted != len(data):
        model.buffers[tensor.buffer].data = np.resize(np.asarray(data, np.uint8), wanted)


def make_case(seed: int, number: int) -> Case:
    rng = np.random.default_rng((seed, number))
    known = drawers()
    tflite = contradicted(known[sorted(known)[number % len(known)]](rng), rng)
    try:
        graph = read_tflite(tflite)
        ports = [graph.tensors[index] for index in (*graph.inputs, *graph.outputs)]
        if any(port.type not in _PORT_TYPES for port in ports):
            return Case(number, tflite, [], None, "read: a port is of another type in the C than in TFLM")
        given = [graph.tensors[index] for index in graph.inputs]
        inputs = [edge_vectors(rng, port.shape, VECTORS, port.dtype) for port in given]
        return Case(number, tflite, inputs, graph)
    except PipelineError as error:
        return Case(number, tflite, [], None, f"read: {error}")


def compiled(case: Case) -> Any:
    """The C of a case, or None with the reason in the case."""
    assert case.graph is not None
    target = Target(optimize="speed" if case.number % 3 == 0 else "size")
    try:
        return compile_graph(case.graph, "fuzz", target, prefix=f"m{case.number}")
    except PipelineError as error:
        case.reason = str(error)
        return None


def run_c(cases: Sequence[tuple[Case, Any]], folder: Path) -> dict[int, list[np.ndarray]]:
    """Every model in one library; kernels are shared."""
    sources: dict[str, Path] = {}
    for _, tree in cases:
        place = folder / "c"
        place.mkdir(exist_ok=True)
        for path in write_tree(tree, place):
            sources[path.name] = path
    library = ctypes.CDLL(str(compile_c(list(sources.values()), folder / "c" / "all.so", "-shared", "-fPIC", "-O1")))
    results = {}
    for case, _ in cases:
        assert case.graph is not None
        given = [case.graph.tensors[index] for index in case.graph.outputs]
        outputs = [np.zeros((VECTORS, tensor.size), tensor.dtype.numpy) for tensor in given]
        flat = [np.ascontiguousarray(array).reshape(VECTORS, -1) for array in case.inputs]
        for row in range(VECTORS):
            arrays = [array[row] for array in (*flat, *outputs)]
            getattr(library, f"m{case.number}_invoke")(*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))
        results[case.number] = outputs
    return results


def run_oracle(cases: Sequence[Case], folder: Path) -> dict[int, Any]:
    """TFLM's answers by number: arrays, a reason, or 'crashed'."""
    answers: dict[int, Any] = {}
    left = list(cases)
    while left:
        work, done = folder / "work", folder / "done"
        work.write_bytes(pickle.dumps([(case.number, case.tflite, case.inputs) for case in left]))
        done.write_bytes(b"")
        command = [sys.executable, "-m", "tests.fuzz_shapes", "--oracle", str(work), str(done)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=300)
        with done.open("rb") as file:
            while True:
                try:
                    number, answer = pickle.load(file)
                except (EOFError, pickle.UnpicklingError):
                    break
                answers[number] = answer
        remaining = [case for case in left if case.number not in answers]
        if remaining:
            answers[remaining[0].number] = "crashed"
        left = remaining[1:]
    return answers


def oracle(work: Path, done: Path) -> None:
    from tests.oracle import run_tflm

    with done.open("ab") as file:
        for number, tflite, inputs in pickle.loads(work.read_bytes()):
            try:
                answer: Any = [np.array(array) for array in run_tflm(tflite, inputs)]
            except Exception as error:
                answer = f"refused: {error}"
            pickle.dump((number, answer), file)
            file.flush()


def run_range(seed: int, start: int, stop: int, folder: Path) -> Outcome:
    outcome = Outcome()
    for first in range(start, stop, BATCH):
        place = folder / str(first)
        place.mkdir()
        run_batch([make_case(seed, number) for number in range(first, min(first + BATCH, stop))], seed, place, outcome)
    return outcome


def run_batch(cases: Sequence[Case], seed: int, folder: Path, outcome: Outcome) -> None:
    trees = [(case, tree) for case in cases if case.graph is not None and (tree := compiled(case)) is not None]
    actual = run_c(trees, folder) if trees else {}
    expected = run_oracle([case for case in cases if case.graph is not None], folder)
    for case in cases:
        answer = expected.get(case.number)
        runs = isinstance(answer, list)
        if case.number not in actual:
            kind = "refused by the reader" if case.graph is None else "refused by the compiler"
            outcome.counts[f"{kind}, TFLM runs it" if runs else kind] += 1
            if runs:
                outcome.note(outcome.refusals, without_numbers(case.reason), case.number)
        elif not runs:
            outcome.counts["accepted, TFLM " + ("crashed" if answer == "crashed" else "refuses")] += 1
            outcome.note(outcome.accepted, f"{answer}"[:120], case.number)
        else:
            outcome.counts["accepted, TFLM runs it"] += 1
            for got, wanted in zip(actual[case.number], answer, strict=True):
                if not np.array_equal(got, wanted):
                    names = [operation.name for operation in case.graph.operations] if case.graph else []
                    outcome.differences.append(f"input ({seed}, {case.number}), {names}: {int((got != wanted).sum())}")
                    break


def without_numbers(text: str) -> str:
    """A reason with its numbers taken out, so that equal ones count together."""
    return re.sub(r"-?\d[\d.e+-]*", "N", text)[:160]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--oracle", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.oracle:
        oracle(*arguments.oracle)
        return 0
    with tempfile.TemporaryDirectory(prefix="tinyml-fuzz-") as folder:
        outcome = run_range(arguments.seed, 0, arguments.count, Path(folder))
    for counter in (outcome.counts, outcome.accepted, outcome.refusals):
        for what, count in counter.most_common(40):
            example = f" (such as {outcome.examples[what]})" if what in outcome.examples else ""
            print(f"{count:>8,} {what}{example}")
        print()
    for difference in outcome.differences[:40]:
        print(difference)
    print(f"{arguments.count:,} files, {len(outcome.differences)} differences")
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
