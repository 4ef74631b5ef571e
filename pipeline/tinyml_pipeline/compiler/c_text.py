"""C as text: an emitter, identifiers and array literals. Knows nothing of models."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.reserved_words import RESERVED_WORDS

_WIDTH = 100


class Emitter:
    """Lines of C with their indentation."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def emit(self, line: str = "") -> None:
        self._lines.append("    " * self._depth + line if line else "")

    def paste(self, other: Emitter) -> None:
        """The lines of another emitter, at the current depth."""
        for line in other._lines:
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
        return "\n".join(self._lines) + "\n"


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


def array_lines(values: npt.NDArray[Any] | Sequence[int], *, packed: bool = False) -> list[str]:
    """The elements of an initialiser, several a line, right-aligned in columns; `packed` words in hexadecimal.

    Short rows of an array of two dimensions stay whole.
    """
    row = np.shape(values)[-1] if np.ndim(values) == 2 else 1
    flat = np.asarray(values).ravel().tolist()
    words = [f"0x{value:08x}u" if packed else int_literal(value) for value in flat]
    width = max(map(len, words))
    per_line = max(1, (_WIDTH - 4) // (width + 2))
    per_line = 1 << per_line.bit_length() - 1 if len(words) > per_line else per_line
    if len(words) <= per_line:
        return [", ".join(words)]
    per_line = per_line // row * row or per_line
    words = [word.rjust(width) for word in words]
    return [", ".join(words[start : start + per_line]) + "," for start in range(0, len(words), per_line)]
