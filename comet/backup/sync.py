"""One pass: what the service has is listed, and what is not here yet is fetched, built and placed.

How far each track has come is written down before the next step, so that it may be killed at any moment: what came is
used, and nothing is fetched twice. Whatever becomes of something there, nothing is deleted here.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import Final

from comet import changes, scanning
from comet.act import actions
from comet.backup import database, naming, playlists, verify
from comet.backup.copying import Copier
from comet.backup.database import FRESH, Playlist, Records
from comet.backup.model import HERE, LIKES, Header, Listed, Remote, State
from comet.backup.service import Service
from comet.collection.opened import Collection
from comet.core.errors import CometError, NoSpaceError, ServiceError, Stopped, UsageError
from comet.core.job import Job
from comet.core.model import Root, Stage
from comet.core.places import ROOT_FOLDER, marker
from comet.core.text import _, safe

_ASKED: Final = 100
"""Tracks that are described at once."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a pass did, and what there is now."""

    new: int = 0
    """Files that were placed."""
    owned: int = 0
    """Tracks that the library had already."""
    size: int = 0
    """Bytes that came."""
    failed: int = 0
    """Tracks that could not be had for now, of this and earlier passes, as all that follow."""
    unavailable: int = 0
    """Those that the service does not give."""
    left: int = 0
    """Those that are still to come."""
    have: int = 0
    """Those that are here."""
    requests: int = 0
    """Questions to the service."""
    written: int = 0
    """Playlists that are otherwise than before."""
    problems: tuple[str, ...] = ()
    """Sentences about what went wrong beside the tracks."""

    @property
    def missing(self) -> int:
        """Those that are not here and that somebody wants."""
        return self.failed + self.unavailable + self.left

    @property
    def exit_code(self) -> int:
        """0 if all is here that can be had, else 3."""
        return ServiceError.exit_code if self.failed or self.left else 0


@contextmanager
def records(collection: Collection) -> Iterator[Records]:
    """Open what is known of the profile's backup."""
    with closing(Records(database.path_of(collection.folder))) as found:
        yield found


def library(collection: Collection, known: Records) -> Root:
    """Return the root that new files go into, with its marker.

    Raises:
        UsageError: the setting names no root, or there is none.
        CometError: it is away, or is not the folder that it was: an empty mount point must not be filled.
    """
    wanted = collection.profile.settings.backup.library
    real = os.path.realpath(os.path.expanduser(wanted))
    paths = [path for path in collection.profile.roots if not wanted or os.path.realpath(path) == real]
    if not paths:
        raise UsageError(
            _("there is no root folder for the backup"),
            hint=_("add one with `comet setup`; the setting `library` in [backup] names which of several it is"),
        )
    path = os.fsencode(paths[0])
    before = known.library(path)
    if before and marker(path) != before:
        raise CometError(
            _("`{path}` is not the folder that was backed up into: its marker is gone or another one").format(
                path=safe(path)
            ),
            hint=_("mount its disk; if this is the folder, put `{id}` into its file `.comet/root`").format(id=before),
        )
    if not before and path not in collection.cache.roots() and _is_bare(path):
        actions.mark_root(path)  # nobody has ever seen anything in it
    root = next(root for root in scanning.marked(collection) if root.path == path)
    if root.away or marker(path) != root.id:
        why = root.away or _("it cannot be written")
        raise CometError(_("the root folder `{path}` cannot be used: {why}").format(path=safe(path), why=why))
    known.see_library(path, root.id)
    return root


def _is_bare(path: bytes) -> bool:
    """Tell whether a folder has nothing in it, but for what is left of a start that was killed."""
    inside = os.path.join(path, ROOT_FOLDER)
    try:
        return not {*os.listdir(path)} - {ROOT_FOLDER} and not (os.path.lexists(inside) and os.listdir(inside))
    except OSError:
        return False


def refuse(collection: Collection) -> None:
    """Refuse a profile that nothing can be put into, before the service is asked.

    Raises:
        UsageError, CometError: as `library`.
        SettingsError: files cannot be called as the settings say.
    """
    changes.refuse_read_only(collection.profile)
    naming.path(collection.profile.settings.backup.path, Remote("id", "title"), ".flac")
    with records(collection) as known:
        library(collection, known)


