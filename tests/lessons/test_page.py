"""The command: it lists, refuses by name, draws the same bytes twice, and makes the page that stands in docs/."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure
from matplotlib.image import imread
from tinyml_pipeline.cli import main
from tinyml_pipeline.show.lessons.catalog import lesson_names, load_lesson
from tinyml_pipeline.show.report.plots import to_png
from tinyml_pipeline.workflow import lesson as teaching

DOCS = Path(__file__).parents[2] / "docs"
Pixels = npt.NDArray[np.float32]
MOVED, SHADE, ALLOWED = 1, 0.15, 10
NUMBERS = 66  # pixels from the widest number of an axis to its panel
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?")


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--artifacts", str(root), "lesson", *arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    result = run(folder / "artifacts", "--docs", str(folder / "docs"))
    assert result.output == f"written: {folder}/docs/lessons.md and {len(lesson_names())} pictures\n"
    return folder / "docs"


def test_every_lesson_is_found_without_a_list() -> None:
    assert lesson_names() == [
        "activations",
        "batches",
        "descent",
        "dropout",
        "early-stopping",
        "forward",
        "gradients",
        "learning-rate",
        "losses",
        "overfit",
        "parameters",
        "units",
    ]
    assert all(load_lesson(name).name == name for name in lesson_names())


def test_without_a_name_it_lists(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert all(name in result.output for name in lesson_names())
    assert not list(tmp_path.iterdir())


def test_an_unknown_lesson_names_the_nearest(tmp_path: Path) -> None:
    result = run(tmp_path, "desent")
    assert result.exit_code == 2
    assert result.stderr == "tinyml: there is no lesson 'desent'. Did you mean 'descent'?\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["lessons.md", "lessons/units.png"])
def test_a_page_of_the_user_is_not_replaced(name: str, tmp_path: Path) -> None:
    (tmp_path / "docs" / "lessons").mkdir(parents=True)
    (tmp_path / "docs" / name).write_text("mine")
    result = run(tmp_path / "artifacts", "--docs", str(tmp_path / "docs"))
    assert (result.exit_code, result.stderr) == (
        1,
        f"tinyml: {tmp_path}/docs/{name} is not from 'tinyml lesson'. Nothing was changed; give --docs another"
        " folder.\n",
    )
    assert (tmp_path / "docs" / name).read_text() == "mine"
    assert not (tmp_path / "artifacts").exists(), "no lesson was run"


def test_a_lesson_prints_and_draws_the_same_twice(tmp_path: Path) -> None:
    outputs, pictures = [], []
    for _ in range(2):
        outputs.append(run(tmp_path, "forward").output)
        pictures.append([(tmp_path / "lessons" / f"forward.{kind}").read_bytes() for kind in ("png", "svg")])
    assert outputs[0] == outputs[1]
    assert pictures[0] == pictures[1]
    assert "1.24" in outputs[0]


def test_names_and_docs_do_not_go_together(tmp_path: Path) -> None:
    result = run(tmp_path, "forward", "--docs", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == "tinyml: --docs makes the page of all lessons; give no names with it.\n"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = teaching.tell(["forward"], tmp_path / "artifacts")
    with pytest.raises(teaching.ArtifactsError, match=r"file cannot be written \(.*\)\. Give --docs another folder\."):
        teaching.write_page(told, tmp_path / "file")


def test_the_page_in_docs_is_what_the_command_makes(page: Path) -> None:
    """Words exactly; numbers within 5 %: processors round sums differently, and training makes more of it."""
    made, kept = ((folder / "lessons.md").read_text() for folder in (page, DOCS))
    assert NUMBER.sub("#", made) == NUMBER.sub("#", kept)
    for new, old in zip(NUMBER.findall(made), NUMBER.findall(kept), strict=True):
        assert float(new.replace(",", "")) == pytest.approx(float(old.replace(",", "")), rel=0.05, abs=0.11)


PEN_AND_PAPER = {
    "descent": [
        "the slopes of the loss are -17.667 and -4.000;",  # -106 / 6 and -24 / 6
        "above a rate of 0.177 each step",
        "| SGD 0.1: right | 50 | 1.998 | -0.994 | 2.34e-05 | arrives |",
        "| SGD 0.005: too small | 50 | 1.546 | 0.124 | 0.797 | creeps |",
        "| SGD 0.182: too large | 50 | -22.035 | -8.752 | 3.6e+03 | overshoots, farther each time |",
    ],
    "gradients": [
        # 5*2 + 8*3 - 2 - 18 = 14; 2 * 14 * 2, 2 * 14 * 3, 2 * 14; 5 - 0.02 * 56, 8 - 0.02 * 84, -2 - 0.02 * 28
        "| 1 | 2, 3 | 18 | 14.000000 | 56.000000 | 84.000000 | 28.000000 | 3.880000 | 6.320000 | -2.560000 | equal |",
        "inputs 1 and 3 with weights 1 and 2 give 7, target 4, error 3: slopes 6 and 18.",
        "to six digits in 100 of 100 iterations, eager and under tf.function;",
        "the weights are 2.000, 3.000 and 5.000:",
    ],
    "forward": [
        "| none | 5 | 5 | 1 | 1 | 9.00 |",
        "| relu | 5 | 5 | 1 | 1 | 9.00 |",
        "| tanh | 5 | 0.99991 | 1 | 0.76159 | 1.24 |",
    ],
    "activations": [
        "| sigmoid | 0.1192 | 0.5000 | 0.8808 |",
        "| tanh | -0.9640 | 0.0000 | 0.9640 |",
        "| relu | 0.0000 | 0.0000 | 2.0000 |",
        "| softmax | 0.0420 | 0.2447 | 0.7054 |",
    ],
    "losses": [
        "| 0.01 | 0.9801 | 4.6052 | 0.0101 | 4.6052 | -0.0196 | -0.9900 |",
        "| 0.5 | 0.2500 | 0.6931 | 0.6931 | 0.6931 | -0.2500 | -0.5000 |",
    ],
    "batches": ["| 2,000: full batch | 1 |", "| 32: mini-batch | 62 |", "| 1: single samples | 2,000 |"],
    "parameters": [
        "| linear | Dense 1 | 1 \\* 1 + 1 | 1 | 1 | 2 | 2 |",
        "| adder | Dense 20 | 50 \\* 20 + 20 | 1,000 | 20 | 1,020 | 1,020 |",
        "| digits_cnn | Conv2D 16 | 3 \\* 3 \\* 8 \\* 16 + 16 | 1,152 | 16 | 1,168 | 1,168 |",
        "The adder has 150 + 1020 + 21 = 1,191:",
    ],
    "overfit": ["| 5 | 51 |", "| 100 | 10,501 |"],  # 3*5 + 6*5 + 6 parameters
}


@pytest.mark.parametrize("lesson", PEN_AND_PAPER)
def test_what_the_command_says_agrees_with_pen_and_paper(page: Path, lesson: str) -> None:
    (section,) = [part for part in (page / "lessons.md").read_text().split("\n## ") if part.startswith(f"{lesson}: ")]
    for said in PEN_AND_PAPER[lesson]:
        assert said in section


def test_every_picture_of_the_page_is_in_docs(page: Path) -> None:
    made, kept = (sorted((folder / "lessons").glob("*.png")) for folder in (page, DOCS))
    assert [path.name for path in made] == [path.name for path in kept] == [f"{name}.png" for name in lesson_names()]
    for new, old in zip(made, kept, strict=True):
        pictures = imread(new), imread(old)
        if old.stem == "learning-rate":
            _cover_the_curves(load_lesson(old.stem).run().draw(), pictures)
        assert strange_pixels(*pictures) <= ALLOWED, f"{old.name} is another; run: tinyml lesson --docs docs"


def _cover_the_curves(figure: Figure, pictures: tuple[Pixels, Pixels]) -> None:
    """Each panel with its numbers on the left: the adder's training is chaotic, one last digit makes another curve.

    test_learning_rate.py looks at those curves; titles, names and the legend stay here.
    """
    to_png(figure)  # puts everything in its place
    height = int(figure.bbox.height)
    for place in figure.axes:
        box = place.get_window_extent()
        rows = slice(height - int(box.y1) - 4, height - int(box.y0) + 4)
        for picture in pictures:
            picture[rows, int(box.x0) - NUMBERS : int(box.x1) + 4] = 1


def _hide_a_curve(figure: Figure) -> None:
    figure.axes[1].lines[1].set_visible(False)


def _move_the_legend(figure: Figure) -> None:
    found = figure.axes[0].get_legend()
    assert found
    found.set_loc("center")


def _change_a_letter(figure: Figure) -> None:
    figure.axes[0].set_ylabel("lass")


def _shake_the_curves(figure: Figure) -> None:
    """By a thousandth, much more than another processor does."""
    rng = np.random.default_rng(0)
    for line in (line for place in figure.axes for line in place.lines):
        y = np.asarray(line.get_ydata())
        line.set_ydata(y * rng.uniform(0.999, 1.001, len(y)))


@pytest.mark.parametrize(
    ("change", "same"),
    [(_hide_a_curve, False), (_move_the_legend, False), (_change_a_letter, False), (_shake_the_curves, True)],
)
def test_a_picture_is_told_from_one_that_says_something_else(change: Callable[[Figure], None], same: bool) -> None:
    figure = load_lesson("losses").run().draw()
    change(figure)
    drawn, kept = imread(io.BytesIO(to_png(figure))), imread(DOCS / "lessons" / "losses.png")
    assert (drawn != kept).any()
    assert (strange_pixels(drawn, kept) <= ALLOWED) == same


def strange_pixels(one: Pixels, other: Pixels) -> int:
    """How many pixels of one picture have no like in the other, MOVED pixel around; for other processors, which draw
    single pixels and train the last digits otherwise.

    Each channel must lie between the darkest and the brightest of the other's there, give or take SHADE.
    """
    assert one.shape == other.shape
    strange = np.zeros(one.shape[:2], bool)
    for picture, like in ((one, other), (other, one)):
        outside = (picture > _around(like, np.maximum) + SHADE) | (picture < _around(like, np.minimum) - SHADE)
        strange |= outside.any(axis=-1)
    return int(strange.sum())


def _around(picture: Pixels, pick: np.ufunc) -> Pixels:
    for axis in (0, 1):
        picture = pick.reduce([np.roll(picture, step, axis) for step in range(-MOVED, MOVED + 1)])
    return picture
