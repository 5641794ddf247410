"""The rules of other programs that find music by the same fingerprint, written anew from what they publish.

They are here to be measured beside Comet's evidence, by `bench_recall`. Each takes the words of two tracks and returns
one number; what it is compared with stands at the constant. They are plain and slow: some 0.2 ms a pair.

- AcoustID: `acoustid_compare2` of pg_acoustid, with the offsets that its server allows.
- Czkawka: Chromaprint's `FingerprintMatcher`, which rusty-chromaprint follows, and the two limits that Czkawka sets.
- Soundalike: its table of common words, and `compareFingerprints`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.core.model import SECONDS_PER_WORD

if TYPE_CHECKING:
    from comet.core.model import Words


class Rule(NamedTuple):
    """A program's rule: it takes a pair for one recording when the score is above the line."""

    name: str
    score: Callable[[Words, Words], float]
    line: float


_PREFIX: Final = 14
"""Bits of a word by which AcoustID finds the offset, and counts how varied a track is."""
_REACH: Final = 80
"""Words that its server lets two tracks be shifted."""

_VOTE: Final = 12
"""Bits of a word by which Chromaprint's matcher finds the offset."""
_SMOOTH: Final = (8.0, 3)
"""Its Gaussian: standard deviation in words, and passes of a running mean that make it."""
_STEP: Final = 0.15
"""Least slope of the smoothed errors, bits a word, at which a segment ends."""
_ALIKE: Final = 0.7
"""Segments that follow each other are one if they differ by less, bits a word."""
_SAME: Final = 10.0
"""A segment with more errors, bits a word, is none."""
_LONG: Final = 10.0
"""Seconds that a segment has to be longer than; Czkawka's default."""

_START: Final = round(15 / SECONDS_PER_WORD)
"""Words of a track that Soundalike looks at."""
_COMMON: Final = 0.25
"""Share of its words whose first 16 bits another track must have."""


def acoustid(a: Words, b: Words) -> float:
    """Return AcoustID's score, 0 to 1: the overlap's share of the shorter track times its correlation.

    The offset is that with most votes; each prefix that both tracks have votes once, with its last place in either.
    Place 0 counts as absent there, and the last prefix does not vote; so it is here.
    """
    size = 1 << _PREFIX
    last_a, last_b = np.zeros(size, np.int64), np.zeros(size, np.int64)
    last_a[a >> np.uint32(32 - _PREFIX)] = np.arange(len(a))
    last_b[b >> np.uint32(32 - _PREFIX)] = np.arange(len(b))
    both = np.flatnonzero((last_a[:-1] > 0) & (last_b[:-1] > 0))
    shifts = last_a[both] - last_b[both]
    votes = np.bincount(shifts[np.abs(shifts) <= _REACH] + _REACH, minlength=2 * _REACH + 1)
    shift = int(votes.argmax()) - _REACH if votes.any() else 0
    shorter = min(len(a), len(b)) & ~1
    a, b = a[max(0, shift) :], b[max(0, -shift) :]
    size = min(len(a), len(b)) & ~1
    if not size or not shorter:
        return 0.0
    kinds = [len(np.unique(words >> np.uint32(32 - _PREFIX))) for words in (a, b)]
    if votes.max() < max(kinds) * 0.02:
        return 0.0
    errors = int(np.bitwise_count(a[:size] ^ b[:size]).sum(dtype=np.int64))
    score = max(0.0, size / shorter * (1 - 2 * errors / (32 * size)))
    varied = min(1.0, *((kind + 10) / len(words) + 0.5 for kind, words in zip(kinds, (a, b), strict=True)))
    return float(score ** (8 - 7 * varied)) if varied < 1 else score


