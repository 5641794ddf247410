"""New files, beside the collection: compared with all that the collection has. Only asks."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from comet.collection import owned, pairs
from comet.collection.opened import Collection
from comet.collection.owned import Owner, Sound
from comet.compare import extent
from comet.core.errors import NotScannedError
from comet.core.job import Job
from comet.core.measures import Quality
from comet.core.model import File, Relation, Root, Track
from comet.core.text import _, _n, safe
from comet.core.times import same_time
from comet.decide import keeper
from comet.judge.relation import Whole
from comet.library import scan
from comet.listen.fingerprint import Heard, hear


class Is(StrEnum):
    """What a file is to the collection."""

    THERE = "there"
    """A file of the collection is the same recording."""
    CONTAINED = "contained"
    """A longer one contains it."""
    CONTAINS = "contains"
    """It contains a shorter one."""
    RELATED = "related"
    """It shares a part with one, or is a variant of it."""
    NEW = "new"
    UNUSABLE = "unusable"
    """It could not be compared, so nothing is known."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that a checked file belongs to, and of the same recording which is the better one."""

    owner: Owner
    better: str = ""
    """`new`, `old` or `equal`, by how they are stored; empty where they are not the same."""
    why: tuple[str, ...] = ()
    """What the better one has, as short sentences."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was checked."""

    path: bytes
    """Absolute."""
    state: Is
    held: tuple[Held, ...] = ()
    """Files of the collection that it belongs to, surest first."""
    given: tuple[Held, ...] = ()
    """Files given before it that are the same recording."""
    error: str = ""
    """Why it is unusable, as a sentence without the path."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What checking found out."""

    files: tuple[Checked, ...]
    """In the order in which they were given."""
    gaps: tuple[str, ...]
    """What of the collection could not be asked, as sentences: without any, no recording was overlooked by it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file that was given, or found below a folder that was."""

    path: bytes
    file: File | None
    error: str = ""
    named: bool = False
    """It was given itself, so it is told that it is no music."""


Measured: TypeAlias = Callable[[Track], Quality | None]
"""What tells the signs of quality of a track, None where they were not looked for."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A file that was listened to; without `track` it could not be used."""

    asked: _Asked
    track: Track | None = None
    sound: Sound | None = None
    error: str = ""
    """Also of a track that cannot be recognised by its sound."""
    quality: Quality | None = None


def check(collection: Collection, names: Sequence[str], job: Job) -> Answer:
    """Listen to files, or to all music below folders, and tell what the collection already has.

    Raises:
        NotScannedError: nothing is known of the collection yet.
        Stopped: the job was asked to.
    """
    _refuse_unscanned(collection)
    known = [_Known(asked, error=asked.error) for asked in _asked(collection, names)]
    known = _heard(collection, known, job)
    sounds = [each.sound for each in known if each.sound]
    there = _Ground(collection)
    measured = {each.track.audio.hash: each.quality for each in known if each.track}

    def quality(track: Track) -> Quality | None:
        return measured.get(track.audio.hash) or collection.cache.quality(track.audio.serial)

    owners = iter(owned.owned(collection, sounds, job))
    given = iter(_given(collection, known, job))
    files = [
        _checked(each, each.track, there.real(each.asked.path, next(owners)), next(given), quality)
        if each.track
        else Checked(each.asked.path, Is.UNUSABLE, error=each.error)
        for each in known
    ]
    return Answer(tuple(files), (*_gaps(collection), *there.changed))


def _refuse_unscanned(collection: Collection) -> None:
    if not collection.scanned_roots():
        raise NotScannedError(
            _("nothing is known of profile `{name}` yet").format(name=safe(collection.profile.name)),
            hint=_("run `comet scan` first"),
        )


def _asked(collection: Collection, names: Sequence[str]) -> Iterator[_Asked]:
    """Yield the files that were given, each once, and those below folders that were."""
    seen: set[bytes] = set()
    for name in names:
        path = os.path.abspath(os.fsencode(name))
        for asked in _below(collection, path) if os.path.isdir(path) else (_named(path),):
            if asked.path not in seen:
                seen.add(asked.path)
                yield asked


