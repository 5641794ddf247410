"""Albums that lack a cover, or have a poor one."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from comet.collection import roles, tagged
from comet.collection.opened import Collection
from comet.core.acts import KINDS
from comet.core.covers import is_square, sides
from comet.core.errors import NotScannedError
from comet.core.job import Job
from comet.core.model import Place, Stage, Track
from comet.core.text import _, grouped, safe
from comet.tags.fields import Picture, Tags

_FRONT: Final = KINDS.index("front")
_OTHER: Final = KINDS.index("other")


@dataclass(frozen=True, slots=True)
class Album:
    """Files of one folder and one title whose cover is missing or poor."""

    folder: bytes
    """Absolute."""
    title: str
    """Empty where its files have none."""
    artist: str
    files: tuple[bytes, ...]
    """Absolute paths of all of them, in order."""
    why: tuple[str, ...]
    """What is the matter, as words, the worst first."""
    lacking: int
    """How many files have no cover at all."""
    worst: int
    """Which of these is the worst, from 0: missing, missing in some, not to be shown, small, not square, different."""


def lacking(collection: Collection, job: Job) -> list[Album]:
    """Return the albums whose cover is missing or poor, the worst first, then the largest.

    Tags that are not known yet are read. Files in reference folders are passed over, since nothing is changed there.

    Raises:
        NotScannedError: no file is known yet, and so no cover that is good.
        Stopped: the job was asked to; what was read is kept.
    """
    roots = collection.scanned_roots()
    if not any(collection.cache.has_files(root.id) for root in roots):
        raise NotScannedError(
            _("nothing is known of profile `{name}` yet").format(name=safe(collection.profile.name)),
            hint=_("run `comet scan` first"),
        )
    tagged.fill(collection, [root for root in roots if os.path.isdir(root.path)], job)
    protected = roles.protected(collection, roots)
    folders: dict[bytes, list[Track]] = defaultdict(list)
    for track in collection.cache.tracks(roots):
        if not protected(Place(track.file.root, track.file.path)):
            folders[os.path.dirname(track.absolute)].append(track)
    least = collection.profile.settings.covers.least
    found: list[Album] = []
    with job.stage(Stage.TAGS, sum(map(len, folders.values()))) as advance:
        for folder, tracks in folders.items():
            found += _of_folder(collection, folder, tracks, least)
            advance(len(tracks), os.fsdecode(folder))
    return sorted(found, key=lambda album: (album.worst, -len(album.files), album.folder, album.title))


def _of_folder(collection: Collection, folder: bytes, tracks: Sequence[Track], least: int) -> list[Album]:
    known = tagged.of_tracks(collection, tracks)
    titles: dict[str, list[tuple[bytes, Tags]]] = defaultdict(list)
    for track in tracks:
        tags = known[Place(track.file.root, track.file.path)].tags
        if tags is not None:  # else it is among the problems, and no cover can be written into it
            titles[(tags.fields.get("album") or ("",))[0]].append((track.absolute, tags))
    found = []
    for title, files in titles.items():
        covers = [cover_of(tags) for _path, tags in files]
        why = _why(covers, least, alike=bool(title))
        if why:
            paths = tuple(path for path, _tags in files)
            words, worst = tuple(why.values()), min(why)
            artist = _artist(tags for _path, tags in files)
            found.append(Album(folder, title, artist, paths, words, covers.count(None), worst))
    return found


def cover_of(tags: Tags) -> Picture | None:
    """Return the picture that a player would show: the front cover, or one that does not say what it is."""
    by_kind = {each.kind: each for each in reversed(tags.pictures)}
    return by_kind.get(_FRONT) or by_kind.get(_OTHER)


def _why(covers: Sequence[Picture | None], least: int, *, alike: bool) -> dict[int, str]:
    """Return what is the matter with the covers of an album, by how bad that is; `alike` where they should be one."""
    there = [each for each in covers if each]
    shown = [each for each in there if each.width]
    missing, broken = len(covers) - len(there), len(there) - len(shown)
    small = min((min(each.width, each.height), each.width, each.height) for each in shown)[1:] if shown else (0, 0)
    odd = next(((each.width, each.height) for each in shown if not is_square(each.width, each.height)), (0, 0))
    different = len({each.hash for each in there})
    of = {"k": grouped(missing), "n": grouped(len(covers)), "broken": grouped(broken)}
    told = (
        (not there, _("no cover")),
        (missing and there, _("no cover in {k} of {n} files").format(**of)),
        (broken, _("damaged in {broken} of {n} files").format(**of)),
        (shown and min(small) < least, _("small: {sides}").format(sides=sides(*small))),
        (odd != (0, 0), _("not square: {sides}").format(sides=sides(*odd))),
        (alike and different > 1, _("{n} different ones").format(n=grouped(different))),
    )
    return {at: words for at, (holds, words) in enumerate(told) if holds}


def _artist(many: Iterable[Tags]) -> str:
    """Return whose album it is: by the album's artist, or the artist of most of its files."""
    names = [(each.fields.get("albumartist") or each.fields.get("artist") or ("",))[0] for each in many]
    return Counter(names).most_common(1)[0][0]
