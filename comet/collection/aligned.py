"""Two tracks of the collection along each other, by what is stored of them: no file is read."""

from __future__ import annotations

from typing import NamedTuple

from comet.collection import pairs
from comet.collection.opened import Collection
from comet.collection.strip import Aligned
from comet.core.errors import UsageError
from comet.core.model import SECONDS_PER_WORD, Part, Track, Verdict
from comet.core.text import _, safe
from comet.judge import relation
from comet.judge.relation import Whole


class Pairing(NamedTuple):
    """Two tracks, laid along each other, and what they are to each other."""

    one: Track
    other: Track
    laid: Aligned
    verdict: Verdict | None
    """In it the first track is i; None where both hold one audio."""


def of(collection: Collection, one: str, other: str) -> Pairing:
    """Return two files of the collection, laid along each other.

    Raises:
        UsageError: one of them is not known, or has no fingerprint any more.
    """
    first, second = _tracks(collection, one, other)
    a, b = _heard(collection, first, second)
    if a.audio.serial == b.audio.serial:
        whole = (Part(0.0, 0.0, a.audio.duration),)
        laid = Aligned(a.audio, b.audio, 0.0, 0.0, whole, relation.strip(a.words, b.words, whole, 0.0))
        return Pairing(first, second, laid, None)
    verdict = _verdict(collection, first, second) or pairs.related(a, b)
    errors = relation.strip(a.words, b.words, verdict.parts, verdict.speed)
    offset = verdict.offset * SECONDS_PER_WORD
    laid = Aligned(a.audio, b.audio, offset, verdict.speed, verdict.parts, errors)
    return Pairing(first, second, laid, verdict)


def _tracks(collection: Collection, *paths: str) -> list[Track]:
    known = {track.path: track for track in collection.cache.tracks(collection.sources()) if track.path in paths}
    for path in paths:
        if path not in known:
            raise _unknown(path)
    return [known[path] for path in paths]


def _heard(collection: Collection, *tracks: Track) -> list[Whole]:
    found = pairs.wholes(collection, {track.audio.serial for track in tracks})
    for track in tracks:
        if track.audio.serial not in found:
            raise _unknown(track.path)
    return [found[track.audio.serial] for track in tracks]


def _unknown(path: str) -> UsageError:
    return UsageError(_("`{path}` is not known any more").format(path=safe(path)), hint=_("scan the collection again"))


def _verdict(collection: Collection, one: Track, other: Track) -> Verdict | None:
    """Return the verdict over two audios that was stored, with the first as i."""
    known = collection.cache.verdict(one.audio.hash, other.audio.hash, relation.RULE)
    return relation.mirrored(known) if known and known.i != one.audio.serial else known
