"""`comet why`: in sentences, why two files or a group belong together, and why one of them is proposed to stay."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from comet.cli import acting, console, context, out
from comet.cli import pairs as words
from comet.core.errors import NotScannedError, UsageError
from comet.core.job import Job
from comet.core.model import Choice, Proposal, Relation, Standing, Track
from comet.core.text import _, _n, clock, safe, size

if TYPE_CHECKING:
    from comet.collection.opened import Collection
    from comet.collection.pairs import FilePair


def run(arguments: argparse.Namespace) -> int:
    """Explain two files, or a group."""
    here = context.of(arguments)

    def work(job: Job) -> dict[str, Any]:
        from comet.collection import groups, imported  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            found = acting.proposals(collection, job)
            if arguments.b is not None:
                return _two(collection, found, arguments.a, arguments.b)
            if os.path.exists(arguments.a) or imported.track(collection, arguments.a):
                return _one(collection, found, arguments.a)
            proposal = groups.find(found, arguments.a)
            return {"group": proposal.group.id, "why": list(group(collection, proposal))}

    told = console.asked(work)
    if arguments.json:
        out.dump(told)
    else:
        for line in told["why"]:
            print(line)
    return 0


def _two(collection: Collection, found: list[Proposal], a: str, b: str) -> dict[str, Any]:
    from comet.collection import pairs  # noqa: PLC0415 - arrays and all

    one, other = _track(collection, a), _track(collection, b)
    if one == other:
        raise UsageError(
            _("`{path}` is one file, named twice").format(path=safe(one.path)), hint=_("name two files of music")
        )
    wanted = {one.path, other.path}
    pair = next((each for each in pairs.of_files(collection) if {each.a.path, each.b.path} == wanted), None)
    proposal = next((each for each in found if one in each.group.tracks and other in each.group.tracks), None)
    lines = list(related(pair)) if pair else [_unrelated(collection)]
    if proposal:
        lines += [_("Both are in group {id}.").format(id=proposal.group.id[:8]), *keeper(collection, proposal)]
    elif pair and pair.relation is Relation.SAME:
        lines += [_apart(collection, one, other)]
    return {"a": one.path, "b": other.path, "group": proposal.group.id if proposal else None, "why": lines}


def _one(collection: Collection, found: list[Proposal], name: str) -> dict[str, Any]:
    track = _track(collection, name)
    proposal = next((each for each in found if track in each.group.tracks), None)
    if proposal is None:
        return {"group": None, "why": [_("`{path}` is in no group.").format(path=safe(track.path))]}
    return {"group": proposal.group.id, "why": list(group(collection, proposal))}


def _unrelated(collection: Collection) -> str:
    from comet.collection import pairs  # noqa: PLC0415 - arrays and all

    line = pairs.line(collection).evidence
    return _(
        "They are not known to belong together: compared over the start of each track, their evidence stays below the"
        " threshold of {line:.1f}, which chance reaches as well. `comet pair A B` compares these two on their own."
    ).format(line=line)


def _apart(collection: Collection, one: Track, other: Track) -> str:
    from comet.collection import decisions  # noqa: PLC0415 - arrays and all

    if decisions.apart(collection, one, other):
        return _("You decided that they are no duplicates; `comet decisions` takes that back.")
    return _(
        "They are in no group together: in a group every track is the same as every other one, and some third track is"
        " the same as only one of these two."
    )


def _track(collection: Collection, name: str) -> Track:
    from comet.collection import imported  # noqa: PLC0415 - arrays and all

    real = os.path.realpath(os.fsencode(os.path.abspath(name)))
    for root in collection.scanned_roots():
        top = os.path.join(os.path.realpath(root.path), b"")
        if real.startswith(top):
            inside = real[len(top) :]
            for track in collection.cache.tracks([root]):
                if track.file.path == inside:
                    return track
    if found := imported.track(collection, name):
        return found
    raise NotScannedError(
        _("nothing is known of `{path}` in profile `{name}`").format(
            path=safe(name), name=safe(collection.profile.name)
        ),
        hint=_("`comet scan` looks again; `comet pair A B` compares two files that are not scanned"),
    )


def group(collection: Collection, proposal: Proposal) -> Iterator[str]:
    """Yield why the tracks of a group are together, and why one of them would stay."""
    from comet.collection import pairs  # noqa: PLC0415 - arrays and all

    found, first = proposal.group, proposal.group.tracks[proposal.keep[0]]
    yield _("Group {id}: {files}, saving {size}.").format(
        id=found.id[:8], files=_n("{n} file", "{n} files", len(found.tracks)), size=size(found.saving)
    )
    for at, track in enumerate(found.tracks, 1):
        yield f"  {at}. {safe(track.path)}"
    yield _("Every track of it is the same recording as every other one; against the one to keep:")
    matches = {frozenset((match.pair.i, match.pair.j)): match for match in found.matches}
    for at, track in enumerate(found.tracks, 1):
        if track is first:
            continue
        match = matches.get(frozenset((track.audio.serial, first.audio.serial)))
        if match is None:
            pair = pairs.copies(first, track)
        elif match.pair.i == first.audio.serial:
            pair = pairs.file_pair(match, first, track)
        else:
            pair = pairs.file_pair(match, track, first)
        yield f"  {at}. {' '.join(related(pair))}"
    if found.left_over:
        yield _("{n} beside it agree with some of its tracks, but not with all, and are not touched.").format(
            n=_n("{n} pair", "{n} pairs", len(found.left_over))
        )
    yield from keeper(collection, proposal)


def keeper(collection: Collection, proposal: Proposal) -> Iterator[str]:
    """Yield why one track of a group would stay, and what cannot be removed."""
    from comet.collection import groups  # noqa: PLC0415 - arrays and all

    tracks, first = proposal.group.tracks, proposal.keep[0]
    name, decision = safe(tracks[first].path), proposal.decision
    if decision is not None and decision.choice is Choice.KEEP:
        yield _("`{path}` stays because you chose it.").format(path=name)
    else:
        why = ", ".join(groups.reasons(collection, proposal))
        yield _("`{path}` is proposed as the keeper: {why}.").format(path=name, why=why)
    for at, why in groups.against(collection, proposal).items():
        yield _("Against `{path}`: {why}.").format(path=safe(tracks[at].path), why=why)
    if proposal.albums:
        yield _("It is {albums}.").format(albums=proposal.albums)
    yield from _stays(proposal)
    if proposal.standing is Standing.SKIPPED:
        yield _("You left this group for later.")
    elif proposal.standing is Standing.SETTLED:
        yield _("It is reviewed: nothing of it is to be removed.")


def _stays(proposal: Proposal) -> Iterator[str]:
    """Yield why tracks stay beside the keeper."""
    tracks = proposal.group.tracks
    for at, doubt in proposal.doubtful.items():
        yield _("`{path}` stays until you decide, for it is to check: {doubt}.").format(
            path=safe(tracks[at].path), doubt=words.doubt(doubt)
        )
    for at in proposal.keep[1:]:
        if at not in proposal.doubtful and at not in proposal.whole:
            yield _("`{path}` stays too.").format(path=safe(tracks[at].path))
    for at, why in {**proposal.whole, **proposal.barred}.items():
        if at in proposal.whole or at not in proposal.keep:
            yield _("`{path}` stays: {why}.").format(path=safe(tracks[at].path), why=why)


def related(pair: FilePair) -> Iterator[str]:
    """Yield how two files belong together, as sentences."""
    if pair.evidence is None and pair.a.imported:
        yield _("They are one fingerprint, word by word.")
        return
    if pair.evidence is None:
        yield _("They hold the same encoded audio, bit by bit; only names, tags or covers may differ.")
        return
    yield _relation(pair)
    yield _(
        "Over {overlap} their fingerprints agree in {similarity:.1f} % of the bits (chance: 50 %){offset}. The evidence"
        " is {evidence:.1f}: chance gives as much to one pair in {odds}, so {expected:.1g} false pairs like this are to"
        " be expected in the whole collection."
    ).format(
        overlap=clock(pair.overlap),
        similarity=100 * pair.similarity,
        offset=_(", the second one {s:+.1f} s shifted").format(s=pair.offset) if abs(pair.offset) >= 0.1 else "",
        evidence=pair.evidence,
        odds=_odds(pair.p_value),
        expected=pair.expected_false,
    )


def _odds(p_value: float) -> str:
    """Return how many pairs there must be for one of them to be so alike by chance."""
    power = -math.log10(max(p_value, 1e-300))
    return f"{10**power:,.0f}" if power < 7 else f"10^{power:.0f}"


def _relation(pair: FilePair) -> str:
    if pair.relation is Relation.SAME:
        if pair.clear:
            return _("They are the same recording: they agree from start to end.")
        return _("They are the same recording, to check: {doubt}.").format(doubt=words.doubt(pair.doubt))
    if pair.relation is Relation.CONTAINS:
        inner, outer = (pair.b, pair.a) if pair.holder == "a" else (pair.a, pair.b)
        return _("`{inner}` is a part of `{outer}`.").format(inner=safe(inner.path), outer=safe(outer.path))
    if pair.relation is Relation.SHARES:
        return _("They share a part and differ in the rest, so neither can stand for the other.")
    return _("{what}, so neither can stand for the other.").format(what=words.word(pair).capitalize())
