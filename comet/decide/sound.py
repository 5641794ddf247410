"""What the sound of two tracks tells when one is held against the other. Pure.

Both play the same music, so what only one of them has was lost by the other, or put in. A spectrum alone is no more
than a suspicion: dark music has nothing that could be cut off. Levels are bytes as in `core.measures.Quality`, half a
dB each; what the constants separate was measured with `python -m tests.benchmarks.keeper`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from itertools import pairwise
from operator import mul, sub
from statistics import median
from typing import Final

from comet.core.measures import AROUND, BAND, SILENT, Quality
from comet.core.model import Audio

DISC: Final = 44_100, 48_000
"""Hz of what is sold and broadcast: between these two nothing is to be heard, and codecs turn one into the other."""
_STEADY: Final = slice(1, 13)
"""Bands by which two tracks are brought to one loudness, 0.5 to 6.5 kHz: every codec keeps these."""
_LOUDEST: Final = 6
"""How many of them, the loudest ones: in the others there may be noise."""
_HIGH: Final = slice(18, 43)
"""Bands that a codec cuts off, 9 to 21.5 kHz; above is the filter of whatever made the file."""
_BANDS: Final = 48
"""All bands that there can be, up to 24 kHz."""
_NOTHING: Final = 180
"""Level of a band with nothing in it, -90 dB: rounding to 16 bits leaves -95 to -102 dB there, a decoder less."""
_MORE: Final = 12
"""By how much a band with music in it is louder, 6 dB."""
_FAINT: Final = 140
"""Level of a band, -70 dB, in which next to nothing is if another track has more by `_HOLE` there."""
_HOLE: Final = 30
"""15 dB: of an original one that is as faint a lossy copy never has more than 10 dB, noise filled in."""
_FEWEST: Final = {"opus": 5}
"""Bands that must be missing by the codec of what has them, else 2, 1 kHz: one is the edge of a filter. Lossy copies of
lossless tracks miss 2 to 21. Opus always reaches 20 kHz: it fills up two to four."""

_RATES: Final = ((11_000, 64), (16_000, 128), (17_500, 160), (18_700, 192), (19_500, 256), (20_000, 320))
"""Hz at which MP3 encoders cut, and kbit/s at which they do: LAME was measured, what is between lies on lines."""
_NARROW: Final = 17_800, 160_000
"""Hz that a lossy file of so many bits a second and more reaches, unless what it was made from did not."""
_WORTH: Final = {"aac": 1.25, "opus": 1.5, "vorbis": 1.25, "mp2": 0.65, "ac3": 0.7}
"""Bits of an MP3 that a bit of another codec is taken for: a convention, for nothing here can hear. Opus at 128 kbit/s
counts as AAC at 154 and as MP3 at 192; of one codec the higher rate is the better one whatever stands here."""
_ROUGH: Final = ("adpcm", "pcm_alaw", "pcm_mulaw")
"""Codecs whose own noise reaches as high as they do."""
_HOARSE: Final = 0.35
"""Bits of an MP3 that a bit of these is taken for: at four bits a sample it counts as 128 kbit/s."""
_COARSE: Final = 8
"""Bits a sample of which the same holds."""
_FINE: Final = 16
"""Bits a sample that most others are rounded to, which leaves noise in every band."""
_EMPTY: Final = 225
"""Level of a band that is below that noise, -112 dB: a codec left nothing there."""

_ROUNDED: Final = 0.75
"""Steps of 16 bits (RMS) by which a peak of a decoded file differs from that of the lossy one: 0 to .6, with dither. A
lossy copy of a lossless track differs by 1 and more where it is simplest, a tune of sines, most often by 15 to 2000."""
_EXACT: Final = 1e-4
"""The same as a share of the sound, -80 dB: in what is faint any codec comes as close as rounding."""
_CLEAR: Final = 4000
"""Steps of 16 bits (RMS) that a peak must have to count, -18 dBFS. Below, the rounding of both files, .4, is more than
`_EXACT`, so that only equal samples agree, as silence does; and those lossy copies have too: MP3 of 320 kbit/s in 1 to
82 of a hundred places of music turned down by 20 dB, in 23 to 99 at 30 dB, almost any codec in nearly all at 60 dB."""
_PLACES: Final = 4
"""Peaks of eight that must agree; the others may have been cut off, or lie elsewhere after a shift. In one recording of
24 a place in eight comes out of an MP3 of 320 kbit/s as it went in: with three of eight its original would have gone.
"""
_PEAK: Final = f"<{AROUND}h"
_NEAR: Final = 6
"""Steps of 16 bits: what differs by more in one sample is not looked at any further."""
_ENCODED: Final = 2
"""How far the bands below the cliff lie apart where a lossy file was encoded again, 1 dB: .5 to 1; files of one codec
at two rates 1.5 and more."""
_CLIFF: Final = 500
"""Hz between the cliffs of such two."""
_DEARER: Final = 1.3
"""How many times as much a file takes that was made from a lossy one in vain."""

_CLIPS: Final = 5e-4
"""Share of the samples by which a clipped track has more at full scale: 6 dB too loud is 6e-4 to .03."""
_OFTENER: Final = 4
"""How many times as many, at least."""
_LOUDER: Final = 6
"""By how much it is louder, 3 dB."""
_NOISE: Final = 4
"""How far levels lie from music with white noise under it, 2 dB: noise at -30 dB .5 to 2, anything else from 2.3 on."""
_HISS: Final = 24
"""By how much noise must raise them, 12 dB: MP3 V0 takes up to 10 dB off what is high."""
_FALL: Final = 24
"""Fall within 1 kHz that no music has, 12 dB."""
_WIDE: Final = 4
"""Bands that noise must fill: less is the edge of a filter."""
_QUIET: Final = 96
"""How far below the loud seconds nothing is heard any more, 48 dB, as in `judge.levels`."""
_LOUD: Final = 20
"""One second of so many is louder than what is called loud."""


def worth(audio: Audio) -> float:
    """Return the bits a second of an MP3 that keeps as much as a lossy stream; infinite for a lossless one."""
    rough = _HOARSE if audio.codec.startswith(_ROUGH) else 1.0
    return math.inf if audio.lossless else audio.bitrate * _WORTH.get(audio.codec, rough)


def rough(audio: Audio, sound: Quality) -> bool:
    """Tell whether a track's own noise reaches as high as it does: what only it has there is no music."""
    return audio.codec.startswith(_ROUGH) or bits(audio, sound) == _COARSE


