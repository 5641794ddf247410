"""The stage for collections in which comparing all with all takes too long: an index proposes, the kernels compare.

A table of the index puts each place of each track where the music moves into the bucket of its key, some bits of its
word; what stands in one bucket with like surroundings is looked at, and where that goes on to be alike the pair is
compared exactly, at every offset and along slopes. What one table misses another finds, with other bits in its key.

Work is cut into *units* that are the same for everybody: a 64th of the keys of one table of one *epoch*, which is a
batch of new tracks, to be compared with each other and with all that were there before. A chunk is as many units as
memory has room for the postings of. How much all tables together miss can be told from how often each pair was found.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.compare import candidates, chunks, memory, postings
from comet.compare.chunks import RECORD, Chunk, Records, Task
from comet.compare.extent import MINIMUM
from comet.compare.intervals import Intervals, missing
from comet.compare.sample import Sample, compare, cores
from comet.compare.tiers import TABLES, UNITS
from comet.core.job import Job
from comet.core.model import Stage

_ROBUST: Final = tuple(bit for bit in range(32) if 0xFFC3FFF0 >> bit & 1)
"""Bits that a change of pitch by some percent leaves alone more often than the others: keys are made of these."""
_LIMITS: Final = (240, 200, 160, 140, 120)
"""How much contexts may differ, see `candidates.propose`, the most generous first."""
_ALIKE: Final = 40_000_000
"""Places of a table with like contexts, but no contrast, that a limit may lead to, 6 s for two cores;"""
_SHARE: Final = 0.01
"""or so many for each pair of tracks, if that is more: as much as all else costs."""
_INNER: Final = 9
"""Bits of a key within a partition: the postings of one, some 500 kB, stay in the cache of a core."""
_SEED: Final = 20
"""Of the keys; the same for all, since units are."""
_FIRST: Final = 8
"""Units of the first chunk of a run, whose pace is not known yet."""
_POSTING: Final = 32
"""Bytes."""
_PIECE: Final = 256
"""Candidates that a thread compares in one go, some 20 ms."""
_CANDIDATES: Final = 1 << 16
"""Room for those of one partition; where it is too small, it is doubled and the partition looked at again."""


def bits(tracks: int) -> int:
    """Return how many bits a key has for so many tracks: buckets are about as full at any size, some 70 postings.

    At most 21 of the 24 that there are: tables with nearly the same key would find the same pairs and miss the same.
    """
    return min(21, max(16, round(math.log2(max(1, tracks)) + 3.4)))


def mask(table: int, width: int) -> np.uint32:
    """Return the bits of a word that make the key of a table."""
    chosen = np.random.default_rng((_SEED, table)).choice(_ROBUST, width, replace=False)
    return np.uint32(sum(1 << int(bit) for bit in chosen))


def correlate(
    sample: Sample,
    epoch: tuple[int, int],
    done: Mapping[Task, Intervals],
    found: Iterable[Records] = (),
    *,
    store: Callable[[Chunk], object],
    floors: tuple[float, float],
    minimum: int = MINIMUM,
    span: int = 0,
    budget: Callable[[], int] = memory.free,
    write_every: float = 60.0,
    tables: int = TABLES,
    threads: int = 0,
    job: Job | None = None,
) -> None:
    """Look all units of an epoch through that are not done, and hand over each finished chunk.

    Args:
        sample: All tracks; those behind the epoch's end are left out.
        epoch: Half-open interval of serial numbers: pairs have at least one audio of it, and none behind it.
        done: Units that are done, by task.
        found: Records of the epoch that there are: their pairs are not compared again.
        store: Gets each chunk and keeps it.
        floors: Least evidence of a pair that is kept, flat and along slopes.
        minimum: Least informative overlap in words.
        span: Largest offset in words, 0 for any.
        budget: Bytes that a chunk may take, asked for at each chunk's beginning.
        write_every: Seconds that a chunk should take at most; how many units that are is told by the one before it.
        tables: That are looked through, each once.
        threads: That work, 0 for one a core.
        job: Hears about each piece, counted in pairs of which all tables are done. Its wishes hold from the next
            chunk on.

    Raises:
        Stopped: The job was asked to; finished chunks have been stored.
        MemoryBudgetError: Not even one unit fits.
    """
    job = job or Job()
    run = _Run(sample.below(epoch[1]), epoch, floors, minimum, span, write_every, threads or cores(), job)
    for records in found:
        run.know(records)
    with ThreadPoolExecutor(run.threads) as pool:
        tasks = run.tasks(pool, done, tables)
        total = len(tasks) * UNITS
        pairs = run.pairs()
        with job.stage(Stage.CORRELATE, pairs) as advance:
            told = 0
            for number, task in enumerate(tasks):
                for unit, chunk in run.table(pool, task, missing(done.get(task, ()), 0, UNITS), budget):
                    if chunk:
                        store(chunk)
                    now = pairs * (number * UNITS + unit) // total
                    advance(now - told)
                    told = now


@dataclass(slots=True)
class _Table:
    """One table: where its postings go."""

    task: Task
    mask: np.uint32
    wanted: NDArray[np.uint8]
    """Of each key whether a track of the epoch has it; empty where all tracks are of the epoch."""
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 0), np.int64))
    """Postings, shape (batches of tracks, partitions)."""

    @property
    def inner(self) -> int:
        """Bits of a key within a partition."""
        return min(_INNER, self.task.bits - 6)

    def keys(self, unit: int) -> int:
        """Return the first key of a unit."""
        return (unit << self.task.bits) // UNITS


class _Run:
    """One call of `correlate`."""

    def __init__(
        self,
        sample: Sample,
        epoch: tuple[int, int],
        floors: tuple[float, float],
        minimum: int,
        span: int,
        write_every: float,
        threads: int,
        job: Job,
    ) -> None:
        self.sample = sample
        self.epoch = epoch
        self.floors = floors
        self.minimum = minimum
        self.span = span
        self.write_every = write_every
        self.threads = threads
        self.job = job
        self.tell = memory.Teller(job)
        self.fresh = int(np.searchsorted(sample.serials, epoch[0]))
        self.counts = np.zeros(4, np.int64)
        edges = np.searchsorted(sample.offsets, np.linspace(0, sample.offsets[-1], 4 * threads + 1))
        self.batches = np.unique(np.concatenate([[0], edges[1:-1], [len(sample.serials)]]))
        self._pace = 1 / _FIRST  # chunks a unit
        self._known = np.empty(0, RECORD)
        self._refused = np.empty(0, np.uint64)  # keys of candidates without enough evidence
        self._buffer = np.empty((0, 4), np.uint64)

    def pairs(self) -> int:
        """Return the pairs of the epoch."""
        count, old = len(self.sample.serials), self.fresh
        return (count * (count - 1) - old * (old - 1)) // 2

    def know(self, records: Records) -> None:
        """Take records whose pairs need not be compared again."""
        both = np.concatenate([self._known, records[~np.isin(chunks.key(records), chunks.key(self._known))]])
        self._known = both[np.argsort(chunks.key(both), kind="stable")]

    def tasks(self, pool: ThreadPoolExecutor, done: Mapping[Task, Intervals], tables: int) -> list[Task]:
        """Return the tables of the epoch, under the parameters that it was begun with, or those that suit it."""
        begun = [task for task in done if task[:2] == self.epoch]
        width = begun[0].bits if begun else bits(len(self.sample.serials))
        limit = begun[0].limit if begun else self._limit(pool, width)
        return [Task(*self.epoch, number, width, limit) for number in range(tables)]

    def _limit(self, pool: ThreadPoolExecutor, width: int) -> int:
        """Return the most generous limit that the first unit of the first table does not speak against."""
        for limit in _LIMITS[:-1]:
            self.counts[:] = 0
            table = self._opened(pool, Task(*self.epoch, 0, width, limit))
            self._look(pool, table, 0, 1)
            if (self.counts[1] - self.counts[2]) * UNITS <= max(_ALIKE, _SHARE * self.pairs()):
                return limit
        return _LIMITS[-1]

    def table(
        self, pool: ThreadPoolExecutor, task: Task, todo: Intervals, budget: Callable[[], int]
    ) -> Iterator[tuple[int, Chunk | None]]:
        """Yield the units of a table that are done, from time to time, and the chunk where one is finished."""
        table = self._opened(pool, task) if todo else None
        for begin, end in todo:
            first = begin
            while table and first < end:
                wish = self.job.wish
                self._buffer = np.empty((0, 4), np.uint64)  # or it would be held against the chunk that it is for
                allowed = min(wish.memory, memory.free()) if wish.memory else budget()
                last = self._fitting(table, first, end, allowed, wish.chunk)
                self.tell.chunk(allowed, last - first)
                began = time.monotonic()
                records = self._compare(pool, self._look(pool, table, first, last))
                self._pace = max(1e-6, time.monotonic() - began) / (last - first) / self.write_every
                yield last, Chunk(((first, last),), records, len(self.sample.serials), task)
                first = last
        yield UNITS, None

    def _opened(self, pool: ThreadPoolExecutor, task: Task) -> _Table:
        """Return a table with its postings counted."""
        chosen = mask(task.table, task.bits)
        table = _Table(task, chosen, np.empty(0, np.uint8))
        sample, count = self.sample, len(self.sample.serials)
        if self.fresh:
            table.wanted = np.zeros(1 << task.bits, np.uint8)
            postings.occupy(
                sample.words, sample.offsets, self.fresh, count, sample.longest, chosen, task.bits, table.wanted
            )
        table.counts = np.zeros((len(self.batches) - 1, 1 << (task.bits - table.inner)), np.int64)

        def work(batch: int) -> None:
            self.job.check()
            first, last = self.batches[batch : batch + 2].tolist()
            every = (0, 1 << task.bits, table.wanted, table.inner)
            postings.count(
                sample.words, sample.offsets, first, last, sample.longest, chosen, task.bits, *every,
                table.counts[batch],
            )  # fmt: skip

        for _done in pool.map(work, range(len(self.batches) - 1)):
            pass
        return table

    def _fitting(self, table: _Table, first: int, end: int, allowed: int, share: float) -> int:
        """Return up to which unit there is room for the postings."""
        sizes = table.counts.sum(0).reshape(UNITS, -1).sum(1)[first:end] * _POSTING
        room = memory.room(allowed, len(self.sample.serials), self.threads, int(sizes[0]))
        fitting = min(int(1 / self._pace), int(np.searchsorted(np.cumsum(sizes), room, side="right")))
        return first + max(1, int(fitting * min(1.0, share)))

    def _look(self, pool: ThreadPoolExecutor, table: _Table, first: int, last: int) -> NDArray[np.int64]:
        """Return the candidates of some units: pairs (i, j), indices of the sample, shape (n, 2), each once."""
        partitions = table.counts.shape[1] // UNITS
        counts = table.counts[:, first * partitions : last * partitions]
        ends = np.cumsum(counts.T.ravel()).reshape(counts.T.shape).T
        starts = np.ascontiguousarray(ends - counts)
        size = int(counts.sum())
        if len(self._buffer) < size:
            self._buffer = np.empty((0, 4), np.uint64)
            self._buffer = np.empty((size, 4), np.uint64)
        edges = np.append(starts[0], size).tolist()
        self._scatter(pool, table, table.keys(first), table.keys(last), starts)
        seen = np.zeros(1 << 20, np.uint64)
        order = sorted(range(counts.shape[1]), key=lambda at: edges[at] - edges[at + 1])
        some = pool.map(lambda at: self._propose(table, edges[at], edges[at + 1], seen), order)
        found = np.concatenate([np.empty((0, 2), np.int64), *some])
        return np.unique(found, axis=0)[:, ::-1] if len(found) else found

    def _scatter(self, pool: ThreadPoolExecutor, table: _Table, low: int, high: int, rows: NDArray[np.int64]) -> None:
        sample, width = self.sample, table.task.bits

        def work(batch: int) -> None:
            self.job.check()
            first, last = self.batches[batch : batch + 2].tolist()
            postings.scatter(
                sample.words, sample.offsets, first, last, sample.longest, table.mask, width, low, high,
                table.wanted, table.inner, rows[batch].copy(), self._buffer,
            )  # fmt: skip

        for _done in pool.map(work, range(len(self.batches) - 1)):
            pass

    def _propose(self, table: _Table, begin: int, end: int, seen: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the candidates of a partition, as (j, i)."""
        sample, size = self.sample, _CANDIDATES
        self.job.check()
        while end - begin > 1:
            found, counts = np.empty((size, candidates.FOUND), np.int32), np.zeros(4, np.int64)
            count = candidates.propose(
                sample.words, sample.offsets, sample.means, self._buffer[begin:end], table.inner, self.fresh,
                table.task.limit, seen, found, counts,
            )  # fmt: skip
            if count <= size:
                self.counts += counts
                return found[:count, 1::-1].astype(np.int64)
            size = 2 * count
            seen[:] = 0
        return np.empty((0, 2), np.int64)

    def _compare(self, pool: ThreadPoolExecutor, pairs: NDArray[np.int64]) -> Records:
        """Compare candidates exactly; none twice, so those that are known keep their records."""
        serials = self.sample.serials
        keys = serials[pairs[:, 0]].astype(np.uint64) << np.uint64(32) | serials[pairs[:, 1]].astype(np.uint64)
        fresh = ~np.isin(keys, np.concatenate([chunks.key(self._known), self._refused]))
        new = pairs[fresh]

        def work(begin: int) -> Records:
            self.job.check()
            some = np.ascontiguousarray(new[begin : begin + _PIECE])
            found = compare(self.sample, some, self.floors, self.minimum, self.span, gate=-np.inf)
            i, j = serials[found.i], serials[found.j]
            return chunks.record(i, j, found.offset, found.overlap, found.error, found.evidence, found.slope != 0)

        records = np.concatenate([np.empty(0, RECORD), *pool.map(work, range(0, len(new), _PIECE))])
        again = self._known[np.isin(chunks.key(self._known), keys)]
        self.know(records)
        self._refused = np.concatenate([self._refused, keys[fresh][~np.isin(keys[fresh], chunks.key(records))]])
        return np.concatenate([again, records])
