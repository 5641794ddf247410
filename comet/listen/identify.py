"""The door to AcoustID: what the service knows of a fingerprint.

The service is described at https://acoustid.org/webservice. It takes the fingerprint of the first `LENGTH` seconds
and the length of the whole track.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Final

import acoustid
import requests

from comet.core.compressed import encode
from comet.core.errors import DecodeError, ServiceError, SettingsError, WaitError
from comet.core.text import _, safe

if TYPE_CHECKING:
    from comet.core.model import Words

LENGTH: Final = 120.0
"""Seconds from the beginning of a track that the service knows the fingerprints of."""

_META: Final = ["recordings", "releasegroups", "compress"]
_TIMEOUT: Final = (10.0, 30.0)  # seconds to connect, and between two bytes of the answer

_UNUSABLE: Final = (3, 8)  # codes of the service: invalid fingerprint, invalid duration
_WRONG_KEY: Final = 4
_TOO_MANY: Final = 14

# three in a second are allowed; with the 0.33 s that `acoustid` waits a second can hold a fourth
acoustid.REQUEST_INTERVAL = 0.35


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording that a fingerprint may be of; what the service does not know is empty."""

    score: float
    """How well the fingerprints agree, 0..1."""
    title: str
    artist: str
    """All artists, joined as MusicBrainz joins them."""
    album: str
    """One of the albums that it is on."""
    recording: str
    """MusicBrainz's id of the recording."""
    acoustid: str
    """AcoustID's id of the fingerprints that agree."""


class _Session(requests.Session):
    """Keeps the reply: `acoustid` hands on the body alone, but the headers say how long to wait.

    It follows no redirect: the key is for the address that the user has set.
    """

    reply: ClassVar[requests.Response | None] = None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - its own
        _Session.reply = super().send(request, **kwargs)
        return _Session.reply

    def get_redirect_target(self, _resp: requests.Response) -> None:
        """Return that there is none."""

    @classmethod
    def forget(cls) -> None:
        """Drop the reply of the question before."""
        cls.reply = None


acoustid.requests = SimpleNamespace(**{**vars(requests), "Session": _Session})


def ask(url: str, key: str, path: str, words: Words, duration: float) -> list[Recording]:
    """Ask the service once what a track is.

    Args:
        url: Where the service is.
        key: That of the user's application.
        path: The file, for messages.
        words: Sub-fingerprints of its first `LENGTH` seconds.
        duration: Seconds of all of it.

    Returns:
        The best first; none where the service knows nothing like it.

    Raises:
        SettingsError: the service does not know the key.
        DecodeError: it does not take this fingerprint.
        WaitError: it was asked too often.
        ServiceError: it cannot be reached, or its answer is of no use.
    """
    acoustid.set_base_url(url)
    _Session.forget()
    try:
        answer = acoustid.lookup(key, encode(words), duration, _META, timeout=_TIMEOUT)
    except acoustid.WebServiceError as error:
        if _Session.reply is None:
            raise _unreachable(url, error.__context__) from error
        answer = None
    except RecursionError:  # brackets in brackets in brackets
        answer = None
    if _Session.reply is not None and _Session.reply.is_redirect:
        raise _elsewhere(url)
    code, text = _error(answer)
    if _too_many(code):
        raise _waiting(url)
    if code == _WRONG_KEY:
        raise SettingsError(_("AcoustID does not know the key"))
    if code in _UNUSABLE:
        raise DecodeError(path, _("AcoustID does not take its fingerprint: {reason}").format(reason=safe(text)))
    results = answer.get("results") if isinstance(answer, dict) and answer.get("status") == "ok" else None
    if not isinstance(results, list):
        raise _useless(url, text)
    return recordings(results)


