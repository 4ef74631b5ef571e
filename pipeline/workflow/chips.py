"""A model's plain C on a processor: built with its real compiler, run on the machine that plays it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
