"""How the service writes tracks, albums and playlists: the shapes that the client reads, in camelCase."""

from __future__ import annotations

from typing import Any

from tests.service.catalogue import ALBUMS, UID, UPLOAD, Song
from tests.service.collection import Collection, Line

OWNER = {"uid": UID, "login": "mila", "name": "Мила", "sex": "female", "verified": False}


def track(song: Song, sound: dict[str, Any], changes: dict[str, Any], album: str, covers: str) -> dict[str, Any]:
    """Return a track in full; `album`: which of its albums comes first; `covers`: host of the pictures."""
    albums = sorted(song.albums, key=lambda one: str(one) != album)
    position = song.seed % 24 + 1
    made = {
        "id": song.id,
        "realId": song.id,
        "title": song.title,
        "available": True,
        "availableForPremiumUsers": True,
        "artists": [artist(name) for name in song.artists],
        "albums": [release(one, covers, position) for one in albums],
        "coverUri": cover(albums[0], covers) if albums else None,
        "durationMs": sound.get("ms", round(song.seconds * 1000)),
        "previewDurationMs": 30000,
        "fileSize": 0,
        "isrc": f"ZZLOO{song.seed % 10_000_000:07}",
        "r128": {"i": sound["i"], "tp": sound["tp"]} if sound else None,
        "lyricsAvailable": bool(song.lyrics),
        "lyricsInfo": {"hasAvailableTextLyrics": bool(song.lyrics), "hasAvailableSyncLyrics": song.lyrics == "lrc"},
        "type": "music",
        "trackSource": "OWN",
        "explicit": False,
        "rememberPosition": False,
    }
    if song.version:
        made["version"] = song.version
    if song.id == UPLOAD:
        made = {key: made[key] for key in ("id", "title", "available", "artists", "albums", "durationMs", "type")}
    made |= dict(song.more) | {key: value for key, value in changes.items() if key not in {"gone", "geo", "preview"}}
    return {key: value for key, value in made.items() if value is not None}


def artist(name: str) -> dict[str, Any]:
    """Return an artist."""
    number = 9000 + sum(name.encode())
    return {"id": number, "name": name, "various": False, "composer": False, "available": True, "genres": []}


def release(number: int, covers: str, position: int) -> dict[str, Any]:
    """Return the album of a track."""
    album, before = ALBUMS[number], position - 1
    made = {
        "id": number,
        "title": album.title,
        "type": "album",
        "metaType": "music",
        "year": album.year,
        "releaseDate": f"{album.year}-03-08T00:00:00+03:00",
        "genre": album.genre,
        "trackCount": album.total,
        "available": True,
        "artists": [artist(name) for name in album.artists],
        "labels": [{"id": 70 + index, "name": name} for index, name in enumerate(album.labels)],
        "trackPosition": {"volume": 1 + before // album.total, "index": 1 + before % album.total},
    }
    return made | ({"coverUri": cover(number, covers)} if album.cover else {})


def cover(album: int, covers: str) -> str | None:
    """Return the address of an album's picture: without scheme, `%%` where the size comes."""
    return f"{covers}/get-music-content/{album}/{ALBUMS[album].cover}/%%" if ALBUMS[album].cover else None


def header(playlist: dict[str, Any], covers: str) -> dict[str, Any]:
    """Return a playlist without its tracks."""
    count = playlist["count"]
    return {
        "owner": OWNER,
        "uid": UID,
        "kind": int(playlist["kind"]),
        "playlistUuid": playlist["uuid"],
        "title": playlist["title"],
        "trackCount": len(playlist["lines"]) if count is None else count,
        "revision": playlist["revision"],
        "snapshot": playlist["revision"],
        "created": "2021-01-01T10:00:00+00:00",
        "modified": "2026-10-20T10:00:00+00:00",
        "visibility": "private",
        "collective": False,
        "available": True,
        "isBanner": False,
        "isPremiere": False,
        "durationMs": 0,
        "ogImage": f"{covers}/get-music-content/501/jpeg/%%",
        "cover": {"type": "pic", "uri": f"{covers}/get-music-content/501/jpeg/%%", "custom": False, "version": "1"},
        "tags": [],
        "prerolls": [],
    }


def short(lines: list[Line], full: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of a playlist; `full` has the tracks, by id, that are described on the spot."""
    return [
        {
            "id": int(line["track"]) if line["track"].isdecimal() else line["track"],
            "timestamp": line["added"],
            "originalIndex": index,
            "recent": False,
        }
        | ({"albumId": int(line["album"])} if line["album"] else {})
        | ({"track": full[line["track"]]} if line["track"] in full else {})
        for index, line in enumerate(lines)
    ]


def status(collection: Collection, uid: int | None, now: str) -> dict[str, Any]:
    """Return whose token it is; without one, nobody's."""
    if uid is None:
        return {"account": {"now": now, "serviceAvailable": True, "region": 225}, "permissions": {"values": []}}
    plus = collection.plus and uid == UID
    login, name = ("mila", "Мила") if uid == UID else ("ilya", "Илья")
    values = ["landing-play", "feed-play", "mix-play"] + ["radio-skips", "high-quality", "library-cache"] * plus
    return {
        "account": {"now": now, "uid": uid, "login": login, "displayName": name, "fullName": name, "region": 225}
        | {"serviceAvailable": True, "hostedUser": False, "child": False, "registeredAt": "2015-01-01T00:00:00+00:00"},
        "permissions": {"until": "2027-12-31T00:00:00+00:00", "values": values, "default": values[:3]},
        "subscription": {"autoRenewable": [], "familyAutoRenewable": [], "hadAnySubscription": True},
        "plus": {"hasPlus": plus, "isTutorialCompleted": True},
        "subeditor": False,
        "defaultEmail": f"{login}@loopback.test",
    }
