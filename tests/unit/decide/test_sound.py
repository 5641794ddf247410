"""What the sound of two tracks tells: what was made from what, and what was lost."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from comet.core.measures import AROUND, PEAKS, Quality
from comet.decide.sound import bits, made_from, missing
from tests.unit.judge.made import audio as stream

LOSSY = stream(1, bitrate=192_000)
LOSSLESS = stream(2, bitrate=900_000, lossless=True, bits=16)
FULL = bytes([60, 70, 80, 85, *range(90, 130)])
"""Levels of bright music up to 22 kHz."""


def loud(seed: int = 1, height: int = 25_000) -> NDArray[np.float64]:
    """Return the samples around the peaks of a track, shape (PEAKS, AROUND)."""
    samples = np.random.default_rng(seed).uniform(-height / 2, height / 2, (PEAKS, AROUND))
    samples[:, AROUND // 2] = height
    return samples


def heard(samples: NDArray[np.float64], noise: float = 0.0) -> Quality:
    """Return the measures of a track with such peaks, noise of so many steps of 16 bits (RMS) added to them."""
    noisy = samples + noise * np.random.default_rng(9).standard_normal(samples.shape)
    return Quality(0.0, 0.0, FULL, bytes(200), np.rint(noisy).astype("<i2").tobytes())


@pytest.mark.parametrize(
    "samples",
    [loud(), 0.86 * loud(), loud()[::-1], np.concatenate((loud()[:6], loud(2)[6:]))],
    ids=["as it is", "quieter", "in another order", "some peaks are others"],
)
def test_a_decoded_file_has_the_samples_of_the_lossy_one(samples: NDArray[np.float64]) -> None:
    """But for rounding and dither, whatever was cut off or turned down; the noise of a codec lies between others."""
    source = heard(loud())
    for noise in (0.0, 0.5):
        assert made_from(LOSSLESS, heard(samples, noise), LOSSY, source)
    for noise in (1.5, 30.0):
        assert not made_from(LOSSLESS, heard(samples, noise), LOSSY, source)


def test_too_little_proves_no_decoding() -> None:
    """Three common peaks, faint ones, none at all, or a lossy file that takes more than the lossless one."""
    source = heard(loud())
    assert not made_from(LOSSLESS, heard(np.concatenate((loud()[:3], loud(2)[3:]))), LOSSY, source)
    faint = heard(loud(height=2000), 0.5)
    assert not made_from(LOSSLESS, faint, LOSSY, heard(loud(height=2000)))
    assert not made_from(LOSSLESS, Quality(0.0, 0.0, FULL, b""), LOSSY, Quality(0.0, 0.0, FULL, b""))
    assert not made_from(LOSSLESS, source, stream(1, bitrate=1_000_000), source)


@pytest.mark.parametrize("height", [0, 1, 33, 5000], ids=["zeros", "near silence", "-60 dBFS", "quiet"])
def test_silence_is_like_silence(height: int) -> None:
    """Places that any copy has alike prove no decoding, nor that there are fewer bits a sample."""
    same = heard(loud(height=height))
    assert not made_from(LOSSLESS, same, LOSSY, same)
    assert bits(LOSSLESS, same) == LOSSLESS.bits
    some = np.concatenate((loud()[:2], loud(height=height)[2:]))
    assert not made_from(LOSSLESS, heard(some), LOSSY, heard(some))


def levels(*changes: tuple[int, int, int]) -> Quality:
    """Return the measures of bright music with other levels in some bands: from, to, level."""
    found = bytearray(FULL)
    for first, last, level in changes:
        found[first:last] = bytes([level] * (last - first))
    return Quality(0.0, 16_000.0, bytes(found), b"")


def test_a_gap_below_the_end_is_no_loss() -> None:
    """What a codec fills up there another one does not lack, for it has music above it."""
    assert missing(levels((32, 37, 185)), Quality(0.0, 0.0, FULL, b"")) == 0.0
    assert missing(levels((32, 44, 204)), Quality(0.0, 0.0, FULL, b"")) == 16_000


def test_what_opus_fills_up_is_no_music() -> None:
    """It reaches 20 kHz whatever the music does; what is missing over more than that proves a loss against it too."""
    other = Quality(0.0, 0.0, FULL, b"")
    assert missing(levels((39, 44, 204)), other) == 19_500
    assert missing(levels((39, 44, 204)), other, "opus") == 0.0
    assert missing(levels((32, 44, 204)), other, "opus") == 16_000


def test_next_to_nothing_is_lost_too() -> None:
    """Of bands 15 dB below those of another track, though a codec left a little there."""
    assert missing(levels((30, 33, 165), (33, 44, 235)), Quality(0.0, 0.0, FULL, b"")) == 15_000
    dark = levels((30, 33, 140), (33, 44, 235))
    assert missing(dark, levels((30, 33, 120), (33, 44, 200))) == 0.0
