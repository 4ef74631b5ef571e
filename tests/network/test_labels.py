"""The words in a drawing."""

from __future__ import annotations

import pytest
from tinyml_pipeline.show.network import labels
from tinyml_pipeline.show.network.network import Layer

from tests.network.samples import FLOAT, INT8, WIDE

NUMBERS = {0.0: "0", 1.0: "1", 1.99734: "1.997", -0.35249: "-0.352", 78.4235: "78.42", 1234.5: "1,234", 1e-7: "1e-07"}


@pytest.mark.parametrize("value", NUMBERS)
def test_a_number_has_three_digits_and_from_one_on_four(value: float) -> None:
    assert labels.number(value) == NUMBERS[value]


def test_a_heading_names_kernel_stride_and_activation() -> None:
    assert labels.heading(WIDE.layers[1]) == "Conv2D 3 x 3, stride 2 x 2, relu"
    assert labels.heading(Layer("p", "MaxPooling2D", (2, 2), kernel=(2, 2), strides=(2, 2))) == "MaxPooling2D 2 x 2"
    assert labels.heading(FLOAT.layers[2]) == "Dense"


def test_an_input_is_named_where_it_has_a_name_of_its_own() -> None:
    assert labels.heading(FLOAT.layers[0]) == "Input"
    assert labels.heading(WIDE.layers[0]) == "Input image"


def test_a_layer_tells_shape_parameters_and_what_int8_makes_of_them() -> None:
    assert labels.details(WIDE.layers[1]) == ["4 x 4 x 8 values", "80 parameters, weights -0.25 to 0.75"]
    assert labels.details(FLOAT.layers[2]) == ["1 value", "2 parameters, weights -1 to 2"]
    assert labels.details(INT8.layers[1]) == [
        "2 values, scale 0.125, zero point 0",
        "before tanh: scale 0.25, zero point -1",
        "6 parameters, weights: scale 0.25",
    ]
    assert labels.details(INT8.layers[2])[1] == "2 parameters, weights: 2 scales, 0.25 to 0.5"
    assert labels.details(Layer("d", "Dropout", (64,))) == ["64 values", "in training only"]


def test_over_neurons_only_int8_has_something_to_add() -> None:
    assert [labels.column_details(layer) for layer in FLOAT.layers] == [[], [], []]
    assert labels.column_details(INT8.layers[0]) == ["values: scale 0.5, zero point -128"]
    assert labels.column_details(INT8.layers[1]) == [
        "values: scale 0.125, zero point 0", "before tanh: scale 0.25, zero point -1", "weights: scale 0.25",
    ]  # fmt: skip


def test_a_neuron_tells_its_name_activation_and_bias() -> None:
    assert labels.neuron_lines(FLOAT, 0, 1) == ["accounts"]
    assert labels.neuron_lines(FLOAT, 1, 1) == ["relu", "bias 0.5"]
    assert labels.neuron_lines(INT8, 1, 1) == ["tanh", "bias 4 (0.5)"]
    assert labels.neuron_lines(INT8, 2, 0) == ["transactions"]


def test_the_title_tells_the_size() -> None:
    assert labels.title(FLOAT) == "float: 8 parameters in 32 bytes"
    assert labels.picture_title([FLOAT, INT8]) == "bank, before and after quantization"
    assert labels.picture_title([INT8]) == "bank"


def test_the_caption_explains_only_what_is_drawn() -> None:
    formula, lines = labels.caption([FLOAT, INT8]).split("\n")
    assert formula.startswith("int8: real value = scale x (q - zero point)")
    assert lines == "solid: positive weight, dashed: negative weight"
    assert labels.caption([WIDE]) == ""
