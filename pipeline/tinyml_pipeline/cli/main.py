"""The program `tinyml`: every command under its heading. Starts without TensorFlow, numpy or a terminal library."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click

from tinyml_pipeline import __version__
from tinyml_pipeline.cli import board, learn, road, streams, upkeep
from tinyml_pipeline.cli.common import complain, show_tracebacks
from tinyml_pipeline.errors import PipelineError, UsageError
from tinyml_pipeline.visible_text import visible

SECTIONS = {
    "From Keras to C": (
        road.init,
        road.new,
        road.models,
        road.train,
        road.import_,
        road.convert,
        road.generate,
        road.compile_,
        road.library,
        road.parity,
    ),
    "On a board": (
        board.boards,
        board.ports,
        board.fit,
        board.firmware,
        board.build,
        board.flash,
        board.verify,
        board.monitor,
        board.record,
    ),
    "Look inside": (
        learn.predict,
        learn.lesson,
        learn.graph,
        learn.layers,
        learn.operators,
        learn.lr_find,
        learn.export,
    ),
    "The program itself": (upkeep.bench, upkeep.doctor),
}


_UNEXPECTED_EXIT = 70
"""EX_SOFTWARE of sysexits.h."""
# Commands of which nothing could be said that was there before.
_WRITE_NO_FILES = ("boards", "doctor", "fit", "flash", "models", "monitor", "operators", "ports", "predict", "verify")


class _Group(click.Group):
    """Turns every PipelineError and wrong use into one line and its exit code, and Ctrl-C into one line and 130."""

    def main(self, *arguments: Any, **extra: Any) -> Any:
        with streams.prepared():
            return super().main(*arguments, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`--debug` is meant for the whole program, wherever it stands."""
        own = args[: args.index("--")] if "--" in args else args
        if "--debug" in own:
            args = ["--debug", *(text for text in own if text != "--debug"), *args[len(own) :]]
        return super().parse_args(ctx, args)

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
        except OSError as error:
            if streams.are_broken():
                raise  # streams.prepared() knows what to say
            complain(_of_system(error))
            ctx.exit(1)
        except (click.exceptions.Exit, click.Abort, click.ClickException):
            raise
        except Exception as error:
            complain(_unexpected(error))
            ctx.exit(_UNEXPECTED_EXIT)
        except KeyboardInterrupt:
            kept = (
                ""
                if ctx.invoked_subcommand in _WRITE_NO_FILES
                else "; what was finished is kept, all else is as it was"
            )
            click.echo(f"\ntinyml: stopped{kept}.", err=True)
            ctx.exit(130)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """In the order of use, not of the alphabet; of each the first clause of its help."""
        width = max(map(len, self.commands))
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{one.name:<{width}}", _first_clause(one)) for one in commands])


def _of_system(error: OSError) -> PipelineError:
    """What the operating system refused, with the file if it names one."""
    where = visible(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else "this computer"
    return PipelineError(f"{where}: {error.strerror or error}.").with_traceback(error.__traceback__)


def _unexpected(error: Exception) -> PipelineError:
    """For what no check of ours has foreseen: still one line, which says that the fault is ours."""
    if isinstance(error, MemoryError):
        return PipelineError("there is not enough memory for this.").with_traceback(error.__traceback__)
    what = f"{type(error).__name__}: {visible(str(error).strip() or 'no message').splitlines()[0]}"
    fault = PipelineError(f"a fault of tinyml itself ({what}). See where, for a report: the same with --debug.")
    fault.__cause__ = error
    return fault.with_traceback(error.__traceback__)


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
    help="Folder for all generated files.  [default: artifacts/ of the project]",
)
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_tracebacks,
    help="Also print the traceback of an error.",
)
@click.pass_context
def main(ctx: click.Context, artifacts: Path | None) -> None:
    """Take a Keras model to a microcontroller, and verify every step on the way.

    \b
    All models:  tinyml train && tinyml convert
    One model:   tinyml convert linear
    One command: tinyml convert --help
    """
    ctx.obj = artifacts


for _commands in SECTIONS.values():
    for _command in _commands:
        main.add_command(_command)
