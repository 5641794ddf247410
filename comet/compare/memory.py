"""How much memory may be taken now: what the machine, its container and the process's own limits leave free."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Final

import psutil

from comet.core.errors import MemoryBudgetError
from comet.core.job import Job, Memory
from comet.core.text import _, size

RECORD: Final = 256
"""Bytes of a found pair at the worst moment, in two forms: each 16 as found, joined, sorted, written, 32 for order."""
SCRATCH: Final = 144
"""Bytes of working memory for each word of the longest track, in all of a thread's arrays together, rounded up."""
PARTITION: Final = 4 << 20
"""Bytes that a thread takes to sort the postings of a partition and to keep its candidates."""
BASE: Final = 8 << 20
"""For everything else that a chunk allocates."""

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
    return max(0, min(int(psutil.virtual_memory().available), _container(), _process()))


def used() -> int:
    """Return the resident bytes of this process and of its workers, pages that they share counted for each."""
    found = 0
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # a worker may end meanwhile
            found += int(process.memory_info().rss)
    return found


class Teller:
    """Tells those who watch a job how much memory it takes: at each chunk's beginning, or now and then."""

    def __init__(self, job: Job, every: float = 2.0) -> None:
        self._job = job
        self._every = every
        self._next = 0.0

    def chunk(self, allowed: int, units: int) -> None:
        """Tell that a chunk of so many units begins, for which so many bytes are allowed."""
        taken = used()
        self._job.report(Memory(taken + allowed, taken, units))

    def now_and_then(self) -> None:
        """Tell it, if that was not done within the last `every` seconds."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self.chunk(free(), 0)


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
    base = BASE + threads * SCRATCH * words
    row = RECORD * max(1, tracks)
    if budget < base + row:
        raise _too_little(tracks, base + row, budget)
    return (budget - base) // row


def _too_little(tracks: int, needed: int, budget: int) -> MemoryBudgetError:
    return MemoryBudgetError(
        _("comparing {tracks} tracks needs at least {needed} of memory, and {budget} are allowed").format(
            tracks=f"{tracks:,}", needed=size(needed), budget=size(budget)
        ),
        hint=_("allow more memory in the settings, or end other programs"),
    )


def room(budget: int, tracks: int, threads: int, least: int) -> int:
    """Return how many bytes of `budget` are left for the postings of an index.

    Args:
        budget: Bytes that the chunk may take, beside the sample, which is there already.
        tracks: In the sample.
        threads: That work at the same time.
        least: Bytes of the smallest piece.

    Raises:
        MemoryBudgetError: Not even that fits.
    """
    base = BASE + threads * PARTITION
    if budget < base + least:
        raise _too_little(tracks, base + least, budget)
    return budget - base


def _container() -> int:
    """Bytes left below the limit of this process's control group; more than any machine has where there is none.

    Pages of files that the group has read count as used but are given back first, so they count as free here.
    """
    left = 1 << 62
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


def _process() -> int:
    """Return the bytes of address space left to this process by `ulimit -v`."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return 1 << 62
    limit, _hard = resource.getrlimit(resource.RLIMIT_AS)
    return 1 << 62 if limit == resource.RLIM_INFINITY else limit - int(psutil.Process().memory_info().vms)
