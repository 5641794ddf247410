"""What there is of a backup, as a person asks for it: playlists with what is here of each, and what is not, and why.

All of it are questions to the database alone: 20,000 likes are answered in a moment, also while a pass writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from comet.backup.database import Playlist, Records
from comet.backup.model import HERE, Reason, State
from comet.core.database import Row

_ORDER: Final = {State.FAILED: 0, State.UNAVAILABLE: 1, State.IGNORED: 3}
"""How what is not here is listed: what has a reason first, what nobody wants last."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A playlist, and how many of its tracks are in each state."""

    playlist: Playlist
    counts: Mapping[State, int]

    @property
    def tracks(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def here(self) -> int:
        """Those that the library has."""
        return sum(self.counts.get(state, 0) for state in HERE)

    @property
    def unavailable(self) -> int:
        """Those that the service does not give."""
        return self.counts.get(State.UNAVAILABLE, 0)

    @property
    def ignored(self) -> int:
        """Those that nobody wants."""
        return self.counts.get(State.IGNORED, 0)

    @property
    def missing(self) -> int:
        """Those that are not here and that somebody wants; `unavailable` ones too."""
        return self.tracks - self.here - self.ignored


@dataclass(frozen=True, slots=True)
class Absent:
    """A track of a playlist that is not here."""

    track: str
    title: str
    artists: tuple[str, ...]
    state: State
    reason: Reason | None
    error: str
    tries: int
    next_try: int
    """Seconds since 1970, 0 for the next pass."""


class Overview(Records):
    """One profile's backup, as it is looked at."""

    def counted(self) -> list[Counted]:
        """Return all playlists, likes first, then by title."""
        sql = """SELECT i.key, coalesce(c.state, ?) AS state, count(*) AS n FROM items i
                 LEFT JOIN copies c ON c.track = i.track GROUP BY 1, 2"""
        counts: dict[str, dict[State, int]] = {}
        for row in self._db.rows(sql, (State.WANT,)):
            counts.setdefault(row["key"], {})[State(row["state"])] = row["n"]
        return [Counted(each, counts.get(each.header.key, {})) for each in self.playlists()]

    def absent(self, key: str) -> list[Absent]:
        """Return the tracks of a playlist that are not here: what has a reason first, then as they stand there."""
        sql = """SELECT i.track, coalesce(json_extract(t.facts, '$.title'), ''), json_extract(t.facts, '$.artists'),
                 coalesce(c.state, ?), c.reason, coalesce(c.error, ''), coalesce(c.tries, 0), coalesce(c.next_try, 0)
                 FROM items i LEFT JOIN copies c ON c.track = i.track LEFT JOIN tracks t ON t.id = i.track
                 WHERE i.key = ? AND coalesce(c.state, ?) NOT IN (?, ?) ORDER BY i.place"""
        found = map(_absent, self._db.rows(sql, (State.WANT, key, State.WANT, *HERE)))
        return sorted(found, key=lambda each: _ORDER.get(each.state, 2))

    def next_try(self) -> int:
        """Return when the first of the tracks that could not be had is due again, in seconds since 1970; 0 for none."""
        sql = "SELECT min(next_try) AS due FROM copies WHERE state IN (?, ?, ?) AND next_try > 0"
        row = self._db.row(sql, (State.FAILED, State.UNAVAILABLE, State.FETCHED))
        return int(row["due"] or 0) if row else 0


def _absent(row: Row) -> Absent:
    track, title, artists, state, reason, *rest = row
    names = tuple(json.loads(artists)) if artists else ()
    return Absent(track, title, names, State(state), Reason(reason) if reason else None, *rest)
