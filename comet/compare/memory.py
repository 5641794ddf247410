"""How much memory may be taken now: what the machine, its container and the process's own limits leave free.

Everywhere memory is the *resident* bytes of the whole process. What is resident when a stage begins (interpreter,
compiled kernels, the sample) is its *baseline*; baseline and what a chunk may take beside it are what Comet may take.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import sys
import time
from typing import Final

import psutil

from comet.core.errors import MemoryBudgetError
from comet.core.job import Job, Memory
from comet.core.text import _, grouped, size

RECORD: Final = 112
"""Bytes of a found pair in two forms at the worst moment, while a chunk is sorted and written: 49 each, measured."""
SCRATCH: Final = 144
"""Bytes of working memory for each word of the longest track, in all of a thread's arrays together, rounded up."""
PIECE: Final = 2 << 20
"""Bytes that a thread takes for the piece it compares and the one that waits, beside `SCRATCH`."""
BASE: Final = 8 << 20
"""For everything else that a chunk allocates."""
TRACK: Final = 192
"""Bytes of a track in the sample beside its words: 128 of means, five numbers of 8, a run, and those on the way."""
POSTING: Final = 32
"""Bytes of a posting of the index."""
PROPOSED: Final = 4
"""Bytes for each posting that candidates take until they are compared: 100 for each of them, 14 in 1 000 postings."""
KNOWN: Final = 72
"""Bytes of a pair that is not to be compared again, while candidates are held against all of these."""
SEEN: Final = 32 << 20
"""Bytes of the table of pairs seen, 8 MB, the partitions' counts, 4 MB, and the keys that are wanted, 17 MB at most."""
LOADED: Final = 320 << 20
"""Bytes that the kernels of comparing and judging take until they are loaded: 128 MB were measured where they are
compiled, 296 MB else."""
MAPPED: Final = 400 << 20
"""Address space that they take meanwhile: 212 MB were measured where they are compiled, 373 MB else."""

_LARGE: Final = 1 << 20
"""Bytes from which on an array has pages of its own, so that they are given back with it."""
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_EVERY: Final = 1.0
"""Seconds for which an answer of the machine holds: one costs some milliseconds."""
_NONE: Final = 1 << 62
"""What is left where there is no limit; more than any machine has."""
_CGROUPS: Final = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def free() -> int:
    """Return the bytes that can be taken without swapping, and without reaching a limit of the container or process."""
    return max(0, min(int(psutil.virtual_memory().available), _container(), *_process()))


def bound() -> int:
    """Return the bytes of memory that the machine has, or its container where that may take less."""
    limits = (limit for file, _usage, _stat in _groups() if (limit := _number(file)) is not None)
    return min(int(psutil.virtual_memory().total), *limits, _NONE)


def used() -> int:
    """Return the resident bytes of this process and of its workers, pages that they share counted for each."""
    found = 0
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # a worker may end meanwhile
            found += int(process.memory_info().rss)
    return found


class Budget:
    """What a stage may take beside its baseline, which is what is resident when this is made. Asked before each chunk.

    What the process holds above the baseline was let go by the chunk before, or belongs to the one in hand, so it is
    counted as free. `job.wish.memory` beats the limit.
    """

    def __init__(self, job: Job, limit: int = 0, share: float = 1.0) -> None:
        """Take the baseline.

        Args:
            job: Whose wish counts.
            limit: Bytes that Comet may take in all, 0 for a share of what is free.
            share: That share.
        """
        _give_back()
        self._job = job
        self._limit = limit
        self._share = share
        self._baseline = used()
        self._left = 0
        self._next = 0.0

    def __call__(self) -> int:
        """Return bytes; below 0 where the baseline is above the limit."""
        if time.monotonic() >= self._next:
            self._left = free() + max(0, used() - self._baseline)
            self._next = time.monotonic() + _EVERY
        limit = self._job.wish.memory or self._limit
        return min(self._left, limit - self._baseline) if limit else int(self._left * self._share)


