"""Intervals against sets of numbers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from comet.compare.intervals import Intervals, missing, subtract, union

some = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


def inside(intervals: list[tuple[int, int]] | Intervals) -> set[int]:
    """Give the numbers in the intervals."""
    return {n for begin, end in intervals for n in range(begin, end)}


@given(some)
def test_union(intervals: list[tuple[int, int]]) -> None:
    """A union holds the same numbers in as few intervals as there can be, ascending."""
    melted = union(intervals)
    assert inside(melted) == inside(intervals)
    assert all(begin < end for begin, end in melted)
    assert all(one[1] < two[0] for one, two in pairwise(melted))


@given(some, st.integers(0, 30), st.integers(0, 30))
def test_missing(done: list[tuple[int, int]], begin: int, end: int) -> None:
    """What is missing and what is done make the range, and share nothing."""
    assert inside(missing(done, begin, end)) == set(range(begin, end)) - inside(done)


@given(some, some)
def test_subtract(intervals: list[tuple[int, int]], done: list[tuple[int, int]]) -> None:
    """The difference is the difference of the sets."""
    assert inside(subtract(intervals, done)) == inside(intervals) - inside(done)
