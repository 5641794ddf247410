"""Tracks of words, and pairs of them, for the tests of this room."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from comet.compare.sample import Best, Sample, compare, prepare
from comet.core.words import FROZEN, SILENCE
from comet.judge.threshold import FLAT, SLOPED

TAILS = (FLAT, SLOPED)
LOW = (-np.inf, -np.inf)
"""Floors that every pair reaches."""


@st.composite
def tracks(draw: st.DrawFn) -> np.ndarray:
    """Draw words as tracks have them: biased bits, silence, frozen runs, zeros, any short length."""
    length = draw(st.one_of(st.sampled_from([0, 1, 39, 40, 41]), st.integers(0, 150)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    words = rng.integers(0, 2**32, length, dtype=np.uint32)
    words &= rng.integers(0, 2**32, dtype=np.uint32) | rng.integers(0, 2**32, length, dtype=np.uint32)
    for value in draw(st.lists(st.sampled_from([SILENCE, 0, 7, 0xFFFFFFFF]), max_size=3)):
        begin = draw(st.integers(0, length))
        words[begin : begin + draw(st.sampled_from([1, FROZEN - 1, FROZEN, 40]))] = value
    return words


def faster(words: np.ndarray, percent: float) -> np.ndarray:
    """Leave words out evenly (or, with less than 0, say some twice), so that the track ends so much earlier."""
    return words[np.floor(np.arange(int(len(words) * (1 - percent / 100))) / (1 - percent / 100)).astype(int)]


def pair(a: np.ndarray, b: np.ndarray) -> Sample:
    """Make two tracks ready to be compared."""
    return prepare([(1, a), (2, b)])


def flat(a: np.ndarray, b: np.ndarray, minimum: int = 40, span: int = 0) -> Best:
    """Give what is found at one offset, whatever there is along slopes."""
    found = compare(pair(a, b), np.array([[0, 1]]), LOW, minimum, span, gate=np.inf)
    for offset, overlap, error, z, slope in zip(*(column.tolist() for column in found[2:]), strict=True):
        return Best(int(offset), int(overlap), error, z, slope)
    return Best(0, 0, 0.5, 0.0, 0.0)
