"""Signs of how well a sound was kept, from all its channels at their own rate, as it streams by.

The spectrum is that of a few windows a second; of a long track every second one is left out again, as often as it
takes, so that never more than `_KEPT` are held and a track of three hours costs hardly more than one of three minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from comet.core.measures import BAND, SILENT
from comet.listen import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Spectrum = NDArray[np.float64]

_WINDOW: Final = 4096  # samples at 44.1 or 48 kHz: 11 Hz a bin
_PER_SECOND: Final = 4
_KEPT: Final = 256
_TOP: Final = 24_000  # Hz; above that nobody hears what is missing
_QUIETER: Final = 0.25  # share of the windows, the quieter ones, that say nothing of what a codec cut off
_FULL: Final = 32_767 / 32_768  # of 16 bits; of more bits, what is nearer to 1.0 than that is clipped too

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
        channels: Of the sound.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._length = _WINDOW * max(1, round(rate / 48_000))
        self._shape = np.hanning(self._length).astype(np.float32)
        self._bins = min(self._length // 2, int(_TOP * self._length / rate)) + 1
        self._step = rate // _PER_SECOND
        self._next = 0
        self._rest: Samples = np.empty((channels, 0), np.float32)
        self._begin = 0
        self._powers = np.empty((_KEPT, self._bins), np.float32)
        self._count = 0
        self._clipped = 0
        self._samples = 0

    def feed(self, block: Samples) -> None:
        """Take the next samples, shape (channels, n), 1.0 is full scale."""
        self._samples += block.shape[1]
        self._clipped += sum(int(kernels.clipped(channel, _FULL)) for channel in block)
        sound = np.concatenate((self._rest, block), axis=1) if self._rest.shape[1] else block
        end = self._begin + sound.shape[1]
        while self._next + self._length <= end:
            self._look(sound[:2, self._next - self._begin :][:, : self._length])
            self._next += self._step
        keep = max(0, min(self._next - self._begin, sound.shape[1]))
        self._rest, self._begin = sound[:, keep:].copy(), self._begin + keep

    def _look(self, window: Samples) -> None:
        """Add the power spectrum of one window of one or two channels."""
        if self._count == _KEPT:
            self._powers[: _KEPT // 2] = self._powers[::2].copy()
            self._count, self._step = _KEPT // 2, self._step * 2
        # two real transforms for the price of one: the channels are real and imaginary part
        second = window[1] if len(window) > 1 else np.float32(0)
        turned = np.fft.fft((window[0] + np.complex64(1j) * second) * self._shape)
        power = turned.real**2 + turned.imag**2
        bins = self._bins
        self._powers[self._count] = power[:bins]
        self._powers[self._count, 1:] += power[:-bins:-1]
        self._count += 1

    def clipped(self) -> float:
        """Return the share of the samples that are at full scale or beyond, 0..1."""
        return self._clipped / (self._samples * self._channels) if self._samples else 0.0

    def levels(self) -> tuple[bytes, float]:
        """Return the level of each half kHz, as in `Quality.levels`, and the cutoff in Hz, 0 for none."""
        if not self._count:
            return b"", 0.0
        powers = self._powers[: self._count]
        energy = powers.sum(axis=1)
        loud = powers[energy >= np.quantile(energy, _QUIETER)]
        scale = 2 * min(2, self._channels) * float((self._shape**2).sum())
        spectrum = 10 * np.log10(np.median(loud, axis=0) / scale + 1e-14)
        width = self._rate / self._length
        edges = (np.arange(int((self._bins - 1) * width / BAND) + 1) * BAND / width).astype(int)
        means = np.add.reduceat(spectrum[: edges[-1]], edges[:-1]) / np.diff(edges)
        return bytes(np.clip(np.round(-2 * means), 0, SILENT).astype(np.uint8)), _cutoff(spectrum, width)


def _cutoff(spectrum: Spectrum, width: float) -> float:
    """Return where a spectrum ends in a cliff, in Hz, 0 where it does not.

    Args:
        spectrum: Shape (bins,), dB.
        width: Hz of a bin.
    """
    taps = 9
    smooth = np.convolve(np.pad(spectrum, taps // 2, mode="edge"), np.full(taps, 1 / taps), "valid")
    near, far = int(_NEAR / width), int(_FAR / width)
    end = int(min(_END, (len(spectrum) - 1) * width - 250) / width)
    best, found, floor = 0.0, 0, 0.0
    sums = np.concatenate(([0.0], np.cumsum(smooth)))
    for at in range(int(_LOWEST / width), min(int(_HIGHEST / width), end - far)):
        behind = float(np.median(smooth[at + near : at + far]))
        fall = float(sums[at - near] - sums[at - far]) / (far - near) - behind
        if fall > best:
            best, found, floor = fall, at, float(np.median(smooth[at + near : end]))
    return found * width if best >= _FALL and floor <= _FLOOR else 0.0
