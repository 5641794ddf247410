"""What is measured on an audio beside its fingerprint: signs of its quality, and its loudness. Nouns, as in `model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BAND: Final = 500
"""Hz of one band of `Quality.levels`."""

SILENT: Final = 255
"""Byte of a level that cannot be told from silence."""

PEAKS: Final = 8
"""Places of which `Quality.peaks` has the samples."""

AROUND: Final = 32
"""Samples of each; the one that was looked for is that in the middle."""

REFERENCE: Final = -18.0
"""LUFS that ReplayGain 2 brings a track to."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What the sound tells of how well it was kept.

    A level is one byte: twice the dB below full scale, rounded, so that 0 is full scale, 120 is -60 dBFS, and `SILENT`
    is silence.
    """

    clipped: float
    """Share of the samples that are at full scale or beyond, 0..1."""
    cutoff: float
    """Hz above which there is hardly anything, where the spectrum ends in a cliff; 0 where it does not."""
    levels: bytes
    """Level of each half kHz, from 0 Hz to half the sample rate or 24 kHz: what the loud parts reach there."""
    envelope: bytes
    """Level (RMS) of each second."""
    peaks: bytes = b""
    """Samples around up to `PEAKS` of the loudest places, `AROUND` for each, of the first channel, or of the
    loudest one where the first is not half as loud: 16 bits, little endian, clipped at full scale; the loudest place
    first. Empty where nobody looked for them."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud a track is, after EBU R 128 (ITU-R BS.1770)."""

    integrated: float
    """LUFS, gated; minus infinity where nothing is above -70 LUFS."""
    peak: float
    """Largest sample, 1.0 is full scale."""
    true_peak: float
    """Largest value between samples too, 1.0 is full scale."""

    @property
    def gain(self) -> float:
        """Gain in dB of ReplayGain 2; 0 for silence."""
        return REFERENCE - self.integrated if self.integrated > float("-inf") else 0.0


def level(byte: int) -> float:
    """Return the dBFS of a level's byte, minus infinity for silence."""
    return -byte / 2 if byte < SILENT else float("-inf")