def run(collection: Collection, service: Service, job: Job, *, most: int = 0) -> Summary:
    """Make one pass.

    Args:
        collection: It need not have been scanned. It is the caller's alone (`exclusive`) from before `refuse` on.
        service: Signed in.
        job: Hears how far it is.
        most: Tracks that are fetched at most, 0 for the setting.

    Raises:
        SignInError: the token is no good any more.
        WaitError: the service asks to wait.
        ServiceError: it cannot be reached.
        NoSpaceError: the disk is full.
        CometError: the library is not there.
        Stopped: somebody asked; what was done is kept.
    """
    changes.refuse_read_only(collection.profile)
    with records(collection) as known:
        root = library(collection, known)
        number = known.begin()
        made = _Pass(collection, service, known, root, job)
        try:
            with made.copier:
                made.all(most or collection.profile.settings.backup.most_new)
        except BaseException as error:
            known.end(number, _code(error), asdict(made.summary()))
            raise
        summary = made.summary()
        known.end(number, summary.exit_code, asdict(summary))
        return summary


def _code(error: BaseException) -> int:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpaceError.exit_code
    return error.exit_code if isinstance(error, (CometError, Stopped)) else 1


_FEW: Final = 3
"""Tracks that a country may lack; where more are refused and nothing else came, it is the country."""


class _Pass:
    """One pass."""

    def __init__(self, collection: Collection, service: Service, known: Records, root: Root, job: Job) -> None:
        self._collection, self._service, self._known, self._root, self._job = collection, service, known, root, job
        self._written = 0
        self._problems: tuple[str, ...] = ()
        self.copier = Copier(collection, service, known, root, job)

    def summary(self) -> Summary:
        """Return what was done, and what there is."""
        count, did = self._known.counts(), self.copier
        abroad = _("the service gives nothing in this country: turn a VPN off if there is one")
        nothing = did.abroad > max(_FEW, did.new + did.owned)
        return Summary(
            did.new, did.owned, did.size, count[State.FAILED], count[State.UNAVAILABLE],
            left=sum(count[state] for state in (State.WANT, State.FETCHING, State.FETCHED, State.PLACING)),
            have=sum(count[state] for state in HERE), requests=self._service.requests, written=self._written,
            problems=(*did.problems, *self._problems, *([abroad] if nothing else [])),
        )  # fmt: skip

    def all(self, most: int) -> None:
        """Make it."""
        self.copier.recover()
        verify.follow(self._collection, self._known)
        self._lists()
        self._describe()
        try:
            self.copier.copy(most)
        except BaseException:
            with suppress(CometError, OSError):  # what ended it counts
                self._write()
            raise
        self._write()

    def _write(self) -> None:
        self._written, self._problems = playlists.write(self._collection, self._known, self._root)

    # what the service has

    def _lists(self) -> None:
        before = {each.header.key: each for each in self._known.playlists()}
        headers = self._service.headers()
        with self._job.stage(Stage.LISTS, len(headers) + 1) as advance:
            likes = before.get(LIKES)
            found = self._service.likes(likes.header.revision if likes else 0)
            if found is not None and (found.items or not (likes and likes.header.count)):  # all at once are not gone
                self._known.listed(found)
            advance(1, LIKES)
            for header in headers:
                if header.available and _is_new(header, before.get(header.key)):
                    self._list(header)
                advance(1, safe(header.title))
        self._known.met(header.key for header in headers)

    def _list(self, header: Header) -> None:
        listed = self._service.listed(header)
        if listed.header.available:  # else it went between the list and this
            self._known.listed(Listed(header, listed.items))

    def _describe(self) -> None:
        """Ask what tracks are of which that is not known, or was asked for long ago and is due again."""
        asked = self._known.unknown(int(time.time()))
        with self._job.stage(Stage.DESCRIBE, len(asked)) as advance:
            for at in range(0, len(asked), _ASKED):
                some = asked[at : at + _ASKED]
                found = [remote for batch in self._service.tracks(some) for remote in batch]
                self._known.describe(some, found, int(time.time()))
                advance(len(some))


def _is_new(header: Header, old: Playlist | None) -> bool:
    """Tell whether a playlist has to be read: it is otherwise, or was shorter than it says and that is a while ago."""
    if old is None or replace(old.header, available=True) != header:
        return True
    return not old.complete and time.time() - old.fetched > FRESH
