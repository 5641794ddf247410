"""How much evidence is enough: expected false pairs, and the line drawn on the evidence.

Evidence has two forms, flat (at one offset) and sloped (along a slope, that is at another speed). In each, that of
unrelated pairs has an exponential tail:

    p(z) = 0.01 exp(-(z - q99) / fall)

The 99 % point `q99` depends a little on the collection and is learned from random pairs of it; how fast the tail falls
does not, and is fixed: over 340 000 pairs of unrelated music, at any offset, it is 0.71 flat and 0.70 sloped beyond the
99.9 % point (0.52 right behind the 99 % point, so the number is on the safe side there). Further out than z = 12,
where those pairs end, it is extrapolated.

A pair counts by either form, each at half of the false pairs that are accepted, so that both together let in no more
than all of them (Bonferroni's inequality), and fewer where unrelated pairs stand out in both.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.core.sampled import Sampled, Tail

FLAT: Final = Tail(4.8, 0.70)
"""Of the flat form where nothing was learned from the collection itself; measured on tracks of two minutes."""
SLOPED: Final = Tail(5.8, 0.70)
"""Likewise of the sloped form."""

PER_Z: Final = 16
"""Bins of a histogram of evidence in one z, as `compare.null` fills them."""

FEW: Final = 100
"""Fewer audios than this tell too little: half of the weight or more is the prior's, and a single album may decide what
the rest says."""
USUAL: Final = ((4.0, 5.6), (4.4, 6.6))
"""Where q99 lies in ordinary collections of music, flat and sloped: unrelated music cut to 10 s has 4.51 sloped, that
of two minutes 5.76, and collections differ by less than 0.8 at one length."""

_CHANGED: Final = 0.1
"""Share of the audios that may come or go before q99 is learned anew: it depends on the kind of music, not on how much
there is."""
_PER_WORD: Final = 3.86  # z of one word of two tracks that agree in all bits
_COPIES: Final = 10.0  # of each audio, on average, from which on it is no collection but its evidence that is odd
_TAIL: Final = 0.01  # share of unrelated pairs above q99, by definition
_FORMS: Final = 2
_WEIGHT: Final = 5_000
"""Sampled pairs that weigh as much as the prior: from so many on the error of a learned q99, 0.7 sqrt(99 / M) = 0.10
and with it some 14 % of the expected number, is small beside the differences between collections, 0.2."""


class Null(NamedTuple):
    """How the evidence of unrelated pairs falls off in a collection."""

    flat: Tail = FLAT
    sloped: Tail = SLOPED

    def tail(self, *, sloped: bool) -> Tail:
        """Return the tail of one form."""
        return self.sloped if sloped else self.flat


class Lines(NamedTuple):
    """The evidence from which on a pair counts."""

    flat: float
    sloped: float


FLOOR: Final = Lines(6.5, 7.5)
"""Least evidence that correlating keeps: where the tails, before any learning, leave one unrelated pair in 1 130."""


def p_value(evidence: float, tail: Tail = FLAT) -> float:
    """Return the probability that an unrelated pair shows at least this much evidence in this form.

    0.01 exp(-(z - q99) / fall). Below q99 the same formula goes on, capped at 1: it only has to be monotonic there
    (at the median of unrelated pairs, flat z about 2.9, it says 0.24 instead of 0.5), since no such pair is kept.

    Args:
        evidence: z of the pair; infinite for files of one audio, which cannot be chance: 0.
        tail: Of the form that the evidence has.
    """
    excess = (tail.q99 - evidence) / tail.fall
    return 1.0 if excess >= -math.log(_TAIL) else _TAIL * math.exp(excess)


def expected_false(evidence: float, comparisons: int, tail: Tail = FLAT) -> float:
    """Return how many unrelated pairs would count, by either form, if the line were drawn at this evidence.

    E(z) = 2 P p(z), at most P: the line in the other form stands where as many are expected as in this one.

    Args:
        evidence: z of the pair; infinite for files of one audio: 0.
        comparisons: P, the pairs that were compared.
        tail: Of the form that the evidence has.
    """
    return comparisons * min(1.0, _FORMS * p_value(evidence, tail))


def comparisons(audios: int) -> int:
    """Return P = N (N - 1) / 2, how many pairs so many audios have."""
    return max(0, audios * (audios - 1) // 2)


def lines(
    audios: int,
    accepted: float = 0.1,
    null: Null = Null(),  # noqa: B008 - a value, as any number is
    floor: Lines = FLOOR,
) -> Lines:
    """Return the evidence from which on a pair counts in each form: z* = q99 + fall ln(0.01 P / (E / 2)).

    Never below the floor: pairs with less were not kept when the collection was correlated, so a lower line would show
    some of the pairs between and silently lack the others. Small collections end there, with fewer false pairs
    than were accepted.

    Args:
        audios: N, the fingerprints that were compared with each other; P = N (N - 1) / 2.
        accepted: E, false pairs expected in the whole collection.
        null: Of the collection.
        floor: Least evidence that was kept.

    Raises:
        ValueError: `accepted` is not above 0; no finite evidence excludes chance altogether.
    """
    if not accepted > 0:
        raise ValueError(f"accepted false pairs must be above 0, not {accepted}")
    expected = _TAIL * comparisons(audios) / (accepted / _FORMS)
    if not expected > 0:
        return floor
    excess = math.log(expected)
    return Lines(*(max(low, t.q99 + t.fall * excess) for low, t in zip(floor, null, strict=True)))


def kept(audios: int, null: Null) -> Lines:
    """Return the least evidence that the index keeps: of N tracks some sqrt(N) unrelated pairs have it, one at least.

    So records do not grow faster than the collection, and the line can still be moved by ln(10 sqrt(N)) falls, 8.06 or
    5.6 z among 100 000 tracks, from where it stands by default.
    """
    return lines(audios, max(1.0, math.sqrt(audios)), null)


def among(audios: int, drawn: Lines, null: Null = Null()) -> float:  # noqa: B008 - likewise
    """Return how many unrelated pairs of so many audios are expected to count by one form or the other."""
    return comparisons(audios) * sum(p_value(z, tail) for z, tail in zip(drawn, null, strict=True))


def similarity(evidence: float, words: int) -> float:
    """Return the similarity of two tracks that have this flat evidence over so many informative words.

    s = 1/2 + z / (2 * 3.86 sqrt(n)), at most 1: the factor is the median of 606 pairs of copies, nine in ten of which
    lie between 3.0 and 4.5.
    """
    return min(1.0, 0.5 + evidence / (2 * _PER_WORD * math.sqrt(max(1, words))))


def outdated(sampled: Sampled | None, audios: int) -> bool:
    """Tell whether random pairs have to be drawn, or drawn anew, for so many audios."""
    return sampled is None or abs(audios - sampled.audios) > _CHANGED * sampled.audios


def learn(sampled: Sampled | None) -> Null:
    """Return how the evidence of unrelated pairs falls off, from that of random pairs of the collection.

    q99 is the mean of the one measured, weighted M, and the one known before, weighted 5 000, with M the pairs.
    """
    if sampled is None:
        return Null()
    return Null(*(Tail(_learn(counts, prior).taken, prior.fall) for counts, prior in _forms(sampled)))


def doubt(sampled: Sampled | None, audios: int) -> str:
    """Return why the expected number of false pairs may be wrong, empty where nothing speaks for that.

    `few` audios; `unlearned`, for no random pairs were compared yet; an `odd` collection, whose q99 is not usual, whose
    tail is heavier than `Null` has it, or in which more pairs stand apart than copies explain.
    """
    if audios < FEW:
        return "few"
    if sampled is None:
        return "unlearned"
    forms = zip(_forms(sampled), USUAL, strict=True)
    return "odd" if any(_odd(counts, prior, usual, audios) for (counts, prior), usual in forms) else ""


def _odd(counts: NDArray[np.int64], prior: Tail, usual: tuple[float, float], audios: int) -> bool:
    q99, _taken, end = _learn(counts, prior)
    beyond = counts[math.ceil(q99 * PER_Z) : end]
    excess = (np.arange(len(beyond)) + 0.5) / PER_Z
    # the mean excess of an exponential tail is its fall, and a little less where the tail is cut off
    heavy = beyond.any() and float((beyond * excess).sum() / beyond.sum()) > prior.fall
    copies = float(counts[end:].sum()) / max(1.0, float(counts.sum())) * audios
    return bool(heavy) or copies > _COPIES or not usual[0] <= q99 <= usual[1]


def quantile(counts: NDArray[np.int64]) -> float:
    """Return the 99 % point of a histogram in bins of 1/16 from 0 on that is not empty; even within a bin."""
    above = np.cumsum(counts[::-1])[::-1]  # pairs in a bin and all beyond it
    share = _TAIL * float(above[0])
    at = int(np.flatnonzero(above >= share)[-1])
    return (at + (float(above[at]) - share) / float(counts[at])) / PER_Z


def _forms(sampled: Sampled) -> tuple[tuple[NDArray[np.int64], Tail], ...]:
    return (sampled.flat, FLAT), (sampled.sloped, SLOPED)


class _Learned(NamedTuple):
    """What a histogram tells of one form."""

    measured: float
    """q99 of the pairs that are not left out; the prior's where there are none."""
    taken: float
    """q99 that is used."""
    end: int
    """Bin from which on pairs are left out, for copies."""


def _learn(counts: NDArray[np.int64], prior: Tail) -> _Learned:
    """Return q99 as it was measured, and as it is taken.

    Among random pairs of a collection in which all is there three times, more than one in a hundred may be true. So
    what has more evidence than one unrelated pair of the sample should have is left out, which takes a share of 1 / M
    from the null at most, and q99 is taken again, until nothing changes. That ends: a higher q99 leaves fewer out,
    and where fewer are left out q99 is no lower, so the steps all go one way, and there are 256 bins.
    """
    measured = taken = prior.q99
    weight, end = int(counts.sum()), -1
    while end != (end := math.ceil((taken + prior.fall * math.log(max(1.0, _TAIL * weight))) * PER_Z)):
        if counts[:end].any():
            measured = quantile(counts[:end])
            taken = (weight * measured + _WEIGHT * prior.q99) / (weight + _WEIGHT)
    return _Learned(measured, taken, end)