def _error(answer: object) -> tuple[int, str]:
    """Return code and message of an answer that is an error, (0, "") of another one."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return 0, ""
    code = error.get("code")
    return code if isinstance(code, int) else 0, _string(error, "message")


def _too_many(code: int) -> bool:
    """Tell whether the last reply asks to wait; the servers before the service say it by their status alone."""
    reply = _Session.reply
    if code == _TOO_MANY or reply is None:
        return code == _TOO_MANY
    return reply.status_code == 429 or (reply.status_code == 503 and "Retry-After" in reply.headers)


def _waiting(url: str) -> WaitError:
    seconds = _wait()
    return WaitError(
        _("AcoustID at `{url}` asked to wait").format(url=safe(url)),
        hint=_("nothing was lost: try the same again later")
        if seconds is None
        else _("nothing was lost: try the same again in {seconds:.0f} s").format(seconds=seconds),
        seconds=seconds,
    )


def _wait() -> float | None:
    """Return the seconds that the last reply asks to wait, None where it does not say.

    RFC 9110, 10.2.3: a number of seconds, or a date.
    """
    text = _Session.reply.headers.get("Retry-After", "").strip() if _Session.reply is not None else ""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):  # a year that no date has
        return None


def _unreachable(url: str, cause: BaseException | None) -> ServiceError:
    """Return the error that no reply came; the library's own sentences are made of names of classes."""
    failures = requests.exceptions
    if isinstance(cause, failures.ProxyError):
        reason = _("the proxy does not let it through")
    elif isinstance(cause, failures.SSLError):
        reason = _("no safe connection to it can be made")
    elif isinstance(cause, failures.Timeout):
        reason = _("it does not answer")
    elif isinstance(cause, failures.ConnectionError):
        reason = _("there is no connection to it")
    else:
        reason = safe(str(cause))
    return ServiceError(
        _("AcoustID at `{url}` cannot be reached: {reason}").format(url=safe(url), reason=reason),
        hint=_("nothing was lost: try the same again when there is a connection"),
    )


def _elsewhere(url: str) -> ServiceError:
    return ServiceError(
        _("AcoustID at `{url}` refers to another address, which is not followed").format(url=safe(url)),
        hint=_("the key is sent only where `identify.url` says: set it to the address where the service is now"),
    )


def _useless(url: str, text: str) -> ServiceError:
    """Return the error that what came is no answer."""
    status = _Session.reply.status_code if _Session.reply is not None else 0
    reason = safe(text) or _("HTTP status {status}").format(status=status)
    return ServiceError(
        _("AcoustID at `{url}` gave an answer that is of no use: {reason}").format(url=safe(url), reason=reason),
        hint=_("nothing was lost: try the same again later, and check `identify.url` if it stays so"),
    )


def recordings(results: list[Any]) -> list[Recording]:
    """Return the recordings in the results of an answer, the best first; what has not the right form is passed over.

    A result without recordings counts too: AcoustID has met the sound, but does not know what it is.
    """
    found = []
    for result in _objects(results):
        score = result.get("score")
        score = min(1.0, max(0.0, score)) if isinstance(score, (int, float)) else 0.0
        for recording in list(_objects(result.get("recordings"))) or [{}]:
            artist = "".join(_string(a, "name") + _string(a, "joinphrase") for a in _objects(recording.get("artists")))
            found.append(
                Recording(
                    score,
                    _string(recording, "title"),
                    artist,
                    _album(recording),
                    _string(recording, "id"),
                    _string(result, "id"),
                )
            )
    return sorted(found, key=lambda each: (-each.score, not each.title))


def _album(recording: dict[str, Any]) -> str:
    """Return the title of an album, or where it is on none, of a single or compilation."""
    groups = [group for group in _objects(recording.get("releasegroups")) if _string(group, "title")]
    groups.sort(key=lambda group: (_string(group, "type") != "Album", bool(group.get("secondarytypes"))))
    return _string(groups[0], "title") if groups else ""


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a list, none where there is no list."""
    return (each for each in (value if isinstance(value, list) else []) if isinstance(each, dict))


def _string(of: dict[str, Any], key: str) -> str:
    """Return a text of a JSON object, empty where there is none."""
    value = of.get(key)
    return value if isinstance(value, str) else ""
