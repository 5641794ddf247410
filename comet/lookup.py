"""Looking tracks up at AcoustID: listened to in workers, asked for one by one. Nothing of it is stored."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from comet.core import places, profiles, settings
from comet.core.errors import DecodeError, SettingsError, WaitError
from comet.core.ini import Value
from comet.core.job import Job
from comet.core.model import Stage
from comet.core.profiles import Profile
from comet.core.text import _, safe
from comet.library import scan
from comet.listen import identify
from comet.listen.fingerprint import Heard, Wanted, limits, listen_all

if TYPE_CHECKING:
    from comet.listen.identify import Recording

T = TypeVar("T")

KEY: Final = "COMET_ACOUSTID_KEY"
"""Environment variable that beats the setting."""

_PAUSES: Final = (1.0, 2.0, 4.0)
"""Seconds before each further try, where the service does not say how long to wait."""
_PATIENCE: Final = 60.0
"""Seconds that are waited at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one file."""

    path: bytes
    """Absolute."""
    duration: float | None = None
    """Seconds, None where the file could not be used."""
    recordings: tuple[Recording, ...] = ()
    """The best first, none where AcoustID knows nothing like it."""
    error: str = ""
    """Why the file could not be used, as a sentence."""


@dataclass(frozen=True, slots=True)
class Service:
    """Whom to ask, and as whom."""

    url: str
    key: Value
    """The key and where it comes from."""


def service(profile: Profile, environment: Mapping[str, str]) -> Service:
    """Return whom to ask with the settings of a profile.

    Raises:
        SettingsError: there is no key, or it is none.
    """
    key = profile.sources.get("identify.key")
    if environment.get(KEY):
        key = Value(environment[KEY].strip(), _("the environment variable {name}").format(name=KEY), "", "key", 0)
        settings.parse(next(d for d in settings.declared() if d.name == "identify.key"), key)
    if key is None or not key.text:
        raise SettingsError(_("AcoustID wants a key, and there is none"), hint=_where())
    return Service(profile.settings.identify.url, key)


def _where() -> str:
    return _(
        "get one at https://acoustid.org/new-application, it costs nothing; put it in `{file}` as `key = ...` under "
        "`[identify]`, in a profile as `identify.key = ...`, or in the environment variable {name}"
    ).format(file=safe(places.places().main_ini), name=KEY)


def identify_files(names: Sequence[str], profile: Profile, asked: Service, job: Job) -> Iterator[Answer]:
    """Listen to files and ask what they are; yield each answer as it comes, one a path however often it is named.

    Raises:
        SettingsError: the service does not know the key.
        ServiceError: it cannot be reached, asked to wait for longer than is waited here, or makes no sense.
        Stopped: somebody asked.
    """
    wanted = []
    paths = dict.fromkeys(os.path.abspath(os.fsencode(name)) for name in names)
    with job.stage(Stage.SCAN, len(paths)) as advance:
        for path in paths:
            try:
                file = scan.file_at(path)
            except OSError as error:
                yield Answer(path, error=error.strerror or str(error))
                advance(note=os.fsdecode(path))
            else:
                wanted.append(Wanted(file, path, identify_first=False))
        how = {**limits(profile.settings), "length": identify.LENGTH}
        with closing(listen_all(wanted, lambda _hash: False, **how)) as heard:
            for each in heard:
                yield _answer(each, asked, job)
                advance(note=os.fsdecode(each.wanted.path))


def _answer(heard: Heard, asked: Service, job: Job) -> Answer:
    path, audio, words = heard.wanted.path, heard.audio, heard.words
    if audio is None or words is None or heard.error:
        return Answer(path, error=heard.error or _("it is not music"))
    if not len(words):
        return Answer(path, audio.duration, error=_("it is silent"))

    def ask() -> list[Recording]:
        return identify.ask(asked.url, asked.key.text, os.fsdecode(path), words, audio.duration)

    try:
        found = _patiently(ask, job)
    except DecodeError as error:
        return Answer(path, audio.duration, error=error.reason)
    except SettingsError as error:
        raise SettingsError(
            _("AcoustID does not know the key from {source}").format(source=profiles.origin(asked.key)), hint=_where()
        ) from error
    return Answer(path, audio.duration, tuple(found))


def _patiently(ask: Callable[[], T], job: Job) -> T:
    """Ask, and while the service asks to wait, wait and ask again.

    Raises:
        WaitError: it still asks to wait, or for too long.
    """
    for pause in _PAUSES:
        try:
            return ask()
        except WaitError as error:
            seconds = pause if error.seconds is None else error.seconds
            if seconds > _PATIENCE:
                raise
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            job.check()
            time.sleep(min(0.1, left))
    return ask()
