"""Commands of the workflow: from a model's spec to int8, C array, sketches and plain C, with the proof."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tinyml_pipeline.cli.common import (
    force_option,
    json_option,
    models_argument,
    models_or_files_argument,
    optimize_option,
    project,
    report,
    show,
    vector_count,
)
from tinyml_pipeline.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="FOLDER")
@json_option
def init(folder: Path | None, as_json: bool) -> None:
    """Start a project of your own: a folder with tinyml.toml and one small model to change.

    Example: tinyml init my-project
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.new_project import init as start

    if folder is None:
        raise UsageError("init needs a folder, as in: tinyml init my-project")
    show([start(folder)], tables.new_project, as_json)


@click.command()
@click.argument("name", required=False, metavar="NAME")
@click.option("--from", "file", metavar="FILE", help="Your data: CSV, Parquet or .npz (required).")
@click.option("--target", "targets", multiple=True, metavar="COLUMN", help="What the network shall answer (required).")
@click.option("--columns", multiple=True, metavar="COLUMN", help="Its inputs.  [default: all that can be]")
@click.option("--task", metavar="TASK", help="regression or classification.  [default: what the target holds]")
@click.option("--group", default="", metavar="COLUMN", help="Numbers the recordings, whose rows stay together.")
@click.option("--window", type=int, default=0, metavar="ROWS", help="Rows of a sample, of a time series.")
@click.option("--stride", type=int, default=0, metavar="ROWS", help="From window to window.  [default: half a window]")
@click.option("--missing", default="drop", show_default=True, metavar="HOW", help="Missing values: drop or median.")
@click.option("--board", metavar="BOARD", help="A network that fits this board; 'tinyml boards' lists them.")
@click.option("--seed", type=int, default=0, help="Of the split into training, validation and test data.")
@force_option
@json_option
def new(name: str | None, file: str | None, force: bool, as_json: bool, **asked: Any) -> None:
    """Start a model from your data: look at a file, and write a spec with a small network for it, for you to change.

    \b
    Example: tinyml new soil --from soil.csv --target moisture_pct
             tinyml new wave --from wave.csv --target move --group run --window 50
    """
    from tinyml_pipeline.show.report.tables import data as tables
    from tinyml_pipeline.workflow.new_model import Wanted, new_model

    if not name or not file:
        raise UsageError("new needs a name and a file, as in: tinyml new soil --from soil.csv --target moisture_pct")
    show([new_model(name, Path(file), project(), Wanted(**asked), force=force)], tables.new_model, as_json)


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the models: what each does, and which steps are done.

    Example: tinyml models
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow import outcomes

    show(outcomes.list_models(project()), tables.models, as_json)


@click.command()
@models_argument
@click.option("--optimizer", metavar="NAME", help="Keras optimizer to use, such as adam, at its default learning rate.")
@click.option("--loss", metavar="NAME", help="Keras loss to use, such as huber.")
@click.option("--epochs", type=int, help="Number of passes over the data.")
@click.option("--batch-size", type=int, help="Number of samples per update of the weights.")
@click.option(
    "--learning-rate", "--lr", type=float, help="Learning rate; if the model has a schedule, its initial rate."
)
@click.option(
    "--schedule",
    metavar="NAME",
    help="How the learning rate changes over the training: constant, exponential, power or 1cycle; "
    "1cycle warms up first and leaves momentum unchanged.",
)
@click.option("--seed", type=int, help="Random seed for weights, data and dropout.")
@click.option("--early-stopping", type=int, metavar="EPOCHS", help="Stop after this many epochs without a lower loss.")
@click.option("--plot", is_flag=True, help="Also plot the learning rate: learning_rate.png.")
@force_option
@json_option
def train(models: tuple[str, ...], plot: bool, force: bool, as_json: bool, **changes: Any) -> None:
    """Train models in Keras; without a name, all of them. Options override the spec for this run only.

    \b
    Example: tinyml train linear
             tinyml train adder --schedule 1cycle --learning-rate 0.01 --plot
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.training.overrides import Overrides
    from tinyml_pipeline.workflow.train import train as train_models

    outcomes = train_models(models, project(), overrides=Overrides(**changes), plot=plot, force=force)
    report(outcomes, tables.training, as_json)


def _name_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--name", default="", help="Name of the model.  [default: that of the file]")(command)


def _import_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What importing a file can be told."""
    for option in (
        click.option(
            "--trust", is_flag=True, help="Run Python code that the file holds (Lambda layers, your classes)."
        ),
        click.option("--unroll", is_flag=True, help="Write out the steps of recurrent layers, which int8 needs."),
        click.option(
            "--inputs",
            "ranges",
            multiple=True,
            metavar="NAME:LOW:HIGH...",
            help="Name and range of each input value, or of each input.  [default: from --data]",
        ),
        click.option("--data", default="", metavar="FILE", help="Samples of real inputs: .npz, .npy or CSV."),
    ):
        command = option(command)
    return _name_option(command)


