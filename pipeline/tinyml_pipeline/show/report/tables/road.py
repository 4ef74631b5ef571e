"""What the commands from training to proof print."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import memory_words, print_table, tell
from tinyml_pipeline.wording import argument

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.compile import Compilation, CompiledFor
    from tinyml_pipeline.workflow.convert import Conversion
    from tinyml_pipeline.workflow.generate import GenerateRecord, Generation
    from tinyml_pipeline.workflow.import_model import Import
    from tinyml_pipeline.workflow.library import Library
    from tinyml_pipeline.workflow.new_project import NewProject
    from tinyml_pipeline.workflow.outcomes import ModelStatus
    from tinyml_pipeline.workflow.parity import Proving
    from tinyml_pipeline.workflow.proof_record import ProofRecord
    from tinyml_pipeline.workflow.train import Answer, Training
    from tinyml_pipeline.workflow.trained import TensorRecord


def new_project(made: Sequence[NewProject]) -> None:
    for project in made:
        tell(f"{project.folder}: {', '.join(project.files)}")
        tell(f"Go on with: cd {argument(project.folder)} && tinyml train && tinyml convert")


def models(statuses: Sequence[ModelStatus]) -> None:
    print_table(
        ["model", "what it shows", "done up to"],
        [[status.model, status.summary, status.state.split(", ")[-1]] for status in statuses],
    )


def training(results: Sequence[Training]) -> None:
    print_table(
        ["model", "epochs", "loss", "parameters", "time"],
        [
            [
                result.model,
                str(result.trained.epochs),
                "".join(f"{value:.4g}" for name, value in result.trained.metrics.items() if name == "loss"),
                f"{result.trained.parameters:,}",
                "up to date" if result.seconds is None else f"{result.seconds:.1f} s",
            ]
            for result in results
        ],
    )
    for result in results:
        tell(f"{'kept in' if result.up_to_date else 'written to'} {result.folder}/model.keras")
    for result in results:
        if changes := result.trained.overrides:
            told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
            tell(f"{result.model}: not as its spec says: {told}. Without these options it trains by the spec again.")
    for result in results:
        if answers := [_answer(answer) for answer in result.trained.answers]:
            reason = f", because {result.trained.reason}" if result.trained.reason else ""
            tell(f"{result.model}: {', '.join(answers)}{reason}")


def imports(results: Sequence[Import]) -> None:
    """What was found in the file, and the spec that was written."""
    print_table(
        ["model", "from", "inputs", "outputs"],
        [
            [result.model, result.imported.file, *map(_tensors, (result.imported.inputs, result.imported.outputs))]
            for result in results
        ],
    )
    for result in results:
        tell(f"{result.spec}: the spec; give inputs and outputs your own names, units and ranges there")
        tell(f"Go on with: tinyml convert {result.asked}")


def _tensors(tensors: Sequence[TensorRecord]) -> str:
    """'input (64, 1)'."""
    return ", ".join(f"{one.name} ({', '.join(map(str, one.shape))})" for one in tensors)


def _answer(answer: Answer) -> str:
    """'f(10, 2) = 24.91 (true: 12)'."""

    def several(values: Sequence[float]) -> str:
        return ", ".join(f"{value:.4g}" for value in values)

    return f"f({several(answer.inputs)}) = {several(answer.got)} (true: {several(answer.expected)})"


def conversion(results: Sequence[Conversion]) -> None:
    """Where everything lies, and the table that says how close the chip will be to Keras."""
    for result in results if len(results) == 1 else ():
        _lines(f"{result.model}: int8 model", result.converted.lint)
    for result in results:
        state = "up to date" if result.up_to_date else "written"
        tell(f"{result.folder}: {state}; {result.proof.claim}")
        if result.proof.accuracy:
            tell(f"  accuracy: {result.proof.accuracy}")
        if result.converted.threshold is not None:
            tell(f"  anomalies: errors above {result.converted.threshold:.4g}, for the sketch of 'tinyml firmware'")
    print_table(
        ["model", "int8", "arena", "worst error", "in steps", "mean", "tolerance", "C = TFLM"],
        [
            [result.model, _size(result.converted.bytes), _arena(result.generated), *_errors(result.proof)]
            for result in results
        ],
    )
    for result in results if len(results) == 1 else ():
        for table in result.proof.metrics:
            print_table(list(table.columns), [list(row) for row in table.rows])
    if results:
        tell(_where_to_look(results))


def _where_to_look(results: Sequence[Conversion]) -> str:
    """At what is there: a picture if Keras was asked, sketches for the libraries that run the model."""
    errors = "Worst and mean error: int8 against Keras, in units of the output and in output steps. "
    files = "Look at lint.txt"
    if any(result.proof.difference is not None for result in results):
        files = f"{errors}Look at parity.png and lint.txt"
    made = [result.generated.libraries for result in results]
    names = [f"{name}/" for name in sorted({name for libraries in made for name in libraries})]
    if not names:
        return f"{files}."
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    folders = "of each folder" if len({tuple(sorted(one)) for one in made}) == 1 else "of the folders that have them"
    return f"{files}; the sketches are in {listed} {folders}."


def _arena(generated: GenerateRecord) -> str:
    return _size(generated.arena_bytes) if generated.libraries else "-"


def _size(count: int) -> str:
    return f"{count:,} B"


def _errors(proof: ProofRecord) -> list[str]:
    """Int8 against Keras, and C against TFLM; a dash where nothing was compared."""
    real = proof.difference
    numbers = ["-"] * 4
    if real is not None:
        worst, steps, mean = (math.inf if one is None else one for one in (real.worst, real.worst_steps, real.mean))
        numbers = [f"{worst:.3g}", f"{steps:.2g}", f"{mean:.2g}", f"{real.tolerance:g}"]
    if proof.c_mismatches is None:
        return [*numbers, "not run"]
    return [*numbers, f"{proof.c_mismatches:,} differ" if proof.c_mismatches else "equal"]


def _lines(heading: str, lines: Iterable[str]) -> None:
    print(heading)
    for line in lines:
        tell(f"  {line}")


def generation(results: Sequence[Generation]) -> None:
    print_table(
        ["model", "sketches for", "arena", "self-test vectors"],
        [
            [
                result.model,
                ", ".join(result.generated.libraries) or "none",
                _arena(result.generated),
                str(result.generated.golden_vectors),
            ]
            for result in results
        ],
    )
    for result in results:
        tell(f"written to {result.folder}")


def compilation(results: Sequence[Compilation]) -> None:
    print_table(
        ["model", "for", "optimized for", "files"],
        [
            [result.model, target.board, target.optimize, str(target.files)]
            for result in results
            for target in result.targets
        ],
    )
    for result in results:
        for target in result.targets:
            if target.layers is not None:
                _explanations(f"{result.model} for {target.board}", target)
    for folder in dict.fromkeys(target.folder for result in results for target in result.targets):
        tell(f"written to {folder}")


def library(results: Sequence[Library]) -> None:
    print_table(
        ["library", "models", "files", "processors without"],
        [
            [result.model, ", ".join(result.models), str(result.files), _without(result.missing) or "none"]
            for result in results
        ],
    )
    for result in results:
        for target, reasons in result.missing.items():
            for model, reason in reasons.items():
                tell(f"{target} has no C of {model}: {reason}")
        tell(f"written to {result.folder}")
        if result.archive:
            tell(f"packed as {result.archive}")


def _without(missing: Mapping[str, Mapping[str, str]]) -> str:
    return ", ".join(f"{target} ({', '.join(reasons)})" for target, reasons in missing.items())


def _explanations(title: str, target: CompiledFor) -> None:
    layers = target.layers or ()
    print_table(
        [title, "operator", "MACs", "kernel", "cycles", "code B", "constants B", "scratch B"],
        [
            [layer.layer, layer.operator, f"{layer.macs:,}", layer.function]
            + [
                f"{count:,}"
                for cost in [layer.cost]
                for count in (cost.cycles, cost.code_bytes, cost.constant_bytes, cost.scratch_bytes)
            ]
            for layer in layers
        ],
    )
    for layer in layers:
        for function, reason in layer.others:
            tell(f"  {layer.layer}: not {function}: {reason}")
    if target.memory is not None:
        tell(memory_words(target.memory))


def parity(results: Sequence[Proving]) -> None:
    for result in results:
        print_table(
            [result.model, "verdict", "what was found"],
            [[row.name, row.verdict, row.summary] for row in result.proof.rows],
        )
        for table in result.proof.metrics:
            print_table(list(table.columns), [list(row) for row in table.rows])
        tell(f"{result.model}: {result.proof.claim}")
        print()
