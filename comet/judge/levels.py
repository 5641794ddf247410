"""How loud two tracks are along each other, each for itself: what an encoder leaves alone and a dropout does not.

An envelope is one byte a second (see `core.measures.Quality`), twice the dB below full scale. Gain shifts all of it, a
fade bends its ends; a dropout makes a hole in one of the two, with more on both sides of it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.core.measures import SILENT

Numbers = NDArray[np.float64]

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

_LOUD: Final = 0.95  # quantile of a track's seconds that is how loud it gets
_PAIR: Final = 2  # seconds that are looked at together, so that a dropout of 1 s is whole in one of them
_SIDE: Final = 3  # seconds on either side of them
_FAINT: Final = 40.0  # dB below the loud seconds at which levels are no longer compared: there noise is as loud
_FEWEST: Final = 10  # seconds in common that must be there


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


def power(envelope: bytes) -> Numbers:
    """Return the power of each second of an envelope, 1.0 is full scale, shape (n,)."""
    levels = np.frombuffer(envelope, np.uint8)
    return np.where(levels < SILENT, 10.0 ** (levels / -20.0), 0.0)


def loud(envelope: bytes) -> float:
    """Return how loud a track gets: power that one second in twenty is above; 0 of an unknown envelope."""
    return float(np.quantile(power(envelope), _LOUD)) if envelope else 0.0


def quiet(envelope: bytes, start: float, end: float, duration: float) -> tuple[float, float]:
    """Return the seconds before the first and after the last sound of a track, measured against its own loudness.

    Args:
        envelope: of the track; without one, what was measured stands.
        start: seconds before the first sound above -60 dBFS.
        end: seconds after the last one.
        duration: seconds of the track.
    """
    heard = np.flatnonzero(power(envelope) > loud(envelope) * 10 ** (-QUIET / 10))
    if not len(heard):
        return start, end
    # An envelope knows whole seconds; inside the one that is heard first, what was measured tells it exactly.
    first, last = float(heard[0]), max(0.0, duration - float(heard[-1]))
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
    here, there = _twice(power(one)[first:last]), _twice(power(other)[first - moved : last - moved])
    faint = here < _floor(one), there < _floor(other)
    if (faint[0] | faint[1]).all():
        return None
    least = np.finfo(np.float64).tiny
    differ = 10 * np.log10(np.maximum(there, least) / np.maximum(here, least))
    differ -= float(np.median(differ[~(faint[0] | faint[1])]))
    low, high = np.quantile(differ[~(faint[0] | faint[1])], (0.05, 0.95))
    return Levels(_holes(np.where(faint[0] & faint[1], np.nan, differ)), first, float(high - low))


def _floor(envelope: bytes) -> float:
    return loud(envelope) * 10 ** (-_FAINT / 10)


def _twice(energy: Numbers) -> Numbers:
    """Return the mean power of each second and the next one."""
    pairs: Numbers = (energy[1:] + energy[:-1]) / _PAIR
    return pairs


def _holes(differ: Numbers) -> Numbers:
    """Return how deep one track falls below the other one against both sides of it, shape of `differ`, dB, >= 0."""
    deep = np.zeros(len(differ))
    if len(differ) <= 2 * _SIDE:
        return deep
    here = differ[_SIDE:-_SIDE]
    # Two seconds on either side, each clear of the two that are looked at together.
    left = _middle(differ[: -2 * _SIDE], differ[1 : 1 - 2 * _SIDE])
    right = _middle(differ[_SIDE + _PAIR : len(differ) - 1], differ[_SIDE + _PAIR + 1 :])
    depth = np.maximum(np.minimum(left, right) - here, here - np.maximum(left, right))
    deep[_SIDE:-_SIDE] = np.nan_to_num(np.maximum(depth, 0.0))
    return deep


def _middle(one: Numbers, other: Numbers) -> Numbers:
    """Return the mean of two, the other one where one is not known."""
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, (one + other) / 2))