def bits(audio: Audio, sound: Quality) -> int:
    """Return the bits a sample of a lossless track as far as there is sound for them.

    Eight are eight in sixteen too. More than sixteen hold nothing where a codec left less than these would hold.
    """
    low, high = sound.peaks[::2], sound.peaks[1::2]  # halves of each sample; silence has as many bits as it is said
    if audio.bits > _COARSE and any(high) and not any(low):
        return _COARSE
    empty = audio.bits > _FINE and max(sound.levels[_HIGH], default=0) >= _EMPTY
    return _FINE if empty else audio.bits


def held(audio: Audio, sound: Quality | None) -> tuple[int, int]:
    """Return sample rate, Hz, and bits a sample of a track, as far as there is sound for more than a disc holds."""
    if not sound:
        return audio.sample_rate, audio.bits
    if audio.sample_rate > DISC[1] and sound.levels and not math.isinf(reaches(sound)):
        return DISC[0], min(bits(audio, sound), _FINE)
    return audio.sample_rate, bits(audio, sound)


def enough(hertz: float) -> float:
    """Return the bits a second of an MP3 that reaches as high; infinite where the highest rate does not."""
    for (low, few), (high, many) in pairwise(_RATES):
        if hertz <= high:
            return 1000 * (few + (many - few) * max(0.0, hertz - low) / (high - low))
    return math.inf


