"""Chromaprint, algorithm 2, as a stream: sound in blocks in, sub-fingerprints out.

The method and the table of filters are those of Chromaprint (MIT licence, Lukas Lalinsky; see NOTICE): frames of
4096 samples, a third apart, are folded into 12 notes, smoothed along time, scaled to length 1, and 16 filters over
16 rows of an integral image give 2 bits each. What is kept between blocks is 20 rows, however long the sound is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from comet.listen import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

RATE: Final = 11_025
"""Samples a second of the sound that is fed."""
FRAME: Final = kernels.FRAME
STEP: Final = FRAME // 3
_BATCH: Final = kernels.LANES
_WIDEST: Final = 16  # rows of the widest filter
_WEIGHTS: Final = np.array([0.25, 0.75, 1.0, 0.75, 0.25])
_LOWEST_HZ: Final = 28
_HIGHEST_HZ: Final = 3520
_REFERENCE_HZ: Final = 440 / 16

_TABLE: Final = (
    # kind, lowest note, notes, rows, and the three limits between the four levels
    (0, 4, 3, 15, 1.98215, 2.35817, 2.63523),
    (4, 4, 6, 15, -1.03809, -0.651211, -0.282167),
    (1, 0, 4, 16, -0.298702, 0.119262, 0.558497),
    (3, 8, 2, 12, -0.105439, 0.0153946, 0.135898),
    (3, 4, 4, 8, -0.142891, 0.0258736, 0.200632),
    (4, 0, 3, 5, -0.826319, -0.590612, -0.368214),
    (1, 2, 2, 9, -0.557409, -0.233035, 0.0534525),
    (2, 7, 3, 4, -0.0646826, 0.00620476, 0.0784847),
    (2, 6, 2, 16, -0.192387, -0.029699, 0.215855),
    (2, 1, 3, 2, -0.0397818, -0.00568076, 0.0292026),
    (5, 10, 1, 15, -0.53823, -0.369934, -0.190235),
    (3, 6, 2, 10, -0.124877, 0.0296483, 0.139239),
    (2, 1, 1, 14, -0.101475, 0.0225617, 0.231971),
    (3, 5, 6, 4, -0.0799915, -0.00729616, 0.063262),
    (1, 9, 2, 12, -0.272556, 0.019424, 0.302559),
    (3, 4, 2, 14, -0.164292, -0.0321188, 0.0846339),
)
_SHAPES: Final = np.array([row[:4] for row in _TABLE], dtype=np.int64)
_LIMITS: Final = np.array([row[4:] for row in _TABLE], dtype=np.float64)

SHORTEST: Final = (FRAME + (_WIDEST + len(_WEIGHTS) - 2) * STEP) / RATE
"""Seconds of sound that the first sub-fingerprint needs."""


def _notes() -> tuple[int, NDArray[np.int8]]:
    """Return the lowest bin that counts and the note of each bin from there on."""
    lowest = max(1, round(FRAME * _LOWEST_HZ / RATE))
    highest = min(FRAME // 2, round(FRAME * _HIGHEST_HZ / RATE))
    octave = np.log2(np.arange(lowest, highest) * RATE / FRAME / _REFERENCE_HZ)
    return lowest, (12 * (octave - np.floor(octave))).astype(np.int8)


_LOWEST, _NOTES = _notes()
_WINDOW: Final = (np.hamming(FRAME) / 32767.0).astype(np.float32)


class Chroma:
    """One sound on its way to a fingerprint.

    Feed mono samples at `RATE`, then `finish`. The blocks' lengths change nothing.
    """

    def __init__(self) -> None:
        self._samples: list[NDArray[np.int16]] = []
        self._count = 0
        self._chroma = np.empty((0, 12))
        self._image = np.zeros((1, 13))
        self._words: list[Words] = []
        self._buffer = np.empty(kernels.BUFFER, np.float32)
        self._energies = np.empty((12, _BATCH))

    def feed(self, block: NDArray[np.int16]) -> None:
        """Take the next samples; shape (n,)."""
        self._samples.append(block)
        self._count += len(block)
        if self._count >= FRAME + (_BATCH - 1) * STEP:
            self._digest(last=False)

    def finish(self) -> Words:
        """Return all sub-fingerprints; shape (n,), empty where the sound is shorter than `SHORTEST`."""
        self._digest(last=True)
        return np.concatenate(self._words) if self._words else np.empty(0, np.uint32)

    def _digest(self, *, last: bool) -> None:
        """Turn whole batches of frames, or at `last` all whole frames, into rows and words; keep what is left."""
        sound = np.concatenate(self._samples) if self._samples else np.empty(0, np.int16)
        frames = (len(sound) - FRAME) // STEP + 1 if len(sound) >= FRAME else 0
        if not last:
            frames -= frames % _BATCH  # a batch costs the same however full it is
        for first in range(0, frames, _BATCH):
            count = min(_BATCH, frames - first)
            batch = sound[first * STEP :]
            if count < _BATCH:
                batch = np.concatenate((batch, np.zeros(_BATCH * STEP, np.int16)))
            kernels.fold(batch, STEP, _WINDOW, _NOTES, _LOWEST, self._buffer, self._energies)
            self._add(self._energies.T[:count])
        rest = sound[frames * STEP :].copy()
        self._samples, self._count = [rest], len(rest)

    def _add(self, chroma: NDArray[np.float64]) -> None:
        """Go on with new rows; shape (rows, 12)."""
        chroma = np.concatenate((self._chroma, chroma))
        self._chroma = chroma[max(0, len(chroma) - len(_WEIGHTS) + 1) :]
        rows = len(chroma) - len(_WEIGHTS) + 1
        if rows < 1:
            return
        fresh = np.zeros((rows + 1, 13))
        fresh[0] = self._image[-1]
        kernels.integrate(chroma, _WEIGHTS, fresh)
        image = np.concatenate((self._image[:-1], fresh))
        words = np.empty(max(0, len(image) - _WIDEST), np.uint32)
        kernels.classify(image, _SHAPES, _LIMITS, words)
        self._words.append(words)
        self._image = image[len(words) :]
