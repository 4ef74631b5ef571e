"""C as text: an emitter, identifiers and literals. Knows nothing of models."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Collection, Iterator

import numpy as np

from tinyml_pipeline.compiler.reserved_words import RESERVED_WORDS


class Emitter:
    """Lines of C with their indentation."""

    def __init__(self) -> None:
        self._text = io.StringIO()  # hundreds of megabytes of weights are written once, and never joined
        self._depth = 0

    def emit(self, line: str = "") -> None:
        """A line, or several with line breaks between them."""
        indent = "    " * self._depth
        if line:
            self._text.write(indent)
        self._text.write(line.replace("\n", "\n" + indent) if indent else line)
        self._text.write("\n")

    def paste(self, other: Emitter) -> None:
        """The lines of another emitter, at the current depth."""
        for line in other.text.splitlines():
            self.emit(line)

    @contextlib.contextmanager
    def indent(self, opening: str, closing: str = "}") -> Iterator[None]:
        """`opening`, then what is emitted inside, one level deeper, then `closing`."""
        self.emit(opening)
        self._depth += 1
        yield
        self._depth -= 1
        self.emit(closing)

    @property
    def text(self) -> str:
        return self._text.getvalue()


def identifier(name: str, fallback: str, reserved: Collection[str] = RESERVED_WORDS) -> str:
    """A lower-case C identifier that resembles `name`, or `fallback` if nothing of it is left.

    A `reserved` word, or one that begins with a digit, gets the fallback in front.
    """
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:48].strip("_")
    if not word:
        return fallback
    if word[0].isdigit() or word in reserved:
        word = f"{fallback}_{word}"
    return word


def unique(name: str, taken: set[str]) -> str:
    """`name`, or `name_2`, `name_3`, ... where it is taken; the answer is taken from then on."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    taken.add(candidate)
    return candidate


def comment(text: str) -> str:
    """A one-line C comment; what could end it early, or is not plain ASCII, is replaced."""
    plain = re.sub(r"[^\x20-\x7e]", "?", text).replace("*/", "* /").replace("/*", "/ *")
    return f"/* {plain} */"


def float_literal(value: float) -> str:
    """The shortest decimal that reads back as the same float32, with the suffix f."""
    text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    if 1e-4 <= abs(value) < 1e6 or value == 0:
        text = np.format_float_positional(np.float32(value), unique=True, trim="0")
    return f"{text}f"


def int_literal(value: int) -> str:
    """An int32 constant; the lowest value has no literal of its own in C."""
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)
