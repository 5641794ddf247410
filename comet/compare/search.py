"""The stage that compares a few with all: fingerprints that came from elsewhere with those that are known.

The known ones pass by in blocks, so memory does not grow with their number; threads compare a block each, and nothing
is kept of what has passed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from comet.compare.extent import MINIMUM, opening
from comet.compare.sample import Tails, compare, consecutive, cores, prepare, surest
from comet.core.model import Pair, Words

FIRST: Final = 1 << 40
"""Number of the first fingerprint that is looked for, above the serial numbers of all caches."""

_BLOCK: Final = 1 << 20
"""Words of a block: 1 000 tracks of two minutes, 4 MB, and some tenths of a second for each that is looked for."""
_ROWS: Final = 16
"""Fingerprints that one thread compares with a block: for so many it is worth while to have made the block ready."""

_Block = list[tuple[int, Words]]


def search(
    known: Iterable[tuple[int, Words]],
    wanted: Sequence[Words],
    *,
    floors: tuple[float, float],
    tails: Tails,
    seconds: float,
    advance: Callable[[int], None],
) -> list[list[Pair]]:
    """Compare `wanted` with all that is known, at every offset, and return for each its pairs, surest first.

    Args:
        known: (serial number, whole fingerprint), each number once, in any order; taken one by one, in this thread.
        wanted: Whole fingerprints. One that is too short to be compared has no pairs.
        floors: Least evidence of a pair, flat and along slopes.
        tails: Of the two forms: a pair has the evidence of the one that chance explains less.
        seconds: Of each track's start that are compared; see `extent.opened`.
        advance: Told a number of pairs after each piece that it is safe to stop after; may raise.

    Returns:
        Pairs with `i` the serial number and `j` = `FIRST` + place in `wanted`; so a positive offset says that the
        wanted one starts later than the known one.
    """
    rows = [(FIRST + at, opening(words, seconds)) for at, words in enumerate(wanted)]
    rows = [(number, words) for number, words in rows if len(words) >= MINIMUM]
    found: list[list[Pair]] = [[] for _words in wanted]
    threads = cores()
    waiting: deque[tuple[int, Future[list[Pair]]]] = deque()

    def take() -> None:
        count, future = waiting.popleft()
        for pair in future.result():
            found[pair.j - FIRST].append(pair)
        advance(count)

    with ThreadPoolExecutor(threads) as pool:
        try:
            for block in _blocks(known if rows else (), seconds):
                for start in range(0, len(rows), _ROWS):
                    some = rows[start : start + _ROWS]
                    waiting.append((len(block) * len(some), pool.submit(_compare, block, some, floors, tails)))
                    if len(waiting) > threads:
                        take()
            while waiting:
                take()
        finally:
            for _count, future in waiting:
                future.cancel()
    return [sorted(pairs, key=lambda pair: (-pair.evidence, pair.i)) for pairs in found]


def _blocks(known: Iterable[tuple[int, Words]], seconds: float) -> Iterator[_Block]:
    block: _Block = []
    size = 0
    for serial, words in known:
        block.append((serial, opening(words, seconds).copy()))  # so that the rest of the track is let go
        size += len(block[-1][1])
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _compare(block: _Block, rows: _Block, floors: tuple[float, float], tails: Tails) -> list[Pair]:
    """Compare some fingerprints with a block."""
    sample = prepare((*block, *rows))
    pairs = []
    for row in range(len(block), len(block) + len(rows)):
        found = surest(compare(sample, consecutive((row, 0), len(block)), floors), tails)
        columns = (found.offset, found.overlap, found.error, found.evidence, found.slope)
        for i, offset, overlap, error, evidence, slope in zip(found.i, *(c.tolist() for c in columns), strict=True):
            one, other = int(sample.serials[i]), int(sample.serials[row])
            pairs.append(Pair(one, other, int(offset), int(overlap), error, evidence, slope != 0))
    return pairs
