"""Commands for a board in the hand or an emulated one: choose, build, flash, verify."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_pipeline.cli.common import (
    board_option,
    json_option,
    model_or_file_argument,
    models_or_files_argument,
    port_option,
    project,
    report,
    runtime_option,
    show,
    vector_count,
)
from tinyml_pipeline.errors import UsageError


@click.command()
@json_option
def boards(as_json: bool) -> None:
    """List the boards: processor, memory, runtimes, and what builds and flashes them.

    Example: tinyml boards
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.boards import list_boards

    show(list_boards(), tables.boards, as_json)


@click.command()
@json_option
def ports(as_json: bool) -> None:
    """List the serial ports of this computer; boards connect by USB.

    Example: tinyml ports
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.boards import list_serial_ports

    show(list_serial_ports(), tables.ports, as_json)


@click.command()
@models_or_files_argument
@click.option(
    "--board", "boards", multiple=True, metavar="BOARD", help="Only this board; exit code 1 if the model does not fit."
)
@json_option
def fit(models: tuple[str, ...], boards: tuple[str, ...], as_json: bool) -> None:
    """Show whether a model fits each board: flash and RAM needed and available, per runtime.

    \b
    Example: tinyml fit adder
             tinyml fit adder --board uno
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.fit import fit as fit_models

    report(fit_models(models, project(), boards=boards), tables.fits, as_json)


@click.command()
@models_or_files_argument
@board_option
@runtime_option
@click.option("--collect", is_flag=True, help="Write the sketch that prints a sensor's readings, for tinyml record.")
@click.option(
    "--sensor",
    default="",
    metavar="NAME",
    help="With --collect: analog, mpu6050 or lsm9ds1.  [default: what is on the board, else analog]",
)
@click.option(
    "--serve", type=click.Choice(["mlperf-tiny"]), help="Answer the runner of the benchmark MLPerf Tiny instead."
)
@json_option
def firmware(
    models: tuple[str, ...],
    board: str,
    runtime: str | None,
    collect: bool,
    sensor: str,
    serve: str | None,
    as_json: bool,
) -> None:
    """Write a firmware project for a board: an Arduino sketch and a PlatformIO project in one folder.

    \b
    Example: tinyml firmware linear --board uno
             tinyml firmware adder --board esp32 --runtime tflm
             tinyml firmware --collect --board uno --sensor mpu6050
             tinyml firmware kws.tflite --board nano33ble --serve mlperf-tiny
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.collect import write_collector
    from tinyml_pipeline.workflow.firmware import firmware as write_firmware

    if collect and (models or runtime):
        raise UsageError("firmware --collect writes a sketch without a model; leave out models and --runtime.")
    if sensor and not collect:
        raise UsageError("--sensor is for the sketch of --collect.")
    if serve and (collect or runtime == "tflm"):
        raise UsageError(f"--serve {serve} runs a model as plain C: leave out --collect and --runtime tflm.")
    if serve:
        from tinyml_pipeline.workflow.mlperf_tiny import serve as serve_runner

        report(serve_runner(models, project(), board=board), tables.served, as_json)
    elif collect:
        show([write_collector(board, project(), sensor)], tables.collectors, as_json)
    else:
        report(write_firmware(models, project(), board=board, runtime=runtime), tables.firmware, as_json)


@click.command()
@models_or_files_argument
@board_option
@runtime_option
@click.option("--tool", metavar="TOOL", help="Tool to build with: arduino-cli, arduino-builder, platformio or gcc.")
@json_option
def build(models: tuple[str, ...], board: str, runtime: str | None, tool: str | None, as_json: bool) -> None:
    """Build the firmware with an installed tool, and show how much of the board's memory it takes.

    Example: tinyml build linear --board uno
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.build import build as build_models

    report(build_models(models, project(), board=board, runtime=runtime, tool=tool), tables.builds, as_json)


