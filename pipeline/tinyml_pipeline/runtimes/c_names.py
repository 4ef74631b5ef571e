"""Names for C and C++, and for the folder of a sketch, from any text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from tinyml_pipeline.compiler.c_text import identifier
from tinyml_pipeline.visible_text import visible

# A sketch's folder bears the model's name, and Windows keeps these for itself.
_WINDOWS_DEVICES = re.compile(r"aux|con|nul|prn|(com|lpt)\d")
_LONGEST = 40


def c_identifier(name: str, fallback: str = "model") -> str:
    """A lower-case identifier of at most 47 characters: a prefix of C symbols, and a sketch's name on every system.

    A name that already is one stays as it is. Any other keeps what can be kept of it and gets six digits of its
    SHA-256, so that 'My Model', 'my-model' and 'my_model' remain three names: two of them meet only where 24 bits of
    SHA-256 do.
    """
    kept = identifier(name, fallback)[:_LONGEST].rstrip("_")
    if kept == name and not _WINDOWS_DEVICES.fullmatch(name):
        return kept
    return f"{kept}_{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def distinct_identifiers(names: Sequence[str], fallback: str) -> tuple[str, ...]:
    """One identifier a name, in order; a name that comes twice gets its position as a suffix the second time."""
    found: list[str] = []
    for position, name in enumerate(names):
        identifier = c_identifier(name, fallback)
        while identifier in found:
            identifier += f"_{position}"
        found.append(identifier)
    return tuple(found)


def c_string(text: str) -> str:
    """The inside of a C string literal, ASCII only and without trigraphs: octal escapes of the UTF-8 bytes."""
    plain = {ord(c): c for c in map(chr, range(0x20, 0x7F)) if c not in '"\\?'}
    return "".join(plain.get(byte, f"\\{byte:03o}") for byte in text.encode("utf-8", "replace"))


def comment_text(text: str) -> str:
    """`text` on one line, safe inside either kind of comment, and on the terminal of who reads it there."""
    line = " ".join(text.encode("utf-8", "replace").decode().split()).replace("*/", "* /").replace("/*", "/ *")
    return re.sub(r"\?(?=\?)", "? ", visible(line)).rstrip("\\ ")
