"""Decisions into the steps of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from comet.core.acts import Do, Step
from comet.core.model import Choice, Identity, Place, Proposal, identity
from comet.core.text import _, safe
from comet.decide.keeper import Role, ordinary, reasons


def removals(proposal: Proposal, role: Role = ordinary) -> Iterator[Step]:
    """Yield a step for each track of a group that goes."""
    tracks, first = proposal.group.tracks, proposal.keep[0]
    kept = identity(tracks[first])
    name = safe(tracks[first].file.path)
    by_hand = proposal.decision is not None and proposal.decision.choice is Choice.KEEP
    why = "" if by_hand else ", ".join(reasons(tracks, first, role))
    sentence = _("the same recording as `{keeper}`, which stays: {why}").format(
        keeper=name, why=why or _("chosen by you")
    )
    for at in proposal.remove:
        yield Step(Do.REMOVE, identity(tracks[at]), proposal.group.id, sentence, kept)


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
