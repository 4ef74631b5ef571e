"""What is installed, what is missing, what that costs, and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Tool
from tinyml_pipeline.boards.required_tools import TEST_TOOLS, is_installed, required_tools
from tinyml_pipeline.errors import ToolFailedError, ToolMissingError
from tinyml_pipeline.host.flashers import bossac

_APT_TIMEOUT_S = 1800
_FOR_REAL_BOARDS = (
    ("arduino-cli", "build sketches for every board and flash them", "see arduino.github.io/arduino-cli"),
    ("pio", "build sketches for every board and flash them (PlatformIO)", "pipx install platformio"),
    ("bossac", "flash a Nano 33 BLE", "arduino-cli core install arduino:mbed_nano (Debian's does not know the chip)"),
    ("pyocd", "flash a Nucleo", "pipx install pyocd"),
)


@dataclass(frozen=True)
class Check:
    """One thing that the program can use. `found` is its version or path, None where it is missing or wrong."""

    name: str
    found: str | None
    needed_for: str
    remedy: str
    package: str | None = None
    """Debian's package, where apt can bring it."""
    is_optional: bool = False
    """Whether nobody lacks it who has no such board in the hand."""


def examine() -> list[Check]:
    """Look at Python, the pinned packages and the outside programs; starts none of them."""
    return [_python(), *_packages(), *_programs(), *_optional_programs()]


def install_missing(checks: Sequence[Check]) -> str:
    """Bring the missing programs by apt where this user may: root, or sudo without a password.

    Returns one line that says what was done, or what to type. Raises ToolFailedError where apt itself fails.
    """
    packages = sorted({check.package for check in checks if check.found is None and check.package})
    if not packages:
        return "Nothing to install: every compiler and emulator is there."
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    typed = f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        return f"Not installed, because there is no apt here: {' '.join(packages)} (Debian's names)."
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or tools.run(["sudo", "-n", "true"], timeout_s=20, check=False).returncode:
            return f"Not installed, because that needs root: type: {typed}"
        command = ["sudo", "-n", *command]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    update = [*command[: command.index("install")], "update", "--quiet"]
    tools.run(update, timeout_s=_APT_TIMEOUT_S, env=quiet, check=False)  # an old list of packages may still do
    output = tools.run(command, timeout_s=_APT_TIMEOUT_S, env=quiet, check=False)
    if output.returncode:
        raise ToolFailedError(
            f"apt-get could not install {' '.join(packages)}: {_last_line(output.tail)}. Type it yourself: {typed}"
        )
    return f"Installed by apt: {' '.join(packages)}."


def _python() -> Check:
    version = platform.python_version()
    good = sys.version_info[:2] in ((3, 10), (3, 11))
    return Check(
        "python", version if good else None, "everything", f"this is {version}; make .venv with Python 3.10 or 3.11"
    )


def _packages() -> list[Check]:
    """Every package that pyproject.toml pins for running, at just the version that it names."""
    from packaging.requirements import Requirement

    found = []
    for text in importlib.metadata.requires("tinyml-pipeline") or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            version = "nothing"
        good = version != "nothing" and requirement.specifier.contains(version, prereleases=True)
        remedy = f"found {version}, wanted {requirement.specifier}; make .venv anew: rm -rf .venv, then make train"
        found.append(Check(requirement.name, version if good else None, "everything", remedy))
    return found


def _programs() -> list[Check]:
    compiler = next((path for name in ("c++", "g++", "clang++") if (path := tools.which(name))), None)
    checks = [Check("c++", compiler, "the check of the C array in convert and parity", "apt install g++", "g++")]
    checks += [_program(tool, f"only to {tool.purpose}") for tool in required_tools()]
    return checks + [_program(tool, f"only to {tool.purpose}") for tool in TEST_TOOLS]


def _program(tool: Tool, needed_for: str) -> Check:
    """A program by its name; headers and files by the name of their package, which says more than theirs."""
    is_program = tool.header is None and tool.file is None
    found = (tools.which(tool.program) if is_program else "yes") if is_installed(tool) else None
    name = tool.program if is_program else tool.package
    return Check(name, found, needed_for, f"apt install {tool.package}", tool.package)


def _optional_programs() -> list[Check]:
    """What only real boards need, each where its own project says."""
    return [
        Check(
            name,
            _bossac() if name == "bossac" else tools.which(name),
            f"optional: to {purpose}",
            remedy,
            is_optional=True,
        )
        for name, purpose, remedy in _FOR_REAL_BOARDS
    ]


def _bossac() -> str | None:
    """The one that knows the chip; Debian's does not, and Arduino's is not on PATH."""
    try:
        return str(bossac.program("nano33ble"))
    except ToolMissingError:
        return None


def _last_line(text: str) -> str:
    return text.splitlines()[-1] if text else "no reason given"
