"""What the commands of the road print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.show.report.tables.table import print_table, tell

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.new_project import NewProject
    from tinyml_pipeline.workflow.outcomes import ModelStatus, Result


def new_project(made: Sequence[NewProject]) -> None:
    for project in made:
        tell(f"{project.folder}: {', '.join(project.files)}")
        tell(f"Go on with: cd {project.folder} && tinyml train && tinyml convert")


def models(statuses: Sequence[ModelStatus]) -> None:
    print_table(
        ["model", "what it shows", "done up to"],
        [[status.model, status.summary, status.state.split(", ")[-1]] for status in statuses],
    )


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
            ]
        )
    print_table(["model", "epochs", "loss", "parameters", "time"], rows)
    for result in results:
        tell(f"written to {result.folder}/model.keras")
    for result in results:
        if changes := result.facts["train"].get("overrides"):
            told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
            tell(f"{result.model}: not as its spec says: {told}. Without these options it trains by the spec again.")
    for result in results:
        facts = result.facts["train"]
        answers = [_answer(**answer) for answer in facts.get("answers", ())]
        if answers:
            tell(f"{result.model}: {', '.join(answers)}" + (f", because {facts['reason']}" if facts["reason"] else ""))


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
        tell(f"{result.folder}: {state}; {result.facts['parity']['claim']}")
        accuracy = _row_of(result.facts["parity"], "accuracy")
        if accuracy:
            tell(f"  accuracy: {accuracy['summary']}")
    print_table(
        ["model", "int8", "arena", "worst error", "in steps", "mean", "tolerance", "C = TFLM"],
        [_parity_row(result, _sizes(result)) for result in results],
    )
    if results:
        tell(
            "Worst and mean error: int8 against Keras, in units of the output and in output steps. Look at parity.png"
            " and lint.txt; the sketches are in arduino-esp32/, chirale/ and esp-idf/ of each folder."
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
        (f"{exact['mismatches']:,} differ" if exact["mismatches"] else "equal") if exact else "not run",
    ]


def _row_of(facts: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The first row of a kind; empty where it was not run."""
    return next((row for row in facts["rows"] if row["kind"] == kind), {})


def _lines(heading: str, lines: Iterable[str]) -> None:
    print(heading)
    for line in lines:
        tell(f"  {line}")


def generation(results: Sequence[Result]) -> None:
    print_table(
        ["model", "sketches for", "arena", "self-test vectors"],
        [
            [
                result.model,
                ", ".join(facts["libraries"]),
                f"{facts['arena_bytes']:,} B",
                str(facts["golden_vectors"]),
            ]
            for result in results
            for facts in [result.facts["generate"]]
        ],
    )
    for result in results:
        tell(f"written to {result.folder}")


def compilation(results: Sequence[Result]) -> None:
    print_table(
        ["model", "for", "optimized for", "files"],
        [
            [result.model, board, facts["optimize"], str(facts["files"])]
            for result in results
            for board, facts in result.facts.items()
        ],
    )
    for result in results:
        for board, facts in result.facts.items():
            if "layers" in facts:
                _explanations(f"{result.model} for {board}", facts["layers"])
            tell(f"written to {facts['folder']}")


def _explanations(title: str, layers: Sequence[Mapping[str, Any]]) -> None:
    print_table(
        [title, "operator", "MACs", "kernel", "cycles", "code B", "constants B", "scratch B"],
        [
            [layer["layer"], layer["operator"], f"{layer['macs']:,}", layer["function"]]
            + [f"{layer['cost'][part]:,}" for part in ("cycles", "code_bytes", "constant_bytes", "scratch_bytes")]
            for layer in layers
        ],
    )
    for layer in layers:
        for function, reason in layer["others"]:
            tell(f"  {layer['layer']}: not {function}: {reason}")


def _verdict(row: Mapping[str, Any]) -> str:
    """Rows that inform and cannot fail have a word of their own."""
    return str(row.get("verdict", "pass" if row["passed"] else "FAIL"))


def parity(results: Sequence[Result]) -> None:
    for result in results:
        facts = result.facts["parity"]
        print_table(
            [result.model, "verdict", "what was found"],
            [[row["name"], _verdict(row), row["summary"]] for row in facts["rows"]],
        )
        tell(f"{result.model}: {facts['claim']}")
        print()
