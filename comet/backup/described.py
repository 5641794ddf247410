"""What the service says of a track, as Comet's noun: field by field, for any may be missing or of another kind."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from comet.backup.model import Remote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from yandex_music import Album, Track


_MOST: Final = 1 << 53


def remote(track: Track, album_id: str) -> Remote:
    """Return a track; of its albums the one with that id, else the first."""
    albums = list(track.albums or ())
    album = next((each for each in albums if named(each.id) == album_id), albums[0] if albums else None)
    names = _names(track.artists) or tuple(filter(None, [text(track.ugc_artist_name)]))
    lyrics = track.lyrics_info
    upload = track.track_source == "UGC" or not str(track.id).isdecimal()
    return Remote(
        named(track.id),
        text(track.title),
        names,
        text(track.version),
        **(_album(album) if album else {}),
        seconds=_seconds(track.duration_ms),
        isrc=text(track.isrc),
        explicit=bool(track.explicit) or track.content_warning == "explicit",
        cover=text(track.cover_uri) or (text(album.cover_uri) if album else ""),
        lyrics=bool(lyrics.has_available_text_lyrics if lyrics else track.lyrics_available),
        synced=bool(lyrics and lyrics.has_available_sync_lyrics),
        upload=upload,
        available=track.available is not False,
        error=text(track.error),
        meta=_said(track.to_dict()),
    )


def text(value: object) -> str:
    """Return what is a text, and nothing for all else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""  # half a pair is no letter


def named(value: object) -> str:
    """Return an id, which may be a number, as a text; nothing where there is none."""
    return text(str(value or ""))


def number(value: object) -> int:
    """Return what is a whole number from 0 on, and 0 for all else; also where a database could not hold it."""
    return value if isinstance(value, int) and 0 < value < _MOST else 0


def _seconds(milliseconds: object) -> float:
    """Return a length, 0 where none is said."""
    return (
        number(int(milliseconds) if isinstance(milliseconds, float) and isfinite(milliseconds) else milliseconds) / 1000
    )


def _album(album: Album) -> dict[str, Any]:
    """Return what a track has from its album."""
    place = album.track_position
    labels = (text(each) or text(getattr(each, "name", "")) for each in album.labels or ())
    return {
        "album": text(album.title),
        "album_id": named(album.id),
        "album_artists": _names(album.artists),
        "year": number(album.year) or number(album.original_release_year),
        "released": text(album.release_date)[:10],
        "genre": text(album.genre),
        "labels": tuple(label for label in labels if label),
        "disc": number(place.volume) if place else 0,
        "number": number(place.index) if place else 0,
        "total": number(album.track_count),
    }


def _names(people: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(name for each in people or () if (name := text(each.name)))


def _said(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON without what was not said."""
    if isinstance(value, dict):
        kept = {key: _said(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not None and each not in ([], {})}
    return [_said(each) for each in value] if isinstance(value, list) else value
