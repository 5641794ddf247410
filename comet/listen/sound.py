"""What is measured on a track's sound, mono at 11 025 Hz, as it streams by: fingerprint, audible start and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from comet.listen import kernels
from comet.listen.chroma import RATE, Chroma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

_FRAME: Final = RATE // 50  # 20 ms
_AUDIBLE: Final = _FRAME * (32_768 * 10 ** (-60 / 20)) ** 2  # sum of squares of a frame whose RMS is -60 dBFS


class Sound:
    """The sound of one track; feed it block by block, then ask.

    Args:
        limit: Samples to take, 0 for all.
    """

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._samples = 0
        self._chroma = Chroma()
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)
        self._frames = 0
        self._loud = np.full(2, -1, np.int64)

    @property
    def complete(self) -> bool:
        """Whether as much was fed as was asked for."""
        return 0 < self._limit <= self._samples

    def feed(self, block: NDArray[np.int16]) -> None:
        """Take the next samples, shape (n,); what lies beyond the limit is left out."""
        if self._limit:
            block = block[: self._limit - self._samples]
        self._samples += len(block)
        self._chroma.feed(block)
        sound = np.concatenate((self._rest, block))
        whole = len(sound) // _FRAME * _FRAME
        kernels.audible(sound[:whole], _FRAME, _AUDIBLE, self._frames, self._loud)
        self._frames += whole // _FRAME
        self._rest = sound[whole:]

    def words(self) -> Words:
        """Return the sub-fingerprints of all that was fed; none where it was silent from start to end."""
        words = self._chroma.finish()
        return words if self._loud[0] >= 0 else words[:0]

    def quiet(self, duration: float) -> tuple[float, float]:
        """Return the seconds before the first and after the last 20 ms whose RMS reaches -60 dBFS.

        All silent: (duration, 0). The end is 0 as well where the limit came before it.
        """
        if self._loud[0] < 0:
            return duration, 0.0
        start = float(self._loud[0] * _FRAME / RATE)
        end = float((self._loud[1] + 1) * _FRAME / RATE)
        return start, 0.0 if self.complete else max(0.0, duration - end)
