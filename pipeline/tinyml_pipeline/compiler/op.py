"""What every operator's meaning has in common."""

from __future__ import annotations


class Op:
    """What an operator means, proven: a frozen dataclass in a module of compiler/ops/, made by its `read`.

    It holds the tensors that it reads and writes, checked against each other, and plain numbers; no layout, no target.
    """

    @property
    def macs(self) -> int:
        """Multiplications with accumulation of one inference; 0 for an operator without any."""
        return 0
