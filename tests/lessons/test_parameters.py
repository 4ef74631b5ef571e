"""Formula and Keras agree."""

from __future__ import annotations

from tinyml_pipeline.show.lessons import parameters


def test_parameters_by_formula_and_by_keras() -> None:
    totals = {}
    for model in parameters.MODELS:
        found = parameters.counts(model)
        assert all(count.weights + count.biases == count.keras for count in found)
        totals[model] = sum(count.keras for count in found)
    assert totals == {"linear": 2, "plane": 3, "adder": 1191, "adder_small": 23, "digits_cnn": 1898}
