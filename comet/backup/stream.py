"""The bytes of a file as the service sends them, and what can go wrong on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, Self

import requests
import urllib3

from comet.backup.patience import Patience
from comet.core.errors import ServiceError
from comet.core.text import _

BROKEN: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What is raised where no answer comes, or not all of it; their texts hold addresses."""

_SLOW: Final = (1000, 30.0)  # bytes a second that a line has at least, over so many seconds
_LEAST: Final = 2.0  # seconds of these that are left where tests are in haste
_CHUNK: Final = 64 << 10


class Interrupted(ServiceError):  # noqa: N818 - what happened, and it can go on
    """What came before stays good, and the rest can be asked for: the line broke, stood still or was too slow."""


class Body:
    """The bytes of a file as they come, in chunks; they can be read once, inside `with`."""

    def __init__(self, response: requests.Response, patience: Patience) -> None:
        self._response, self._patience = response, patience
        headers = response.headers
        unit, _space, span = headers.get("Content-Range", "").partition(" ")
        first, _slash, whole = span.partition("/")
        ranged = response.status_code in (206, 416) and unit == "bytes"
        self.total = _number(whole if ranged else headers.get("Content-Length", ""))
        """Bytes of the whole file, None where nobody says."""
        self.start = 0
        """Where in the file the first byte belongs."""
        if ranged and response.status_code == 206:
            self.start = _number(first.partition("-")[0]) or 0
        elif ranged and self.total is not None:
            self.start = self.total
        self.type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.etag = headers.get("ETag", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes.

        Raises:
            Interrupted: no more came.
            Stopped: somebody asked to stop.
        """
        if self._response.status_code == 416:
            return
        least, window = _SLOW[0], max(_LEAST, _SLOW[1] / self._patience.haste)
        since, came = time.monotonic(), 0
        while chunk := self._next():
            yield chunk
            self._patience.sleep(0)
            came += len(chunk)
            now = time.monotonic()
            if now - since >= window:
                if came < least * (now - since):
                    raise _interrupted(_("the line is too slow"))
                since, came = now, 0

    def _next(self) -> bytes:
        """Return what has come, at most `_CHUNK` bytes; nothing at the end."""
        try:
            chunk: bytes = self._response.raw.read1(_CHUNK)
        except BROKEN as error:
            raise _interrupted(reason(error)) from None
        return chunk


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def reason(error: BaseException) -> str:
    """Return why no answer came, for a person; the library's own texts hold addresses."""
    failures, below = requests.exceptions, urllib3.exceptions
    if isinstance(error, failures.ProxyError):
        return _("the proxy does not let it through")
    if isinstance(error, (failures.SSLError, below.SSLError)):
        return _("no safe connection to it can be made")
    if isinstance(error, (failures.Timeout, below.TimeoutError, TimeoutError)):
        return _("it does not answer")
    if isinstance(error, (failures.ChunkedEncodingError, failures.ContentDecodingError, below.ProtocolError)):
        return _("the connection broke")
    return _("there is no connection to it")


def _interrupted(reason: str) -> Interrupted:
    return Interrupted(_("the download was interrupted: {reason}").format(reason=reason))
