"""The door to yandex-music: what the service has, as Comet's nouns.

The library is asked for lists, descriptions and links. It never writes a file, and what it gives is looked at field by
field, for what the service leaves out is None there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self
from xml.parsers.expat import ExpatError

from yandex_music import Client
from yandex_music.exceptions import YandexMusicError

from comet.backup import described, redact, transport
from comet.backup.described import named, number, text
from comet.backup.model import LIKES, Account, Header, Item, Listed, Media, Reason, Remote
from comet.backup.patience import Patience, unheard
from comet.backup.stream import Body
from comet.backup.transport import Status, Transport
from comet.core.errors import CometError, ServiceError
from comet.core.text import _, safe

if TYPE_CHECKING:
    from yandex_music import DownloadInfo, Playlist

SKEWED: Final = 30.0
"""Seconds that a clock is off from which on signatures may be refused."""

_BATCH: Final = 100
"""Tracks that are asked for at once."""

_COVER, _TEXT = 20 << 20, 1 << 20  # bytes that a cover, and lyrics, have at most

_ODD: Final = (
    YandexMusicError, AssertionError, AttributeError, ExpatError, KeyError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What the library raises for answers of another form than it knows."""

_REASONS: Final = {403: Reason.NOT_ALLOWED, 404: Reason.REMOVED, 410: Reason.REMOVED, 451: Reason.GEO}


