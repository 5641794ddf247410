"""The rest of the write side of the line: fingerprints -> pairs -> verdicts, one call a stage.

What is done is stored as it comes; whatever interrupts a stage, the next run goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comet.collection import pairs, state
from comet.collection.opened import Collection, exclusive
from comet.compare import chunks, extent, memory
from comet.compare.intervals import missing
from comet.core.job import Job
from comet.core.model import Audio, Pair, Stage, Verdict
from comet.judge import relation, threshold

_BATCH: Final = 64
"""Pairs that are judged between two writes."""


@dataclass(frozen=True, slots=True)
class Correlated:
    """What correlating did."""

    pairs_done: int
    pairs_all: int
    units: int
    recall: float | None
    """Share of the pairs that count which comparing all with all would find; None where `span` leaves offsets out."""


def correlate(collection: Collection, job: Job, *, exact: bool = False) -> Correlated:
    """Compare every audio with every other one, from where the last run ended.

    Args:
        collection: Scanned.
        job: Hears about each piece.
        exact: Compare all pairs, also in a collection for which the index is made, and what has gone through it.

    Raises:
        MemoryBudgetError: not one unit fits.
        Stopped: somebody asked; the units that were finished are stored.
    """
    with exclusive(collection):
        if pairs.outdated(collection) or any(state.todo(collection, exact=exact)):
            _compare(collection, job, exact=exact)
    done = state.progress(collection)
    return Correlated(done.done, done.all, done.units, pairs.recall(collection))


def _compare(collection: Collection, job: Job, *, exact: bool) -> None:
    from comet.compare import correlation, index, null, sample  # noqa: PLC0415 - compiled kernels are needed only here

    settings = collection.profile.settings.correlate
    about: dict[str, Any] = {"cache": collection.cache.id, "settings": collection.compared}
    serials = [serial for serial, _words in collection.cache.comparable(collection.made, extent.MINIMUM)]
    alive = set(collection.comparable())
    done, todo = chunks.coverage(collection.results, **about), state.todo(collection, exact=exact)
    openings = ((n, extent.opening(words, settings.sample)) for n, words in collection.cache.words(serials))
    prepared = sample.prepare(openings)
    span = int(collection.compared["span"])
    if pairs.outdated(collection):
        sampled = null.draw(prepared, alive, job, minimum=extent.MINIMUM, span=span)
        collection.cache.store_sampled(pairs.sampled_by(collection), sampled)
    options: dict[str, Any] = {
        "store": lambda chunk: chunks.write(collection.results, chunk, **about),
        "floors": threshold.FLOOR,
        "minimum": extent.MINIMUM,
        "span": span,
        "budget": lambda: int(memory.free() * settings.memory_share),
        "job": job,
    }
    if todo.rows:
        # The row of an audio without a file is left for the day when a file comes back; as a column it is in every row.
        dead = [(serial, serial + 1) for serial in serials if serial not in alive]
        others = missing(todo.rows, 1, serials[-1] + 1)
        correlation.correlate(prepared, (*others, *dead), write_every=settings.write_every, **options)
    for epoch in todo.epochs:
        found = (records for task, records in chunks.tables(collection.results, **about) if task[:2] == epoch)
        index.correlate(prepared, epoch, done.index, found, write_every=settings.write_every, **options)


def judge(collection: Collection, job: Job, found: Iterable[Pair] | None = None) -> int:
    """Find out how the pairs that count, or those that were `found`, are related, where that is not known yet.

    Returns:
        How many were judged.
    """
    known = collection.cache.verdicts(relation.RULE)
    wanted = pairs.candidates(collection) if found is None else found
    missing = [pair for pair in wanted if (pair.i, pair.j) not in known]
    if not missing:
        return 0
    audios = collection.cache.audios({serial for pair in missing for serial in (pair.i, pair.j)})
    with job.stage(Stage.JUDGE, len(missing)) as advance:
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            verdicts = [_verdict(collection, audios, pair) for pair in batch]
            collection.cache.store_verdicts([verdict for verdict in verdicts if verdict], relation.RULE)
            advance(len(batch))
    return len(missing)


def _verdict(collection: Collection, audios: Mapping[int, Audio], pair: Pair) -> Verdict | None:
    words = dict(collection.cache.words((pair.i, pair.j)))
    if len(words) < 2 or not {pair.i, pair.j} <= audios.keys():
        return None  # a scan has replaced one of them meanwhile
    one, other = (pairs.whole(collection, audios[serial], words[serial]) for serial in (pair.i, pair.j))
    return pairs.related(one, other)


def warm() -> float:
    """Compile the kernels where that was not done on this machine; return the seconds it took."""
    began = time.monotonic()
    import comet.compare.sample  # noqa: PLC0415 - each kernel has its types, so importing compiles it
    import comet.listen.kernels  # noqa: F401, PLC0415

    return time.monotonic() - began
