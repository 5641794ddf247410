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
from comet.core.model import Problem, Root, Stage
from comet.judge import relation


@dataclass(frozen=True, slots=True)
class State:
    """What `comet -i` tells."""

    roots: list[Root]
    files: int
    """Files that are music or claim to be."""
    by_codec: dict[str, int]
    fingerprinted: int
    """Files whose fingerprint can be compared."""
    problems: int
    pairs: Progressed
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
    """Units that fit into the share of it that may be used, 0 if not one."""


def progress(collection: Collection) -> Progressed:
    """Return how far correlating is, for the audios that are known now."""
    return tiers.progressed(collection.comparable(), pairs.covered(collection))


def todo(collection: Collection, *, exact: bool = False) -> Todo:
    """Return what is left to be compared; with `exact`, exactly, whatever went through the index."""
    return tiers.todo(collection.comparable(), pairs.covered(collection), exact=exact)


def unjudged(collection: Collection) -> int:
    """Return how many pairs above the line have no known relation yet."""
    known = collection.cache.verdicts(relation.RULE)
    return sum((pair.i, pair.j) not in known for pair in pairs.candidates(collection))


def problems(collection: Collection) -> Iterator[Problem]:
    """Yield the files and folders that could not be used."""
    paths = {root.id: root.path for root in collection.scanned_roots()}
    for root, path, walked, error in collection.cache.problems(list(paths)):
        yield Problem(Stage.WALK if walked else Stage.SCAN, os.path.join(paths[root], path), error)


def of(collection: Collection) -> State:
    """Return the state of a collection."""
    known = [root.id for root in collection.sources()]
    counts = collection.cache.counts(known)
    found = groups.of(collection)
    tracks = collection.cache.tracks(collection.sources())
    held, held_size = collection.journal.held_size()
    free = memory.free()
    return State(
        collection.roots(),
        counts.get("files", 0),
        {key[6:]: n for key, n in sorted(counts.items(), key=lambda kv: -kv[1]) if key.startswith("codec:")},
        sum(track.audio.words >= extent.MINIMUM for track in tracks),
        sum(1 for _ in problems(collection)),
        progress(collection),
        unjudged(collection),
        len(found),
        sum(group.saving for group in found),
        held,
        held_size,
        history.fullest(collection)[1],
        free,
        _chunk(collection, free),
    )


def _chunk(collection: Collection, free: int) -> int:
    """Return how many units fit in the share of the free memory that may be used."""
    counts = [count for _serial, count in collection.cache.comparable(collection.made, extent.MINIMUM)]
    correlate = collection.profile.settings.correlate
    longest = max((extent.opened(count, correlate.sample) for count in counts), default=0)
    try:
        return memory.units(int(free * correlate.memory_share), len(counts), longest)
    except MemoryBudgetError:
        return 0
