"""`comet info`: the state of the collection, or all that is known of a file."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comet.cli import console, context, correlate, groups, measured, out, pairs, tagged, threshold
from comet.cli.context import Context
from comet.core.errors import NotScannedError
from comet.core.job import Job
from comet.core.model import SECONDS_PER_WORD, Audio, Proposal, Track
from comet.core.text import _, _n, clock, grouped, safe, size

if TYPE_CHECKING:
    from comet.collection.opened import Collection
    from comet.collection.pairs import FilePair, Line
    from comet.collection.state import State


_APART = 0.01
"""Share by which what is decoded may differ from what is claimed before that is worth a word."""

_HEARD = ("claimed", "decode_errors", "sound_start", "sound_end", "words")
"""Of an audio, what only this command tells."""


def run(arguments: argparse.Namespace) -> int:
    """Tell the state, or all that is known of one file."""
    here = context.of(arguments)

    def work(job: Job) -> dict[str, Any] | tuple[State, Line]:
        from comet import pipeline  # noqa: PLC0415 - arrays and all
        from comet.collection import pairs as known_pairs  # noqa: PLC0415 - likewise
        from comet.collection import state  # noqa: PLC0415 - likewise

        with contextlib.ExitStack() as stack:
            try:
                collection = stack.enter_context(here.collection())
            except NotScannedError:
                if arguments.file is not None:
                    raise
                collection = stack.enter_context(_empty(here))
            pipeline.judge(collection, job)
            if arguments.file is not None:
                return _known(here, collection, arguments.file)
            return state.of(collection), known_pairs.line(collection)

    found = console.asked(work)
    if isinstance(found, tuple):
        _show_state(here, *found)
    elif arguments.json:
        out.dump({key: value for key, value in found.items() if key != "lines"})
    else:
        for line in found["lines"]:
            print(line)
    return 0


@contextlib.contextmanager
def _empty(here: Context) -> Iterator[Collection]:
    """Open a collection of which nothing is known, and leave no trace of it: a question makes no state."""
    with tempfile.TemporaryDirectory(prefix="comet-") as folder:
        nowhere = replace(here, places=here.places._replace(state=folder))
        with nowhere.collection(create=True) as collection:
            yield collection


def _audible(audio: Audio) -> str:
    if audio.sound_start >= audio.duration:
        return _("nothing: it is silent")
    end = audio.duration - audio.sound_end
    return _("from {start:.2f} s to {end:.2f} s").format(start=audio.sound_start, end=end)


def _show_state(here: Context, found: State, drawn: Line) -> None:
    if here.arguments.json:
        out.dump(_state_json(here, found, drawn))
        return
    from comet.collection import history  # noqa: PLC0415 - arrays and all

    lines = {
        _("profile"): _("`{name}`, state in `{folder}`").format(name=safe(here.profile.name), folder=safe(here.state)),
        _("settings"): _("`{main}`, `{profiles}`").format(
            main=safe(here.places.main_ini), profiles=safe(here.arguments.profiles or here.places.profiles_ini)
        ),
    }
    for number, root in enumerate(found.roots, 1):
        away = _(" (away: {reason})").format(reason=root.away) if root.away else ""
        lines[_("root {number}").format(number=number)] = safe(root.path) + away
    formats = ", ".join(f"{safe(name)} {grouped(count)}" for name, count in found.by_codec.items())
    lines |= {
        _("files"): grouped(found.taking.files) + (f" ({formats})" if formats else ""),
        _("compared"): correlate.taking(found.taking),
        _("problems"): grouped(found.problems),
        _("pairs"): _compared(found),
        _("groups"): _("{count}, saving {size}").format(count=grouped(found.groups), size=size(found.saving)),
        _("quarantine"): _("{files} held, {size}, not free before a purge").format(
            files=_n("{n} file", "{n} files", found.held), size=size(found.held_size)
        ),
        _("false pairs"): _("{count:.2g} expected in the whole collection").format(count=drawn.expected_false),
        _("memory"): _("{free} free, a chunk of {units} fits").format(
            free=size(found.free_memory), units=_n("{n} unit", "{n} units", found.chunk)
        ),
    }
    for line in out.facts(lines, out.width()):
        print(line)
    correlate.warn_missed(here, found.recall)
    if drawn.doubt:
        out.warn(threshold.doubt(drawn.doubt))
    if found.held and found.full > history.FULL:
        out.warn(_("a disk is {share:.0%} full, and what is held is not free before a purge").format(share=found.full))
    if not found.roots:
        print(_("scanning is unavailable: the profile has no root folder; everything else works"))


def _compared(found: State) -> str:
    counts = _("{done} of {all} compared").format(done=grouped(found.pairs.done), all=grouped(found.pairs.all))
    if found.recall is None:
        return counts
    return _("{counts}, recall {recall:.1%}").format(counts=counts, recall=found.recall)


def _state_json(here: Context, found: State, drawn: Line) -> dict[str, Any]:
    return {
        "profile": here.profile.name,
        "state": here.state,
        "main": here.places.main_ini,
        "profiles": here.arguments.profiles or here.places.profiles_ini,
        "roots": [{"path": os.fsdecode(root.path), "id": root.id, "away": root.away} for root in found.roots],
        "files": found.taking.files,
        "by_codec": found.by_codec,
        "fingerprinted": found.taking.compared,
        "problems": found.problems,
        "pairs_done": found.pairs.done,
        "pairs_all": found.pairs.all,
        "units": found.pairs.units,
        "recall": found.recall,
        "groups": found.groups,
        "saving": found.saving,
        "held": found.held,
        "held_size": found.held_size,
        "expected_false": drawn.expected_false,
        "doubt": drawn.doubt,
        "free_memory": found.free_memory,
        "chunk": found.chunk,
    }


def _known(here: Context, collection: Collection, name: str) -> dict[str, Any]:
    """Return all that is known of a file: as JSON, and under `lines` for a person."""
    from comet.collection import groups as known_groups  # noqa: PLC0415 - arrays and all
    from comet.collection import imported, state  # noqa: PLC0415 - likewise
    from comet.collection import pairs as known_pairs  # noqa: PLC0415 - likewise
    from comet.collection import tagged as read  # noqa: PLC0415 - likewise

    paths = {os.fsencode(os.path.abspath(name)), os.path.realpath(os.fsencode(name))}
    problem = next((p.error for p in state.problems(collection) if p.path in paths), "")
    track = next((t for path in paths if (t := _track(collection, path)) is not None), imported.track(collection, name))
    if track is None:
        return _useless(here, name, problem)
    found = [p for p in known_pairs.of_files(collection) if track.path in (p.a.path, p.b.path)]
    proposal = next((each for each in known_groups.proposals(collection) if track in each.group.tracks), None)
    serial = track.audio.serial
    quality, loudness = collection.cache.quality(serial), collection.cache.loudness(serial)
    said = measured.facts(quality, loudness, track.audio.duration, here.next("scan", "--loudness"))
    tags = read.of(os.fsencode(track.path))
    heard = {} if track.imported else {**said, **tagged.facts(tags)}
    values = {**_facts(track), **heard, **_standing(track, problem, proposal)}
    return {
        **out.track(track),
        "mtime_ns": track.file.mtime_ns,
        **{key: getattr(track.audio, key) for key in _HEARD},
        **measured.as_json(quality, loudness),
        **tagged.as_json(tags),
        "problem": problem,
        "pairs": [out.pair(pair) for pair in found],
        "group": groups.as_json(proposal, groups.left_over(collection, proposal.group)) if proposal else None,
        "lines": [*out.facts(values, out.width()), *_pair_lines(track, found)],
    }


def _useless(here: Context, name: str, problem: str) -> dict[str, Any]:
    """Return what is known of a file that could not be used: the reason.

    Raises:
        NotScannedError: not even that.
    """
    if not problem:
        raise NotScannedError(
            _("nothing is known of `{path}` in profile `{name}`").format(path=safe(name), name=safe(here.profile.name)),
            hint=_("it may be outside the roots, no music, or new: `{command}` looks again").format(
                command=here.next("scan")
            ),
        )
    path = os.path.abspath(name)
    lines = out.facts({_("file"): safe(path), _("problem"): safe(problem)}, out.width())
    return {"path": path, "problem": problem, "pairs": [], "group": None, "lines": lines}


def _track(collection: Collection, path: bytes) -> Track | None:
    for root in collection.scanned_roots():
        for top in {root.path, os.path.realpath(root.path)}:
            if path.startswith(os.path.join(top, b"")):
                inside = os.path.relpath(path, top)
                return next((track for track in collection.cache.tracks([root]) if track.file.path == inside), None)
    return None


def _facts(track: Track) -> dict[str, str]:
    """Return what a file is, by name."""
    audio = track.audio
    bits = _(", {bits} bits").format(bits=audio.bits) if audio.bits else ""
    sound = _("{codec} in {container}, {rate:g} kHz, {channels}{bits}, {bitrate}, {lossless}").format(
        codec=safe(audio.codec),
        container=safe(audio.container),
        rate=audio.sample_rate / 1000,
        channels=_n("{n} channel", "{n} channels", audio.channels),
        bits=bits,
        bitrate=out.rate(audio.bitrate),
        lossless=_("lossless") if audio.lossless else _("lossy"),
    )
    heard = {_("sound"): sound, _("length"): _length(audio), _("audible"): _audible(audio)}
    unheard = {_("sound"): _("an imported fingerprint, without a file"), _("length"): clock(audio.duration)}
    values = {
        _("file"): safe(track.path),
        **({} if track.imported else {_("size"): size(track.file.size)}),
        **(unheard if track.imported else heard),
        _("audio"): audio.hash,
        _("fingerprint"): _("{words}, {length} of sound").format(
            words=_n("{n} word", "{n} words", audio.words), length=clock(audio.words * SECONDS_PER_WORD)
        ),
    }
    if audio.decode_errors:
        values[_("decoder")] = _n("{n} packet refused", "{n} packets refused", audio.decode_errors)
    return values


def _length(audio: Audio) -> str:
    if not audio.claimed:
        return _("{length} decoded, none claimed").format(length=clock(audio.duration))
    words = _("{length} decoded, {claimed} claimed").format(length=clock(audio.duration), claimed=clock(audio.claimed))
    if abs(audio.claimed - audio.duration) <= _APART * max(audio.claimed, audio.duration):
        return words
    return (
        _("{words}: {seconds:.1f} s are missing").format(words=words, seconds=audio.claimed - audio.duration)
        if (audio.claimed > audio.duration)
        else _("{words}: {seconds:.1f} s more than that").format(words=words, seconds=audio.duration - audio.claimed)
    )


def _standing(track: Track, problem: str, proposal: Proposal | None) -> dict[str, str]:
    """Return what is wrong with a file and what it is to others, by name."""
    values = {}
    if problem:
        values[_("problem")] = safe(problem)
    if proposal:
        group = proposal.group
        values[_("group")] = _("{id} of {files}, saving {size}{keep}").format(
            id=group.id[: groups.SHORT],
            files=_n("{n} file", "{n} files", len(group.tracks)),
            size=size(group.saving),
            keep="" if group.tracks.index(track) in proposal.remove else _("; this one would be kept"),
        )
    return values


def _pair_lines(track: Track, found: list[FilePair]) -> list[str]:
    if not found:
        return [_("no other file belongs to it")]
    lines = []
    for pair in found:
        other = pair.b if pair.a.path == track.path else pair.a
        text = _("pair: {word}, similarity {similarity:.3f}, evidence {evidence}: {path}").format(
            word=pairs.word(pair, track.path),
            similarity=pair.similarity,
            evidence=pairs.evidence(pair),
            path=safe(other.path),
        )
        lines += out.wrapped(text, out.width())
    return lines
