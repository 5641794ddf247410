"""The rest of the write side of the line: fingerprints -> pairs -> verdicts, one call a stage.

What is done is stored as it comes; whatever interrupts a stage, the next run goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from comet.collection import pairs, state
from comet.collection.opened import Collection, exclusive
from comet.compare import chunks, extent, memory, tiers
from comet.compare.intervals import Intervals, missing
from comet.compare.tiers import MOST, TABLES, UNITS, Round
from comet.core.errors import BrokenError
from comet.core.job import Job, Ready
from comet.core.model import Pair, Stage
from comet.core.text import _, safe
from comet.judge import relation, threshold

if TYPE_CHECKING:
    from comet.compare.sample import Sample

_Stages = tuple[Callable[..., None], Callable[..., None]]

MISSED: Final = 0.01
"""Share of the pairs that count which may be missing before one more table of the index is made."""
_BATCH: Final = 64
"""Pairs that are judged between two writes."""


@dataclass(frozen=True, slots=True)
class Correlated:
    """What correlating did."""

    pairs_done: int
    pairs_all: int
    units: int
    recall: float | None
    """Share of the pairs that count which comparing all with all would find; None where `span` leaves offsets out, and
    while there is `more`."""
    more: bool
    """There is another round: what was found so far can be judged and looked at meanwhile."""


def find(collection: Collection, job: Job, *, exact: bool = False, address: str = "") -> Correlated:
    """Correlate and judge, round after round; what one found can be looked at while the next one goes on.

    Args: as of `correlate`.

    Raises:
        LockedError: another job works on the profile; none begins there before the last round is judged.
        Others: as `correlate`.
    """
    with exclusive(collection):
        chunks.drop_damaged(collection.results, job)
        while True:
            done = correlate(collection, job, exact=exact, address=address)
            judge(collection, job)
            if not done.more:
                return done
            job.report(Ready(pairs.count(collection)))


def correlate(collection: Collection, job: Job, *, exact: bool = False, address: str = "") -> Correlated:
    """Compare every audio with every other one, from where the last run ended, one round of it.

    A collection for which the index is made takes several: what can be found soon, what one table misses, and if
    too much is missing still, one more table after the other.

    Args:
        collection: Scanned, and nobody else's meanwhile: see `opened.exclusive`.
        job: Hears about each piece.
        exact: Compare all pairs, also in a collection for which the index is made, and what has gone through it.
        address: Of a cluster that compares, see `cluster.joined`; empty for this machine.

    Raises:
        MemoryBudgetError: not one unit fits.
        UsageError: there is no way to a cluster.
        ServiceError: the cluster does not answer or take part, or some units failed; the others are stored.
        BrokenError: what was compared cannot be read again, so that the same would be left for ever.
        Stopped: somebody asked; the units that were finished are stored.
    """
    left = _left(collection, exact=exact)
    if pairs.outdated(collection) or any(left):
        memory.loading()
        with _stages(address) as stages:
            _compare(collection, job, stages, *left)
    rest = _left(collection, exact=exact)
    if any(rest) and rest == left:
        raise BrokenError(
            _("a round of comparing has done nothing new: its results in `{folder}` cannot be read").format(
                folder=safe(collection.results)
            ),
            hint=_("does that disk keep what is written? what was compared before is kept"),
        )
    done, more = state.progress(collection), any(rest)
    return Correlated(done.done, done.all, done.units, None if more else pairs.recall(collection), more)


def _left(collection: Collection, *, exact: bool) -> tuple[Intervals, list[Round]]:
    """Return the rows and the rounds of the index that come next."""
    todo = state.todo(collection, exact=exact)
    if exact or any(todo):
        serials, done = collection.comparable(), pairs.covered(collection)
        return todo.rows, [tiers.next_round(serials, epoch, done) for epoch in todo.epochs]
    short = [(epoch, seen) for epoch, seen in pairs.seen(collection).items() if seen.missed > MISSED * seen.found]
    return (), [Round(epoch, seen.tables + 1, UNITS) for epoch, seen in short if TABLES <= seen.tables < MOST]


@contextmanager
def _stages(address: str) -> Iterator[_Stages]:
    """Yield what compares rows and what goes through an index: on this machine, or on the cluster at `address`."""
    if address:
        from comet import cluster  # noqa: PLC0415 - nobody else waits for what it imports

        with cluster.joined(address) as joined:
            yield joined.rows, joined.index
    else:
        from comet.compare import correlation, index  # noqa: PLC0415 - compiled kernels are needed only here

        yield correlation.correlate, index.correlate


def _compare(collection: Collection, job: Job, stages: _Stages, todo: Intervals, rounds: list[Round]) -> None:
    import comet.judge.rule  # noqa: F401, PLC0415 - likewise; what its kernels take is part of the baseline
    from comet.compare import null  # noqa: PLC0415 - likewise

    settings = collection.profile.settings.correlate
    about: dict[str, Any] = {"cache": collection.cache.id, "settings": collection.compared}
    prepared = _prepared(collection, state.budget(collection, job))
    alive = set(collection.comparable())
    done = chunks.coverage(collection.results, **about)
    span = int(collection.compared["span"])
    if pairs.outdated(collection):
        sampled = null.draw(prepared, alive, job, minimum=extent.MINIMUM, span=span)
        collection.cache.store_sampled(pairs.sampled_by(collection), sampled)
    options: dict[str, Any] = {
        "store": lambda chunk: chunks.write(collection.results, chunk, **about),
        "minimum": extent.MINIMUM,
        "span": span,
        "budget": state.budget(collection, job),
        "job": job,
    }
    rows, index = stages
    if todo:
        # The row of an audio without a file is left for the day when a file comes back; as a column it is in every row.
        serials = prepared.serials.tolist()
        dead = [(serial, serial + 1) for serial in serials if serial not in alive]
        others = missing(todo, 1, serials[-1] + 1)
        rows(prepared, (*others, *dead), floors=threshold.FLOOR, write_every=settings.write_every, **options)
    floors = threshold.kept(len(alive), pairs.line(collection).null) if rounds else threshold.FLOOR
    for epoch, tables, units in rounds:
        found = (records for task, records in chunks.tables(collection.results, **about) if task[:2] == epoch)
        depth = {"tables": tables, "units": units, "write_every": settings.write_every}
        index(prepared, epoch, done.index, found, floors=floors, **depth, **options)


def _prepared(collection: Collection, budget: memory.Budget) -> Sample:
    """Return the sample of all that can be compared, if there is memory for it."""
    from comet.compare import sample  # noqa: PLC0415 - likewise

    tracks, words, _longest = state.sampled(collection)
    memory.sample(budget(), tracks, words)
    seconds = collection.profile.settings.correlate.sample
    serials = [serial for serial, _words in collection.cache.comparable(collection.made, extent.MINIMUM)]
    return sample.prepare((n, extent.opening(words, seconds)) for n, words in collection.cache.words(serials))


def judge(collection: Collection, job: Job, found: Iterable[Pair] | None = None) -> int:
    """Find out how the pairs that count, or those that were `found`, are related, where that is not known yet.

    Returns:
        How many were judged.
    """
    known = collection.cache.judged(relation.RULE)
    wanted = pairs.candidates(collection) if found is None else found
    missing = [pair for pair in wanted if (pair.i, pair.j) not in known]
    if not missing:
        return 0
    with job.stage(Stage.JUDGE, len(missing)) as advance:
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            tracks = pairs.wholes(collection, {serial for pair in batch for serial in (pair.i, pair.j)})
            there = [pair for pair in batch if {pair.i, pair.j} <= tracks.keys()]  # a scan may have replaced some
            verdicts = [pairs.related(tracks[pair.i], tracks[pair.j]) for pair in there]
            collection.cache.store_verdicts(verdicts, relation.RULE)
            advance(len(batch))
    return len(missing)


def warm() -> float:
    """Compile the kernels where that was not done on this machine; return the seconds it took."""
    began = time.monotonic()
    import comet.compare.index  # noqa: PLC0415 - each kernel has its types, so importing compiles it
    import comet.compare.limit  # noqa: PLC0415
    import comet.judge.rule  # noqa: PLC0415
    import comet.listen.kernels  # noqa: F401, PLC0415

    return time.monotonic() - began
