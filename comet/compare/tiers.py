"""Which pairs are compared exactly, and which go through the index; and how far both are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from comet.compare.chunks import Coverage
from comet.compare.intervals import Intervals, missing, union

EXACT: Final = 5_000
"""Audios up to which all pairs are compared exactly: some six minutes on two cores, and nothing is missed."""
FEW: Final = 300_000
"""Pairs up to which rows are compared exactly in any collection: no slower than the index, which reads all tracks."""
UNITS: Final = 64
"""Of a table of the index: ranges of its keys."""
TABLES: Final = 4
"""Of an epoch: of pairs that stand out in 100 000 tracks one table finds 95 in a hundred, four 98."""
MOST: Final = 8
"""Tables of an epoch where four do not suffice."""
FIRST: Final = 16
"""Units of the first table that are looked through before all else: they have 95 in a hundred of the pairs that four
tables find, nearly all of those at one speed, in a twelfth of the time."""


MANY: Final = 500_000_000
"""Pairs of an epoch from which on it takes so long that they come first: those of some 32 000 tracks, half a minute."""


class Todo(NamedTuple):
    """What is to be done."""

    rows: Intervals
    """Serial numbers whose rows are to be compared exactly."""
    epochs: list[tuple[int, int]]
    """Half-open intervals of serial numbers that go through the index, oldest first."""


class Round(NamedTuple):
    """What of an epoch is to be done before pairs are judged."""

    epoch: tuple[int, int]
    tables: int
    """The first ones,"""
    units: int
    """and of each so many."""


class Progressed(NamedTuple):
    """How far it is."""

    done: int
    """Pairs that were compared, or that all tables of the index had the chance to propose."""
    all: int
    """Pairs that there are."""
    units: int
    """Rows, and units of the index."""


def todo(serials: Sequence[int], coverage: Coverage, *, exact: bool) -> Todo:
    """Return what is left to be done.

    Rows that were done by the index stay so, however few audios there are now; what was begun there is finished there.
    A new epoch begins with the first audio that nothing covers: so many small additions make one.

    Args:
        serials: Of those audios that are in files that are there, ascending.
        coverage: What is done.
        exact: All pairs are to be compared exactly, those too that went through the index.
    """
    end = serials[-1] + 1 if serials else 1
    if exact:
        return Todo(_held(serials, missing(coverage.exact, 1, end)), [])
    epochs = [epoch for epoch in _epochs(coverage) if _units(coverage, epoch) < TABLES * UNITS]
    epochs = [epoch for epoch in epochs if _pairs(serials, [epoch])]
    left = _held(serials, missing((*coverage.exact, *_epochs(coverage)), 1, end))
    if len(serials) <= EXACT or _pairs(serials, left) <= FEW:
        return Todo(left, epochs)
    return Todo((), [*epochs, (serials[bisect_left(serials, left[0][0])], end)])


def next_round(serials: Sequence[int], epoch: tuple[int, int], coverage: Coverage) -> Round:
    """Return what is to be done first of an epoch that is left: of a long one what one finds soon, else all tables."""
    if _pairs(serials, [epoch]) < MANY:
        return Round(epoch, TABLES, UNITS)
    begun = (units for task, units in coverage.index.items() if task[:2] == epoch and task.table == 0)
    soon = missing(next(begun, ()), 0, FIRST)
    return Round(epoch, 1, FIRST) if soon else Round(epoch, TABLES, UNITS)


def progressed(serials: Sequence[int], coverage: Coverage) -> Progressed:
    """Return how far it is, for the audios that there are now.

    Args:
        serials: Of those that are in files that are there, ascending.
        coverage: What is done.
    """
    pairs, units = _pairs(serials, coverage.exact), sum(end - begin for begin, end in coverage.exact)
    rows = coverage.exact
    for epoch in _epochs(coverage):
        ready = _units(coverage, epoch)
        pairs += _pairs(serials, missing(rows, *epoch)) * ready // (TABLES * UNITS)
        rows = union((*rows, epoch))
        units += ready
    return Progressed(pairs, _triangle(len(serials)), units)


def floors(serials: Sequence[int], coverage: Coverage) -> tuple[float, float]:
    """Return below which evidence, flat and along slopes, pairs that were not compared exactly were not kept, else 0.

    Args:
        serials: Of those audios that are in files that are there, ascending.
        coverage: What is done.
    """
    kept = [task.floors for task in coverage.index if _held(serials, missing(coverage.exact, *task[:2]))]
    return max((flat for flat, _sloped in kept), default=0.0), max((sloped for _flat, sloped in kept), default=0.0)


def _epochs(coverage: Coverage) -> list[tuple[int, int]]:
    return sorted({(task.first, task.behind) for task in coverage.index})


def _held(serials: Sequence[int], rows: Intervals) -> Intervals:
    """Return those intervals in which there is an audio."""
    return tuple((begin, end) for begin, end in rows if bisect_left(serials, begin) < bisect_left(serials, end))


def _units(coverage: Coverage, epoch: tuple[int, int]) -> int:
    """Return the units of an epoch that are done of the tables that every epoch has."""
    some = (units for task, units in coverage.index.items() if task[:2] == epoch and task.table < TABLES)
    return sum(end - begin for units in some for begin, end in units)


def _pairs(serials: Sequence[int], rows: Iterable[tuple[int, int]]) -> int:
    """Return the pairs of some rows: row j has those with an audio before it."""
    return sum(_triangle(bisect_left(serials, end)) - _triangle(bisect_left(serials, begin)) for begin, end in rows)


def _triangle(count: int) -> int:
    """Return the number of pairs of `count` things."""
    return count * (count - 1) // 2
