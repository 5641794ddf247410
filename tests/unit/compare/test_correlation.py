"""All pairs, each once, whatever happens on the way."""

from __future__ import annotations

import contextlib
import functools
import itertools
import random
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.compare import chunks, correlation, memory
from comet.compare.chunks import Chunk
from comet.compare.correlation import correlate
from comet.compare.sample import compare, prepare
from comet.core.errors import MemoryBudgetError, Stopped
from comet.core.job import Control, Event, Job, Memory, Progress
from comet.core.model import Pair
from tests.unit.compare.words import pair

KEY = {"cache": "c", "settings": {"v": 1}}


def songs(count: int, seed: int = 0, length: int = 90) -> list[np.ndarray]:
    """Make short tracks of unequal lengths, every third a copy of one before with an offset and noise."""
    rng = np.random.default_rng(seed)
    made: list[np.ndarray] = []
    for n in range(count):
        words = rng.integers(0, 2**32, rng.integers(30, length), dtype=np.uint32)
        if n % 3 == 2:
            words = made[rng.integers(n)][rng.integers(5) :].copy()
            words ^= np.uint32(1) << rng.integers(0, 32, len(words), dtype=np.uint32)
        made.append(words)
    return made


def run(tracks: list[tuple[int, np.ndarray]], **options: object) -> list[Chunk]:
    """Correlate and give the chunks."""
    stored: list[Chunk] = []
    correlate(prepare(tracks), store=stored.append, **{"floors": (3.0, 3.0), **options})
    return stored


def joined(stored: list[Chunk]) -> bytes:
    """Give all records by (i, j)."""
    records = np.concatenate([np.empty(0, chunks.RECORD), *(chunk.records for chunk in stored)])
    return np.sort(records, order=["i", "j", "evidence"]).tobytes()


def test_equals_pair_by_pair() -> None:
    """The stage finds what comparing each pair alone finds."""
    tracks = list(enumerate(songs(25), 1))
    (chunk,) = run(tracks)
    expected = {}
    for i, a in tracks:
        for j, b in tracks:
            if i < j:
                found = compare(pair(a, b), np.array([[0, 1]]), (3.0, 3.0))
                for offset, overlap, error, z, slope in zip(*found[2:], strict=True):
                    expected[i, j, bool(slope)] = Pair(i, j, offset, overlap, error, z, bool(slope))
    pairs = {(pair.i, pair.j, pair.sloped): pair for pair in chunks.pairs(chunk.records)}
    assert len(pairs) == len(chunk.records)
    assert pairs.keys() == expected.keys()
    for at, found in pairs.items():
        assert found.error == pytest.approx(expected[at].error, abs=1 / 65535)
        assert found.evidence == int(expected[at].evidence * 32) // 2 / 16
        assert (found.offset, found.overlap) == (expected[at].offset, expected[at].overlap)
    twice = {at[:2] for at in pairs if at[2]} & {at[:2] for at in pairs if not at[2]}
    assert len(pairs) - len(twice) > 5
    assert twice
    assert chunk.units == ((1, 26),)
    assert chunk.audios == 25


@pytest.mark.parametrize(
    "options", [{"threads": 1}, {"threads": 5}, {"write_every": 0.0}, {"threads": 3, "write_every": 0.0}]
)
def test_same_result_in_any_order(monkeypatch: pytest.MonkeyPatch, options: dict[str, object]) -> None:
    """Neither threads nor the cuts between pieces, chunks and rows change a bit of the result."""
    tracks = list(enumerate(songs(40, 1), 1))
    whole = run(tracks)
    monkeypatch.setattr(correlation, "_PIECE", 400_000)
    parts = run(tracks, **options)
    assert joined(parts) == joined(whole)


def test_holes_are_covered() -> None:
    """Serial numbers that are no track, or one without words, are done with the others; the union is one interval."""
    made = songs(6)
    tracks = [(3, made[0]), (4, made[1]), (9, made[2][:0]), (11, np.full(50, 627964279, np.uint32)), (12, made[3])]
    (chunk,) = run(tracks)
    assert chunk.units == ((1, 13),)
    (rest,) = run([*tracks, (20, made[4])], done=chunk.units)
    assert rest.units == ((13, 21),)
    assert set(rest.records["j"].tolist()) <= {20}
    (filled,) = run(tracks, done=[(1, 5), (12, 13)])
    assert filled.units == ((5, 12),)
    assert run([]) == []
    assert run(tracks, done=[(1, 30)]) == []