def czkawka(a: Words, b: Words) -> float:
    """Return minus the errors, bits a word, of the best segment of more than 10 s; -32 where there is none."""
    shift = _voted(a, b)
    if shift is None:
        return -32.0
    a, b = a[max(0, shift) :], b[max(0, -shift) :]
    size = min(len(a), len(b))
    errors = np.bitwise_count(a[:size] ^ b[:size]).astype(np.float64)
    best, before, long = 32.0, math.inf, 0
    for begin, end in _segments(errors):
        score = float(errors[begin:end].mean())
        if score >= _SAME:
            continue
        if abs(before - score) < _ALIKE:
            score = (before * long + score * (end - begin)) / (long + end - begin)
            long += end - begin
        else:
            long = end - begin
        before = score
        if long * SECONDS_PER_WORD > _LONG:
            best = min(best, score)
    return -best


def soundalike(a: Words, b: Words) -> float:
    """Return the bits that are equal at the best offset, as a share of the longer track's bits; of the first 15 s.

    0 where too few words have their first 16 bits in the other track, so that the two are never compared.
    """
    a, b = a[:_START], b[:_START]
    high_a, high_b = a >> np.uint32(16), b >> np.uint32(16)
    values, counts = np.unique(high_a, return_counts=True)
    others, occur = np.unique(high_b, return_counts=True)
    _, here, there = np.intersect1d(values, others, return_indices=True)
    if int(np.minimum(counts[here], occur[there]).sum()) < int(len(a) * _COMMON):
        return 0.0
    equal = 32 - np.bitwise_count(a[:, None] ^ b[None, :]).astype(np.int64)
    at = np.arange(len(a))[:, None] - np.arange(len(b))[None, :] + len(b)
    return float(np.bincount(at.ravel(), weights=equal.ravel()).max()) / (32 * max(len(a), len(b)))


RULES: Final = (
    Rule("AcoustID, accepts", acoustid, 0.4),
    Rule("AcoustID, merges", acoustid, 0.75),
    Rule("Czkawka", czkawka, -2.0),
    Rule("Soundalike", soundalike, 0.95),
)


def _voted(a: Words, b: Words) -> int | None:
    """Return the offset with most pairs of equal prefixes that is no lower than its neighbours; None below two."""
    first, second = a >> np.uint32(32 - _VOTE), np.sort(b >> np.uint32(32 - _VOTE))
    order = np.argsort(b >> np.uint32(32 - _VOTE), kind="stable")
    low, high = np.searchsorted(second, first, "left"), np.searchsorted(second, first, "right")
    counts = high - low
    ends = np.cumsum(counts)
    if not len(ends) or not ends[-1]:
        return None
    at = np.arange(ends[-1]) - np.repeat(ends - counts, counts) + np.repeat(low, counts)
    votes = np.bincount(np.repeat(np.arange(len(a)), counts) - order[at] + len(b), minlength=len(a) + len(b))
    most = int(votes.max())
    return None if most < 2 else int(np.flatnonzero(votes == most)[-1]) - len(b)


def _segments(errors: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return where the smoothed errors change least between, as half-open intervals that cover all words."""
    size = len(errors)
    smooth = errors
    for width in _widths(*_SMOOTH):
        padded = np.pad(smooth, width // 2, "symmetric")
        smooth = np.convolve(padded, np.full(width, 1 / width), "valid")
    slope = np.abs(np.gradient(smooth)) if size > 1 else np.zeros(size)
    inner = slope[1:-1]
    peaks = 1 + np.flatnonzero((inner > _STEP) & (inner >= slope[:-2]) & (inner >= slope[2:]))
    edges = [0]
    for peak in peaks.tolist():
        if len(edges) == 1 or edges[-1] + 1 < peak:
            edges.append(peak)
    return list(zip(edges, [*edges[1:], size], strict=True))


def _widths(sigma: float, passes: int) -> list[int]:
    """Return the widths of running means that together are nearly a Gaussian (Wells, 1986)."""
    width = math.floor(math.sqrt(12 * sigma**2 / passes + 1))
    low = width - (width % 2 == 0)
    rest = 12 * sigma**2 - passes * low**2 - 4 * passes * low - 3 * passes
    few = math.floor(rest / (-4 * low - 4) + 0.5)
    return [low] * few + [low + 2] * (passes - few)
