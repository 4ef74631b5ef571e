"""Commands to ask, see and understand a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinyml_pipeline.cli.common import (
    json_option,
    model_argument,
    model_or_file_argument,
    models_argument,
    optimize_option,
    project,
    report,
    show,
)
from tinyml_pipeline.errors import UsageError


@click.command(context_settings={"ignore_unknown_options": True})
@model_argument
@click.argument("numbers", nargs=-1, type=click.UNPROCESSED, metavar="NUMBER...")
@click.option("--data", metavar="FILE", help="Run it on each row of a CSV or .npy file; '-' is standard input.")
@json_option
def predict(model: str, numbers: tuple[str, ...], data: str | None, as_json: bool) -> None:
    """Run a model on your own numbers: the answers of Keras, of int8 and of its C on this computer, side by side.

    A CSV file may begin with a header row, which must name all inputs of the model: the columns may have any order, and
    there may be others. Without one, values are read by position. Rows with missing values are left out. Of a time
    series, the rows are samples, and each window of them is answered.

    \b
    Example: tinyml predict adder 10 2
             tinyml predict linear -3
             tinyml predict adder --data pairs.csv
    """
    from tinyml_pipeline.show.report.tables import learn as tables
    from tinyml_pipeline.workflow import predict as asking

    if numbers == ("-",) and data is None:
        data, numbers = "-", ()
    if data is not None and numbers:
        raise UsageError("predict takes numbers or --data FILE, not both.")
    if data is None:
        show([asking.predict(model, numbers, project())], tables.prediction, as_json)
    else:
        show(asking.predict_rows(model, data, project()), tables.prediction_rows, as_json)


@click.command()
@click.argument("lessons", nargs=-1, metavar="[NAME]...")
@click.option("--docs", type=click.Path(path_type=Path), help="Run all lessons and write their page to this folder.")
@json_option
def lesson(lessons: tuple[str, ...], docs: Path | None, as_json: bool) -> None:
    """Explain an idea with a picture, a table and three sentences; without a name, list the lessons.

    Example: tinyml lesson descent
    """
    from tinyml_pipeline.show.report.tables import learn as tables
    from tinyml_pipeline.workflow import lesson as teaching

    if docs is not None and lessons:
        raise UsageError("--docs makes the page of all lessons; give no names with it.")
    if docs is not None:
        teaching.check_docs(docs)
        told = teaching.tell([row.name for row in teaching.list_lessons()], project().artifacts)
        click.echo(f"written: {teaching.write_page(told, docs)} and {len(told)} pictures")
    elif lessons:
        show(teaching.tell(lessons, project().artifacts), tables.lessons, as_json)
    else:
        show(teaching.list_lessons(), tables.lesson_list, as_json)


@click.command()
@model_argument
@click.option("--format", "form", default="svg", show_default=True, help="svg, png, dot or cypher (for Neo4j).")
@json_option
def graph(model: str, form: str, as_json: bool) -> None:
    """Draw a network before and after quantization: layers, shapes, parameters; every weight if it is small.

    For a .tflite made elsewhere, its int8 form.

    \b
    Example: tinyml graph linear --format png
             tinyml graph ./person.tflite
    """
    from tinyml_pipeline.show.report.tables import learn as tables
    from tinyml_pipeline.workflow.graph import graph as draw

    show([draw(model, project(), form)], tables.drawn, as_json)


@click.command()
@model_or_file_argument
@click.option(
    "--board", metavar="BOARD", help="For this board: instructions, cycles and time too. 'tinyml boards' lists them."
)
@optimize_option
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE.svg", help="Draw the memory over time.")
@json_option
def layers(model: str, board: str | None, optimize: Any, picture: Path | None, as_json: bool) -> None:
    """Show what each layer of the plain C costs: flash, RAM, instructions, estimated cycles and time on a board.

    \b
    Example: tinyml layers linear --board sim-uno
             tinyml layers kws.tflite --board nano33ble --picture memory.svg
    """
    from tinyml_pipeline.show.report.tables import layers as tables
    from tinyml_pipeline.workflow.layers import layers as cost_layers

    found = cost_layers(model, project(), board=board, optimize=optimize, picture=picture)
    report(found, tables.layer_costs, as_json)


@click.command()
@json_option
def operators(as_json: bool) -> None:
    """List the operators that a .tflite may have to be compiled to plain C.

    Example: tinyml operators
    """
    from tinyml_pipeline.show.report.tables import learn as tables
    from tinyml_pipeline.workflow.operators import list_operators

    show(list_operators(), tables.operators, as_json)


@click.command("lr-find")
@model_argument
@click.option("--optimizer", help="Keras optimizer to find the rate for, such as adam.")
@click.option("--batch-size", type=int, help="Batch size to find the rate for.")
@click.option("--apply", "train_with_it", is_flag=True, help="Train with the rate that was found.")
@json_option
def lr_find(model: str, train_with_it: bool, as_json: bool, **changes: Any) -> None:
    """Find a learning rate: train with a growing rate, see where the loss starts to rise, take a rate below that.

    Example: tinyml lr-find linear --apply
    """
    from tinyml_pipeline.show.report.tables import learn as tables
    from tinyml_pipeline.show.report.tables.road import training
    from tinyml_pipeline.training.overrides import Overrides
    from tinyml_pipeline.workflow import lr_find as finder

    overrides = Overrides(**changes)
    found = finder.find(model, project(), overrides)
    if train_with_it:
        if not as_json:
            tables.found_rates([found], is_applied=True)
        outcomes = finder.apply(found, project(), overrides)
        report(outcomes, training, as_json)
    else:
        show([found], tables.found_rates, as_json)


@click.command()
@models_argument
@click.option("--format", "form", default="keras", show_default=True, help="h5, keras or savedmodel.")
@json_option
def export(models: tuple[str, ...], form: str, as_json: bool) -> None:
    """Export trained models for other programs, and check that they predict the same when loaded again.

    Example: tinyml export linear --format h5
    """
    from tinyml_pipeline.show.report.tables import learn as tables
    from tinyml_pipeline.workflow.export import export as export_models

    report(export_models(models, project(), form=form), tables.exports, as_json)
