"""Sets of whole numbers as half-open intervals (begin, end): ascending, not empty, not touching each other."""

from __future__ import annotations

from collections.abc import Iterable

Intervals = tuple[tuple[int, int], ...]


def union(intervals: Iterable[tuple[int, int]]) -> Intervals:
    """Return the numbers that are in any of them; takes them in any order, touching, overlapping, empty."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(intervals):
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)


def missing(done: Iterable[tuple[int, int]], begin: int, end: int) -> Intervals:
    """Return the numbers of [begin, end) that are not in `done`."""
    gaps = []
    for first, last in union(done):
        if begin < min(first, end):
            gaps.append((begin, min(first, end)))
        begin = max(begin, last)
    if begin < end:
        gaps.append((begin, end))
    return tuple(gaps)


def subtract(intervals: Iterable[tuple[int, int]], done: Iterable[tuple[int, int]]) -> Intervals:
    """Return the numbers that are in `intervals` and not in `done`."""
    done = union(done)
    return tuple(gap for begin, end in union(intervals) for gap in missing(done, begin, end))
