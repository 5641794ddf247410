"""Groups: tracks that are pairwise the same recording, and what would become of each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from comet.collection import pairs
from comet.collection.decisions import files
from comet.collection.opened import Collection
from comet.core.errors import UsageError
from comet.core.model import Choice, Decision, Group, Match, Place, Proposal, Root, Track, identity
from comet.core.text import _, safe
from comet.decide import keeper
from comet.decide.keeper import Role
from comet.decide.proposal import Decisions, propose
from comet.judge import groups


def of(collection: Collection) -> list[Group]:
    """Return the groups of a collection, largest saving first; what was decided to be apart is in no group."""
    tracks = collection.cache.tracks(collection.sources())
    return groups.group(tracks, joined(collection, tracks, pairs.matches(collection)), _chooser(collection))


def joined(collection: Collection, tracks: Iterable[Track], found: Sequence[Match]) -> list[Match]:
    """Return those of some pairs that nobody has decided to be apart."""
    apart = Decisions(collection.journal.decisions()).apart
    hashes = {track.audio.serial: track.audio.hash for track in tracks} if apart else {}
    return [match for match in found if _pair(match, hashes) not in apart]


def proposals(collection: Collection) -> list[Proposal]:
    """Return the groups of a collection, largest saving first, each with what would become of its tracks."""
    decisions = Decisions(collection.journal.decisions())
    found = of(collection)
    barred = _barring(collection, found)
    choose = _chooser(collection)
    return [propose(group, decisions, barred(group), choose) for group in found]


def proposal(collection: Collection, group: Group) -> Proposal:
    """Return what would become of one group by the decisions of now."""
    decisions = Decisions(collection.journal.decisions())
    return propose(group, decisions, _barring(collection, [group])(group), _chooser(collection))


def keeping(collection: Collection, proposed: Proposal, keep: Sequence[int]) -> Proposal:
    """Return what would become of a group if these of its tracks stayed; nothing is remembered by that.

    Raises:
        UsageError: there is no file among them.
    """
    group = proposed.group
    members = tuple(sorted(track.audio.hash for track in group.tracks))
    decision = Decision(0, Choice.KEEP, members, tuple(identity(group.tracks[at]) for at in files(group, keep)), 0.0)
    return propose(group, Decisions([decision]), proposed.barred, _chooser(collection))


def reasons(collection: Collection, proposed: Proposal) -> list[str]:
    """Return why the keeper of a group stays, weightiest first, as short sentences."""
    return keeper.reasons(proposed.group.tracks, proposed.keep[0], role(collection))


def find(found: Sequence[Proposal], identity: str) -> Proposal:
    """Return the proposal for the group of this id, or of one that begins like this.

    Raises:
        UsageError: there is none, or several: an id speaks of exactly the members that the group had.
    """
    fitting = [each for each in found if each.group.id.startswith(identity)] if identity else []
    if len(fitting) == 1:
        return fitting[0]
    raise UsageError(
        _("several groups begin with `{id}`").format(id=safe(identity))
        if fitting
        else _("there is no group `{id}` now").format(id=safe(identity)),
        hint=_("`comet groups` lists them; a group whose members have changed has a new id"),
    )


def role(collection: Collection) -> Role:
    """Return how the folder of a track counts in the profile."""
    roots = collection.scanned_roots()
    reference, incoming = _inside(roots, collection.profile.reference), _inside(roots, collection.profile.incoming)

    def counts(track: Track) -> int:
        place = Place(track.file.root, track.file.path)
        return 1 if reference(place) else -1 if incoming(place) else 0

    return counts


def protected(collection: Collection, roots: Iterable[Root]) -> Callable[[Place], bool]:
    """Return a test whether a file of these roots lies in a reference folder."""
    return _inside(roots, collection.profile.reference)


def astray(collection: Collection) -> list[str]:
    """Return the reference folders that lie in no root, and so protect nothing: most likely they are misspelt."""
    tops = tuple(map(_real, collection.profile.roots))
    return [
        name
        for name in collection.profile.reference
        if not os.path.isdir(name)
        or not any(_real(name).startswith(top) or top.startswith(_real(name)) for top in tops)
    ]


def _pair(match: Match, hashes: Mapping[int, str]) -> frozenset[str]:
    return frozenset((hashes.get(match.pair.i, ""), hashes.get(match.pair.j, "")))


def _chooser(collection: Collection) -> Callable[[Sequence[Track]], int]:
    counts = role(collection)
    return lambda tracks: keeper.choose(tracks, counts)


def _real(folder: str) -> bytes:
    return os.path.join(os.path.realpath(os.fsencode(folder)), b"")


def _inside(roots: Iterable[Root], folders: Sequence[str]) -> Callable[[Place], bool]:
    """Return a test whether a file lies in one of these folders, by whatever links they and the roots are reached."""
    below: dict[str, tuple[bytes, ...]] = {}
    for root in roots:
        top = _real(os.fsdecode(root.path))
        for folder in map(_real, folders):
            if folder.startswith(top):
                below[root.id] = (*below.get(root.id, ()), folder[len(top) :])
            elif top.startswith(folder):
                below[root.id] = (b"",)
    return lambda place: place.path.startswith(below.get(place.root, ()))


def _barring(collection: Collection, found: Sequence[Group]) -> Callable[[Group], dict[int, str]]:
    """Return what tells the tracks of a group that cannot be removed, each with the reason."""
    counts = role(collection)
    unmarked = {root.id for root in collection.scanned_roots() if root.id.startswith("path:")}
    names: dict[str, list[str]] = {}
    for group in found:
        for track in group.tracks:
            if track.file.inode:
                names.setdefault(track.file.inode, []).append(track.path)

    def barred(group: Group) -> dict[int, str]:
        reasons = {}
        for at, track in enumerate(group.tracks):
            if track.imported:
                reasons[at] = _("it is an imported fingerprint: there is no file")
            elif counts(track) > 0:
                reasons[at] = _("it lies in a reference folder, where nothing is changed")
            elif track.file.root in unmarked:
                reasons[at] = _("its root folder cannot be written")
            elif track.file.inode:
                others = [safe(path) for path in names[track.file.inode] if path != track.path]
                also = _(" (`{path}`)").format(path=others[0]) if others else ""
                reasons[at] = _("it has another name as a hard link{also}: nothing would be freed").format(also=also)
        return reasons

    return barred
