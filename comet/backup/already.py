"""Whether the library has a track already: before it is fetched by what tags say, and after by its sound.

Tags can be wrong, so they only spare a download where several things agree; what was downloaded is held against the
whole collection by its audio hash and its fingerprint.
"""

from __future__ import annotations

import os
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from comet import gate
from comet.backup.asked import Asked
from comet.backup.build import Taken
from comet.backup.model import Remote
from comet.collection import tagged
from comet.collection.opened import Collection
from comet.collection.owned import Owner, Sound
from comet.core.errors import CometError
from comet.core.measures import Quality
from comet.core.model import Audio, File, Relation, Track
from comet.core.text import _
from comet.core.times import same_time
from comet.core.workers import Pool

_LONGEST: Final = 3600.0
"""Seconds in which the whole library must have been compared."""
_MANY: Final = 2000
"""Tracks whose tags are looked at together."""
_APART: Final = 2.0
"""Seconds by which two tracks that are one by their tags may differ."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A track of the library, as its tags have it."""

    track: Track
    isrc: frozenset[str]
    artist: str
    album: str


class Hints:
    """The library by the titles of its tracks, as far as these are looked for."""

    def __init__(self, collection: Collection, wanted: Iterable[Remote]) -> None:
        self._by_title: dict[str, list[_Known]] = {_plain(each.title): [] for each in wanted}
        roots = collection.scanned_roots()
        serials = sorted(collection.cache.alive([root.id for root in roots])) if self._by_title else []
        for at in range(0, len(serials), _MANY):  # all of a large library at once would take much memory
            tracks = {
                (track.file.root, track.file.path): track
                for track in collection.cache.tracks_of(roots, serials[at : at + _MANY])
            }
            for entry in collection.tags.known([track.file for track in tracks.values()]):
                found = self._by_title.get(_plain(entry.title))
                if found is not None:
                    track = tracks[entry.file.root, entry.file.path]
                    found.append(_Known(track, _isrc(entry.tags), _plain(entry.artist), _plain(entry.album)))

    def of(self, remote: Remote) -> Track | None:
        """Return a track that is this one by its title, its length, and its ISRC or its artist and album."""
        for each in self._by_title.get(_plain(remote.title), []):
            same = (remote.isrc.upper() in each.isrc) if remote.isrc and each.isrc else _named_alike(remote, each)
            audio = each.track.audio
            whole = not audio.decode_errors and abs((audio.claimed or audio.duration) - audio.duration) <= 0.1
            close = whole and remote.seconds and abs(audio.duration - remote.seconds) <= _APART
            if same and close and not remote.version and as_scanned(each.track):
                return each.track
        return None


def _named_alike(remote: Remote, known: _Known) -> bool:
    artists = {_plain(each) for each in (*remote.artists, ", ".join(remote.artists))}
    return bool(remote.album) and known.artist in artists and known.album == _plain(remote.album)


def _isrc(packed: bytes) -> frozenset[str]:
    if b'"isrc"' not in (form := zlib.decompress(packed)):  # most have none, and reading all of it takes far longer
        return frozenset()
    return frozenset(value.upper().replace("-", "") for value in tagged.fields_of(form).get("isrc", ()))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def as_scanned(track: Track) -> bool:
    """Tell whether a file is there as it was when it was scanned."""
    try:
        now = os.lstat(track.absolute)
    except OSError:
        return False
    return now.st_size == track.file.size and same_time(track.file.mtime_ns, now.st_mtime_ns)


class Library:
    """The library, asked by sound. Use it as a context manager."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._pool = Pool[Asked, "list[list[Owner]]"](
            1, "comet.backup.asked:owners", memory=0, deadline=lambda _asked: _LONGEST
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.close()

    def holding(self, taken: Sequence[Taken]) -> list[Track | None]:
        """Return for each sound a file of the library that is surely the same recording and no worse, or None.

        One that is worse gets company: the new file joins its group, to be reviewed.
        """
        sounds = [_sound(each) for each in taken]
        qualities = {each.audio.hash: each.heard.quality for each in taken}

        def measured(track: Track) -> Quality | None:
            return qualities.get(track.audio.hash) or self._collection.cache.quality(track.audio.serial)

        owners = iter(self._owners([sound for sound in sounds if sound]))
        each_with = zip(taken, sounds, strict=True)
        return [_best(each.audio, next(owners), measured) if sound else None for each, sound in each_with]

    def _owners(self, sounds: Sequence[Sound]) -> list[list[Owner]]:
        if not sounds or self._collection.cache.last() == 0:
            return [[] for _sound in sounds]
        (outcome,) = self._pool.run(
            [Asked(self._collection.profile, os.path.dirname(self._collection.folder), tuple(sounds))]
        )
        if outcome.result is None:
            raise CometError(_("the library could not be asked for a recording: {why}").format(why=outcome.error))
        return outcome.result


def _sound(taken: Taken) -> Sound | None:
    heard, audio = taken.heard, taken.audio
    if heard.words is None:
        return None
    envelope = heard.quality.envelope if heard.quality else b""
    return Sound(heard.words, audio.duration, audio.sound_start, audio.sound_end, audio.hash, envelope)


def _best(audio: Audio, owners: Sequence[Owner], measured: Callable[[Track], Quality | None]) -> Track | None:
    new = Track(File("", b"", 0, 0), audio, b"")
    for owner in owners:
        sure = owner.relation is Relation.SAME and owner.clear and as_scanned(owner.track)
        if sure and gate.better(new, owner.track, measured)[0] != "new":
            return owner.track
    return None
