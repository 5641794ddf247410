"""What cannot be computed again: decisions, and every change of a file with what takes it back. Never deleted by Comet.

A change is written down before anything is touched (`intended`) and again when it is done; both are on the disk before
the next thing happens. Order follows from numbers, never from the clock, which may be set back.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from comet.core import plans
from comet.core.acts import Entry, Kind, Plan, State, Step
from comet.core.database import Connection, Database, Row
from comet.core.errors import UsageError
from comet.core.merged import Settled
from comet.core.model import Choice, Decision, Identity, Place
from comet.core.text import _, safe

_ENTRY: Final = "id, run, step, kind, state, before, after, reverse, of, error, made"
_KEPT: Final = """state = 'done' AND NOT EXISTS
                  (SELECT 1 FROM entries p WHERE p.of = entries.id AND p.kind = 'purge' AND p.state = 'done')"""
_REMOVED: Final = f"entries.kind = 'remove' AND {_KEPT}"
_HELD: Final = f"""(entries.kind = 'remove'
                  OR (entries.kind = 'place' AND json_extract(after, '$.replaced') IS NOT NULL)
                  OR (entries.kind = 'undo' AND json_extract(after, '$.withdrawn') IS NOT NULL)) AND {_KEPT}"""
_UNDOABLE: Final = f"""((entries.kind IN ('remove', 'write_tags', 'place') AND {_KEPT})
                   OR (entries.kind = 'repoint_playlist' AND state = 'done' AND NOT EXISTS
                   (SELECT 1 FROM entries p WHERE p.of = entries.of AND p.kind = 'purge' AND p.state = 'done')))"""  # noqa: S608


def _first(db: Connection) -> None:
    for statement in (
        "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, made REAL NOT NULL,
           plan TEXT NOT NULL)""",
        # root, path and the keeper's are those of `before`, to be searched; `changed` counts up over all rows
        """CREATE TABLE entries (id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs,
           step INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, root TEXT NOT NULL, path BLOB NOT NULL,
           size INTEGER NOT NULL, keeper_root TEXT NOT NULL, keeper_path BLOB NOT NULL,
           before TEXT NOT NULL, after TEXT NOT NULL, reverse TEXT NOT NULL, of INTEGER NOT NULL, error TEXT NOT NULL,
           made REAL NOT NULL, changed INTEGER NOT NULL)""",
        "CREATE INDEX entries_of_run ON entries (run)",
        "CREATE INDEX entries_of ON entries (of, kind, state)",
        "CREATE INDEX entries_at ON entries (root, path)",
        "CREATE INDEX entries_kept_by ON entries (keeper_root, keeper_path)",
        "CREATE INDEX entries_changed ON entries (changed)",
        "CREATE INDEX entries_intended ON entries (state) WHERE state = 'intended'",
        """CREATE TABLE decisions (id INTEGER PRIMARY KEY AUTOINCREMENT, choice TEXT NOT NULL, members TEXT NOT NULL,
           keep TEXT NOT NULL, made REAL NOT NULL, run INTEGER NOT NULL)""",
    ):
        db.execute(statement)
    db.execute("INSERT INTO about VALUES ('id', ?), ('changes', '0')", (secrets.token_hex(4),))


def _tags(db: Connection) -> None:
    db.execute("ALTER TABLE decisions ADD COLUMN tags TEXT NOT NULL DEFAULT ''")


MIGRATIONS = {"first": _first, "tags": _tags}


