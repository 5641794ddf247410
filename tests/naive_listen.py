"""Slow twins of what `comet.listen` computes fast: no streaming, no integral image, one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comet.listen.chroma import _TABLE, FRAME, RATE, STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words


def notes(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the energy of each of 12 notes in each frame; shape (frames, 12)."""
    rows = []
    window = np.hamming(FRAME) / 32767.0
    for start in range(0, len(samples) - FRAME + 1, STEP):
        energy = np.abs(np.fft.rfft(samples[start : start + FRAME] * window)) ** 2
        row = np.zeros(12)
        for number in range(round(FRAME * 28 / RATE), round(FRAME * 3520 / RATE)):
            octave = np.log2(number * RATE / FRAME / 27.5)
            row[int(12 * (octave - np.floor(octave)))] += energy[number]
        rows.append(row)
    return np.array(rows).reshape(-1, 12)


def image(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the notes smoothed over five frames and scaled to length 1; shape (frames - 4, 12)."""
    energies = notes(samples)
    rows = []
    for start in range(len(energies) - 4):
        row = np.array([0.25, 0.75, 1.0, 0.75, 0.25]) @ energies[start : start + 5]
        length = float(np.sqrt((row**2).sum()))
        rows.append(row / length if length >= 0.01 else np.zeros(12))
    return np.array(rows).reshape(-1, 12)


def split(kind: int, part: NDArray[np.float64]) -> tuple[float, float]:
    """Return the sums over the light and the dark part of a rectangle of shape (rows, notes)."""
    rows, columns = part.shape
    light = np.zeros(part.shape, bool)
    match kind:
        case 0:
            light[:] = True
        case 1:
            light[:, columns // 2 :] = True
        case 2:
            light[rows // 2 :] = True
        case 3:
            light[: rows // 2, columns // 2 :] = True
            light[rows // 2 :, : columns // 2] = True
        case 4:
            light[:, columns // 3 : columns // 3 * 2] = True
        case _:
            light[rows // 3 : rows // 3 * 2] = True
    return float(part[light].sum()), float(part[~light].sum())


def words(samples: NDArray[np.int16]) -> Words:
    """Return the sub-fingerprints of mono sound at 11 025 Hz, as published: each filter on its own rectangle."""
    picture = image(samples)
    found = []
    for start in range(len(picture) - 15):
        word = 0
        for kind, note, columns, rows, *limits in _TABLE:
            light, dark = split(int(kind), picture[start : start + int(rows), int(note) : int(note + columns)])
            level = sum(float(np.log((1 + light) / (1 + dark))) >= limit for limit in limits)
            word = word << 2 | level ^ level >> 1  # Gray code
        found.append(word)
    return np.array(found, np.uint32)


def audible(samples: NDArray[np.int16], rate: int) -> list[bool]:
    """Return for each 20 ms whether its RMS reaches -60 dBFS."""
    frame = rate // 50
    loud = []
    for start in range(0, len(samples) - frame + 1, frame):
        part = samples[start : start + frame].astype(float) / 32768
        loud.append(float(np.sqrt((part**2).mean())) >= 10 ** (-60 / 20))
    return loud
