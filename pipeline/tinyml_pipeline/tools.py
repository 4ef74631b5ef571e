"""The only caller of subprocess: finding tools, running them with a time limit, keeping what they print."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline.errors import ToolFailedError, ToolMissingError, UnsupportedError
from tinyml_pipeline.extras import is_importable

Process = subprocess.Popen[bytes]

_PR_SET_PDEATHSIG = 1
_OWN_PROGRAMS = str(Path(sys.executable).parent)  # .venv/bin, which is on PATH only if it is activated


@dataclass(frozen=True)
class Output:
    """What a finished program left: its exit code (negative: the signal that ended it) and both streams."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def tail(self) -> str:
        """The last lines of the error stream, or of the output where that is empty, for a message."""
        text = (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")
        return "\n".join(text.splitlines()[-12:])


def which(name: str) -> str | None:
    """The full path of a program on PATH, or next to this Python."""
    return shutil.which(name) or shutil.which(name, path=_OWN_PROGRAMS)


def find_tool(name: str, *, purpose: str, install: str) -> str:
    """The full path of a program; ToolMissingError says what it is for and how to get it.

    What apt brings, `tinyml doctor --install` brings too.
    """
    path = which(name)
    if path is None:
        way = f"{install}, or: tinyml doctor --install" if install.startswith("apt install ") else install
        raise ToolMissingError(f"{name} is not installed; it is needed to {purpose}. Install it: {way}.")
    return path


def run(
    command: Sequence[str | Path],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> Output:
    """Run a program to its end, its process group killed at the time limit.

    Raises ToolMissingError where the program does not exist, and ToolFailedError where it takes too long or, with
    `check`, ends with anything but 0.
    """
    name = Path(command[0]).name
    with start(command, cwd=cwd, env=env) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise ToolFailedError(f"{name} did not finish within {timeout_s:g} s and was stopped.") from None
    output = Output(process.returncode, stdout, stderr)
    if check and output.returncode != 0:
        raise ToolFailedError(f"{name} {describe_exit(output.returncode)}:\n{output.tail}")
    return output


def run_shown(
    command: Sequence[str | Path], *, show: Callable[[str], None], timeout_s: float, cwd: Path | None = None
) -> Output:
    """Run a program whose progress a person wants to see: `show` gets what both streams print, as it comes.

    All of it is in the output's stdout. Raises ToolMissingError and ToolFailedError as `run` does; an exit code is the
    caller's to judge.
    """
    deadline = time.monotonic() + timeout_s
    printed = b""
    with start(command, cwd=cwd, stderr=subprocess.STDOUT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        # A thread reads: only Unix can wait for a pipe with a time limit.
        said: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=_read_all, args=(process.stdout.fileno(), said), daemon=True).start()
        with contextlib.suppress(queue.Empty):
            while data := said.get(timeout=max(0.0, deadline - time.monotonic())):
                printed += data
                show(data.decode(errors="replace"))
            process.wait()
            return Output(process.returncode, printed, b"")
    raise ToolFailedError(f"{Path(command[0]).name} did not finish within {timeout_s:g} s and was stopped.")


@contextlib.contextmanager
def start(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stderr: int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[bytes]]:
    """A running program with piped streams; it and its children are gone when the block ends, however it ends."""
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=cwd,
            env=dict(os.environ, **env) if env else None,
            start_new_session=True,  # without effect on Windows
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    except FileNotFoundError:
        raise ToolMissingError(f"{Path(command[0]).name} is not installed, or its folder is not on PATH.") from None
    try:
        yield process
    finally:
        _end_with_children(process)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def host_compiler(plus_plus: bool = False) -> list[str] | None:
    """The C or C++ compiler of this computer as the start of a command; None without any.

    $CC or $CXX, else the first of GCC, the system's own and clang that is on PATH, else the one in ziglang's wheel.
    """
    chosen = shlex.split(os.environ.get("CXX" if plus_plus else "CC", ""), posix=os.name == "posix")
    if chosen:
        return chosen if which(chosen[0]) else None
    for name in ("g++", "c++", "clang++") if plus_plus else ("gcc", "cc", "clang"):
        if path := which(name):
            return [path]
    if is_importable("ziglang"):
        return [sys.executable, "-m", "ziglang", "c++" if plus_plus else "cc"]
    return None


MOST_SOURCE_BYTES = 64 << 20
"""Of source text that a compiler is given: GCC takes 20 bytes of memory for each byte of an array's initialiser."""


def refuse_long_sources(texts: Iterable[str]) -> None:
    """Raise UnsupportedError for more source text than MOST_SOURCE_BYTES, before a compiler takes all memory for it."""
    size = sum(len(text) for text in texts)
    if size > MOST_SOURCE_BYTES:
        raise UnsupportedError(
            f"{size:,} bytes of generated source, for which a C compiler takes some {20 * size >> 30} GB of memory, are"
            f" not built here; supported: {MOST_SOURCE_BYTES:,}, about 10 MB of weights."
        )


def _read_all(line: int, said: queue.Queue[bytes]) -> None:
    """Until the end of a pipe, which b'' stands for."""
    with contextlib.suppress(OSError):
        while data := os.read(line, 4096):
            said.put(data)
    said.put(b"")


def _end_with_children(process: Process) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:  # Windows has no process groups: its own tool walks down the tree
        tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        with contextlib.suppress(OSError):
            subprocess.run(tree, capture_output=True, check=False)
        process.kill()


def describe_exit(returncode: int) -> str:
    """An exit code in words: 'failed with exit code 1', 'was ended by SIGSEGV'; Windows' crashes are large numbers."""
    if returncode > 0xFFFF:
        return f"crashed with {returncode & 0xFFFFFFFF:#010x}"
    if returncode < 0:
        known = {int(one): one.name for one in signal.Signals}
        return f"was ended by {known.get(-returncode, f'signal {-returncode}')}"
    return f"failed with exit code {returncode}"


def _die_with_parent() -> None:
    """In the child: ask Linux to end it when this process dies, so that even kill -9 leaves nothing behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
