"""The rate found trains at least as well as the spec's own: same start, same epochs, to the last one."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.show.lessons import learning_rate
from tinyml_pipeline.training.lr_find import find_learning_rate


@pytest.mark.parametrize("model", learning_rate.MODELS)
def test_the_rate_found_ends_at_a_loss_at_least_as_small(model: str) -> None:
    case = learning_rate.compare(model)
    own, found = case.own["loss"], case.found["loss"]
    assert len(found) == len(own) == load_spec(model).epochs
    assert found[-1] <= own[-1]
    assert case.own_rate < case.test.found == pytest.approx(case.test.turn / 10, rel=0.05)


def test_the_test_is_the_command_s_own() -> None:
    assert learning_rate.compare("linear").test == find_learning_rate(load_spec("linear"))


def test_the_table_and_the_sentences_say_it() -> None:
    sheet = learning_rate.run()
    linear, adder, digits = sheet.rows
    assert linear == ("linear", "500", "0.01", "3.9e-05", "0.18", "0.018", "9.2e-09")
    assert adder[:3] == ("adder", "60", "0.003")
    assert digits[:3] == ("digits", "100", "0.001")
    assert sheet.sentences[1].endswith(
        "; after the same 500 epochs its loss is 9.2e-09 with the rate found and 3.9e-05 with its spec's."
    )


def test_its_picture_shows_every_curve() -> None:
    axes = learning_rate.run().draw().axes
    for place, model in zip(axes, learning_rate.MODELS, strict=False):
        curve, own, found, turn = place.lines
        test = learning_rate.compare(model).test
        np.testing.assert_array_equal(np.asarray(curve.get_xdata()), test.rates)
        np.testing.assert_array_equal(np.asarray(curve.get_ydata()), test.losses)
        marked = [float(np.asarray(line.get_xdata())[0]) for line in (own, found, turn)]
        assert marked == [learning_rate.compare(model).own_rate, test.found, test.turn]
        assert float(np.asarray(turn.get_ydata())[0]) == test.losses[test.rates.index(test.turn)]
    for place, model in zip(axes[len(learning_rate.MODELS) :], learning_rate.MODELS, strict=True):
        case = learning_rate.compare(model)
        for line, columns in zip(place.lines, (case.own, case.found), strict=True):
            np.testing.assert_array_equal(np.asarray(line.get_ydata()), columns["loss"])
