"""What can be computed again: files, audios, fingerprints, verdicts. It may be deleted; that costs only time."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import astuple
from typing import Any, TypeVar

import numpy as np

from comet.core.database import Database
from comet.core.measures import Loudness, Quality
from comet.core.model import Audio, File, Identity, Relation, Root, Track, Verdict, Words
from comet.core.sampled import Sampled
from comet.library import rows
from comet.library.scan import Known, Unread
from comet.library.tables import AUDIO, MIGRATIONS, VERDICT

_T = TypeVar("_T")

_FRESH = """(a.made = ? AND a.serial IN (SELECT serial FROM quality)
             AND (? OR a.serial IN (SELECT serial FROM loudness)))"""


class Cache:
    """One profile's cache. Serial numbers of audios are never used again; a result file names this cache's id."""

    def __init__(self, path: str) -> None:
        self._db = Database(path, MIGRATIONS)
        row = self._db.row("SELECT value FROM about WHERE key = 'id'")
        self.id = str(row["value"]) if row else ""
        self._stamp: tuple[int, int] = (0, 0)
        self._answers: dict[Hashable, Any] = {}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # roots

    def roots(self) -> dict[bytes, str]:
        """Return the id of each root that was ever seen, by path."""
        return {row["path"]: row["id"] for row in self._db.rows("SELECT path, id FROM roots")}

    def see_root(self, root: Root) -> None:
        """Remember a root's id under its path, and that it no longer is at another path."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM roots WHERE id = ?", (root.id,))
            db.execute("INSERT OR REPLACE INTO roots VALUES (?, ?)", (root.path, root.id))

    def forget_root(self, path: bytes) -> None:
        """Forget which id was at `path`; its files stay known under that id."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM roots WHERE path = ?", (path,))

    def rename_root(self, old: str, new: str) -> None:
        """Let the files of a root go by another id: it has a marker now, and had none."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM files WHERE root = ?", (new,))
            db.execute("UPDATE files SET root = ? WHERE root = ?", (new, old))
            db.execute("UPDATE OR REPLACE unread SET root = ? WHERE root = ?", (new, old))

    def begin(self) -> None:
        """Remember that a scan has begun, until `end`."""
        with self._db.transaction() as db:
            db.execute("INSERT OR REPLACE INTO about VALUES ('scanning', '')")

    def end(self) -> None:
        """Remember that the scan came to its end."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM about WHERE key = 'scanning'")

    @property
    def unfinished(self) -> bool:
        """A scan has begun and not come to its end: it runs, or was interrupted."""
        return self._db.row("SELECT 1 FROM about WHERE key = 'scanning'") is not None

    def has_files(self, root: str) -> bool:
        """Tell whether files of a root are known to be there."""
        return self._db.row("SELECT 1 FROM files WHERE root = ? AND present LIMIT 1", (root,)) is not None

    # files

    def files(self, root: str, made: str, *, loudness: bool = False) -> dict[bytes, Known]:
        """Return all that is known of a root's files, also of those that went away.

        One whose audio lacks a measure, or its loudness where that is wanted, is not fresh.
        """
        sql = f"""SELECT path, size, mtime_ns, inode, audio, error, cause, present, {_FRESH} AS fresh FROM files
                  LEFT JOIN audios a ON a.serial = audio WHERE root = ?"""  # noqa: S608
        known = {}
        for path, size, time, inode, audio, error, cause, there, fresh in self._db.rows(
            sql, (made, not loudness, root)
        ):
            file = File(root, path, size, time, inode)
            known[path] = Known(file, audio or 0, error, cause, bool(there), audio is None or bool(fresh))
        return known

    def walked(self, root: str, there: Iterable[File], gone: Iterable[File], unread: Iterable[Unread]) -> None:
        """Store what a walk learned about known files: where they are, under which inode, and which went away."""
        with self._db.transaction() as db:
            db.executemany(
                "UPDATE files SET present = 1, mtime_ns = ?, inode = ? WHERE root = ? AND path = ?",
                [(f.mtime_ns, f.inode, root, f.path) for f in there],
            )
            db.executemany("UPDATE files SET present = 0 WHERE root = ? AND path = ?", [(root, f.path) for f in gone])
            db.execute("DELETE FROM unread WHERE root = ?", (root,))
            db.executemany("INSERT OR REPLACE INTO unread VALUES (?, ?, ?)", [(root, u.path, u.error) for u in unread])

    def store(
        self,
        file: File,
        audio: Audio,
        words: Words,
        made: str,
        error: str = "",
        *,
        quality: Quality | None = None,
        loudness: Loudness | None = None,
    ) -> None:
        """Store a file that was listened to; `made` says how its fingerprint was.

        An audio whose fingerprint is made in another way gets a new serial number: what was compared under the old
        one says nothing of it. A loudness that was measured before stays: it is always that of the whole track.
        """
        names = AUDIO.split(", ")
        with self._db.transaction() as db:
            old = db.execute("SELECT serial, made FROM audios WHERE hash = ?", (audio.hash,)).fetchone()
            if old is None or old["made"] != made:
                if old is not None:
                    db.execute("UPDATE audios SET hash = 'old:' || serial WHERE serial = ?", (old["serial"],))
                values = [made, *(getattr(audio, name) for name in names)]
                marks = ", ".join("?" * len(values))
                sql = f"INSERT INTO audios (made, {AUDIO}) VALUES ({marks})"  # noqa: S608
                serial = db.execute(sql, values).lastrowid or 0
                db.execute("INSERT INTO fingerprints VALUES (?, ?)", (serial, words.astype("<u4").tobytes()))
                if old is not None:
                    rows.replace_audio(db, old["serial"], serial)
            else:
                serial = old["serial"]
                if quality and not db.execute("SELECT 1 FROM quality WHERE serial = ?", (serial,)).fetchone():
                    db.execute("DELETE FROM verdicts WHERE ? IN (i, j)", (serial,))  # made without its levels
            for name, measure in (("quality", quality), ("loudness", loudness)):
                if measure is not None:
                    values = [serial, *astuple(measure)]
                    db.execute(f"INSERT OR REPLACE INTO {name} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
            rows.put(db, file, serial, error)

    def store_known(self, file: File, audio_hash: str, error: str = "") -> bool:
        """Store a file whose audio is known; return whether it is one that vanished under another name."""
        with self._db.transaction() as db:
            serial = db.execute("SELECT serial FROM audios WHERE hash = ?", (audio_hash,)).fetchone()[0]
            new = (
                db.execute("SELECT 1 FROM files WHERE root = ? AND path = ?", (file.root, file.path)).fetchone() is None
            )
            rows.put(db, file, serial, error)
            gone = "SELECT root, path FROM files WHERE audio = ? AND NOT present ORDER BY root = ? DESC, path LIMIT 1"
            old = db.execute(gone, (serial, file.root)).fetchone() if new else None
            if old:
                db.execute("DELETE FROM files WHERE root = ? AND path = ?", (old["root"], old["path"]))
            return old is not None

    def store_others(self, files: Iterable[File]) -> None:
        """Store files that are not music, so that they are not opened again."""
        with self._db.transaction() as db:
            for file in files:
                rows.put(db, file, None, "")

    def store_bad(self, file: File, error: str, cause: str = "") -> None:
        """Store a file that could not be used.

        A `cause` says why it may be tried again although it has not changed; see `Known`. Where that is so, and the
        file is as it was, what was heard of it before still holds.
        """
        sql = "SELECT audio FROM files WHERE root = ? AND path = ? AND size = ? AND mtime_ns = ? AND ? <> ''"
        with self._db.transaction() as db:
            kept = db.execute(sql, (file.root, file.path, file.size, file.mtime_ns, cause)).fetchone()
            rows.put(db, file, kept["audio"] if kept else None, error, cause)

    def problems(self, roots: Sequence[str]) -> Iterator[tuple[str, bytes, bool, str]]:
        """Yield (root id, relative path, whether the walk failed there, error) of what could not be used."""
        for root in roots:
            for row in self._db.rows("SELECT path, error FROM unread WHERE root = ? ORDER BY path", (root,)):
                yield root, row["path"], True, row["error"]
            sql = "SELECT path, error FROM files WHERE root = ? AND error <> '' AND present ORDER BY path"
            for row in self._db.rows(sql, (root,)):
                yield root, row["path"], False, row["error"]

    def playlists(self, roots: Sequence[str]) -> list[File]:
        """Return the playlists of `roots` that were there at the last scan."""
        sql = """SELECT path, size, mtime_ns FROM files WHERE root = ? AND present AND audio IS NULL
                 AND lower(CAST(substr(path, -5) AS TEXT)) GLOB '*.m3u*' ORDER BY path"""
        return [
            File(root, row["path"], row["size"], row["mtime_ns"])
            for root in roots
            for row in self._db.rows(sql, (root,))
        ]

    def holding(self, audio_hash: str) -> list[File]:
        """Return the files that hold an audio and are there."""
        sql = """SELECT root, path, size, mtime_ns FROM files JOIN audios ON serial = audio
                 WHERE hash = ? AND present ORDER BY root, path"""
        return [
            File(row["root"], row["path"], row["size"], row["mtime_ns"]) for row in self._db.rows(sql, (audio_hash,))
        ]

    def follow(self, journal: str, newest: int, moved: Iterable[tuple[Identity, Identity, bool]]) -> None:
        """Let files be what a journal says that they are: each as it was, as it is, and whether it is in its place.

        `newest` is the number of the journal's last change, from which the next call goes on (`followed`).
        """
        with self._db.transaction() as db:
            db.executemany(
                "UPDATE files SET (present, size, mtime_ns) = (?,?,?) WHERE (root, path, size, mtime_ns) = (?,?,?,?)",
                [(there, f.size, f.mtime_ns, o.root, o.path, o.size, o.mtime_ns) for o, f, there in moved],
            )
            db.execute("INSERT OR REPLACE INTO about VALUES ('journal', ?)", (f"{journal} {newest}",))

    def followed(self, journal: str) -> int:
        """Return the number of the last change of a journal that this cache knows of."""
        row = self._db.row("SELECT value FROM about WHERE key = 'journal'")
        name, _space, number = row["value"].partition(" ") if row else ("", "", "0")
        return int(number) if name == journal else 0

    def last(self) -> int:
        """Return the highest serial number of an audio, 0 where there is none."""
        row = self._db.row("SELECT max(serial) FROM audios")
        return int(row[0] or 0) if row else 0

    def counts(self, roots: Sequence[str]) -> dict[str, int]:
        """Return how many files are music or claim to be, how many bad, by codec, in `roots`."""
        found: dict[str, int] = {}
        for root in roots:
            sql = """SELECT coalesce(codec, '') AS codec, error <> '' AS bad, count(*) AS n FROM files
                     LEFT JOIN audios ON serial = audio WHERE root = ? AND present
                     AND (audio IS NOT NULL OR error <> '') GROUP BY 1, 2"""
            for row in self._db.rows(sql, (root,)):
                found["files"] = found.get("files", 0) + row["n"]
                if row["bad"]:
                    found["problems"] = found.get("problems", 0) + row["n"]
                if row["codec"]:
                    found[f"codec:{row['codec']}"] = found.get(f"codec:{row['codec']}", 0) + row["n"]
        return found

    # audios

    def knows(self, audio_hash: str, made: str, *, loudness: bool = False) -> bool:
        """Tell whether an audio is known with a fingerprint made like this and all measures that are wanted."""
        sql = f"SELECT 1 FROM audios a WHERE {_FRESH} AND hash = ?"  # noqa: S608
        return bool(self._db.row(sql, (made, not loudness, audio_hash)))

    def quality(self, serial: int) -> Quality | None:
        """Return the signs of an audio's quality, None where they were not looked for."""
        row = self._db.row("SELECT clipped, cutoff, levels, envelope, peaks FROM quality WHERE serial = ?", (serial,))
        return Quality(*row) if row else None

    def qualities_of(self, serials: Iterable[int]) -> dict[int, Quality]:
        """Return the signs of quality of some audios, by serial number, where they were looked for."""
        found = {serial: self.quality(serial) for serial in set(serials)}
        return {serial: quality for serial, quality in found.items() if quality is not None}

    def qualities(self) -> dict[int, Quality]:
        """Return the signs of quality of every audio that is the same as another one, by serial number."""
        sql = """SELECT serial, clipped, cutoff, levels, envelope, peaks FROM quality WHERE serial IN
                 (SELECT i FROM verdicts WHERE relation = ? UNION SELECT j FROM verdicts WHERE relation = ?)"""
        found = self._db.rows(sql, (Relation.SAME, Relation.SAME))
        return self._remembered(sql, lambda: {row[0]: Quality(*row[1:]) for row in found})

    def loudness(self, serial: int) -> Loudness | None:
        """Return the loudness of an audio, None where it was not measured."""
        row = self._db.row("SELECT integrated, peak, true_peak FROM loudness WHERE serial = ?", (serial,))
        return Loudness(*row) if row else None

    def audio(self, audio_hash: str) -> Audio | None:
        """Return the audio of a hash, if it is known."""
        found = self._db.row("SELECT serial FROM audios WHERE hash = ?", (audio_hash,))
        return self.audios([found["serial"]]).get(found["serial"]) if found else None

    def words(self, serials: Iterable[int]) -> Iterator[tuple[int, Words]]:
        """Yield (serial number, fingerprint) of those audios that there are."""
        for serial in serials:
            row = self._db.row("SELECT words FROM fingerprints WHERE serial = ?", (serial,))
            if row is not None:
                yield serial, np.frombuffer(row["words"], "<u4")

    def comparable(self, made: str, minimum: int) -> list[tuple[int, int]]:
        """Return (serial number, number of words) of all audios that can be compared, in order.

        Audios without a file are there too: they are what a row that is done was compared with.
        """
        sql = "SELECT serial, words FROM audios WHERE made = ? AND words >= ? ORDER BY serial"
        return self._remembered((sql, made, minimum), lambda: [tuple(r) for r in self._db.rows(sql, (made, minimum))])

    def alive(self, roots: Sequence[str]) -> Counter[int]:
        """Return the serial numbers of audios that files of these roots hold, and how many do."""
        sql = "SELECT audio FROM files WHERE root = ? AND present AND audio IS NOT NULL"
        held = (row[0] for root in roots for row in self._db.rows(sql, (root,)))
        return self._remembered((sql, *roots), lambda: Counter(held))

    def audios(self, serials: Iterable[int]) -> dict[int, Audio]:
        """Return audios by serial number, those that there are."""
        sql = f"SELECT serial, {AUDIO} FROM audios WHERE serial IN (SELECT value FROM json_each(?))"  # noqa: S608
        return {row["serial"]: rows.audio(row) for row in self._db.rows(sql, (json.dumps(list(serials)),))}

    def heard(self, serials: Iterable[int]) -> dict[int, tuple[Audio, Words, bytes]]:
        """Return audios with fingerprint and envelope (empty if not known) by serial number, those that there are."""
        sql = f"""SELECT serial, {AUDIO}, (SELECT words FROM fingerprints f WHERE f.serial = a.serial) AS heard,
                  (SELECT envelope FROM quality q WHERE q.serial = a.serial) AS envelope FROM audios a
                  WHERE serial IN (SELECT value FROM json_each(?))"""  # noqa: S608
        found = self._db.rows(sql, (json.dumps(list(serials)),))
        return {r["serial"]: (rows.audio(r), np.frombuffer(r["heard"], "<u4"), r["envelope"] or b"") for r in found}

    def tracks(self, roots: Sequence[Root]) -> list[Track]:
        """Return the files of `roots` that are there and hold an audio, in order of root and path."""
        return self._remembered(("tracks", *roots), lambda: list(self._tracks(roots)))

    def tracks_of(self, roots: Sequence[Root], serials: Iterable[int]) -> list[Track]:
        """Return those of them that hold one of these audios."""
        return list(self._tracks(roots, "AND audio IN (SELECT value FROM json_each(?))", json.dumps(list(serials))))

    def paths(self, root: str, below: bytes = b"") -> Iterator[bytes]:
        """Yield the paths of the files of a root, or below a folder of it, that are there and hold an audio."""
        sql = "SELECT path FROM files WHERE root = ? AND path BETWEEN ? AND ? AND present AND audio IS NOT NULL"
        for row in self._db.rows(sql, (root, *rows.between(below))):
            yield row[0]

    def _tracks(self, roots: Sequence[Root], which: str = "", *values: str) -> Iterator[Track]:
        sql = f"""SELECT serial, {AUDIO}, path, size, mtime_ns, inode FROM files JOIN audios ON serial = audio
                  WHERE root = ? AND present {which} ORDER BY path"""  # noqa: S608
        audios: dict[int, Audio] = {}
        for root in roots:
            for row in self._db.rows(sql, (root.id, *values)):
                file = File(root.id, row["path"], row["size"], row["mtime_ns"], row["inode"])
                audio = audios.get(row["serial"]) or audios.setdefault(row["serial"], rows.audio(row))
                yield Track(file, audio, root.path)

    def _remembered(self, key: Hashable, ask: Callable[[], _T]) -> _T:
        """Return an answer that was given before, as long as nobody has changed the cache since."""
        stamp = self._db.stamp()
        if stamp != self._stamp:
            self._answers.clear()
            self._stamp = stamp
        if key not in self._answers:
            self._answers[key] = ask()
        return self._answers[key]  # type: ignore[no-any-return]

    # verdicts

    def verdict(self, one: str, other: str, rule: str) -> Verdict | None:
        """Return the verdict over two audios, by their hashes, if it was made by this version of the rule."""
        sql = f"""SELECT {VERDICT} FROM verdicts WHERE rule = ? AND i = (SELECT min(serial) FROM audios WHERE hash IN
                  (?, ?)) AND j = (SELECT max(serial) FROM audios WHERE hash IN (?, ?))"""  # noqa: S608
        row = self._db.row(sql, (rule, one, other, one, other))
        return rows.verdict(row) if row else None

    def verdicts(self, rule: str) -> dict[tuple[int, int], Verdict]:
        """Return the verdicts that were made by this version of the rule, by pair."""
        sql = f"SELECT {VERDICT} FROM verdicts WHERE rule = ?"  # noqa: S608
        return self._remembered(
            (sql, rule), lambda: {(row["i"], row["j"]): rows.verdict(row) for row in self._db.rows(sql, (rule,))}
        )

    def judged(self, rule: str) -> set[tuple[int, int]]:
        """Return the pairs that there are verdicts of by this version of the rule; no verdict is unpacked for that."""
        sql = "SELECT i, j FROM verdicts WHERE rule = ?"
        return self._remembered((sql, rule), lambda: {(row["i"], row["j"]) for row in self._db.rows(sql, (rule,))})

    def store_verdicts(self, verdicts: Iterable[Verdict], rule: str) -> None:
        """Store verdicts."""
        names = VERDICT.split(", ")
        values = [
            [*(getattr(v, name) for name in names[:-1]), json.dumps([astuple(part) for part in v.parts]), rule]
            for v in verdicts
        ]
        marks = ", ".join("?" * (len(names) + 1))
        with self._db.transaction() as db:
            db.executemany(f"INSERT OR REPLACE INTO verdicts ({VERDICT}, rule) VALUES ({marks})", values)  # noqa: S608

    # evidence of unrelated pairs

    def sampled(self, settings: str) -> Sampled | None:
        """Return what random pairs showed when they were compared by these settings, None if they never were."""
        row = self._db.row("SELECT * FROM sampled WHERE settings = ?", (settings,))
        both = [np.frombuffer(row[name], "<i8") for name in ("flat", "sloped")] if row else []
        return Sampled(row["audios"], *both) if row else None

    def store_sampled(self, settings: str, sampled: Sampled) -> None:
        """Remember what random pairs showed, instead of what was known by any settings."""
        blobs = [each.astype("<i8").tobytes() for each in (sampled.flat, sampled.sloped)]
        with self._db.transaction() as db:
            db.execute("DELETE FROM sampled")
            db.execute("INSERT INTO sampled VALUES (?, ?, ?, ?)", (settings, sampled.audios, *blobs))


def path_of(folder: str) -> str:
    """Return where the cache of a profile with this state folder lies."""
    return os.path.join(folder, "cache.sqlite")
