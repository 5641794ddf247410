"""A group and its tracks in words, one row each. Everything from outside is made safe here."""

from __future__ import annotations

import os
from collections.abc import Mapping

from rich.text import Text

from comet.core.model import Group, Match, Relation, Track
from comet.core.text import _, clock, safe, size
from comet_tui.widgets.columns import Cell, head, line, tail

_CHECK = "yellow"
_KEEPER = "bold green"


def name(group: Group) -> str:
    """Return what a person calls a group: the name of its keeper's file."""
    return safe(os.path.basename(group.tracks[group.keeper].file.path))


def group_row(group: Group, width: int) -> Text:
    """Return a row of the list of groups."""
    doubt = "" if group.clear else _("to check")
    cells = (
        Cell(size(group.saving), 8, right=True),
        Cell(f"{len(group.tracks)} x", 4, right=True),
        Cell(doubt, 8, style=_CHECK),
    )
    return line(cells, name(group), width)


def track_row(group: Group, index: int, outside: Mapping[int, Track], width: int) -> Text:
    """Return a row of the list of tracks: those of the group, then what is left over beside it."""
    if index < len(group.tracks):
        track = group.tracks[index]
        mark, style = _mark(group, index)
        return _row(mark, style, track, width)
    _member, other, match = _left_over(group, index, outside)
    if other is None:
        return line((Cell(_("beside"), 9),), relation(match), width)
    return _row(_("beside"), "", other, width)


def detail(group: Group, index: int, outside: Mapping[int, Track]) -> tuple[str, str]:
    """Return the path of a row's file, and what is to be said about it."""
    if index < len(group.tracks):
        return safe(group.tracks[index].path), _about(group, index)
    member, other, match = _left_over(group, index, outside)
    what = _("{relation} as `{name}`, but not as all tracks here").format(
        relation=relation(match), name=head(safe(os.path.basename(member.file.path)), 30) if member else "?"
    )
    return safe(other.path) if other else _("its file is gone"), what


def relation(match: Match) -> str:
    """Return how two tracks are related and how much they agree."""
    verdict = match.verdict
    words = {
        Relation.SAME: _("same") if verdict.clear else _("same, to check"),
        Relation.CONTAINS: _("contains"),
        Relation.SHARES: _("shares a part"),
        Relation.VARIANT: _("variant"),
    }
    return f"{words[verdict.relation]} {100 * verdict.similarity:.1f} %"


def _mark(group: Group, index: int) -> tuple[str, str]:
    if index == group.keeper:
        return _("● keeper"), _KEEPER
    match = _between(group, index, group.keeper)
    return (_("○ same"), "") if match is None or match.verdict.clear else (_("○ check"), _CHECK)


def _about(group: Group, index: int) -> str:
    if index == group.keeper:
        return _("the proposed keeper")
    match = _between(group, index, group.keeper)
    return (
        _("the same encoded audio as the keeper")
        if match is None
        else _("{relation}, compared with the keeper").format(relation=relation(match))
    )


def _between(group: Group, one: int, other: int) -> Match | None:
    """Return the pair of two tracks' audios; None where they hold the same one."""
    serials = {group.tracks[one].audio.serial, group.tracks[other].audio.serial}
    return next((match for match in group.matches if {match.pair.i, match.pair.j} == serials), None)


def _left_over(group: Group, index: int, outside: Mapping[int, Track]) -> tuple[Track | None, Track | None, Match]:
    """Return the member, the track outside and their match."""
    match = group.left_over[index - len(group.tracks)]
    members = {track.audio.serial: track for track in group.tracks}
    inner, outer = (match.pair.i, match.pair.j) if match.pair.i in members else (match.pair.j, match.pair.i)
    return members.get(inner), outside.get(outer), match


def _row(mark: str, style: str, track: Track, width: int) -> Text:
    audio = track.audio
    cells = (
        Cell(mark, 9, style=style),
        Cell(size(track.file.size), 8, right=True, rank=1),
        Cell(clock(audio.duration), 7, right=True, rank=2),
        Cell(_("{n} kbps").format(n=round(audio.bitrate / 1000)), 9, right=True, rank=3),
        Cell(safe(audio.codec), 6, rank=4),
    )
    used = line(cells, "", width).cell_len
    return line(cells, tail(safe(track.file.path), width - used), width)
