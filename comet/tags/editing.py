"""The stage: paths and changes in, what the files would be out. Nothing is written: `act` does that, with a journal.

Worker processes do the work, with limits, as in `reading`: a tag may be made to eat all memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from comet.core.pieces import Piece
from comet.core.workers import Pool
from comet.tags.fields import Change, Tags
from comet.tags.reading import MEMORY, TIMEOUT


@dataclass(frozen=True, slots=True)
class Task:
    """A file whose tags shall change."""

    path: bytes
    """Absolute."""
    change: Change


@dataclass(frozen=True, slots=True)
class Edited:
    """What a file would be."""

    path: bytes
    before: Tags = field(default_factory=Tags)
    after: Tags = field(default_factory=Tags)
    """Read from what would be written."""
    lost: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that tags of this kind cannot hold, by field."""
    pieces: tuple[Piece, ...] = ()
    """The new content, told by the file's; none where nothing changes."""
    reverse: tuple[Piece, ...] = ()
    """The file's content, told by the new one; that it is has been tried."""
    old_hash: str = ""
    """`core.pieces.digest` of the file's content."""
    new_hash: str = ""
    error: str = ""
    """Why its tags cannot be changed, as a sentence; then there is nothing else."""


def edit_all(tasks: Iterable[Task], *, workers: int = 1) -> Iterator[Edited]:
    """Find out what files would be with other tags, and yield each when that is done."""
    with Pool[Task, Edited](workers, "comet.tags.work:edit", memory=MEMORY, deadline=_seconds) as pool:
        for outcome in pool.run(tasks):
            yield outcome.result or Edited(outcome.task.path, error=outcome.error)


def _seconds(_task: Task) -> float:
    return TIMEOUT
