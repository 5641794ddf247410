"""What came from elsewhere, as it is asked for: imported fingerprints, and old results beside Comet's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet.collection import pairs, state
from comet.collection.opened import Collection
from comet.core.model import IMPORTED, Match, Relation, Skipped, Track
from comet.core.text import _

if TYPE_CHECKING:
    from comet.compare.imports import OldPair


@dataclass(frozen=True, slots=True)
class Beside:
    """An old pair beside what Comet found; nothing of the old one counts as evidence."""

    old: OldPair
    relation: Relation | None
    """None where Comet finds nothing that the two have in common."""
    evidence: float | None
    """None where both are one audio, or nothing was found."""

    @property
    def confirmed(self) -> bool:
        """Comet calls them the same recording too."""
        return self.relation is Relation.SAME


def track(collection: Collection, name: str) -> Track | None:
    """Return what was imported under a name, None where nothing was."""
    path = os.fsencode(name)
    return next((each for each in collection.cache.tracks([IMPORTED]) if each.file.path == path), None)


def complete(collection: Collection) -> bool:
    """Tell whether all pairs were compared exactly: before that, a pair that is not found may still be."""
    return not state.todo(collection, exact=True).rows


def beside(collection: Collection, found: Iterable[OldPair | Skipped]) -> Iterator[Beside | Skipped]:
    """Yield each old pair beside Comet's verdict, or why it says nothing; they are taken one by one."""
    serials = {each.path: each.audio.serial for each in collection.cache.tracks(collection.sources())}
    known = {(match.pair.i, match.pair.j): match for match in pairs.matches(collection)}
    for old in found:
        yield old if isinstance(old, Skipped) else _beside(old, serials, known)


def _beside(old: OldPair, serials: Mapping[str, int], known: Mapping[tuple[int, int], Match]) -> Beside | Skipped:
    one, other = (serials.get(name) or serials.get(os.path.abspath(name)) for name in (old.a, old.b))
    if one is None or other is None:
        return Skipped(old.number, _("it names a file that this profile does not know"))
    if one == other:
        return Beside(old, Relation.SAME, None)
    match = known.get((min(one, other), max(one, other)))
    return Beside(old, match.verdict.relation, match.pair.evidence) if match else Beside(old, None, None)
