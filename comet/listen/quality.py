"""Signs of how well a sound was kept, from all its channels at their own rate, as it streams by.

The spectrum is that of some windows out of each block. Of a long track every second block is left out again, as often
as it takes, so that no more than `_KEPT` are held, and three hours cost hardly more than three minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from comet.core.measures import AROUND, BAND, PEAKS, SILENT
from comet.listen import kernels
from comet.listen.kernels import FRAME, LANES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Spectrum = NDArray[np.float64]

BLOCK: Final = 65_536
"""Samples that are best fed at once."""
_KEPT: Final = 32
_TOP: Final = 24_000  # Hz; above that nobody hears what is missing
_QUIETER: Final = 0.25  # share of the windows, the quieter ones, that say nothing of what a codec cut off
_FULL: Final = 32_767 / 32_768  # of 16 bits; of more bits, what is nearer to 1.0 than that is clipped too
_WINDOW: Final = np.hanning(FRAME).astype(np.float32)
_PART: Final = 8192  # samples, of which at most one is a peak
_HEIGHTS: Final = 127  # heights that peaks are told apart by
_SOFTER: Final = 0.5  # how loud the first channel is, at least, beside the loudest one if the peaks are its own
_TAPS: Final = 9  # bins over which the spectrum is smoothed

# A cliff in the median spectrum: how far it falls within `_NEAR` to `_FAR` Hz, how low it stays behind, and where.
# Measured on 26 losslessly kept tracks and 208 lossy versions of them: no false alarm, 35 to 85 % found by codec.
_NEAR: Final = 100
_FAR: Final = 700
_FALL: Final = 16.0  # dB
_FLOOR: Final = -74.0  # dB
_LOWEST: Final = 10_000
_HIGHEST: Final = 20_600
_END: Final = 21_800  # what is above is the filter of whatever made the file


class Spectra:
    """The spectrum of one sound and its clipped samples; feed it block by block, then ask.

    Args:
        rate: Samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._bins = min(FRAME // 2, int(_TOP * FRAME / rate)) + 1
        self._buffer = np.empty(kernels.BUFFER, np.float32)
        self._powers: list[Samples] = []
        self._every = 1
        self._blocks = 0
        self._clipped = 0
        self._samples = 0
        self._peaks: list[list[tuple[int, bytes]]] = []  # of each channel
        self._sums: list[float] = []

    def feed(self, channels: Sequence[Samples]) -> None:
        """Take the next samples, of each channel an array of shape (n,), 1.0 is full scale."""
        for channel in channels:
            self._clipped += int(kernels.clipped(channel, _FULL))
            self._samples += len(channel)
        if not self._peaks:
            self._peaks, self._sums = [[] for _ in channels], [0.0 for _ in channels]
        for at, channel in enumerate(channels):
            sizes = np.fmin(np.abs(channel), _FULL)  # no number counts as full scale
            self._sums[at] += float(sizes.sum())
            self._peaks[at] = self._climb(channel, sizes, self._peaks[at])
        if len(channels[0]) < FRAME:
            return
        if self._blocks % self._every == 0:
            if len(self._powers) == _KEPT:
                self._powers = self._powers[::2]
                self._every *= 2
            if self._blocks % self._every == 0:
                self._powers.append(self._look(channels[:2]))
        self._blocks += 1

    def _look(self, channels: Sequence[Samples]) -> Samples:
        """Return the power spectra of some windows of a block, the mean of two channels; shape (bins, windows)."""
        count = LANES // len(channels)
        starts = np.linspace(0, len(channels[0]) - FRAME, count).astype(int)
        windows = np.stack([channel[start : start + FRAME] for channel in channels for start in starts])
        out = np.empty((self._bins, LANES), np.float32)
        kernels.powers(windows, _WINDOW, self._buffer, out)
        return out if len(channels) == 1 else (out[:, :count] + out[:, count:]) * np.float32(0.5)

    def _climb(self, channel: Samples, sizes: Samples, peaks: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """Return the loudest places; heights are coarse, so that rounding moves none, and of equals the first counts.

        Args:
            channel: The next samples, shape (n,).
            sizes: How far each is from zero, 0..1.
            peaks: The loudest places before them.
        """
        least = peaks[-1][0] + 1 if len(peaks) == PEAKS else 0
        if not len(channel) or sizes.max() * _HEIGHTS < least:  # as most blocks are
            return peaks
        heights = (sizes * _HEIGHTS).astype(np.uint8)
        for start in range(0, len(channel) - AROUND + 1, _PART):
            inside = heights[start + AROUND // 2 : min(start + _PART, len(channel) - AROUND // 2)]
            top = start + int(inside.argmax()) if len(inside) else start
            height = int(heights[top + AROUND // 2])
            if len(peaks) < PEAKS or height > peaks[-1][0]:
                near = np.clip(np.nan_to_num(channel[top : top + AROUND]), -1.0, _FULL)
                added = (height, np.rint(near * 32_768).astype("<i2").tobytes())
                peaks = sorted([*peaks, added], key=lambda peak: -peak[0])[:PEAKS]
        return peaks

    def peaks(self) -> bytes:
        """Return the samples around the loudest places, as in `Quality.peaks`."""
        if not self._sums:
            return b""
        loudest = max(self._sums)
        # a codec may turn two that are about as loud the other way round, so the first one goes before
        at = 0 if self._sums[0] >= _SOFTER * loudest else self._sums.index(loudest)
        return b"".join(samples for _height, samples in self._peaks[at])

    def clipped(self) -> float:
        """Return the share of the samples that are at full scale or beyond, 0..1."""
        return self._clipped / self._samples if self._samples else 0.0

    def levels(self) -> tuple[bytes, float]:
        """Return the level of each half kHz, as in `Quality.levels`, and the cutoff in Hz, 0 for none."""
        if not self._powers:
            return b"", 0.0
        powers = np.concatenate(self._powers, axis=1)
        powers = powers[:, np.isfinite(powers.sum(axis=0))]  # a sample of floats may be no number
        width = self._rate / FRAME
        if not powers.size or width > BAND / 2:
            return b"", 0.0
        energy = powers.sum(axis=0)
        loud = powers[:, energy >= np.quantile(energy, _QUIETER)]
        # 0 dB is what a bin of white noise at full scale has at 44.1 kHz; the same music at another rate has the same
        scale = float((_WINDOW**2).sum()) * self._rate / 44_100
        spectrum = 10 * np.log10(np.median(loud, axis=1) / scale + 1e-14)
        edges = (np.arange(int((self._bins - 1) * width / BAND) + 1) * BAND / width).astype(int)
        means = np.add.reduceat(spectrum[: edges[-1]], edges[:-1]) / np.diff(edges)
        return bytes(np.clip(np.round(-2 * means), 0, SILENT).astype(np.uint8)), _cutoff(spectrum, width)


def _cutoff(spectrum: Spectrum, width: float) -> float:
    """Return where a spectrum ends in a cliff, in Hz, 0 where it does not.

    Args:
        spectrum: Shape (bins,), dB.
        width: Hz of a bin.
    """
    smooth = np.convolve(np.pad(spectrum, _TAPS // 2, mode="edge"), np.full(_TAPS, 1 / _TAPS), "valid")
    near, far = int(_NEAR / width), int(_FAR / width)
    end = int(min(_END, (len(spectrum) - 1) * width - 250) / width)
    candidates = np.arange(int(_LOWEST / width), min(int(_HIGHEST / width), end - far))
    if not len(candidates):
        return 0.0
    around = np.lib.stride_tricks.sliding_window_view(smooth, far - near)
    falls = around[candidates - far].mean(axis=1) - np.median(around[candidates + near], axis=1)
    best = int(np.argmax(falls))
    floor = float(np.median(smooth[candidates[best] + near : end]))
    return float(candidates[best] * width) if falls[best] >= _FALL and floor <= _FLOOR else 0.0
