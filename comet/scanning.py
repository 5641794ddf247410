"""The first stage of the write side: roots -> files -> audio -> fingerprints, stored as they come.

Root by root: first a list of every root is made, then each is listened to by its list, which is looked at again where
that took long. Whatever interrupts it, the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from comet.act import actions
from comet.collection import state, tagged
from comet.collection.opened import Collection, exclusive
from comet.compare import memory
from comet.core.database import Batch
from comet.core.errors import NoMusicError
from comet.core.job import Job, Listing, Ordered
from comet.core.model import File, Root, Stage
from comet.core.places import make_private
from comet.core.text import _, safe
from comet.library import disk, order, roots, scan
from comet.library.disk import DiskKind
from comet.library.scan import Changes, Known, Unread

if TYPE_CHECKING:
    from comet.listen.fingerprint import Heard, Wanted

_T = TypeVar("_T")

_OLD: Final = 1.0
"""Seconds after which a list is made anew before it is followed."""

_DENIED: Final = "denied"


@dataclass(frozen=True, slots=True)
class ScannedRoot:
    """What a scan did at one root."""

    listing: Listing
    """What the look at it found, against the last scan."""
    since: Listing | None = None
    """What was found just before it was listened to, against that list; None where nothing was otherwise."""
    order: Ordered | None = None
    """None where nothing was listened to."""
    unchanged: int = 0
    decoded: int = 0
    moved: int = 0
    recognised: int = 0


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
    recognised: int
    """Other files whose audio was known, and needed no decoding: tags were changed, or it is a copy."""
    problems: int
    away: tuple[Root, ...]
    """Roots that could not be looked at; what is known of them stays."""
    roots: tuple[ScannedRoot, ...] = ()
    """Those that could be, one by one."""


def scan_roots(collection: Collection, job: Job, *, loudness: bool = False) -> Scanned:
    """Look at every root, then listen to what is new or changed, root by root, and store each result as it comes.

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
        collection.cache.begin()
        done, away = _Run(collection, job, loudness).all()
        gone = {root.path for root in away}
        tagged.fill(collection, [root for root in collection.scanned_roots() if root.path not in gone], job)
        collection.cache.end()
    counts = collection.cache.counts([root.id for root in collection.scanned_roots()])
    bad = sum(1 for _problem in state.problems(collection))
    return Scanned(
        counts.get("files", 0),
        sum(root.decoded for root in done),
        sum(root.unchanged for root in done),
        sum(root.moved for root in done),
        sum(root.recognised for root in done),
        bad,
        tuple(away),
        tuple(done),
    )


@dataclass(frozen=True, slots=True)
class _List:
    """What is to be done at a root, and when that was found."""

    root: Root
    changes: Changes
    made: float
    """On the monotonic clock."""

    @property
    def empty(self) -> bool:
        """There is nothing to listen to."""
        return not self.changes.new and not self.changes.changed

    def said(self) -> Listing:
        """Return it as an event, against the last scan."""
        found = self.changes
        changed = len(found.changed) - len(found.stale)
        gone = sum(known.present for known in found.vanished)
        return Listing(_name(self.root), found.files, len(found.new), changed, gone, found.size, stale=len(found.stale))