def missing(one: Quality, other: Quality, codec: str = "") -> float:
    """Return the Hz from which on one track has nothing where the other one has music, 0 where it lacks nothing.

    It must end in a cliff there, for dark music only fades away, and some codecs fill up what is hardly there, or a gap
    below its end. What clipping and noise put in is no music. The codec is that of the other track.
    """
    narrow = len(one.levels) < _HIGH.stop
    if not one.levels or not other.levels or not (one.cutoff or narrow):
        return 0.0
    mine, yours = _levels(one), _levels(other)
    if max(mine[_HIGH]) < _NOTHING:
        return 0.0
    gain = _gain(mine, yours)
    bands = [
        band
        for band in range(_end(mine), _HIGH.stop)
        if yours[band] + gain <= _NOTHING - _MORE
        and (mine[band] >= _NOTHING or mine[band] - yours[band] - gain > _HOLE)
    ]
    if len(bands) < _FEWEST.get(codec, 2) or clips(other, one) or noisier(other, one):
        return 0.0
    return float(bands[0] * BAND)


def reaches(one: Quality) -> float:
    """Return the Hz up to which a track has music; infinite where it has some as high as is looked at, 24 kHz.

    A converter leaves the slope of its filter above the half of the rate that it was given.
    """
    levels = _levels(one)
    top = max((band for band, level in enumerate(levels) if level < _NOTHING), default=-1)
    if top == _BANDS - 1 and levels[top] - min(levels[_HIGH.stop - 7 : _HIGH.stop - 1]) <= _FALL:
        return math.inf
    return float(BAND * min(top + 1, _HIGH.stop + 1))


def made_from(one: Audio, sound: Quality, other: Audio, source: Quality) -> bool:
    """Tell whether one track was made from another one that is lossy and takes less, so that it can have nothing more.

    A lossless one is that one decoded where its samples are the same but for rounding. A cliff proves nothing there,
    for the lossy one may have been made from it; but then the noise of its codec lies between them.
    """
    if other.lossless or worth(one) < _DEARER * worth(other):
        return False
    if one.lossless:
        return one.bitrate > other.bitrate and _decoded(sound.peaks, source.peaks)
    wide, rate = _NARROW
    return worth(one) >= rate and sound.cutoff <= wide and _encoded(sound, source, worth(other))


def _encoded(sound: Quality, source: Quality, rate: float) -> bool:
    """Tell whether a lossy track was made from a lossy one of a lower rate.

    Both end in a cliff that this rate explains, that of the other does not: it would reach further, so what it was made
    from did not.
    """
    cliff = min(sound.cutoff, source.cutoff)
    explains = enough(source.cutoff) / rate
    if not cliff or abs(sound.cutoff - source.cutoff) > _CLIFF or not 1 / _DEARER <= explains <= _DEARER:
        return False
    mine, yours = _levels(sound), _levels(source)
    if min(mine[int((cliff + 2 * _CLIFF) / BAND) + 1 : _HIGH.stop], default=SILENT) < _NOTHING:
        return False
    below, gain = slice(1, int(cliff / BAND) - 2), _gain(mine, yours)
    apart = [abs(here - there - gain) for here, there in zip(mine[below], yours[below], strict=True)]
    return max(apart, default=math.inf) <= _ENCODED


def _decoded(mine: bytes, yours: bytes) -> bool:
    """Tell whether the peaks of a track are those of another one, sample by sample, wherever they lie, at any gain."""
    middle, beside = AROUND // 2, AROUND // 4
    sources = [(one[beside] / (one[middle] or 1), one) for one in struct.iter_unpack(_PEAK, yours)]
    found = 0
    for one in struct.iter_unpack(_PEAK, mine):
        ratio, near = one[beside] / (one[middle] or 1), _NEAR / (abs(one[middle]) or 1)
        low, high = ratio - near, ratio + near
        alike = [other for there, other in sources if low <= there <= high]
        found += any(_rounded(one, other) for other in alike)
    return found >= _PLACES


