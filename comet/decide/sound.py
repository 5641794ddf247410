"""What the sound of two tracks tells when one is held against the other. Pure.

Both play the same music, so what only one of them has was lost by the other, or put in. A spectrum alone is no more
than a suspicion: dark music has nothing that could be cut off. Levels are bytes as in `core.measures.Quality`, half a
dB each; what the constants separate was measured with `python -m tests.benchmarks.keeper`.
"""

from __future__ import annotations

import math
from itertools import pairwise
from operator import ne, sub
from statistics import median
from typing import Final

from comet.core.measures import BAND, SILENT, Quality
from comet.core.model import Audio

_STEADY: Final = slice(1, 13)
"""Bands by which two tracks are brought to one loudness, 0.5 to 6.5 kHz: every codec keeps these."""
_HIGH: Final = slice(18, 43)
"""Bands that a codec cuts off, 9 to 21.5 kHz; above is the filter of whatever made the file."""
_BANDS: Final = 48
"""All bands that there can be, up to 24 kHz."""
_NOTHING: Final = 180
"""Level of a band with nothing in it, -90 dB: rounding to 16 bits leaves -95 to -102 dB there, a decoder less."""
_MORE: Final = 12
"""By how much a band with music in it is louder, 6 dB."""
_FEWEST: Final = 2
"""Bands that must be missing, 1 kHz: one is the edge of a filter. Lossy copies of lossless tracks miss 2 to 21."""

_RATES: Final = ((11_000, 64), (16_000, 128), (17_500, 160), (18_700, 192), (19_500, 256), (20_000, 320))
"""Hz at which MP3 encoders cut, and kbit/s at which they do: LAME was measured, what is between lies on lines."""
_NARROW: Final = 17_800, 160_000
"""Hz that a lossy file of so many bits a second and more reaches, unless what it was made from did not."""
_WORTH: Final = {"aac": 1.25, "opus": 1.5, "vorbis": 1.25, "mp2": 0.65, "ac3": 0.7}
"""Bits of an MP3 that a bit of another codec is taken for: a convention, for nothing here can hear. Opus at 128 kbit/s
counts as AAC at 154 and as MP3 at 192; of one codec the higher rate is the better one whatever stands here."""

_CLEAR: Final = 150
"""Level above which rounding to 16 bits moves nothing, -75 dB."""
_EXACT: Final = 0.06
"""Share of the clear bands in which a decoded file differs from the lossy one: .00 to .06, rarely .09. A lossy copy
of a lossless track differs in .12 and more; Vorbis at q10 in .00 to .10, but in more seconds."""
_TOLD: Final = 24
"""Clear bands that there must be, 12 kHz: of a tune with nine the MP3 of 320 kbit/s has the very same levels."""
_SECONDS: Final = 0.035
"""Share of the seconds in which their envelopes differ: 0 to .033, those of Vorbis at q10 .067 to .10."""
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
    return math.inf if audio.lossless else audio.bitrate * _WORTH.get(audio.codec, 1.0)


def enough(hertz: float) -> float:
    """Return the bits a second of an MP3 that reaches as high; infinite where the highest rate does not."""
    for (low, few), (high, many) in pairwise(_RATES):
        if hertz <= high:
            return 1000 * (few + (many - few) * max(0.0, hertz - low) / (high - low))
    return math.inf


def missing(one: Quality, other: Quality) -> float:
    """Return the Hz from which on one track has nothing where the other one has music, 0 where it lacks nothing.

    It must end in a cliff there, for dark music only fades away, and some codecs fill up what is hardly there. What
    clipping and noise put in is no music.
    """
    narrow = len(one.levels) < _HIGH.stop
    if not one.levels or not other.levels or not (one.cutoff or narrow):
        return 0.0
    mine, yours = _levels(one), _levels(other)
    if max(mine[_HIGH]) < _NOTHING:
        return 0.0
    music = _NOTHING - _MORE - _gain(mine, yours)
    pairs = enumerate(zip(mine[_HIGH], yours[_HIGH], strict=True), _HIGH.start)
    bands = [band for band, (here, there) in pairs if here >= _NOTHING and there <= music]
    if len(bands) < _FEWEST or clips(other, one) or noisier(other, one):
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

    A lossless one is that one decoded, by the same levels all along: a cliff alone proves nothing, for the lossy one
    may have been made from it. Of two lossy ones both end in a cliff that the rate of the one explains, that of the
    other does not.
    """
    if other.lossless or worth(one) < _DEARER * worth(other) or not sound.levels or not source.levels:
        return False
    if one.lossless:
        return _decoded(one, sound, other, source)
    wide, rate = _NARROW
    if worth(one) < rate or sound.cutoff > wide:
        return False
    cliff = min(sound.cutoff, source.cutoff)
    explains = enough(source.cutoff) / worth(other)
    if not cliff or abs(sound.cutoff - source.cutoff) > _CLIFF or not 1 / _DEARER <= explains <= _DEARER:
        return False  # a lossy file of a higher rate would reach further: what it was made from did not
    mine, yours = _levels(sound), _levels(source)
    if min(mine[int((cliff + 2 * _CLIFF) / BAND) + 1 : _HIGH.stop], default=SILENT) < _NOTHING:
        return False
    below, gain = slice(1, int(cliff / BAND) - 2), _gain(mine, yours)
    apart = [abs(here - there - gain) for here, there in zip(mine[below], yours[below], strict=True)]
    return max(apart, default=math.inf) <= _ENCODED


def _decoded(one: Audio, sound: Quality, other: Audio, source: Quality) -> bool:
    """Tell whether a lossless track is a lossy one as it was decoded, sample by sample."""
    seconds = len(source.envelope)
    if len(sound.envelope) != seconds or one.sample_rate != other.sample_rate:
        return False
    if sum(map(ne, sound.envelope, source.envelope)) > _SECONDS * seconds:
        return False
    pairs = zip(_levels(sound)[1 : _HIGH.stop], _levels(source)[1 : _HIGH.stop], strict=True)
    clear = [mine == yours for mine, yours in pairs if min(mine, yours) < _CLEAR]
    return len(clear) >= _TOLD and clear.count(False) <= _EXACT * len(clear)


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


def _levels(one: Quality) -> bytes:
    """Return the levels of all bands; those above half the sample rate are silent."""
    return one.levels.ljust(_BANDS, bytes([SILENT]))


def _gain(mine: bytes, yours: bytes) -> float:
    """Return what has to be added to the levels of the second track so that it is as loud as the first one."""
    steady: list[int] = sorted(map(sub, mine[_STEADY], yours[_STEADY]))
    return (steady[5] + steady[6]) / 2  # the median of twelve


def _power(level: float) -> float:
    return 10 ** (-level / 20) if level < SILENT else 0.0


def _level(power: float) -> float:
    return -20 * math.log10(power) if power > 0 else float(SILENT)
