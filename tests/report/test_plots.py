"""What the pictures of training and parity show: one scale a panel, words for names, lines that differ in grey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.models.spec import Domain
from tinyml_pipeline.show.report import plots

HISTORY = {
    "loss": (5.0, 1.0, 0.1),
    "accuracy": (0.2, 0.8, 0.9),
    "val_loss": (4.0, 1.5, 0.5),
    "val_accuracy": (0.3, 0.7, 0.8),
}


@pytest.fixture
def figure_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Draws, and gives back the figure instead of its bytes."""
    monkeypatch.setattr(plots, "to_png", lambda figure: figure)
    return lambda draw, *arguments: draw(*arguments)


def titles(figure: Any) -> str:
    return str(figure.get_suptitle())


def test_loss_and_accuracy_have_a_panel_each(figure_of: Callable[..., Any]) -> None:
    figure = figure_of(plots.draw_loss, "digits", "categorical_crossentropy", HISTORY)
    loss, accuracy = figure.axes
    assert titles(figure) == "digits: loss and accuracy by epoch"
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("categorical crossentropy", "accuracy")
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    assert accuracy.get_ylim() == (0, 1.02)
    assert (loss.get_xlabel(), accuracy.get_xlabel()) == ("", "epoch")
    for place, name in ((loss, "loss"), (accuracy, "accuracy")):
        lines = {line.get_label(): line for line in place.lines}
        for label, column in (("training", name), ("validation", f"val_{name}")):
            np.testing.assert_array_equal(lines[label].get_ydata(), HISTORY[column])
            np.testing.assert_array_equal(lines[label].get_xdata(), [1, 2, 3])
        assert lines["training"].get_linestyle() != lines["validation"].get_linestyle()


def test_a_loss_alone_is_one_panel_without_legend(figure_of: Callable[..., Any]) -> None:
    figure = figure_of(plots.draw_loss, "sine", "mean_squared_error", {"loss": (0.3, 0.2)})
    (loss,) = figure.axes
    assert titles(figure) == "sine: loss by epoch"
    assert (loss.get_ylabel(), loss.get_yscale(), loss.get_legend()) == ("mean squared error", "linear", None)


def test_a_train_step_of_the_user_may_call_its_loss_otherwise(figure_of: Callable[..., Any]) -> None:
    figure = figure_of(plots.draw_loss, "m", "mse", {"my_loss": (9.0, 0.1), "mae": (9.0, 0.1)})
    assert titles(figure) == "m: my loss and mae by epoch"
    assert [place.get_yscale() for place in figure.axes] == ["log", "linear"]


@pytest.mark.parametrize("losses", [(-0.1, -0.9), (0.0, 5.0)], ids=["negative", "zero"])
def test_a_loss_that_has_no_logarithm_is_drawn_straight(figure_of: Callable[..., Any], losses: Any) -> None:
    (loss,) = figure_of(plots.draw_loss, "m", "cosine_similarity", {"loss": losses}).axes
    assert loss.get_yscale() == "linear"


def test_one_epoch_is_a_point(figure_of: Callable[..., Any]) -> None:
    (loss,) = figure_of(plots.draw_loss, "m", "mse", {"loss": (1.0,), "val_loss": (2.0,)}).axes
    assert [line.get_marker() for line in loss.lines] == ["o", "o"]
    assert [tick for tick in loss.get_xticks() if loss.get_xlim()[0] < tick < loss.get_xlim()[1]] == [1]


@pytest.mark.parametrize(("epochs", "step"), [(8, 1), (80, 10), (100, 20), (500, 100)])
def test_epochs_are_marked_by_round_numbers(figure_of: Callable[..., Any], epochs: int, step: int) -> None:
    (loss,) = figure_of(plots.draw_loss, "m", "mse", {"loss": tuple(range(1, epochs + 1))}).axes
    assert set(np.diff(loss.get_xticks())) == {step}


def test_the_range_test_marks_the_turn_and_the_rate_to_take(figure_of: Callable[..., Any]) -> None:
    figure = figure_of(plots.draw_range_test, "linear", (1e-5, 1e-3, 0.1), (9.0, 3.0, 1.0), 0.1, 0.01)
    (axes,) = figure.axes
    assert axes.get_title() == "linear: loss while the rate grows"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["take this: 0.01", "the turn: 0.1"]
    assert axes.lines[1].get_linestyle() != axes.lines[2].get_linestyle()


def test_the_learning_rate_starts_at_zero_on_its_axis(figure_of: Callable[..., Any]) -> None:
    (axes,) = figure_of(plots.draw_learning_rate, "linear", np.arange(3), np.array([0.1, 0.2, 0.1])).axes
    assert axes.get_title() == "linear: learning rate by update"
    assert axes.get_ylim() == pytest.approx((0, 0.22))


def lightness(color: Any) -> float:
    """From 0 to 1, as a grey printer weighs red, green and blue."""
    from matplotlib.colors import to_rgb

    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


def test_the_colours_differ_in_grey() -> None:
    dark, light = lightness(plots.DARK), lightness(plots.LIGHT)
    assert light - dark > 0.3


def test_parity_of_many_inputs_names_both_sides(figure_of: Callable[..., Any]) -> None:
    values, outputs = np.zeros((4, 3)), np.arange(4.0)
    domains = [Domain(name, 0, 1) for name in "abc"]
    figure = figure_of(plots.draw_parity, "m", domains, values, outputs, outputs, 0.1, "every output")
    upper, lower = figure.axes
    assert (lower.get_xlabel(), upper.get_ylabel()) == ("every output by Keras", "every output by int8")


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_the_maps_of_parity_grow_lighter_all_the_way(figure_of: Callable[..., Any], inputs: int) -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 4)] * inputs), -1).reshape(-1, inputs)
    expected = grid.sum(axis=1)
    domains = [Domain(name, 0, 1, "m") for name in "abc"[:inputs]]
    figure = figure_of(plots.draw_parity, "m", domains, grid, expected, expected + 0.01, 0.1, "sum")
    maps = [image for place in figure.axes for image in place.get_images()]
    assert len(maps) == (3 if inputs == 2 else 0)
    for image in maps:
        shades = [lightness(image.cmap(value)) for value in np.linspace(0, 1, 50)]
        assert (np.diff(shades) > -0.005).all()


def test_the_same_numbers_give_the_same_bytes() -> None:
    first, second = (plots.draw_loss("digits", "categorical_crossentropy", HISTORY) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")
