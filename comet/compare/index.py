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
from typing import Final, TypeVar

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

_T = TypeVar("_T")

_ROBUST: Final = tuple(bit for bit in range(32) if 0xFFC3FFF0 >> bit & 1)
"""Bits that a change of pitch by some percent leaves alone more often than the others: keys are made of these."""
_LIMITS: Final = (240, 200, 160, 140, 120)
"""How much contexts may differ, see `candidates.propose`, the most generous first."""
_ALIKE: Final = 120_000_000
"""Places of a table with like contexts, but no contrast, that a limit may lead to, 12 s for two cores;"""
_SHARE: Final = 0.003
"""or so many for each pair of tracks, if that is more: as much as all else costs."""
_INNER: Final = 9
"""Bits of a key within a partition: the postings of one, some 500 kB, stay in the cache of a core."""
_SEED: Final = 20  # of the keys; the same for all, since units are
_FIRST: Final = 8
"""Units of the first chunk of a run, whose pace is not known yet."""
_LOOKING: Final = 0.7
"""Share of the time that goes into looking, the rest into comparing; for the progress alone."""
_PIECE: Final = 256
"""Candidates that a thread compares in one go, some 20 ms."""
_CANDIDATES: Final = 1 << 16
"""Room for those of one partition; where it is too small, it is doubled and the partition looked at again."""


def bits(tracks: int) -> int:
    """Return how many bits a key has for so many tracks: buckets are about as full at any size, some 70 postings.

    At most 24: more would cut a table into more partitions than it has work for.
    """
    return min(24, max(16, round(math.log2(max(1, tracks)) + 3.4)))


