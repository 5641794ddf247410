"""What the review asks: the groups that there are, and all that is to be known of one before it is confirmed.

This runs in a thread. The rooms that answer are imported when somebody asks, as in the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet.core.acts import Entry
from comet.core.errors import LockedError
from comet.core.job import Job
from comet.core.merged import AS_PROPOSED, Settled
from comet.core.model import Group, Place, Proposal, Standing, Track
from comet.core.profiles import Profile
from comet_tui.listed import Listed, listed

if TYPE_CHECKING:
    from comet.collection.merging import Merged
    from comet.collection.opened import Collection

_MANY = 5_000
"""Audios up to which the groups are read here, within 80 MB: to start another process takes 0.3 s of CPU."""


@dataclass(frozen=True, slots=True)
class Found:
    """The groups, and what stands beside them."""

    profile: Profile
    """Whose they are: what is done with one of them is done there, whatever profile is looked at then."""
    proposals: Listed
    """Those that are not settled, largest first."""
    outside: Mapping[int, Track]
    """A file of each audio that is left over beside a group, by serial number."""
    settled: Settled = AS_PROPOSED
    """What the settings say about the tags of every group."""
    unjudged: int = 0
    """Pairs that may belong to a group, but whose relation is not known yet."""
    held: int = 0
    """Bytes in quarantine."""
    recovered: int = 0
    """Changes that had been interrupted and were brought to an end now."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is to be known of a group before it is confirmed."""

    merged: Merged
    """It, with its tags as one set."""
    why: tuple[str, ...]
    """Why the keeper stays, weightiest first."""
    against: Mapping[int, str]
    """What speaks against the other tracks, by index."""
    holes: tuple[str, ...]
    """Albums that lose some of their tracks by what was chosen, each as a sentence."""
    unheld: Mapping[int, str]
    """What the formats of the files that get the merged tags cannot hold, as sentences by index."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two folders or more that hold the same tracks."""

    keep: str
    """The one that is kept, absolute."""
    over: tuple[str, ...]
    """The others."""
    words: tuple[str, ...]
    """What they share, and what of it stays as it is, as sentences."""
    goes: tuple[Track, ...]


def many(collection: Collection) -> bool:
    """Tell whether so much is known that reading it takes memory and time that belong into a process of its own."""
    return collection.cache.last() > _MANY


def of(collection: Collection) -> Found:
    """Bring what was interrupted to an end, and return the groups with what is proposed for each."""
    from comet.collection import groups, history, merging, state  # noqa: PLC0415 - arrays and all

    recovered = _recovered(collection)
    proposals = [each for each in groups.proposals(collection) if each.standing is not Standing.SETTLED]
    shown = [each.group for each in proposals]
    return Found(
        collection.profile,
        listed(proposals, _names(collection, shown)),
        _outside(collection, shown),
        merging.by_default(collection),
        state.unjudged(collection),
        sum(each.size for each in history.held(collection)),
        len(recovered),
    )


def looked(collection: Collection, proposal: Proposal, settled: Settled, *, chosen: bool) -> Looked:
    """Return what is to be known of a group, where somebody has `chosen` who stays with that; files may be read."""
    from comet.collection import groups, merging  # noqa: PLC0415 - arrays and all

    by_hand = groups.keeping(collection, proposal, proposal.keep) if chosen else proposal
    breaks = chosen and (proposal.whole or proposal.albums)
    holes = groups.holes(collection, [by_hand]) if breaks else []
    merged = merging.of(collection, by_hand, settled)
    with merging.Editor() as editor:
        unheld = merging.unheld(merged, editor)
    return Looked(
        merged,
        tuple(groups.reasons(collection, by_hand)),
        groups.against(collection, by_hand),
        tuple(hole.words for hole in holes),
        unheld,
    )


def _recovered(collection: Collection) -> list[Entry]:
    """Bring interrupted changes to an end; while another process changes files there is nothing to bring."""
    from comet import changes  # noqa: PLC0415 - arrays and all

    try:
        return changes.settle(collection)
    except LockedError:
        return []


def _outside(collection: Collection, groups: list[Group]) -> dict[int, Track]:
    """Return a file of each audio that is left over; the collection's tracks are read only where that needs them."""
    serials = {serial for group in groups for match in group.left_over for serial in (match.pair.i, match.pair.j)}
    found = {track.audio.serial: track for group in groups for track in group.tracks if track.audio.serial in serials}
    if serials - found.keys():
        for track in collection.cache.tracks(collection.sources()):
            if track.audio.serial in serials:
                found.setdefault(track.audio.serial, track)
    return found


def _names(collection: Collection, groups: Sequence[Group]) -> dict[str, str]:
    """Return how a person calls groups, by id: artist and title of the keeper, where its tags are known."""
    from comet.collection import tagged  # noqa: PLC0415 - arrays and all

    files = {group.id: group.tracks[group.keeper].file for group in groups}
    known = tagged.names(collection, [group.tracks[group.keeper] for group in groups])
    found = {each: known.get(Place(file.root, file.path), ("", "")) for each, file in files.items()}
    return {each: " \N{EN DASH} ".join(filter(None, name)) for each, name in found.items() if name[1]}


def folders(collection: Collection) -> list[Pair]:
    """Return the pairs of folders that hold the same tracks, those that free most first."""
    from comet.collection import folders, groups  # noqa: PLC0415 - arrays and all

    return [
        Pair(
            folders.path(collection, pair.keep),
            tuple(folders.path(collection, top) for top in pair.over),
            tuple(folders.told(collection, pair)),
            tuple(each.group.tracks[at] for each in pair.proposals for at in each.remove),
        )
        for pair in folders.pairs(collection, groups.proposals(collection), Job())
    ]


def last_run(collection: Collection) -> int:
    """Return the number of the last run, 0 where there was none."""
    from comet.collection import history  # noqa: PLC0415 - arrays and all

    return max((run.id for run in history.runs(collection)), default=0)


def following_run(collection: Collection, run: int) -> int:
    """Return the number of the first run after another one of which something can be undone, 0 where there is none."""
    from comet.collection import history  # noqa: PLC0415 - arrays and all

    after = [each.id for each in history.runs(collection) if each.id > run and each.kind == "apply" and each.undoable]
    return min(after, default=0)