def _named(path: bytes) -> _Asked:
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
        return _Asked(path, scan.file_at(path), named=True) if regular else _Asked(path, None, _("it is no file"))
    except OSError as error:
        return _Asked(path, None, error.strerror or str(error))


def _below(collection: Collection, folder: bytes) -> Iterator[_Asked]:
    for found in scan.walk(Root("", folder), scan.excluder(collection.profile.exclude)):
        path = os.path.join(folder, found.path)
        if isinstance(found, File):
            yield _Asked(path, replace(found, root=os.fsdecode(folder)))
        else:
            yield _Asked(path, None, found.error)


def _heard(collection: Collection, known: Sequence[_Known], job: Job) -> list[_Known]:
    """Listen to files; what is no music and was not named is left out."""
    files = {each.asked.path: each.asked.file for each in known if each.asked.file}
    heard = hear(
        files,
        collection.profile.settings,
        job,
        lambda audio_hash: collection.cache.knows(audio_hash, collection.made),
    )
    told = [_told(collection, each, heard[each.asked.path]) if each.asked.file else each for each in known]
    return [each for each in told if each.track or each.error or each.asked.named]


def _told(collection: Collection, known: _Known, heard: Heard) -> _Known:
    """Return a file with what was heard, or what the cache knows of its audio."""
    from comet.listen.fingerprint import too_short  # noqa: PLC0415 - the decoder is needed only here

    asked, audio, words, error = known.asked, heard.audio, heard.words, heard.error
    if audio is None and heard.hash and not error:
        audio = collection.cache.audio(heard.hash)
        words = next((words for _serial, words in collection.cache.words((audio.serial,))), None) if audio else None
        error = too_short(audio) if audio else ""
    if audio is None or words is None or asked.file is None:
        return replace(known, error=error or (_("it is not music") if asked.named else ""))
    top = asked.path.removesuffix(asked.file.path)
    quality = heard.quality or collection.cache.quality(audio.serial)
    envelope = quality.envelope if quality else b""
    sound = Sound(words, audio.duration, audio.sound_start, audio.sound_end, audio.hash, envelope)
    if not error and not owned.recognisable(words, collection.profile.settings.correlate.sample):
        error = _("too little of it can be recognised by its sound: it is silent, a drone, or too short")
    return _Known(asked, Track(asked.file, audio, top), sound, error, quality)


def _given(collection: Collection, known: Sequence[_Known], job: Job) -> list[list[Owner]]:
    """Return for each file with a sound those given before it that are the same recording."""
    tracks = [(each.track, each.sound) for each in known if each.track and each.sound]
    if len(tracks) < 2:
        return [[] for _track in tracks]
    found = owned.among(collection, [sound.words for _track, sound in tracks], job)
    owners: list[list[Owner]] = []
    null = pairs.line(collection).null
    for at, (track, sound) in enumerate(tracks):
        mine = [owned.copy(one) for one, _sound in tracks[:at] if one.audio.hash == track.audio.hash]
        for pair in found[at]:
            if (one := tracks[pair.i])[0].audio.hash != track.audio.hash:
                mine += owned.related(
                    pair, Whole(one[0].audio, one[1].words, one[1].envelope), sound, [one[0]], at, null
                )
        owners.append([owner for owner in mine if owner.relation is Relation.SAME])
    return owners


class _Ground:
    """What the collection's files are at this moment: a file that was deleted since holds nothing."""

    def __init__(self, collection: Collection) -> None:
        self._away = {root.id for root in collection.roots() if root.away}
        self.changed: list[str] = []
        """Sentences about files that could not be relied upon."""

    def real(self, path: bytes, owners: Sequence[Owner]) -> list[Owner]:
        """Return the owners of a file at `path` that are other files than it, and are as they were when scanned."""
        itself = os.path.realpath(path)
        others = [owner for owner in owners if os.path.realpath(os.fsencode(owner.track.path)) != itself]
        return [owner for owner in others if self._as_scanned(owner.track)]

    def _as_scanned(self, track: Track) -> bool:
        if track.file.root in self._away:  # nothing of it is forgotten
            return True
        try:
            now = os.lstat(os.fsencode(track.path))
            if now.st_size == track.file.size and same_time(track.file.mtime_ns, now.st_mtime_ns):
                return True
            told = _("it has changed since it was scanned")
        except (FileNotFoundError, NotADirectoryError):  # for certain it holds nothing
            return False
        except OSError as error:
            told = error.strerror or str(error)
        sentence = _("`{path}` does not count: {reason}").format(path=safe(track.path), reason=told)
        self.changed += [sentence] if sentence not in self.changed else []
        return False


