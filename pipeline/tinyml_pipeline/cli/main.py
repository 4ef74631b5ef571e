"""The program `tinyml`: every command under its heading. Starts without TensorFlow, numpy or a terminal library."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from tinyml_pipeline import __version__
from tinyml_pipeline.cli import board, learn, road, upkeep
from tinyml_pipeline.cli.common import complain
from tinyml_pipeline.errors import PipelineError, UsageError

SECTIONS = {
    "The road": (road.models, road.train, road.convert, road.generate, road.compile_, road.parity),
    "On a board": (board.boards, board.fit, board.firmware, board.build, board.flash, board.verify, board.monitor),
    "Look inside": (learn.predict, learn.lesson, learn.graph, learn.lr_find, learn.export),
    "The program itself": (upkeep.bench, upkeep.doctor),
}


class _Group(click.Group):
    """Turns every PipelineError and wrong use into one line and its exit code, and Ctrl-C into one line and 130."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **extra)
        except click.NoSuchOption as error:
            raise _one_line(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _one_line(error) from None
        except PipelineError as error:
            complain(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("\ntinyml: stopped; what was there before is unchanged.", err=True)
            ctx.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """In the order of the road, not of the alphabet; of each the first clause of its help."""
        width = max(map(len, self.commands))
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{one.name:<{width}}", _first_clause(one)) for one in commands])


def _one_line(error: click.UsageError) -> SystemExit:
    of_command = f" {error.ctx.command.name}" if error.ctx and error.ctx.parent else ""
    said = error.format_message()
    said = said[0].lower() + said[1:] + ("" if said.endswith((".", "?")) else ".")
    complain(UsageError(f"{said} See: tinyml{of_command} --help"))
    return SystemExit(UsageError.exit_code)


def _first_clause(command: click.Command) -> str:
    assert command.help is not None, "a test asks each for its help"
    return re.split(r"[:;]|\.\s", command.help)[0]


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tinyml")
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    envvar="TINYML_ARTIFACTS",
    help="Folder for everything that is made.  [default: artifacts/ of the project]",
)
@click.pass_context
def main(ctx: click.Context, artifacts: Path | None) -> None:
    """From a Keras model to a microcontroller, every step proven.

    \b
    The road:    tinyml train && tinyml convert
    One model:   tinyml convert linear
    One command: tinyml convert --help
    """
    ctx.obj = artifacts


for _commands in SECTIONS.values():
    for _command in _commands:
        main.add_command(_command)
