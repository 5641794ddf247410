"""What becomes of each track here: it is fetched, found to be there already, or built and placed.

How far each has come is written down before the next step, so that it may be killed at any moment: what came is used,
and nothing is fetched twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Final, Self, TypeAlias

from comet import changes
from comet.act.staging import Staging
from comet.backup import already, fetch, naming, playlists
from comet.backup.build import Builder, Built, Taken, ending
from comet.backup.database import Records
from comet.backup.fetch import PART, RAW, Fetcher, name
from comet.backup.model import Copy, Reason, Remote, State
from comet.backup.service import Refused, Service
from comet.collection.opened import Collection
from comet.core.acts import Do, Plan, Step
from comet.core.database import Batch
from comet.core.errors import ServiceError
from comet.core.job import Job
from comet.core.model import File, Identity, Root, Stage, Track
from comet.core.text import _, safe
from comet.listen.fingerprint import Heard, too_short

Advance: TypeAlias = Callable[..., None]
"""As of `Job.stage`."""

_MANY, _OLD = 16, 60.0  # tracks that are compared and placed together, and seconds after which fewer are
_KEPT: Final = (Reason.NETWORK, Reason.TAGGING, Reason.PLACING)
"""Why something that is whole here is no file yet."""
_TRIES: Final = 3
"""Runs in which cover and lyrics are waited for."""
_BROKEN: Final = 5
"""Tracks in a row that the network brought nothing of, before the run ends."""


class Copier:
    """Copies tracks. Use it as a context manager."""

    def __init__(self, collection: Collection, service: Service, known: Records, root: Root, job: Job) -> None:
        self._collection, self._known, self._root, self._job = collection, known, root, job
        self._settings = collection.profile.settings
        self._staging = Staging(root.path, collection.journal.id)
        self._fetcher = Fetcher(service, self._staging, known, self._settings.backup.quality)
        self._builder = Builder(service, self._staging, self._settings)
        self._library = already.Library(collection)
        self._batch: list[Taken] = []
        self._told: Batch[Copy]
        self._ended = ExitStack()
        self._since = 0.0
        self._broken = 0
        self.new = 0
        """Files that were placed."""
        self.owned = 0
        """Tracks that the library was found to have."""
        self.size = 0
        """Bytes that came."""
        self.abroad = 0
        """Tracks that the service does not give in this country."""
        self.problems: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        self._ended.enter_context(self._builder)
        self._ended.enter_context(self._library)
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.close()

    def recover(self) -> None:
        """Bring to an end what was interrupted, and take away what nobody waits for."""
        changes.settle(self._collection)
        here = set(self._staging.names())
        for copy in self._known.copies(State.PLACING):
            if not self._adopt(copy):
                self._known.put(replace(copy, state=State.FETCHED, root="", path=b""))
        for copy in self._known.copies(State.FETCHING, State.FETCHED):
            state = State.FETCHED if name(copy.track, RAW) in here else State.WANT
            if state != copy.state:
                self._known.put(replace(copy, state=state))
        useful = {name(copy.track, RAW) for copy in self._known.copies(State.FETCHED)}
        useful |= {name(copy.track, PART) for copy in self._known.copies(State.WANT, State.FETCHING, State.FAILED)}
        self._staging.drop(*here - useful)

    def _adopt(self, copy: Copy) -> bool:
        """Take a file for done that was placed before the pass was killed; return whether it is there."""
        path = os.path.join(self._root.path, copy.path)
        if copy.root != self._root.id or playlists.digest(path) != self._known.digest(copy.track):
            return False
        heard = self._builder.hear(path)
        if heard.hash != copy.audio:
            return False
        self._done(copy, heard)
        return True

    def copy(self, most: int) -> None:
        """Bring what is due here, at most so many of them over the net.

        Raises:
            SignInError, WaitError, ServiceError, Stopped: it had to end; what came is used.
        """
        due, fetched = self._known.due(int(time.time())), 0
        hints = already.Hints(self._collection, (self._known.remote(track)[0] for track in due))
        with self._job.stage(Stage.BACKUP, len(due)) as advance, Batch(self._put) as self._told:
            for track in due:
                remote, there = self._known.remote(track)
                copy = self._known.copy(track)
                if copy.state is State.IGNORED:  # since they were counted
                    pass
                elif copy.state is State.FETCHED:
                    self._one(remote, copy, advance)
                elif self._wanted(remote, there, hints) and fetched < most:
                    fetched += 1
                    self._one(remote, copy, advance)
                advance(1, naming.title(remote))
            self._flush()

    def _wanted(self, remote: Remote, there: bool, hints: already.Hints) -> bool:  # noqa: FBT001 - as it is known
        """Return whether a track is to be fetched; why not, is written down."""
        if not there:
            self._told.add(self._why(remote, Refused(Reason.REMOVED, _("the service does not know it any more"))))
        elif not remote.available:
            told = _("the service does not give it: {reason}").format(reason=safe(remote.error or "not available"))
            self._told.add(self._why(remote, Refused(Reason.NO_RIGHTS, told)))
        elif not self._known.copy(remote.id).tries and (track := self._hint(hints, remote)):
            self._own(remote, track.file, track.audio.hash, _("known by its tags and its length, not by its sound"))
        else:
            return True
        return False

    def _hint(self, hints: already.Hints, remote: Remote) -> Track | None:
        track = hints.of(remote)
        return track if track and (track.audio.lossless or self._settings.backup.quality == "nq") else None

    def _one(self, remote: Remote, copy: Copy, advance: Advance) -> None:
        try:
            if copy.state is not State.FETCHED:
                self._fetch(remote, copy, advance)
            self._batch.append(self._sound(remote, advance))
            self._broken = 0
        except Refused as error:
            self._refused(remote, error)
            self._broken = self._broken + 1 if error.reason is Reason.NETWORK else 0
            if self._broken >= _BROKEN:
                raise ServiceError(_("nothing comes from the service any more: {why}").format(why=error)) from error
        self._since = self._since or time.monotonic()
        if len(self._batch) >= _MANY or time.monotonic() - self._since > _OLD:
            self._flush()

    def _fetch(self, remote: Remote, copy: Copy, advance: Advance) -> None:
        self._known.put(replace(copy, state=State.FETCHING, reason=None, error=""))

        def came(count: int) -> None:
            self.size += count
            advance(0, naming.title(remote), count)

        self._fetcher.fetch(remote.id, came)
        part = self._known.part(remote.id)
        size = self._staging.size(name(remote.id, RAW))
        codec = part.codec if part else ""
        fetched = replace(copy, state=State.FETCHED, reason=None, error="", codec=codec, size=size)
        self._known.put(fetched)

    def _sound(self, remote: Remote, advance: Advance, *, again: bool = False) -> Taken:
        """Return the sound that came, checked. What decodes badly is fetched once more: it may be the service's own."""
        part, found = self._known.part(remote.id), name(remote.id, RAW)
        taken, error = None, None
        try:
            taken = self._builder.take(remote, part.codec if part else "")
        except Refused as refused:
            if refused.reason is not Reason.DECODE:
                raise
            error = refused
        if taken and not taken.damaged:
            return taken
        digest = self._staging.digest(found)
        if part and part.first == digest and taken:
            return replace(taken, suspect=_("the service's own file is damaged: it came so twice"))
        if part:
            self._known.begun(remote.id, replace(part, first=digest, etag="", total=None))
        if again or (part and part.first):
            raise error or Refused(Reason.DECODE, _("it cannot be decoded whole, and comes otherwise each time"))
        self._staging.drop(found)
        self._fetch(remote, self._known.copy(remote.id), advance)
        return self._sound(remote, advance, again=True)

    def _flush(self) -> None:
        """Place what is ready and the library has not; of two that are one audio the second is linked to the first."""
        while self._batch:
            self._batch = [each for each in self._batch if not self._unwanted(each.remote.id)]
            some = {each.audio.hash: each for each in reversed(self._batch)}
            batch = [each for each in self._batch if some[each.audio.hash] is each]
            self._batch = [each for each in self._batch if some[each.audio.hash] is not each]
            new = []
            for taken, track in zip(batch, self._library.holding(batch), strict=True):
                if track:
                    self._own(taken.remote, track.file, track.audio.hash, taken.suspect)
                else:
                    new.append(taken)
            self._place(new)
        self._since = 0.0

    def _unwanted(self, track: str) -> bool:
        """Tell whether somebody decided meanwhile that no copy is wanted; what came goes."""
        if self._known.copy(track).state is not State.IGNORED:
            return False
        self._clean(track)
        return True

    def _place(self, new: list[Taken]) -> None:
        steps: dict[bytes, tuple[Built, Copy]] = {}
        for taken in new:
            try:
                copy = self._known.copy(taken.remote.id)
                built = self._builder.build(taken, bare=bool(copy.reason) and copy.tries >= _TRIES)
            except Refused as error:
                self._refused(taken.remote, error)
                continue
            copy = self._named(built)
            self._known.put(copy, digest=built.staged.hash)
            steps[copy.path] = built, copy
        if not steps:
            return
        plan = Plan(self._collection.profile.name, time.time(), tuple(self._step(*each) for each in steps.values()))
        outcome = changes.apply(self._collection, plan, Job())
        failed = {entry.before.file.path: entry.error for entry in outcome.failed}
        for path, (built, copy) in steps.items():
            if path in failed:
                self._refused(built.taken.remote, Refused(Reason.PLACING, failed[path]))
            else:
                try:
                    self._done(copy, built.taken.heard)
                    self.new += 1
                except OSError as error:  # somebody was faster
                    self._refused(built.taken.remote, Refused(Reason.PLACING, error.strerror or str(error)))
        self.problems += outcome.warnings

    def _named(self, built: Built) -> Copy:
        remote, audio = built.taken.remote, built.taken.audio
        wanted = naming.path(self._settings.backup.path, remote, ending(audio))

        def taken(path: bytes) -> bool:
            return naming.stands(self._root.path, path) or self._known.taken(self._root.id, path, remote.id)

        return replace(
            self._known.copy(remote.id), state=State.PLACING, root=self._root.id,
            path=naming.free(wanted, remote.id, taken), codec=audio.codec, size=built.size, audio=audio.hash,
            suspect=built.suspect,
        )  # fmt: skip

    def _step(self, built: Built, copy: Copy) -> Step:
        file = Identity(copy.root, copy.path, built.size, 0, copy.audio)
        return Step(Do.PLACE, file, "", _("it is backed up from Yandex Music"), staged=built.staged)

    def _done(self, copy: Copy, heard: Heard) -> None:
        """Let the collection know a file that is in its place, as if it had been scanned, and take it for done."""
        path = os.path.join(self._root.path, copy.path)
        status = os.stat(path)
        file = File(copy.root, copy.path, status.st_size, status.st_mtime_ns)
        if heard.audio and heard.words is not None:
            self._collection.cache.store(
                file, heard.audio, heard.words, self._collection.made, too_short(heard.audio), quality=heard.quality,
                loudness=heard.loudness,
            )  # fmt: skip
        self._known.put(replace(copy, state=State.DONE, size=status.st_size, reason=None, error="", next_try=0))
        self._clean(copy.track)

    def _own(self, remote: Remote, file: File, audio: str, suspect: str) -> None:
        """Link a track to a file that the library has."""
        copy = Copy(remote.id, State.OWNED, file.root, file.path, size=file.size, audio=audio, suspect=suspect)
        self._known.put(copy)
        self._clean(remote.id)
        self.owned += 1

    def _refused(self, remote: Remote, error: Refused) -> None:
        """Write down why a track is not here."""
        copy, why = self._known.copy(remote.id), self._why(remote, error)
        if error.reason in _KEPT and copy.state in (State.FETCHED, State.PLACING):  # its sound is here
            tries = why.tries if copy.reason else 1
            why = replace(why, state=State.FETCHED, codec=copy.codec, size=copy.size, tries=tries)
        elif error.reason is not Reason.NETWORK:  # what came of it is good
            self._clean(remote.id)
        self._known.put(why)

    def _why(self, remote: Remote, error: Refused) -> Copy:
        """Return what became of a track that could not be had, with when it is asked for again."""
        tries = self._known.copy(remote.id).tries
        self.abroad += error.reason is Reason.GEO
        state = State.UNAVAILABLE if fetch.lasting(error.reason, tries) else State.FAILED
        due = fetch.later(error.reason, tries)
        return Copy(remote.id, state, reason=error.reason, error=str(error), tries=tries + 1, next_try=due)

    def _put(self, copies: Iterable[Copy]) -> None:
        self._known.put(*copies)

    def _clean(self, track: str) -> None:
        self._staging.drop(*(name(track, end) for end in fetch.ENDINGS))
