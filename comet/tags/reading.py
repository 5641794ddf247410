"""The stage: paths in, tags out. Worker processes read, with limits: a tag may be made to eat all memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from comet.core.workers import Pool
from comet.tags.fields import Tags

MEMORY: Final = 512 << 20
"""Bytes that reading a file's tags may take: mutagen holds a tag in memory about twice, and covers reach 50 MB."""
TIMEOUT: Final = 30.0
"""Seconds: a disk that has to wake up takes ten."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What was found in a file."""

    path: bytes
    tags: Tags | None = None
    error: str = ""
    """Why there are none, as a sentence."""
    stamp: tuple[int, int, int] = (0, 0, 0)
    """Size, time of the content and time of the last change of any kind (ns) that the file had before it was read."""
    lasting: bool = True
    """It is the file's own fault: as long as it is as it is, reading it again says the same."""


def stamp_of(path: bytes) -> tuple[int, int, int]:
    """Return the stamp of a file as it is now, zeros for one that cannot be found."""
    try:
        info = os.stat(path)
    except OSError:
        return 0, 0, 0
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns


def read_all(paths: Iterable[bytes], *, workers: int = 1) -> Iterator[Tagged]:
    """Read the tags of files in worker processes and yield each as it is done.

    Args:
        paths: Absolute.
        workers: Processes.
    """
    with Pool[bytes, Tagged](workers, "comet.tags.work:work", memory=MEMORY, deadline=lambda _path: TIMEOUT) as pool:
        for outcome in pool.run(paths):
            yield outcome.result or Tagged(outcome.task, error=outcome.error)
