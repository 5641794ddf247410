"""The tables of the cache, and how an older cache is brought up to date."""

from __future__ import annotations

import secrets

from comet.core.database import Connection

AUDIO = (
    "hash, codec, container, sample_rate, channels, bits, bitrate, lossless, duration, claimed, sound_start, "
    "sound_end, decode_errors, words"
)
"""Columns of an audio but its serial number, as `Audio` calls them and in its order."""
VERDICT = (
    "i, j, relation, clear, holder, how, offset, overlap, similarity, worst, missing_i, missing_j, speed, doubt, parts"
)
"""Columns of a verdict but its rule, as `Verdict` calls them."""


def _first(db: Connection) -> None:
    for statement in (
        "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE TABLE roots (path BLOB PRIMARY KEY, id TEXT NOT NULL)",
        # what is asked of all audios stays clear of the fingerprints, which are a hundred times as long
        """CREATE TABLE audios (serial INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE,
           made TEXT NOT NULL, words INTEGER NOT NULL, codec TEXT, container TEXT, sample_rate INTEGER,
           channels INTEGER, bits INTEGER, bitrate INTEGER, lossless INTEGER, duration REAL, claimed REAL,
           sound_start REAL, sound_end REAL, decode_errors INTEGER)""",
        "CREATE INDEX comparable ON audios (made, serial, words)",
        "CREATE TABLE fingerprints (serial INTEGER PRIMARY KEY REFERENCES audios, words BLOB NOT NULL)",
        """CREATE TABLE files (root TEXT NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL,
           mtime_ns INTEGER NOT NULL, inode TEXT NOT NULL, audio INTEGER REFERENCES audios, error TEXT NOT NULL,
           cause TEXT NOT NULL, present INTEGER NOT NULL, PRIMARY KEY (root, path)) WITHOUT ROWID""",
        "CREATE INDEX files_of_audio ON files (audio, present, root)",
        """CREATE TABLE unread (root TEXT NOT NULL, path BLOB NOT NULL, error TEXT NOT NULL,
           PRIMARY KEY (root, path)) WITHOUT ROWID""",
        """CREATE TABLE verdicts (i INTEGER NOT NULL, j INTEGER NOT NULL, rule TEXT NOT NULL, relation TEXT NOT NULL,
           clear INTEGER NOT NULL, holder INTEGER NOT NULL, how TEXT NOT NULL, offset INTEGER NOT NULL,
           overlap INTEGER NOT NULL, similarity REAL NOT NULL, worst REAL NOT NULL, missing_i REAL NOT NULL,
           missing_j REAL NOT NULL, PRIMARY KEY (i, j)) WITHOUT ROWID""",
    ):
        db.execute(statement)
    db.execute("INSERT INTO about VALUES ('id', ?)", (secrets.token_hex(8),))


def _measures(db: Connection) -> None:
    for statement in (
        """CREATE TABLE quality (serial INTEGER PRIMARY KEY REFERENCES audios, clipped REAL NOT NULL,
           cutoff REAL NOT NULL, levels BLOB NOT NULL, envelope BLOB NOT NULL)""",
        """CREATE TABLE loudness (serial INTEGER PRIMARY KEY REFERENCES audios, integrated REAL NOT NULL,
           peak REAL NOT NULL, true_peak REAL NOT NULL)""",
    ):
        db.execute(statement)


def _parts(db: Connection) -> None:
    for statement in (
        "ALTER TABLE verdicts ADD COLUMN speed REAL NOT NULL DEFAULT 0",
        "ALTER TABLE verdicts ADD COLUMN parts TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE verdicts ADD COLUMN doubt TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE sampled (settings TEXT PRIMARY KEY, audios INTEGER NOT NULL, flat BLOB NOT NULL,
           sloped BLOB NOT NULL)""",
    ):
        db.execute(statement)


def _peaks(db: Connection) -> None:
    db.execute("ALTER TABLE quality ADD COLUMN peaks BLOB NOT NULL DEFAULT x''")


MIGRATIONS = {"first": _first, "measures": _measures, "parts": _parts, "peaks": _peaks}
