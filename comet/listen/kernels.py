"""Every compiled loop of the room; each releases the GIL and is compiled once for all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

    Rows = NDArray[np.float64]
    Numbers = NDArray[np.int64]


@njit("void(complex128[:,::1], int8[::1], int64, float64[:,::1])", nogil=True, cache=True)
def fold(spectra: NDArray[np.complex128], notes: NDArray[np.int8], lowest: int, chroma: Rows) -> None:
    """Add up the energy of each note of the octave.

    Args:
        spectra: Shape (frames, bins), the Fourier transform of each frame.
        notes: Shape (used bins,), the note 0 to 11 that a bin belongs to.
        lowest: Bin that `notes` begins with.
        chroma: Shape (frames, 12), where the energies go.
    """
    for frame in range(spectra.shape[0]):
        chroma[frame, :] = 0.0
        for bin_ in range(notes.shape[0]):
            value = spectra[frame, lowest + bin_]
            chroma[frame, notes[bin_]] += value.real * value.real + value.imag * value.imag


@njit("void(float64[:,::1], float64[::1], float64[:,::1])", nogil=True, cache=True)
def integrate(chroma: Rows, weights: Rows, image: Rows) -> None:
    """Smooth the notes along time, scale each row to length 1, and sum into an integral image.

    Args:
        chroma: Shape (rows + taps - 1, 12): the energies of the new rows after the last `taps` - 1 before them.
        weights: Shape (taps,), the smoothing filter.
        image: Shape (rows + 1, 13). Row 0 is the last one so far; the others are written, column 0 stays 0.
    """
    smooth = np.empty(12)
    for row in range(image.shape[0] - 1):
        square = 0.0
        for note in range(12):
            value = 0.0
            for tap in range(weights.shape[0]):
                value += chroma[row + tap, note] * weights[tap]
            smooth[note] = value
            square += value * value
        length = np.sqrt(square)
        total = 0.0
        for note in range(12):
            if length >= 0.01:  # below that it is silence: Chromaprint leaves the row empty
                total += smooth[note] / length
            image[row + 1, note + 1] = image[row, note + 1] + total


@njit("float64(float64[:,::1], int64, int64, int64, int64)", nogil=True, cache=True)
def _area(image: Rows, row: int, note: int, rows: int, notes: int) -> float:
    """Return the sum over a rectangle of the rows behind the integral image."""
    below, right = row + rows, note + notes
    return float(image[below, right] - image[row, right] - image[below, note] + image[row, note])


@njit("float64(float64[:,::1], int64, int64[::1])", nogil=True, cache=True)
def _contrast(image: Rows, row: int, shape: Numbers) -> float:
    """Return log((1 + a) / (1 + b)) for the sums a and b of the light and the dark part of a filter's rectangle.

    `shape` is (kind, lowest note, notes, rows). The six kinds are those of Chromaprint: whole, split along notes,
    split along time, chequered, middle third of the notes, middle third of the time.
    """
    kind, note, notes, rows = shape
    if kind == 0:
        light, dark = _area(image, row, note, rows, notes), 0.0
    elif kind == 1:
        half = notes // 2
        light = _area(image, row, note + half, rows, notes - half)
        dark = _area(image, row, note, rows, half)
    elif kind == 2:
        half = rows // 2
        light = _area(image, row + half, note, rows - half, notes)
        dark = _area(image, row, note, half, notes)
    elif kind == 3:
        half, step = notes // 2, rows // 2
        light = _area(image, row, note + half, step, notes - half)
        light += _area(image, row + step, note, rows - step, half)
        dark = _area(image, row, note, step, half)
        dark += _area(image, row + step, note + half, rows - step, notes - half)
    elif kind == 4:
        third = notes // 3
        light = _area(image, row, note + third, rows, third)
        dark = _area(image, row, note, rows, third)
        dark += _area(image, row, note + 2 * third, rows, notes - 2 * third)
    else:
        third = rows // 3
        light = _area(image, row + third, note, third, notes)
        dark = _area(image, row, note, third, notes)
        dark += _area(image, row + 2 * third, note, rows - 2 * third, notes)
    return float(np.log((1.0 + light) / (1.0 + dark)))


@njit("void(float64[:,::1], int64[:,::1], float64[:,::1], uint32[::1])", nogil=True, cache=True)
def classify(image: Rows, shapes: Numbers, limits: Rows, words: Words) -> None:
    """Turn an integral image into sub-fingerprints: 16 filters of 2 bits each, Gray code, first filter on top.

    Args:
        image: Shape (rows, 13), at least as many rows as words plus the widest filter.
        shapes: Shape (16, 4), see `_contrast`.
        limits: Shape (16, 3), what separates the four levels of each filter.
        words: Shape (words,), written.
    """
    for row in range(words.shape[0]):
        bits = 0
        for filter_ in range(shapes.shape[0]):
            value = _contrast(image, row, shapes[filter_])
            if value < limits[filter_, 1]:
                level = 0 if value < limits[filter_, 0] else 1
            else:
                level = 3 if value < limits[filter_, 2] else 2
            bits = (bits << 2) | level
        words[row] = np.uint32(bits)


@njit("int64(float32[::1], float64)", nogil=True, cache=True)
def clipped(samples: NDArray[np.float32], full: float) -> int:
    """Count the samples, shape (n,), whose magnitude is `full` or more."""
    count = 0
    for at in range(samples.shape[0]):
        count += abs(samples[at]) >= full
    return count


@njit("void(int16[::1], int64, float64[::1])", nogil=True, cache=True)
def energies(samples: NDArray[np.int16], frame: int, out: NDArray[np.float64]) -> None:
    """Write the sum of squares of each frame.

    Args:
        samples: Shape (frames * `frame`,).
        frame: Samples in a frame.
        out: Shape (frames,), written.
    """
    for number in range(out.shape[0]):
        energy = np.int64(0)
        for at in range(number * frame, (number + 1) * frame):
            energy += np.int64(samples[at]) * np.int64(samples[at])
        out[number] = energy
