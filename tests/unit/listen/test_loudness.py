"""How loud a sound is, as EBU R 128 and ITU-R BS.1770-4 want it."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.core.measures import Loudness
from comet.listen import kernels
from comet.listen.loudness import Meter, _k_weighting
from tests import naive_listen
from tests.benchmarks.bench_loudness import ebur128
from tests.factories import tune

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]

RATE = 48_000
STEREO = ("FL", "FR")
LAYOUTS = {
    1: ("FC",),
    2: STEREO,
    3: ("FL", "FR", "LFE"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}
"""What FFmpeg takes sound of so many channels for."""


def loudness(sound: Sound, rate: int = RATE, layout: tuple[str, ...] = STEREO) -> Loudness:
    """Measure sound of shape (channels, samples), fed in one block."""
    meter = Meter(rate, layout)
    meter.feed(sound)
    return meter.result()


def sine(*parts: tuple[float, float]) -> Sound:
    """Return parts of (dBFS, seconds) of a tone of 1 kHz, the same on both channels."""
    tones = [10 ** (level / 20) * np.sin(2 * np.pi * np.arange(round(s * RATE)) / 48) for level, s in parts]
    return np.tile(np.concatenate(tones).astype(np.float32), (2, 1))


def music(seconds: float, rate: int, channels: int, seed: int = 1) -> Sound:
    """Return another tune on each channel, the second half 12 dB quieter."""
    sound = np.stack([tune(seed + number, seconds, rate=rate) for number in range(channels)])
    sound[:, sound.shape[1] // 2 :] *= np.float32(0.25)
    return np.ascontiguousarray(sound)


@pytest.mark.parametrize(
    ("parts", "lufs"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_the_signals_of_ebu_tech_3341(parts: list[tuple[float, float]], lufs: float) -> None:
    """Cases 1 to 5 come out within the 0.1 LU that EBU R 128 allows."""
    assert loudness(sine(*parts)).integrated == pytest.approx(lufs, abs=0.1)


@pytest.mark.parametrize(("level", "lufs"), [(-69.8, -69.8), (-70.3, -math.inf)])
def test_nothing_counts_below_the_absolute_gate(level: float, lufs: float) -> None:
    """A track that is below -70 LUFS all the time has no loudness."""
    assert loudness(sine((level, 5))).integrated == pytest.approx(lufs, abs=0.1)


def test_the_surround_signal_of_ebu_tech_3341() -> None:
    """Case 6: what comes from behind counts 1.41 times."""
    levels = {"FL": -28, "FR": -28, "FC": -24, "BL": -30, "BR": -30}
    sound = np.stack([sine((level, 20))[0] for level in levels.values()])
    assert loudness(sound, layout=tuple(levels)).integrated == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "degrees", "level", "peak"),
    [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)],
)
def test_the_peaks_of_ebu_tech_3341(divisor: int, degrees: float, level: float, peak: float) -> None:
    """Cases 15 to 19: the peak between the samples is found within +0.2 and -0.4 dB."""
    time = np.arange(RATE)
    sound = level * np.sin(2 * np.pi * time / divisor + np.radians(degrees)) * np.minimum(1, time / 1000)
    found = loudness(sound.astype(np.float32)[None], layout=("FC",)).true_peak
    assert -0.4 <= 20 * math.log10(found) - peak <= 0.2


def test_the_filter_is_that_of_the_recommendation() -> None:
    """At 48 kHz the two filters together have the coefficients that ITU-R BS.1770-4 prints."""
    a = np.convolve([1, -1.69065929318241, 0.73248077421585], [1, -1.99004745483398, 0.99007225036621])
    b = np.convolve([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -2, 1])
    taps, gain = _k_weighting(RATE)
    assert taps[:4] == pytest.approx(a[1:], abs=1e-9)
    assert taps[4:] * math.sqrt(gain) == pytest.approx(b[1:], abs=1e-9)


@pytest.mark.parametrize("seconds", [0.9, 5.03])
def test_equals_the_slow_twin(seconds: float) -> None:
    """A loud start, a quiet end: the same as filtered sample by sample and with zeros put between the samples."""
    sound = music(seconds, RATE, 3)
    sound[2] *= 0.5
    lufs, peak, true_peak = naive_listen.loudness(sound, [1, 0, 1.41])
    found = loudness(sound, layout=("FL", "LFE", "SR"))
    assert found.integrated == pytest.approx(lufs, abs=1e-6)
    assert found.peak == peak
    assert found.true_peak == pytest.approx(true_peak, rel=1e-5)


def test_what_is_older_than_the_way_in_has_died_away() -> None:
    """Full scale before near silence, wherever the filter starts anew: the quiet hops have the twin's energy."""
    sound = np.full((1, 4 * RATE), 1e-4, np.float32)
    sound *= np.sin(np.arange(4 * RATE)).astype(np.float32)
    for hop in range(0, 40, 5):
        sound[0, hop * 4800 : hop * 4800 + 4800] = 1.0
    assert loudness(sound, layout=("FC",)).integrated == pytest.approx(naive_listen.loudness(sound, [1])[0], abs=1e-6)


