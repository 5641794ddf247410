"""History: what was done, and what lies in quarantine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from comet.collection.opened import Collection
from comet.core.acts import Entry
from comet.core.model import Identity

FULL: Final = 0.9
"""Share of a disk that is taken from which on it is worth saying that what is held is not free."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of apply, undo or purge."""

    id: int
    kind: str
    made: float
    """Seconds since 1970."""
    done: int
    undone: int
    failed: int
    purged: int
    size: int
    """Bytes of the files that still lie in quarantine because of it."""
    undoable: int
    """Entries that can still be undone."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file in quarantine."""

    entry: Entry
    path: str
    """Where it was, absolute; below the root's id where that is not known any more."""
    place: str
    """Where it lies now, absolute."""
    size: int
    made: float
    """When it was removed, seconds since 1970."""
    keeper: str
    there: bool
    """It can be seen in its place now; its root may be away."""


def runs(collection: Collection) -> list[Run]:
    """Return the runs, newest first."""
    purged = collection.journal.purged()
    return [
        Run(
            row["id"], row["kind"], row["made"], row["done"], row["undone"], row["failed"], purged.get(row["id"], 0),
            row["size"], row["undoable"],
        )
        for row in collection.journal.runs()
    ]  # fmt: skip


def undoable(collection: Collection, run: int | None = None) -> list[Entry]:
    """Return the entries that can be undone, of one run or of all."""
    return collection.journal.undoable(run)


def last(collection: Collection) -> list[Entry]:
    """Return the entries of the last run that can be undone."""
    return undoable(collection, collection.journal.last_undoable())


def entries(collection: Collection, run: int) -> list[Entry]:
    """Return the entries of a run in order."""
    return collection.journal.entries(run)


def held(collection: Collection) -> list[Held]:
    """Return what lies in quarantine, oldest first."""
    roots = {root.id: root.path for root in collection.acted_roots()}
    found = []
    for entry in collection.journal.held():
        place = path_of(roots, Identity(entry.before.file.root, os.fsencode(entry.held), 0, 0, ""))
        found.append(
            Held(
                entry,
                path_of(roots, entry.before.file),
                place,
                entry.moved.size,
                entry.made,
                path_of(roots, entry.before.keeper) if entry.before.keeper else "",
                os.path.lexists(place),
            )
        )
    return found


def spared(collection: Collection) -> list[str]:
    """Return what was written beside a file and stays there, for it may be nowhere else: paths, absolute.

    That is so where a crash and somebody else's writing came together; the steps of such a run name it too.
    """
    roots = {root.id: root.path for root in collection.acted_roots()}
    found = []
    for entry in collection.journal.spared():
        file = entry.before.file
        beside = os.path.join(os.path.dirname(file.path), os.fsencode(entry.after["temp"]))
        found.append(path_of(roots, replace(file, path=beside)))
    return [path for path in dict.fromkeys(found) if os.path.lexists(path)]


def fullest(collection: Collection) -> tuple[str, float]:
    """Return the root whose disk is the fullest, and how full that is, 0 to 1; nothing where none can be asked."""
    found = ("", 0.0)
    for root in collection.scanned_roots():
        with contextlib.suppress(OSError):
            disk = os.statvfs(root.path)
            used = disk.f_blocks - disk.f_bfree
            share = used / (used + disk.f_bavail) if used + disk.f_bavail else 0.0
            found = max(found, (os.fsdecode(root.path), share), key=lambda each: each[1])
    return found


def path_of(roots: Mapping[str, bytes], file: Identity) -> str:
    """Return where a file lies now, by the paths of the roots; below the id of a root whose path is not known."""
    return os.fsdecode(os.path.join(roots.get(file.root, os.fsencode(file.root)), file.path))
