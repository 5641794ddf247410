"""Whether what was backed up is still there, and what the user decides about single tracks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from comet.backup.database import Records
from comet.backup.model import HERE, Copy, Remote, State
from comet.backup.playlists import roots
from comet.collection.opened import Collection
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.model import File, Place, Stage
from comet.core.text import _, safe
from comet.listen.fingerprint import Listener, Wanted, limits


class Is(StrEnum):
    """How a file stands that was backed up."""

    THERE = "there"
    MOVED = "moved"
    """Its sound lies elsewhere in the library, and the backup knows that now."""
    GONE = "gone"
    CHANGED = "changed"
    """Its sound is another one."""
    AWAY = "away"
    """Its root folder cannot be looked at."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A track that was backed up, and how its file stands."""

    remote: Remote
    copy: Copy
    path: bytes
    """Absolute, empty where its root is not known."""
    state: Is


def verify(collection: Collection, known: Records, job: Job, *, full: bool = False) -> list[Verified]:
    """Look at every file that is here, and listen to those whose size is another one, or with `full` to all.

    A file that was moved within the library is found by its sound, if the library was scanned since.

    Raises:
        Stopped: the job was asked to.
    """
    copies = known.copies(*HERE)
    paths, away = roots(collection), {root.id for root in collection.roots() if root.away}
    found = []
    with (
        Listener(**limits(collection.profile.settings)) as listener,
        job.stage(Stage.VERIFY, len(copies)) as advance,
    ):
        for copy in copies:
            path = os.path.join(paths[copy.root], copy.path) if copy.root in paths else b""
            state = Is.AWAY if not path or copy.root in away else _state(listener, copy, path, full=full)
            if state is Is.GONE and (moved := _elsewhere(collection, copy, paths)):
                state, copy = Is.MOVED, moved  # noqa: PLW2901 - the same track, elsewhere
                path = os.path.join(paths[copy.root], copy.path)
                known.put(copy)
            found.append(Verified(known.remote(copy.track)[0], copy, path, state))
            advance(1, os.fsdecode(path))
    return found


def _state(listener: Listener, copy: Copy, path: bytes, *, full: bool) -> Is:
    try:
        status = os.stat(path)
    except OSError:
        return Is.GONE
    if status.st_size == copy.size and not full:
        return Is.THERE
    file = File(copy.root, copy.path, status.st_size, status.st_mtime_ns)
    (heard,) = listener.listen([Wanted(file, path, identify_first=True)], lambda _hash: True)
    return Is.THERE if heard.hash == copy.audio else Is.CHANGED


def follow(collection: Collection, known: Records) -> None:
    """Let the backup know where files are since that were moved, or removed for another one that stays."""
    paths, away = roots(collection), {root.id for root in collection.roots() if root.away}
    for copy in known.copies(*HERE):
        if copy.root not in paths or copy.root in away:
            continue
        there = os.path.lexists(os.path.join(paths[copy.root], copy.path))
        if not there and (moved := _elsewhere(collection, copy, paths)):
            known.put(moved)


def _elsewhere(collection: Collection, copy: Copy, paths: dict[str, bytes]) -> Copy | None:
    place, seen = Place(copy.root, copy.path), set[Place]()
    while place not in seen and (removal := collection.journal.removal(place)) and (keeper := removal.before.keeper):
        if keeper.root in paths and os.path.isfile(os.path.join(paths[keeper.root], keeper.path)):
            held = replace(copy, state=State.OWNED, root=keeper.root, path=keeper.path)
            return replace(held, size=keeper.size, audio=keeper.audio)
        seen.add(place)
        place = Place(keeper.root, keeper.path)
    for file in collection.cache.holding(copy.audio):
        if file.root in paths and os.path.isfile(os.path.join(paths[file.root], file.path)):
            return replace(copy, root=file.root, path=file.path, size=file.size)
    return None


def again(known: Records, verified: Iterable[Verified]) -> int:
    """Let the next pass fetch what is gone, and return how many these are."""
    gone = [each for each in verified if each.state is Is.GONE]
    for each in gone:
        known.put(Copy(each.copy.track, State.WANT))
    return len(gone)


def retry(known: Records, tracks: Iterable[str]) -> int:
    """Let the next pass ask for tracks again that could not be had; without any, for all of them. Return how many.

    What was linked is fetched and held against the library by its sound.

    Raises:
        UsageError: there is no such track.
    """
    wanted = [_named(known, track) for track in tracks]
    found = wanted or known.copies(State.FAILED, State.UNAVAILABLE, State.FETCHED)
    again = (State.FAILED, State.UNAVAILABLE, State.IGNORED, State.OWNED)
    open_ = [copy for copy in found if copy.state in again or (copy.state is State.FETCHED and copy.reason)]
    for copy in open_:
        if copy.state is State.FETCHED:  # its sound is here
            known.put(replace(copy, reason=None, error="", tries=0, next_try=0))
        else:  # a try that was made keeps tags from being asked again
            known.put(Copy(copy.track, State.WANT, tries=int(copy.state is State.OWNED)))
        known.forget_seen(copy.track)
    return len(open_)


def ignore(known: Records, tracks: Iterable[str]) -> int:
    """Ask for tracks that are not here no more, until `retry` names them. Return how many.

    Raises:
        UsageError: there is no such track, or it is here.
    """
    found = [_named(known, track) for track in tracks]
    for copy in found:
        if copy.state in HERE:
            raise UsageError(_("track `{id}` is here already").format(id=safe(copy.track)))
    for copy in found:
        known.put(replace(copy, state=State.IGNORED, next_try=0))
    return len(found)


def _named(known: Records, track: str) -> Copy:
    if not known.knows(track):
        raise UsageError(
            _("there is no track `{id}` in any playlist").format(id=safe(track)),
            hint=_("`comet backup missing` shows the ids of those that are not here"),
        )
    return known.copy(track)
