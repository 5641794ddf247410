"""The state of a collection: what is known, what is done, what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from comet.collection import groups
from comet.collection.opened import MINIMUM, Collection
from comet.compare import chunks, memory
from comet.core.errors import MemoryBudgetError
from comet.core.model import Problem, Root, Stage
import os


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far correlating is."""

    done: int
    """Pairs that were compared."""
    all: int
    """Pairs that there are."""
    units: int
    """Units that are covered."""


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
    groups: int
    saving: int
    free_memory: int
    """Bytes."""
    chunk: int
    """Units that fit into the share of it that may be used, 0 if not one."""


def progress(collection: Collection) -> Progressed:
    """Return how far correlating is, for the audios that are known now."""
    serials = [serial for serial, _ in collection.cache.comparable(collection.made, MINIMUM)]
    covered = chunks.coverage(collection.results, collection.cache.id, collection.compared)
    done = sum(rank for rank, serial in enumerate(serials) if chunks.contains(covered, serial))
    return Progressed(done, len(serials) * (len(serials) - 1) // 2, chunks.size(covered))


def problems(collection: Collection) -> Iterator[Problem]:
    """Yield the files and folders that could not be used."""
    paths = {root.id: root.path for root in collection.scanned_roots()}
    for root, path, walked, error in collection.cache.problems(list(paths)):
        yield Problem(Stage.WALK if walked else Stage.SCAN, os.path.join(paths[root], path), error)


def of(collection: Collection) -> State:
    """Return the state of a collection."""
    known = [root.id for root in collection.scanned_roots()]
    counts = collection.cache.counts(known)
    found = groups.of(collection)
    tracks = collection.cache.tracks(collection.scanned_roots())
    audios = collection.cache.comparable(collection.made, MINIMUM)
    limit = int(collection.compared["sample"])  # type: ignore[call-overload]
    free = memory.free()
    budget = int(free * collection.profile.settings.correlate.memory_share)
    try:
        chunk = memory.units(budget, len(audios), sum(min(count, limit) for _, count in audios))
    except MemoryBudgetError:
        chunk = 0
    return State(
        collection.roots(),
        counts.get("files", 0),
        {key[6:]: n for key, n in sorted(counts.items(), key=lambda kv: -kv[1]) if key.startswith("codec:")},
        sum(track.audio.words >= MINIMUM for track in tracks),
        sum(1 for _ in problems(collection)),
        progress(collection),
        len(found),
        sum(group.saving for group in found),
        free,
        chunk,
    )
