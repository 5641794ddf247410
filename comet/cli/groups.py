"""`comet groups`: the tracks that are the same recording, largest saving first."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comet.cli import console, context, correlate, out, threshold
from comet.cli.context import Context
from comet.core.job import Job
from comet.core.model import Group, Proposal, Root, Standing, Track
from comet.core.text import _, _n, clock, grouped, safe, size

if TYPE_CHECKING:
    from comet.collection.opened import Collection
    from comet.collection.pairs import FilePair

SHORT = 8
"""Digits of a group's id that are shown; a command takes these too."""

_ROOM = 24
"""Columns that a path gets at least."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the groups of a collection are shown from."""

    groups: list[Proposal]
    left_over: dict[str, list[FilePair]]
    """By group: same pairs between a member and a file outside."""
    files: int
    expected_false: float
    pairs_done: int
    pairs_all: int
    away: list[Root]
    recall: float | None = None
    """See `state.recall`."""
    doubt: str = ""
    """Why `expected_false` may be wrong; see `Line.doubt`."""


def run(arguments: argparse.Namespace) -> int:
    """Show the groups."""
    here = context.of(arguments)

    def work(job: Job) -> Found:
        from comet import pipeline  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            pipeline.judge(collection, job)  # the line may have been moved since
            return find(collection)

    found = console.asked(work)
    show(here, found)
    out.warn_away(found.away)
    return 0


def find(collection: Collection) -> Found:
    """Return the groups of a collection with all that is shown of them."""
    from comet.collection import groups, pairs, state  # noqa: PLC0415 - arrays and all

    files = _files(collection)
    found = groups.proposals(collection)
    progress = state.progress(collection)
    line = pairs.line(collection)
    return Found(
        found,
        {each.group.id: _left_over(files, each.group) for each in found},
        sum(map(len, files.values())),
        line.expected_false,
        progress.done,
        progress.all,
        [root for root in collection.roots() if root.away],
        state.recall(collection),
        line.doubt,
    )


def left_over(collection: Collection, group: Group) -> list[FilePair]:
    """Return the same pairs between a member of a group and a file outside."""
    return _left_over(_files(collection), group)


def _files(collection: Collection) -> dict[int, list[Track]]:
    files: dict[int, list[Track]] = defaultdict(list)
    for track in collection.cache.tracks(collection.sources()):
        files[track.audio.serial].append(track)
    return files


def _left_over(files: dict[int, list[Track]], group: Group) -> list[FilePair]:
    from comet.collection import pairs  # noqa: PLC0415 - arrays and all

    return [
        pairs.file_pair(match, i, j)
        for match in group.left_over
        for i, j in itertools.product(files[match.pair.i], files[match.pair.j])
    ]


def show(here: Context, found: Found) -> None:
    """Print the groups as JSON or as a table."""
    limit = here.arguments.limit or len(found.groups)
    if here.arguments.json:
        _write_json(found, limit)
        _warn_incomplete(here, found)
        return
    if found.groups:
        for line in _table(found, limit, out.width()):
            print(line)
        print()
    for text in _totals(found, limit):
        print(*out.wrapped(text, out.width()), sep="\n")
    _warn_incomplete(here, found)
    _steps(here, found)


def _warn_incomplete(here: Context, found: Found) -> None:
    if found.pairs_done < found.pairs_all:
        out.warn(
            _("only {done} of {all} pairs were compared so far").format(
                done=grouped(found.pairs_done), all=grouped(found.pairs_all)
            )
        )
        out.next_step(_("`{command}` goes on").format(command=here.next("correlate")))
    correlate.warn_missed(here, found.recall)


def _write_json(found: Found, limit: int) -> None:
    """Write one array, a group at a time: all of it at once would be there twice."""
    sys.stdout.write("[")
    for number, proposal in enumerate(found.groups[:limit]):
        shown = as_json(proposal, found.left_over[proposal.group.id])
        sys.stdout.write((", " if number else "") + json.dumps(shown))
    sys.stdout.write("]\n")


def as_json(proposal: Proposal, left_over: list[FilePair]) -> dict[str, Any]:
    """Return a group as JSON; `barred` is why a track cannot go, `doubt` and `whole` why it stays until you choose."""
    group, barred = proposal.group, proposal.barred
    return {
        "group": group.id,
        "saving": group.saving,
        "frees": proposal.frees,
        "clear": group.clear,
        "standing": proposal.standing.value,
        "albums": proposal.albums,
        "tracks": [
            {
                **out.track(track),
                "keep": at in proposal.keep,
                **({"barred": barred[at]} if at in barred else {}),
                **({"doubt": proposal.doubtful[at]} if at in proposal.doubtful else {}),
                **({"whole": proposal.whole[at]} if at in proposal.whole else {}),
            }
            for at, track in enumerate(group.tracks)
        ],
        "left_over": [out.pair(pair) for pair in left_over],
    }


