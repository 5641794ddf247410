"""Modification times of files, compared."""

from __future__ import annotations

from typing import Final

_SECOND: Final = 1_000_000_000


def same_time(old: int, new: int) -> bool:
    """Tell whether two modification times (ns) are one, allowing for a file system that stores whole seconds.

    exFAT and some FUSE file systems show full precision until the next mount and cut it off then, to 1 or 2 s.
    """
    return old == new or (new % _SECOND == 0 and old % _SECOND != 0 and abs(old - new) <= 2 * _SECOND)
