"""The sound of one track, from the service into staging: resumed where it broke off, and known to be whole.

Nothing counts as fetched before it has as many bytes as the service said, begins like music, and is on the disk.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from comet.act.staging import Staging
from comet.backup.database import Part, Records
from comet.backup.model import Media, Reason
from comet.backup.service import Expired, Refused, Service
from comet.core.errors import ServiceError, SignInError, WaitError
from comet.core.text import _
from comet.listen import content

if TYPE_CHECKING:
    from comet.backup.stream import Body

PART, RAW, FLAC, BUILT, COVER = b".part", b".raw", b".flac", b".built", b".cover"
"""Endings of what lies in staging for a track: as it comes, whole, out of its container, with tags; and its cover."""
ENDINGS: Final = (PART, RAW, FLAC, BUILT, COVER)

_BOOT: Final = "/proc/sys/kernel/random/boot_id"
_BREAKS: Final = 5
"""Times in a row that nothing came before it is given up for this run."""
_LINKS: Final = 3
"""Links that ran out before."""
_HEAD: Final = 1 << 16
_MUSIC: Final = frozenset({"flac", "mp4", "mpeg", "id3", "adts", "ogg"})
_MOST: Final = 4 << 30
"""Bytes of a track at most."""


def name(track: str, ending: bytes) -> bytes:
    """Return what a track's file is called in staging: an id from outside is no name for a file."""
    safe = track if re.fullmatch(r"[0-9A-Za-z-]{1,64}", track) else hashlib.blake2b(track.encode()).hexdigest()[:32]
    return safe.encode() + ending


def boot() -> str:
    """Return what tells one start of the system from another, empty where nothing does."""
    try:
        with open(_BOOT, encoding="ascii") as stream:
            return stream.read().strip()
    except OSError:
        return ""


class Fetcher:
    """Fetches one track after the other."""

    def __init__(self, service: Service, staging: Staging, records: Records, quality: str) -> None:
        self._service, self._staging, self._records, self._quality = service, staging, records, quality
        self._boot = boot()

    def fetch(self, track: str, came: Callable[[int], None]) -> None:
        """Bring the sound of a track into staging, whole; `came` is told the bytes as they do.

        Raises:
            Refused: it cannot be had, or not now.
            WaitError, SignInError: the run has to end.
            OSError: the disk is full.
        """
        media = self._media(track)
        self._prepare(track, media)
        breaks = links = 0
        while True:
            before = self._staging.size(name(track, PART))
            try:
                if self._take(track, media, before, came):
                    break
                breaks += 1
            except Expired:
                links += 1
                if links > _LINKS:
                    raise Refused(Reason.NETWORK, _("its links run out before it has come")) from None
                media = self._media(track)
                self._prepare(track, media)
            except (WaitError, SignInError, Refused):
                raise
            except ServiceError as error:
                breaks = 0 if self._staging.size(name(track, PART)) > before else breaks + 1
                if breaks >= _BREAKS:
                    raise Refused(Reason.NETWORK, str(error)) from error
            if breaks >= _BREAKS:
                raise Refused(Reason.SHORT, _("less of it comes than the service says"))
        self._staging.seal(name(track, PART), name(track, RAW))

    def _media(self, track: str) -> Media:
        media = self._service.media(track, self._quality)
        if media.preview:
            raise Refused(Reason.PREVIEW, _("the service gives 30 seconds of it only"))
        return media

    def _prepare(self, track: str, media: Media) -> None:
        """Throw away what came before if it was another file, or the system has been started anew since."""
        old = self._records.part(track)
        if old and self._boot and (old.boot, old.codec, old.bitrate) == (self._boot, media.codec, media.bitrate):
            return
        self._staging.drop(name(track, PART))
        first = old.first if old else ""
        self._records.begun(track, Part(self._boot, "", media.codec, media.bitrate, None, first))

    def _take(self, track: str, media: Media, start: int, came: Callable[[int], None]) -> bool:
        """Take what comes from `start` on; return whether it is all there is."""
        part = self._records.part(track)
        if part is None:  # `_prepare` has stored it
            return False
        with self._service.body(media.url, start, part.etag) as body:
            if body.start not in (0, start) or (body.start and part.total and body.total not in (None, part.total)):
                self._staging.drop(name(track, PART))  # it is another file by now
                return False
            if not body.start:
                part = replace(part, etag=body.etag, total=body.total)
                self._records.begun(track, part)
            size = self._pour(name(track, PART), body, came)
        total = part.total if part.total is not None else body.total
        if total is not None and size > total:
            self._staging.drop(name(track, PART))
            raise Refused(Reason.CONTENT, _("more of it comes than the service says"))
        return size > 0 and (total is None or size == total)

    def _pour(self, part: bytes, body: Body, came: Callable[[int], None]) -> int:
        """Write what comes and return how many bytes there are now."""
        size: int = body.start
        head = b""
        with self._staging.append(part, body.start) as write:
            for chunk in body:
                if body.start == 0 and len(head) < _HEAD:
                    head += chunk
                    _refuse_other(head, last=False)
                write(chunk)
                size += len(chunk)
                came(len(chunk))
                if size > _MOST:
                    raise Refused(Reason.CONTENT, _("it is too large for a track"))
        if body.start == 0:
            _refuse_other(head, last=True)
        return size


def _refuse_other(head: bytes, *, last: bool) -> None:
    """Refuse what does not begin like music; a beginning that is short still may."""
    kind = content.kind(head)
    if kind in _MUSIC or (not last and len(head) < _HEAD and not content.other(head)):
        return
    if not kind and content.mpeg_start(head) >= 0:
        return
    raise Refused(Reason.CONTENT, content.other(head) or _("the answer is no music"))


def later(reason: Reason, tries: int, now: int | None = None) -> int:
    """Return when a track that could not be had is asked for again, in seconds since 1970."""
    now = int(time.time()) if now is None else now
    if days := _DAYS.get(reason) or (_PREVIEW_DAYS if lasting(reason, tries) else 0):
        return now + days * 86_400
    return now + min(600 << min(tries, 10), 86_400)


_DAYS: Final = {
    Reason.NOT_ALLOWED: 1,
    Reason.NO_RIGHTS: 3,
    Reason.ENCRYPTED: 7,
    Reason.REMOVED: 7,
    Reason.GEO: 7,
}
"""After which one asks again for what is not to be had; all else is a failure, and asked for sooner."""

_PREVIEWS: Final = 3
"""Tries that brought a preview alone, after which there is nothing else for now."""
_PREVIEW_DAYS: Final = 7


def lasting(reason: Reason, tries: int) -> bool:
    """Tell whether a track is not to be had for now, so that nothing went wrong; `tries` are those before this one."""
    return reason in _DAYS or (reason is Reason.PREVIEW and tries + 1 >= _PREVIEWS)
