"""The first stage of the write side: roots -> files -> audio -> fingerprints, stored as they come.

Whatever interrupts it, the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from comet.act import actions
from comet.collection import state
from comet.collection.opened import Collection, exclusive
from comet.compare import memory
from comet.core.errors import NoMusicError
from comet.core.job import Job
from comet.core.model import File, Root, Stage
from comet.core.text import _, safe
from comet.library import roots, scan
from comet.library.scan import Changes, Known

if TYPE_CHECKING:
    from comet.listen.fingerprint import Heard

_T = TypeVar("_T")

_BATCH: Final = 64
"""Files that are not music between two writes."""

_DENIED: Final = "denied"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan did."""

    files: int
    """Files that are music or claim to be."""
    decoded: int
    unchanged: int
    """Files that were not opened."""
    moved: int
    """Files that were known under another name."""
    problems: int
    away: tuple[Root, ...]
    """Roots that could not be looked at; what is known of them stays."""


def scan_roots(collection: Collection, job: Job, *, loudness: bool = False) -> Scanned:
    """Look at every root, listen to what is new or changed, and store each result as it comes.

    With `loudness` it is measured too, also of what was listened to without it.

    Raises:
        NoMusicError: the profile has no root folder.
        Stopped: somebody asked; what was heard is stored.
    """
    if not collection.profile.roots:
        raise NoMusicError(
            _("scanning is unavailable: profile `{name}` has no root folder").format(
                name=safe(collection.profile.name)
            ),
            hint=_("add folders with `comet setup --profile {name} --root DIR --yes`").format(
                name=safe(collection.profile.name)
            ),
        )
    with exclusive(collection):
        found = _marked(collection)
        walked = [(root, _walk(collection, root, job, loudness=loudness)) for root in found if not root.away]
        gone = scan.Gone(changes for _root, changes in walked)
        decoded = moved = 0
        for root, changes in walked:
            new_decoded, new_moved = _listen(collection, root, changes, job, gone, loudness=loudness)
            decoded, moved = decoded + new_decoded, moved + new_moved
    counts = collection.cache.counts([root.id for root in collection.scanned_roots()])
    unchanged = sum(changes.unchanged for _root, changes in walked)
    bad = sum(1 for _problem in state.problems(collection))
    away = tuple(root for root in found if root.away)
    return Scanned(counts.get("files", 0), decoded, unchanged, moved, bad, away)


def _marked(collection: Collection) -> list[Root]:
    """Return the roots, each new one with a marker where it can be written, and remembered under its id."""
    found: list[Root] = []
    for root in _apart(collection):
        if not root.away:
            root = Root(_identity(collection, root), root.path)  # noqa: PLW2901 - the same root, now with its id
        found.append(root)
    found = roots.refuse_twins(found)
    for root in found:
        if not root.away:
            collection.cache.see_root(root)
    return found


def _apart(collection: Collection) -> list[Root]:
    """Return the roots, each copy of another one with an id of its own; a second view of one is away."""
    found: list[Root] = []
    for root in collection.roots():
        if root.twin and not collection.profile.read_only and actions.is_copy(root.twin, root.path):
            identity = actions.mark_root(root.path, secrets.token_hex(8))
            root = Root(identity, root.path) if identity else root  # noqa: PLW2901 - the same root, with its own id
        found.append(root)
    return found


def _identity(collection: Collection, root: Root) -> str:
    """Return the id that a root goes by from now on; its files keep up with it."""
    by_path = roots.id_of_path(root.path)
    marker = "" if root.id == by_path else root.id
    if not collection.profile.read_only:
        marker = actions.mark_root(root.path, marker)
    known = collection.cache.roots().get(root.path, "")
    if marker and known == by_path:
        collection.cache.rename_root(known, marker)
    return marker or by_path


def _walk(collection: Collection, root: Root, job: Job, *, loudness: bool) -> Changes:
    known = collection.cache.files(root.id, collection.made, loudness=loudness)
    excluded = scan.excluder(collection.profile.exclude)
    with job.stage(Stage.WALK, None, os.fsdecode(root.path)) as advance:
        changes = scan.changes(_counted(scan.walk(root, excluded), advance), known, _again(collection, root))
    for unread in changes.unread:
        job.problem(Stage.WALK, os.path.join(root.path, unread.path), unread.error)
    collection.cache.walked(root.id, changes.refreshed, [k.file for k in changes.vanished if k.present], changes.unread)
    return changes


