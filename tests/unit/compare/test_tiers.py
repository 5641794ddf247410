"""Which pairs are compared exactly, which go through the index, and how far both are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.compare import tiers
from comet.compare.chunks import Coverage, Task
from comet.compare.intervals import Intervals, missing

NOTHING = Coverage((), {})


def indexed(*epochs: tuple[int, int], units: int = tiers.UNITS, tables: int = tiers.TABLES) -> dict[Task, Intervals]:
    """Give epochs of which so many units of so many tables are done."""
    return {Task(*epoch, table, 20, 67, 320, 352): ((0, units),) for epoch in epochs for table in range(tables)}


def test_small_collections_are_compared_exactly() -> None:
    """Up to so many audios, and whatever is added to them; nothing is left when all is done."""
    serials = list(range(1, tiers.EXACT + 1))
    assert tiers.todo(serials, NOTHING, exact=False) == (((1, tiers.EXACT + 1),), [])
    assert tiers.todo(serials, Coverage(((1, 100),), {}), exact=False) == (((100, tiers.EXACT + 1),), [])
    assert not any(tiers.todo(serials, Coverage(((1, tiers.EXACT + 1),), {}), exact=False))
    assert not any(tiers.todo([], NOTHING, exact=False))


def test_large_collections_go_through_the_index() -> None:
    """All of it at first; then what came later, exactly where that is a handful; what was begun is finished first."""
    serials = list(range(1, 20_001))
    assert tiers.todo(serials, NOTHING, exact=False) == ((), [(1, 20_001)])
    assert tiers.todo(serials, Coverage(((1, 4_000),), {}), exact=False) == ((), [(4_000, 20_001)])
    done = Coverage((), indexed((1, 20_001)))
    assert not any(tiers.todo(serials, done, exact=False))
    assert tiers.todo([*serials, 20_005], done, exact=False) == (((20_001, 20_006),), [])
    assert tiers.todo([*serials, *range(20_005, 20_105)], done, exact=False) == ((), [(20_005, 20_105)])
    begun = Coverage((), indexed((1, 20_001), units=3))
    assert tiers.todo([*serials, *range(20_005, 20_105)], begun, exact=False)[1] == [(1, 20_001), (20_005, 20_105)]


def test_a_collection_that_shrank_keeps_what_is_done() -> None:
    """Rows that went through the index are done, and an epoch that was begun is finished."""
    few = list(range(1, 20_001, 10))
    later = list(range(30_001, 30_011))
    assert tiers.todo(later, Coverage((), indexed((1, 20_001), units=3)), exact=False) == (((20_001, 30_011),), [])
    assert tiers.todo(few, Coverage(((1, 15_000), (15_001, 20_001)), {}), exact=True) == ((), [])
    assert not any(tiers.todo(few, Coverage((), indexed((1, 20_001))), exact=False))
    assert tiers.todo(few, Coverage((), indexed((1, 20_001), units=3)), exact=False) == ((), [(1, 20_001)])


def test_exactly_means_all() -> None:
    """When it is asked for, rows that went through the index are compared too, and those that were compared are not."""
    serials = list(range(1, 20_001))
    coverage = Coverage(((1, 50),), indexed((50, 20_001)))
    assert tiers.todo(serials, coverage, exact=True) == (((50, 20_001),), [])


@given(st.lists(st.integers(1, 60), unique=True, max_size=40), st.integers(0, 60), st.integers(0, tiers.UNITS))
def test_progress_counts_each_pair_once(some: list[int], edge: int, units: int) -> None:
    """Rows and an epoch that overlap count once, half of the units is half of the pairs, and never more than all."""
    serials = sorted(some)
    exact: Intervals = ((1, edge),) if edge > 1 else ()
    epoch = (max(1, edge - 5), 61)
    told = tiers.progressed(serials, Coverage(exact, indexed(epoch, units=units)))
    every = {(i, j) for j in serials for i in serials if i < j}
    rows = {pair for pair in every if any(begin <= pair[1] < end for begin, end in exact)}
    rest = {pair for pair in every - rows if any(begin <= pair[1] < end for begin, end in missing(exact, *epoch))}
    assert told.all == len(every)
    assert told.done == len(rows) + len(rest) * units // tiers.UNITS
    assert told.units == sum(end - begin for begin, end in exact) + tiers.TABLES * units


@pytest.mark.parametrize("tables", [1, 3])
def test_an_epoch_is_done_when_all_its_tables_are(tables: int) -> None:
    """Before, it is left to do."""
    serials = list(range(1, 6_000))
    assert tiers.todo(serials, Coverage((), indexed((1, 6_000), tables=tables)), exact=False).epochs == [(1, 6_000)]


def test_a_further_table_hides_no_gap() -> None:
    """What was lost of the first tables is left to do, however many more there are."""
    serials, epoch = list(range(1, 6_000)), (1, 6_000)
    done = indexed(epoch, tables=tiers.MOST)
    lost = next(task for task in done if task.table == 2)
    assert not any(tiers.todo(serials, Coverage((), done), exact=False))
    holed = Coverage((), {**done, lost: ((0, 10), (30, tiers.UNITS))})
    assert tiers.todo(serials, holed, exact=False).epochs == [epoch]
    told = tiers.progressed(serials, holed)
    assert told.done < told.all
    assert told.units == tiers.TABLES * tiers.UNITS - 20


def test_the_floor_of_the_index_holds_for_what_it_alone_has_seen() -> None:
    """The highest of all epochs in each form, but for those of which every audio was compared exactly."""
    serials = [*range(1, 6_000), *range(7_000, 7_100)]
    later = {Task(6_000, 7_100, 0, 17, 240, 480, 330): ((0, 5),)}
    every = {**indexed((1, 6_000)), **later}
    assert tiers.floors(serials, NOTHING) == (0.0, 0.0)
    assert tiers.floors(serials, Coverage((), every)) == (15.0, 11.0)
    assert tiers.floors(serials, Coverage(((1, 5_000), (7_000, 7_100)), every)) == (10.0, 11.0)
    assert tiers.floors(serials, Coverage(((1, 6_000), (7_000, 7_099)), every)) == (15.0, 10.3125)
    assert tiers.floors(serials, Coverage(((1, 6_000), (7_000, 7_100)), every)) == (0.0, 0.0)


def test_what_is_found_soon_comes_first() -> None:
    """A part of the first table of an epoch that takes long, unless that is done, and then all tables."""
    serials, epoch = list(range(1, 40_001)), (1, 40_001)
    few, every = tiers.Round(epoch, 1, tiers.FIRST), tiers.Round(epoch, tiers.TABLES, tiers.UNITS)
    assert tiers.next_round(serials, epoch, NOTHING) == few
    assert tiers.next_round(serials, epoch, Coverage((), indexed((40_001, 50_000)))) == few
    assert tiers.next_round(serials, epoch, Coverage((), indexed(epoch, tables=1, units=tiers.FIRST - 1))) == few
    assert tiers.next_round(serials, epoch, Coverage((), indexed(epoch, tables=1, units=tiers.FIRST))) == every
    assert tiers.next_round(serials, (39_000, 40_001), NOTHING).tables == tiers.TABLES
