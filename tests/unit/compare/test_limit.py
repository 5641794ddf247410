"""The loop that only counts counts."""

from __future__ import annotations

import numpy as np

from comet.compare import limit
from tests import naive_compare as naive


def test_counts_are_those_of_the_definition() -> None:
    """So nothing of the work is left out that the limit stands for."""
    draw = np.random.default_rng(1)
    x, y = draw.integers(0, 2**32, 24, np.uint32), draw.integers(0, 2**32, 48, np.uint32)
    sums = np.arange(48, dtype=np.uint32)
    limit.count(x, y, sums)
    assert sums.tolist() == [m + naive.common(x, word) for m, word in enumerate(y.tolist())]
