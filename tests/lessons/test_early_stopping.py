"""When it stops, and what it keeps."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.show.lessons import early_stopping


@pytest.mark.parametrize(
    ("losses_by_epoch", "end", "kept"),
    [((3, 2, 1, 2, 3, 4, 0), 6, 3), ((3, 2, 1), 3, 3), ((1, 1, 1, 1, 1), 4, 1)],
    ids=["rises", "still falling", "equal is not better"],
)
def test_early_stopping_with_a_patience_of_3(losses_by_epoch: tuple[int, ...], end: int, kept: int) -> None:
    assert early_stopping.stop(np.array(losses_by_epoch, float), 3) == (end, kept)


def test_early_stopping_keeps_a_smaller_validation_loss() -> None:
    to_the_end, stopped = early_stopping.run().rows
    assert int(stopped[1]) == int(stopped[2]) + early_stopping.PATIENCE < 100
    assert float(stopped[4]) < float(to_the_end[4])
    assert float(stopped[5]) < float(to_the_end[5])
