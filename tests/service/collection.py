"""What the account has at the moment, and editing it: playlists, likes, what is known of tracks."""

from __future__ import annotations

import uuid
from typing import Any

from tests.service import catalogue
from tests.service.catalogue import Song

Line = dict[str, str]
"""`track`, `album` (empty for an upload) and `added` (ISO 8601)."""


class Collection:
    """Playlists and likes of the one account that has any; `likes`: as many more, of tracks without sound."""

    def __init__(self, likes: int = 0) -> None:
        self.plus = True
        self.many = likes
        self.playlists: dict[str, dict[str, Any]] = {}
        """By kind: `kind`, `uuid`, `title`, `revision`, `lines`, `count` (what it says; None for the truth)."""
        self.changes: dict[str, dict[str, Any]] = {}
        """By id of a track: fields in place of the catalogue's, and what is odd about it: `gone`, `geo`, `preview`."""
        self.revision = 5
        """Of the likes."""
        self.likes = [line(track, album, day) for day, (track, album) in enumerate(catalogue.LIKES)]
        self.likes += [line(catalogue.many(index).id, 0, 30 + index) for index in range(likes)]
        for kind, (title, lines) in catalogue.PLAYLISTS.items():
            self.create(str(kind), title, [line(track, album, day) for day, (track, album) in enumerate(lines)])
        self.changes[catalogue.GONE] = {"gone": True}
        self.changes[catalogue.GEO] = {"geo": True}
        self.changes[catalogue.PREVIEW] = {"preview": True}

    def song(self, track: str) -> Song | None:
        """Return the recipe of a track that the service knows."""
        if self.changes.get(track, {}).get("gone"):
            return None
        index = int(track) - int(catalogue.many(0).id) if track.isdecimal() else -1
        return catalogue.many(index) if 0 <= index < self.many else catalogue.SONGS.get(track)

    def odd(self, track: str, what: str) -> bool:
        """Tell whether a track is `geo`-blocked or a `preview` only."""
        return bool(self.changes.get(track, {}).get(what))

    def create(self, kind: str, title: str, lines: list[Line] | None = None) -> None:
        """Add a playlist."""
        name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"playlist {kind}"))
        self.playlists[kind] = {"kind": kind, "uuid": name, "title": title, "lines": lines or [], "count": None}
        self.playlists[kind]["revision"] = 1

    def edit(self, what: str, **how: Any) -> None:  # noqa: ANN401 - it is JSON
        """Change something as the owner would, or the service.

        `add`, `remove` (`playlist`, none for the likes; `track`, `album`, `at`), `rename` (`title`), `count` (what it
        says), `delete`, `create`, `track` (`fields` of it; the track
        `many` is all those without sound), `plus`.
        """
        if what == "plus":
            self.plus = how["plus"]
        elif what == "track":
            self.changes.setdefault(how["track"], {}).update(how["fields"])
        elif what == "create":
            self.create(how["playlist"], how["title"], [line(track, 0, 0) for track in how.get("tracks", [])])
        elif what == "delete":
            del self.playlists[how["playlist"]]
        else:
            self._revise(what, how)

    def _revise(self, what: str, how: dict[str, Any]) -> None:
        kind = how.get("playlist", "")
        lines: list[Line] = self.playlists[kind]["lines"] if kind else self.likes
        if what == "add":
            lines.insert(how.get("at", len(lines) if kind else 0), line(how["track"], how.get("album", 0), 400))
        elif what == "remove":
            lines[:] = [one for one in lines if one["track"] != how["track"]]
        elif what in {"rename", "count"}:
            name = {"rename": "title"}.get(what, what)
            self.playlists[kind][name] = how[name]
        else:
            raise ValueError(what)
        if kind:
            self.playlists[kind]["revision"] += 1
        else:
            self.revision += 1


def line(track: str, album: int, day: int) -> Line:
    """Return a line of a playlist; without an album, that of the track's first one."""
    song = catalogue.SONGS.get(track)
    first = song.albums[:1] if song else (501,)
    month, date = divmod(day, 28)
    added = f"{2021 + month // 12}-{month % 12 + 1:02}-{date + 1:02}T12:30:00+00:00"
    return {"track": track, "album": str(album or "".join(map(str, first))), "added": added}
