"""Tags: what files say of themselves, known from the last scan or read where they lie."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from comet.collection.opened import Collection
from comet.core.database import Batch
from comet.core.job import Job
from comet.core.model import File, Place, Root, Stage, Track
from comet.core.text import _
from comet.core.times import same_time
from comet.library.tags import Entry
from comet.tags import reading
from comet.tags.fields import Chapter, Picture, Tags
from comet.tags.reading import Tagged


def of(path: bytes) -> Tagged:
    """Return the tags of a file that has an absolute path, or why they cannot be read."""
    return of_all([path])[path]


def of_all(paths: Iterable[bytes]) -> dict[bytes, Tagged]:
    """Return the same of several files, by their paths and in their order."""
    wanted = list(dict.fromkeys(paths))
    found = {each.path: each for each in reading.read_all(wanted)}
    return {path: found[path] for path in wanted}


def of_tracks(collection: Collection, tracks: Iterable[Track], job: Job | None = None) -> dict[Place, Tagged]:
    """Return the tags of tracks; what is not known of a file as it is gets read, which may take seconds, and kept.

    Raises:
        Stopped: the job was asked to; what was read is kept.
    """
    wanted = {Place(track.file.root, track.file.path): track for track in tracks}
    nothing = _("it is an imported fingerprint: there is no file")
    found = {at: Tagged(track.file.path, error=nothing) for at, track in wanted.items() if track.imported}
    stamps = {at: reading.stamp_of(track.absolute) for at, track in wanted.items() if at not in found}
    changed = _("it was changed since it was scanned; `comet scan` looks at it again")
    for at, (size, time, _changed) in stamps.items():
        file = wanted[at].file
        if time and (size != file.size or not same_time(file.mtime_ns, time)):
            found[at] = Tagged(wanted[at].absolute, error=changed)
    there = [track.file for at, track in wanted.items() if at not in found]
    for entry in collection.tags.known(there):
        if entry.changed_ns == stamps[at := Place(entry.file.root, entry.file.path)][2]:
            found[at] = _tagged(entry)
    missing = [track for at, track in wanted.items() if at not in found]
    for file, tagged in _read(collection, missing, job or Job()):
        found[Place(file.root, file.path)] = tagged
    return found


def fill(collection: Collection, roots: Sequence[Root], job: Job) -> None:
    """Read the tags of all tracks of some roots of which they are not known as the files are.

    Raises:
        Stopped: the job was asked to; what was read is kept.
    """
    missing = []
    for root in roots:
        seen = collection.tags.seen(root.id)
        tracks = collection.cache.tracks([root])
        missing += [each for each in tracks if seen.pop(each.file.path, None) != (each.file.size, each.file.mtime_ns)]
        collection.tags.forget(root.id, seen)
    for _file, _tagged in _read(collection, missing, job):
        pass


def batch(collection: Collection) -> Batch[tuple[File, Tagged]]:
    """Return what keeps the tags that were read of files, which were as it is said.

    What the system would not read is tried again when somebody asks.
    """

    def store(many: Iterable[tuple[File, Tagged]]) -> None:
        fitting = (each for each in many if each[1].lasting and _is(*each))
        collection.tags.store(_entry(*each) for each in fitting)

    return Batch(store)


def names(collection: Collection, tracks: Iterable[Track]) -> dict[Place, tuple[str, str]]:
    """Return artist and title of those of some tracks whose tags are known; nothing is read for that."""
    files = [track.file for track in tracks if not track.imported]
    return {Place(e.file.root, e.file.path): (e.artist, e.title) for e in collection.tags.known(files)}


def _read(collection: Collection, tracks: Sequence[Track], job: Job) -> Iterator[tuple[File, Tagged]]:
    if not tracks:
        return
    by_path = {os.path.join(track.root, track.file.path): track.file for track in tracks}
    with job.stage(Stage.TAGS, len(by_path)) as advance, batch(collection) as kept:
        for tagged in reading.read_all(by_path):
            kept.add((by_path[tagged.path], tagged))
            yield by_path[tagged.path], tagged
            advance(1, os.fsdecode(tagged.path))


def _is(file: File, tagged: Tagged) -> bool:
    """Tell whether a file was what it is known as when its tags were read."""
    size, time, _changed = tagged.stamp
    return size == file.size and same_time(file.mtime_ns, time)


def _entry(file: File, tagged: Tagged) -> Entry:
    tags = tagged.tags or Tags()
    names = ("album", "artist", "title", "totaltracks")
    album, artist, title, total = ((tags.fields.get(name) or ("",))[0] for name in names)
    form = json.dumps(asdict(replace(tags, fields=dict(tags.fields), ape=dict(tags.ape)))).encode("ascii")
    return Entry(file, album, artist, title, total, zlib.compress(form), tagged.error, tagged.stamp[2])


def _tagged(entry: Entry) -> Tagged:
    if entry.error:
        return Tagged(entry.file.path, error=entry.error)
    form: dict[str, Any] = json.loads(zlib.decompress(entry.tags))
    fields, ape = (_fields(form[of]) for of in ("fields", "ape"))
    tags = Tags(
        fields,
        tuple(Picture(**each) for each in form["pictures"]),
        tuple(form["other"]),
        form["rest"],
        tuple(Chapter(**each) for each in form["chapters"]),
        ape,
    )
    return Tagged(entry.file.path, tags)


def fields_of(form: bytes) -> dict[str, tuple[str, ...]]:
    """Return the fields of an entry's tags that were unpacked (zlib), without the rest."""
    return _fields(json.loads(form)["fields"])


def _fields(form: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in form.items()}
