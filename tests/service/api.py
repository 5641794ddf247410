"""The music service's own answers: account, playlists, likes, tracks, and where their sound and lyrics can be had."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.service import catalogue, wire
from tests.service.asked import Answer, Asked, Refusal, result
from tests.service.catalogue import UID
from tests.service.collection import Collection

if TYPE_CHECKING:
    from tests.service.server import Service

ANDROID_KEY: Final = b"p93jhgh689SBReK6ghtw62"
DESKTOP_KEY: Final = b"kzqU4XhfCaY6B6JTHODeq5"
"""What the client signs with, for lyrics and for `get-file-info`."""

_ID = re.compile(r"(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(:\d+)?")


def account(service: Service, asked: Asked) -> Answer:
    """Say whose token it is."""
    uid = service.uid(asked) if "authorization" in asked.headers else None
    now = datetime.fromtimestamp(service.now(), UTC).isoformat()
    return result(wire.status(service.collection, uid, now))


def headers(service: Service, asked: Asked, uid: str) -> Answer:
    """List an account's playlists without their tracks."""
    return result([wire.header(playlist, service.covers) for playlist in _playlists(service, asked, uid).values()])


def kinds(service: Service, asked: Asked, uid: str) -> Answer:
    """List their kinds alone."""
    return result([int(kind) for kind in _playlists(service, asked, uid)])


def by_kind(service: Service, asked: Asked, uid: str, kind: str) -> Answer:
    """Return one playlist with its tracks."""
    return result(_full(service, _playlists(service, asked, uid).get(kind)))


def by_uuid(service: Service, asked: Asked, name: str) -> Answer:
    """Return one by its other name; that of the likes begins with `lk.`."""
    if name.startswith("lk."):
        likes = {"kind": "3", "uuid": name, "title": "Мне нравится", "count": None}
        likes |= {"lines": _own(service, asked, UID).likes, "revision": service.collection.revision}
        return result(_full(service, likes))
    found = (one for one in _own(service, asked, UID).playlists.values() if one["uuid"] == name)
    return result(_full(service, next(found, None)))


def several(service: Service, asked: Asked, uid: str) -> Answer:
    """Return those of some kinds."""
    all_of_them = _playlists(service, asked, uid)
    return result([_full(service, all_of_them[kind]) for kind in asked.arguments("kinds") if kind in all_of_them])


def likes(service: Service, asked: Asked, uid: str) -> Answer:
    """Return what is liked, or no object where nothing changed since a revision."""
    collection = _own(service, asked, int(uid))
    if int(asked.argument("if-modified-since-revision", "0")) >= collection.revision > 0:
        return result("not-modified")
    lines = [
        {"id": line["track"], "timestamp": line["added"]} | ({"albumId": line["album"]} if line["album"] else {})
        for line in collection.likes
    ]
    return result({"library": {"uid": int(uid), "revision": collection.revision, "tracks": lines}})


def tracks(service: Service, asked: Asked) -> Answer:
    """Describe tracks; those that the service does not know are left out."""
    service.uid(asked)
    wanted = asked.arguments("track-ids")
    if len(wanted) > service.settings["batch"]:
        raise Refusal(413, "too-many", "Request Entity Too Large")
    if bad := [one for one in wanted if not _ID.fullmatch(one)]:
        raise Refusal(400, "validate", f"Parameters requirements are not met: {bad[0]}")
    described = (service.described(*one.partition(":")[::2]) for one in wanted)
    return result([one for one in described if one])


def download_info(service: Service, asked: Asked, track: str) -> Answer:
    """Say in which forms the older way has a track: MP3 only."""
    song, sound = _playable(service, asked, track)
    preview = service.preview(asked)
    forms = [(form, kbps) for form, kbps in (("mp3", 320), ("mp3-low", 64)) if form in song.forms]
    found = []
    for form, kbps in forms:
        url = f"{asked.base}/download-info/{service.link(sound, song.id, form, preview=preview)}/2.xml"
        found.append({"codec": "mp3", "bitrateInKbps": kbps, "gain": False, "preview": preview, "direct": False})
        found[-1]["downloadInfoUrl"] = url
    return result(found)


def file_info(service: Service, asked: Asked) -> Answer:
    """Say where a track can be had in the best form that was asked for; a signature is looked at."""
    names = ("ts", "trackId", "quality", "codecs", "transports")
    ts, whole, quality, codecs, transport = (asked.argument(name) for name in names)
    message = ts + whole + quality + codecs.replace(",", "") + transport
    client = asked.headers.get("x-yandex-music-client", "")
    if not client.startswith("YandexMusicDesktopAppWindows/"):
        raise Refusal(403, "not-allowed", "Not allowed for this client")
    _signed(service, ts, message, DESKTOP_KEY, asked.argument("sign"), cut=1)
    song, sound = _playable(service, asked, whole.partition(":")[0])
    form = _best(song.forms, quality, codecs.split(","))
    preview = service.preview(asked)
    encrypted = service.happens("encrypted", asked)
    url = f"{asked.base}/media/{service.link(sound, song.id, form, preview=preview, encrypted=encrypted)}"
    codec, bitrate = {"aac-mp4": ("aac-mp4", 256), "mp3": ("mp3", 320), "mp3-low": ("mp3", 64)}.get(form, ("", 0))
    made = {"trackId": whole, "realId": dict(song.more).get("realId", song.id), "quality": quality, "gain": True}
    made |= {"codec": codec or form.removesuffix("-fragmented"), "bitrate": bitrate, "url": url, "urls": [url, url]}
    made |= {"transport": "encraw", "key": "00112233445566778899aabbccddeeff"} if encrypted else {"transport": "raw"}
    return result({"downloadInfo": made})


