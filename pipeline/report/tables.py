"""Results as tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.doctor import Check
    from pipeline.workflow.bench import Cost, StepTime
    from pipeline.workflow.boards import BoardRow
    from pipeline.workflow.fit import Fit
    from pipeline.workflow.graph import Drawn
    from pipeline.workflow.lesson import LessonRow, Told
    from pipeline.workflow.lr_find import FoundRate
    from pipeline.workflow.outcomes import ModelStatus, Result
    from pipeline.workflow.predict import Prediction

_PLAIN_WIDTH = 160  # columns where the output is no terminal, so that a log keeps its lines whole


def models(statuses: Sequence[ModelStatus]) -> None:
    _table(["model", "what it shows", "done"], [[status.model, status.summary, status.state] for status in statuses])


def lesson_list(rows: Sequence[LessonRow]) -> None:
    _table(["lesson", "what it shows"], [[row.name, row.summary] for row in rows])
    print("One of them: tinyml lesson descent")


def lessons(told: Sequence[Told]) -> None:
    for lesson in told:
        print(f"{lesson.name}: {lesson.summary}\n")
        _table(lesson.headings, lesson.rows)
        for sentence in lesson.sentences:
            print(sentence)
        print(f"\npictures: {', '.join(lesson.pictures)}\n")


def training(results: Sequence[Result]) -> None:
    rows = []
    for result in results:
        facts = result.facts["train"]
        rows.append(
            [
                result.model,
                str(facts["epochs"]),
                f"{facts['loss']:.4g}" if "loss" in facts else "",
                f"{facts['parameters']:,}",
                "up to date" if result.up_to_date else f"{facts['seconds']:.1f} s",
                f"{result.folder}/model.keras",
            ]
        )
    _table(["model", "epochs", "loss", "parameters", "time", "written to"], rows)
    for result in results:
        if changes := result.facts["train"].get("overrides"):
            told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
            print(f"{result.model}: not as its spec says: {told}. Without these options it trains by the spec again.")
    for result in results:
        facts = result.facts["train"]
        answers = [_answer(**answer) for answer in facts.get("answers", ())]
        if answers:
            print(f"{result.model}: {', '.join(answers)}" + (f", because {facts['reason']}" if facts["reason"] else ""))


def _answer(inputs: Sequence[float], expected: Sequence[float], got: Sequence[float]) -> str:
    """'f(10, 2) = 24.91 (true: 12)'."""

    def several(values: Sequence[float]) -> str:
        return ", ".join(f"{value:.4g}" for value in values)

    return f"f({several(inputs)}) = {several(got)} (true: {several(expected)})"


def conversion(results: Sequence[Result]) -> None:
    """Where everything lies, and the table that says how close the chip will be to Keras."""
    for result in results if len(results) == 1 else ():
        _lines(f"{result.model}: int8 model", result.facts["convert"]["lint"])
    for result in results:
        state = "up to date" if result.up_to_date else "written"
        print(f"{result.folder}: {state}; {result.facts['parity']['claim']}")
        accuracy = _row_of(result.facts["parity"], "accuracy")
        if accuracy:
            print(f"  accuracy: {accuracy['summary']}")
    _table(
        ["model", "int8", "arena", "worst error", "in steps", "mean", "tolerance", "TFLM"],
        [_parity_row(result, _sizes(result)) for result in results],
    )
    if results:
        print(
            "Worst and mean error: int8 against Keras, in units of the output and in output steps. Look at parity.png"
        )
        print("and lint.txt; the sketches are in arduino-esp32/, chirale/ and esp-idf/ of each folder.")


def generation(results: Sequence[Result]) -> None:
    _table(
        ["model", "sketches for", "arena", "self-test vectors", "written to"],
        [
            [
                result.model,
                ", ".join(facts["libraries"]),
                f"{facts['arena_bytes']:,} B",
                str(facts["golden_vectors"]),
                result.folder,
            ]
            for result in results
            for facts in [result.facts["generate"]]
        ],
    )


def parity(results: Sequence[Result]) -> None:
    for result in results:
        facts = result.facts["parity"]
        _table(
            [result.model, "verdict", "what was found"],
            [[row["name"], "pass" if row["passed"] else "FAIL", row["summary"]] for row in facts["rows"]],
        )
        print(f"{result.model}: {facts['claim']}\n")


def compilation(results: Sequence[Result]) -> None:
    _table(
        ["model", "for", "optimized for", "files", "written to"],
        [
            [result.model, board, facts["optimize"], str(facts["files"]), facts["folder"]]
            for result in results
            for board, facts in result.facts.items()
        ],
    )


def flashed(results: Sequence[Result]) -> None:
    _table(
        ["model", "board", "port", "runtime", "written by", "flash", "SHA-256 of the model"],
        [
            [
                result.model,
                facts["board"],
                facts["port"],
                facts["runtime"],
                facts["tool"],
                f"{facts['flash_bytes']:,} B",
                facts["sha256"][:12],
            ]
            for result in results
            for facts in [result.facts["flash"]]
        ],
    )


def verification(results: Sequence[Result]) -> None:
    """What a board answered, and what it says that one inference took; a count keeps the name of what was counted."""
    _table(
        ["model", "board", "TFLM", "proof", "one inference", "vectors a second", "resent"],
        [
            [
                result.model,
                facts["board"],
                f"{facts['vectors'] - facts['mismatches']:,} of {facts['vectors']:,} equal",
                facts["claim"],
                _device_time(facts),
                f"{facts['vectors'] / max(facts['seconds'], 1e-9):,.0f}",
                str(facts["resent"]),
            ]
            for result in results
            for facts in [result.facts["verify"]]
        ],
    )


def _device_time(facts: Mapping[str, Any]) -> str:
    """'1,204 to 1,210 cycles (75.6 us at 16 MHz)'; only cycles of a known clock are also a time."""
    if facts["unit"] == "nothing":
        return "not counted"
    fewest, most = facts["fewest"], facts["most"]
    count = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    clock_hz = facts["clock_hz"]
    time = f" ({most / clock_hz * 1e6:,.1f} us at {clock_hz / 1e6:g} MHz)" if clock_hz else ""
    return f"{count} {facts['unit']}{time}"


def steps(times: Sequence[StepTime]) -> None:
    _table(["step", "time", "and"], [[time.step, f"{time.seconds:.2f} s", time.note] for time in times])


def costs(found: Sequence[Cost]) -> None:
    def number(value: int | None) -> str:
        return "" if value is None else f"{value:,}"

    _table(
        ["model", "processor", "what", "flash", "code", "RAM", "stack", "an inference"],
        [
            [
                cost.model,
                cost.core,
                cost.what,
                *map(number, (cost.flash_bytes, cost.code_bytes, cost.ram_bytes, cost.stack_bytes)),
                f"{cost.count:,} {cost.unit}",
            ]
            for cost in found
        ],
    )


def boards(rows: Sequence[BoardRow]) -> None:
    _table(
        ["board", "core", "flash", "RAM", "TFLM by", "flashed by"],
        [
            [
                row.name,
                row.core,
                _memory(row.flash_bytes),
                _memory(row.ram_bytes),
                row.tflm_library or "",
                row.flashed_by,
            ]
            for row in rows
        ],
    )
    print(
        "Plain C (aot) runs on all. What each is, its clock, data sheet and Arduino's name for it: tinyml boards --json"
    )


def fits(found: Sequence[Fit]) -> None:
    """What each board must give; below, once each, what an estimate was made of and why something was refused."""
    for fit in found:
        rows = []
        for need in fit.needs:
            flash = "" if need.flash_bytes is None else f"{need.flash_bytes:,} of {_memory(need.flash_limit_bytes)}"
            ram = "" if need.ram_bytes is None else f"{need.ram_bytes:,} of {_memory(need.ram_limit_bytes)}"
            rows.append([need.board, need.runtime, "fits" if need.fits else "NO", flash, ram, need.how])
        _table([fit.model, "runtime", "fits", "flash", "RAM", "how"], rows)
        notes: dict[str, list[str]] = {}
        for need in fit.needs:
            if need.note:
                notes.setdefault(f"{need.runtime}, {need.how}: {need.note}", []).append(need.board)
        for note, boards in notes.items():
            print(f"{', '.join(boards)}: {note}")
        print("measured: the model and one call, with bare start-up code; framework, your code and stack come on top\n")


def firmware(results: Sequence[Result]) -> None:
    for result in results:
        facts = result.facts["firmware"]
        print(
            f"{result.model}: Arduino sketch and PlatformIO project for {facts['board']} ({facts['runtime']}) in"
            f"\n{result.folder}\nYour code has its place in the .ino file there."
        )


def builds(results: Sequence[Result]) -> None:
    _table(
        ["model", "for", "built by", "flash", "RAM"],
        [
            [
                result.model,
                f"{facts['board']} ({facts['runtime']})",
                facts["tool"],
                _share(facts["flash_bytes"], facts["flash_limit_bytes"]),
                _share(facts["ram_bytes"], facts["ram_limit_bytes"]),
            ]
            for result in results
            for facts in [result.facts["build"]]
        ],
    )
    for result in results:
        print(f"written to {result.folder}")


def prediction(found: Sequence[Prediction]) -> None:
    """The question as int8 sees it, then the answers side by side."""
    for one in found:
        _table(
            [one.model, "asked", "int8 sees", "as int8"],
            [[value.name, f"{value.asked:g}", f"{value.seen:.6g}", str(value.int8)] for value in one.inputs],
        )
        _table(
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


def exports(results: Sequence[Result]) -> None:
    _table(
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


def drawn(found: Sequence[Drawn]) -> None:
    for one in found:
        print(f"{one.model}: {' and '.join(one.forms)}, {one.parameters:,} parameters, drawn in {one.path}")


def found_rates(found: Sequence[FoundRate]) -> None:
    _table(
        ["model", "rate found", "the loss turns at", "drawn in"],
        [[one.model, f"{one.found:g}", f"{one.turn:.2g}", one.picture] for one in found],
    )
    for one in found:
        print(f"Train with it: {one.next_step}")


def doctor(checks: Sequence[Check]) -> None:
    _table(
        ["what", "found", "needed for", "how to get it"],
        [
            [check.name, check.found or "MISSING", check.needed_for, "" if check.found else check.remedy]
            for check in checks
        ],
    )


def _sizes(result: Result) -> list[str]:
    return [f"{result.facts['convert']['bytes']:,} B", f"{result.facts['generate']['arena_bytes']:,} B"]


def _parity_row(result: Result, sizes: Sequence[str]) -> list[str]:
    facts = result.facts["parity"]
    real = _row_of(facts, "tolerance")
    exact = _row_of(facts, "exact")
    return [
        result.model,
        *sizes,
        f"{real['worst']:.3g}",
        f"{real['worst_steps']:.2g}",
        f"{real['mean']:.2g}",
        f"{real['tolerance']:g}",
        (f"{exact['mismatches']:,} differ" if exact["mismatches"] else "all equal") if exact else "not run",
    ]


def _row_of(facts: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The first row of a kind; empty where it was not run."""
    return next((row for row in facts["rows"] if row["kind"] == kind), {})


def _memory(count: int) -> str:
    return f"{count / 2**20:.4g} MB" if count >= 2**20 else f"{count / 2**10:.4g} KB"


def _share(used: int, limit: int) -> str:
    return f"{used:,} B ({100 * used / limit:.0f} %)"


def _lines(heading: str, lines: Iterable[str]) -> None:
    print(heading)
    for line in lines:
        print(f"  {line}")


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One table; nothing where there are no rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    filled = list(rows)
    if not filled:
        return
    table = Table(*headings, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in filled:
        table.add_row(*row)
    for column in table.columns:
        column.overflow = "fold"  # never an ellipsis: a path or a number that is cut is of no use
    wide = None if sys.stdout.isatty() else _PLAIN_WIDTH
    Console(width=wide, markup=False, highlight=False).print(table)
