"""What the account has: 25 tracks in three playlists and the likes, with everything that makes trouble among them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

UID, OTHER = 77001001, 77002002
"""The account whose collection this is, and another one that has nothing."""

TOKENS = {"test-token-of-mila": UID, "test-token-of-ilya": OTHER}
"""Tokens that are known without a sign-in."""

UPLOAD = "8b1d42ff-6c1e-4b7e-9a65-0d3b8ed21c47"


@dataclass(frozen=True, slots=True)
class Album:
    """A release; `cover` is `jpeg`, `png` or none."""

    id: int
    title: str
    artists: tuple[str, ...]
    year: int
    genre: str = "electronics"
    labels: tuple[str, ...] = ("Loopback Records",)
    total: int = 12
    cover: str = "jpeg"


ALBUMS = {
    album.id: album
    for album in (
        Album(501, "Small Hours", ("The Examples",), 2019, "indie", ("Loopback Records", "Второй лейбл"), 9),
        Album(502, "Тёплый снег", ("Ёлка и Щегол",), 2021, "rusrock", total=8, cover="png"),
        Album(503, "The Best of Small Hours", ("The Examples",), 2024, "indie"),
        Album(504, "Echo/echo: What?", ("AC/BC",), 1999, "rock", total=5),
        Album(505, "Nothing Shown", ("No Picture",), 2010, cover=""),
    )
}


@dataclass(frozen=True, slots=True)
class Song:
    """A track as its recipe; `forms` are those of its sound, the best first."""

    id: str
    title: str
    artists: tuple[str, ...]
    albums: tuple[int, ...] = (501,)
    forms: tuple[str, ...] = ("flac", "mp3")
    seconds: float = 0.0
    version: str = ""
    lyrics: str = ""
    """`text`, or `lrc` for both."""
    more: tuple[tuple[str, Any], ...] = ()
    """Fields beside those, or in their place, as the service has them."""

    @property
    def seed(self) -> int:
        """What its melody is drawn from."""
        return int(self.id.replace("-", "")[-6:], 16)


_EXAMPLES, _RUSSIAN, _ACBC, _NONE = ("The Examples",), ("Ёлка и Щегол",), ("AC/BC",), ("No Picture",)
_MP4, _FRAGMENTED, _AAC = (("flac-mp4", "mp3"), ("flac-mp4-fragmented", "mp3"), ("aac-mp4", "mp3"))

_RECIPES = (
    Song("30000001", "Night Trains", _EXAMPLES, (501, 503), lyrics="lrc"),
    Song("30000002", "Paper Boats", ("The Examples", "Anna", "Bruno & Co."), (501, 503), _MP4),
    Song("30000003", "Harbour Lights", _EXAMPLES, forms=_FRAGMENTED, lyrics="text"),
    Song("30000004", "Clockwork", _EXAMPLES, forms=("mp3", "mp3-low")),
    Song("30000005", "Clockwork", _EXAMPLES, forms=_AAC, version="radio edit"),
    Song("30000006", "Lanterns", _EXAMPLES, (503,)),
    Song("30000007", "Lanterns", _EXAMPLES, (503,), seconds=40.0, version="long", forms=("mp3",)),
    Song("30000008", "Ночные поезда", _RUSSIAN, (502,), lyrics="lrc"),
    Song("30000009", "Ёжик в тумане", (*_RUSSIAN, "Ансамбль «Метель»"), (502,), _MP4),
    Song("30000010", "Снег" + " и снег" * 24, _RUSSIAN, (502,), _FRAGMENTED),
    Song("30000011", "Пауза", _RUSSIAN, (502,), _AAC, more=(("explicit", True), ("contentWarning", "explicit"))),
    Song("30000012", "Echo", _ACBC, (504,)),
    Song("30000013", "echo", _ACBC, (504,)),
    Song("30000014", 'What? <Why> "How" | * \\', _ACBC, (504,), _AAC),
    Song("30000015", "..", _ACBC, (504,), _MP4),
    Song("30000016", "CON", _ACBC, (504,), _FRAGMENTED),
    Song("30000017", "No Cover", _NONE, (505,), more=(("coverUri", None), ("isrc", None))),
    Song("30000018", "No Loudness", _NONE, (505,), more=(("r128", None),)),
    Song("30000019", "Nearly Anonymous", (), (505,), ("mp3",)),
    Song("30000020", "Substitute", _EXAMPLES, (503,), _AAC, more=(("realId", "30000920"),)),
    Song(UPLOAD, "моя запись.mp3", (), (), ("mp3",), more=(("filename", "моя запись.mp3"), ("trackSource", "UGC"))),
    Song("30000022", "Taken Away", _EXAMPLES),
    Song("30000023", "No Rights", _EXAMPLES, more=(("available", False), ("error", "no-rights"))),
    Song("30000024", "Not Here", _EXAMPLES, forms=("mp3",)),
    Song("30000025", "Thirty Seconds", _NONE, (505,), ("mp3",), seconds=34.0),
)
GONE, NO_RIGHTS, GEO, PREVIEW = "30000022", "30000023", "30000024", "30000025"
"""Tracks that cannot be had: unknown to the service, without rights, not in this country, 30 seconds only."""

SONGS = {song.id: replace(song, seconds=song.seconds or 5 + 0.13 * number) for number, song in enumerate(_RECIPES)}
"""By id; a few seconds each, of lengths that differ."""

_ORDER = list(SONGS)
PLAYLISTS = {
    1001: ("Дорога", [(track, 0) for track in (*_ORDER[:11], UPLOAD, GONE)]),
    1002: ("Echo / echo", [(track, 0) for track in (*_ORDER[11:20], _ORDER[0], NO_RIGHTS, GEO)]),
    1003: ("Road", [("30000001", 503), ("30000002", 503), (PREVIEW, 0), ("30000020", 0), ("30000008", 0)]),
}
"""Title and lines by kind; a line is a track and the album that it is on there, 0 for its first."""

LIKES = [("30000012", 0), ("30000001", 0), ("30000007", 0), (GEO, 0), (UPLOAD, 0), ("30000006", 0)]
"""The newest first."""


def many(index: int) -> Song:
    """Return one of very many tracks that are described and have no sound."""
    return Song(str(60_000_001 + index), f"Liked {index}", (f"Artist {index % 997}",), (501,), (), 200.0)
