"""What is measured on a track's sound, mono at 11 025 Hz, as it streams by: fingerprint, audible ends, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from comet.core.measures import SILENT
from comet.listen import kernels
from comet.listen.chroma import RATE, Chroma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

_FRAME: Final = RATE // 50  # 20 ms
_FULL: Final = 32_768
_AUDIBLE: Final = _FRAME * (_FULL * 10 ** (-60 / 20)) ** 2  # sum of squares of a frame whose RMS is -60 dBFS


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
        self._energies: list[NDArray[np.float64]] = []

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
        frames = np.empty(len(sound) // _FRAME)
        kernels.energies(sound, _FRAME, frames)
        self._energies.append(frames)
        self._rest = sound[len(frames) * _FRAME :]

    def _frames(self) -> NDArray[np.float64]:
        """Return the sum of squares of every 20 ms so far."""
        self._energies = [np.concatenate(self._energies)] if self._energies else [np.empty(0)]
        return self._energies[0]

    def words(self) -> Words:
        """Return the sub-fingerprints of all that was fed; none where it was silent from start to end."""
        words = self._chroma.finish()
        return words if (self._frames() >= _AUDIBLE).any() else words[:0]

    def quiet(self, duration: float) -> tuple[float, float]:
        """Return the seconds before the first and after the last 20 ms whose RMS reaches -60 dBFS.

        All silent: (duration, 0). The end is 0 as well where the limit came before it.
        """
        loud = np.flatnonzero(self._frames() >= _AUDIBLE)
        if not len(loud):
            return duration, 0.0
        start = float(loud[0] * _FRAME / RATE)
        end = float((loud[-1] + 1) * _FRAME / RATE)
        return start, 0.0 if self.complete else max(0.0, duration - end)

    def envelope(self) -> bytes:
        """Return the level of each second, also of a last one that is not whole, as `measures.Quality` has it."""
        frames = self._frames()
        begins = np.ceil(np.arange(0, len(frames) * _FRAME, RATE) / _FRAME).astype(int)
        begins = begins[begins < len(frames)]
        if not len(begins):
            return b""
        counts = np.diff(begins, append=len(frames))
        mean = np.add.reduceat(frames, begins) / (counts * _FRAME * float(_FULL) ** 2)
        levels = -20 * np.log10(mean, where=mean > 0, out=np.full(len(mean), -np.inf))
        return bytes(np.clip(np.round(levels), 0, SILENT).astype(np.uint8))
