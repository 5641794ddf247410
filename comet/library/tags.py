"""What files say of themselves, as it was read last: beside the cache, for it is as large and asked for less often.

It may be deleted; that costs only time. Whose time or size has changed says nothing any more until it is read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comet.core.database import Connection, Database
from comet.core.model import File
from comet.library import rows


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one file's tags."""

    file: File
    album: str
    artist: str
    title: str
    total: str
    """How many tracks the album says that it has."""
    tags: bytes
    """All of them, in a form that is the reader's matter."""
    error: str
    """Why they could not be read, as a sentence."""
    changed_ns: int
    """When the file was last changed in any way before they were read: a program may set its other time back."""


def _first(db: Connection) -> None:
    db.execute(
        """CREATE TABLE tags (root TEXT NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
           album TEXT NOT NULL, artist TEXT NOT NULL, title TEXT NOT NULL, total TEXT NOT NULL,
           tags BLOB NOT NULL, error TEXT NOT NULL,
           changed_ns INTEGER NOT NULL, PRIMARY KEY (root, path)) WITHOUT ROWID"""
    )


class TagCache:
    """One profile's tags."""

    def __init__(self, path: str) -> None:
        self._db = Database(path, {"first": _first})

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def store(self, entries: Iterable[Entry]) -> None:
        """Store what was read of some files, in one transaction."""
        values = [
            (e.file.root, e.file.path, e.file.size, e.file.mtime_ns,
             *map(_text, (e.album, e.artist, e.title, e.total)), e.tags, _text(e.error), e.changed_ns)
            for e in entries
        ]  # fmt: skip
        if values:
            with self._db.transaction() as db:
                db.executemany(f"INSERT OR REPLACE INTO tags VALUES ({', '.join('?' * 11)})", values)  # noqa: S608

    def known(self, files: Sequence[File]) -> Iterator[Entry]:
        """Yield what is known of these files as they are."""
        for file in files:
            row = self._db.row("SELECT * FROM tags WHERE root = ? AND path = ?", (file.root, file.path))
            if row and (row["size"], row["mtime_ns"]) == (file.size, file.mtime_ns):
                yield Entry(file, *row[4:])

    def seen(self, root: str) -> dict[bytes, tuple[int, int]]:
        """Return size and time that the files of a root had when their tags were read."""
        sql = "SELECT path, size, mtime_ns FROM tags WHERE root = ?"
        return {path: (size, time) for path, size, time in self._db.rows(sql, (root,))}

    def albums(self, root: str, below: bytes = b"") -> Iterator[tuple[bytes, str, str, str]]:
        """Yield path, album, artist and total of the files of a root, or below a folder, in order of their paths."""
        sql = "SELECT path, album, artist, total FROM tags WHERE root = ? AND path BETWEEN ? AND ? ORDER BY path"
        for row in self._db.rows(sql, (root, *rows.between(below))):
            yield tuple(row)

    def rename_root(self, old: str, new: str) -> None:
        """Let the files of a root go by another id."""
        with self._db.transaction() as db:
            db.execute("UPDATE OR REPLACE tags SET root = ? WHERE root = ?", (new, old))

    def forget(self, root: str, paths: Iterable[bytes]) -> None:
        """Forget files that are not there any more."""
        with self._db.transaction() as db:
            db.executemany("DELETE FROM tags WHERE root = ? AND path = ?", [(root, path) for path in paths])


def path_of(folder: str) -> str:
    """Return where the tags of a profile with this state folder lie."""
    return os.path.join(folder, "tags.sqlite")


def _text(text: str) -> str:
    """Return a text that a database can hold: a lone half of a pair of surrogates is none."""
    return text.encode("utf-8", "replace").decode("utf-8")
