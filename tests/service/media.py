"""What is no JSON: sound in all its forms, covers, lyrics, and the older way's XML."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final

from tests.service.asked import Answer, Asked, Refusal
from tests.service.catalogue import SONGS

if TYPE_CHECKING:
    from tests.service.server import Link, Service

SALT: Final = "XGRlBW9FXlekgbPrRHuSiA"
"""What the client salts the addresses of the older way with."""

_TYPES = {"flac": "audio/flac", "mp3": "audio/mpeg", "mp3-low": "audio/mpeg"}
_SECRET = "5fd3c9"  # noqa: S105 - every address shows it


def sound(service: Service, asked: Asked, name: str) -> Answer:
    """Send what a link is for."""
    return _sound(service, asked, _link(service, asked, name))


def xml(service: Service, asked: Asked, name: str) -> Answer:
    """Say, in XML, what the address of a sound is made from."""
    _link(service, asked, name)
    ts = f"{int(service.now()):x}"
    parts = {"host": service.covers, "path": f"/rmusic/{name}.mp3", "ts": ts, "region": "-1", "s": _SECRET}
    inner = "".join(f"<{key}>{text}</{key}>" for key, text in parts.items())
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<download-info>{inner}</download-info>'
    return Answer(text.encode(), type="text/xml; charset=utf-8")


def get_mp3(service: Service, asked: Asked, sign: str, path: str, name: str) -> Answer:
    """Send the sound of the older way, if its address was made as it should."""
    if sign != hashlib.md5((SALT + path[1:] + _SECRET).encode()).hexdigest():  # noqa: S324 - the service's choice
        raise Refusal(403, "not-allowed", "bad signature")
    return _sound(service, asked, _link(service, asked, name))


def cover(service: Service, asked: Asked, album: str, kind: str, size: str) -> Answer:
    """Send a picture of a size: at most 1000 by 1000, or `orig`."""
    width, _, height = size.partition("x")
    pixels = 1200 if size == "orig" else int(width) if width == height and width.isdecimal() else 0
    if not (0 < pixels <= 1000 or size == "orig"):
        raise Refusal(404, "not-found", "no such size")
    return Answer(_picture(int(album), kind, pixels), type=f"image/{kind}")


def words(service: Service, asked: Asked, track: str, form: str) -> Answer:
    """Send lyrics, with times or without."""
    lines = [f"Строка {number} of «{SONGS[track].title}»" for number in (1, 2, 3)]
    timed = [f"[00:{2 * number:02}.50] {line}" for number, line in enumerate(lines)]
    return Answer("\n".join(timed if form == "LRC" else lines).encode(), type="text/plain; charset=utf-8")


ROUTES: Final[tuple[tuple[str, str, Callable[..., Answer]], ...]] = (
    ("GET", r"/media/([\w.-]+)", sound),
    ("GET", r"/download-info/([\w.-]+)/2\.xml", xml),
    ("GET", r"/get-mp3/(\w+)/[0-9a-f]+(/rmusic/([\w.-]+)\.mp3)", get_mp3),
    ("GET", r"/get-music-content/(\d+)/(jpeg|png)/(\w+)", cover),
    ("GET", r"/lyrics/([\w-]+)/(TEXT|LRC)", words),
)


def _link(service: Service, asked: Asked, name: str) -> Link:
    link = service.links.get(name)
    if link is None or service.now() > link.until:
        raise Refusal(410, "gone", "link expired")
    return link


def _sound(service: Service, asked: Asked, link: Link) -> Answer:
    body = service.file(link.file)
    if link.encrypted:
        body = _scrambled(body)
    tag = hashlib.md5(body).hexdigest()  # noqa: S324 - as storage services do
    kind = service.settings["etag"]
    tags = {"strong": f'"{tag}"', "weak": f'W/"{tag}"', "changing": f'"{tag[:16]}{asked.number}"'}
    unranged = not service.settings["ranges"] or service.happens("unranged", asked)
    shift = 100 if service.happens("shifted", asked) else 0
    made = {"ETag": tags[kind]} if kind in tags else {}
    made |= {} if unranged else {"Accept-Ranges": "bytes"}
    return Answer(body, type=_TYPES.get(link.form, "audio/mp4"), headers=made, ranges=not unranged, shift=shift)


def _scrambled(body: bytes) -> bytes:
    """Return as many bytes that nobody here can read: that they cannot is all that matters of ciphertext."""
    noise = hashlib.shake_128(body[:64]).digest(len(body))
    return (int.from_bytes(body) ^ int.from_bytes(noise)).to_bytes(len(body))


@cache
def _picture(album: int, kind: str, pixels: int) -> bytes:
    from tests.service import audio  # noqa: PLC0415 - most starts need no codec

    return audio.cover(album, kind, pixels)
