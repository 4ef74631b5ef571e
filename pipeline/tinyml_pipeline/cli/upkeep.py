"""Commands about the program itself: what it costs, and what it needs."""

from __future__ import annotations

import sys

import click

from tinyml_pipeline.cli.common import json_option, models_or_files_argument, project, show


@click.command()
@models_or_files_argument
@click.option("--board", "boards", multiple=True, metavar="BOARD", help="Only this processor.")
@click.option(
    "--only",
    type=click.Choice(["workflow", "chips"]),
    help="Only the program's own steps (workflow), or only the C on processors (chips).",
)
@json_option
def bench(models: tuple[str, ...], boards: tuple[str, ...], only: str | None, as_json: bool) -> None:
    """Measure times, flash, RAM and instructions: training against Model.fit, each step, each model's C next to others.

    Example: tinyml bench adder --only chips
    """
    from tinyml_pipeline.show.report.tables import upkeep as tables
    from tinyml_pipeline.workflow.bench import bench_chips, bench_road
    from tinyml_pipeline.workflow.chips import chips
    from tinyml_pipeline.workflow.outcomes import chosen

    chosen(models, project(), files=True)  # a wrong name is said before a minute of training
    chips(boards)
    if only != "chips":
        show(bench_road(project()), tables.steps, as_json)
    if only != "workflow":
        show(bench_chips(models, project(), boards), tables.costs, as_json)


@click.command()
@click.option(
    "--install",
    is_flag=True,
    help="Install missing compilers and emulators with apt (needs root or passwordless sudo).",
)
@json_option
def doctor(install: bool, as_json: bool) -> None:
    """Check which tools are installed, what needs the missing ones, and how to install them.

    Example: tinyml doctor
    """
    from tinyml_pipeline import doctor as examination
    from tinyml_pipeline.show.report.tables import upkeep as tables

    checks = examination.examine()
    if install:
        click.echo(examination.install_missing(checks), err=True)
        return
    show(checks, tables.doctor, as_json)
    if any(check.found is None and check.needed_for == "everything" for check in checks):
        sys.exit(1)
