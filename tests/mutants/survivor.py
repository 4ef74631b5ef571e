"""Mutants that no test notices, and the list of those that change nothing, with the reason of each."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIST = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Mutant:
    """`was` and `becomes` are the changed lines, stripped; they and the place, not a number, tell mutants apart."""

    file: str
    place: str
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}\n    - {self.was}\n    + {self.becomes}"


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """The lines that only one of the two texts has, joined by a space."""
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    only = {sign: " ".join(line[2:].strip() for line in lines if line.startswith(sign)) for sign in ("- ", "+ ")}
    return only["- "], only["+ "]


def listed(part: str, path: Path = LIST) -> dict[Mutant, str]:
    """The mutants of `part` that change nothing -> the reason. `becomes` is a line, or several with one reason."""
    found = {}
    for entry in tomllib.loads(path.read_text()).get(part, []):
        lines = entry["becomes"] if isinstance(entry["becomes"], list) else [entry["becomes"]]
        found.update({Mutant(entry["file"], entry["place"], entry["was"], line): entry["reason"] for line in lines})
    return found


def judge(part: str, survivors: Sequence[Mutant], *, is_whole: bool) -> bool:
    """Print what the list does not have and, of a whole part, what it has in vain; whether the part passes."""
    known = listed(part)
    new = [mutant for mutant in survivors if mutant not in known]
    for mutant in new:
        print(f"SURVIVES {mutant}")
    for mutant in known.keys() - set(survivors) if is_whole else ():
        print(f"killed now, take it off {LIST.name}: {mutant}")
    print(f"{part}: {len(survivors)} survivors, {len(survivors) - len(new)} listed in {LIST.name}, {len(new)} new")
    return not new
