"""What sentences share: a number with its noun, a path in a command, one or several things that are not installed."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, noun: str, plural: str = "") -> str:
    """'1 step', '1,234 steps'."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def argument(text: str) -> str:
    """A path as one types it after a command."""
    return f'"{text}"' if " " in text else text


def not_installed(things: Sequence[str]) -> str:
    """'gcc is not installed', 'gcc, avr-gcc are not installed'."""
    return f"{', '.join(things)} {'is' if len(things) == 1 else 'are'} not installed"
