"""The stage: paths and changes in, what the files would be out. Nothing is written: `act` does that, with a journal.

Worker processes do the work, with limits, as in `reading`: a tag may be made to eat all memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from comet.core.acts import Content
from comet.core.pieces import Piece
from comet.core.workers import Pool
from comet.tags.fields import Change, Tags
from comet.tags.reading import MEMORY, TIMEOUT

_SPEED: Final = 3e6
"""Bytes a second of a file at least: it is read three times, and a network of 100 Mbit/s brings 11 MB a second."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file whose tags shall change."""

    path: bytes
    """Absolute."""
    change: Change
    pictures: Mapping[str, Content | None] = field(default_factory=dict)
    """As of `core.acts.Step`."""
    only_look: bool = False
    """What would be read back is enough: there are no pieces, and no bytes of sound are read."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What a file would be."""

    path: bytes
    before: Tags = field(default_factory=Tags)
    after: Tags = field(default_factory=Tags)
    """Read from what would be written."""
    lost: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that tags of this kind cannot hold, by field; of a picture its MIME type, by `picture` and its kind."""
    pieces: tuple[Piece, ...] = ()
    """The new content, told by the file's; none where nothing changes."""
    reverse: tuple[Piece, ...] = ()
    """The file's content, told by the new one; that it is has been tried."""
    old_hash: str = ""
    """`core.pieces.digest` of the file's content."""
    new_hash: str = ""
    error: str = ""
    """Why its tags cannot be changed, as a sentence; then there is nothing else."""


class Editor:
    """One worker that finds out what files would be with other tags. Use it as a context manager.

    Args:
        also: As of `Pool`.
    """

    def __init__(self, also: Sequence[str] = ()) -> None:
        self._pool = Pool[Task, Edited](1, "comet.tags.work:edit", memory=MEMORY, deadline=_seconds, also=also)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.close()

    def edit(self, path: bytes, change: Change, pictures: Mapping[str, Content | None] | None = None) -> Edited:
        """Return what the file at an absolute path would be with its tags changed so; nothing is written."""
        (outcome,) = self._pool.run([Task(path, change, pictures or {})])
        return outcome.result or Edited(path, error=outcome.error)

    def look(self, path: bytes, change: Change, pictures: Mapping[str, Content | None]) -> Edited:
        """Return the same without its pieces, which takes no longer for a large file."""
        (outcome,) = self._pool.run([Task(path, change, pictures, only_look=True)])
        return outcome.result or Edited(path, error=outcome.error)


def _seconds(task: Task) -> float:
    """Return how long a file may take; one that is not there says so at once."""
    try:
        return TIMEOUT + os.stat(task.path).st_size / _SPEED
    except OSError:
        return TIMEOUT
