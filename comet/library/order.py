"""In which order files are read: formats mixed evenly, and inside each format along the disk.

FLAC keeps the disk busy, lossy formats the processor; mixed, both are. Nothing is read here.
"""

from __future__ import annotations

import errno
import math
import os
import stat
import struct
import sys
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple, TypeVar

from comet.core.model import File

if sys.platform == "linux":
    import fcntl

_T = TypeVar("_T")

_FIEMAP: Final = 0xC020660B  # FS_IOC_FIEMAP; some rare processors number it otherwise, and then nobody answers
_HEADER: Final = struct.Struct("=QQIIII")  # start, length, flags, extents told, extents asked for, reserved
_EXTENT: Final = struct.Struct("=QQQQQIIII")  # logical, physical, length, reserved x 2, flags, reserved x 3
_ASKED: Final = 4  # a file that begins with a hole or an unwritten part has its first sound a little later
_NOWHERE: Final = 0x2 | 0x4 | 0x200 | 0x800
"""Flags of an extent that has no place of its own: unknown, not yet allocated, inside the inode, never written."""
_LONG: Final = 8
"""Times the median size of its format from which on a file comes first."""
_MUTE: Final = {errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class _By(IntEnum):
    """By what a file has its place inside its format, the best first."""

    EXTENT = 0
    INODE = 1
    PATH = 2


class _Place(NamedTuple):
    """Sorts along the disk: addresses of one device can be compared with each other, and with nothing else."""

    by: _By
    device: int
    number: int
    """Physical address in bytes, or inode; 0 where only the path is known."""
    path: bytes


@dataclass(frozen=True, slots=True)
class Order:
    """Files in the order in which they are best read, and how good it is."""

    files: tuple[File, ...]
    deviation: float
    """Largest distance, in files, of a format from its proportion; see `deviation`."""
    runs_z: float
    """How much more often the format changes than by chance, in standard deviations; see `runs_z`."""
    by_extent: int
    """Files that have their place by the physical address of their first bytes."""
    by_inode: int
    by_path: int
    """Files that could not be looked at."""


def arrange(files: Sequence[File], base: bytes, *, extents: bool) -> Order:
    """Put files into reading order: each format along the disk, the formats mixed evenly in proportion.

    Files that are far longer than others of their format come first in it: three hours that are begun last would keep
    one processor at work while the others wait for the end.

    Args:
        files: Of one root.
        base: Path of the root.
        extents: Ask the file system where each file lies. That opens every file: worth it on spinning disks alone.
            Without it, and where there is no answer, inodes stand for places; where there is no inode, paths.
    """
    places = _places(files, base)
    if extents and sys.platform == "linux":
        _ask(places, base)
    kinds = [format_of(file.path) for file in files]
    sizes: dict[bytes, list[int]] = {}
    for kind, file in zip(kinds, files, strict=True):
        sizes.setdefault(kind, []).append(file.size)
    long = {kind: _LONG * median(of_kind) for kind, of_kind in sizes.items()}
    parts: dict[bytes, list[int]] = {}
    for index in sorted(range(len(files)), key=lambda at: (files[at].size <= long[kinds[at]], places[at])):
        parts.setdefault(kinds[index], []).append(index)
    order = mix(parts)
    formats = [kinds[index] for index in order]
    by = Counter(place.by for place in places)
    return Order(
        tuple(files[index] for index in order),
        deviation(formats),
        runs_z(formats),
        by[_By.EXTENT],
        by[_By.INODE],
        by[_By.PATH],
    )


def format_of(path: bytes) -> bytes:
    """Return the extension in lower case: what is inside is not known before it was read, and names seldom lie."""
    return os.path.splitext(path)[1].lower()


def mix(parts: Mapping[bytes, Sequence[_T]]) -> list[_T]:
    """Merge sequences so that after any number of items each has come up in proportion to its length.

    Item i of a sequence of n stands at (i + 1/2) / n of the whole. Equal ranks are in the order of the keys, so the
    result depends on nothing else. No sequence departs from its proportion by more than (1 + number of sequences) / 2
    items: up to any rank each has given its proportion, rounded.
    """
    # a quotient is rounded correctly, so equal fractions are equal numbers, and others differ by 1 / (4 n m) at least
    ranked = [((i + 0.5) / len(parts[key]), item) for key in sorted(parts) for i, item in enumerate(parts[key])]
    ranked.sort(key=lambda pair: pair[0])
    return [item for _rank, item in ranked]


def deviation(kinds: Sequence[Hashable]) -> float:
    """Return the largest |count of a kind among the first n - n x its share of all|, over all n and kinds; in items."""
    share = {kind: count / len(kinds) for kind, count in Counter(kinds).items()}
    seen = dict.fromkeys(share, 0)
    worst = 0.0
    for before, kind in enumerate(
        kinds
    ):  # between two items of a kind it only falls behind: look just before, just after
        count, part = seen[kind], share[kind]
        worst = max(worst, abs(count - before * part), abs(count + 1 - (before + 1) * part))
        seen[kind] = count + 1
    return worst


def runs_z(kinds: Sequence[Hashable]) -> float:
    """Return z of the Wald-Wolfowitz runs test for several kinds: above 0 they alternate more than by chance.

    Of n items with n_i of kind i, in random order, the number of runs has, with s2 = sum of n_i^2, s3 = sum of n_i^3,
    the mean (n (n + 1) - s2) / n and the variance (s2 (s2 + n (n + 1)) - 2 n s3 - n^3) / (n^2 (n - 1)). It is 0 where
    the number of runs cannot vary.

    Source: A. M. Mood, The distribution theory of runs, Ann. Math. Statist. 11 (1940); the moments in this form in
    D. E. Barton, F. N. David, Multiple runs, Biometrika 44 (1957).
    """
    n = len(kinds)
    counts = Counter(kinds).values()
    s2, s3 = sum(c**2 for c in counts), sum(c**3 for c in counts)
    scaled = s2 * (s2 + n * (n + 1)) - 2 * n * s3 - n**3  # whole numbers: exactly 0 where nothing can vary
    if n < 2 or scaled <= 0:
        return 0.0
    runs = 1 + sum(a != b for a, b in pairwise(kinds))
    return (runs - (n * (n + 1) - s2) / n) / math.sqrt(scaled / (n**2 * (n - 1)))


def _places(files: Sequence[File], base: bytes) -> list[_Place]:
    """Return the place of each file by its inode."""
    found = []
    for file in files:
        try:
            status = os.lstat(os.path.join(base, file.path))
        except OSError:  # whoever reads it will say why
            found.append(_Place(_By.PATH, 0, 0, file.path))
            continue
        # what is no regular file any more is not opened
        by = _By.INODE if stat.S_ISREG(status.st_mode) else _By.PATH
        found.append(_Place(by, status.st_dev, status.st_ino if by is _By.INODE else 0, file.path))
    return found


if sys.platform == "linux":

    def _ask(places: list[_Place], base: bytes) -> None:
        """Replace inodes by physical addresses where the file system tells them.

        In order of the inodes, which lie along the disk too. A file system that does not understand the question is
        not asked again: it would cost an opened file each time.
        """
        mute: set[int] = set()
        for index in sorted(range(len(places)), key=places.__getitem__):
            place = places[index]
            if place.by is not _By.INODE or place.device in mute:
                continue
            try:
                address = _address(os.path.join(base, place.path))
            except OSError as error:  # another one is of this file alone, and told when it is read
                if error.errno in _MUTE:
                    mute.add(place.device)
                continue
            if address is not None:
                places[index] = place._replace(by=_By.EXTENT, number=address)

    def _address(path: bytes) -> int | None:
        """Return the physical address, in bytes, of the first extent that has one.

        Neither opening nor asking changes the time of access, waits for a pipe, or writes out what is in memory only.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY)
        try:
            answer = bytearray(_HEADER.pack(0, (1 << 64) - 1, 0, 0, _ASKED, 0) + bytes(_ASKED * _EXTENT.size))
            fcntl.ioctl(descriptor, _FIEMAP, answer)
        finally:
            os.close(descriptor)
        return _first(answer)


def _first(answer: bytes | bytearray) -> int | None:
    """Return the address of the first extent in an answer to FIEMAP (Linux, Documentation/filesystems/fiemap.rst)."""
    told = _HEADER.unpack_from(answer)[3]
    for number in range(min(told, _ASKED)):
        extent = _EXTENT.unpack_from(answer, _HEADER.size + number * _EXTENT.size)
        if not extent[5] & _NOWHERE:
            return int(extent[1])
    return None
