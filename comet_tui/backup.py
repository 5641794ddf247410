"""What the screen of the backup asks: what there is of it, why a track is not here; and what it lets be done."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet.core.errors import CometError, SignInError, Stopped
from comet.core.places import places
from comet.core.profiles import Profile
from comet_tui.session import Session

if TYPE_CHECKING:
    from comet.backup.database import Records, Run
    from comet.backup.ended import Ended
    from comet.backup.overview import Absent, Counted
    from comet.backup.signin import Code


@dataclass(frozen=True, slots=True)
class Backed:
    """What there is of the backup of a profile."""

    profile: Profile
    login: str
    """Of the account that the profile belongs to, empty before the first run."""
    unsigned: CometError | None
    """Why there is no sign-in, None where there is one."""
    lists: tuple[Counted, ...]
    last: Ended | None
    """How the last run ended."""
    run: Run | None
    """The last one that came as far as the service."""
    next_try: int
    """When a track that could not be had is asked for again, in seconds since 1970; 0 where there is none."""


def backed(session: Session) -> Backed:
    """Return what there is of the backup.

    Raises:
        CometError: as `Session.choose`, and where what is known of it cannot be read.
    """
    from comet.backup import credentials, ended  # noqa: PLC0415 - loaded when somebody goes there

    profile, here = session.choose(), places()
    unsigned: CometError | None = None
    try:
        credentials.load(profile.name, here)
    except SignInError as error:
        unsigned = error
    account = credentials.bound(profile.name, here)
    login = (account.login or account.uid) if account else ""
    last = ended.last(here.profile(profile.name))
    path = _path(profile)
    if not os.path.exists(path):
        return Backed(profile, login, unsigned, (), last, None, 0)
    from comet.backup.overview import Overview  # noqa: PLC0415 - likewise

    with closing(Overview(path)) as known:
        run = next(iter(known.runs()), None)
        return Backed(profile, login, unsigned, tuple(known.counted()), last, run, known.next_try())


def absent(profile: Profile, key: str) -> list[Absent]:
    """Return the tracks of a playlist that are not here.

    Raises:
        CometError: what is known of the backup cannot be read.
    """
    from comet.backup.overview import Overview  # noqa: PLC0415 - loaded when somebody goes there

    with closing(Overview(_path(profile))) as known:
        return known.absent(key)


def retry(profile: Profile, tracks: Sequence[str]) -> int:
    """Let the next run ask again for tracks that could not be had, or that nobody wanted; return how many.

    Raises:
        CometError: it could not be written down.
    """
    from comet.backup import verify  # noqa: PLC0415 - loaded when something is to be done

    return _done(profile, lambda known: verify.retry(known, tracks)) if tracks else 0


def ignore(profile: Profile, track: str) -> None:
    """Ask for a track no more.

    Raises:
        CometError: it is here by now, or that could not be written down.
    """
    from comet.backup import verify  # noqa: PLC0415 - loaded when something is to be done

    _done(profile, lambda known: verify.ignore(known, [track]))


def start(session: Session) -> str:
    """Start a run as a job of its own, and return the job's folder.

    Raises:
        CometError: as `Session.choose`.
        LockedError: another job of this profile runs.
    """
    return session.start(session.choose(), "backup", "run", alone=True)


class Door:
    """One signing in: a code that is typed elsewhere, which is waited for until somebody stops that."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stopped = threading.Event()

    def open(self, show: Callable[[Code], None]) -> str:
        """Let a code be shown, wait until it was typed, keep the token, and return whose it is.

        Raises:
            CometError: the service cannot be reached, the code was refused, nobody typed it, or the profile belongs to
                another account.
            Stopped: somebody stopped it.
        """
        from comet.backup import signin  # noqa: PLC0415 - loaded when somebody signs in

        with signin.SignIn(self._check) as signing:
            code = signing.begin()
            show(code)
            tokens = signing.wait(code)
        account, _where = signin.keep(self._session.choose().name, places(), tokens, "file", self._check)
        return account.login or account.uid

    @property
    def closed(self) -> bool:
        """Somebody stopped it."""
        return self._stopped.is_set()

    def close(self) -> None:
        """Let whoever waits be stopped."""
        self._stopped.set()

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Stopped


def _done(profile: Profile, act: Callable[[Records], int]) -> int:
    from comet.backup.database import Records  # noqa: PLC0415 - loaded when something is to be done

    with closing(Records(_path(profile))) as known:
        return act(known)


def _path(profile: Profile) -> str:
    from comet.backup import database  # noqa: PLC0415 - loaded when somebody goes there

    return database.path_of(places().profile(profile.name))