def _table(found: Found, limit: int, width: int) -> Iterator[str]:
    """Yield the lines of the table: a line a group, and below it one a track."""
    shown = found.groups[:limit]
    cells = [cell for proposal in shown for cell in _cells(proposal)]
    head = ["", _("length"), _("kbit/s"), _("codec"), _("size"), _("file")]
    room = width and width - 2
    lines = iter(out.fitted([head, *cells], room, right=(1, 2, 4), leave=(3, 2, 1, 4), cut=5, least=_ROOM))
    yield f"  {next(lines)}"
    for number, proposal in enumerate(shown, 1):
        group = proposal.group
        yield from out.wrapped(_heading(number, proposal), width)
        for _track in group.tracks:
            yield f"  {next(lines)}"
        yield from _beside(group, found.left_over[group.id], width)


def _heading(number: int, proposal: Proposal) -> str:
    group = proposal.group
    return _("{number}. group {id}: saves {size}, {files}{check}").format(
        number=grouped(number),
        id=group.id[:SHORT],
        size=size(group.saving),
        files=_n("{n} file", "{n} files", len(group.tracks)),
        check=("" if group.clear else "  " + _("to check")) + _standing(proposal),
    )


def _standing(proposal: Proposal) -> str:
    words = {Standing.SKIPPED: _("left for later"), Standing.SETTLED: _("reviewed: all of them stay")}
    if proposal.standing is Standing.OPEN:
        return "  " + _("keeper chosen by you") if proposal.decision else ""
    return "  " + words[proposal.standing]


def _mark(proposal: Proposal, at: int) -> str:
    if at in proposal.doubtful:
        return _("check")
    if at in proposal.whole:
        return _("album")
    return _("keep") if at in proposal.keep else _("stays") if at in proposal.barred else ""


def _cells(proposal: Proposal) -> Iterator[list[str]]:
    for at, track in enumerate(proposal.group.tracks):
        audio = track.audio
        yield [
            _mark(proposal, at),
            clock(audio.duration),
            f"{round(audio.bitrate / 1000)}",
            audio.codec,
            size(track.file.size),
            safe(track.path),
        ]


def _beside(group: Group, left_over: list[FilePair], width: int) -> Iterator[str]:
    """Yield a line, or some, for each file outside that is the same as some of the group, but not as all."""
    inside = {track.path for track in group.tracks}
    told = set()
    for pair in left_over:
        outside = pair.b if pair.a.path in inside else pair.a
        if outside.path in told:
            continue
        told.add(outside.path)
        text = _("  beside: same as some, not as all: {path}{check}").format(
            path="{path}", check="" if pair.clear else "  " + _("to check")
        )
        room, path = width and width - len(text) + len("{path}"), safe(outside.path)
        if not width or room >= _ROOM:
            yield text.replace("{path}", out.shortened(path, room))
        else:
            yield from out.wrapped(text.replace(" {path}", ""), width)
            yield f"    {out.shortened(path, width - 4)}"


def _totals(found: Found, limit: int) -> Iterator[str]:
    left = [each for each in found.groups if each.standing is not Standing.SETTLED]
    more = sum(len(each.group.tracks) - 1 for each in left)
    if not found.groups:
        yield _("no groups: among {files} none is there more than once").format(
            files=_n("{n} file", "{n} files", found.files)
        )
        return
    if limit < len(found.groups):
        yield _("{shown} of {all} groups shown").format(shown=grouped(limit), all=grouped(len(found.groups)))
    yield _("{groups} with {more} beside the keepers, saving {size}").format(
        groups=_n("{n} group", "{n} groups", len(left)),
        more=_n("{n} file", "{n} files", more),
        size=size(sum(each.group.saving for each in left)),
    )
    yield _("expected false pairs in the whole collection: {count:.2g}").format(count=found.expected_false)
    if found.recall is not None and found.recall < 1:
        yield _("recall of the index that chose which pairs to compare: {recall:.1%}").format(recall=found.recall)
    if found.doubt:
        yield threshold.doubt(found.doubt)


def _steps(here: Context, found: Found) -> None:
    if not found.groups:
        return
    if not all(each.group.clear for each in found.groups):
        out.next_step(_("listen to what is `to check`; `comet pair A B` tells how alike two files are"))
    out.next_step(
        _("`{command}` shows also what is cut, sped up or shares a part; nothing was changed").format(
            command=here.next("pairs")
        ),
        _("`{command}` walks through the groups; what it removes can be taken back").format(
            command=here.next("review")
        ),
    )
