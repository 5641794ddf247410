"""Progress out, stop in: the one object that every long function takes.

Events are numbers and paths. Words, percent, colours and rates belong to the faces.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from comet.core.errors import Stopped
from comet.core.model import Problem, Stage


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stage stands."""

    stage: Stage
    name: str
    """What of the stage: the root folder's path, or empty."""
    done: int
    total: int | None
    """None while it is not known."""
    note: str = ""
    """Path or number that is in hand."""
    finished: bool = False
    size: int = 0
    """Bytes of what is done."""
    total_size: int = 0
    """Bytes of all of it, 0 where bytes say nothing of the work."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a job takes of the memory that it may take, in bytes."""

    limit: int
    """So much it may take in all, as it stands now: what it took before the chunk, and what the chunk may take."""
    used: int
    """Resident, of its process and its workers."""
    chunk: int = 0
    """Units of the chunk that was begun, 0 where there are none."""
    least: int = 0
    """With less in all it cannot go on: what it took before the chunk and, where that is known, a unit beside it."""
    more: int = 0
    """Each further unit of the chunk takes so much at most; 0 where that is not known."""
    left: int = 0
    """Units that are not done, those of this chunk too; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a look at a root found, before anything of it is listened to."""

    root: str
    """The root folder's path."""
    files: int
    """That are there."""
    new: int
    changed: int
    gone: int
    size: int
    """Bytes to listen to."""
    again: bool = False
    """`new`, `changed` and `gone` are against the list made at the start of this run, rather than the last scan."""
    stale: int = 0
    """Neither new nor changed, and to listen to all the same: settings are otherwise, or a measure is missing."""
    away: str = ""
    """Why the root cannot be looked at now, as a sentence; all else is 0 then."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """In which order the files of a root are read: how evenly their formats are mixed."""

    root: str
    """The root folder's path."""
    deviation: float
    """Largest distance, in files, of a format from its proportion."""
    runs_z: float
    """How much more often the format changes than by chance, in standard deviations."""
    by_extent: int
    """Files that have their place by where they lie on the disk."""
    by_inode: int
    by_path: int


@dataclass(frozen=True, slots=True)
class Ready:
    """What was found so far can be looked at, while the job goes on."""

    pairs: int
    """That count now."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker of a cluster is gone; what it had under way goes to the others."""

    left: int
    """Workers that there are still."""


Event = Progress | Problem | Memory | Listing | Ordered | Ready | Lost


@dataclass(frozen=True, slots=True)
class Control:
    """What somebody outside wishes, read at each unit's edge."""

    pause: bool = False
    stop: bool = False
    memory: int = 0
    """Bytes that the job may take in all, 0 for what the settings say."""
    chunk: float = 1.0
    """Factor on the chunk's length: 0.5 halved, 2 doubled. However long, it keeps to the memory."""


def ignore(event: Event) -> None:
    """Report to nobody."""


def no_wish() -> Control:
    """Wish nothing."""
    return Control()


class Job:
    """One run of a long task: reports through `report`, stops when `stop` was called or `control` wishes it.

    `report` is called from the thread that works, at most once in `every` seconds for a stage, and always for a
    stage's first and last step; problems are never held back. `control` is asked as often.
    """

    def __init__(
        self,
        report: Callable[[Event], None] = ignore,
        *,
        control: Callable[[], Control] = no_wish,
        every: float = 0.1,
    ) -> None:
        self.report = report
        self._control = control
        self._every = every
        self._stop = threading.Event()
        self._asked = 0.0
        self._wish = Control()

    def stop(self) -> None:
        """Ask the job to end after the unit in hand. Safe from a signal handler and from any thread."""
        self._stop.set()

    @property
    def wish(self) -> Control:
        """What is wished now; asked for at most once in `every` seconds."""
        now = time.monotonic()
        if now - self._asked >= self._every:
            self._asked = now
            self._wish = self._control()
        return self._wish

    def check(self) -> None:
        """Wait while a pause is wished; raise `Stopped` if a stop is."""
        while True:
            if self._stop.is_set() or self.wish.stop:
                raise Stopped
            if not self.wish.pause:
                return
            self._stop.wait(self._every)

    def problem(self, stage: Stage, path: bytes, error: str) -> None:
        """Report a file that could not be used."""
        self.report(Problem(stage, path, error))

    @contextmanager
    def stage(
        self, stage: Stage, total: int | None = None, name: str = "", total_size: int = 0
    ) -> Iterator[Callable[..., None]]:
        """Yield `advance(n=1, note="", size=0)`; call it after each piece of work that is safe to stop after.

        `size` are the bytes of that piece, `total_size` those of all.
        """
        done = done_size = 0
        last = time.monotonic()
        self.check()
        self.report(Progress(stage, name, 0, total, total_size=total_size))

        def advance(n: int = 1, note: str = "", size: int = 0) -> None:
            nonlocal done, done_size, last
            done += n
            done_size += size
            now = time.monotonic()
            if now - last >= self._every:
                last = now
                self.report(Progress(stage, name, done, total, note, size=done_size, total_size=total_size))
            self.check()

        try:
            yield advance
        finally:
            self.report(Progress(stage, name, done, total, finished=True, size=done_size, total_size=total_size))
