"""How loud a sound is after EBU R 128: ITU-R BS.1770-4 with both gates, and the true peak, as the sound streams by.

The sound is gathered into a few seconds and measured from there in one go, so that the result does not depend on the
lengths in which it comes, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from comet.core.measures import Loudness
from comet.listen import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Numbers = NDArray[np.float64]

_HOPS: Final = 32
"""Hops of 100 ms that are measured in one go."""

_SILENT: Final = frozenset({"LFE", "LFE2"})
_SURROUND: Final = frozenset({"BL", "BR", "BC", "SL", "SR", "TBL", "TBC", "TBR", "SDL", "SDR"})
_LOUDER: Final = 1.41  # weight of what comes from the side or from behind

_LOWEST: Final = 1_000  # Hz of the rate; below there is no room for the filter, and no music
_GATE: Final = -70.0  # LUFS
_BELOW: Final = 0.1  # energy below the mean of what passed the first gate that the second one stops: -10 LU
_OFFSET: Final = -0.691  # LUFS of a mean square of 1 behind the filter

_OVERSAMPLED: Final = 192_000  # Hz; from there on the samples themselves are close enough
_TAPS: Final = 49
_BROKEN: Final = 2.0**40  # no sound is that large; it leaves room for squares and sums


class Meter:
    """The loudness of one sound; feed it block by block, then ask.

    Args:
        rate: Samples a second.
        layout: FFmpeg's name of each channel, in order: FL, FR, FC (also mono), LFE, BL, SL...
    """

    def __init__(self, rate: int, layout: Sequence[str]) -> None:
        # before the first block of `kernels.peaks` there has to be some sound, whatever the rate
        self._hop = max(100, (rate + 5) // 10)
        self._weights = [_weight(name) if rate >= _LOWEST else 0.0 for name in layout]
        self._taps, self._gain = _k_weighting(rate)
        self._curves, self._most = _curves() if rate < _OVERSAMPLED else (np.empty((0, 6), np.float32), 0.0)
        # a hop of what came before, and what is to be measured; before the beginning there is silence
        self._sound: Samples = np.zeros((len(self._weights), (1 + _HOPS) * self._hop), np.float32)
        self._filled = self._hop
        self._hops: list[Numbers] = []
        self._tops = np.zeros(2)

    def feed(self, block: Samples) -> None:
        """Take the next samples, shape (channels, n), 1.0 is full scale; what is no number counts as silence."""
        begin = 0
        while begin < block.shape[1]:
            take = min(block.shape[1] - begin, self._sound.shape[1] - self._filled)
            self._sound[:, self._filled : self._filled + take] = block[:, begin : begin + take]
            begin, self._filled = begin + take, self._filled + take
            if self._filled == self._sound.shape[1]:
                energies, self._tops = self._measure()
                self._hops.append(energies)
                self._sound[:, : self._hop] = self._sound[:, -self._hop :]
                self._filled = self._hop

    def result(self) -> Loudness:
        """Return the loudness of all that came."""
        rest, tops = self._measure()
        return Loudness(_gated(np.concatenate([*self._hops, rest])), peak=float(tops[0]), true_peak=float(tops[1]))

    def _measure(self) -> tuple[Numbers, Numbers]:
        """Return the energy of each whole hop that is there, the channels added up, and the peaks so far."""
        tops = self._tops
        for channel in self._sound[:, : self._filled]:
            tops = self._peaks(channel, tops)
        hops = self._filled // self._hop - 1
        energies, energy = np.zeros(hops), np.empty(hops)
        for channel, weight in zip(self._sound, self._weights, strict=True):
            if hops and weight:
                kernels.weigh(channel[: (1 + hops) * self._hop], self._hop, self._taps, energy)
                energies += weight * self._gain / self._hop * energy
        return energies, tops

    def _peaks(self, channel: Samples, tops: Numbers) -> Numbers:
        """Return the peaks raised to those of a channel, which is mended in place where it is broken."""
        raised = tops.copy()
        if len(channel) > self._hop:
            kernels.peaks(channel, self._hop, self._curves, self._most, raised)
        if raised[0] < _BROKEN:
            return raised
        channel[~(np.abs(channel) < _BROKEN)] = 0.0
        return self._peaks(channel, tops)


def _weight(name: str) -> float:
    """Return how often the energy of a channel counts."""
    return 0.0 if name in _SILENT else _LOUDER if name in _SURROUND else 1.0


def _gated(hops: Numbers) -> float:
    """Return the LUFS of energies of 100 ms: the mean over the blocks of 400 ms that pass both gates.

    Source: ITU-R BS.1770-4, Annex 1; a block begins with each hop.
    """
    blocks = np.convolve(hops, np.full(4, 0.25), "valid") if len(hops) >= 4 else np.zeros(0)
    blocks = blocks[blocks >= 10 ** ((_GATE - _OFFSET) / 10)]
    if not len(blocks):
        return float("-inf")
    return float(_OFFSET + 10 * np.log10(blocks[blocks >= _BELOW * blocks.mean()].mean()))


def _k_weighting(rate: int) -> tuple[Numbers, float]:
    """Return the filter of BS.1770 as `kernels.weigh` takes it, and the gain of the energy that is missing in it.

    The recommendation gives numbers for 48 kHz. They come from two analog filters, a shelf and a high-pass, by the
    bilinear transform; the constants of these are those of libebur128, and give the recommendation's numbers back.
    """
    gain = 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416
    turn, steep, shelf_a = _poles(1681.974450955533 / rate, 0.7071752369554196)
    shelf_b = np.array([gain + middle * steep + turn, 2 * (turn - gain), gain - middle * steep + turn])
    _, _, high_a = _poles(38.13547087602444 / rate, 0.5003270373238773)
    a = np.convolve(shelf_a / shelf_a[0], high_a / high_a[0])
    b = np.convolve(shelf_b / shelf_b[0], [1.0, -2.0, 1.0])
    return np.concatenate((a[1:], b[1:])), float((shelf_b[0] / shelf_a[0]) ** 2)


def _poles(frequency: float, quality: float) -> tuple[float, float, Numbers]:
    """Return K^2, K / Q and the denominator of a filter of order two; the frequency is a share of the rate."""
    k = float(np.tan(np.pi * min(frequency, 0.49)))  # above half the rate there is nothing that it could do
    square, steep = k * k, k / quality
    return square, steep, np.array([1 + steep + square, 2 * (square - 1), 1 - steep + square])


def _curves() -> tuple[Samples, float]:
    """Return the filters for four times the rate as `kernels.peaks` takes them, and the most that they can make of 1.

    A sinc in a Hann window, as in libebur128. Every fourth tap gives the samples themselves; of the rest, the quarter
    and three quarters mirror each other, and half mirrors itself.
    """
    at = np.arange(_TAPS)
    taps = np.sinc((at - _TAPS // 2) / 4) * np.hanning(_TAPS)
    quarter, half = taps[1::4], taps[2::4]
    even, odd = (quarter + quarter[::-1]) / 2, (quarter - quarter[::-1]) / 2
    most = max(np.abs(quarter).sum(), np.abs(half).sum()) * 1.00001  # for what 32 bits round
    return np.stack((half[:6], even[:6], odd[:6])).astype(np.float32), float(most)
