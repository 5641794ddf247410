"""A group and its tracks in words, one row each. Everything from outside is made safe here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from rich.cells import cell_len
from rich.text import Text

from comet.core.model import Group, Match, Relation, Track
from comet.core.text import _, _n, clock, safe, size
from comet_tui.acts import Act
from comet_tui.found import Looked
from comet_tui.walk import Fate, Item, moved, written
from comet_tui.widgets.columns import Cell, head, line, tail

_CHECK = "yellow"
_KEEPER = "bold green"
_FAILED = "bold red"


def name(item: Item) -> str:
    """Return what a person calls a group: artist and title, or where they are not known the name of a file."""
    group = item.proposal.group
    return safe(item.name or os.path.basename(group.tracks[group.keeper].file.path))


def group_row(item: Item, width: int) -> Text:
    """Return a row of the list of groups."""
    group = item.proposal.group
    word, style = _fate(item)
    cells = (
        Cell(size(group.saving), 8, right=True),
        Cell(f"{len(group.tracks)} x", 4, right=True),
        Cell(word, 9, style=style),
    )
    return line(cells, name(item), width)


def track_row(item: Item, index: int, outside: Mapping[int, Track], width: int) -> Text:
    """Return a row of the list of tracks: those of the group, then what is left over beside it."""
    group = item.proposal.group
    if index < len(group.tracks):
        mark, style = _mark(item, index)
        number = str(index + 1).rjust(len(str(len(group.tracks))))
        return _row(f"{number} {mark}", style, group.tracks[index], width)
    _member, other, match = _left_over(group, index, outside)
    if other is None:
        return line((Cell(f"  {_('beside')}", _wide()),), relation(match), width)
    return _row(f"  {_('beside')}", "", other, width)


def detail(item: Item, index: int, outside: Mapping[int, Track], looked: Looked | None) -> tuple[str, str]:
    """Return the path of a row's file, and what is to be said about it."""
    group = item.proposal.group
    if index < len(group.tracks):
        return safe(group.tracks[index].path), _about(item, index, looked)
    member, other, match = _left_over(group, index, outside)
    what = _("{relation} as `{name}`, but not as all tracks here").format(
        relation=relation(match), name=head(safe(os.path.basename(member.file.path)), 30) if member else "?"
    )
    return safe(other.path) if other else _("its file is gone"), what


def done(item: Item) -> str:
    """Return what was done with a group, in a line."""
    called = head(name(item), 30)
    if item.fate is Fate.FAILED:
        return _("! {name}: {reason}").format(name=called, reason=item.reason)
    if item.fate is Fate.HELD:
        return _held(item, called)
    words = {
        Fate.KEPT: _("✓ {name}: all tracks stay{tags}, u undoes"),
        Fate.APART: _("✓ {name}: no duplicates of each other, u undoes"),
        Fate.SKIPPED: _("{name}: left for later, s takes it back"),
        Fate.OPEN: _("{name}: open again, everything is where it was"),
        Fate.WAITING: _("… {name}"),
    }
    return words[item.fate].format(name=called, tags=_tagged(item))


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


def doubt(why: str) -> str:
    """Return why a same is to check."""
    return {"levels": _("levels differ"), "limited": _("not listened to the end")}.get(why, _("a part differs"))


def _held(item: Item, called: str) -> str:
    count, gone = moved(item.act)
    words = _("✓ {name}: kept {kept}, {files} moved to quarantine ({size}){tags}, u undoes").format(
        name=called,
        kept=len(item.proposal.group.tracks) - count,
        files=_n("{n} file", "{n} files", count),
        size=size(gone),
        tags=_tagged(item),
    )
    warnings = item.act.outcome.warnings if item.act and item.act.outcome else ()
    return " · ".join((words, *(f"! {safe(warning)}" for warning in warnings)))


def _tagged(item: Item) -> str:
    """Return of how many files the tags were written, to go on with in a sentence."""
    count = written(item.act)
    return _(", tags of {files} written").format(files=_n("{n} file", "{n} files", count)) if count else ""


def staying(item: Item) -> str:
    """Return why nothing of a group goes."""
    if item.proposal.doubtful:
        return _("listen first: Space marks what shall go")
    if item.proposal.whole:
        return _("every track stays, for an album would have a hole: Space marks what shall go")
    return _("nothing can be removed here: every track stays")


def would(item: Item) -> str:
    """Return what Enter would do with a group."""
    proposal = item.proposal
    return _("{files} would go ({size}), {kept} would stay").format(
        files=_n("{n} file", "{n} files", len(proposal.remove)),
        size=size(proposal.frees),
        kept=len(proposal.group.tracks) - len(proposal.remove),
    )


