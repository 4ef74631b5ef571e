"""Names that people type: those that the files of a folder give, and what to say to one that is none of them."""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Collection, Iterable


def module_names(folder: Iterable[str], besides: Collection[str]) -> list[str]:
    """The modules of a package, in alphabetical order, but those `besides` and those that begin with an underscore."""
    names = (name for _, name, _ in pkgutil.iter_modules(folder))
    return sorted(name for name in names if name not in besides and not name.startswith("_"))


def hint(name: str, known: Collection[str]) -> str:
    """'Did you mean 'adder'?', or all that there are where none is close."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
