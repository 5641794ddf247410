"""The state of a collection: what is known, what is done, what it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from comet.collection import groups, history, pairs
from comet.collection.opened import Collection
from comet.compare import extent, memory, tiers
from comet.compare.tiers import Progressed, Todo
from comet.core.errors import MemoryBudgetError
from comet.core.job import Job
from comet.core.model import Problem, Root, Stage
from comet.judge import relation


@dataclass(frozen=True, slots=True)
class Taking:
    """Which files take part in comparing; each that does not is counted under one reason."""

    files: int
    """Files that are music or claim to be, and what was imported."""
    compared: int
    """Those that take part,"""
    audios: int
    """and the audios that they hold: files of one audio are compared as one."""
    unusable: int
    """Nothing is known of their sound."""
    short: int
    """Too short, or silent."""
    outdated: int
    """Their fingerprints were made by other settings."""


@dataclass(frozen=True, slots=True)
class State:
    """What `comet -i` tells."""

    roots: list[Root]
    taking: Taking
    by_codec: dict[str, int]
    problems: int
    pairs: Progressed
    recall: float | None
    """See `recall`."""
    unjudged: int
    """Pairs above the line whose relation is not known yet: `groups` and `pairs` on the command line find out."""
    groups: int
    saving: int
    held: int
    """Files in quarantine."""
    held_size: int
    """Bytes of theirs, which are not free before a purge."""
    full: float
    """How full the fullest disk of the roots is, 0 to 1."""
    free_memory: int
    """Bytes."""
    chunk: int
    """Units of what is to be done next that fit into what of it may be used, 0 if not one; of the index at most those
    of a table, and as many as fit for certain."""


def progress(collection: Collection) -> Progressed:
    """Return how far correlating is, for the audios that are known now."""
    return tiers.progressed(collection.comparable(), pairs.covered(collection))


def recall(collection: Collection) -> float | None:
    """Return the share of the pairs that count which was found; None while some are left, or where `span` bounds it."""
    done = progress(collection)
    return pairs.recall(collection) if done.done == done.all else None


def taking(collection: Collection) -> Taking:
    """Return which files take part in comparing, and why others do not."""
    known = [root.id for root in collection.sources()]
    files, alive = collection.cache.counts(known).get("files", 0), collection.cache.alive(known)
    words = [(alive[serial], words) for serial, words in collection.cache.comparable(collection.made, 0)]
    compared = sum(held for held, words in words if words >= extent.MINIMUM)
    short = sum(held for held, words in words if words < extent.MINIMUM)
    held = alive.total()
    return Taking(files, compared, len(collection.comparable()), files - held, short, held - compared - short)


def todo(collection: Collection, *, exact: bool = False) -> Todo:
    """Return what is left to be compared; with `exact`, exactly, whatever went through the index."""
    return tiers.todo(collection.comparable(), pairs.covered(collection), exact=exact)


def budget(collection: Collection, job: Job) -> memory.Budget:
    """Return what correlating may take beside what is resident now."""
    settings = collection.profile.settings.correlate
    return memory.Budget(job, settings.memory * 1_000_000, settings.memory_share)


def sampled(collection: Collection) -> tuple[int, int, int]:
    """Return how many tracks are compared, their words together, and those of the longest one."""
    seconds = collection.profile.settings.correlate.sample
    counts = collection.cache.comparable(collection.made, extent.MINIMUM)
    words = [extent.opened(count, seconds) for _serial, count in counts]
    return len(words), sum(words), max(words, default=0)


def unjudged(collection: Collection) -> int:
    """Return how many pairs above the line have no known relation yet."""
    known = collection.cache.judged(relation.RULE)
    return sum((pair.i, pair.j) not in known for pair in pairs.candidates(collection))


def problems(collection: Collection) -> Iterator[Problem]:
    """Yield the files and folders that could not be used."""
    paths = {root.id: root.path for root in collection.scanned_roots()}
    for root, path, walked, error in collection.cache.problems(list(paths)):
        yield Problem(Stage.WALK if walked else Stage.SCAN, os.path.join(paths[root], path), error)


def of(collection: Collection) -> State:
    """Return the state of a collection."""
    counts = collection.cache.counts([root.id for root in collection.sources()])
    found = groups.of(collection)
    held, held_size = collection.journal.held_size()
    return State(
        collection.roots(),
        taking(collection),
        {key[6:]: n for key, n in sorted(counts.items(), key=lambda kv: -kv[1]) if key.startswith("codec:")},
        sum(1 for _ in problems(collection)),
        progress(collection),
        recall(collection),
        unjudged(collection),
        len(found),
        sum(group.saving for group in found),
        held,
        held_size,
        history.fullest(collection)[1],
        memory.free(),
        _chunk(collection),
    )


def _chunk(collection: Collection) -> int:
    """Return how many units of what is to be done next fit in the memory that may be used beside the sample."""
    tracks, words, longest = sampled(collection)
    try:
        left = memory.sample(budget(collection, Job())() - memory.LOADED, tracks, words)
        if not todo(collection).epochs:
            return memory.units(left, tracks, longest)
        # Where each word is a posting, which is more than there are, and what threads sort at a time is a whole unit.
        unit = words * memory.POSTING // tiers.UNITS
        return min(tiers.UNITS, memory.room(left, tracks, longest, 1, unit, unit, 0) // unit)
    except MemoryBudgetError:
        return 0
