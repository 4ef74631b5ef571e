"""A process that tries commands in all states of their streams: forks for each, so that Python starts once.

All kinds of arguments in all states for some commands that cost little, because what writes to the streams is shared;
for the others, their help and wrong calls in states that differ. Prints one JSON line per try: the arguments, the
state, the exit code, and what came out of both streams.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tinyml_pipeline import workflow
from tinyml_pipeline.cli import main

LONG = "x" * 300
TRIES = (
    ("--help",),
    (LONG,),
    (f"./{LONG}.tflite", "--board", "uno"),
    ("caf\u00e9", "\udcff\x1b[31m", "--board", "\u2603"),
)
THOROUGHLY = ("models", "operators", "ports", "lesson")  # they take no argument, or none is an answer too
FEW_STATES = ("both full", "stdout unread")
ONE_STATE = ("ascii, COLUMNS=0, dumb",)


def closed(*numbers: int) -> Callable[[], None]:
    def close() -> None:
        for number in numbers:
            os.close(number)
            setattr(sys, ("stdin", "stdout", "stderr")[number], None)

    return close


def to_path(path: str, *numbers: int) -> Callable[[], None]:
    def redirect() -> None:
        for number in numbers:
            os.dup2(os.open(path, os.O_RDWR), number)

    return redirect


def unread() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 1)


def ascii_only() -> None:
    os.environ.update(COLUMNS="0", TERM="dumb", NO_COLOR="1")
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding="ascii", errors="strict")


def narrow() -> None:
    os.environ["COLUMNS"] = "1"


STATES: dict[str, Callable[[], None]] = {
    "stdout closed": closed(1),
    "stderr closed": closed(2),
    "all closed": closed(0, 1, 2),
    "stdout full": to_path("/dev/full", 1),
    "both full": to_path("/dev/full", 1, 2),
    "stdout unread": unread,
    "ascii, COLUMNS=0, dumb": ascii_only,
    "COLUMNS=1": narrow,
}


def attempt(state: Callable[[], None], arguments: list[str], files: list[Path]) -> int:
    """The exit code of one command in a child; 99 stands for an exception that came through."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(300)  # a command that does not end is a failure, not a test that hangs
    for number, path in enumerate(files, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_TRUNC), number)
    code = 99
    try:
        state()
        main.main(arguments, prog_name="tinyml")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException as error:
        Path(files[1]).write_text(f"Traceback: {error!r}")
    finally:
        os._exit(code)


def run(folder: Path) -> None:
    files = [folder / "stdout", folder / "stderr"]
    for path in files:
        path.touch()
    for _, name, _ in pkgutil.iter_modules(workflow.__path__):  # once here, not again in each child
        importlib.import_module(f"{workflow.__name__}.{name}")
    for command, arguments, state in tries():
        code = attempt(STATES[state], ["--artifacts", str(folder / "artifacts"), command, *arguments], files)
        said = [path.read_text(errors="replace") for path in files]
        print(json.dumps({"command": [command, *arguments], "state": state, "code": code, "said": said}), flush=True)


def tries() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Command, arguments, state."""
    for command in sorted(main.commands):
        if command in THOROUGHLY:
            yield from ((command, arguments, state) for arguments in ((), *TRIES) for state in STATES)
        else:
            yield from ((command, TRIES[0], state) for state in FEW_STATES)
            yield from ((command, arguments, state) for arguments in TRIES[1:] for state in ONE_STATE)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        run(Path(place))