def mask(table: int, width: int) -> np.uint64:
    """Return the bits of two words that make the key of a table, see `postings.keyed`."""
    draw = np.random.default_rng((_SEED, table))
    now, later = (draw.choice(_ROBUST, some, replace=False) for some in (width - width // 2, width // 2))
    return np.uint64(sum(1 << int(bit) for bit in now) | sum(1 << 32 + int(bit) for bit in later))


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
    budget: Callable[[], int] | None = None,
    write_every: float = 60.0,
    tables: int = TABLES,
    units: int = UNITS,
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
        floors: Least evidence of a pair that is kept, flat and along slopes; of an epoch that was begun, as it was.
        minimum: Least informative overlap in words.
        span: Largest offset in words, 0 for any.
        budget: Bytes that a chunk may take, asked for at each chunk's beginning; all that is free where none is given.
        write_every: Seconds that a chunk should take at most; how many units that are is told by the one before it.
        tables: So many of them are looked through,
        units: and of each so many units.
        threads: That work, 0 for one a core.
        job: Hears about each piece, counted in pairs of which all these units are done. Its wishes hold from the next
            chunk on.

    Raises:
        Stopped: The job was asked to; finished chunks have been stored.
        MemoryBudgetError: Not even one unit fits.
    """
    job = job or Job()
    budget = budget or memory.Budget(job)
    run = _Run(sample.below(epoch[1]), epoch, floors, minimum, span, write_every, threads or cores(), job)
    for records in found:
        run.know(records)
    with ThreadPoolExecutor(run.threads) as pool:
        tasks = run.tasks(pool, done, tables, budget())
        with job.stage(Stage.CORRELATE, run.pairs()) as advance:
            run.meter = _Meter(advance, run.pairs(), len(tasks) * units)
            for task in tasks:
                todo = missing(done.get(task, ()), 0, units)
                run.meter.moved(units - sum(end - begin for begin, end in todo))
                for chunk in run.table(pool, task, todo, budget):
                    store(chunk)
            run.meter.end()


@dataclass(slots=True)
class _Meter:
    """Tells in pairs how far it is, counted in units."""

    advance: Callable[[int], None]
    pairs: int
    units: int
    done: float = 0.0
    told: int = 0

    def moved(self, units: float) -> None:
        """Count so many units, or parts of one."""
        self.done += units
        self._tell(int(self.pairs * min(1.0, self.done / self.units)))

    def end(self) -> None:
        """Tell that all is done."""
        self._tell(self.pairs)

    def _tell(self, now: int) -> None:
        self.advance(now - self.told)
        self.told = now


@dataclass(slots=True)
class _Table:
    """One table: where its postings go."""

    task: Task
    mask: np.uint64
    wanted: NDArray[np.uint8]
    """Of each key whether a track of the epoch has it; empty where all tracks are of the epoch."""
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 0), np.int64))
    """Postings, shape (batches of tracks, partitions)."""
    seen: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(1 << 20, np.uint64))
    """Its candidates, see `candidates.propose`."""

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
        self.meter = _Meter(lambda _pairs: None, 0, 1)
        self.fresh = int(np.searchsorted(sample.serials, epoch[0]))
        self.counts = np.zeros(2, np.int64)
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

    def tasks(self, pool: ThreadPoolExecutor, done: Mapping[Task, Intervals], tables: int, allowed: int) -> list[Task]:
        """Return the tables of the epoch, under the parameters that it was begun with, or those that suit it."""
        first = next((task for task in done if task[:2] == self.epoch), None) or self._begun(pool, allowed)
        return [first._replace(table=number) for number in range(tables)]

    def _begun(self, pool: ThreadPoolExecutor, allowed: int) -> Task:
        """Return a table with the most generous limit that the first unit of the first one does not speak against."""
        floors = (int(floor * chunks.EVIDENCE) for floor in self.floors)
        task = Task(*self.epoch, 0, bits(len(self.sample.serials)), _LIMITS[0], *floors)
        table = self._opened(pool, task)
        self._fitting(table, 0, 1, allowed, 1.0)
        for limit in _LIMITS[:-1]:
            self.counts[:] = 0
            table.task = task._replace(limit=limit)
            self._look(pool, table, 0, 1, least=np.inf)
            if (self.counts[0] - self.counts[1]) * UNITS <= max(_ALIKE, _SHARE * self.pairs()):
                return table.task
        return task._replace(limit=_LIMITS[-1])

    def table(
        self, pool: ThreadPoolExecutor, task: Task, todo: Intervals, budget: Callable[[], int]
    ) -> Iterator[Chunk]:
        """Yield the chunks of a table, each when it is finished."""
        table = self._opened(pool, task) if todo else None
        for begin, end in todo:
            first = begin
            while table and first < end:
                wish = self.job.wish
                allowed = budget()
                last, least, more = self._fitting(table, first, end, allowed, wish.chunk)
                self.tell.chunk(allowed, last - first, least, more, round(self.meter.units - self.meter.done))
                began = time.monotonic()
                pairs = self._look(pool, table, first, last, task.floors[0])
                records = self._compare(pool, pairs, task.floors, last - first)
                self._pace = max(1e-6, time.monotonic() - began) / (last - first) / self.write_every
                yield Chunk(((first, last),), records, len(self.sample.serials), task)
                first = last

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

    def _fitting(self, table: _Table, first: int, end: int, allowed: int, share: float) -> tuple[int, int, int]:
        """Return up to which unit there is room and time, each times `share`; bytes of any unit, of one more."""
        sizes = table.counts.sum(0).reshape(UNITS, -1).sum(1)[first:end] * memory.POSTING
        largest, known = int(table.counts.sum(0).max()) * memory.POSTING, len(self._known) + len(self._refused)
        tracks, words = len(self.sample.serials), self.sample.longest
        room = memory.room(allowed, tracks, words, self.threads, int(sizes[0]), largest, known)
        fitting = int(np.searchsorted(np.cumsum(sizes), room, side="right"))
        least, none = (memory.index_unit(words, self.threads, n, largest, known) for n in (int(sizes.max()), 0))
        return first + max(1, min(int(share / self._pace), int(fitting * min(1.0, share)))), least, least - none

    def _look(self, pool: ThreadPoolExecutor, table: _Table, first: int, last: int, least: float) -> NDArray[np.int64]:
        """Return the candidates of some units: pairs (i, j), indices of the sample, shape (n, 2), each once, by j.

        With a `least` evidence that is infinite there are none: then it only counts what is looked at on the way.
        """
        partitions = table.counts.shape[1] // UNITS
        counts = table.counts[:, first * partitions : last * partitions]
        ends = np.cumsum(counts.T.ravel()).reshape(counts.T.shape).T
        starts = np.ascontiguousarray(ends - counts)
        size = int(counts.sum())
        self._buffer = np.empty((size, 4), np.uint64)
        edges = np.append(starts[0], size).tolist()
        self._scatter(pool, table, table.keys(first), table.keys(last), starts)
        order = sorted(range(counts.shape[1]), key=lambda at: edges[at] - edges[at + 1])
        some = pool.map(lambda at: self._propose(table, edges[at], edges[at + 1], least), order)
        some = self._counted(some, (last - first) * _LOOKING / len(order))
        found = np.unique(np.concatenate([np.empty(0, np.int64), *some]))
        self._buffer = np.empty((0, 4), np.uint64)  # comparing takes memory too, and so does the next look
        pairs = np.stack((found >> 32, found & 0xFFFFFFFF), 1)
        return pairs[np.argsort(pairs[:, 1], kind="stable")]  # those of one j together, as `compare` has them best

    def _counted(self, results: Iterable[_T], units: float) -> Iterator[_T]:
        """Pass results on, and tell with each that so many units are done."""
        for result in results:
            self.meter.moved(units)
            yield result

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

    def _propose(self, table: _Table, begin: int, end: int, least: float) -> NDArray[np.int64]:
        """Return the candidates of a partition, as i << 32 | j, each once."""
        sample, size = self.sample, _CANDIDATES
        self.job.check()
        while end - begin > 1:
            found, counts = np.empty(size, np.int64), np.zeros(2, np.int64)
            count = candidates.propose(
                sample.words, sample.offsets, sample.means, self._buffer[begin:end], table.inner, self.fresh,
                table.task.limit, least, table.seen, found, counts,
            )  # fmt: skip
            if count <= size:
                self.counts += counts
                return np.unique(found[:count])
            size = 2 * count
            table.seen[:] = 0
        return np.empty(0, np.int64)

    def _compare(
        self, pool: ThreadPoolExecutor, pairs: NDArray[np.int64], floors: tuple[float, float], units: int
    ) -> Records:
        """Compare candidates of so many units exactly; none twice, so those that are known keep their records."""
        serials = self.sample.serials
        keys = serials[pairs[:, 0]].astype(np.uint64) << np.uint64(32) | serials[pairs[:, 1]].astype(np.uint64)
        fresh = ~np.isin(keys, np.concatenate([chunks.key(self._known), self._refused]))
        new = pairs[fresh]

        def work(begin: int) -> Records:
            self.job.check()
            some = np.ascontiguousarray(new[begin : begin + _PIECE])
            found = compare(self.sample, some, floors, self.minimum, self.span, gate=-np.inf)
            i, j = serials[found.i], serials[found.j]
            return chunks.record(i, j, found.offset, found.overlap, found.error, found.evidence, found.slope != 0)

        begins = range(0, len(new), _PIECE)
        some = self._counted(pool.map(work, begins), units * (1 - _LOOKING) / max(1, len(begins)))
        records = np.concatenate([np.empty(0, RECORD), *some])
        again = self._known[np.isin(chunks.key(self._known), keys)]
        self.know(records)
        self._refused = np.concatenate([self._refused, keys[fresh][~np.isin(keys[fresh], chunks.key(records))]])
        return np.concatenate([again, records])


def plan(
    sample: Sample,
    epoch: tuple[int, int],
    done: Mapping[Task, Intervals],
    floors: tuple[float, float],
    tables: int,
    allowed: int,
    job: Job,
) -> tuple[list[Task], int]:
    """Return the first tables of an epoch, see `correlate`, and its pairs; `allowed` bytes for finding the limit."""
    run = _Run(sample.below(epoch[1]), epoch, floors, MINIMUM, 0, 1.0, cores(), job)
    with ThreadPoolExecutor(run.threads) as pool:
        return run.tasks(pool, done, tables, allowed), run.pairs()


def units(
    sample: Sample, task: Task, at: tuple[int, int], known: Records, minimum: int, span: int, budget: Callable[[], int]
) -> Records:
    """Return what is in the units `at` of a table, with one thread; a pair may come out twice.

    Pairs of `known` are not compared again. `budget` is asked at the beginning, and where it did not suffice for all.
    """
    run = _Run(sample.below(task.behind), task[:2], task.floors, minimum, span, 60.0, 1, Job())
    run.know(known)
    with ThreadPoolExecutor(1) as pool:
        found = [chunk.records for chunk in run.table(pool, task, (at,), budget)]
    return np.concatenate([np.empty(0, RECORD), *found])