def _rounded(one: Sequence[int], other: Sequence[int]) -> bool:
    """Tell whether two peaks brought to one gain differ by no more than rounding, loud as they must be to tell."""
    own, power, common = sum(map(mul, one, one)), sum(map(mul, other, other)), sum(map(mul, one, other))
    if min(own, power) < _CLEAR**2 * AROUND:
        return False
    return bool(power - common * common / own <= min(_ROUNDED**2 * AROUND, _EXACT**2 * power))


def clips(one: Quality, other: Quality) -> bool:
    """Tell whether one track is clipped where the other one is not, for it was made louder.

    Of what was loud from the start a codec moves the peaks about, to more of them at full scale or to fewer.
    """
    return one.clipped > _OFTENER * other.clipped + _CLIPS and _gain(_levels(one), _levels(other)) < -_LOUDER


def noisier(one: Quality, other: Quality) -> bool:
    """Tell whether one track is the other one with white noise under it: hiss, or fewer bits a sample.

    Where the other one falls off a cliff, nothing tells what was put in above it from what was lost there, but that
    white noise goes on as it is.
    """
    mine, yours = _levels(one), _levels(other)
    gain = _gain(mine, yours)
    if sorted(map(sub, yours[_HIGH], mine[_HIGH]))[-_WIDE] + gain <= _HISS:
        return False
    high = range(_HIGH.start, _HIGH.stop)
    cliff = next((band for band in high if yours[band + 2] - yours[band] > _FALL), _HIGH.stop)
    heard = [band for band in high if mine[band] < _NOTHING > mine[band + 1]]
    below = [band for band in heard if band <= cliff]
    if sum(yours[band] + gain - mine[band] > _HISS for band in below) < _WIDE:
        return False
    noise = median(_power(mine[band]) - _power(yours[band] + gain) for band in below[-_WIDE:])
    if noise < _power(_NOTHING - _MORE):
        return False
    expected = [(band, _level(_power(yours[band] + gain) + noise)) for band in range(4, below[-1] + 1)]
    on = [(band, _level(noise)) for band in heard if band > cliff]
    return all(abs(mine[band] - level) <= _NOISE for band, level in expected + on)


def audible(audio: Audio, sound: Quality | None) -> float:
    """Return the seconds from the first to the last sound of a track, measured against its own loudness."""
    if sound is None or not sound.envelope:
        return audio.audible
    floor = min(sorted(sound.envelope)[len(sound.envelope) // _LOUD] + _QUIET, SILENT - 1)
    first = next((second for second, level in enumerate(sound.envelope) if level <= floor), -1)
    if first < 0:
        return audio.audible
    silent = next(second for second, level in enumerate(reversed(sound.envelope)) if level <= floor)
    # An envelope knows whole seconds; inside the one that is heard first, what was measured tells it exactly.
    after = audio.duration - len(sound.envelope) + silent
    start = audio.sound_start if first <= audio.sound_start <= first + 1 else first
    return audio.duration - start - (audio.sound_end if after <= audio.sound_end <= after + 1 else max(0.0, after))


def _end(levels: bytes) -> int:
    """Return the band above the last high one that is more than faint."""
    return next((at + 1 for at in reversed(range(_HIGH.start, _HIGH.stop)) if levels[at] < _FAINT), _HIGH.start)


def _levels(one: Quality) -> bytes:
    """Return the levels of all bands; those above half the sample rate are silent."""
    return one.levels.ljust(_BANDS, bytes([SILENT]))


def _gain(mine: bytes, yours: bytes) -> float:
    """Return what has to be added to the levels of the second track so that it is as loud as the first one."""
    loud = sorted(zip(mine[_STEADY], yours[_STEADY], strict=True), key=sum)[:_LOUDEST]
    return median(here - there for here, there in loud)


def _power(level: float) -> float:
    return 10 ** (-level / 20) if level < SILENT else 0.0


def _level(power: float) -> float:
    return -20 * math.log10(power) if power > 0 else float(SILENT)