def lyrics(service: Service, asked: Asked, track: str) -> Answer:
    """Say where the lyrics of a track can be read."""
    service.uid(asked)
    ts, form = asked.argument("timeStamp"), asked.argument("format")
    _signed(service, ts, track.partition(":")[0] + ts, ANDROID_KEY, asked.argument("sign"))
    song = service.collection.song(track.partition(":")[0])
    if song is None or song.lyrics not in {"TEXT": ("text", "lrc"), "LRC": ("lrc",)}.get(form, ()):
        raise Refusal(404, "not-found", "lyrics not found")
    major = {"id": 1, "name": "LOOPBACK", "prettyName": "Loopback"}
    link = {"downloadUrl": f"{asked.base}/lyrics/{song.id}/{form}", "lyricId": song.seed, "externalLyricId": song.id}
    return result(link | {"writers": ["The Examples"], "major": major})


ROUTES: Final[tuple[tuple[str, str, Callable[..., Answer]], ...]] = (
    ("GET", r"/account/status", account),
    ("GET", r"/users/(\d+)/playlists/list", headers),
    ("GET", r"/users/(\d+)/playlists/list/kinds", kinds),
    ("GET", r"/users/(\d+)/playlists/(\d+)", by_kind),
    ("POST", r"/users/(\d+)/playlists", several),
    ("GET", r"/playlist/([\w.-]+)", by_uuid),
    ("GET", r"/users/(\d+)/likes/tracks", likes),
    ("POST", r"/tracks", tracks),
    ("GET", r"/tracks/([^/]+)/download-info", download_info),
    ("GET", r"/tracks/([^/]+)/lyrics", lyrics),
    ("GET", r"/get-file-info", file_info),
)
"""Method, path, and who answers; the groups of the path are its arguments."""


def _own(service: Service, asked: Asked, uid: int) -> Collection:
    if service.uid(asked) != uid:
        raise Refusal(403, "not-allowed", "Not yours")
    return service.collection if uid == UID else service.nothing


def _playlists(service: Service, asked: Asked, uid: str) -> dict[str, dict[str, Any]]:
    return _own(service, asked, int(uid)).playlists


def _full(service: Service, playlist: dict[str, Any] | None) -> dict[str, Any]:
    """Return a playlist with its tracks; the oldest one describes them, as some do and others do not."""
    if playlist is None:
        raise Refusal(404, "not-found", "playlist not found")
    rich = playlist["kind"] == "1001" and service.settings["rich"]
    described = [service.described(line["track"], line["album"]) for line in playlist["lines"]] if rich else []
    tracks = wire.short(playlist["lines"], {one["id"]: one for one in described if one})
    return wire.header(playlist, service.covers) | {"tracks": tracks, "pager": None}


def _playable(service: Service, asked: Asked, track: str) -> tuple[catalogue.Song, dict[str, Any]]:
    service.uid(asked)
    track = track.partition(":")[0]
    song, sound = service.collection.song(track), service.sounds.get(track)
    if song is None or sound is None:
        raise Refusal(404, "not-found", f"Track not found: {track}")
    if service.collection.odd(track, "geo"):
        raise Refusal(451, "unavailable-for-legal-reasons", "Not available in your region")
    if not service.described(track).get("available"):
        raise Refusal(403, "no-rights", "Track is not available")
    return song, sound


def _best(forms: tuple[str, ...], quality: str, codecs: list[str]) -> str:
    can = [form for form in forms if form.removesuffix("-fragmented").removesuffix("-low") in codecs]
    if quality != "lossless":
        can = [form for form in can if not form.startswith("flac")]
    if not can:
        raise Refusal(404, "not-found", "no such codec")
    return can[-1 if quality in {"nq", "lq"} else 0]


def _signed(service: Service, ts: str, message: str, key: bytes, sign: str, cut: int = 0) -> None:
    """Refuse a wrong signature, and one that is older or newer than the service's clock allows."""
    right = base64.b64encode(hmac.new(key, message.encode(), hashlib.sha256).digest()).decode()
    late = not ts.isdecimal() or abs(int(ts) - service.now()) > service.settings["skew"]
    if late or sign != right[: len(right) - cut]:
        raise Refusal(403, "not-allowed", "Invalid Sign")
