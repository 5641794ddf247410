"""The loops that look into the index: which pairs of tracks are worth to be compared.

Two postings of one bucket whose contexts are alike where they are opposite, and not a second beside, are looked at in
their tracks: whether those go on to be alike there, beyond what held notes explain, and whether a line through the two
places has evidence. Then the pair is a *candidate*.

Callers are those of `comet.compare.index`. Words are masked, as in `kernels`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from comet.compare.kernels import READ_OFFSETS, READ_WORDS, SCALE, VARIANCE, kernel, popcount, popcount64
from comet.compare.postings import BUCKET_SHIFT, GROUND, PLACE, TRACK_SHIFT
from comet.compare.slopes import SEGMENT, SLOPES, STEPS, shift, slope

NEAR: Final = 3.0
FAR: Final = 4.0
"""Least contrast of 4 s and of 12 s around a place: of those with like contexts one in 10 has so much, and of these one
in two, and nearly all of two copies; the larger one is asked second, since it costs more. With 4 for both a table finds
.961 of the copies, as it is .965, for a tenth more time."""
WIDEST: Final = 4096
"""Offsets that a fan may reach: 5 % of an hour, to either side."""

_BESIDE: Final = 5
"""Lines through the place itself and the two words to either side of it."""
_BASE: Final = 10
"""Words beside a place within which unrelated music agrees as much as there; a true match is gone after 3."""
_BLOCK: Final = 32
"""Postings that are looked at together; `_BLOCK` - 1 more are read behind the last one."""
_NEVER: Final = 3 * 256
"""Added to what tells contexts apart, so that it is never below 0."""
_TAG = np.uint64(0x9E3779B97F4A7C15)
"""2^64 by the golden ratio, as for keys."""


@kernel(f"float64({READ_WORDS}, {READ_WORDS}, int64, int64, int64)")
def contrast(x: NDArray[np.uint32], y: NDArray[np.uint32], pi: int, pj: int, half: int) -> float:
    """Return how much two tracks agree around two places, beyond how much they do a little earlier and later.

    Where notes are held, unrelated music agrees for seconds; but then it does so wherever it is laid, and a true match
    does not. So the flat evidence is centred not by means but by what stands 5 and 10 words beside:

    ( 5 A(d) - 2 (A(d - 1) + A(d + 1)) - (A(d - 10) + A(d - 5) + A(d + 5) + A(d + 10)) / 4 ) / sqrt(13 n)

    Args:
        x: Words of one track.
        y: Of the other.
        pi: A word of x,
        pj: opposite to this one of y; d = pi - pj, with A and n of `kernels`, all over the same words of x.
        half: So many words to either side.

    Returns:
        -inf near the ends, where less than half of these words have all that stands beside them.
    """
    d = pi - pj
    begin = max(0, d + _BASE, pi - half)
    size = min(x.shape[0], y.shape[0] + d - _BASE, pi + half) - begin
    if size < half:
        return -np.inf
    here = x[begin : begin + size]
    at = begin - d
    same, before, behind = y[at:], y[at - 1 :], y[at + 1 :]
    b2, b1, a1, a2 = y[at - _BASE :], y[at - _BASE // 2 :], y[at + _BASE // 2 :], y[at + _BASE :]
    zero, one = np.uint32(0), np.uint32(1)
    agreed, beside, base, held = zero, zero, zero, zero
    for m in range(size):
        w = here[m]
        agreed += popcount(w & same[m])
        beside += popcount(w & before[m]) + popcount(w & behind[m])
        base += popcount(w & b2[m]) + popcount(w & b1[m]) + popcount(w & a1[m]) + popcount(w & a2[m])
        held += one if (w != zero) & (same[m] != zero) else zero
    return float((5.0 * agreed - 2.0 * beside - 0.25 * base) / np.sqrt(VARIANCE * max(1.0, float(held))))


@kernel(f"int64({READ_WORDS}, {READ_WORDS}, int64, int64, int32[::1], int32[:, ::1])")
def opposite(
    here: NDArray[np.uint32],
    there: NDArray[np.uint32],
    reach: int,
    middle: int,
    agreed: NDArray[np.int32],
    sums: NDArray[np.int32],
) -> int:
    """Add to each line of a fan what one segment agrees along it; return the words that are there in both tracks.

    Args:
        here: The segment's words.
        there: The words opposite, from `reach` before the segment's first one on.
        reach: Words to either side that are looked at.
        middle: Of the segment, counted from the place that the lines go through.
        agreed: As in `fan`,
        sums: likewise.
    """
    sum_ = agreed[: 2 * reach]  # sum_[m] belongs to the offset d + reach - m
    sum_[:] = 0
    for k in range(SEGMENT):
        word, beside = here[k], there[k:]
        for m in range(2 * reach):
            sum_[m] += np.int32(popcount(word & beside[m]))
    held = 0
    for k in range(SEGMENT):
        held += int((here[k] != np.uint32(0)) & (there[reach + k] != np.uint32(0)))
    for row in range(SLOPES):
        first = reach - shift(slope(row), middle - SEGMENT // 2) - _BESIDE // 2
        for c in range(_BESIDE):
            m = first + c
            sums[row, c] += 5 * sum_[m] - 2 * (sum_[m - 1] + sum_[m + 1])
    return held


@kernel(f"float64({READ_WORDS}, {READ_WORDS}, int64, int64, float64, float64, int32[::1], int32[:, ::1])")
def fan(
    x: NDArray[np.uint32],
    y: NDArray[np.uint32],
    pi: int,
    pj: int,
    least: float,
    shared: float,
    agreed: NDArray[np.int32],
    sums: NDArray[np.int32],
) -> float:
    """Return the evidence of the strongest line through two places that are opposite, or close by; see `slopes`.

    It is centred by the means over the whole tracks: c(d) = 4 (A(d) - n u.v). Segments are taken from the places
    outwards, until all are, or until those so far have less evidence than they would were `least` spread evenly, as the
    root of the words: where keys are equal copies have more. Of 768 pairs of copies none is lost; of others with
    contrast three in four stop within 128 words.

    Args:
        x: Words of one track.
        y: Of the other.
        pi: A word of x,
        pj: opposite to this one of y.
        least: Evidence that is asked for.
        shared: u.v, the sum over the bits of the products of their means.
        agreed: Scratch, `WIDEST`.
        sums: Scratch, shape (`SLOPES`, `_BESIDE`).

    Returns:
        -inf where no segment of x has y opposite, or it was given up.
    """
    d, held, best = pi - pj, 0, np.int32(0)
    share = least / np.sqrt(max(1.0, float(min(x.shape[0], y.shape[0] + d) - max(0, d))))
    sums[:] = 0
    for far in range(max(pi, x.shape[0] - pi) // SEGMENT + 1):
        for middle in (SEGMENT // 2 + far * SEGMENT, -SEGMENT // 2 - far * SEGMENT):
            begin = pi + middle - SEGMENT // 2
            reach = (abs(shift(STEPS, middle - SEGMENT // 2)) + _BESIDE // 2 + 2 + 8) // 8 * 8
            if begin < 0 or begin + SEGMENT > x.shape[0]:
                continue
            if begin - d - reach < 0 or begin - d + reach + SEGMENT > y.shape[0]:
                continue
            held += opposite(x[begin : begin + SEGMENT], y[begin - d - reach :], reach, middle, agreed, sums)
        best = np.int32(-(1 << 30))
        for row in range(SLOPES):
            for c in range(_BESIDE):
                best = max(best, sums[row, c])
        if best - held * shared < share * held * np.sqrt(VARIANCE):
            return -np.inf
    return float((best - held * shared) / np.sqrt(VARIANCE * held)) if held else -np.inf


@kernel("float64(int32[:, ::1], int64, int64)")
def product(means: NDArray[np.int32], i: int, j: int) -> float:
    """Return u.v of two tracks."""
    total = 0.0
    for b in range(32):
        total += float(means[i, b]) * float(means[j, b])
    return total / (float(SCALE) * float(SCALE))


@kernel("void(uint64[:, ::1], int64, uint64[:, ::1], int64[::1])")
def bucketed(postings: NDArray[np.uint64], inner: int, sorted_: NDArray[np.uint64], starts: NDArray[np.int64]) -> None:
    """Sort a partition by key, in columns: bucket b has sorted_[:, starts[b] : starts[b + 1]].

    Args:
        postings: Of one partition, shape (n, 4).
        inner: A partition has 2^inner keys.
        sorted_: Shape (4, n + `_BLOCK` at least), written; what is behind the n-th is far from everything.
        starts: Shape (2^inner + 1,), written.
    """
    size, buckets = postings.shape[0], 1 << inner
    starts[:] = 0
    for q in range(size):
        starts[np.int64(postings[q, 3] >> BUCKET_SHIFT) + 1] += 1
    for b in range(buckets):
        starts[b + 1] += starts[b]
    for q in range(size):
        bucket = np.int64(postings[q, 3] >> BUCKET_SHIFT)
        at = starts[bucket]
        starts[bucket] = at + 1
        for side in range(3):
            sorted_[side, at] = postings[q, side]
        sorted_[3, at] = postings[q, 3] & GROUND
    for b in range(buckets, 0, -1):
        starts[b] = starts[b - 1]
    starts[0] = 0


@kernel(
    f"boolean({READ_WORDS}, {READ_OFFSETS}, int32[:, ::1], int64, int64, int64, int64, float64, uint64[::1],"
    "int32[::1], int32[:, ::1], int64[::1])"
)
def worth(  # noqa: PLR0917 - numba passes by position
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    means: NDArray[np.int32],
    i: int,
    j: int,
    pi: int,
    pj: int,
    least: float,
    seen: NDArray[np.uint64],
    agreed: NDArray[np.int32],
    sums: NDArray[np.int32],
    counts: NDArray[np.int64],
) -> bool:
    """Tell whether two tracks go on to be alike around two places, and were not found to be before.

    Args: as in `propose` and `fan`.
    """
    tag = np.uint64(i) << np.uint64(32) | np.uint64(j)
    slot = (tag * _TAG >> np.uint64(20)) & np.uint64(seen.shape[0] - 1)
    if seen[slot] == tag:
        return False
    x, y = words[offsets[i] : offsets[i + 1]], words[offsets[j] : offsets[j + 1]]
    if contrast(x, y, pi, pj, 16) < NEAR:
        return False
    counts[1] += 1
    if least == np.inf:
        return False
    if contrast(x, y, pi, pj, 48) < FAR:
        return False
    if fan(x, y, pi, pj, least, product(means, i, j), agreed, sums) < least:
        return False
    seen[slot] = tag
    return True


@kernel(
    f"int64({READ_WORDS}, {READ_OFFSETS}, int32[:, ::1], uint64[:, ::1], int64, int64, int64, float64,"
    "uint64[::1], int64[::1], int64[::1])"
)
def propose(  # noqa: C901, PLR0917 - one loop in another, six deep, is what it is
    words: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    means: NDArray[np.int32],
    postings: NDArray[np.uint64],
    inner: int,
    fresh: int,
    limit: int,
    least: float,
    seen: NDArray[np.uint64],
    found: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> int:
    """Find the candidates in one partition.

    Args:
        words: Of all tracks.
        offsets: See `kernels.pairs`, as for `means`.
        means: Shape (tracks, 32).
        postings: Of the partition, shape (n, 4), in the order of the tracks.
        inner: It has 2^inner keys.
        fresh: At least one track of a pair is this one or a later one.
        limit: Of what tells whether contexts are alike where the places are opposite, but not a second beside: 8 times
            the bits that differ in the six words less 3 times those that differ in the eight pairs beside.
        least: Evidence of a candidate along a line through the places; where it is infinite, none is drawn.
        seen: Pairs that were candidates, by hash, so that most are written once; threads may share it.
        found: Shape (capacity,), written: i << 32 | j, indices of the sample; what does not fit is counted and
            forgotten.
        counts: Added to: pairs of postings of two tracks that have like contexts; of those such with contrast nearby.

    Returns:
        How many candidates there are.
    """
    size = postings.shape[0]
    sorted_ = np.full((4, size + _BLOCK), np.uint64(0), np.uint64)
    starts = np.empty((1 << inner) + 1, np.int64)
    bucketed(postings, inner, sorted_, starts)
    c0, c1, c2, ground = sorted_[0], sorted_[1], sorted_[2], sorted_[3]
    agreed, sums = np.empty(WIDEST, np.int32), np.empty((SLOPES, _BESIDE), np.int32)
    scores, most, total = np.empty(_BLOCK, np.uint64), np.uint64(_NEVER + limit), 0
    for b in range(1 << inner):
        end = starts[b + 1]
        middle = end  # the first posting of a fresh track
        while middle > starts[b] and np.int64(ground[middle - 1] >> TRACK_SHIFT) >= fresh:
            middle -= 1
        for p in range(starts[b], end - 1):
            x0, x1, x2 = c0[p], c1[p], c2[p]
            i, pi = int(np.int64(ground[p] >> TRACK_SHIFT)), int(np.int64(ground[p] & PLACE))
            start = max(p + 1, middle)
            for q in range(start, end, _BLOCK):
                v0, v1, v2 = c0[q : q + _BLOCK], c1[q : q + _BLOCK], c2[q : q + _BLOCK]
                closest = np.uint64(_NEVER)
                for r in range(_BLOCK):
                    y0, y1, y2 = v0[r], v1[r], v2[r]
                    differ = popcount64(x0 ^ y0) + popcount64(x1 ^ y1) + popcount64(x2 ^ y2)
                    beside = popcount64(x0 ^ y1) + popcount64(x1 ^ y2) + popcount64(x1 ^ y0) + popcount64(x2 ^ y1)
                    scores[r] = (differ << np.uint64(3)) + np.uint64(_NEVER) - beside - (beside << np.uint64(1))
                    closest = min(closest, scores[r])
                if closest > most:
                    continue
                for r in range(min(_BLOCK, end - q)):
                    if scores[r] > most:
                        continue
                    j, pj = int(np.int64(ground[q + r] >> TRACK_SHIFT)), int(np.int64(ground[q + r] & PLACE))
                    if i == j:
                        continue
                    counts[0] += 1
                    if not worth(words, offsets, means, i, j, pi, pj, least, seen, agreed, sums, counts):
                        continue
                    if total < found.shape[0]:
                        found[total] = i << 32 | j
                    total += 1
    return total
