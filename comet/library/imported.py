"""Fingerprints that came without their audio, in the cache: files of the root `imported`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from comet.core.database import Connection, Database
from comet.core.model import IMPORTED, File, Fingerprint
from comet.core.words import informative
from comet.library.rows import put
from comet.library.tables import MIGRATIONS

CODEC: Final = "imported"
"""Of an audio that nobody has heard; so it is counted beside the real codecs."""

_BATCH: Final = 4096
"""Files that are forgotten in one transaction."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of fingerprints that were to be stored."""

    new: int = 0
    changed: int = 0
    """Another one was known under their path, and is forgotten."""
    unchanged: int = 0

    def __add__(self, other: Stored) -> Stored:
        """Return both together."""
        return Stored(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged)


class Imported:
    """The imported files of a cache, which is there and brought up to date."""

    def __init__(self, path: str) -> None:
        self._db = Database(path, MIGRATIONS)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def store(self, tracks: Sequence[Fingerprint], made: str) -> Stored:
        """Store fingerprints in one transaction; `made` says that they are compared with those made like this."""
        stored = Stored()
        with self._db.transaction() as db:
            for track in tracks:
                stored += _store(db, track, made)
            if stored.changed:
                _tidy(db)
        return stored

    def forget(self) -> Iterator[int]:
        """Forget all imported files, some thousand at a time; yield how many, after each transaction."""
        sql = "SELECT path FROM files WHERE root = ? LIMIT ?"
        while paths := [row["path"] for row in self._db.rows(sql, (IMPORTED.id, _BATCH))]:
            with self._db.transaction() as db:
                for path in paths:
                    _forget(db, path)
            yield len(paths)
        with self._db.transaction() as db:
            _tidy(db)

    def count(self) -> int:
        """Return how many imported files there are."""
        row = self._db.row("SELECT count(*) FROM files WHERE root = ?", (IMPORTED.id,))
        return int(row[0]) if row else 0


def audio_hash(track: Fingerprint) -> str:
    """Return what names a sound that is only known by its words: `fp:` and 32 hex digits of BLAKE2b over them.

    Where the words say nothing, as those of silence, two tracks of one length are not the same for that: each has a
    name of its own.
    """
    told = b"" if informative(track.words).any() else track.path
    return "fp:" + blake2b(track.words.astype("<u4").tobytes() + told, digest_size=16).hexdigest()


def _store(db: Connection, track: Fingerprint, made: str) -> Stored:
    name = audio_hash(track)
    known = db.execute(
        "SELECT hash, made FROM files JOIN audios ON serial = audio WHERE root = ? AND path = ?",
        (IMPORTED.id, track.path),
    ).fetchone()
    if known and tuple(known) == (name, made):
        return Stored(unchanged=1)
    old = db.execute("SELECT serial, made FROM audios WHERE hash = ?", (name,)).fetchone()
    if old is not None and old["made"] == made:
        serial = old["serial"]
    else:  # as in `Cache.store`, one that is compared with others now gets a new serial number
        if old is not None:
            db.execute("UPDATE audios SET hash = 'old:' || serial WHERE serial = ?", (old["serial"],))
        serial = _insert(db, track, name, made)
        if old is not None:
            db.execute("UPDATE files SET audio = ? WHERE audio = ?", (serial, old["serial"]))
            _drop(db, old["serial"])
    if known and known["hash"] != name:
        _forget(db, track.path)
    put(db, File(IMPORTED.id, track.path, 0, 0), serial, "")
    return Stored(changed=1) if known else Stored(new=1)


def _insert(db: Connection, track: Fingerprint, name: str, made: str) -> int:
    serial = db.execute(
        """INSERT INTO audios (hash, made, words, codec, container, sample_rate, channels, bits, bitrate, lossless,
           duration, claimed, sound_start, sound_end, decode_errors)
           VALUES (?, ?, ?, ?, '', 0, 0, 0, 0, 0, ?, ?, ?, ?, 0)""",
        (name, made, len(track.words), CODEC, track.duration, track.duration, track.sound_start, track.sound_end),
    ).lastrowid
    db.execute("INSERT INTO fingerprints VALUES (?, ?)", (serial, track.words.astype("<u4").tobytes()))
    return serial or 0


def _forget(db: Connection, path: bytes) -> None:
    """Forget an imported file, and its audio where no other file holds it."""
    row = db.execute("SELECT audio FROM files WHERE root = ? AND path = ?", (IMPORTED.id, path)).fetchone()
    db.execute("DELETE FROM files WHERE root = ? AND path = ?", (IMPORTED.id, path))
    if db.execute("SELECT 1 FROM files WHERE audio = ?", (row["audio"],)).fetchone() is None:
        _drop(db, row["audio"])


def _drop(db: Connection, serial: int) -> None:
    """Forget an audio that no file holds; its number is never used again, so its verdicts can wait for `_tidy`."""
    db.execute("DELETE FROM fingerprints WHERE serial = ?", (serial,))
    db.execute("DELETE FROM audios WHERE serial = ?", (serial,))


def _tidy(db: Connection) -> None:
    """Forget verdicts over audios that are forgotten; in one go, for nothing finds those of one audio fast."""
    db.execute(
        "DELETE FROM verdicts WHERE i NOT IN (SELECT serial FROM audios) OR j NOT IN (SELECT serial FROM audios)"
    )
