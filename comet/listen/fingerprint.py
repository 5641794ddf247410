"""The stage: many files in, what is known of their sound out.

The processes that `work` in read them; here is only who reads what, so that no decoder is loaded for it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from comet.core.job import Job
from comet.core.measures import Loudness, Quality
from comet.core.model import Audio, File, Stage
from comet.core.sections import Settings
from comet.core.text import _
from comet.core.workers import Outcome, Pool
from comet.listen.ahead import Turns

if TYPE_CHECKING:
    from comet.core.model import Words
    from comet.tags.reading import Tagged

_MB: Final = 1_000_000
# 64 kbit/s are decoded some thousand times as fast here, and a NAS that does other things too is twenty times slower
_SPEED: Final = 50_000  # bytes a second
_LONGEST: Final = 1800.0  # seconds that are added at most
_WAIT: Final = 0.25  # share of `timeout` that a file may wait for its turn at the disk; the rest is for the file


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to listen to."""

    file: File
    path: bytes
    """Absolute."""
    identify_first: bool
    """Its audio may be known already: take the hash first, and decode only if it is not."""
    disk: str = ""
    """Name of the spinning disk that it is on, whose readers take turns; empty where nobody has to wait."""
    speed: float = 0.0
    """Percent by which it is listened to as if played slower, and lower."""


class Cause(StrEnum):
    """Where it lies that a file could not be used."""

    FILE = "file"
    """In the file: it is not tried again until it changes."""
    SYSTEM = "system"
    """In rights, disk or network."""
    LIMITS = "limits"
    """In the time or memory that it may take."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was found out about a wanted file."""

    wanted: Wanted
    audio: Audio | None = None
    """None where nothing could be decoded, and where the hash is that of a known audio."""
    words: Words | None = None
    """Shape (n,), uint32; there where `audio` is."""
    quality: Quality | None = None
    """There where `audio` is."""
    loudness: Loudness | None = None
    """There where `audio` is and it was asked for."""
    hash: str = ""
    """Audio hash, empty where it could not be taken."""
    error: str = ""
    """What is wrong with the file, as a sentence. With an `audio` it is good, but cannot be recognised by its sound."""
    cause: Cause = Cause.FILE
    """Where the error lies."""
    tagged: Tagged | None = None
    """What it says of itself, read along the way; None where it is no music, or nobody came so far."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is asked to do."""

    wanted: Wanted
    identify: bool
    """Only take the hash."""
    length: float
    loudness: bool
    turns: Turns | None = None
    """None where nobody waits."""


def limits(settings: Settings) -> dict[str, Any]:
    """Return how files are listened to by the settings, as `listen_all` takes it."""
    return {
        "length": settings.fingerprint.length,
        "workers": settings.scan.workers,
        "timeout": settings.scan.timeout,
        "memory": settings.scan.memory * _MB,
        "readers": settings.scan.readers,
        "nice": settings.scan.nice,
        "ionice": settings.scan.ionice or None,
    }


class Listener:
    """Worker processes that listen to files, for as long as it is used as a context manager.

    Args:
        length: Seconds from the beginning that are decoded, 0 for all; see `audio.listen`.
        workers: Processes, 0 for one a processor, and one more where a disk spins.
        timeout: Seconds that a file may take, plus 20 for each megabyte, up to half an hour.
        memory: Bytes that a worker may take beyond what the program needs.
        loudness: It is measured too, on the whole track.
        readers: Files that are read at the same time from one spinning disk.
        locks: Folder for the locks by which readers of a disk take turns; without one nobody waits.
        nice: See `Pool`.
        ionice: See `Pool`.
        spinning: Some of the files lie on a disk that spins.
    """

    def __init__(
        self,
        *,
        length: float,
        workers: int,
        timeout: float,
        memory: int,
        loudness: bool = False,
        readers: int = 1,
        locks: str = "",
        nice: int = 0,
        ionice: int | None = None,
        spinning: bool = False,
    ) -> None:
        self._length, self._loudness, self._timeout = length, loudness, timeout
        self._readers, self._locks = readers, locks
        self._pool = Pool[Task, Heard](
            workers or (os.cpu_count() or 1) + spinning,  # one of them waits for the disk
            "comet.listen.work:work",
            memory=memory,
            deadline=lambda task: self._seconds(task.wanted),
            nice=nice,
            ionice=ionice,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.close()

    def listen(self, wanted: Iterable[Wanted], known: Callable[[str], bool]) -> Iterator[Heard]:
        """Listen to files and yield each as it is done.

        Args:
            wanted: The files, in the order in which reading them is best begun.
            known: Asked, in this process, whether an audio hash is known already.
        """
        for outcome in self._pool.run(map(self._task, wanted)):
            heard = _heard(outcome)
            if outcome.task.identify and heard.hash and not known(heard.hash):
                self._pool.submit(replace(outcome.task, identify=False))
            else:
                yield heard

    def _seconds(self, each: Wanted) -> float:
        return self._timeout + min(each.file.size / _SPEED, _LONGEST)

    def _task(self, each: Wanted) -> Task:
        turns = Turns(self._locks, self._readers, self._timeout * _WAIT) if each.disk and self._locks else None
        return Task(each, each.identify_first, self._length, self._loudness, turns)


def listen_all(
    wanted: Sequence[Wanted],
    known: Callable[[str], bool],
    **how: Any,  # noqa: ANN401 - as of `Listener`
) -> Generator[Heard, None, None]:
    """Listen to files as `Listener.listen`, with processes that end when the last one is done."""
    with Listener(**how, spinning=any(each.disk for each in wanted)) as listener:
        yield from listener.listen(wanted, known)


def hear(
    files: dict[bytes, File],
    settings: Settings,
    job: Job,
    known: Callable[[str], bool] | None = None,
    speed: float = 0.0,
) -> dict[bytes, Heard]:
    """Listen to files, given and returned by absolute path.

    Where `known` is given, the audio hash is taken first, and what is known by it is not decoded. With a `speed` they
    are heard as if played slower by so many percent.
    """
    wanted = [Wanted(file, path, identify_first=known is not None, speed=speed) for path, file in files.items()]
    found = {}
    with (
        job.stage(Stage.SCAN, len(wanted), total_size=sum(file.size for file in files.values())) as advance,
        contextlib.closing(listen_all(wanted, known or (lambda _hash: False), **limits(settings))) as heard_all,
    ):
        for heard in heard_all:
            found[heard.wanted.path] = heard
            advance(1, os.fsdecode(heard.wanted.path), heard.wanted.file.size)
    return found


def too_short(found: Audio) -> str:
    """Say that an audio cannot be recognised by its sound, if so; silence is in order, and has nothing to compare."""
    if found.words or found.sound_start >= found.duration:
        return ""
    return _("too short to be recognised by its sound: {seconds:.1f} s").format(seconds=found.duration)


def _heard(outcome: Outcome[Task, Heard]) -> Heard:
    """Return the worker's answer, or why there is none."""
    if outcome.error or outcome.result is None:
        cause = Cause.SYSTEM if outcome.killed else Cause.LIMITS
        return Heard(outcome.task.wanted, error=outcome.error, cause=cause)
    return outcome.result
