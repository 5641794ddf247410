"""How fast something goes, and how long it will still take. A face that watches asks here; nothing of it is stored."""

from __future__ import annotations

from collections import deque
from typing import Final

RECENT: Final = 30.0
"""Seconds that count as much as all the time before them."""

_APART: Final = 1.0
"""Seconds between two looks that are remembered."""


class Pace:
    """The pace of one stage: the mean of its rate from the beginning and of that over the last `RECENT` seconds.

    From the beginning alone, it would take hours to see that a network drive has become slow; the last seconds alone
    swing with every large file. So the time left at most doubles while nothing moves at all.
    """

    def __init__(self, began: float) -> None:
        """Begin at the moment `began`, in seconds on the clock that every later moment is from."""
        self._began = began
        self._waited = 0.0
        self._looks: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)])

    def wait(self, seconds: float) -> None:
        """Leave seconds out in which the work was not allowed to go on."""
        self._waited += seconds

    def took(self, now: float) -> float:
        """Return the seconds that were worked, never 0."""
        return max(now - self._began - self._waited, 0.001)

    def look(self, now: float, done: int, size: int) -> None:
        """Remember how much is done: a number of files or steps, and the bytes of them."""
        at = self.took(now)
        if len(self._looks) > 1 and at - self._looks[-2][0] < _APART:
            self._looks.pop()
        self._looks.append((at, done, size))
        while len(self._looks) > 2 and self._looks[1][0] <= at - RECENT:
            self._looks.popleft()

    def rates(self, now: float) -> tuple[float, float]:
        """Return how much is done in a second: of files or steps, and of bytes."""
        at = self.took(now)
        before, done_before, size_before = self._looks[0]
        _at, done, size = self._looks[-1]
        recent = max(at - before, 0.001)
        return (done / at + (done - done_before) / recent) / 2, (size / at + (size - size_before) / recent) / 2

    def left(self, now: float, total: int | None, total_size: int) -> float | None:
        """Return the seconds that the rest will take: by bytes where those are known, else by number.

        None where it cannot be known: without a total, and before anything is done.
        """
        _at, done, size = self._looks[-1]
        by_number, by_size = self.rates(now)
        if total_size and size:
            return max(total_size - size, 0) / by_size
        if total_size or not total or not done:
            return None
        return max(total - done, 0) / by_number