class Teller:
    """Tells those who watch a job how much memory it takes: at each chunk's beginning, or now and then."""

    def __init__(self, job: Job, every: float = 2.0) -> None:
        self._job = job
        self._every = every
        self._next = 0.0
        self._baseline = used()

    def chunk(self, allowed: int, units: int, least: int = 0, more: int = 0, left: int = 0) -> None:
        """Tell that a chunk begins, beside the baseline; 0 is what is not known.

        Args:
            allowed: Bytes that it may take.
            units: That it has.
            least: Bytes that one of a unit takes.
            more: Bytes that each further unit takes at most.
            left: Units that are not done, its own too.
        """
        self._job.report(Memory(self._baseline + allowed, used(), units, self._baseline + least, more, left))

    def now_and_then(self) -> None:
        """Tell what is taken and free, if that was not done within the last `every` seconds."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            taken = used()
            self._job.report(Memory(taken + free(), taken))


def loading() -> None:
    """Say so where there is no room for the kernels: the loader of libraries says something else, the compiler aborts.

    Raises:
        MemoryBudgetError: There is none.
    """
    if "comet.compare.kernels" in sys.modules:
        return
    space, _data = _process()
    kinds = ((space, MAPPED, _("address space (`ulimit -v`)")), (free(), LOADED, _("memory")))
    for left, needed, kind in kinds:
        if left < needed:
            raise MemoryBudgetError(
                _("compiling and loading the kernels needs {needed} of {kind}, and {left} are left").format(
                    needed=size(needed), kind=kind, left=size(max(0, left))
                ),
                hint=_("raise the limit, or end other programs"),
            )


def sample(budget: int, tracks: int, words: int) -> int:
    """Return how many of `budget` bytes are left beside a sample of so many tracks with so many words together.

    Raises:
        MemoryBudgetError: The sample does not fit.
    """
    needed = words * 4 + tracks * TRACK
    if budget < needed:
        raise _too_little(tracks, needed, budget)
    return budget - needed


def row(tracks: int, words: int, threads: int = 1) -> int:
    """Return how many bytes a chunk of one row takes, even if every pair of it is a match; arguments as of `units`."""
    return BASE + threads * (PIECE + SCRATCH * words) + RECORD * max(1, tracks)


def units(budget: int, tracks: int, words: int, threads: int = 1) -> int:
    """Return how many rows fit in `budget` bytes, even if every pair of them is a match.

    Args:
        budget: Bytes that the chunk may take, beside the sample, which is there already.
        tracks: In the sample; a row has at most so many pairs.
        words: Of the longest track.
        threads: That compare at the same time.

    Raises:
        MemoryBudgetError: Not even one row fits.
    """
    one = row(tracks, words, threads)
    if budget < one:
        raise _too_little(tracks, one, budget)
    return 1 + (budget - one) // (RECORD * max(1, tracks))


def _too_little(tracks: int, needed: int, budget: int) -> MemoryBudgetError:
    taken = used()
    return MemoryBudgetError(
        _("comparing {tracks} tracks needs at least {needed} MB of memory in all, and {budget} MB are allowed").format(
            tracks=grouped(tracks),
            needed=grouped(math.ceil((taken + needed) / 1e6)),  # so that what is typed is enough, and no two are equal
            budget=grouped(max(0, taken + budget) // 1_000_000),
        ),
        hint=_(
            "allow more with `--memory` or `correlate.memory`, compare less of each track with `correlate.sample`,"
            " or end other programs"
        ),
    )


def index_unit(words: int, threads: int, least: int, largest: int, known: int) -> int:
    """Return how many bytes a chunk of one unit of an index takes; arguments as of `room`."""
    beside = BASE + SEEN + threads * (PIECE + SCRATCH * words + largest) + KNOWN * known
    return beside + least + least * PROPOSED // POSTING


def room(budget: int, tracks: int, words: int, threads: int, least: int, largest: int, known: int) -> int:
    """Return how many bytes of `budget` are left for the postings of an index.

    Args:
        budget: Bytes that the chunk may take, beside the sample, which is there already.
        tracks: In the sample.
        words: Of the longest track.
        threads: That work at the same time.
        least: Bytes of the postings of one unit.
        largest: Bytes of the postings of one partition: a thread sorts a copy of it, and keeps its candidates.
        known: Pairs that are not to be compared again.

    Raises:
        MemoryBudgetError: Not even one unit fits.
    """
    if budget < (one := index_unit(words, threads, least, largest, known)):
        raise _too_little(tracks, one, budget)
    beside = index_unit(words, threads, 0, largest, known)
    return (budget - beside) * POSTING // (POSTING + PROPOSED)


def _give_back() -> None:
    """Have large arrays be pages of their own, and threads share what is small.

    The C library of Linux else learns to keep up to 64 MB of what was let go, and for each thread an arena.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(AttributeError):  # a C library without it, which gives back anyway
            library = ctypes.CDLL(None)
            library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
            library.mallopt(_M_ARENA_MAX, 1)


def _container() -> int:
    """Bytes left below the limit of this process's control group; more than any machine has where there is none.

    Pages of files that the group has read count as used but are given back first, so they count as free here.
    """
    left = _NONE
    for limit, usage, stat in _groups():
        bound, used = _number(limit), _number(usage)
        if bound is not None and used is not None:
            left = min(left, bound - used + _reclaimable(stat))
    return left


def _groups() -> list[tuple[str, str, str]]:
    """Return limit, usage and statistics files of the root group and of each group from there down to this process."""
    files = list(_CGROUPS)
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as lines:
            memberships = [line.rstrip("\n").split(":", 2) for line in lines]
    except OSError:
        return files
    for membership in memberships:
        if len(membership) != 3:
            continue
        controllers, path = membership[1].split(","), membership[2].strip("/")
        version = 0 if controllers == [""] else 1 if "memory" in controllers else -1
        while path and version >= 0:
            files.append(_below(_CGROUPS[version], path))
            path = os.path.dirname(path)
    return files


def _below(files: tuple[str, str, str], path: str) -> tuple[str, str, str]:
    """Return the files of the group at `path` below the root's."""
    limit, usage, stat = (os.path.join(os.path.dirname(file), path, os.path.basename(file)) for file in files)
    return limit, usage, stat


def _number(path: str) -> int | None:
    """Return the number in a file, None where there is none (or it says `max`)."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _reclaimable(path: str) -> int:
    """Return the bytes of file pages that a group holds and has not used lately."""
    try:
        with open(path, encoding="ascii") as file:
            fields = dict(line.split() for line in file)
        return int(fields.get("inactive_file", 0))
    except (OSError, ValueError):
        return 0


def _process() -> tuple[int, int]:
    """Return the bytes left to this process of address space by `ulimit -v`, and of pages of its own by `ulimit -d`."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return _NONE, _NONE
    taken = psutil.Process().memory_info()
    space, data = resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_DATA)[0]
    return (
        _NONE if space == resource.RLIM_INFINITY else space - int(taken.vms),
        # Only Linux says how much of it is taken, and only there it bounds more than the heap.
        _NONE if data == resource.RLIM_INFINITY or not hasattr(taken, "data") else data - int(taken.data),
    )
