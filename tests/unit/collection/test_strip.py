"""Two tracks along each other: a moment of the one is a moment of the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.collection.strip import Aligned
from comet.core.model import Audio, Part

AUDIO = Audio("b3:1", "flac", "flac", 44_100, 2, 16, 900_000, True, 200.0, 200.0, 0.0, 0.0, 0, 1600)


def laid(offset: float = 0.0, speed: float = 0.0, parts: tuple[Part, ...] = ()) -> Aligned:
    """Return two tracks of 200 s."""
    return Aligned(AUDIO, AUDIO, offset, speed, parts, [])


@given(st.floats(0, 50), st.floats(0, 50), st.floats(-5, 5), st.floats(0, 40))
def test_there_and_back_is_where_one_was(i: float, j: float, speed: float, further: float) -> None:
    """Inside what two tracks have in common a moment is found again, at any speed."""
    two = laid(offset=i - j, speed=speed, parts=(Part(i, j, 50.0),))
    assert two.here(two.there(i + further)) == pytest.approx(i + further)


def test_behind_a_cut_it_is_the_part_that_counts() -> None:
    """The second track lacks 20 s in the middle: from there on its moments are earlier."""
    two = laid(parts=(Part(0.0, 0.0, 60.0), Part(80.0, 60.0, 100.0)))
    assert two.there(30.0) == 30.0
    assert two.there(90.0) == 70.0
    assert two.here(70.0) == 90.0


def test_before_the_first_part_the_offset_tells() -> None:
    """And no moment is before the beginning."""
    two = laid(offset=5.0, parts=(Part(10.0, 5.0, 50.0),))
    assert two.there(7.0) == 2.0
    assert two.there(3.0) == 0.0
