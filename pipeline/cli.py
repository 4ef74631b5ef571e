"""The command line: parse, call the workflow, print. Starts without TensorFlow, numpy or a terminal library."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.errors import PipelineError, UsageError

if TYPE_CHECKING:
    from pipeline.workflow.outcomes import Outcomes

_models_argument = click.argument("models", nargs=-1, metavar="[MODEL]...")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
_optimize_option = click.option(
    "--optimize", type=click.Choice(["size", "speed"]), help="What matters more; the board's own choice by default."
)
_models_or_files_argument = click.argument("models", nargs=-1, metavar="[MODEL_OR_TFLITE]...")
_board_option = click.option("--board", required=True, help="For this board; 'tinyml boards' lists them.")
_runtime_option = click.option(
    "--runtime", type=click.Choice(["aot", "tflm"]), help="Plain C (aot, the default) or an interpreter (tflm)."
)
_model_argument = click.argument("model", metavar="MODEL_OR_TFLITE")
_port_option = click.option("--port", help="The board's serial port; found by itself where there is only one.")
_force_option = click.option("--force", is_flag=True, help="Do it again even where everything is up to date.")


class _Group(click.Group):
    """Turns every PipelineError into one line and its exit code, and Ctrl-C into one line and 130."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            _complain(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("\ntinyml: stopped; what was there before is unchanged.", err=True)
            ctx.exit(130)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tinyml")
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    default=Path("artifacts"),
    envvar="TINYML_ARTIFACTS",
    show_default=True,
    help="Folder for everything that is made.",
)
@click.pass_context
def main(ctx: click.Context, artifacts: Path) -> None:
    """From a Keras model to a microcontroller, every step proven.

    \b
    The road:  tinyml train && tinyml convert
    One model: tinyml convert linear
    """
    ctx.obj = artifacts


@main.command()
@_json_option
def models(as_json: bool) -> None:
    """List the models, what each does, and how far each has come.

    Example: tinyml models
    """
    from pipeline.report import tables
    from pipeline.workflow import outcomes

    _show(outcomes.list_models(_root()), tables.models, as_json)


@main.command()
@_models_argument
@click.option("--optimizer", help="One of Keras' by name, such as adam, with its usual rate.")
@click.option("--loss", help="One of Keras' by name, such as huber.")
@click.option("--epochs", type=int, help="How often to go through the data.")
@click.option("--batch-size", type=int, help="Samples an update.")
@click.option("--learning-rate", type=float, help="The rate; where the model has a schedule, the one it starts with.")
@click.option("--schedule", help="constant, exponential, power or 1cycle, over the whole training.")
@click.option("--seed", type=int, help="For weights, data and dropout.")
@click.option("--early-stopping", type=int, metavar="EPOCHS", help="End after so many epochs without a better loss.")
@click.option("--plot", is_flag=True, help="Draw the learning rate too: learning_rate.png.")
@_force_option
@_json_option
def train(models: tuple[str, ...], plot: bool, force: bool, as_json: bool, **changes: Any) -> None:
    """Train models in Keras; no name means all. The options change a spec's training for this one time.

    \b
    Example: tinyml train linear
             tinyml train adder --schedule 1cycle --learning-rate 0.01 --plot
    """
    from pipeline.report import tables
    from pipeline.training.overrides import Overrides
    from pipeline.workflow.train import train as train_models

    outcomes = train_models(models, _root(), overrides=Overrides(**changes), plot=plot, force=force)
    _report(outcomes, tables.training, as_json)


@main.command()
@_models_argument
@click.option(
    "--per-channel",
    is_flag=True,
    help="One scale a neuron in dense layers: finer, but wrong on libraries of before September 2024.",
)
@_force_option
@_json_option
def convert(models: tuple[str, ...], per_channel: bool, force: bool, as_json: bool) -> None:
    """Turn trained models into int8, a C array and sketches, and prove that they agree.

    Example: tinyml convert adder --per-channel
    """
    from pipeline.report import tables
    from pipeline.workflow.convert import convert as convert_models

    _report(convert_models(models, _root(), per_channel=per_channel, force=force), tables.conversion, as_json)


