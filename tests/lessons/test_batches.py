"""The same start, other roads."""

from __future__ import annotations

import numpy as np
from tinyml_pipeline.show.lessons import batches


def test_batches_start_alike_and_single_samples_jump() -> None:
    full, mini, single = (batches.losses(size) for size in (2000, 32, 1))
    assert full[0] == mini[0] == single[0]
    assert (np.diff(full[:100]) < 0).all()
    assert (np.diff(single) > 0).mean() > 0.3
    assert full[-1] < 0.011
    assert mini[-1] < 0.011
