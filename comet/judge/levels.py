"""How loud two tracks are along each other, each for itself: what an encoder leaves alone and a dropout does not.

An envelope is one byte a second (see `core.measures.Quality`), twice the dB below full scale. Gain shifts all of it, a
fade bends its ends; a dropout makes a hole in one of the two, with more on both sides of it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.core.kernels import kernel
from comet.core.measures import SILENT

Numbers = NDArray[np.float64]
Seconds = NDArray[np.uint8]

QUIET: Final = 48.0
"""dB below a track's loud seconds at which nothing is heard any more: -60 dBFS in music that reaches -12."""
DIP: Final = 1.5
"""dB of a hole. Copies down to 16 kbit/s have at most .6 where their words differ most; a dropout of 1 s 1.8 to 7."""
CALM: Final = 0.45
"""dB between the 5 and the 95 % of the differences of a copy whose words alone say little: most copies at 32 and 16
kbit/s have .2 to .4 (one .8, which is called altered: the safe side), another tune at -12 dB .5 and more, a high-pass
1, another tune at -6 dB 1.3, a compressor 1.8."""
WHOLE: Final = 0.1
"""Seconds that the shift may be off a whole one: a second of one track that meets two halves of the other one's says
nothing, and copies with silence before them showed holes of up to 40 dB."""

_POWER: Final = np.where(np.arange(256) < SILENT, 10.0 ** (np.arange(256) / -20.0), 0.0)
"""Of each level of an envelope; 1.0 is full scale."""
_LOUD: Final = 0.95  # quantile of a track's seconds that is how loud it gets
_SPREAD: Final = 0.05, 0.95  # quantiles that differences are told by
_PAIR: Final = 2  # seconds that are looked at together, so that a dropout of 1 s is whole in one of them
_SIDE: Final = 3  # seconds on either side of them
_FAINT: Final = 40.0  # dB below the loud seconds at which levels are no longer compared: there noise is as loud
_FEWEST: Final = 10  # seconds in common that must be there


_SECONDS: Final = "Array(uint8, 1, 'C', readonly=True)"
_NUMBERS: Final = "Array(float64, 1, 'C', readonly=True)"


class Levels(NamedTuple):
    """How the levels of two tracks differ along each other."""

    hole: Numbers
    """By how many dB one of them falls below the other one, against both sides of it, for each second, shape (n,)."""
    first: int
    """Second of the first track that `hole` begins with."""
    spread: float
    """dB between the 5 and the 95 % of the differences."""

    def near(self, start: float, stop: float) -> float:
        """Return the deepest hole that touches the seconds from `start` to `stop` of the first track, dB."""
        low, high = max(0, int(start) - _PAIR - self.first), int(stop) + 1 - self.first
        return float(self.hole[low:high].max(initial=0.0)) if high > low else 0.0


def quiet(envelope: bytes, start: float, end: float, duration: float) -> tuple[float, float]:
    """Return the seconds before the first and after the last sound of a track, measured against its own loudness.

    Args:
        envelope: of the track; without one, what was measured stands.
        start: seconds before the first sound above -60 dBFS.
        end: seconds after the last one.
        duration: seconds of the track.
    """
    first, final = audible(_seconds(envelope), _below(envelope, QUIET))
    if first < 0:
        return start, end
    # An envelope knows whole seconds; inside the one that is heard first, what was measured tells it exactly.
    last = max(0.0, duration - final)
    return min(max(start, first), first + 1), min(max(end, last - 1), last)


def compare(one: bytes, other: bytes, shift: float) -> Levels | None:
    """Return how the levels of two tracks differ along each other, without what they differ by throughout.

    Args:
        one: an envelope.
        other: the other one.
        shift: seconds by which the other track starts after the first one.

    Returns:
        None where that says nothing: they have too little in common, or the shift is no whole second.
    """
    moved = round(shift)
    first, last = max(0, moved), min(len(one), len(other) + moved)
    if abs(shift - moved) > WHOLE or last - first < _FEWEST:
        return None
    here, there = _seconds(one)[first:last], _seconds(other)[first - moved : last - moved]
    hole, spread = holes(here, there, _below(one, _FAINT), _below(other, _FAINT))
    return Levels(hole, first, spread) if spread >= 0 else None


