"""Rows of the cache as nouns, and rows that change together."""

from __future__ import annotations

import json

from comet.core.database import Connection, Row
from comet.core.model import Audio, File, Part, Relation, Verdict


def audio(row: Row) -> Audio:
    """Return the audio of a row that begins with its serial number and `AUDIO`; by name it would take twice as long."""
    return Audio(*(*row[1:8], bool(row[8]), *row[9:15], row[0]))


def verdict(row: Row) -> Verdict:
    """Return the verdict of a row of `VERDICT`."""
    parts = tuple(Part(*part) for part in json.loads(row[14]))
    return Verdict(*(*row[:2], Relation(row[2]), bool(row[3]), *row[4:13], parts, row[13]))


def between(folder: bytes) -> tuple[bytes, bytes]:
    """Return the first and the last path that there can be in a folder, however deep; empty is a root itself."""
    return (folder + b"/", folder + b"0") if folder else (b"", b"\xff" * 4097)  # 0 comes after /, 4096 is the longest


def put(db: Connection, file: File, audio: int | None, error: str, cause: str = "") -> None:
    """Store a file that is there, within a transaction."""
    db.execute(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (file.root, file.path, file.size, file.mtime_ns, file.inode, audio, error, cause),
    )


def replace_audio(db: Connection, old: int, new: int) -> None:
    """Let an audio go by another number, within a transaction; what was found out under the old one goes."""
    db.execute("UPDATE files SET audio = ? WHERE audio = ?", (new, old))
    db.execute("DELETE FROM verdicts WHERE i = ? OR j = ?", (old, old))
    db.execute("UPDATE OR IGNORE loudness SET serial = ? WHERE serial = ?", (new, old))
    for table in ("fingerprints", "quality", "loudness"):
        db.execute(f"DELETE FROM {table} WHERE serial = ?", (old,))  # noqa: S608 - names from the line above
    db.execute("DELETE FROM audios WHERE serial = ?", (old,))
