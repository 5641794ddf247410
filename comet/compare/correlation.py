"""The stage that compares all with all, row by row: row j stands for all pairs (i, j) of serial numbers with i < j.

A chunk is as many rows as memory allows, or as are done in a while; inside, rows are cut into pieces of some
milliseconds, which threads take one after the other (the kernel lets go of the interpreter's lock, so no compiled
parallel loop is needed). Only whole rows count as done. A serial number that does not exist, or has no words, has a row
of nothing: it is done with its neighbours, so that what is done melts into one interval.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.compare import memory
from comet.compare.chunks import INTERVALS, RECORD, Chunk, Records, record
from comet.compare.extent import MINIMUM
from comet.compare.intervals import Intervals, missing, union
from comet.compare.sample import Sample, compare, consecutive, cores
from comet.core.errors import MemoryBudgetError, Stopped
from comet.core.job import Control, Job
from comet.core.model import Stage

_PIECE: Final = 512 * 969 * 969
"""Work of a piece, some 25 ms: small beside what a user waits for a stop, large beside the cost of handing it over."""
_PAIR: Final = 150_000
"""Work of a pair beside the product of the lengths: prefix sums and the like."""

_one = threading.Lock()
"""Held while threads compare: two stages at once in a process would only take the cores from each other."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Pairs that one thread compares: whole rows, or a part of one row."""

    start: tuple[int, int]
    """Row and column of the first pair, as indices of the sample."""
    pairs: int
    rows: int
    """So many rows of the chunk end in this piece."""


@dataclass(slots=True)
class _Found:
    """What a chunk has so far."""

    complete: int = 0
    """Rows of it that are done."""
    records: list[Records] = field(default_factory=list)


def correlate(
    sample: Sample,
    done: Iterable[tuple[int, int]] = (),
    *,
    store: Callable[[Chunk], object],
    floors: tuple[float, float],
    minimum: int = MINIMUM,
    span: int = 0,
    budget: Callable[[], int] | None = None,
    write_every: float = 60.0,
    threads: int = 0,
    job: Job | None = None,
) -> None:
    """Compare all pairs whose row is not done, and hand over each finished chunk.

    Args:
        sample: All tracks, those of done rows too. A serial number below its largest that is not in it counts as done
            for ever: every track that has words must be there.
        done: Units that are done, half-open intervals of serial numbers.
        store: Gets each chunk, also the last one before a stop, and keeps it; `chunks.write` for one.
        floors: Least evidence of a pair that is kept, flat and along slopes: no line can be drawn below it later
            without comparing again. One unrelated pair in 1 200 reaches 6.5 flat, 66 MB of records for 100 000 tracks.
        minimum: Least informative overlap in words.
        span: Largest offset in words, 0 for any.
        budget: Bytes that a chunk may take, asked for before each further row; all that is free where none is given.
        write_every: Seconds after which no further row of a chunk is begun.
        threads: That compare, 0 for one a core.
        job: Hears about each piece. Its wishes (memory, chunk) hold from the next row on.

    Raises:
        Stopped: The job was asked to; the rows that were complete have been stored.
        MemoryBudgetError: Not even one row fits.
    """
    job = job or Job()
    tell = memory.Teller(job)
    run = _Run(sample, minimum, span, floors, threads or cores(), budget or memory.Budget(job), write_every, job)
    todo = missing(done, 1, int(sample.serials[-1]) + 1 if len(sample.serials) else 1)
    total = int(run.rows(todo).sum())
    with job.stage(Stage.CORRELATE, total) as advance, _one, ThreadPoolExecutor(run.threads) as pool:
        while todo:
            least = memory.row(len(sample.serials), sample.longest, run.threads)
            more = memory.RECORD * len(sample.serials)
            left = len(run.rows(todo))
            tell.chunk(run.budget(), min(run.fitting(), left), least, more, left)
            for chunk in run.chunk(pool, todo, advance):
                store(chunk)
                todo = tuple(gap for begin, end in todo for gap in missing(chunk.units, begin, end))