class Refused(CometError):  # noqa: N818 - what happened to one track
    """One track cannot be had; `reason` says why. The others go on."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Expired(ServiceError):  # noqa: N818 - what happened to one link
    """A link is no longer good: ask for a new one."""


class Service:
    """The service, asked for one account. Nothing is asked before it is needed; `close` or `with` ends connections.

    Args:
        token: Of the account.
        pace: Questions a second at most.
        check: Looked at in every wait; raises `Stopped`.
        base_url: Address of the interface, empty for COMET_YM_BASE_URL or Yandex's.
        notice: Told a sentence where a longer wait begins.

    Every method may raise `SignInError`, `WaitError`, `ServiceError` and `Stopped`, which end or pause a run.
    """

    def __init__(
        self,
        token: str,
        *,
        pace: float,
        check: Callable[[], None],
        base_url: str = "",
        notice: Callable[[str], None] = unheard,
    ) -> None:
        redact.keep(token)
        self.patience = Patience(check, notice)
        self.transport = Transport(self.patience, pace, base_url=base_url)
        self.unknown: set[str] = set()
        """What the library found otherwise than it knows: names of its classes."""
        self.older = ""
        """Why the older way of asking for sound had to do for the last track, empty where it had not."""
        self._client = Client(
            token,
            self.transport.base_url,
            self.transport,
            on_schema_mismatch=lambda found: self.unknown.add(found.model_name),
        )
        self._uid = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.transport.close()

    @property
    def requests(self) -> int:
        """Questions to the interface so far."""
        return self.transport.requests

    def account(self) -> Account:
        """Return whose token it is; whether that account pays is for the caller to judge."""
        with asked(403, 451):
            try:
                status = self._client.account_status()
            except Status as error:
                if error.code == 403:
                    raise transport.unknown() from None
                if error.code != 451:
                    raise
                raise ServiceError(
                    _("Yandex Music is not to be had in this country"), hint=_("turn off a VPN if there is one")
                ) from None
        account = status and status.account
        if not status or not account or not account.uid:
            raise transport.unknown()
        self._uid = named(account.uid)
        login = text(account.login) or text(account.display_name)
        plus = bool(status.plus and status.plus.has_plus)
        return Account(self._uid, login, plus, number(account.region))

    @property
    def uid(self) -> str:
        """Whose token it is; asked for where `account` was not called."""
        return self._uid or self.account().uid

    def headers(self) -> list[Header]:
        """Return the account's playlists without their tracks."""
        with asked():
            found = self._client.users_playlists_list(self.uid)
            return [header for each in found if (header := _header(each, self.uid)) is not None]

    def likes(self, revision: int = 0) -> Listed | None:
        """Return what the account likes, in the service's order; None if that is as it was at `revision`."""
        with asked():
            found = self._client.users_likes_tracks(self.uid, if_modified_since_revision=revision)
            items = _items(found.tracks) if found else ()
        if found is None:
            if not revision:
                raise useless()
            return None
        header = Header(LIKES, "", self.uid, "", "Likes", len(items), number(found.revision))
        return Listed(header, items)

    def listed(self, header: Header) -> Listed:
        """Return a playlist with its tracks; one that went away meanwhile is not available, and has none."""
        with asked(403, 404, 451):
            try:
                found: Playlist | list[Playlist] | None
                try:
                    found = self._client.users_playlists(header.kind, header.owner)
                except Status as error:
                    if error.code != 404 or not header.uuid:
                        raise
                    found = self._client.playlist(header.uuid)  # the newer form of its address
            except Status:
                return Listed(replace(header, available=False), ())
            if found is None or isinstance(found, list):
                raise useless()
            return Listed(_header(found, header.owner) or header, _items(found.tracks))

    def tracks(self, items: Sequence[Item]) -> Iterator[list[Remote]]:
        """Yield descriptions of tracks, a batch at a time; those that the service does not know are absent."""
        albums = {item.track: item.album for item in reversed(items)}
        wanted = list(dict.fromkeys(item.track for item in items))
        for at in range(0, len(wanted), _BATCH):
            yield self._described(wanted[at : at + _BATCH], albums)

    def _described(self, wanted: list[str], albums: Mapping[str, str]) -> list[Remote]:
        """Return descriptions; a batch that is too large, or has an id that is none, is asked for in halves."""
        with asked(400, 404, 413):
            try:
                found = self._client.tracks([f"{each}:{albums[each]}" if albums[each] else each for each in wanted])
            except Status as error:
                if len(wanted) > 1:
                    half = len(wanted) // 2
                    return self._described(wanted[:half], albums) + self._described(wanted[half:], albums)
                if error.code == 413:
                    raise useless() from None
                return []
            return [described.remote(each, albums.get(named(each.id), "")) for each in found if each.id]

    def media(self, track_id: str, quality: str) -> Media:
        """Return where the sound of a track can be had, in the best quality up to `quality`.

        The older form of the question is tried where the newer one is refused or gives encrypted files only.

        Raises:
            Refused: this track cannot be had.
        """
        found, url, encrypted, refused = None, "", False, None
        with asked(400, 403, 404, 451):
            try:
                answer = self._client.tracks_file_info(track_id, quality)
                if found := answer and answer.download_info:
                    encrypted = bool(found.key) or (found.transport or "raw") != "raw"
                    url = text(found.url) or next(map(text, found.urls or ()), "")
            except Status as error:
                if error.code not in (400, 403):
                    raise _refusal(error) from None
                self._look_at_the_clock(error)
                refused = error
        if found and url and not encrypted:
            self.older = ""
            return Media(url, text(found.codec), number(found.bitrate), text(found.quality))
        self.older = safe(str(refused)) if refused else "encrypted" if encrypted else "no link"
        try:
            return self._older(track_id, quality)
        except Refused:
            if encrypted:
                raise Refused(Reason.ENCRYPTED, _("there is only an encrypted file, which is not decrypted")) from None
            if refused is not None:
                raise _refusal(refused) from None
            raise

    def _look_at_the_clock(self, refused: Status) -> None:
        """End the run where a wrong clock is why a signature is refused: else all would come as MP3, unnoticed."""
        skew = self.transport.skew or 0.0
        if "sign" in str(refused).lower() and abs(skew) > SKEWED:
            raise ServiceError(
                _("Yandex Music refuses what is signed, for this machine's clock is {seconds:+.0f} s off").format(
                    seconds=skew
                ),
                hint=_("set the clock, best by NTP"),
            )

    def _older(self, track_id: str, quality: str) -> Media:
        """Return where the sound can be had, asked in the older way: MP3 and AAC only."""
        try:
            with asked(400, 403, 404, 410, 451):
                found = self._client.tracks_download_info(track_id)
                best = _best(found, quality)
                url = best and best.get_direct_link()
        except Status as error:
            raise _refusal(error) from None
        if not best or not url:
            raise Refused(Reason.NO_RIGHTS, _("the service has no file of it"))
        address = self.transport.secure(url.removeprefix("https://"))
        return Media(address, text(best.codec), number(best.bitrate_in_kbps), preview=bool(best.preview))

    def body(self, url: str, start: int = 0, etag: str = "") -> Body:
        """Return the bytes behind a link, from `start` on where that is possible: see `Body.start`.

        Args:
            url: Of `Media`.
            start: Bytes that are there already.
            etag: Of the body that they came from, empty where it had none.

        Raises:
            Expired: the link is no longer good.
            Refused: there is no music behind it.
            Interrupted: while it is read: what came is good, the rest can be asked for.
        """
        try:
            return self.transport.stream(url, start, etag)
        except Status as error:
            if error.code in (401, 403, 404, 410):
                raise Expired(_("the link to a file is no longer good")) from None
            if error.code == 451:
                raise _refusal(error) from None
            raise Refused(
                Reason.CONTENT, _("there is no music behind its link: HTTP status {status}").format(status=error.code)
            ) from None

    def cover(self, remote: Remote, pixels: int) -> bytes:
        """Return the cover of a track as the service has it in that size; nothing where it has none."""
        if not remote.cover:
            return b""
        url = self.transport.secure(remote.cover.removeprefix("https://").replace("%%", f"{pixels}x{pixels}"))
        try:
            return self.transport.fetch(url, _COVER)
        except Status:
            return b""

    def lyrics(self, remote: Remote, *, synced: bool = True) -> tuple[str, bool]:
        """Return the lyrics of a track, and whether they have times (LRC); those without if not `synced`.

        Where there are none, they are empty.
        """
        if not remote.id.isdecimal():  # an upload has none, and the library knows no such ids
            return "", False
        for form in ("LRC", "TEXT") if synced and remote.synced else ("TEXT",):
            with asked(400, 403, 404, 451):
                try:
                    found = self._client.tracks_lyrics(remote.id, form)
                    words = self.transport.fetch(found.download_url, _TEXT) if found and found.download_url else b""
                except Status:
                    continue
            if words.strip():
                return words.decode("utf-8", "replace"), form == "LRC"
        return "", False