def _counted(items: Iterator[_T], advance: Callable[[], None]) -> Iterator[_T]:
    for item in items:
        advance()
        yield item


def _again(collection: Collection, root: Root) -> Callable[[Known], bool]:
    """Return whether to try a file again that could not be used for no fault of its own."""
    limits = _limits_cause(collection)

    def again(known: Known) -> bool:
        if known.cause == _DENIED:
            return os.access(os.path.join(root.path, known.file.path), os.R_OK)
        return known.cause != limits

    return again


def _limits_cause(collection: Collection) -> str:
    limits = collection.profile.settings.scan
    return f"limits {limits.timeout:g} {limits.memory}"


def _listen(
    collection: Collection, root: Root, changes: Changes, job: Job, gone: scan.Gone, *, loudness: bool
) -> tuple[int, int]:
    """Listen to what is new or changed under a root; return how many were decoded, and how many had moved.

    The hash of the encoded audio alone is enough to recognise a retagged or moved file, so it is taken first where
    that is likely: at a changed file, and at a new one while others are missing.
    """
    if not changes.new and not changes.changed:
        return 0, 0
    from comet.listen.fingerprint import Wanted, limits, listen_all  # noqa: PLC0415 - without changes no decoder is needed

    wanted = [Wanted(file, os.path.join(root.path, file.path), gone.may_be(file)) for file in changes.new]
    wanted += [Wanted(file, os.path.join(root.path, file.path), True) for file in changes.changed]
    decoded = moved = 0
    tell = memory.Teller(job)
    stage = job.stage(Stage.SCAN, len(wanted), os.fsdecode(root.path), sum(item.file.size for item in wanted))
    with stage as advance, _Others(collection) as others:
        heard_all = listen_all(
            sorted(wanted, key=lambda item: item.path),
            lambda audio_hash: collection.cache.knows(audio_hash, collection.made, loudness=loudness),
            loudness=loudness,
            **limits(collection.profile.settings),
        )
        with contextlib.closing(heard_all):
            for heard in _unless_stopped(heard_all, job):
                moved += _store(collection, heard, job, others)
                decoded += heard.audio is not None
                tell.now_and_then()
                advance(1, os.fsdecode(heard.wanted.file.path), heard.wanted.file.size)
    return decoded, moved


def _unless_stopped(heard_all: Iterator[Heard], job: Job) -> Iterator[Heard]:
    """Yield what was heard; a signal to the whole process group may end the workers before this process."""
    try:
        yield from heard_all
    except ConnectionError:
        job.check()
        raise


class _Others(contextlib.AbstractContextManager["_Others"]):
    """Files that are not music, stored many at a time: a commit for each picture would take longer than the music."""

    def __init__(self, collection: Collection) -> None:
        self._cache = collection.cache
        self._files: list[File] = []

    def add(self, file: File) -> None:
        """Remember a file that is not music."""
        self._files.append(file)
        if len(self._files) >= _BATCH:
            self._flush()

    def __exit__(self, *_error: object) -> None:
        self._flush()

    def _flush(self) -> None:
        self._cache.store_others(self._files)
        self._files.clear()


def _store(collection: Collection, heard: Heard, job: Job, others: _Others) -> bool:
    """Store what came of one file; return whether it is a known one under another name."""
    from comet.listen.fingerprint import too_short  # noqa: PLC0415 - see `_listen`

    file, cache, error = heard.wanted.file, collection.cache, heard.error
    moved = False
    if heard.audio is not None and heard.words is not None:
        cache.store(
            file, heard.audio, heard.words, collection.made, error, quality=heard.quality, loudness=heard.loudness
        )
    elif heard.hash and (known := cache.audio(heard.hash)):
        error = too_short(known)
        moved = cache.store_known(file, heard.hash, error)
    elif error or heard.cause != "file":
        cache.store_bad(file, error, _cause(collection, heard))
    else:
        others.add(file)
    if error:
        job.problem(Stage.SCAN, heard.wanted.path, error)
    return moved


def _cause(collection: Collection, heard: Heard) -> str:
    """Return what has to be otherwise before a file is tried again that has not changed; empty for the file itself."""
    if heard.cause == "system" and not os.access(heard.wanted.path, os.R_OK):
        return _DENIED
    return {"system": "system", "limits": _limits_cause(collection)}.get(heard.cause, "")
