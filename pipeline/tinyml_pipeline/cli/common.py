"""What the commands share: arguments and options, and how a result or an error is shown."""

from __future__ import annotations

import dataclasses
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinyml_pipeline.errors import PipelineError, UsageError
from tinyml_pipeline.visible_text import LINES, visible

if TYPE_CHECKING:
    from tinyml_pipeline.project import Project
    from tinyml_pipeline.workflow.outcomes import Outcomes


def _needs_model(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if not value:
        raise UsageError(f"{context.command.name} needs a model, such as linear; 'tinyml models' lists them.")
    return value


def _needs_board(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if not value:
        from tinyml_pipeline.boards.catalog import board_names

        names = ", ".join(name for name in board_names() if name != "host")
        raise UsageError(
            f"{context.command.name} needs a board, as in --board uno. There are: {names}; 'tinyml boards' says more."
        )
    return value


models_argument = click.argument("models", nargs=-1, metavar="[MODEL]...")
models_or_files_argument = click.argument("models", nargs=-1, metavar="[MODEL_OR_TFLITE]...")
model_argument = click.argument("model", metavar="MODEL", required=False, callback=_needs_model)
model_or_file_argument = click.argument(
    "model", metavar="MODEL_OR_TFLITE", required=False, callback=_needs_model, is_eager=True
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
force_option = click.option("--force", is_flag=True, help="Do it again even if everything is up to date.")
board_option = click.option(
    "--board", metavar="BOARD", callback=_needs_board, help="Target board (required); 'tinyml boards' lists them."
)
port_option = click.option(
    "--port", metavar="PORT", help="Serial port of the board; found automatically if there is only one."
)
optimize_option = click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed"]),
    help="How much flash matters against time; by default what suits the processor.",
)
runtime_option = click.option(
    "--runtime", type=click.Choice(["aot", "tflm"]), help="Plain C (aot, the default) or the TFLM interpreter (tflm)."
)


def project() -> Project:
    """The project of the current folder, with the artifacts folder of --artifacts, if it was given."""
    from tinyml_pipeline.project import Project

    return Project.find(Path(), click.get_current_context().find_root().obj)


_MOST_DIGITS = 9


def vector_count(text: str) -> int | None:
    """None for 'all'."""
    if text == "all":
        return None
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
        raise UsageError(f"--vectors takes a number from 1 to {'9' * _MOST_DIGITS}, or 'all', not '{text[:40]}'.")
    return int(text)


def report(outcomes: Outcomes[Any], table: Callable[[Sequence[Any]], None], as_json: bool) -> None:
    """Show what was done, then what went wrong, one line each; exit 1 where a model failed or a check did not pass."""
    show(outcomes.results, table, as_json)
    for error in outcomes.errors:
        complain(error)
    if outcomes.errors or not all(result.passed for result in outcomes.results):
        sys.exit(1)


def show(results: Sequence[Any], table: Callable[[Sequence[Any]], None], as_json: bool) -> None:
    if as_json:
        from tinyml_pipeline.workflow.outcomes import Result

        rows = [one.to_json() if isinstance(one, Result) else dataclasses.asdict(one) for one in results]
        click.echo(json.dumps(rows, indent=2, default=str))
    else:
        table(results)


_DEBUG = "tinyml.debug"


def show_tracebacks(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """From here on `complain` prints tracebacks too."""
    context.find_root().meta[_DEBUG] = value


def complain(error: PipelineError) -> None:
    """One line; above it what a converter printed, if the message cannot name the cause; with --debug, both and the
    traceback."""
    context = click.get_current_context(silent=True)
    is_debug = context is not None and context.find_root().meta.get(_DEBUG)
    if is_debug:
        click.echo(visible("".join(traceback.format_exception(error)), LINES), err=True)
    log = getattr(error, "log", "")
    if log and (is_debug or not getattr(error, "is_explained", False)):
        click.echo(f"{visible(log, LINES)}\n", err=True)
    click.echo(f"tinyml: {visible(str(error), LINES)}", err=True)
