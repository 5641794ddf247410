"""Levels along each other, against an obvious twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from comet.judge.levels import _holes

UNKNOWN = st.just(float("nan"))


def slow_holes(differ: list[float]) -> list[float]:
    """Look at each second by itself: what the two seconds on either side say, as far as they are known."""
    deep = [0.0] * len(differ)
    for at in range(3, len(differ) - 3):
        sides = [[x for x in pair if x == x] for pair in (differ[at - 3 : at - 1], differ[at + 2 : at + 4])]  # noqa: PLR0124 - not nan
        if all(sides) and differ[at] == differ[at]:
            low, high = sorted(sum(side) / len(side) for side in sides)
            deep[at] = max(low - differ[at], differ[at] - high, 0.0)
    return deep


@given(st.lists(st.floats(-60, 60) | UNKNOWN, max_size=40))
def test_holes(differ: list[float]) -> None:
    """Each second is held against both sides of it; at the ends, and where nothing is known, there is no hole."""
    assert np.allclose(_holes(np.array(differ, np.float64)), slow_holes(differ), rtol=0, atol=1e-9)