def useless() -> ServiceError:
    """Return the error that an answer has another form than was known."""
    return ServiceError(
        _("Yandex Music gave an answer that is of no use"),
        hint=_("the service may have changed: update Comet, and see what `comet backup doctor` says"),
    )


@contextmanager
def asked(*expected: int) -> Iterator[None]:
    """Turn what the library raises into Comet's own; a refusal with an `expected` status goes on as it is."""
    try:
        yield
    except Status as error:
        if error.code in expected:
            raise
        raise ServiceError(
            _("Yandex Music refused a question: {reason}").format(reason=safe(str(error))), hint=useless().hint
        ) from None
    except _ODD:
        raise useless() from None


def _refusal(error: Status) -> Refused:
    """Return the refusal of a track that an answer's status means."""
    reason = Reason.NO_RIGHTS if "rights" in error.name else _REASONS.get(error.code, Reason.NOT_ALLOWED)
    return Refused(reason, _("the service refuses it: {reason}").format(reason=safe(str(error))))


def _best(found: Sequence[DownloadInfo], quality: str) -> DownloadInfo | None:
    """Return the best of what is offered up to a quality; 30 seconds only where there is nothing else."""
    most = 192 if quality == "nq" else 1 << 20

    def rank(each: DownloadInfo) -> tuple[bool, bool, int]:
        rate = number(each.bitrate_in_kbps)
        return not each.preview, rate <= most, rate if rate <= most else -rate

    return max((each for each in found if each.download_info_url), key=rank, default=None)


def _header(found: Playlist, owner: str) -> Header | None:
    """Return a playlist without its tracks, None for one that has no number."""
    if found.kind is None:
        return None
    uid, kind = named((found.owner and found.owner.uid) or found.uid or owner), text(str(found.kind))
    return Header(
        f"{uid}:{kind}",
        text(found.playlist_uuid),
        uid,
        kind,
        text(found.title),
        number(found.track_count),
        number(found.revision),
        found.available is not False,
    )


def _items(tracks: Sequence[Any]) -> tuple[Item, ...]:
    """Return the lines of a list, in its order."""
    known = (each for each in tracks or () if each.id)
    return tuple(Item(named(each.id), named(each.album_id), text(each.timestamp)) for each in known)
