"""A linked firmware to the image that an ESP32-C3's boot loader starts, by Espressif's own tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.errors import ToolFailedError
from tinyml_pipeline.host.flashers.esptool import program

APP_ADDRESS = 0x10000
"""Where Espressif's default partition table, and Arduino's, have the first application."""
_TIMEOUT_S = 60


@dataclass(frozen=True)
class AppImage:
    """An application image for the flash at APP_ADDRESS, and what esptool says of it."""

    image: Path
    info: str


def make_app_image(elf: Path, image: Path) -> AppImage:
    """Write `image` from a firmware of the port firmware/ports/esp32c3, and let esptool check it.

    The same firmware gives the same bytes. Raises ToolMissingError, ToolFailedError with the tool's words.
    """
    _esptool("--chip", "esp32c3", "elf2image", "--flash-mode", "dio", "--flash-size", "4MB", "-o", image, elf)
    info = _esptool("--chip", "esp32c3", "image-info", image)
    if "Validation hash" not in info or "(valid)" not in info:
        raise ToolFailedError(f"esptool does not find {image} valid:\n{info}")
    return AppImage(image, info)


def _esptool(*arguments: str | Path) -> str:
    output = tools.run([*program(), *arguments], timeout_s=_TIMEOUT_S, check=False)
    words = output.stdout.decode(errors="replace")
    if output.returncode:
        raise ToolFailedError(f"esptool {arguments[2]} {tools.describe_exit(output.returncode)}:\n{output.tail}")
    return words
