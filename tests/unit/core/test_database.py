"""The database: private, whole transactions, migrations once, never on a network file system."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from comet.core import database
from comet.core.database import Database
from comet.core.errors import DatabaseError, NoSpaceError


def _table(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE t (x INTEGER)")


def _column(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE t ADD y INTEGER")


def _broken(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE half (x INTEGER)")
    raise ZeroDivisionError


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return where a database may be made."""
    return str(tmp_path / "state" / "x.sqlite")


@pytest.fixture
def opened(file: str) -> Iterator[Database]:
    """Return a database with one table."""
    found = Database(file, {"first": _table})
    yield found
    found.close()


def test_only_its_owner_reads_it(opened: Database, file: str) -> None:
    """Names of music are private: folder 0700, file 0600."""
    assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(file).parent.stat().st_mode) == 0o700


def test_it_is_durable(opened: Database) -> None:
    """A commit that was answered survives a power cut."""
    assert [row[0] for row in opened.rows("PRAGMA journal_mode")] == ["wal"]
    assert [row[0] for row in opened.rows("PRAGMA synchronous")] == [2]


def test_a_transaction_happens_whole_or_not(opened: Database) -> None:
    """What raises in the middle leaves nothing behind."""
    with pytest.raises(ZeroDivisionError), opened.transaction() as db:
        _broken(db)
    assert opened.row("SELECT name FROM sqlite_master WHERE name = 'half'") is None
    with opened.transaction() as db:
        db.execute("INSERT INTO t VALUES (2)")
    assert [row["x"] for row in opened.rows("SELECT x FROM t")] == [2]


def test_a_migration_runs_once(opened: Database, file: str) -> None:
    """Opening again changes nothing; a new migration runs on top."""
    Database(file, {"first": _table}).close()
    Database(file, {"first": _table, "second": _column}).close()
    assert [row["name"] for row in opened.rows("SELECT name FROM migrations ORDER BY name")] == ["first", "second"]


def test_a_migration_that_fails_leaves_nothing(file: str) -> None:
    """A half-made schema is never recorded as done."""
    with pytest.raises(ZeroDivisionError):
        Database(file, {"first": _broken})
    opened = Database(file, {})
    assert opened.row("SELECT name FROM sqlite_master WHERE name = 'half'") is None
    opened.close()


def test_one_of_a_newer_comet_is_refused(opened: Database, file: str) -> None:
    """An older Comet does not write into what it does not know."""
    with pytest.raises(DatabaseError, match="newer Comet"):
        Database(file, {})


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    """A broken cache is named, with what may be done."""
    file = tmp_path / "x.sqlite"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(DatabaseError, match=r"x\.sqlite") as caught:
        Database(str(file), {})
    assert "deleted" in caught.value.hint


def test_a_full_disk_is_said(opened: Database) -> None:
    """It has an exit code of its own, for a job that is run by night."""
    with opened.transaction() as db:
        db.execute("PRAGMA max_page_count = 10")
    with pytest.raises(NoSpaceError), opened.transaction() as db:
        db.executemany("INSERT INTO t VALUES (?)", ((n,) for n in range(100_000)))


@pytest.mark.parametrize(("kind", "refused"), [("ext4", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True)])
def test_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, refused: bool
) -> None:
    """Two hosts cannot share its memory; the nearest mount decides."""
    (tmp_path / "a b").mkdir()
    mounts = tmp_path / "mountinfo"
    point = str(tmp_path).replace(" ", "\\040")
    mounts.write_text(
        f"1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / {point}/a\\040b rw,nosuid shared:1 - {kind} host:/x rw\n"
    )
    real = open

    def opens(name: str, **how: str) -> object:
        return real(mounts if name == "/proc/self/mountinfo" else name, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(database, "open", opens, raising=False)
    if refused:
        with pytest.raises(DatabaseError, match=kind):
            Database(str(tmp_path / "a b/x.sqlite"), {})
    else:
        Database(str(tmp_path / "a b/x.sqlite"), {}).close()