def failed(act: Act) -> str:
    """Return why not everything was done, empty where it was."""
    entries = act.outcome.failed if act.outcome else ()
    return "; ".join(dict.fromkeys(safe(entry.error) for entry in entries))


def _fate(item: Item) -> tuple[str, str]:
    doubt = "" if item.proposal.group.clear else _("to check")
    return {
        Fate.OPEN: (doubt, _CHECK),
        Fate.WAITING: (_("… moving"), ""),
        Fate.HELD: (_("✓ held"), _KEEPER),
        Fate.KEPT: (_("✓ kept"), _KEEPER),
        Fate.APART: (_("✓ apart"), _KEEPER),
        Fate.SKIPPED: (_("- later"), ""),
        Fate.FAILED: (_("! failed"), _FAILED),
    }[item.fate]


def _mark(item: Item, index: int) -> tuple[str, str]:
    proposal = item.proposal
    if index == proposal.keep[0]:
        return _("● keeper"), _KEEPER
    if index in proposal.keep:
        waits = (_("? check"), _CHECK) if index in proposal.doubtful else (_("● album"), "")
        return waits if index in (*proposal.doubtful, *proposal.whole) else (_("● stays"), _KEEPER)
    if index in proposal.barred:
        return _("■ stays"), ""
    if item.fate is Fate.HELD:
        return _("✓ held"), ""
    match = _between(proposal.group, index, proposal.keep[0])
    return (_("○ goes"), "") if match is None or match.verdict.clear else (_("○ check"), _CHECK)


def _about(item: Item, index: int, looked: Looked | None) -> str:
    """Return why a track stays or goes, and how it compares with the keeper."""
    proposal = item.proposal
    first = proposal.keep[0]
    match = _between(proposal.group, index, first)
    if index == first:
        why = ", ".join(looked.why) if looked else ""
        told = _("the keeper: {why}").format(why=why) if why else _("the keeper")
        return f"{told} · {proposal.albums}" if proposal.albums else told
    like = (
        _("the same encoded audio as the keeper")
        if match is None
        else _("{relation}, compared with the keeper").format(relation=relation(match))
    )
    if index in proposal.barred:
        return _("stays: {reason}").format(reason=safe(proposal.barred[index]))
    if index in proposal.doubtful and index in proposal.keep:
        return _("stays until you decide: {doubt}; compared with the keeper").format(
            doubt=doubt(proposal.doubtful[index])
        )
    if index in proposal.whole and index in proposal.keep:
        return _("stays until you decide: {reason}; {like}").format(reason=proposal.whole[index], like=like)
    if index in proposal.keep:
        return _("stays: {like}").format(like=like)
    why = looked.against.get(index, "") if looked else ""
    return _("goes: {like}; {why}").format(like=like, why=why) if why else _("goes: {like}").format(like=like)


def _between(group: Group, one: int, other: int) -> Match | None:
    """Return the pair of two tracks' audios; None where they hold the same one."""
    serials = {group.tracks[one].audio.serial, group.tracks[other].audio.serial}
    return next((match for match in group.matches if {match.pair.i, match.pair.j} == serials), None)


def beside(group: Group) -> list[Match]:
    """Return one pair, the surest, for each audio outside that is the same as some of the group's."""
    members = {track.audio.serial for track in group.tracks}
    found: dict[int, Match] = {}
    for match in group.left_over:
        found.setdefault(match.pair.j if match.pair.i in members else match.pair.i, match)
    return list(found.values())


def _left_over(group: Group, index: int, outside: Mapping[int, Track]) -> tuple[Track | None, Track | None, Match]:
    """Return the member, the track outside and their match."""
    match = beside(group)[index - len(group.tracks)]
    members = {track.audio.serial: track for track in group.tracks}
    inner, outer = (match.pair.i, match.pair.j) if match.pair.i in members else (match.pair.j, match.pair.i)
    return members.get(inner), outside.get(outer), match


@cache
def _wide() -> int:
    """Return the cells that a number of two digits and the longest word behind it need, in this language."""
    return 3 + max(cell_len(word) for word in (_("● keeper"), _("● stays"), _("? check"), _("○ check"), _("■ stays")))


def _row(mark: str, style: str, track: Track, width: int) -> Text:
    audio, wide, rate = track.audio, _wide(), _("{n} kbps")
    cells = (
        Cell(mark, wide, style=style),
        Cell(size(track.file.size), 8, right=True, rank=1),
        Cell(clock(audio.duration), 7, right=True, rank=2),
        Cell(rate.format(n=round(audio.bitrate / 1000)), cell_len(rate) + 1, right=True, rank=3),
        Cell(safe(audio.codec), 6, rank=4),
    )
    used = line(cells, "", width).cell_len
    return line(cells, tail(safe(track.file.path), width - used), width)
