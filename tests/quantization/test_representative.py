"""Representative inputs: corners reached, the same every time, and the scale that they lead to."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.representative import representative_inputs

from tests.conftest import BuildKeras

A, B, C = Domain("a", 0, 100), Domain("b", -3, 5), Domain("c", 0.5, 0.7)


def rows(array: np.ndarray) -> set[tuple[float, ...]]:
    return {tuple(row) for row in array.reshape(len(array), -1).tolist()}


def test_one_value_is_a_line_with_both_ends() -> None:
    inputs = representative_inputs([A], (1,))
    assert inputs.shape == (256, 1)
    assert inputs.dtype == np.float32
    assert (inputs[0, 0], inputs[-1, 0]) == (0, 100)


def test_two_values_are_a_grid_with_all_corners() -> None:
    inputs = representative_inputs([A, B], (2,))
    assert inputs.shape == (1024, 2)
    assert {(0, -3), (0, 5), (100, -3), (100, 5)} <= rows(inputs)


def test_three_values_have_all_corners_and_stay_inside() -> None:
    inputs = representative_inputs([A, B, A], (3,))
    assert {(x, y, z) for x in (0, 100) for y in (-3, 5) for z in (0, 100)} <= rows(inputs)
    assert inputs.min(axis=0).tolist() == [0, -3, 0]
    assert inputs.max(axis=0).tolist() == [100, 5, 100]


def test_one_domain_stands_for_an_image_and_samples_join_in_clipped() -> None:
    samples = np.full((1000, 8, 8, 1), 200, np.float32)
    inputs = representative_inputs([A], (8, 8, 1), samples)
    assert inputs.shape == (4 + 100 + 400, 8, 8, 1)
    assert (inputs[-1] == 100).all()
    assert (inputs[0] == 0).all()


def test_same_seed_same_inputs() -> None:
    one, two, other = (representative_inputs([A, B, C], (3,), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_a_domain_for_each_value_or_one_for_all() -> None:
    with pytest.raises(SpecError) as caught:
        representative_inputs([A, B], (3,))
    assert str(caught.value) == (
        "the network takes 3 values (shape (3,)), but 2 input domains are named. Name one for each value, or a single "
        "one for all."
    )


@pytest.mark.parametrize(
    ("domains", "low", "high"),
    [((Domain("x", -10, 10),), -10, 10), ((A, B), -3, 100), ((Domain("x", 5, 10),), 0, 10), ((A, B, C), -3, 100)],
)
def test_the_input_scale_is_the_domain_over_255(
    keras_process: KerasProcess, build_keras: BuildKeras, domains: tuple[Domain, ...], low: float, high: float
) -> None:
    size = len(domains)
    archive = build_keras(f"Sequential([Input(({size},)), layers.Dense(1)])")
    inputs = representative_inputs(domains, (size,))
    graph = read_tflite(keras_process.convert(archive, inputs, False, "scale"))
    quantization = graph.tensors[graph.inputs[0]].quantization
    assert quantization is not None
    assert np.float32(quantization.scale) == np.float32((high - low) / 255)
