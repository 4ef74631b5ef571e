"""What the commands that show a model print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import print_table, tell
from tinyml_pipeline.wording import counted

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.export import Export
    from tinyml_pipeline.workflow.graph import Drawn
    from tinyml_pipeline.workflow.lesson import LessonRow, Told
    from tinyml_pipeline.workflow.lr_find import FoundRate
    from tinyml_pipeline.workflow.operators import OperatorRow
    from tinyml_pipeline.workflow.predict import Prediction

_MOST_INPUTS = 6  # of more, as of an image, the answers are of interest only


def prediction(found: Sequence[Prediction]) -> None:
    """The question as int8 sees it, then the answers side by side."""
    for one in found:
        print_table(
            [one.model, "you typed", "int8 sees", "stored as"],
            [[value.name, f"{value.asked:g}", f"{value.seen:.6g}", str(value.int8)] for value in one.inputs],
        )
        keras = ["Keras to what you typed", "Keras to what int8 sees"] if one.difference is not None else []
        print_table(
            ["answer", *keras, "int8", "C on this computer"],
            [
                [
                    answer.name,
                    *(f"{value:.6g}" for value in (answer.keras, answer.keras_seen) if value is not None),
                    f"{answer.int8_real:.6g} ({answer.int8})",
                    "not run" if answer.c_real is None else f"{answer.c_real:.6g} ({answer.c})",
                ]
                for answer in one.answers
            ],
        )
        tell("int8 knows 256 values of each input and sees the nearest one to what you typed.")
        if one.difference is not None:
            within = "within" if one.difference <= one.tolerance else "MORE THAN"
            place = f" in {one.output}" if one.output else ""
            told = f"{one.difference:.3g} from Keras{place}: {within} the tolerance of {one.tolerance:.4g}"
            tell(f"Asked the same, int8 is {told}.")
        tell(f"One int8 step of {one.output or 'the answer'} is {one.output_step:.4g}.")
        if one.without_c:
            tell(one.without_c)


def prediction_rows(found: Sequence[Prediction]) -> None:
    """One line per row: what was asked (if that is little) and the answers side by side; then the worst row."""
    first = found[0]
    shown = first.inputs if len(first.inputs) <= _MOST_INPUTS else ()
    answers = [answer.name for answer in first.answers]
    headings = ["row", *(value.name for value in shown)]
    for name in answers:
        keras = [f"{name}, Keras"] if first.difference is not None else []
        headings += [*keras, f"{name}, int8", f"{name}, C"]
    print_table(headings, [_prediction_row(one, len(shown)) for one in found])
    differences = [one.difference for one in found if one.difference is not None]
    worst = 0
    if differences:
        worst = max(range(len(found)), key=lambda index: differences[index] / found[index].tolerance)
        within = sum(difference <= one.tolerance for difference, one in zip(differences, found, strict=True))
        one = found[worst]
        place = f" of {one.output}" if one.output else ""
        tell(
            f"{first.model}: {within:,} of {len(found):,} rows within the tolerance; the largest difference between"
            f" int8 and Keras{place}, asked the same, is {differences[worst]:.3g} in row {found[worst].row}, of"
            f" {one.tolerance:.4g} accepted."
        )
    tell(f"One int8 step of {found[worst].output or 'the answer'} is {found[worst].output_step:.4g}.")
    if first.without_c:
        tell(first.without_c)


def _prediction_row(one: Prediction, inputs: int) -> list[str]:
    row = [str(one.row), *(f"{value.asked:g}" for value in one.inputs[:inputs])]
    for answer in one.answers:
        c = "not run" if answer.c_real is None else f"{answer.c_real:.6g}"
        row += [] if answer.keras is None else [f"{answer.keras:.6g}"]
        row += [f"{answer.int8_real:.6g}", c]
    return row


def operators(rows: Sequence[OperatorRow]) -> None:
    print_table(["operator", "what is supported"], [[row.name, row.supported] for row in rows])
    tell("Each gives TFLM's bytes on every board. Which kernel computes it: tinyml compile MODEL --explain")


def lesson_list(rows: Sequence[LessonRow]) -> None:
    print_table(["lesson", "what it shows"], [[row.name, row.summary] for row in rows])
    tell("One of them: tinyml lesson descent")


def lessons(told: Sequence[Told]) -> None:
    for lesson in told:
        tell(f"{lesson.name}: {lesson.summary}")
        print()
        print_table(lesson.headings, lesson.rows)
        for sentence in lesson.sentences:
            tell(sentence)
        print()
        tell(f"pictures: {', '.join(lesson.pictures)}")
        print()


def drawn(found: Sequence[Drawn]) -> None:
    for one in found:
        tell(f"{one.model}: {' and '.join(one.forms)}, {counted(one.parameters, 'parameter')}, drawn in {one.path}")


def found_rates(found: Sequence[FoundRate], *, is_applied: bool = False) -> None:
    print_table(
        ["model", "rate found", "the loss turns at"],
        [[one.model, f"{one.found:g}", f"{one.turn:.2g}"] for one in found],
    )
    for one in found:
        tell(f"drawn in {one.picture}")
        if not is_applied:
            tell(f"Train with it: {one.next_step}")


def exports(results: Sequence[Export]) -> None:
    print_table(
        ["model", "format", "size", "loaded again"],
        [
            [
                result.model,
                result.exported.format,
                f"{result.exported.bytes:,} B",
                f"same answers to {counted(result.exported.equal_predictions, 'input')}",
            ]
            for result in results
        ],
    )
    for result in results:
        tell(f"written to {result.exported.path}")