class Journal:
    """One profile's journal. Each method is one short transaction, from any process."""

    def __init__(self, path: str) -> None:
        hint = _("undoing needs it: put a good copy back, or let Comet begin a new one by moving it away")
        self._db = Database(path, MIGRATIONS, hint=hint)
        row = self._db.row("SELECT value FROM about WHERE key = 'id'")
        self.id = str(row["value"]) if row else ""

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # runs and entries

    def begin(self, kind: str, plan: Plan | None = None) -> int:
        """Begin a run (`apply`, `undo` or `purge`), with the plan that it follows, and return its number.

        Raises:
            UsageError: the plan could not be read again, so it is none.
        """
        text = json.dumps(plans.plan_json(plan)) if plan else ""
        if plan:
            plans.parse(text, plan.profile)
        with self._db.transaction() as db:
            found = db.execute("INSERT INTO runs (kind, made, plan) VALUES (?, ?, ?)", (kind, time.time(), text))
            return int(found.lastrowid or 0)

    def folder(self, run: int) -> str:
        """Return what the quarantine's folder of a run is called, in a root that other profiles may use too."""
        return f"{self.id}-{run}"

    def intend(
        self,
        run: int,
        number: int,
        kind: Kind,
        step: Step,
        *,
        after: Mapping[str, str] | None = None,
        reverse: Mapping[str, object] | None = None,
        of: int = 0,
        refused: str = "",
    ) -> int:
        """Write down what is about to be done, or with `refused` that it was not begun, and why; return the entry's id.

        It is on the disk when this returns.
        """
        file, state = step.file, State.FAILED if refused else State.INTENDED
        kept = step.keeper.place if step.keeper is not None else Place("", b"")
        values = (
            run, number, kind.value, state.value, file.root, file.path, (after or {}).get("held_size", file.size),
            kept.root, kept.path,
            json.dumps(plans.step_json(step)), json.dumps(after or {}),
            json.dumps(reverse or {}, ensure_ascii=False), of, safe(refused),
        )  # fmt: skip
        sql = """INSERT INTO entries (run, step, kind, state, root, path, size, keeper_root, keeper_path,
                 before, after, reverse, of, error, made, changed)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        with self._db.transaction() as db:
            # never earlier than the entry before: on a clock that was wrong for a while nothing must grow old at once
            last = db.execute("SELECT made FROM entries ORDER BY id DESC LIMIT 1").fetchone()
            made = max(time.time(), last["made"] if last else 0.0)
            return int(db.execute(sql, (*values, made, _count(db))).lastrowid or 0)

    def settle(
        self, entry: int, state: State, error: str = "", after: Mapping[str, str] | None = None, *, undone: bool = True
    ) -> None:
        """Write down how an entry ended, and what is known only `after` it.

        With an undo that is done, what it undoes is undone, unless only a part of it is.
        """
        with self._db.transaction() as db:
            row = db.execute("SELECT kind, of, after FROM entries WHERE id = ?", (entry,)).fetchone()
            told = json.dumps({**json.loads(row["after"]), **(after or {})})
            changed = "UPDATE entries SET state = ?, error = ?, after = ?, changed = ? WHERE id = ?"
            db.execute(changed, (state.value, safe(error), told, _count(db), entry))
            if undone and state is State.DONE and row["kind"] == Kind.UNDO:
                changed = "UPDATE entries SET state = 'undone', error = '', changed = ? WHERE id = ?"
                db.execute(changed, (_count(db), row["of"]))

    def entry(self, entry: int) -> Entry:
        """Return one entry.

        Raises:
            UsageError: there is none of this number.
        """
        for found in self._entries("id = ?", (entry,)):
            return found
        raise UsageError(
            _("the journal has no entry {id}").format(id=entry), hint=_("`comet history` lists what was done")
        )

    def entries(self, run: int) -> list[Entry]:
        """Return the entries of a run in order."""
        return list(self._entries("run = ?", (run,)))

    def pending(self) -> list[Entry]:
        """Return the entries that were begun and not ended: they are under way, or their process has died."""
        return list(self._entries("state = 'intended'"))

    def held(self) -> list[Entry]:
        """Return the entries whose files lie in quarantine, oldest first: removals, and placings done and undone."""
        return list(self._entries(_HELD))

    def spared(self) -> list[Entry]:
        """Return the entries that ended otherwise than was meant and had written something beside their file."""
        return list(self._entries("error <> '' AND state <> 'intended' AND json_extract(after, '$.temp') IS NOT NULL"))

    def is_held(self, entry: int) -> bool:
        """Tell whether what an entry has moved into quarantine lies there."""
        return any(self._entries(f"id = ? AND {_HELD}", (entry,)))

    def holds(self, file: Identity) -> bool:
        """Tell whether this very file was removed and lies in quarantine."""
        found = self._entries(f"root = ? AND path = ? AND {_REMOVED}", (file.root, file.path))
        return any(entry.before.file == file for entry in found)

    def removal(self, place: Place, audio: str = "") -> Entry | None:
        """Return the last removal by which a file that was at `place` came into quarantine, where it lies now.

        With `audio`, a file with that sound: another one may have been put there since.
        """
        found = self._entries(f"root = ? AND path = ? AND {_REMOVED}", (place.root, place.path))
        return next((each for each in reversed(list(found)) if audio in ("", each.before.file.audio)), None)

    def held_places(self) -> dict[Place, int]:
        """Return where removed files were that lie in quarantine, each with the id of its last removal."""
        sql = f"SELECT id, root, path FROM entries WHERE {_REMOVED} ORDER BY id"  # noqa: S608
        return {Place(row["root"], row["path"]): row["id"] for row in self._db.rows(sql)}

    def held_size(self) -> tuple[int, int]:
        """Return how many files lie in quarantine, and their bytes."""
        row = self._db.row(f"SELECT count(*) AS n, coalesce(sum(size), 0) AS size FROM entries WHERE {_HELD}")  # noqa: S608
        return (row["n"], row["size"]) if row else (0, 0)

    def relying(self, keeper: Identity) -> list[Entry]:
        """Return the removals of files that lie in quarantine because this file was kept."""
        found = self._entries(f"keeper_root = ? AND keeper_path = ? AND {_REMOVED}", (keeper.root, keeper.path))
        return [each for each in found if each.before.keeper and each.before.keeper.audio == keeper.audio]

    def now(self, file: Identity) -> Identity:
        """Return a file as it is after it was placed, and after all that was written into it since it was seen so.

        Somebody may have put it back from a backup meanwhile: then what was written after that counts.
        """
        sql, now = "root = ? AND path = ? AND kind IN ('write_tags', 'place') AND state = 'done'", file
        for entry in self._entries(sql, (file.root, file.path)):
            if entry.before.file in (now, file):
                now = entry.became
        return now

    def placed(self, place: Place) -> Entry:
        """Return the last placing at a place, where there is one that is done."""
        return list(
            self._entries("root = ? AND path = ? AND kind = 'place' AND state = 'done'", (place.root, place.path))
        )[-1]

    def rewritten(self, place: Place) -> set[str]:
        """Return what the content of a file was recognised by after each change of it that was made."""
        done = self._entries("root = ? AND path = ? AND state = 'done'", (place.root, place.path))
        return {entry.after.get("hash", "") for entry in done}

    def repointed(self) -> set[tuple[int, Place]]:
        """Return for which removals which playlists were changed, also where that was taken back since."""
        sql = "SELECT of, root, path FROM entries WHERE kind = 'repoint_playlist' AND state <> 'failed'"
        return {(row["of"], Place(row["root"], row["path"])) for row in self._db.rows(sql)}

    def following(self, removal: int) -> list[Entry]:
        """Return the changes of playlists that followed a removal and are still as it made them."""
        return list(self._entries(f"of = ? AND {_UNDOABLE}", (removal,)))

    def undoable(self, run: int | None = None) -> list[Entry]:
        """Return what can be undone, of one run or of all: what is done, but for undoings, purges and the purged."""
        return list(self._entries(f"{_UNDOABLE} AND run = ?", (run,)) if run is not None else self._entries(_UNDOABLE))

    def last_undoable(self) -> int:
        """Return the number of the last run that can be undone, 0 where there is none."""
        row = self._db.row(f"SELECT coalesce(max(run), 0) AS run FROM entries WHERE {_UNDOABLE}")  # noqa: S608
        return int(row["run"]) if row else 0

    def can_undo(self, entry: int) -> bool:
        """Tell whether an entry can still be undone."""
        return any(self._entries(f"id = ? AND {_UNDOABLE}", (entry,)))

    def changed_since(self, number: int) -> tuple[int, list[Entry]]:
        """Return the number of the newest change, and the entries that have changed after the one of `number`."""
        row = self._db.row("SELECT value FROM about WHERE key = 'changes'")
        newest = int(row["value"]) if row else 0
        if newest <= number:
            return newest, []
        return newest, list(self._entries("changed > ? AND changed <= ?", (number, newest)))

    def runs(self) -> Iterator[Row]:
        """Yield the runs, newest first: id, kind, time, and how many entries are done, undone, failed, undoable.

        `size` are the bytes of the files that lie in quarantine because of it.
        """
        sql = f"""SELECT runs.id AS id, runs.kind AS kind, runs.made AS made,
                  coalesce(sum(state = 'done'), 0) AS done, coalesce(sum(state = 'undone'), 0) AS undone,
                  coalesce(sum(state = 'failed'), 0) AS failed, coalesce(sum({_UNDOABLE}), 0) AS undoable,
                  coalesce(sum(CASE WHEN {_HELD} THEN size ELSE 0 END), 0) AS size
                  FROM runs LEFT JOIN entries ON run = runs.id GROUP BY runs.id ORDER BY runs.id DESC"""  # noqa: S608
        yield from self._db.rows(sql)

    def purged(self) -> dict[int, int]:
        """Return how many files of each run were purged."""
        sql = """SELECT removed.run AS run, count(*) AS n FROM entries p JOIN entries removed ON removed.id = p.of
                 WHERE p.kind = 'purge' AND p.state = 'done' GROUP BY removed.run"""
        return {row["run"]: row["n"] for row in self._db.rows(sql)}

    def _entries(self, where: str, values: Sequence[object] = ()) -> Iterator[Entry]:
        for row in self._db.rows(f"SELECT {_ENTRY} FROM entries WHERE {where} ORDER BY id", values):  # noqa: S608
            yield Entry(
                row["id"], row["run"], row["step"], Kind(row["kind"]), State(row["state"]),
                plans.step_from(json.loads(row["before"])), json.loads(row["after"]), json.loads(row["reverse"]),
                row["of"], row["error"], row["made"],
            )  # fmt: skip

    # decisions

    def decisions(self) -> list[Decision]:
        """Return what was decided, oldest first."""
        return [_decision(row) for row in self._db.rows("SELECT * FROM decisions ORDER BY id")]

    def decide(
        self,
        choice: Choice,
        members: Iterable[str],
        keep: Iterable[Identity],
        run: int = 0,
        tags: Settled | None = None,
    ) -> Decision:
        """Remember a decision about a group with these `members` (audio hashes); the last one about them counts.

        One that was made by confirming a `run` is forgotten when that is undone.
        """
        hashes, kept = json.dumps(sorted(members)), json.dumps([plans.identity_json(each) for each in keep])
        settled = json.dumps(plans.settled_json(tags)) if tags else ""
        values = (choice.value, hashes, kept, time.time(), run, settled)
        with self._db.transaction() as db:
            found = db.execute(
                "INSERT INTO decisions (choice, members, keep, made, run, tags) VALUES (?, ?, ?, ?, ?, ?)", values
            )
            row = db.execute("SELECT * FROM decisions WHERE id = ?", (found.lastrowid,)).fetchone()
        return _decision(row)

    def forget_made_by(self, run: int) -> None:
        """Forget what was decided by confirming a run, if nothing of it is left to undo."""
        with self._db.transaction() as db:
            left = db.execute(f"SELECT 1 FROM entries WHERE run = ? AND {_UNDOABLE}", (run,)).fetchone()  # noqa: S608
            if left is None:
                db.execute("DELETE FROM decisions WHERE run = ?", (run,))

    def forget(self, decision: int) -> None:
        """Forget a decision; an earlier one about the same members counts again.

        Raises:
            UsageError: there is none of this number.
        """
        with self._db.transaction() as db:
            if not db.execute("DELETE FROM decisions WHERE id = ?", (decision,)).rowcount:
                raise UsageError(
                    _("there is no decision {id}").format(id=decision), hint=_("`comet decisions` lists them")
                )


def _count(db: Connection) -> int:
    db.execute("UPDATE about SET value = value + 1 WHERE key = 'changes'")
    return int(db.execute("SELECT value FROM about WHERE key = 'changes'").fetchone()["value"])


def _decision(row: Mapping[str, Any] | Row) -> Decision:
    keep = tuple(plans.identity_from(each) for each in json.loads(row["keep"]))
    tags = plans.settled_from(json.loads(row["tags"])) if row["tags"] else None
    return Decision(row["id"], Choice(row["choice"]), tuple(json.loads(row["members"])), keep, row["made"], tags)


def path_of(folder: str) -> str:
    """Return where the journal of a profile with this state folder lies."""
    return os.path.join(folder, "journal.sqlite")
