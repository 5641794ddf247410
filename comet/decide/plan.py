"""Decisions into the steps of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from comet.core.acts import Content, Do, Step
from comet.core.merged import PICTURE, Merge, Settled
from comet.core.model import Choice, Identity, Place, Proposal, identity
from comet.core.text import _, safe
from comet.decide import merge
from comet.decide.keeper import UNHEARD, Heard, Role, ordinary, reasons
from comet.decide.keeper import Step as Weighed
from comet.tags.fields import Tags


def removals(
    proposal: Proposal, role: Role = ordinary, rules: Sequence[Weighed] = (), heard: Heard = UNHEARD
) -> Iterator[Step]:
    """Yield a step for each track of a group that goes; the arguments behind it are those of `keeper.reasons`."""
    tracks, first = proposal.group.tracks, proposal.keep[0]
    kept = identity(tracks[first])
    name = safe(tracks[first].file.path)
    by_hand = proposal.decision is not None and proposal.decision.choice is Choice.KEEP
    why = "" if by_hand else proposal.because or ", ".join(reasons(tracks, first, role, rules, heard))
    sentence = _("the same recording as `{keeper}`, which stays: {why}").format(
        keeper=name, why=why or _("chosen by you")
    )
    for at in proposal.remove:
        yield Step(Do.REMOVE, identity(tracks[at]), proposal.group.id, sentence, kept)


def writings(proposal: Proposal, made: Merge, settled: Settled, files: Sequence[Tags | None]) -> Iterator[Step]:
    """Yield a step for each track of a group that gets the merged tags and has not got them yet, the keeper first.

    Args:
        proposal: what would become of the group.
        made: its tags as one set.
        settled: what somebody settled about them.
        files: the tags of each track, None where they take no part.
    """
    tracks = proposal.group.tracks
    goes = proposal.remove if settled.all_files else ()
    why = _("the tags of its group as one set")
    for at in (*proposal.keep, *goes) if files and not settled.own else ():
        if at in proposal.barred or files[at] is None:
            continue
        change = merge.wanted(made, settled, files, at)
        pictures = {name.removeprefix(PICTURE): each for name, each in change.items() if name.startswith(PICTURE)}
        tags = {name: each for name, each in change.items() if not name.startswith(PICTURE)}
        holders = {kind: held for kind, held in _holders(proposal, files, pictures) if held is not _GONE}
        if tags or holders:
            sources = tuple(identity(tracks[n]) for n, said in enumerate(files) if said is not None and n != at)
            file = identity(tracks[at])
            yield Step(Do.WRITE_TAGS, file, proposal.group.id, why, tags=tags, pictures=holders, sources=sources)


_GONE: Final = Content(b"", "")
"""Stands for a picture that no track has any more: it was chosen, and somebody changed its file since."""


def _holders(
    proposal: Proposal, files: Sequence[Tags | None], pictures: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Content | None]]:
    for kind, hashes in pictures.items():
        yield kind, _holder(proposal, files, hashes[0]) if hashes else None


def _holder(proposal: Proposal, files: Sequence[Tags | None], wanted: str) -> Content:
    """Return a picture as it lies in the tags of one of the tracks, best of one that stays."""
    stays = [at for at in range(len(files)) if at not in proposal.remove]
    for at in (*stays, *proposal.remove):
        tags = files[at]
        if tags and any(each.hash == wanted for each in tags.pictures):
            return Content(proposal.group.tracks[at].absolute, wanted)
    return _GONE


def repointings(playlist: Identity, named: Iterable[Place], by_place: Mapping[Place, Step]) -> Iterator[Step]:
    """Yield a step for each removed file that a playlist names.

    Args:
        playlist: the playlist.
        named: the files of `by_place` that it names.
        by_place: removals, by where the file that goes or went lay.
    """
    for place in sorted(named, key=lambda each: (each.root, each.path)):
        new = _stays(place, by_place)
        if new is not None:
            why = _("it names a file that goes")
            yield Step(Do.REPOINT, playlist, by_place[place].group, why, old=place, new=new)


def _stays(place: Place, by_place: Mapping[Place, Step]) -> Place | None:
    """Return the keeper of a file that goes, or where that goes as well its keeper, and so on."""
    met = set()
    while place in by_place and place not in met:
        met.add(place)
        keeper = by_place[place].keeper
        if keeper is None:
            return None
        place = keeper.place
    return None if place in met else place
