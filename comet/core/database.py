"""The one door to sqlite3: opening, migrations, transactions.

Migrations are ordered named functions, each run in one transaction together with the row that records it.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar

from comet.core.errors import DatabaseError, NoSpaceError
from comet.core.places import make_private
from comet.core.text import _, safe

Connection = sqlite3.Connection
Row = sqlite3.Row
Migration = Callable[[Connection], None]

_T = TypeVar("_T")

_BATCH = 64
"""Things between two commits of a `Batch`."""

_LEAST = 1 << 18
"""Bytes that must be free for the files that SQLite puts beside a database."""

_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs"}
"""File systems on which WAL is not safe: it needs shared memory of one host."""


class Batch(AbstractContextManager["Batch[_T]"], Generic[_T]):
    """Things that are stored many at a time, with a commit for all of them; the last ones at the end, whatever ends it.

    A commit for each picture beside the music would take longer than the music.
    """

    def __init__(self, store: Callable[[Iterable[_T]], None]) -> None:
        self._store = store
        self._things: list[_T] = []

    def add(self, thing: _T) -> None:
        """Have one stored."""
        self._things.append(thing)
        if len(self._things) >= _BATCH:
            self._flush()

    def __exit__(self, *_error: object) -> None:
        self._flush()

    def _flush(self) -> None:
        self._store(self._things)
        self._things = []


class Database:
    """A SQLite file in WAL mode with synchronous=FULL, only for its owner to read."""

    def __init__(self, path: str, migrations: Mapping[str, Migration], *, wait: float = 30.0, hint: str = "") -> None:
        """Open `path`, made where it is not there, and bring it up to date.

        Raises:
            DatabaseError: not a database, of a newer Comet, or on a network file system.
            NoSpaceError: the disk is full.
        """
        self.path = path
        self._hint = hint or _("if it is a cache it may be deleted: that costs only time")
        make_private(os.path.dirname(path))
        _refuse_network(os.path.dirname(path))
        with self._errors():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(path, timeout=wait, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._migrate(migrations)

    def _migrate(self, migrations: Mapping[str, Migration]) -> None:
        with self.transaction() as db:
            db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
            done = {row["name"] for row in db.execute("SELECT name FROM migrations")}
            if done - set(migrations):
                raise DatabaseError(
                    _("`{path}` was made by a newer Comet").format(path=safe(self.path)),
                    hint=_("update Comet, or set COMET_HOME to another folder"),
                )
            for name, migrate in migrations.items():
                if name not in done:
                    migrate(db)
                    db.execute("INSERT INTO migrations VALUES (?)", (name,))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside a transaction: all of it happens, or nothing."""
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                if self._db.in_transaction:  # where the disk is full, SQLite has rolled back by itself
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[sqlite3.Row]:
        """Yield the rows of a query, one by one."""
        with self._errors():
            yield from self._db.execute(sql, values)

    def row(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self._errors():
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def stamp(self) -> tuple[int, int]:
        """Return numbers that change whenever anybody has changed the database."""
        row = self.row("PRAGMA data_version")
        return (row[0] if row else 0, self._db.total_changes)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _is_full(self, error: sqlite3.Error) -> bool:
        """Tell whether there is no room for the files beside the database: SQLite calls that an I/O error only."""
        if not getattr(error, "sqlite_errorname", "").startswith("SQLITE_IOERR") or not hasattr(os, "statvfs"):
            return False
        here = os.statvfs(os.path.dirname(self.path) or ".")
        return here.f_bavail * here.f_frsize < _LEAST

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or self._is_full(error):
                raise NoSpaceError(
                    _("no space left for `{path}`").format(path=safe(self.path)),
                    hint=_("free some space and run the same again: what is done is kept"),
                ) from error
            raise DatabaseError(
                _("`{path}`: {reason}").format(path=safe(self.path), reason=error),
                hint=self._hint,
            ) from error
        except OSError as error:
            raise DatabaseError(
                _("`{path}`: {reason}").format(path=safe(self.path), reason=error.strerror),
                hint=_("set COMET_HOME to a folder that you may write"),
            ) from error


def _refuse_network(folder: str) -> None:
    kind = _network(folder)
    if kind:
        raise DatabaseError(
            _("`{folder}` lies on {kind}, where a database is not safe").format(folder=safe(folder), kind=kind),
            hint=_("set COMET_HOME to a folder on a local disk"),
        )


def _network(folder: str) -> str:
    """Return the name of the network file system that `folder` lies on, or an empty string."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            mounts = [line.split(" ") for line in stream]
    except OSError:
        return ""  # not Linux: nothing is known
    real = os.path.realpath(folder)
    best, kind = "", ""
    for fields in mounts:
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        if (real == point or real.startswith(os.path.join(point, ""))) and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return kind if kind in _NETWORK else ""