class _Run:
    """One call of `correlate`: the sample and how it is compared."""

    def __init__(
        self,
        sample: Sample,
        minimum: int,
        span: int,
        floors: tuple[float, float],
        threads: int,
        budget: Callable[[], int],
        write_every: float,
        job: Job,
    ) -> None:
        self.sample = sample
        self.minimum = minimum
        self.span = span
        self.floors = floors
        self.threads = threads
        self.budget = budget
        self._write_every = write_every
        self._job = job
        self._lengths = np.diff(sample.offsets)

    def rows(self, units: Intervals) -> NDArray[np.int64]:
        """Return the rows of some units, as indices of the sample; row r has r pairs."""
        edges = np.array(union(units), np.int64).ravel()
        return np.flatnonzero(np.searchsorted(edges, self.sample.serials, side="right") % 2)

    def fitting(self) -> int:
        """Return how many rows a chunk may have, as things stand now; see `memory.units`."""
        rows = memory.units(self.budget(), len(self.sample.serials), self.sample.longest, self.threads)
        return max(1, int(rows * min(1.0, self._job.wish.chunk)))

    def _limit(self, begun: int, began: float, wish: Control) -> int:
        """Return how many rows a chunk that began so may have in all, of which so many are begun; at least one."""
        late = self._job.wish != wish or time.monotonic() >= began + self._write_every * wish.chunk
        try:
            fit = self.fitting()
        except MemoryBudgetError:
            fit = 0  # others took memory: what there is has to be written first, and then it is asked again
        return max(1, min(fit, begun) if late else fit)

    def chunk(self, pool: ThreadPoolExecutor, todo: Intervals, advance: Callable[[int], None]) -> Iterator[Chunk]:
        """Compare the next rows of `todo`, as many as may be, and yield them as one chunk; before a `Stopped` also."""
        todo = todo[:INTERVALS]
        rows = self.rows(todo)
        found = _Found()
        stopped: Stopped | None = None
        try:
            self._collect(pool, self._pieces(rows), found, advance)
        except Stopped as stop:
            stopped = stop
        if found.complete or not len(rows):
            cut = int(self.sample.serials[rows[found.complete]]) if found.complete < len(rows) else todo[-1][1]
            units = tuple((begin, min(end, cut)) for begin, end in todo if begin < cut)
            records = np.concatenate([np.empty(0, RECORD), *found.records])
            found.records.clear()
            yield Chunk(units, records, len(self.sample.serials))
        if stopped:
            raise stopped

    def _collect(
        self, pool: ThreadPoolExecutor, pieces: Iterator[_Piece], found: _Found, advance: Callable[[int], None]
    ) -> None:
        """Have the pieces compared, two a thread under way, and take their results in order, row by row."""
        waiting: deque[tuple[_Piece, Future[Records]]] = deque()
        row: list[Records] = []
        try:
            while True:
                while len(waiting) < 2 * self.threads and (piece := next(pieces, None)):
                    waiting.append((piece, pool.submit(self._compare, piece)))
                if not waiting:
                    return
                piece, future = waiting[0]
                row.append(future.result())
                waiting.popleft()
                if piece.rows:
                    found.complete += piece.rows
                    found.records += row
                    row = []
                advance(piece.pairs)
        finally:
            for _, future in waiting:
                future.cancel()

    def _pieces(self, rows: NDArray[np.int64]) -> Iterator[_Piece]:
        """Cut rows into pieces of about the same work; begin no further row where the chunk may have none."""
        begun, began, wish = 0, time.monotonic(), self._job.wish
        while begun < (limit := min(len(rows), self._limit(begun, began, wish))):
            first = int(rows[begun])
            costs = int(self._lengths[first]) * self.sample.offsets[: first + 1] + _PAIR * np.arange(first + 1)
            if costs[-1] > _PIECE:
                begun += 1
                edges = np.searchsorted(costs, np.arange(_PIECE, costs[-1], _PIECE))
                edges = np.unique(np.concatenate([[0], edges, [first]])).tolist()
                for i, after in pairwise(edges):
                    yield _Piece((first, i), after - i, int(after == first))
                continue
            work, pairs, row = 0, 0, first
            while begun < limit and rows[begun] == row:
                work += int(self._lengths[row]) * int(self.sample.offsets[row]) + _PAIR * row
                if work > _PIECE and row > first:
                    break
                begun, pairs, row = begun + 1, pairs + row, row + 1
            yield _Piece((first, 0), pairs, row - first)

    def _compare(self, piece: _Piece) -> Records:
        """Compare a piece. There is room for every pair of it, so none can be lost."""
        found = compare(self.sample, consecutive(piece.start, piece.pairs), self.floors, self.minimum, self.span)
        i, j = self.sample.serials[found.i], self.sample.serials[found.j]
        return record(i, j, found.offset, found.overlap, found.error, found.evidence, found.slope != 0)


def cut(sample: Sample, todo: Intervals, work: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Cut units into intervals of about `work`, counted in words compared with words, and yield each with its pairs."""
    costs = np.diff(sample.offsets) * sample.offsets[:-1] + _PAIR * np.arange(len(sample.serials))
    for begin, end in todo:
        first, last = np.searchsorted(sample.serials, (begin, end)).tolist()
        after = np.flatnonzero(np.diff(np.cumsum(costs[first:last]) // work)) + first + 1
        edges = [begin, *sample.serials[after].tolist(), end]
        rows = [first, *after.tolist(), last]
        for units, (one, behind) in zip(pairwise(edges), pairwise(rows), strict=True):
            yield units, (behind * (behind - 1) - one * (one - 1)) // 2


def rows(
    sample: Sample,
    units: tuple[int, int],
    *,
    floors: tuple[float, float],
    minimum: int = MINIMUM,
    span: int = 0,
    budget: Callable[[], int],
) -> Records:
    """Return what is in the rows of `units`, compared by one thread; see `correlate`.

    Raises:
        MemoryBudgetError: Not even one row fits.
    """
    run = _Run(sample, minimum, span, floors, 1, budget, math.inf, Job())
    todo: Intervals = (units,)
    found = [np.empty(0, RECORD)]
    with ThreadPoolExecutor(1) as pool:
        while todo:
            run.fitting()  # or says that not even one row fits
            for chunk in run.chunk(pool, todo, lambda _pairs: None):
                found.append(chunk.records)
                todo = missing(chunk.units, todo[0][0], units[1])
    return np.concatenate(found)
