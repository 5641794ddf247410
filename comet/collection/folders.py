"""Folders that hold the same tracks: found, and weighed against each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Final

from comet.collection import groups
from comet.collection.opened import Collection
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import Proposal, Stage, Track
from comet.core.settings import expand
from comet.core.text import _, _n, safe
from comet.decide import albums, folders
from comet.decide.albums import Key
from comet.decide.folders import FolderPair, Weigher

_FEW: Final = 500
"""Pairs of folders that are weighed in a moment."""


def pairs(collection: Collection, found: Sequence[Proposal], job: Job) -> list[FolderPair]:
    """Return the pairs of folders that hold the same tracks, each with one of them kept; what frees most comes first.

    Args:
        collection: the collection.
        found: what would become of all its groups.
        job: hears how far it is, where that takes longer than a moment.

    Raises:
        Stopped: the job was asked to.
    """
    shared = folders.shared(found)
    weigher = _weigher(collection, found, {top for tops in shared for top in tops})
    weighed = []
    with job.stage(Stage.FOLDERS, len(shared)) if len(shared) > _FEW else nullcontext(job.check) as advance:
        for tops, numbers in shared.items():
            weighed.append(weigher.better([found[at] for at in numbers], tops))
            advance()
    return sorted(weighed, key=lambda each: (-each.size, each.keep, each.over))


def kept(collection: Collection, found: Sequence[Proposal], keep: str, over: Sequence[str] = ()) -> FolderPair:
    """Return what would become of a folder and others if it was kept over them.

    Args:
        collection: the collection.
        found: what would become of all its groups.
        keep: the folder, as it was typed.
        over: the others; without any, those that `pairs` finds beside it.

    Raises:
        UsageError: one lies in no root, or they share nothing that nobody has decided about.
    """
    top = _key(collection, keep)
    others = tuple(dict.fromkeys(_key(collection, each) for each in over)) or _beside(found, top)
    weighed = _weigher(collection, found, {top, *others}).kept(found, top, others) if top not in others else None
    if weighed and weighed.proposals:
        return weighed
    raise UsageError(
        _("`{keep}` holds no track that is open and also in {others}").format(
            keep=safe(keep), others=", ".join(f"`{safe(each)}`" for each in over) or _("a folder beside it")
        ),
        hint=_("`comet folders` lists the folders that hold the same tracks"),
    )


def path(collection: Collection, top: Key) -> str:
    """Return the absolute path of a folder."""
    (root,) = [each.path for each in collection.scanned_roots() if each.id == top[0]]
    return os.fsdecode(os.path.join(root, top[1])).rstrip("/") or "/"


def alone(collection: Collection, pair: FolderPair) -> list[Track]:
    """Return the tracks of the folder that goes for which the other one has none; they stay."""
    both = {albums.key(track) for each in (*pair.proposals, *pair.decided) for track in each.group.tracks}
    tracks = collection.cache.tracks(collection.scanned_roots())
    mine = [track for track in tracks if folders.side(albums.key(track), (pair.keep, *pair.over)) in pair.over]
    return [track for track in mine if albums.key(track) not in both]


def told(collection: Collection, pair: FolderPair) -> Iterator[str]:
    """Yield what two folders share, and then what of it is not done, as sentences."""
    keep, over = path(collection, pair.keep), ", ".join(f"`{safe(path(collection, top))}`" for top in pair.over)
    whole = _("`{keep}` and {over} hold the same {tracks}: keep `{keep}`")
    part = _("`{keep}` and {over} have {tracks} in common: keep those of `{keep}`")
    yield (part if pair.lacks else whole).format(
        keep=safe(keep), over=over, tracks=_n("{n} track", "{n} tracks", len(pair.proposals))
    )
    yield from exceptions(pair)


def exceptions(pair: FolderPair) -> Iterator[str]:
    """Yield what of two folders stays as it is, as sentences."""
    counts = (
        (pair.lacks, _("only in the folder that goes: {n}, left there")),
        (pair.check, _("to check: {n}, left there")),
        (pair.barred, _("cannot be removed: {n}")),
        (pair.elsewhere, _("in other folders: {n}, left there")),
        (pair.worse, _("better in the folder that goes, or elsewhere: {n}")),
        (pair.lacked, _("only in the folder that is kept: {n}")),
    )
    for count, told in counts:
        if count:
            yield told.format(n=_n("{n} track", "{n} tracks", count))
    if pair.decided:
        yield _("decided already: {n}, left as decided").format(n=_n("{n} group", "{n} groups", len(pair.decided)))
    yield from (hole.words for hole in pair.holes)


def _weigher(collection: Collection, found: Sequence[Proposal], tops: Iterable[Key]) -> Weigher:
    files = ((root.id, path) for root in collection.scanned_roots() for path in collection.cache.paths(root.id))
    known, choose, fit = groups.albums_of(collection, found), groups.chooser(collection), groups.equals(collection)
    return Weigher(folders.counts(files, tops), known, choose, fit)


def _beside(found: Sequence[Proposal], top: Key) -> tuple[Key, ...]:
    beside = [pair for pair in folders.shared(found) if top in pair]
    return tuple(sorted(one if other == top else other for one, other in beside))


def _key(collection: Collection, typed: str) -> Key:
    real = os.path.realpath(os.fsencode(expand(typed)))
    for root in collection.scanned_roots():
        top = os.path.realpath(root.path)
        if real == top or real.startswith(os.path.join(top, b"")):
            return root.id, real[len(top) :].strip(b"/")
    raise UsageError(
        _("`{folder}` lies in no root").format(folder=safe(typed)),
        hint=_("the roots are: {roots}").format(roots=", ".join(map(safe, collection.profile.roots))),
    )
