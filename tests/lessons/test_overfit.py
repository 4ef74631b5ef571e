"""More neurons learn the noise."""

from __future__ import annotations

from tinyml_pipeline.show.lessons import overfit


def test_overfit_more_neurons_learn_the_noise() -> None:
    own, new = zip(*(overfit.errors(neurons) for neurons in overfit.NEURONS), strict=True)
    assert own[-1] < 0.7 * own[0]
    assert new[-1] > 2 * new[0]


def test_overfit_draws_the_error_that_its_text_names() -> None:
    sheet = overfit.run()
    [line] = [line for line in sheet.draw().axes[0].lines if str(line.get_label()).startswith("the true sum")]
    assert f"the true sum itself is {line.get_ydata()[0]:.1f} off there" in sheet.sentences[1]


def test_overfit_counts_parameters() -> None:
    assert overfit.parameters(5) == (2 + 1) * 5 + (5 + 1) * 5 + (5 + 1) * 1
