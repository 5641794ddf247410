"""Groups: tracks that are pairwise the same recording, and what would become of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from comet.collection import pairs, roles, ruled
from comet.collection.decisions import files
from comet.collection.opened import Collection
from comet.core.errors import UsageError
from comet.core.model import Choice, Decision, Group, Match, Proposal, Relation, Track, identity
from comet.core.text import _, safe
from comet.decide import albums, keeper
from comet.decide.albums import Album, Hole, Key, Row, Shelf
from comet.decide.keeper import Heard, Role, Step
from comet.decide.proposal import Decisions, propose
from comet.judge import groups


def of(collection: Collection) -> list[Group]:
    """Return the groups of a collection, largest saving first; what was decided to be apart is in no group."""
    found = [match for match in pairs.matches(collection) if match.verdict.relation is Relation.SAME]
    sources = collection.sources()
    twice = (serial for serial, files in collection.cache.alive([root.id for root in sources]).items() if files > 1)
    tracks = collection.cache.tracks_of(sources, {*twice, *(each for m in found for each in (m.pair.i, m.pair.j))})
    return groups.group(tracks, joined(collection, tracks, found), chooser(collection))


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
    choose = chooser(collection)
    proposed = [propose(group, decisions, barred(group), choose) for group in found]
    if collection.profile.settings.review.albums != "whole":
        return proposed
    shelf = Shelf(proposed, albums_of(collection, proposed))
    for number, instead in albums.keepers(shelf, equals(collection), _peers(collection), choose).items():
        group = replace(found[number], keeper=instead.keeper)
        now = propose(group, decisions, proposed[number].barred, choose)
        shelf.proposals[number] = replace(now, because=now.because or instead.why)
    return albums.whole(shelf)


def proposal(collection: Collection, before: Proposal) -> Proposal:
    """Return what would become of a group by the decisions of now, where all that is beside it is as it was before."""
    decisions = Decisions(collection.journal.decisions())
    group = before.group
    now = propose(group, decisions, _barring(collection, [group])(group), chooser(collection, group))
    if now.decision is None:
        stays = {at: why for at, why in before.whole.items() if at in now.remove}
        now = replace(now, keep=(*now.keep, *stays), whole=stays, because=now.because or before.because)
    return replace(now, albums=before.albums)


def holes(collection: Collection, found: Sequence[Proposal]) -> list[Hole]:
    """Return the albums that would lose some of their tracks by some proposals, but not all."""
    return albums.holes(Shelf(found, albums_of(collection, found)))


def keeping(collection: Collection, proposed: Proposal, keep: Sequence[int]) -> Proposal:
    """Return what would become of a group if these of its tracks stayed; nothing is remembered by that.

    Raises:
        UsageError: there is no file among them.
    """
    group = proposed.group
    members = tuple(sorted(track.audio.hash for track in group.tracks))
    decision = Decision(0, Choice.KEEP, members, tuple(identity(group.tracks[at]) for at in files(group, keep)), 0.0)
    now = propose(group, Decisions([decision]), proposed.barred, chooser(collection, group))
    return replace(now, albums=proposed.albums)


def reasons(collection: Collection, proposed: Proposal) -> list[str]:
    """Return why the keeper of a group stays, weightiest first, as short sentences."""
    if proposed.because:
        return [proposed.because]
    return keeper.reasons(proposed.group.tracks, proposed.keep[0], *grounds(collection, proposed.group))


def against(collection: Collection, proposed: Proposal) -> dict[int, str]:
    """Return what speaks against each of the other tracks of a group, as a short sentence by index."""
    return keeper.against(proposed.group.tracks, proposed.keep[0], *grounds(collection, proposed.group))


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


def _pair(match: Match, hashes: Mapping[int, str]) -> frozenset[str]:
    return frozenset((hashes.get(match.pair.i, ""), hashes.get(match.pair.j, "")))


def grounds(collection: Collection, group: Group | None = None) -> tuple[Role, tuple[Step, ...], Heard]:
    """Return what a keeper is chosen by: folders, rules, and what was measured on the sound, of one group or of all."""
    cache = collection.cache
    heard = cache.qualities_of(track.audio.serial for track in group.tracks) if group else cache.qualities()
    return roles.role(collection), ruled.steps(collection), heard


def chooser(collection: Collection, group: Group | None = None) -> Callable[[Sequence[Track]], int]:
    """Return what finds the best of several tracks, of one group or of any.

    By their folders, the rules, and their own worth.
    """
    role, rules, heard = grounds(collection, group)
    return lambda tracks: keeper.choose(tracks, role, rules, heard)


def equals(collection: Collection) -> Callable[[Group], list[int]]:
    """Return what tells the tracks of a group of which any could be the keeper for its folder's sake."""
    steps = keeper.of_kind(*grounds(collection))
    found: dict[str, list[int]] = {}  # each is asked for with every pair of folders that it is in

    def equal(group: Group) -> list[int]:
        if group.id not in found:
            found[group.id] = keeper.left(group.tracks, steps)
        return found[group.id]

    return equal


def _peers(collection: Collection) -> Callable[[Group], list[int]]:
    """Return what tells the tracks of a group that are worth as much as the keeper."""
    steps = keeper.of_worth(*grounds(collection))
    return lambda group: keeper.left(group.tracks, steps)


def albums_of(collection: Collection, found: Sequence[Proposal]) -> dict[Key, Album]:
    """Return the albums that tracks of some groups are on, by their files."""
    wanted = set(albums.folders(found))
    return albums.find(_rows(collection, wanted), wanted)


def _rows(collection: Collection, wanted: Iterable[Key]) -> Iterator[Row]:
    """Yield the files that lie in some folders, each with what is known of its album."""
    roots = {root.id for root in collection.scanned_roots()}
    for root, folder in wanted:
        if root in roots:
            known = {path: told for path, *told in collection.tags.albums(root, folder)}
            for path in collection.cache.paths(root, folder):
                if path.rpartition(b"/")[0] == folder:
                    yield Row(root, path, *known.get(path, ("", "", "")))


def _barring(collection: Collection, found: Sequence[Group]) -> Callable[[Group], dict[int, str]]:
    """Return what tells the tracks of a group that cannot be removed, each with the reason."""
    counts, ruled_out = roles.role(collection), ruled.barred(collection)
    unmarked = {root.id for root in collection.scanned_roots() if root.id.startswith("path:")}
    names: dict[str, list[str]] = {}
    for group in found:
        for track in group.tracks:
            if track.file.inode:
                names.setdefault(track.file.inode, []).append(track.path)

    def why(track: Track) -> str:
        if track.imported:
            return _("it is an imported fingerprint: there is no file")
        if counts(track) > 0:
            return _("it lies in a reference folder, where nothing is changed")
        if rule := ruled_out(track):
            return rule
        if track.file.root in unmarked:
            return _("its root folder cannot be written")
        if not track.file.inode:
            return ""
        others = [safe(path) for path in names[track.file.inode] if path != track.path]
        also = _(" (`{path}`)").format(path=others[0]) if others else ""
        return _("it has another name as a hard link{also}: nothing would be freed").format(also=also)

    return lambda group: {at: reason for at, track in enumerate(group.tracks) if (reason := why(track))}
