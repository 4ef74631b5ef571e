"""Operators with too few or too many tensors are refused by name, before any pass looks at one."""

from __future__ import annotations

import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.graph import Operation
from tinyml_pipeline.compiler.operators import supported_operators
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.quantization.lint import lint

from tests.tflite_writer import Writer

WRONG = {
    "no_input": (("DEQUANTIZE", (), (0,)), "dequantize (op 3) has no inputs; DEQUANTIZE has 1."),
    "no_output": (("RELU", (0,), ()), "relu (op 3) has no outputs; RELU has 1."),
    "one_of_two": (("ADD", (0,), (1,)), "add (op 3) has 1 input; ADD has 2."),
    "left_out": (("MUL", (0, -1), (1,)), "mul (op 3) has no tensor at input 1; MUL needs one."),
    "too_many": (("CONV_2D", (0, 1, 2, 3), (4,)), "conv_2d (op 3) has 4 inputs; CONV_2D has 2 or 3."),
    "two_outputs": (("TANH", (0,), (1, 2)), "tanh (op 3) has 2 outputs; TANH has 1."),
    "nothing_to_join": (
        ("CONCATENATION", (), (1,)),
        "concatenation (op 3) has no inputs; CONCATENATION has 1 or more.",
    ),
    "not_listed": (("SVDF", (), (1,)), "svdf (op 3) has no inputs; SVDF has 1 or more."),
}
RIGHT = {
    "no_bias": ("FULLY_CONNECTED", (0, 1), (2,)),
    "bias_left_out": ("FULLY_CONNECTED", (0, 1, -1), (2,)),
    "state": ("VAR_HANDLE", (), (0,)),
    "custom": ("CUSTOM:ethos-u", (), ()),
    "split": ("SPLIT", (0, 1), (2, 3, 4)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name: str) -> None:
    (operator, inputs, outputs), message = WRONG[name]
    assert Operation(3, operator, 1, inputs, outputs).wrong_arity == message


@pytest.mark.parametrize("name", RIGHT)
def test_right(name: str) -> None:
    operator, inputs, outputs = RIGHT[name]
    assert Operation(0, operator, 1, inputs, outputs).wrong_arity is None


@pytest.mark.parametrize("operator", supported_operators())
@pytest.mark.parametrize("missing", ["inputs", "outputs"])
def test_every_operator_without_tensors(operator: str, missing: str) -> None:
    """Beside a sound operator: the file as a whole is well-formed. No IndexError, and the lint says the same."""
    writer = Writer()
    source, middle, output = (writer.tensor((1, 4), 0.1, 0) for _ in range(3))
    writer.operation("RELU", [source], [middle])
    writer.operation(operator, [] if missing == "inputs" else [middle], [] if missing == "outputs" else [output])
    graph = read_tflite(writer.build([source], [middle if missing == "outputs" else output]))
    with pytest.raises(UnsupportedError, match=rf"^{operator.lower()} \(op 1\) has .*; {operator} has ") as caught:
        compile_graph(graph, "wrong", Target())
    assert str(caught.value) in lint(graph).problems
