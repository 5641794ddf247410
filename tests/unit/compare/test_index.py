"""The stage that goes through the index: what it finds, and that nothing on the way changes it."""

from __future__ import annotations

import functools
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from comet.compare import chunks, correlation, extent, index, memory, postings
from comet.compare.chunks import EVIDENCE, Chunk, Task
from comet.compare.intervals import Intervals, union
from comet.compare.sample import Sample, prepare
from comet.compare.tiers import TABLES, UNITS
from comet.core.errors import MemoryBudgetError, Stopped
from comet.core.job import Control, Event, Job, Memory, Progress
from tests.unit.compare.words import faster

KEY = {"cache": "c", "settings": {"v": 1}}
FLOORS = (12.0, 13.0)


@functools.cache
def collection() -> Sample:
    """Make short tracks in which notes are held, a third of them copies: with noise, cut, at another speed."""
    rng = np.random.default_rng(3)
    made: list[np.ndarray] = []
    for n in range(60):
        words = rng.integers(0, 2**32, 400, dtype=np.uint32)
        for k in range(1, 400):
            if rng.random() < 0.5:
                words[k] = words[k - 1] ^ np.uint32(1) << np.uint32(rng.integers(32))
        if n % 3 == 2:
            words = faster(made[n - 2], rng.choice([0.0, 0.0, 1.0, -2.0]))[rng.integers(60) :]
            words = words ^ np.uint32(1) << rng.integers(0, 32, len(words), dtype=np.uint32)
        made.append(words)
    return prepare((3 * n + 1, words) for n, words in enumerate(made))


EPOCH = (1, 200)


def run(sample: Sample | None = None, epoch: tuple[int, int] = EPOCH, **options: object) -> list[Chunk]:
    """Go through the index and give the chunks."""
    stored: list[Chunk] = []
    given = {"done": {}, "store": stored.append, "floors": FLOORS, **options}
    index.correlate(sample or collection(), epoch, **given)
    return stored


def joined(stored: list[Chunk]) -> list[tuple[int, ...]]:
    """Give all records, each once."""
    return sorted({record for chunk in stored for record in chunk.records.tolist()})


def units(stored: list[Chunk]) -> dict[Task | None, Intervals]:
    """Give the units of each task."""
    return {task: union(u for c in stored if c.task == task for u in c.units) for task in {c.task for c in stored}}


@functools.cache
def exact() -> list[tuple[int, ...]]:
    """Give the records of all pairs."""
    stored: list[Chunk] = []
    correlation.correlate(collection(), store=stored.append, floors=FLOORS)
    return joined(stored)


def test_finds_what_comparing_all_finds() -> None:
    """Of pairs that stand out far it misses none, each has the record of the exact tier, and every unit is told."""
    stored = run()
    assert joined(stored) == exact()
    assert len({record[:2] for record in exact()}) == 20
    assert any(record[5] & 1 for record in exact())
    assert {chunk.task.table for chunk in stored if chunk.task} == set(range(TABLES))
    assert set(units(stored).values()) == {((0, UNITS),)}
    assert {chunk.audios for chunk in stored} == {60}
    assert {chunk.task[:2] for chunk in stored if chunk.task} == {EPOCH}


@pytest.mark.parametrize("threads", [1, 3])
def test_chunks_and_threads_change_nothing(threads: int) -> None:
    """With room for a unit at a time the same pairs are found by the same tables."""
    scratch = memory.PIECE + 400 * memory.SCRATCH
    least = memory.BASE + memory.SEEN + threads * scratch + 20_000 + 8_000 * threads
    parts = run(threads=threads, budget=lambda: least)
    assert len(parts) > TABLES * UNITS // 4
    for table in range(TABLES):
        one, other = ([c for c in stored if c.task and c.task.table == table] for stored in (run(), parts))
        assert joined(one) == joined(other)


def test_what_is_told_to_be_the_least_is_enough() -> None:
    """A unit of what is left fits into it, beside the pairs that come to be known meanwhile, and into no less."""
    told: list[Event] = []
    run(tables=1, budget=lambda: 1 << 40, job=Job(told.append))
    first = next(event for event in told if isinstance(event, Memory))
    least = first.least - first.limit + (1 << 40)
    assert units(run(tables=1, budget=lambda: least + 100 * memory.KNOWN)) == units(run(tables=1))
    with pytest.raises(MemoryBudgetError):
        run(tables=1, budget=lambda: least - 1)


