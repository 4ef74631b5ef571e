"""What is installed, what is missing, what that costs, and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Tool
from tinyml_pipeline.boards.required_tools import TEST_TOOLS, is_installed, required_tools
from tinyml_pipeline.errors import ToolFailedError, ToolMissingError
from tinyml_pipeline.extras import DISTRIBUTION, EXTRAS, install_command
from tinyml_pipeline.host.flashers import bossac
from tinyml_pipeline.places import SOURCE_ROOT

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

_APT_TIMEOUT_S = 1800
_FOR_REAL_BOARDS = (
    ("arduino-cli", "build sketches for every board and flash them", "see arduino.github.io/arduino-cli"),
    ("pio", "build sketches for every board and flash them (PlatformIO)", "pipx install platformio"),
    ("bossac", "flash a Nano 33 BLE", "arduino-cli core install arduino:mbed_nano (Debian's does not know the chip)"),
    ("pyocd", "flash a Nucleo", "pipx install pyocd"),
    ("openocd", "flash a Nucleo", "apt install openocd"),
    ("st-flash", "flash a Nucleo", "apt install stlink-tools"),
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
    """Look at Python, the packages and the outside programs; starts none of them."""
    return [_python(), *_packages(), *_programs(), *_optional_programs()]


def install_missing(checks: Sequence[Check]) -> str:
    """Install the missing programs with apt if this user may: root, or passwordless sudo.

    Returns one line that says what was done, or what to type. Raises ToolFailedError where apt itself fails.
    """
    packages = sorted({check.package for check in checks if check.found is None and check.package})
    if not packages:
        return "Nothing to install: every compiler and emulator is there."
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    typed = f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        return f"Not installed, because there is no apt here: {' '.join(packages)} (Debian's names)."
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
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
    return f"Installed with apt: {' '.join(packages)}."


def _python() -> Check:
    from packaging.specifiers import SpecifierSet

    version = platform.python_version()
    wanted = importlib.metadata.metadata(DISTRIBUTION)["Requires-Python"]
    good = SpecifierSet(wanted).contains(version, prereleases=True)
    return Check("python", version if good else None, "everything", f"this is {version}; wanted {wanted}")


def _packages() -> list[Check]:
    """The packages of the core, then of each extra: within the ranges of pyproject.toml and, in a clone, as pinned."""
    from packaging.requirements import Requirement

    pins = _pins()
    requirements = [Requirement(text) for text in importlib.metadata.requires(DISTRIBUTION) or []]
    found: dict[str, Check] = {}
    for extra in ("", *EXTRAS):
        for requirement in requirements:
            if requirement.name in found or requirement.name == DISTRIBUTION:
                continue
            if _applies(requirement, extra) and (not extra or not _applies(requirement, "")):
                found[requirement.name] = _package(requirement, extra, pins.get(requirement.name))
    if "tflite-micro" not in found:
        remedy = f"no wheel for {sys.platform} on {platform.machine()}; prove models on Linux x86-64"
        found["tflite-micro"] = Check("tflite-micro", None, "optional: to run TFLM itself", remedy, is_optional=True)
    return list(found.values())


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _package(requirement: Requirement, extra: str, pin: SpecifierSet | None) -> Check:
    remedy = "make .venv again: rm -rf .venv, then make train" if pin else f"pip install '{_plain(requirement)}'"
    purpose = f"optional: to {EXTRAS[extra].purpose}" if extra else "everything"
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        remedy = install_command(extra) if extra else f"not installed; {remedy}"
        return Check(requirement.name, None, purpose, remedy, is_optional=bool(extra))
    for wanted in (requirement.specifier, pin):
        if wanted is not None and not wanted.contains(version, prereleases=True):
            remedy = f"found {version}, wanted {wanted}; {remedy}"
            return Check(requirement.name, None, purpose, remedy)
    return Check(requirement.name, version, purpose, "", is_optional=bool(extra))


def _plain(requirement: Requirement) -> str:
    """Without its marker."""
    return f"{requirement.name}{requirement.specifier}"


def _pins() -> dict[str, SpecifierSet]:
    """The exact versions that `make` installs into the .venv of a clone; empty anywhere else."""
    from packaging.requirements import Requirement

    clone = SOURCE_ROOT.parent
    if not (clone / "constraints.txt").is_file() or Path(sys.prefix).parent != clone:
        return {}
    lines = (
        line.partition("#")[0].strip() for line in (clone / "constraints.txt").read_text(encoding="utf-8").splitlines()
    )
    pins = [Requirement(line) for line in lines if line]
    return {pin.name: pin.specifier for pin in pins if _applies(pin, "")}


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
