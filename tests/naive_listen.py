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


def loudness(sound: NDArray[np.float32], weights: list[float]) -> tuple[float, float, float]:
    """Return LUFS, peak and true peak of sound at 48 kHz, shape (channels, samples), as ITU-R BS.1770-4 tells it.

    The filters are the two of the recommendation with its numbers, one after the other; each sample between samples
    is made by putting zeros between them.
    """
    powers = []
    peak = true_peak = 0.0
    taps = np.sinc(np.arange(-24, 25) / 4) * np.hanning(49)
    for channel, weight in zip(sound.astype(float), weights, strict=True):
        shelf = recursive(
            channel, (1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)
        )
        power = recursive(shelf, (1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)) ** 2
        powers.append([weight * power[at : at + 19_200].mean() for at in range(0, len(power) - 19_199, 4_800)])
        between = np.zeros(4 * len(channel))
        between[::4] = channel
        peak = max(peak, float(np.abs(channel).max()))
        true_peak = max(true_peak, float(np.abs(np.convolve(between, taps)[: len(between)]).max()))
    blocks = [sum(block) for block in zip(*powers, strict=True)]
    for gate in (-70.0, None):
        limit = 10 ** ((gate + 0.691) / 10) if gate else sum(blocks) / len(blocks) / 10
        blocks = [block for block in blocks if block >= limit]
        if not blocks:
            return float("-inf"), peak, true_peak
    return -0.691 + 10 * float(np.log10(sum(blocks) / len(blocks))), peak, true_peak


def recursive(sound: NDArray[np.float64], b: tuple[float, ...], a: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the sound behind a filter of order two, a0 = 1, sample by sample."""
    out = [0.0, 0.0]
    before = [0.0, 0.0, *sound.tolist()]
    for at in range(2, len(before)):
        value = b[0] * before[at] + b[1] * before[at - 1] + b[2] * before[at - 2]
        out.append(value - a[0] * out[at - 1] - a[1] * out[at - 2])
    return np.array(out[2:])