def test_too_little_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even the smallest piece fits, it says what is needed, before a posting is laid out."""
    monkeypatch.setattr(postings, "scatter", lambda *_given: pytest.fail("it was not asked for"))
    with pytest.raises(MemoryBudgetError, match="60 tracks"):
        run(budget=lambda: 1000)


def test_postings_are_let_go_when_they_were_looked_through() -> None:
    """Those that the limit was chosen by do not stay beside those of the first chunk."""
    whole = index._Run(collection(), EPOCH, FLOORS, extent.MINIMUM, 0, 60.0, 1, Job())
    with ThreadPoolExecutor(1) as pool:
        assert len(whole.tasks(pool, {}, TABLES, 1 << 30)) == TABLES
    assert whole.counts[0] > 0
    assert whole._buffer.size == 0


@pytest.mark.parametrize("split", [2, 100, 178, 199])
def test_epochs_together_are_the_whole(split: int) -> None:
    """What comes later is compared with itself and with all before, and that without what was there before."""
    early, late = run(epoch=(1, split)), run(epoch=(split, 200))
    assert joined([*early, *late]) == exact()
    assert all(record[1] >= split for chunk in late for record in chunk.records.tolist())
    assert all(record[1] < split for chunk in early for record in chunk.records.tolist())


class _After:
    """Wish to stop after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def __call__(self) -> Control:
        """Wish to stop when it is time."""
        self.looks -= 1
        return Control(stop=self.looks < 0)


@pytest.mark.parametrize("seed", range(8))
def test_any_history_ends_alike(tmp_path: Path, seed: int) -> None:
    """Stops, chunk lengths, lost and broken files: in the end all is done, and the records are those of one run."""
    rng = random.Random(seed)  # noqa: S311 - a dice for a test
    folder = str(tmp_path)
    store = functools.partial(chunks.write, folder, **KEY)
    for last in (*[False] * rng.randint(1, 5), True):
        done = chunks.coverage(folder, **KEY).index
        found = [records for _task, records in chunks.tables(folder, **KEY)]
        job = Job() if last else Job(control=_After(rng.randint(20, 900)), every=0.0)
        scratch = memory.PIECE + 400 * memory.SCRATCH
        least = memory.BASE + memory.SEEN + 2 * scratch + rng.choice([80_000, 10**9])
        try:
            run(done=done, found=found, store=store, job=job, threads=2, budget=functools.partial(int, least))
        except Stopped:
            assert not last
        for path in [] if last else sorted(tmp_path.glob("*.comet")):
            if rng.random() < 0.15:
                path.unlink()
            elif rng.random() < 0.1:
                path.write_bytes(path.read_bytes()[: rng.randint(0, 5000)])
    done = chunks.coverage(folder, **KEY).index
    assert sorted(task.table for task in done) == list(range(TABLES))
    assert set(done.values()) == {((0, UNITS),)}
    told = [record for block in chunks.records(folder, **KEY) for record in block.tolist()]
    assert len(told) == len(set(told))
    assert sorted(told) == exact()


def test_an_epoch_goes_on_as_it_was_begun() -> None:
    """Its parameters stay, whatever would be chosen now; only what is missing is done."""
    begun = Task(*EPOCH, 0, 17, 120, 20 * EVIDENCE, 21 * EVIDENCE)
    assert run()[0].task == Task(*EPOCH, 0, 16, 240, *(int(floor * EVIDENCE) for floor in FLOORS))
    stored = run(done={begun: ((0, UNITS),), begun._replace(table=2): ((5, UNITS),)})
    assert units(stored) == {
        begun._replace(table=1): ((0, UNITS),),
        begun._replace(table=2): ((0, 5),),
        begun._replace(table=3): ((0, UNITS),),
    }
    found = np.concatenate([chunk.records for chunk in stored])
    assert 0 < len(found) < sum(len(chunk.records) for chunk in run())
    assert (found["evidence"] >= np.where(found["evidence"] & 1, 21, 20) * EVIDENCE).all()


def test_a_chunk_takes_no_longer_than_is_wished() -> None:
    """After a few units it is known how long one takes: where that is too long, each is a chunk of its own."""
    lengths = [end - begin for chunk in run(write_every=1e-6) for begin, end in chunk.units]
    assert lengths[0] > 1
    assert set(lengths[1:]) == {1}
    assert len(run()) < 2 * TABLES


def test_progress_is_counted_in_pairs() -> None:
    """All pairs of the epoch, told bit by bit."""
    heard: list[Event] = []
    run(job=Job(heard.append, every=0.0), epoch=(100, 200))
    told = [event for event in heard if isinstance(event, Progress)]
    assert [event.done for event in told] == sorted(event.done for event in told)
    assert told[-1].finished
    assert told[-1].done == told[-1].total == 60 * 59 // 2 - 33 * 32 // 2


def test_the_key_grows_with_the_collection() -> None:
    """Keys are made of different bits, all of them such as a change of pitch leaves alone, and longer ones for more."""
    assert [index.bits(10**n) for n in range(8)] == [16, 16, 16, 16, 17, 20, 23, 24]
    masks = [int(index.mask(table, 20)) for table in range(TABLES)]
    assert len(set(masks)) == TABLES
    assert {mask.bit_count() for mask in masks} == {20}
    assert not any((mask | mask >> 32) & 0x003C000F for mask in masks)
    assert {(mask & 0xFFFFFFFF).bit_count() for mask in masks} == {10}
