"""Signs of quality: what is measured is what is there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from comet.core.measures import AROUND, PEAKS, SILENT, level
from comet.listen import audio, kernels
from comet.listen.kernels import BUFFER, FRAME, LANES
from comet.listen.quality import BLOCK, Spectra
from comet.listen.sound import RATE, Sound
from tests.factories import tone, write

Channel = np.ndarray[tuple[int], np.dtype[np.float32]]


def noise(rate: int, seconds: float, below: float = 0.0, level: float = 0.1) -> Channel:
    """Return white noise, cut off sharply above a frequency if one is given."""
    sound = np.random.default_rng(5).standard_normal(int(rate * seconds))
    if below:
        spectrum = np.fft.rfft(sound)
        spectrum[np.fft.rfftfreq(len(sound), 1 / rate) > below] = 0
        sound = np.fft.irfft(spectrum, len(sound))
    return (level * sound).astype(np.float32)


def spectra(rate: int, *channels: Channel) -> Spectra:
    """Feed channels in blocks."""
    found = Spectra(rate)
    for start in range(0, len(channels[0]), BLOCK):
        found.feed([channel[start : start + BLOCK] for channel in channels])
    return found


def test_power_spectra_are_those_of_numpy() -> None:
    """Sixteen frames at once give what one transform after the other does."""
    frames = np.random.default_rng(1).standard_normal((LANES, FRAME)).astype(np.float32)
    window = np.hanning(FRAME).astype(np.float32)
    out = np.empty((FRAME // 2 + 1, LANES), np.float32)
    kernels.powers(frames, window, np.empty(BUFFER, np.float32), out)
    expected = np.abs(np.fft.rfft(frames.astype(float) * window, axis=1)).T ** 2
    assert np.abs(out - expected).max() <= 1e-6 * expected.max()


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 96_000, 192_000])
def test_levels_of_white_noise(rate: int) -> None:
    """White noise of -20 dB is as strong in each half kHz, up to half the rate or 24 kHz, and has no cutoff."""
    found, cutoff = spectra(rate, noise(rate, 6), noise(rate, 6)).levels()
    assert len(found) == min(rate // 2, 24_000) // 500
    # the median of a power's chi-square distribution lies below its mean
    expected = -21.6 + 10 * np.log10(44_100 / rate)
    assert np.array([level(byte) for byte in found]) == pytest.approx(expected, abs=1.2)
    assert cutoff == 0


@pytest.mark.parametrize("below", [13_000, 16_000, 19_500])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_cutoff_is_found(rate: int, below: int) -> None:
    """Noise that ends sharply has its cutoff there, and silence above."""
    found, cutoff = spectra(rate, noise(rate, 8, below)).levels()
    assert cutoff == pytest.approx(below, abs=250)
    assert level(found[below // 500 - 2]) == pytest.approx(-21.6 + 10 * np.log10(44_100 / rate), abs=1.2)
    assert level(found[below // 500 + 2]) < -80


def test_a_soft_end_is_no_cutoff() -> None:
    """Music that grows weaker and weaker towards its top was cut off by nobody."""
    rate = 44_100
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(rate * 8))
    spectrum *= 10 ** (-np.fft.rfftfreq(rate * 8, 1 / rate) / 22_050 * 90 / 20)
    assert spectra(rate, (np.fft.irfft(spectrum) * 0.1).astype(np.float32)).levels()[1] == 0


def test_two_channels_are_averaged() -> None:
    """What only one of two channels has is 3 dB weaker than what both have."""
    sound = noise(44_100, 4)
    both, one = spectra(44_100, sound, sound).levels()[0], spectra(44_100, sound, sound * 0).levels()[0]
    assert level(one[20]) - level(both[20]) == pytest.approx(-3, abs=0.6)


def test_long_sounds_are_looked_at_less_often() -> None:
    """However long it is, memory is bounded, and all of it has a say: a cutoff in the second half does not hide."""
    rate = 44_100
    long = spectra(rate, np.concatenate((noise(rate, 60, 12_000), np.tile(noise(rate, 20), 9))))
    assert len(long._powers) <= 32
    assert long._every >= 4
    assert level(long.levels()[0][30]) == pytest.approx(-21.6, abs=2)


def test_short_sounds() -> None:
    """A sound of one window has levels, one that is shorter has none."""
    assert len(spectra(44_100, noise(44_100, 1)[:FRAME]).levels()[0]) == 44
    assert spectra(44_100, noise(44_100, 1)[: FRAME - 1]).levels() == (b"", 0.0)
    assert spectra(44_100, noise(44_100, 1)[: FRAME - 1]).clipped() == 0


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_sample_that_is_no_number_spoils_one_window(odd: float) -> None:
    """A file of floats may hold anything; the rest of it is measured all the same."""
    sound = noise(44_100, 6)
    clean = spectra(44_100, sound).levels()[0]
    sound[2048] = odd
    assert np.abs(np.subtract(list(spectra(44_100, sound).levels()[0]), list(clean))).max() <= 2
    assert spectra(44_100, sound * np.float32(np.nan)).levels() == (b"", 0.0)


def test_a_rate_beyond_all_measure_has_no_levels() -> None:
    """Where a bin is wider than half a band there is nothing to tell bands apart by."""
    assert spectra(5_644_800, noise(44_100, 2)).levels() == (b"", 0.0)


def test_clipped_samples_are_counted() -> None:
    """The share of samples at full scale, of both signs, in all channels."""
    sound = np.zeros(10_000, np.float32)
    sound[:100], sound[100:150], sound[150:250] = 1.0, -32_767 / 32_768, 0.9999
    assert spectra(44_100, sound, sound * 0).clipped() == pytest.approx(150 / 20_000)


def test_peaks_are_the_samples_around_the_loudest_places() -> None:
    """The loudest first, at most one of some 8 000 samples, wherever the sound begins; at full scale all are equal."""
    sound = noise(44_100, 4, level=0.05)
    places = [21_000, 60_000, 100_000, 150_000]
    sound[places] = [32_767 / 32_768, -1.5, 0.9, 0.8]
    for begin in (0, 1105, 7777):
        peaks = np.frombuffer(spectra(44_100, sound[begin:]).peaks(), "<i2").reshape(PEAKS, AROUND)
        assert list(peaks[:4, AROUND // 2]) == [32_767, -32_768, *(round(32_768 * high) for high in (0.9, 0.8))]
        near = sound[100_000 - AROUND // 2 : 100_000 + AROUND // 2]
        assert list(peaks[2]) == list(np.rint(32_768 * near))
    assert spectra(44_100, noise(44_100, 0.0005)).peaks() == b""


def test_peaks_are_not_those_of_a_silent_channel() -> None:
    """They are those of the first channel, or of the loudest one where the first is not half as loud."""
    sound = noise(44_100, 2, level=0.05)
    own, odd = spectra(44_100, sound).peaks(), sound[::-1].copy()
    assert spectra(44_100, 0.6 * odd, sound).peaks() == spectra(44_100, 0.6 * odd).peaks() != own
    for soft in (0.0, 0.4):
        assert spectra(44_100, soft * odd, 0.5 * odd, sound).peaks() == own


def test_the_envelope_has_a_byte_a_second() -> None:
    """Each second's RMS, twice the dB below full scale; silence is 255, and the last part of a second counts too."""
    parts = [tone(3, rate=RATE, level=-20), np.zeros(2 * RATE, np.float32), tone(1.5, rate=RATE, level=-50)]
    sound = Sound()
    sound.feed((np.concatenate(parts) * 32_767).astype(np.int16))
    envelope = sound.envelope()
    assert len(envelope) == 7
    # a sine's RMS is 3 dB below its peak
    assert list(envelope[:3]) == pytest.approx([46] * 3, abs=1)
    assert level(envelope[4]) < -60  # the frame of 20 ms that lies across the border is counted here
    assert list(envelope[5:]) == pytest.approx([106] * 2, abs=1)
    silent = Sound()
    silent.feed(np.zeros(RATE, np.int16))
    assert silent.envelope() == bytes([SILENT])
    assert Sound().envelope() == b""


@pytest.mark.parametrize(("kind", "expected"), [("wav", 0), ("mp3", 16_000)])
def test_a_lossy_file_shows_where_it_was_cut(kind: str, expected: int, tmp_path: Path) -> None:
    """A file of 128 kbit/s ends at about 16 or 17 kHz, the one that it was made from does not."""
    sound = np.stack([noise(44_100, 10, level=0.05)] * 2)
    quality = audio.listen(os.fsencode(write(tmp_path / f"a.{kind}", sound))).quality
    assert quality.cutoff == pytest.approx(expected, abs=4000 if expected else 0)
    assert len(quality.levels) == 44
    assert len(quality.envelope) == 10
    assert quality.clipped < 0.001
