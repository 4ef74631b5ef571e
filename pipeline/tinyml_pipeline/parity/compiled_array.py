"""The model array as the C++ compiler sees it: model_data.cc, compiled for this machine and read back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.errors import ToolMissingError
from tinyml_pipeline.extras import install_command
from tinyml_pipeline.places import FIRMWARE

MAIN = FIRMWARE / "templates" / "host_check" / "main.cc"
_TIMEOUT_S = 300


def array_as_compiled(source: str, header: str, array: str, length: str, *, header_name: str = "model_data.h") -> bytes:
    """The bytes of `array` in `source` (a .cc that includes `header_name`); `array` and `length` are its symbols.

    Also checks that the array is aligned to 16 bytes. Raises ToolMissingError without a C++ compiler,
    UnsupportedError for an array that is too long for one, and ToolFailedError if the source does not compile without a
    warning or the alignment is wrong.
    """
    compiler = host_cxx()
    tools.refuse_long_sources([source])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / header_name).write_text(header, encoding="utf-8")
        (place / "model_data.cc").write_text(source, encoding="utf-8")
        defines = [f'-DMODEL_HEADER="{header_name}"', f"-DMODEL_DATA={array}", f"-DMODEL_LENGTH={length}"]
        warnings = ["-Wall", "-Wextra", "-Werror"]
        sources = [MAIN, place / "model_data.cc"]
        command: list[str | Path] = [*compiler, "-std=c++17", *warnings, *defines, "-I", place, *sources]
        tools.run([*command, "-o", place / "host_check"], timeout_s=_TIMEOUT_S)
        return tools.run([place / "host_check"], timeout_s=_TIMEOUT_S).stdout


def host_cxx() -> list[str]:
    """The C++ compiler of this machine as the start of a command; see tools.host_compiler."""
    found = tools.host_compiler(plus_plus=True)
    if found is not None:
        return found
    purpose = "check the model array as the compiler sees it"
    install = (
        "'apt install g++' on Debian and Ubuntu, 'xcode-select --install' on macOS, or anywhere: "
        + install_command("compiler")
    )
    if chosen := os.environ.get("CXX"):
        raise ToolMissingError(
            f"{chosen} (from $CXX) is not installed; it is needed to {purpose}. Set CXX to another, or install one:"
            f" {install}."
        )
    raise ToolMissingError(
        f"no C++ compiler (g++, c++ or clang++) is installed; it is needed to {purpose}. Install one: {install}."
    )