@main.command()
@click.argument("models", nargs=-1, metavar="[MODEL_OR_TFLITE]...")
@click.option(
    "--library", "libraries", multiple=True, help="Only this target library (arduino-esp32, chirale, esp-idf)."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the files of one .tflite.")
@_json_option
def generate(models: tuple[str, ...], libraries: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Write the C array and a sketch for each target library, also for a .tflite from elsewhere.

    \b
    Example: tinyml generate linear --library chirale
             tinyml generate other.tflite -o my_sketch
    """
    from pipeline.report import tables
    from pipeline.workflow.generate import generate as generate_models

    _report(generate_models(models, _root(), libraries=libraries, output=output), tables.generation, as_json)


@main.command()
@click.argument("models", nargs=-1, metavar="[MODEL_OR_TFLITE]...")
@click.option("--board", "boards", multiple=True, help="Run the model's C on this board only.")
@click.option("--vectors", default="2000", show_default=True, help="Vectors for each emulated processor, or 'all'.")
@_json_option
def parity(models: tuple[str, ...], boards: tuple[str, ...], vectors: str, as_json: bool) -> None:
    """Prove that Keras, int8, the C array, TFLM and plain C on each processor agree; exit 1 where they do not.

    \b
    Example: tinyml parity adder --json
             tinyml parity linear --board sim-uno --vectors all
    """
    from pipeline.report import tables
    from pipeline.workflow.parity import parity as parity_models

    outcomes = parity_models(models, _root(), boards=boards, vectors=_vector_count(vectors))
    _report(outcomes, tables.parity, as_json)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("model")
@click.argument("numbers", nargs=-1, type=click.UNPROCESSED, metavar="NUMBER...")
@_json_option
def predict(model: str, numbers: tuple[str, ...], as_json: bool) -> None:
    """Ask a model: the answers of Keras, of int8 and of its C on this computer, side by side.

    \b
    Example: tinyml predict adder 10 2
             tinyml predict linear -3
    """
    from pipeline.report import tables
    from pipeline.workflow.predict import predict as ask

    _show([ask(model, numbers, _root())], tables.prediction, as_json)


@main.command()
@_models_argument
@click.option("--format", "form", default="keras", show_default=True, help="h5, keras or savedmodel.")
@_json_option
def export(models: tuple[str, ...], form: str, as_json: bool) -> None:
    """Write trained models for other programs, and load them again: the predictions must be the same.

    Example: tinyml export linear --format h5
    """
    from pipeline.report import tables
    from pipeline.workflow.export import export as export_models

    _report(export_models(models, _root(), form=form), tables.exports, as_json)


@main.command()
@click.argument("model")
@click.option("--format", "form", default="svg", show_default=True, help="svg, png, dot or cypher (for Neo4j).")
@_json_option
def graph(model: str, form: str, as_json: bool) -> None:
    """Draw a network before and after quantization: layers, shapes, parameters; of a small one every weight.

    Example: tinyml graph linear --format png
    """
    from pipeline.report import tables
    from pipeline.workflow.graph import graph as draw

    _show([draw(model, _root(), form)], tables.drawn, as_json)


@main.command("lr-find")
@click.argument("model")
@click.option("--optimizer", help="Find the rate for another one of Keras', such as adam.")
@click.option("--batch-size", type=int, help="Find the rate for other batches.")
@click.option("--apply", "train_with_it", is_flag=True, help="Train with the rate that was found.")
@_json_option
def lr_find(model: str, train_with_it: bool, as_json: bool, **changes: Any) -> None:
    """Find a learning rate: train with one that grows, see where the loss turns, take the rate below the turn.

    Example: tinyml lr-find linear --apply
    """
    from pipeline.report import tables
    from pipeline.training.overrides import Overrides
    from pipeline.workflow import lr_find as finder

    overrides = Overrides(**changes)
    found = finder.find(model, _root(), overrides)
    if train_with_it:
        outcomes = finder.apply(found, _root(), overrides)
        _report(outcomes, tables.training, as_json)
    else:
        _show([found], tables.found_rates, as_json)


@main.command("compile")
@click.argument("models", nargs=-1, metavar="[MODEL_OR_TFLITE]...")
@click.option("--board", "boards", multiple=True, help="For this board's processor; 'tinyml bench' lists them.")
@_optimize_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the C of one model.")
@_json_option
def compile_(
    models: tuple[str, ...], boards: tuple[str, ...], optimize: Any, output: Path | None, as_json: bool
) -> None:
    """Compile models ahead of time into plain C99: no interpreter, no arena, the same bytes as TFLM.

    \b
    Example: tinyml compile adder --board sim-uno
             tinyml compile other.tflite -o my_firmware/model
    """
    from pipeline.report import tables
    from pipeline.workflow.compile import compile_models

    outcomes = compile_models(models, _root(), boards=boards, optimize=optimize, output=output)
    _report(outcomes, tables.compilation, as_json)


@main.command()
@click.argument("models", nargs=-1, metavar="[MODEL_OR_TFLITE]...")
@click.option("--board", "boards", multiple=True, help="Only this processor.")
@click.option("--only", type=click.Choice(["road", "chips"]), help="Only the program's own steps, or only processors.")
@_json_option
def bench(models: tuple[str, ...], boards: tuple[str, ...], only: str | None, as_json: bool) -> None:
    """Measure: training against Model.fit, each step's time, and each model's C on every processor beside others.

    Example: tinyml bench adder --only chips
    """
    from pipeline.report import tables
    from pipeline.workflow.bench import bench_chips, bench_road

    if only != "chips":
        _show(bench_road(_root()), tables.steps, as_json)
    if only != "road":
        _show(bench_chips(models, _root(), boards), tables.costs, as_json)


@main.command()
@_json_option
def boards(as_json: bool) -> None:
    """List the boards: processor, memory, runtimes, and what builds and flashes them.

    Example: tinyml boards
    """
    from pipeline.report import tables
    from pipeline.workflow.boards import list_boards

    _show(list_boards(), tables.boards, as_json)


@main.command()
@_models_or_files_argument
@_json_option
def fit(models: tuple[str, ...], as_json: bool) -> None:
    """Say for every board whether a model fits: flash and RAM of what there is, for each runtime.

    Example: tinyml fit adder
    """
    from pipeline.report import tables
    from pipeline.workflow.fit import fit as fit_models

    _report(fit_models(models, _root()), tables.fits, as_json)


@main.command()
@_models_or_files_argument
@_board_option
@_runtime_option
@_json_option
def firmware(models: tuple[str, ...], board: str, runtime: str | None, as_json: bool) -> None:
    """Write a firmware project for a board: an Arduino sketch and a PlatformIO project in one folder.

    \b
    Example: tinyml firmware linear --board uno
             tinyml firmware adder --board esp32 --runtime tflm
    """
    from pipeline.report import tables
    from pipeline.workflow.firmware import firmware as write_firmware

    _report(write_firmware(models, _root(), board=board, runtime=runtime), tables.firmware, as_json)


@main.command()
@_models_or_files_argument
@_board_option
@_runtime_option
@click.option("--tool", help="Build with this one: arduino-cli, arduino-builder, platformio or gcc.")
@_json_option
def build(models: tuple[str, ...], board: str, runtime: str | None, tool: str | None, as_json: bool) -> None:
    """Build the firmware with what is installed, and hold its size against the board.

    Example: tinyml build linear --board uno
    """
    from pipeline.report import tables
    from pipeline.workflow.build import build as build_models

    _report(build_models(models, _root(), board=board, runtime=runtime, tool=tool), tables.builds, as_json)


@main.command()
@_model_argument
@_board_option
@_port_option
@_runtime_option
@click.option("--tool", help="Write with this one: avrdude, esptool, bossac, uf2, pyocd, arduino-cli or platformio.")
@_json_option
def flash(model: str, board: str, port: str | None, runtime: str | None, tool: str | None, as_json: bool) -> None:
    """Build where needed, write it to the board, and ask the board what it runs; start the emulator of a sim- board.

    \b
    Example: tinyml flash linear --board uno
             tinyml flash adder --board esp32 --port /dev/ttyUSB0
    """
    from pipeline.report import tables
    from pipeline.workflow.flash import flash as flash_model

    _report(flash_model(model, _root(), board=board, port=port, runtime=runtime, tool=tool), tables.flashed, as_json)


@main.command()
@_model_argument
@_board_option
@_port_option
@_runtime_option
@click.option("--vectors", default="2000", show_default=True, help="How many inputs to send, or 'all'.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds without a right answer that end it.")
@_json_option
def verify(
    model: str, board: str, port: str | None, runtime: str | None, vectors: str, timeout: float, as_json: bool
) -> None:
    """Prove that a board computes what TFLM computes, bit for bit, over its serial port or in its emulator.

    \b
    Example: tinyml verify linear --board sim-uno --vectors all
             tinyml verify adder --board uno --port /dev/ttyACM0
    """
    from pipeline.report import tables
    from pipeline.workflow.verify import verify as verify_model

    count = _vector_count(vectors)
    found = verify_model(model, _root(), board=board, port=port, runtime=runtime, vectors=count, timeout_s=timeout)
    _report(found, tables.verification, as_json)


@main.command()
@click.argument("model", required=False)
@_board_option
@_port_option
@_runtime_option
def monitor(model: str | None, board: str, port: str | None, runtime: str | None) -> None:
    """Show what a board says and send it what is typed; a sim- board runs MODEL. Ctrl-C ends it.

    \b
    Example: tinyml monitor --board uno
             tinyml monitor linear --board sim-uno
    """
    from pipeline.workflow.monitor import monitor as show_board

    show_board(model, _root(), board=board, port=port, runtime=runtime)


@main.command()
@click.argument("lessons", nargs=-1, metavar="[NAME]...")
@click.option("--docs", type=click.Path(path_type=Path), help="Run all, and make the lessons' page in this folder.")
@_json_option
def lesson(lessons: tuple[str, ...], docs: Path | None, as_json: bool) -> None:
    """Show an idea with a picture, a table and three sentences; without a name, list the lessons.

    Example: tinyml lesson descent
    """
    from pipeline.report import tables
    from pipeline.workflow import lesson as teaching

    if docs is not None and lessons:
        raise UsageError("--docs makes the page of all lessons; give no names with it.")
    if docs is not None:
        told = teaching.tell([row.name for row in teaching.list_lessons()], _root())
        click.echo(f"written: {teaching.write_page(told, docs)} and {len(told)} pictures")
    elif lessons:
        _show(teaching.tell(lessons, _root()), tables.lessons, as_json)
    else:
        _show(teaching.list_lessons(), tables.lesson_list, as_json)


@main.command()
@click.option("--install", is_flag=True, help="Bring missing compilers and emulators by apt, where that is allowed.")
@_json_option
def doctor(install: bool, as_json: bool) -> None:
    """Say what is installed, what is missing, what that costs, and how to get it.

    Example: tinyml doctor
    """
    from pipeline import doctor as examination
    from pipeline.report import tables

    checks = examination.examine()
    if install:
        click.echo(examination.install_missing(checks), err=True)
        return
    _show(checks, tables.doctor, as_json)
    if any(check.found is None and check.needed_for == "everything" for check in checks):
        sys.exit(1)


def _vector_count(text: str) -> int | None:
    """None for 'all'."""
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--vectors takes a number of at least 1, or 'all', not '{text}'.")
    return int(text)


def _root() -> Path:
    root = click.get_current_context().find_root().obj
    assert isinstance(root, Path)
    return root


def _report(outcomes: Outcomes[Any], table: Callable[[Sequence[Any]], None], as_json: bool) -> None:
    """Show what was done, then what went wrong, one line each; exit 1 where a model failed or a check did not pass."""
    _show(outcomes.results, table, as_json)
    for error in outcomes.errors:
        _complain(error)
    if outcomes.errors or not all(result.passed for result in outcomes.results):
        sys.exit(1)


def _show(results: Sequence[Any], table: Callable[[Sequence[Any]], None], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(result) for result in results], indent=2, default=str))
    else:
        table(results)


def _complain(error: PipelineError) -> None:
    """One line; above it what a crashed converter printed, where there is any."""
    if log := getattr(error, "log", ""):
        click.echo(f"{log}\n", err=True)
    click.echo(f"tinyml: {error}", err=True)


if __name__ == "__main__":
    main()