@click.command()
@model_or_file_argument
@board_option
@port_option
@runtime_option
@click.option(
    "--tool",
    metavar="TOOL",
    help="Tool to flash with: avrdude, esptool, bossac, uf2, pyocd, openocd, st-flash, arduino-cli or platformio.",
)
@json_option
def flash(model: str, board: str, port: str | None, runtime: str | None, tool: str | None, as_json: bool) -> None:
    """Build the firmware, flash it, and check that the board runs it; a sim- board is emulated.

    \b
    Example: tinyml flash linear --board uno
             tinyml flash adder --board esp32 --port /dev/ttyUSB0
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.flash import flash as flash_model

    report(
        flash_model(model, project(), board=board, port=port, runtime=runtime, tool=tool),
        tables.flashed,
        as_json,
    )


@click.command()
@model_or_file_argument
@board_option
@port_option
@runtime_option
@click.option(
    "--vectors",
    metavar="N",
    help="Number of inputs to send; for one or two input values also 'all', every possible one.  [default: 2000, fewer"
    " of a large model]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time to wait for a valid answer.",
)
@click.option(
    "--layers", is_flag=True, help="Show what each layer takes; a real board needs a firmware with a profile."
)
@json_option
def verify(
    model: str,
    board: str,
    port: str | None,
    runtime: str | None,
    vectors: str | None,
    timeout: float,
    layers: bool,
    as_json: bool,
) -> None:
    """Verify that a board computes the right bytes: send it inputs over its serial port, or to its emulator.

    Every answer is compared, bit for bit, with that of TensorFlow Lite for Microcontrollers (TFLM) on this computer.

    \b
    Example: tinyml verify linear --board sim-uno --vectors all
             tinyml verify adder --board uno --port /dev/ttyACM0
    """
    from tinyml_pipeline.show.report.tables import board as tables
    from tinyml_pipeline.workflow.proof import ALL_VECTORS
    from tinyml_pipeline.workflow.verify import verify as verify_model

    count = None if vectors is None else vector_count(vectors) or ALL_VECTORS
    found = verify_model(
        model, project(), board=board, port=port, runtime=runtime, vectors=count, timeout_s=timeout, layers=layers
    )
    report(found, tables.verification, as_json)


@click.command()
@click.argument("model", required=False)
@board_option
@port_option
@runtime_option
def monitor(model: str | None, board: str, port: str | None, runtime: str | None) -> None:
    """Show what a board prints and send it what you type; a sim- board runs MODEL. Ctrl-C ends it.

    \b
    Example: tinyml monitor --board uno
             tinyml monitor linear --board sim-uno
    """
    from tinyml_pipeline.workflow.monitor import monitor as show_board

    show_board(model, project(), board=board, port=port, runtime=runtime)


@click.command()
@board_option
@port_option
@click.option("--label", default="", metavar="NAME", help="What is recorded, such as the name of a gesture.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="CSV to append to (required).")
@click.option("--columns", multiple=True, metavar="NAME", help="Names of the values.  [default: what the board prints]")
@click.option("--rows", type=int, metavar="N", help="End after this many rows.  [default: at Ctrl-C]")
@json_option
def record(
    board: str,
    port: str | None,
    label: str,
    output: Path | None,
    columns: tuple[str, ...],
    rows: int | None,
    as_json: bool,
) -> None:
    """Store the numbers that a board prints in a CSV file, with time, label and the recording's number, until Ctrl-C.

    A line of numbers with commas, tabs or blanks between them is a row; other lines are counted. The sketch of 'tinyml
    firmware --collect' prints such lines, and so does a sim- board that can run it.

    \b
    Example: tinyml record --board uno --label shake -o data.csv
             tinyml record --board sim-uno --label still -o data.csv --rows 100
    """
    from tinyml_pipeline.show.report.tables import data as tables
    from tinyml_pipeline.workflow.record import record as store

    if output is None:
        raise UsageError("record needs a file, as in: tinyml record --board uno --label shake -o data.csv")
    recording = store(project(), board=board, port=port, label=label, output=output, columns=columns, rows=rows)
    show([recording], tables.recordings, as_json)