def _split_ranges(words: tuple[str, ...], ranges: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words that follow `--inputs NAME:LOW:HIGH` and look like it are inputs as well, and names that are no files."""
    if not ranges:
        return words, ranges
    pattern = re.compile(r"[^:]+:[-+.\deE]+:[-+.\deE]+|[^:./\\]+")
    more = tuple(word for word in words if pattern.fullmatch(word) and not Path(word).exists())
    return tuple(word for word in words if word not in more), ranges + more


@click.command("import")
@click.argument("words", nargs=-1, metavar="FILE")
@_import_options
@force_option
@json_option
def import_(
    words: tuple[str, ...],
    name: str,
    data: str,
    ranges: tuple[str, ...],
    trust: bool,
    unroll: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Import a trained model: .keras, .h5, SavedModel or .tflite; its weights stay as they are.

    Writes a short spec, models/NAME.py, for you to change; then the model has a name like any other.

    \b
    Example: tinyml import gesture.keras --data x_test.npz
             tinyml import soil.h5 --inputs moisture:0:100 temperature:-10:50
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.import_model import Wanted, import_models

    files, ranges = _split_ranges(words, ranges)
    if len(files) != 1:
        raise UsageError("import takes one file, as in: tinyml import gesture.keras --data x_test.npz")
    wanted = Wanted(name, data, ranges, trust, unroll)
    report(import_models(files[0], project(), wanted, force=force), tables.imports, as_json)


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL_OR_FILE]...")
@_import_options
@click.option(
    "--per-channel",
    is_flag=True,
    help="Use one scale per neuron in dense layers: more accurate, but TFLM libraries released before September 2024"
    " compute it wrongly.",
)
@force_option
@json_option
def convert(
    models: tuple[str, ...],
    name: str,
    data: str,
    ranges: tuple[str, ...],
    trust: bool,
    unroll: bool,
    per_channel: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Turn trained models into int8 (numbers of one byte), a C array and sketches, and prove that they agree.

    No name means all models. A file that was trained elsewhere (.keras, .h5, SavedModel, .tflite) is imported first;
    --name, --data, --inputs, --unroll and --trust are for that, as in tinyml import.

    \b
    Example: tinyml convert adder --per-channel
             tinyml convert gesture.keras --data x_test.npz
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.convert import convert as convert_models
    from tinyml_pipeline.workflow.import_model import Wanted

    names, ranges = _split_ranges(models, ranges)
    wanted = Wanted(name, data, ranges, trust, unroll)
    outcomes = convert_models(names, project(), per_channel=per_channel, force=force, wanted=wanted)
    report(outcomes, tables.conversion, as_json)


@click.command()
@models_or_files_argument
@click.option(
    "--library",
    "libraries",
    multiple=True,
    metavar="NAME",
    help="Only this target library (arduino-esp32, chirale, esp-idf); sketches for others are left unchanged.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the files of one .tflite.")
@json_option
def generate(models: tuple[str, ...], libraries: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Write the C array and a sketch for each target library, also for a .tflite made elsewhere.

    \b
    Example: tinyml generate linear --library chirale
             tinyml generate other.tflite -o my_sketch
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.generate import generate as generate_models

    report(generate_models(models, project(), libraries=libraries, output=output), tables.generation, as_json)


@click.command()
@models_or_files_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER", help="The library's folder (required)."
)
@click.option("--name", "names", multiple=True, metavar="NAME", help="Name of a model in C; once per model.")
@optimize_option
@click.option("--zip", "archive", is_flag=True, help="Also pack it, for Arduino's 'Add .ZIP Library'.")
@json_option
def library(
    models: tuple[str, ...], output: Path | None, names: tuple[str, ...], optimize: Any, archive: bool, as_json: bool
) -> None:
    """Write models as one library for Arduino, PlatformIO, CMake, ESP-IDF and Zephyr: plain C for every processor.

    It is called after its folder.

    \b
    Example: tinyml library adder linear -o my_models --zip
             tinyml library kws.tflite -o components/kws
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.library import write_library

    if not models or output is None:
        raise UsageError("library needs models and a folder, as in: tinyml library adder linear -o my_models")
    written = write_library(models, project(), output=output, c_names=names, optimize=optimize, archive=archive)
    report(written, tables.library, as_json)


@click.command()
@models_or_files_argument
@click.option("--board", "boards", multiple=True, metavar="BOARD", help="Run the model's C on this board only.")
@click.option(
    "--vectors",
    metavar="N",
    help="Number of inputs per emulated processor, or 'all' those of the proof.  [default: 2000, fewer of a large"
    " model]",
)
@json_option
def parity(models: tuple[str, ...], boards: tuple[str, ...], vectors: str | None, as_json: bool) -> None:
    """Verify that Keras, int8, the C array and the code for chips agree; exit code 1 if they do not.

    The code for chips is TensorFlow Lite for Microcontrollers (TFLM) and plain C on each processor, emulated here.

    \b
    Example: tinyml parity adder --json
             tinyml parity linear --board sim-uno --vectors all
    """
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.parity import parity as parity_models
    from tinyml_pipeline.workflow.proof import ALL_VECTORS

    count = None if vectors is None else vector_count(vectors) or ALL_VECTORS
    outcomes = parity_models(models, project(), boards=boards, vectors=count)
    report(outcomes, tables.parity, as_json)


@click.command("compile")
@models_or_files_argument
@click.option(
    "--board", "boards", multiple=True, metavar="BOARD", help="For this board's processor; 'tinyml boards' lists them."
)
@optimize_option
@click.option("--flash-limit", type=click.IntRange(1), metavar="BYTES", help="Choose kernels that take no more flash.")
@click.option("--ram-limit", type=click.IntRange(1), metavar="BYTES", help="The same of RAM between the layers.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for the C of one model, or of several for one firmware, which share one copy of each kernel.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name of the model's files, symbols and macros in C; once per model.",
)
@click.option(
    "--memory",
    type=click.Choice(["static", "caller"]),
    default="static",
    help="Memory between the layers: a static array, or given by the caller, which makes the inference reentrant.",
)
@click.option(
    "--io",
    "ports",
    type=click.Choice(["pointers", "arena"]),
    default="pointers",
    help="Inputs and outputs: pointers of the caller, or places inside that memory.",
)
@click.option(
    "--vectors",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Write a test too: a C program that compares N answers with TFLM's, and the vectors as C and .npz.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Print each layer's kernel, its cost, and why the others were rejected; and the memory between layers.",
)
@json_option
def compile_(
    models: tuple[str, ...],
    boards: tuple[str, ...],
    optimize: Any,
    flash_limit: int | None,
    ram_limit: int | None,
    output: Path | None,
    names: tuple[str, ...],
    memory: Any,
    ports: Any,
    vectors: int | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Compile models to plain C without an interpreter: needs no library, and gives the same bytes as TFLM.

    \b
    Example: tinyml compile adder --board sim-uno
             tinyml compile other.tflite --name wake -o my_firmware/model
             tinyml compile kws.tflite adder -o my_firmware/models --memory caller
    """
    from tinyml_pipeline.compiler.layout import Layout
    from tinyml_pipeline.compiler.select import Budget
    from tinyml_pipeline.show.report.tables import road as tables
    from tinyml_pipeline.workflow.compile import Wanted, compile_models

    wanted = Wanted(
        optimize, output, explain, Budget(flash_limit, ram_limit), names, Layout(memory, ports), vectors or 0
    )
    outcomes = compile_models(models, project(), wanted, boards=boards)
    report(outcomes, tables.compilation, as_json)