def _gaps(collection: Collection) -> Iterator[str]:
    """Yield what of the collection was not compared."""
    scanned = {root.path for root in collection.scanned_roots()}
    for name in collection.profile.roots:
        if os.fsencode(name) not in scanned:
            yield _("root `{path}` was never scanned").format(path=safe(name))
    alive = collection.cache.alive([root.id for root in collection.scanned_roots()])
    comparable = collection.comparable()
    if not comparable:
        yield _("the collection has no track yet that could be compared")
    missing = collection.cache.audios(alive.keys() - comparable)
    old = sum(audio.words >= extent.MINIMUM for audio in missing.values())
    if old:
        yield _n(
            "{n} track was scanned under other settings and was not compared",
            "{n} tracks were scanned under other settings and were not compared",
            old,
        )
    if collection.cache.unfinished:
        yield _("a scan is at work or was interrupted, and what it has not come to is not known")
    yield from _unheard(collection)


def _unheard(collection: Collection) -> Iterator[str]:
    """Yield what a scan could not reach; of a file that is broken itself another scan would know no more."""
    places = files = 0
    for root in collection.scanned_roots():
        walked = [walked for _root, _path, walked, _error in collection.cache.problems([root.id])]
        places += sum(walked)
        if not all(walked):  # so that all files are only asked for where there is something to find
            known = collection.cache.files(root.id, collection.made).values()
            files += sum(bool(file.present and file.error and file.cause and not file.audio) for file in known)
    if places:
        yield _n(
            "{n} place in the collection could not be looked at",
            "{n} places in the collection could not be looked at",
            places,
        )
    if files:
        yield _n(
            "{n} file of the collection could not be listened to",
            "{n} files of the collection could not be listened to",
            files,
        )


def _checked(
    known: _Known, track: Track, owners: Sequence[Owner], given: Sequence[Owner], quality: Measured
) -> Checked:
    held = tuple(_held(track, owner, quality) for owner in owners)
    before = tuple(_held(track, owner, quality) for owner in given)
    state = _state(owners)
    if known.error and state is not Is.THERE:  # what could not be compared may be known all the same, by its hash
        return Checked(known.asked.path, Is.UNUSABLE, held, before, known.error)
    return Checked(known.asked.path, state, held, before)


def _state(owners: Sequence[Owner]) -> Is:
    """Return what a file is to the collection, by the closest of its owners."""
    found = {
        Is.THERE
        if owner.relation is Relation.SAME
        else Is.RELATED
        if owner.relation is not Relation.CONTAINS
        else Is.CONTAINED
        if owner.holder == "old"
        else Is.CONTAINS
        for owner in owners
    }
    return next((state for state in Is if state in found), Is.NEW)


def _held(new: Track, owner: Owner, quality: Measured) -> Held:
    return Held(owner, *better(new, owner.track, quality)) if owner.relation is Relation.SAME else Held(owner)


def better(new: Track, old: Track, quality: Measured) -> tuple[str, tuple[str, ...]]:
    """Return which of two tracks of one recording is stored better, and why.

    Neither may win by where it lies or by its tags and pictures, so place and size are taken away from both; what
    the order of keepers cannot tell apart then, whichever comes first, is equal.
    """
    both = (new, old)
    bare = [Track(File("", b"", 0, 0), replace(track.audio, serial=number), b"") for number, track in enumerate(both)]
    heard = {number: found for number, track in enumerate(both) if (found := quality(track))}
    best = keeper.choose(bare, heard=heard)
    if new.audio.hash == old.audio.hash or keeper.choose(bare[::-1], heard=heard) == best:
        return "equal", ()
    return ("new", "old")[best], tuple(keeper.reasons(bare, best, heard=heard))