@pytest.mark.parametrize("hop", [100, 101, 102, 103])
@pytest.mark.parametrize("hops", [1, 7, 8, 9, 31])
def test_every_sample_is_filtered_once(hop: int, hops: int) -> None:
    """Whatever is left of a hop or of eight stretches: the energies are those of two plain filters in a row."""
    sound = np.random.default_rng(hops).normal(0, 1, hop * (hops + 1)).astype(np.float32)
    b, a = [(1.0, 0.4, -0.3), (1.0, -2.0, 1.0)], [(-0.9, 0.3), (0.2, 0.1)]
    plain = sound.astype(float)
    for stage in (0, 1):
        plain = naive_listen.recursive(plain, b[stage], a[stage])
    taps = np.concatenate((np.convolve((1, *a[0]), (1, *a[1]))[1:], np.convolve(*b)[1:]))
    found = np.zeros(hops)
    kernels.weigh(sound, hop, taps, found)
    assert found == pytest.approx((plain[hop:].reshape(hops, hop) ** 2).sum(axis=1), rel=1e-9)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 40_000), max_size=30), st.sampled_from([8000, 11_025, 22_050]))
def test_block_lengths_change_nothing(cuts: list[int], rate: int) -> None:
    """Cut anywhere, asked in between: the same loudness and peaks to the last bit."""
    sound = np.random.default_rng(5).normal(0, 0.2, (2, rate * 9 + 77)).astype(np.float32)
    meter, at = Meter(rate, STEREO), 0
    for length in [*cuts, sound.shape[1]]:
        meter.feed(sound[:, at : at + length])
        meter.result()
        at += length
    assert meter.result() == loudness(sound, rate)


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 96_000, 192_000, 352_800])
def test_silence_is_not_loud(rate: int) -> None:
    """Nothing at all, nothing but zeros, and less than 400 ms of anything have no loudness; the peaks are true."""
    silent = Loudness(-math.inf, 0.0, 0.0)
    assert loudness(np.zeros((2, 0), np.float32), rate) == silent
    assert loudness(np.zeros((2, rate * 5), np.float32), rate) == silent
    for samples in (1, 70, rate // 5, 4 * ((rate + 5) // 10) - 1):
        short = loudness(np.full((2, samples), 0.5, np.float32), rate)
        assert short.integrated == -math.inf
        assert short.peak == 0.5
        assert 0.5 <= short.true_peak < 0.6
    assert loudness(np.tile(sine((-20, 1))[0, : 4 * ((rate + 5) // 10)], (2, 40)), rate).integrated > -math.inf


def test_one_channel_counts_once() -> None:
    """Mono is 3 LU quieter than the same on two channels, as in FFmpeg and libebur128."""
    sound = sine((-20, 5))
    one, two = loudness(sound[:1], layout=("FC",)), loudness(sound)
    assert two.integrated - one.integrated == pytest.approx(10 * math.log10(2), abs=1e-9)


def test_a_low_channel_counts_for_the_peaks_only() -> None:
    """LFE has no weight in the loudness."""
    sound = sine((-20, 5))
    with_low = loudness(np.concatenate((sound, sound[:1] * 2)), layout=("FL", "FR", "LFE"))
    assert with_low.integrated == loudness(sound).integrated
    assert with_low.peak == 2 * loudness(sound).peak


def test_a_peak_between_samples_is_found_behind_louder_samples() -> None:
    """What is left out as too quiet is: the peak is the same wherever the loud sample lies."""
    time = np.arange(RATE)
    wave = (0.9 * np.sin(np.pi * time / 2 + np.pi / 4) * np.hanning(RATE)).astype(np.float32)
    alone = loudness(wave[None], layout=("FC",)).true_peak
    assert alone > 0.88 > np.abs(wave).max()
    for at in (0, RATE // 4, RATE - 1):
        one = wave.copy()
        one[at] = 0.7
        assert loudness(one[None], layout=("FC",)).true_peak >= alone * 0.999


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38])
def test_a_broken_sample_counts_as_silence(value: float) -> None:
    """A float that is no sound changes nothing but its own place."""
    sound = music(6, RATE, 2)
    broken = sound.copy()
    broken[1, [10, 5000, 200_000]] = value
    sound[1, [10, 5000, 200_000]] = 0
    assert loudness(broken) == loudness(sound)


@pytest.mark.parametrize("rate", [1, 50, 700, 1000, 3000])
def test_a_rate_below_that_of_music_gives_figures_too(rate: int) -> None:
    """A header may say any rate; where the filter has no place below half of it, it does not run away."""
    found = loudness(np.random.default_rng(1).normal(0, 0.1, (2, 9000)).astype(np.float32), rate)
    assert found.integrated == (pytest.approx(-17, abs=4) if rate >= 1000 else -math.inf)
    assert found.peak <= found.true_peak < 2


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs FFmpeg's command")
@pytest.mark.parametrize(
    ("rate", "channels"),
    [
        *((rate, 2) for rate in (8000, 11_025, 22_050, 44_100, 88_200, 96_000, 176_400, 192_000)),
        *((48_000, channels) for channels in LAYOUTS),
        (8000, 1),
        (352_800, 1),
    ],
)
def test_agrees_with_ffmpeg(rate: int, channels: int) -> None:
    """FFmpeg's `ebur128` says the same within 0.1 LU and 0.2 dB, at any rate and for any channels."""
    sound = np.stack([tune(number, 3, rate=rate) for number in range(channels)])
    raw = ("-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-")
    theirs = ebur128(*raw, sound=np.ascontiguousarray(sound.T).tobytes())
    assert theirs is not None
    ours = loudness(sound, rate, LAYOUTS[channels])
    assert ours.integrated == pytest.approx(theirs.integrated, abs=0.1)
    assert 20 * math.log10(ours.peak / theirs.peak) == pytest.approx(0, abs=0.06)  # FFmpeg prints one decimal
    assert 20 * math.log10(ours.true_peak / theirs.true_peak) == pytest.approx(0, abs=0.2)
