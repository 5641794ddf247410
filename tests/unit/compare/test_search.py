"""A few against all that is known, block by block."""

from __future__ import annotations

import numpy as np
import pytest

from comet.compare import sample, search
from comet.core.errors import Stopped
from comet.core.model import Words
from tests.unit.compare.words import TAILS, faster

FLOORS = (20.0, 20.0)
"""Noise reaches more than music does."""


def _tracks(count: int, seed: int, length: int = 200) -> list[Words]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 1 << 32, length, dtype=np.uint32) for _track in range(count)]


def _told(_pairs: int) -> None:
    """Be told a number, and forget it."""


def test_what_is_found_is_what_comparing_each_pair_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the edges of blocks and rows lie: offset, overlap, error and evidence of every pair above the line."""
    monkeypatch.setattr(search, "_BLOCK", 1100)
    monkeypatch.setattr(search, "_ROWS", 3)
    known = _tracks(20, 1)
    wanted = [*_tracks(3, 2), known[5][30:], np.concatenate([_tracks(1, 3)[0], known[12]]), known[19], known[0][:39]]
    wanted.append(faster(known[7], 2.0))
    found = search.search(
        zip(range(5, 25), known, strict=True), wanted, floors=FLOORS, tails=TAILS, seconds=900, advance=_told
    )
    assert [[pair.i for pair in pairs] for pairs in found] == [[], [], [], [10], [17], [24], [], [12]]
    for at, words in enumerate(wanted):
        for pair in found[at]:
            best = sample.best(known[pair.i - 5], words, TAILS)
            assert (pair.offset, pair.overlap, pair.error, pair.evidence) == tuple(best)[:4]
            assert pair.sloped == (best.slope != 0) == (pair.i == 12)
            assert pair.j == search.FIRST + at
    assert [pairs[0].offset for pairs in found if pairs] == [30, -200, 0, 0]


def test_only_openings_are_compared_and_every_pair_is_told() -> None:
    """What lies behind the part that is compared is not found, and the pairs that are told are all there are."""
    known, told = _tracks(4, 1), []
    late = np.concatenate([_tracks(1, 5)[0], known[2]])
    assert search.search(enumerate(known, 1), [late], floors=FLOORS, tails=TAILS, seconds=24, advance=told.append) == [
        []
    ]
    assert sum(told) == 4
    assert (
        search.search(enumerate(known, 1), [late], floors=FLOORS, tails=TAILS, seconds=60, advance=_told)[0][0].i == 3
    )
    assert search.search(enumerate(known, 1), [], floors=FLOORS, tails=TAILS, seconds=60, advance=_told) == []


def test_it_ends_when_told_to() -> None:
    """What `advance` raises ends it."""

    def stop(_pairs: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        search.search(enumerate(_tracks(3, 1), 1), _tracks(1, 2), floors=FLOORS, tails=TAILS, seconds=60, advance=stop)