def _seconds(envelope: bytes) -> Seconds:
    return np.frombuffer(envelope, np.uint8)


def _below(envelope: bytes, distance: float) -> float:
    """Return the power that lies so many dB below a track's loud seconds."""
    return loudest(_seconds(envelope)) * 10 ** (-distance / 10)


@kernel(f"float64({_NUMBERS}, float64)")
def quantile(ascending: Numbers, share: float) -> float:
    """Return the value that this share of sorted values lies below, in between two of them as far as it is."""
    place = (ascending.shape[0] - 1) * share
    at = int(place)
    low, high = ascending[at], ascending[min(at + 1, ascending.shape[0] - 1)]
    # From the nearer of the two, so that what is rounded does not depend on the side from which it is looked at.
    return float(low + (high - low) * (place - at) if place - at < 0.5 else high - (high - low) * (1 - (place - at)))


@kernel(f"float64({_SECONDS})")
def loudest(seconds: Seconds) -> float:
    """Return how loud an envelope gets: power that one second in twenty is above; 0 of an empty one."""
    return quantile(np.sort(_POWER[seconds]), _LOUD) if seconds.shape[0] else 0.0


@kernel(f"UniTuple(int64, 2)({_SECONDS}, float64)")
def audible(seconds: Seconds, floor: float) -> tuple[int, int]:
    """Return the first and the last second of an envelope whose power is above `floor`; -1, -1 where there is none."""
    first = last = -1
    for second in range(seconds.shape[0]):
        if _POWER[seconds[second]] > floor:
            first, last = second if first < 0 else first, second
    return first, last


@kernel("float64(float64, float64)")
def between(one: float, other: float) -> float:
    """Return the mean of two, the other one where one is not known."""
    return other if np.isnan(one) else one if np.isnan(other) else (one + other) / 2


@kernel(f"float64[::1]({_NUMBERS})")
def dips(differ: Numbers) -> Numbers:
    """Return how deep one track falls below the other one against both sides of it, shape of `differ`, dB, >= 0."""
    deep = np.zeros(differ.shape[0])
    for n in range(_SIDE, differ.shape[0] - _SIDE):
        # Two seconds on either side, each clear of the two that are looked at together.
        left = between(differ[n - _SIDE], differ[n - _SIDE + 1])
        right = between(differ[n + _PAIR], differ[n + _PAIR + 1])
        if not (np.isnan(left) or np.isnan(right) or np.isnan(differ[n])):
            deep[n] = max(0.0, min(left, right) - differ[n], differ[n] - max(left, right))
    return deep


@kernel(f"Tuple((float64[::1], float64))({_SECONDS}, {_SECONDS}, float64, float64)")
def holes(here: Seconds, there: Seconds, floor_here: float, floor_there: float) -> tuple[Numbers, float]:
    """Return how deep one of two envelopes falls below the other one, and how much their differences spread.

    Args:
        here: Levels of the seconds that two tracks have in common, shape (n,), n > 1.
        there: Of the other track, as long.
        floor_here: Power below which levels of the first track are no longer compared.
        floor_there: Of the other one.

    Returns:
        As `dips` has it of each second and the next one, shape (n - 1,), and dB between the 5 and the 95 % of the
        differences; -1 where the two are never loud together.
    """
    count = here.shape[0] - 1
    differ, loud = np.empty(count), np.empty(count, np.bool_)
    least = np.finfo(np.float64).tiny
    for n in range(count):
        one = (_POWER[here[n + 1]] + _POWER[here[n]]) / _PAIR
        other = (_POWER[there[n + 1]] + _POWER[there[n]]) / _PAIR
        differ[n] = 10 * np.log10(max(other, least) / max(one, least))
        loud[n] = not (one < floor_here or other < floor_there)
        if one < floor_here and other < floor_there:
            differ[n] = np.nan
    if not loud.any():
        return np.zeros(count), -1.0
    middle = float(np.median(differ[loud]))
    ascending = np.sort(differ[loud] - middle)
    return dips(differ - middle), quantile(ascending, _SPREAD[1]) - quantile(ascending, _SPREAD[0])
