"""Groups: tracks that are pairwise the same recording."""

from __future__ import annotations

from comet.collection import pairs
from comet.collection.opened import Collection
from comet.core.model import Group
from comet.decide import keeper
from comet.judge import groups


def of(collection: Collection) -> list[Group]:
    """Return the groups of a collection, largest saving first."""
    tracks = collection.cache.tracks(collection.scanned_roots())
    return groups.group(tracks, pairs.matches(collection), keeper.choose)
