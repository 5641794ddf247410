"""What a backup knows: what the service has, what became of it here, and what happened. It is never deleted by Comet.

Beside the journal it is the one file of a profile that cannot be computed again: by it a track is not fetched twice.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any, Final

from comet.backup.model import HERE, LIKES, Copy, Header, Item, Listed, Reason, Remote, State
from comet.backup.naming import folded
from comet.core.database import Connection, Database, Row
from comet.core.text import _

FRESH: Final = 86_400
"""Seconds in which what the service said of a track, or a list that was shorter than it says, is not asked again."""

_GONE: Final = 2
"""Lists in a row that a playlist is missing from, before it is believed that it is gone there."""

_FACTS: Final = tuple(each.name for each in fields(Remote) if each.name not in ("id", "meta"))
_COPY: Final = tuple(each.name for each in fields(Copy))
_TUPLES: Final = ("artists", "album_artists", "labels")


def _first(db: Connection) -> None:
    db.execute("CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")
    db.execute(
        """CREATE TABLE tracks (id TEXT PRIMARY KEY, facts TEXT NOT NULL, meta BLOB NOT NULL, known INTEGER NOT NULL,
           first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE playlists (key TEXT PRIMARY KEY, uuid TEXT NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL,
           title TEXT NOT NULL, count INTEGER NOT NULL, revision INTEGER NOT NULL, available INTEGER NOT NULL,
           complete INTEGER NOT NULL, fetched INTEGER NOT NULL, missed INTEGER NOT NULL DEFAULT 0,
           m3u BLOB NOT NULL DEFAULT x'', m3u_hash TEXT NOT NULL DEFAULT '') STRICT"""
    )
    db.execute(
        """CREATE TABLE items (key TEXT NOT NULL REFERENCES playlists, place INTEGER NOT NULL, track TEXT NOT NULL,
           album TEXT NOT NULL, added TEXT NOT NULL, PRIMARY KEY (key, place)) STRICT, WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX items_track ON items (track)")
    db.execute(
        """CREATE TABLE copies (track TEXT PRIMARY KEY, state TEXT NOT NULL, root TEXT NOT NULL, path BLOB NOT NULL,
           codec TEXT NOT NULL, size INTEGER NOT NULL, audio TEXT NOT NULL, reason TEXT, error TEXT NOT NULL,
           tries INTEGER NOT NULL, next_try INTEGER NOT NULL, suspect TEXT NOT NULL, hash TEXT NOT NULL,
           folded TEXT NOT NULL) STRICT"""
    )
    db.execute("CREATE INDEX copies_due ON copies (state, next_try)")
    db.execute("CREATE INDEX copies_folded ON copies (root, folded)")
    db.execute(
        """CREATE TABLE parts (track TEXT PRIMARY KEY, boot TEXT NOT NULL, etag TEXT NOT NULL, codec TEXT NOT NULL,
           bitrate INTEGER NOT NULL, total INTEGER, first TEXT NOT NULL) STRICT, WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE history (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, key TEXT NOT NULL, track TEXT NOT NULL,
           event TEXT NOT NULL, detail TEXT NOT NULL) STRICT"""
    )
    db.execute(
        """CREATE TABLE runs (id INTEGER PRIMARY KEY, started INTEGER NOT NULL, finished INTEGER, exit INTEGER,
           summary TEXT NOT NULL) STRICT"""
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of a download that was begun."""

    boot: str
    """The start of the system at which it was: bytes that came before another one may never have reached the disk."""
    etag: str
    codec: str
    bitrate: int
    total: int | None
    """Bytes in all, None where the service did not say."""
    first: str = ""
    """`core.pieces.digest` of a first whole copy that could not be decoded cleanly; empty where there was none."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist as it was last seen, with its file here."""

    header: Header
    complete: bool
    fetched: int
    """Seconds since 1970, 0 for never."""
    missed: int = 0
    """Lists of playlists in a row that it was not in."""
    m3u: bytes = b""
    """Its file, below the root of the library; empty where there is none yet."""
    m3u_hash: str = ""
    """`core.pieces.digest` of what was written; where a write was killed, also of what stood there before, in words."""

    @property
    def gone(self) -> bool:
        """It is not there any more; what is here of it stays."""
        return self.missed >= _GONE


@dataclass(frozen=True, slots=True)
class Run:
    """One pass, when it ended otherwise than by being killed."""

    started: int
    finished: int
    exit: int
    summary: dict[str, Any]


class Records:
    """One profile's backup."""

    def __init__(self, path: str) -> None:
        self._db = Database(
            path, {"first": _first}, hint=_("it says what was backed up: put a copy of it back, or move it away")
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # where it goes

    def library(self, path: bytes) -> str:
        """Return the id that the root at a path had when something was put there, empty for never."""
        return self._about(f"library {os.fsdecode(path)!r}")

    def see_library(self, path: bytes, root: str) -> None:
        """Remember the id of the root at a path."""
        self._remember(f"library {os.fsdecode(path)!r}", root)

    def _about(self, key: str) -> str:
        row = self._db.row("SELECT value FROM about WHERE key = ?", (key,))
        return str(row["value"]) if row else ""

    def _remember(self, key: str, value: str) -> None:
        with self._db.transaction() as db:
            db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    # playlists

    def playlists(self) -> list[Playlist]:
        """Return all playlists that were ever seen, likes first, then by title."""
        found = [_playlist(row) for row in self._db.rows("SELECT * FROM playlists")]
        return sorted(found, key=lambda each: (each.header.key != LIKES, each.header.title, each.header.key))

    def items(self, key: str) -> Iterator[Item]:
        """Yield the lines of a playlist in order."""
        for row in self._db.rows("SELECT track, album, added FROM items WHERE key = ? ORDER BY place", (key,)):
            yield Item(*row)

    def listed(self, listed: Listed) -> None:
        """Store a playlist with its lines. One that has fewer than it says only adds to what was known."""
        header, items, now = listed.header, list(listed.items), int(time.time())
        with self._db.transaction() as db:
            before = [Item(*row) for row in db.execute(_ITEMS, (header.key,))]
            there = {item.track for item in items}
            if not listed.complete:
                items += [item for item in before if item.track not in there]
            old = db.execute("SELECT title FROM playlists WHERE key = ?", (header.key,)).fetchone()
            if old and old["title"] != header.title:
                _happened(db, header.key, "", "renamed", old["title"])
            values = (*astuple(header), listed.complete, now)
            db.execute(_PUT_PLAYLIST, values)
            _changes(db, header.key, before, items)
            db.execute("DELETE FROM items WHERE key = ?", (header.key,))
            db.executemany(
                "INSERT INTO items VALUES (?, ?, ?, ?, ?)",
                ((header.key, place, *astuple(item)) for place, item in enumerate(items)),
            )

    def met(self, keys: Iterable[str]) -> None:
        """Note which playlists the service has now; a list without any is never believed."""
        seen = {*keys}
        if not seen:
            return
        with self._db.transaction() as db:
            marks = json.dumps([*seen, LIKES])
            db.execute("UPDATE playlists SET missed = 0 WHERE key IN (SELECT value FROM json_each(?))", (marks,))
            db.execute(
                "UPDATE playlists SET missed = missed + 1 WHERE key NOT IN (SELECT value FROM json_each(?))", (marks,)
            )

    def lines(self, key: str) -> Iterator[tuple[Remote, Copy]]:
        """Yield for each line of a playlist what is known of its track, and what became of it here."""
        names = ", ".join(f"c.{name}" for name in _COPY)
        sql = f"""SELECT i.track AS id, t.facts, {names} FROM items i LEFT JOIN tracks t ON t.id = i.track
                  LEFT JOIN copies c ON c.track = i.track WHERE i.key = ? ORDER BY i.place"""  # noqa: S608
        for row in self._db.rows(sql, (key,)):
            remote = _remote(row) if row["facts"] else Remote(row["id"], "")
            yield remote, _copy(row[2:]) if row["state"] else Copy(row["id"], State.WANT)

    def wrote(self, key: str, path: bytes, digest: str) -> None:
        """Remember the file of a playlist."""
        with self._db.transaction() as db:
            db.execute("UPDATE playlists SET m3u = ?, m3u_hash = ? WHERE key = ?", (path, digest, key))

    # tracks

    def unknown(self, now: int) -> list[Item]:
        """Return a line for each track that nothing is known of, or that is due again and was long not asked for."""
        sql = """SELECT i.track, i.album, i.added FROM items i JOIN playlists p ON p.key = i.key AND p.missed < ?
                 LEFT JOIN tracks t ON t.id = i.track LEFT JOIN copies c ON c.track = i.track
                 WHERE t.id IS NULL OR (t.last_seen < ? AND c.next_try <= ? AND c.state IN (?, ?, ?))
                 GROUP BY i.track ORDER BY min(i.key <> ?), min(i.place), i.track"""
        values = (_GONE, now - FRESH, now, State.WANT, State.FAILED, State.UNAVAILABLE, LIKES)
        return [Item(*row) for row in self._db.rows(sql, values)]

    def describe(self, asked: Iterable[Item], found: Iterable[Remote], now: int) -> None:
        """Store what the service said of some tracks, and of which it knows nothing."""
        told = {remote.id: remote for remote in found}
        with self._db.transaction() as db:
            for track in {item.track for item in asked} | told.keys():
                remote = told.get(track)
                old = db.execute("SELECT facts, meta FROM tracks WHERE id = ?", (track,)).fetchone()
                if remote is not None:
                    facts, meta = _facts(remote), zlib.compress(json.dumps(dict(remote.meta)).encode())
                else:  # what was known of it when it was there stays
                    facts, meta = (old["facts"], old["meta"]) if old else (_facts(Remote(track, "")), b"")
                db.execute(_PUT_TRACK, (track, facts, meta, remote is not None, now, now))
                db.execute(
                    "INSERT OR IGNORE INTO copies VALUES (?, ?, '', x'', '', 0, '', NULL, '', 0, 0, '', '', '')",
                    (track, State.WANT),
                )

    def remote(self, track: str) -> tuple[Remote, bool]:
        """Return what is known of a track, and whether the service knows it still."""
        row = self._db.row("SELECT id, facts, known FROM tracks WHERE id = ?", (track,))
        return (_remote(row), bool(row["known"])) if row else (Remote(track, ""), False)

    def knows(self, track: str) -> bool:
        """Tell whether a track was ever named by a playlist."""
        return self._db.row("SELECT 1 FROM tracks WHERE id = ?", (track,)) is not None

    def forget_seen(self, track: str) -> None:
        """Let the service be asked anew what a track is."""
        with self._db.transaction() as db:
            db.execute("UPDATE tracks SET last_seen = 0 WHERE id = ?", (track,))

    # copies

    def copy(self, track: str) -> Copy:
        """Return what became of a track here."""
        row = self._db.row(f"SELECT {', '.join(_COPY)} FROM copies WHERE track = ?", (track,))  # noqa: S608
        return _copy(tuple(row)) if row else Copy(track, State.WANT)

    def copies(self, *states: State) -> list[Copy]:
        """Return the copies in these states, or all; those of failed ones soonest due first."""
        wanted = json.dumps(states or tuple(State))
        sql = f"""SELECT {", ".join(_COPY)} FROM copies WHERE state IN (SELECT value FROM json_each(?))
                  ORDER BY next_try, track"""  # noqa: S608
        return [_copy(tuple(row)) for row in self._db.rows(sql, (wanted,))]

    def due(self, now: int) -> list[str]:
        """Return the tracks that a playlist names and of which a copy is to be made now, likes first."""
        sql = """SELECT c.track FROM copies c JOIN items i ON i.track = c.track
                 JOIN playlists p ON p.key = i.key AND p.missed < ?
                 WHERE c.state IN (?, ?, ?, ?, ?) AND c.next_try <= ?
                 GROUP BY c.track ORDER BY min(i.key <> ?), min(i.place), c.track"""
        states = (State.WANT, State.FETCHING, State.FETCHED, State.FAILED, State.UNAVAILABLE)
        return [row["track"] for row in self._db.rows(sql, (_GONE, *states, now, LIKES))]

    def counts(self) -> dict[State, int]:
        """Return how many of the tracks that a playlist names are in each state."""
        sql = """SELECT coalesce(c.state, ?) AS state, count(DISTINCT i.track) AS n FROM items i
                 JOIN playlists p ON p.key = i.key AND p.missed < ?
                 LEFT JOIN copies c ON c.track = i.track GROUP BY 1"""
        found = {State(row["state"]): int(row["n"]) for row in self._db.rows(sql, (State.WANT, _GONE))}
        return {state: found.get(state, 0) for state in State}

    def put(self, *copies: Copy, digest: str | None = None) -> None:
        """Store how far copies have come; `digest` is what a whole file is recognised by, None for no change.

        One that nobody wants since stays so, unless it is here or on its way to its place, or is wanted again.
        """
        with self._db.transaction() as db:
            for copy in copies:
                _put(db, copy, digest)

    def digest(self, track: str) -> str:
        """Return what the file of a copy that is being placed is recognised by."""
        row = self._db.row("SELECT hash FROM copies WHERE track = ?", (track,))
        return str(row["hash"]) if row else ""

    def taken(self, root: str, path: bytes, track: str) -> bool:
        """Tell whether another track's copy has this path, letters of either case being one."""
        sql = "SELECT 1 FROM copies WHERE root = ? AND folded = ? AND track <> ? AND state IN (?, ?)"
        return self._db.row(sql, (root, folded(path), track, State.PLACING, State.DONE)) is not None

    def part(self, track: str) -> Part | None:
        """Return what is known of a download that was begun."""
        row = self._db.row("SELECT boot, etag, codec, bitrate, total, first FROM parts WHERE track = ?", (track,))
        return Part(*row) if row else None

    def begun(self, track: str, part: Part) -> None:
        """Remember a download that is begun."""
        with self._db.transaction() as db:
            db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", (track, *astuple(part)))

    # runs

    def begin(self) -> int:
        """Remember that a pass has begun, and return its number."""
        with self._db.transaction() as db:
            row = db.execute("INSERT INTO runs (started, summary) VALUES (?, '{}')", (int(time.time()),))
            return int(row.lastrowid or 0)

    def end(self, run: int, code: int, summary: dict[str, Any]) -> None:
        """Remember how a pass ended."""
        with self._db.transaction() as db:
            sql = "UPDATE runs SET finished = ?, exit = ?, summary = ? WHERE id = ?"
            db.execute(sql, (int(time.time()), code, json.dumps(summary), run))

    def runs(self, limit: int = 1) -> list[Run]:
        """Return the last passes that ended, the newest first."""
        sql = "SELECT started, finished, exit, summary FROM runs WHERE finished ORDER BY id DESC LIMIT ?"
        return [
            Run(row["started"], row["finished"], row["exit"], json.loads(row["summary"]))
            for row in self._db.rows(sql, (limit,))
        ]


_ITEMS: Final = "SELECT track, album, added FROM items WHERE key = ? ORDER BY place"
_PUT_PLAYLIST: Final = """INSERT INTO playlists (key, uuid, owner, kind, title, count, revision, available, complete,
    fetched) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET uuid = excluded.uuid,
    owner = excluded.owner, kind = excluded.kind, title = excluded.title, count = excluded.count,
    revision = excluded.revision, available = excluded.available, complete = excluded.complete,
    fetched = excluded.fetched, missed = 0"""
_PUT_TRACK: Final = """INSERT INTO tracks VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    facts = excluded.facts, meta = excluded.meta, known = excluded.known, last_seen = excluded.last_seen"""
_EVENTS: Final = {
    **{(before, State.UNAVAILABLE): "unavailable" for before in (State.WANT, State.FETCHING, State.FAILED)},
    **{(State.UNAVAILABLE, after): "available" for after in (State.FETCHING, State.OWNED, State.DONE)},
}


def path_of(folder: str) -> str:
    """Return where the backup of a profile with this state folder is known."""
    return os.path.join(folder, "backup.sqlite")


def _playlist(row: Row) -> Playlist:
    header = Header(*(row[name] for name in ("key", "uuid", "owner", "kind", "title", "count", "revision")))
    header = replace(header, available=bool(row["available"]))
    return Playlist(header, bool(row["complete"]), row["fetched"], row["missed"], row["m3u"], row["m3u_hash"])


def _facts(remote: Remote) -> str:
    return json.dumps({name: getattr(remote, name) for name in _FACTS})


def _remote(row: Row) -> Remote:
    facts: dict[str, Any] = json.loads(row["facts"])
    return Remote(row["id"], **{**facts, **{name: tuple(facts[name]) for name in _TUPLES}})


def _copy(values: Sequence[Any]) -> Copy:
    copy = Copy(*values)
    return replace(copy, state=State(copy.state), reason=Reason(copy.reason) if copy.reason else None)


def _changes(db: Connection, key: str, before: Sequence[Item], after: Sequence[Item]) -> None:
    old, new = ({item.track for item in items} for items in (before, after))
    for event, tracks in (("added", new - old), ("removed", old - new)):
        for track in tracks:
            _happened(db, key, track, event, "")


def _happened(db: Connection, key: str, track: str, event: str, detail: str) -> None:
    sql = "INSERT INTO history (at, key, track, event, detail) VALUES (?, ?, ?, ?, ?)"
    db.execute(sql, (int(time.time()), key, track, event, detail))


def _put(db: Connection, copy: Copy, digest: str | None) -> None:
    old = db.execute("SELECT state, hash FROM copies WHERE track = ?", (copy.track,)).fetchone()
    if old and old["state"] == State.IGNORED and copy.state not in (*HERE, State.PLACING, State.WANT):
        return
    kept = digest if digest is not None else old["hash"] if old else ""
    values = [*(getattr(copy, name) for name in _COPY), kept, folded(copy.path)]
    names, marks = ", ".join(_COPY), ", ".join("?" * len(values))
    db.execute(f"INSERT OR REPLACE INTO copies ({names}, hash, folded) VALUES ({marks})", values)  # noqa: S608
    if copy.state in HERE:
        db.execute("DELETE FROM parts WHERE track = ?", (copy.track,))
    event = _EVENTS.get((State(old["state"]) if old else State.WANT, copy.state))
    if event:
        _happened(db, "", copy.track, event, copy.reason or "")