class _Run:
    """One scan: first a list of each root, then each root by its list."""

    def __init__(self, collection: Collection, job: Job, loudness: bool) -> None:  # noqa: FBT001 - as it was asked for
        self._collection = collection
        self._job = job
        self._loudness = loudness
        self._gone = scan.Gone()
        self._listened = False

    def all(self) -> tuple[list[ScannedRoot], list[Root]]:
        """Do it; return what was done at the roots that were there, and which were away."""
        found = marked(self._collection)
        away = [root for root in found if root.away]
        for root in away:
            self._job.report(Listing(_name(root), 0, 0, 0, 0, 0, away=root.away))
        lists = [self._look(root) for root in found if not root.away]
        done = []
        for listed in lists:
            now, since = self._look_again(listed, away)
            done.append(self._listen(listed.said(), since, now, away))
        return done, away

    def _look(self, root: Root) -> _List:
        changes = self._walk(root)
        self._report_unread(root, changes.unread)
        listed = _List(root, changes, time.monotonic())
        self._job.report(listed.said())
        return listed

    def _look_again(self, listed: _List, away: list[Root]) -> tuple[_List, Listing | None]:
        """Return the list as it is now that its turn has come, and what is otherwise, if anything is.

        Hours may have passed since it was made, if others were listened to meanwhile. Of a root that went away nothing
        is left to do.
        """
        root = listed.root
        if (listed.empty and not self._listened) or time.monotonic() - listed.made <= _OLD:
            return listed, None
        had_files = listed.changes.files > 0
        if reason := roots.look(root.path, root.id, had_files=had_files).away:
            since = self._went(root, reason, away)
            return replace(listed, changes=Changes(unchanged=listed.changes.unchanged)), since
        now = self._walk(root)
        before = set(listed.changes.unread)
        self._report_unread(root, [each for each in now.unread if each not in before])
        added, changed, gone = scan.since(listed.changes, now)
        listed = replace(listed, changes=now)
        if not added and not changed and not gone:
            return listed, None
        since = Listing(_name(root), now.files, added, changed, gone, now.size, again=True)
        self._job.report(since)
        return listed, since

    def _went(self, root: Root, reason: str, away: list[Root]) -> Listing:
        """Say that a root went away meanwhile."""
        away.append(replace(root, away=reason))
        since = Listing(_name(root), 0, 0, 0, 0, 0, again=True, away=reason)
        self._job.report(since)
        return since

    def _walk(self, root: Root) -> Changes:
        collection = self._collection
        known = collection.cache.files(root.id, collection.made, loudness=self._loudness)
        excluded = scan.excluder(collection.profile.exclude)
        with self._job.stage(Stage.WALK, None, _name(root)) as advance:
            found = _counted(scan.walk(root, excluded), advance)
            changes = scan.changes(found, known, _again(collection, root))
        gone = [known.file for known in changes.vanished if known.present]
        collection.cache.walked(root.id, changes.refreshed, gone, changes.unread)
        self._gone.add(changes)
        return changes

    def _report_unread(self, root: Root, unread: Iterable[Unread]) -> None:
        for each in unread:
            self._job.problem(Stage.WALK, os.path.join(root.path, each.path), each.error)

    def _listen(self, listing: Listing, since: Listing | None, listed: _List, away: list[Root]) -> ScannedRoot:
        """Listen to what is new or changed under a root, as long as it is there.

        The hash of the encoded audio alone is enough to recognise a retagged or moved file, so it is taken first where
        that is likely: at a changed file, and at a new one while others are missing.
        """
        root, changes = listed.root, listed.changes
        if listed.empty:
            return ScannedRoot(listing, since, unchanged=changes.unchanged)
        from comet.listen.fingerprint import limits, listen_all  # noqa: PLC0415 - without changes no decoder is needed

        collection, job = self._collection, self._job
        self._listened = True
        wanted, order = self._arranged(root, changes)
        decoded = moved = recognised = 0
        tell = memory.Teller(job)
        with (
            job.stage(Stage.SCAN, len(wanted), _name(root), changes.size) as advance,
            Batch(collection.cache.store_others) as others,
            tagged.batch(collection) as tags,
        ):
            heard_all = listen_all(
                wanted,
                lambda audio_hash: collection.cache.knows(audio_hash, collection.made, loudness=self._loudness),
                loudness=self._loudness,
                locks=_turns(collection),
                **limits(collection.profile.settings),
            )
            with contextlib.closing(heard_all):
                for heard in _unless_stopped(heard_all, job):
                    if heard.cause == "system" and (reason := roots.look(root.path, root.id, had_files=True).away):
                        since = self._went(root, reason, away)
                        break
                    came = _store(collection, heard, job, others)
                    if heard.tagged is not None:
                        tags.add((heard.wanted.file, heard.tagged))
                    moved += came
                    decoded += heard.audio is not None
                    recognised += bool(heard.hash and heard.audio is None and not came)
                    tell.now_and_then()
                    advance(1, os.fsdecode(heard.wanted.file.path), heard.wanted.file.size)
        return ScannedRoot(listing, since, order, changes.unchanged, decoded, moved, recognised)

    def _arranged(self, root: Root, changes: Changes) -> tuple[list[Wanted], Ordered]:
        """Return what is to be listened to in the order in which it is best read, and how good that is."""
        from comet.listen.fingerprint import Wanted  # noqa: PLC0415 - see `_listen`

        below = disk.disk_of(root.path)
        spinning = below.kind is DiskKind.SPINNING
        first = {file.path for file in changes.changed} - changes.stale
        first |= {file.path for file in changes.new if self._gone.may_be(file)}
        best = order.arrange([*changes.new, *changes.changed], root.path, extents=spinning)
        name = below.name if spinning else ""
        wanted = [Wanted(each, os.path.join(root.path, each.path), each.path in first, name) for each in best.files]
        ordered = Ordered(_name(root), best.deviation, best.runs_z, best.by_extent, best.by_inode, best.by_path)
        self._job.report(ordered)
        return wanted, ordered


def _turns(collection: Collection) -> str:
    """Return the folder in which the readers of a disk take turns: one for all profiles, which share the disks."""
    folder = os.path.join(os.path.dirname(collection.folder), ".disks")
    make_private(folder)
    return folder


def _name(root: Root) -> str:
    return os.fsdecode(root.path)


def marked(collection: Collection) -> list[Root]:
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
        collection.tags.rename_root(known, marker)
    return marker or by_path


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


def _unless_stopped(heard_all: Iterator[Heard], job: Job) -> Iterator[Heard]:
    """Yield what was heard; a signal to the whole process group may end the workers before this process."""
    try:
        yield from heard_all
    except ConnectionError:
        job.check()
        raise


def _store(collection: Collection, heard: Heard, job: Job, others: Batch[File]) -> bool:
    """Store what came of one file; return whether it is a known one under another name."""
    from comet.listen.fingerprint import too_short  # noqa: PLC0415 - see `_Run`

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
