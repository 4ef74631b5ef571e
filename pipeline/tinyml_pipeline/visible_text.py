"""Text from outside (boards, tools, file and tensor names) made safe to print: control characters become escapes."""

from __future__ import annotations

import codecs

LINES = "\n\t"
"""What text of several lines may keep."""


def visible(text: str, keep: str = "") -> str:
    """`text` in which every character that does not print is an escape such as `\\x1b`, those in `keep` aside.

    That covers control characters, which can move a terminal's cursor or change its settings; marks that reorder
    text; and the lone surrogates that stand for bytes of a file name which are not UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )


class VisibleStream:
    """The same for bytes that arrive in pieces: UTF-8 may be cut anywhere, and bytes that are not UTF-8 are escaped."""

    def __init__(self, keep: str = "\r\n\t") -> None:
        self._keep = keep
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """What `data` completes; with `final`, also what is left of a character that was cut."""
        return visible(self._decoder.decode(data, final), self._keep)
