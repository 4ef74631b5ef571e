"""What a board prints -> rows of numbers: lines of values with commas, tabs, semicolons or blanks between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

_BETWEEN = re.compile(r"\s*[,;\t]\s*|\s+")
_BETWEEN_NAMES = re.compile(r"\s*[,;\t]\s*")  # words with blanks between them are a sentence
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_NO_NUMBER = re.compile(r"[-+]?(nan|inf|ovf)", re.IGNORECASE)
"""What Arduino's print() writes for a reading that is not there; stored as a missing value."""
_NAME = re.compile(r"[A-Za-z_]\w{0,31}")
_MOST_LINE_BYTES = 4096
_MOST_VALUES = 64
_LOOKED_AT = 5


class PrintedRows:
    """Turns bytes, in whatever pieces they come, into rows of texts that are numbers, each with its time.

    A line counts if it has as many values as others: as `names`, else as a line of as many names before it, else as
    most of the first five. Everything else is counted in `rubbish`, with the latest example. A first line of which the
    start may have been missed (`is_cut`) is skipped: its first number may be half of one.
    """

    def __init__(self, names: Sequence[str] = (), *, is_cut: bool = False) -> None:
        self.names = list(names)
        self.rubbish = 0
        self.example = ""
        self._rest = b""
        self._skips = is_cut
        self._header: list[str] = []
        self._held: list[tuple[float, list[str]]] = []
        self._is_settled = bool(names)

    def feed(self, data: bytes, time_s: float) -> Iterator[tuple[float, list[str]]]:
        """The rows that `data` completes; `time_s` is when it came."""
        lines = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MOST_LINE_BYTES:
            self._rest = self._rest[: _MOST_LINE_BYTES + 1]  # rubbish, however long: remember no more of it
        for line in lines:
            if self._skips:
                self._skips = False
            elif line.strip():
                yield from self._line(line, time_s)

    def finish(self) -> Iterator[tuple[float, list[str]]]:
        """The rows that waited for the number of values to be known. A last line without its end is no row."""
        yield from self._settle()

    def _line(self, line: bytes, time_s: float) -> Iterator[tuple[float, list[str]]]:
        values = _values(line)
        if values is None:
            self._not_a_row(line)
            return
        if self._is_settled:
            if len(values) == len(self.names):
                yield time_s, values
            else:
                self._not_a_row(line)
            return
        self._held.append((time_s, values))
        if len(self._held) == _LOOKED_AT or len(values) == len(self._header):
            yield from self._settle()

    def _settle(self) -> Iterator[tuple[float, list[str]]]:
        held, self._held = self._held, []
        if self._is_settled or not held:
            return
        counts = Counter(len(values) for _, values in held)
        count = len(self._header) if len(self._header) in counts else counts.most_common(1)[0][0]
        fits = self._header if len(self._header) == count else []
        self.names = fits or ["value"] * (count == 1) or [f"value_{index}" for index in range(1, count + 1)]
        self._is_settled = True
        for time_s, values in held:
            if len(values) == count:
                yield time_s, values
            else:
                self._not_a_row(",".join(values).encode())

    def _not_a_row(self, line: bytes) -> None:
        words = _BETWEEN_NAMES.split(line.decode("ascii", "replace").strip())
        is_header = len(set(words)) == len(words) <= _MOST_VALUES and all(map(_NAME.fullmatch, words))
        if is_header and not self._is_settled:
            self._header = words
            return
        if is_header and words == self.names:
            return  # the board was reset and begins anew
        self.rubbish += 1
        self.example = line[:60].decode("utf-8", "backslashreplace").strip()


def _values(line: bytes) -> list[str] | None:
    """The numbers of a line as they were printed, '' for NaN; None if it is anything else."""
    if len(line) > _MOST_LINE_BYTES:
        return None
    try:
        words = _BETWEEN.split(line.decode("ascii").strip().rstrip(",;"))
    except UnicodeDecodeError:
        return None
    if len(words) > _MOST_VALUES or not all(_NUMBER.fullmatch(word) or _NO_NUMBER.fullmatch(word) for word in words):
        return None
    return [word if _NUMBER.fullmatch(word) else "" for word in words]