def test_long_tracks_among_short() -> None:
    """A row is cut where its work, not its number of pairs, says so, and every pair of it is compared."""
    rng = np.random.default_rng(5)
    mix = rng.integers(0, 2**32, 20_000, dtype=np.uint32)
    tracks = [(n, mix[n * 150 : n * 150 + 100]) for n in range(1, 100)] + [(100, mix), (101, mix[5000:])]
    (chunk,) = run(tracks, floors=(20.0, 20.0))
    pairs = {(pair.i, pair.j): pair for pair in chunks.pairs(chunk.records)}
    assert all(pairs[n, 100].offset == -n * 150 for n in range(1, 100))
    assert (100, 101) in pairs
    assert pairs[100, 101].offset == 5000


class _After:
    """A job that stops after so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def __call__(self) -> Control:
        """Wish to stop when it is time."""
        self.looks -= 1
        return Control(stop=self.looks < 0)


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_any_history_gives_each_pair_once(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Growth, chunk lengths, stops and lost or broken files: in the end the records are those of one run."""
    rng = random.Random(seed)  # noqa: S311 - a dice for a test
    folder = str(tmp_path_factory.mktemp("results"))
    serials = sorted(rng.sample(range(1, 80), 36))
    tracks = list(zip(serials, songs(36, seed % 1000), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correlation, "_PIECE", rng.choice([300_000, 3_000_000, 10**9]))
        for _ in range(rng.randint(1, 6)):
            known = tracks[: rng.randint(0, 36)]
            _once(folder, known, rng)
            for path in Path(folder).glob("*.comet"):
                if rng.random() < 0.15:
                    path.unlink()
                elif rng.random() < 0.1:
                    path.write_bytes(path.read_bytes()[: rng.randint(0, 5000)])
        _once(folder, tracks, None)
    done = chunks.coverage(folder, **KEY).exact
    assert done == ((1, serials[-1] + 1),)
    (whole,) = run(tracks)
    assert joined([Chunk((), records, 0) for records in chunks.records(folder, **KEY)]) == joined([whole])


def _once(folder: str, tracks: list[tuple[int, np.ndarray]], rng: random.Random | None) -> None:
    """Go on from what the folder covers, and stop somewhere if there is a dice."""
    done = chunks.coverage(folder, **KEY).exact
    options: dict[str, object] = {}
    if rng:
        row = memory.RECORD * max(1, len(tracks))
        scratch = memory.BASE + 2 * (memory.PIECE + memory.SCRATCH * 90)
        options = {
            "job": Job(control=_After(rng.randint(0, 30)), every=0.0),
            "write_every": rng.choice([0.0, 60.0]),
            "budget": lambda: scratch + row * rng.randint(1, 12),
            "threads": 2,
        }
    try:
        store = functools.partial(chunks.write, folder, **KEY)
        correlate(prepare(tracks), done, store=store, floors=(3.0, 3.0), **options)
    except Stopped:
        assert rng


def test_stop_keeps_complete_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop hands over the rows that are complete, and no pair of a row that is not."""
    monkeypatch.setattr(correlation, "_PIECE", 300_000)
    tracks = list(enumerate(songs(40, 2), 1))
    stored: list[Chunk] = []
    with pytest.raises(Stopped):
        correlate(
            prepare(tracks),
            store=stored.append,
            floors=(0.0, 0.0),
            job=Job(control=_After(150), every=0.0),
        )
    (chunk,) = stored
    ((begin, end),) = chunk.units
    assert begin == 1
    assert 2 < end < 41
    (rest,) = run(tracks, done=chunk.units, floors=(0.0, 0.0))
    assert joined([chunk, rest]) == joined(run(tracks, floors=(0.0, 0.0)))


def test_progress_counts_pairs() -> None:
    """The stage's total is the number of missing pairs, and all of them are reported as done."""
    tracks = list(enumerate(songs(30), 1))
    events: list[Event] = []
    run(tracks, done=[(1, 11)], job=Job(events.append, every=0.0))
    last = events[-1]
    assert isinstance(last, Progress)
    assert last.finished
    assert last.done == last.total == 30 * 29 // 2 - 10 * 9 // 2


def test_memory_bounds_rows() -> None:
    """No chunk has more rows than memory allows or somebody wishes; without room for one row it is an error."""
    tracks = list(enumerate(songs(20), 1))
    room = memory.BASE + memory.PIECE + memory.SCRATCH * 90 + memory.RECORD * 20 * 4
    lengths = [end - begin for chunk in run(tracks, budget=lambda: room, threads=1) for begin, end in chunk.units]
    assert max(lengths) == 4
    assert sum(lengths) == 20
    half = Job(control=lambda: Control(chunk=0.5))
    lengths = [len(range(*chunk.units[0])) for chunk in run(tracks, budget=lambda: room, threads=1, job=half)]
    assert max(lengths) == 2
    with pytest.raises(MemoryBudgetError):
        run(tracks, budget=lambda: 1000)
    with pytest.raises(MemoryBudgetError, match="and 1 MB are allowed"):
        run(tracks, job=Job(control=lambda: Control(memory=1_000_000)))


@pytest.mark.parametrize("less", [2, 0])
def test_less_memory_ends_a_chunk(monkeypatch: pytest.MonkeyPatch, less: int) -> None:
    """Where memory shrinks the chunk in hand ends at the next row, and what it has is kept, whatever comes then."""
    monkeypatch.setattr(correlation, "_PIECE", 300_000)
    tracks = list(enumerate(songs(40, 2), 1))
    base = memory.BASE + memory.PIECE + memory.SCRATCH * 90
    asked = itertools.chain([40] * 12, itertools.repeat(less))
    stored: list[Chunk] = []
    with contextlib.suppress(MemoryBudgetError) if less else pytest.raises(MemoryBudgetError):
        correlate(
            prepare(tracks),
            store=stored.append,
            floors=(3.0, 3.0),
            threads=1,
            budget=lambda: base + memory.RECORD * 40 * next(asked),
        )
    lengths = [end - begin for chunk in stored for begin, end in chunk.units]
    assert 2 < lengths[0] < 40
    assert (set(lengths[1:-1]), sum(lengths)) == (({2}, 40) if less else (set(), lengths[0]))


def test_a_wish_holds_from_the_next_row_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wishes for other chunks while one is in hand ends it there, and is told what the next one has."""
    monkeypatch.setattr(correlation, "_PIECE", 300_000)
    tracks = list(enumerate(songs(40, 2), 1))
    room = memory.BASE + memory.PIECE + memory.SCRATCH * 90 + memory.RECORD * 40 * 40
    looks = itertools.count()
    job = Job(control=lambda: Control(chunk=1.0 if next(looks) < 20 else 0.1), every=0.0)
    stored = run(tracks, budget=lambda: room, threads=1, job=job)
    lengths = [end - begin for chunk in stored for begin, end in chunk.units]
    assert 4 < lengths[0] < 40
    assert set(lengths[1:-1]) == {4}


def test_one_stage_at_a_time() -> None:
    """Two stages at once wait for each other and both end."""
    tracks = list(enumerate(songs(20), 1))
    got: list[list[Chunk]] = []
    threads = [threading.Thread(target=lambda: got.append(run(tracks))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({joined(stored) for stored in got}) == 1


def test_failure_in_a_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in a thread ends the stage."""

    def broken(*_args: object) -> int:
        raise MemoryError

    monkeypatch.setattr(correlation, "compare", broken)
    with pytest.raises(MemoryError):
        run(list(enumerate(songs(5), 1)))


def test_each_chunk_begins_with_what_it_may_take() -> None:
    """Whoever watches reads the limit, what is taken, and how many rows the chunk holds."""
    heard: list[Event] = []
    run(list(enumerate(songs(6), 1)), budget=lambda: 64 << 20, job=Job(heard.append))
    (told,) = [event for event in heard if isinstance(event, Memory)]
    assert told.limit - told.used == pytest.approx(64 << 20, abs=1 << 20)  # some pages may be taken in between
    assert (told.chunk, told.left) == (6, 6)
    assert told.more > 0
