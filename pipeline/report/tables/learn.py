"""What the commands that show a model print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.report.tables.table import print_table

if TYPE_CHECKING:
    from pipeline.workflow.graph import Drawn
    from pipeline.workflow.lesson import LessonRow, Told
    from pipeline.workflow.lr_find import FoundRate
    from pipeline.workflow.outcomes import Result
    from pipeline.workflow.predict import Prediction


def prediction(found: Sequence[Prediction]) -> None:
    """The question as int8 sees it, then the answers side by side."""
    for one in found:
        print_table(
            [one.model, "asked", "int8 sees", "as int8"],
            [[value.name, f"{value.asked:g}", f"{value.seen:.6g}", str(value.int8)] for value in one.inputs],
        )
        print_table(
            ["answer", "Keras", "int8", "C on this computer", "int8 - Keras"],
            [
                [
                    answer.name,
                    f"{answer.keras:.6g}",
                    f"{answer.int8_real:.6g} ({answer.int8})",
                    "not run" if answer.c_real is None else f"{answer.c_real:.6g} ({answer.c})",
                    f"{answer.int8_real - answer.keras:+.3g}",
                ]
                for answer in one.answers
            ],
        )
        print(f"One int8 step of the answer is {one.output_step:.4g}; the tolerance is {one.tolerance:g}.")
        if one.without_c:
            print(one.without_c)


def lesson_list(rows: Sequence[LessonRow]) -> None:
    print_table(["lesson", "what it shows"], [[row.name, row.summary] for row in rows])
    print("One of them: tinyml lesson descent")


def lessons(told: Sequence[Told]) -> None:
    for lesson in told:
        print(f"{lesson.name}: {lesson.summary}\n")
        print_table(lesson.headings, lesson.rows)
        for sentence in lesson.sentences:
            print(sentence)
        print(f"\npictures: {', '.join(lesson.pictures)}\n")


def drawn(found: Sequence[Drawn]) -> None:
    for one in found:
        print(f"{one.model}: {' and '.join(one.forms)}, {one.parameters:,} parameters, drawn in {one.path}")


def found_rates(found: Sequence[FoundRate]) -> None:
    print_table(
        ["model", "rate found", "the loss turns at", "drawn in"],
        [[one.model, f"{one.found:g}", f"{one.turn:.2g}", one.picture] for one in found],
    )
    for one in found:
        print(f"Train with it: {one.next_step}")


def exports(results: Sequence[Result]) -> None:
    print_table(
        ["model", "format", "size", "loaded again", "written to"],
        [
            [
                result.model,
                facts["format"],
                f"{facts['bytes']:,} B",
                f"same answers to {facts['equal_predictions']:,} inputs",
                facts["path"],
            ]
            for result in results
            for facts in [result.facts["export"]]
        ],
    )
