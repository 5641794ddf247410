"""The loops along lines: how two tracks agree there, and which offsets their pieces find.

i and j are given as their words and which of those carry evidence. A line lays words k of i, `start` <= k < `stop`, on
j's words rint(k - `offset` - `slope` (k - `start`)); see `profile.Line`. What is said of words of i is not checked: a
line lies inside i. Where j has no word, nothing is known.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from comet.core.kernels import kernel, popcount
from comet.core.model import Words
from comet.core.words import SILENCE

Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.float64]
Bits: TypeAlias = NDArray[np.uint8]

CHANCE: Final = 0.5
"""Bit error rate where nothing is known."""

AROUND: Final = 8
"""Words that a piece may lie beside the line, 1 s."""
HOP: Final = 16
"""Words from one piece to the next."""

_SHIFTS: Final = 2 * AROUND + 1
_TIE: Final = 0.001  # bit error rate a word: of pieces that agree as well, that nearest to the line
_ENOUGH: Final = 500  # pieces that a straight line is drawn through
_SILENCE: Final = np.uint32(SILENCE)

_WORDS: Final = "Array(uint32, 1, 'C', readonly=True)"
_FLAGS: Final = "Array(boolean, 1, 'C', readonly=True)"
_NUMBERS: Final = "Array(float64, 1, 'C', readonly=True)"
_TRACKS: Final = f"{_WORDS}, {_FLAGS}, {_WORDS}, {_FLAGS}"
_LINE: Final = "int64, int64, float64, float64"


@kernel("int64(int64, int64, float64, float64)")
def opposite(k: int, start: int, offset: float, slope: float) -> int:
    """Return j's word that a line lays against word k of i."""
    return int(np.rint(k - offset - slope * (k - start)))


@kernel("UniTuple(int64, 2)(int64, int64, int64, float64, float64)")
def inside(length_i: int, length_j: int, start: int, offset: float, slope: float) -> tuple[int, int]:
    """Return the first word of i that a line lays on a word of j, and behind the last; 0, 0 where there is none."""
    first, stop = 0, length_i
    while first < stop and not 0 <= opposite(first, start, offset, slope) < length_j:
        first += 1
    while first < stop and not 0 <= opposite(stop - 1, start, offset, slope) < length_j:
        stop -= 1
    return (first, stop) if first < stop else (0, 0)


@kernel(f"int64({_TRACKS}, int64, int64)")
def differing(i: Words, known_i: Flags, j: Words, known_j: Flags, k: int, there: int) -> int:
    """Return how many bits of word k of i and word `there` of j differ; -1 where nothing is known of one of them."""
    if known_i[k] and 0 <= there < j.shape[0] and known_j[there]:
        return int(popcount(i[k] ^ j[there]))
    return -1


@kernel(f"UniTuple(int64, 2)({_LINE}, {_TRACKS})")
def errors(
    start: int, stop: int, offset: float, slope: float, i: Words, known_i: Flags, j: Words, known_j: Flags
) -> tuple[int, int]:
    """Return the bits that differ along a line, and the words compared."""
    wrong = count = 0
    for k in range(start, stop):
        bits = differing(i, known_i, j, known_j, k, opposite(k, start, offset, slope))
        if bits >= 0:
            wrong += bits
            count += 1
    return wrong, count


@kernel(f"UniTuple(int64, 2)({_LINE}, {_TRACKS}, int64, float64)")
def ends(  # noqa: PLR0917 - likewise
    start: int,
    stop: int,
    offset: float,
    slope: float,
    i: Words,
    known_i: Flags,
    j: Words,
    known_j: Flags,
    middle: int,
    limit: float,
) -> tuple[int, int]:
    """Return from where to where a line agrees: on either side of `middle`, as far as the sum of the gains grows.

    A word gains `limit` minus its bit error rate; where nothing is known it gains nothing. Of ends that are worth the
    same the outer one is taken.
    """
    first = last = middle
    total = best = 0.0
    for k in range(middle, stop):
        bits = differing(i, known_i, j, known_j, k, opposite(k, start, offset, slope))
        total += limit - bits / 32 if bits >= 0 else 0.0
        if total >= best and total > 0:
            best, last = total, k + 1
    total = best = 0.0
    for k in range(middle - 1, start - 1, -1):
        bits = differing(i, known_i, j, known_j, k, opposite(k, start, offset, slope))
        total += limit - bits / 32 if bits >= 0 else 0.0
        if total >= best and total > 0:
            best, first = total, k
    return first, last


@kernel(f"int64({_LINE}, {_LINE}, {_TRACKS})")
def parting(  # noqa: PLR0917 - likewise
    start: int,
    stop: int,
    offset: float,
    slope: float,
    start_then: int,
    stop_then: int,
    offset_then: float,
    slope_then: float,
    i: Words,
    known_i: Flags,
    j: Words,
    known_j: Flags,
) -> int:
    """Return where to change from one line to another one of as many words, with the fewest differing bits in all.

    Returns:
        Words of the first line before that; of several the fewest.
    """
    cost, _count = errors(start_then, stop_then, offset_then, slope_then, i, known_i, j, known_j)
    best, at = cost, 0
    for n in range(stop - start):
        here = differing(i, known_i, j, known_j, start + n, opposite(start + n, start, offset, slope))
        k = start_then + n
        there = differing(i, known_i, j, known_j, k, opposite(k, start_then, offset_then, slope_then))
        cost += max(0, here) - max(0, there)
        if cost < best:
            best, at = cost, n + 1
    return at


@kernel("float64(float64, float64, float64)")
def vertex(before: float, here: float, after: float) -> float:
    """Return the minimum of the parabola through three neighbours, in words from the middle one, at most 1 away."""
    curve = before - 2 * here + after
    return min(1.0, max(-1.0, 0.5 * (before - after) / curve)) if curve > 1e-6 else 0.0


@kernel(f"void({_LINE}, {_TRACKS}, uint32[:, ::1], uint32[:, ::1])")
def sums(  # noqa: PLR0917 - likewise
    start: int,
    stop: int,
    offset: float,
    slope: float,
    i: Words,
    known_i: Flags,
    j: Words,
    known_j: Flags,
    wrong: NDArray[np.uint32],
    known: NDArray[np.uint32],
) -> None:
    """Write prefix sums along a line, for each shift beside it: of the bits that differ, and of the words compared.

    Args:
        start: This and all up to `known_j` as everywhere here.
        stop: See there.
        offset: See there.
        slope: See there.
        i: See there.
        known_i: See there.
        j: See there.
        known_j: See there.
        wrong: Shape (stop - start + 1, 2 `AROUND` + 1), written; row 0 is 0. In column c words of i stand against
            those of j that are c - `AROUND` behind those of the line.
        known: Likewise.
    """
    length, pad = j.shape[0], _SHIFTS
    words, masks = np.zeros(length + 2 * pad, np.uint32), np.zeros(length + 2 * pad, np.uint32)
    words[pad : pad + length] = j
    for k in range(length):
        masks[pad + k] = np.uint32(0xFFFFFFFF) if known_j[k] else np.uint32(0)
    wrong[0] = known[0] = 0
    for n in range(stop - start):
        there = opposite(start + n, start, offset, slope)
        seen = known_i[start + n] and -AROUND <= there < length + AROUND
        first = pad + there - AROUND if seen else 0  # in the padding, where nothing is known
        word, other, mask = i[start + n], words[first : first + _SHIFTS], masks[first : first + _SHIFTS]
        before, after, fewer, more = wrong[n], wrong[n + 1], known[n], known[n + 1]
        for c in range(_SHIFTS):
            after[c] = before[c] + popcount((word ^ other[c]) & mask[c])
        for c in range(_SHIFTS):
            more[c] = fewer[c] + (mask[c] & np.uint32(1))


@kernel(f"Tuple((float64[::1], float64[::1], float64[::1]))({_LINE}, {_TRACKS}, int64)")
def pieces(  # noqa: PLR0917 - likewise
    start: int,
    stop: int,
    offset: float,
    slope: float,
    i: Words,
    known_i: Flags,
    j: Words,
    known_j: Flags,
    width: int,
) -> tuple[Numbers, Numbers, Numbers]:
    """Let each piece of a line find its own offset: near ties go to the line, a parabola gives the fraction.

    Args:
        start: This and all up to `known_j` as everywhere here.
        stop: See there.
        offset: See there.
        slope: See there.
        i: See there.
        known_i: See there.
        j: See there.
        known_j: See there.
        width: Words of a piece, less than the line has; the last one ends where the line does.

    Returns:
        Middle of each piece in i, words by which its offset is larger than the line's, its bit error rate there:
        `CHANCE` where it knows less than half of its words, and at the edge of what was looked at, for it goes on
        getting better outside. Three arrays of shape (pieces,).
    """
    length = stop - start
    wrong, known = np.empty((length + 1, _SHIFTS), np.uint32), np.empty((length + 1, _SHIFTS), np.uint32)
    sums(start, stop, offset, slope, i, known_i, j, known_j, wrong, known)
    count = (length - width + HOP - 1) // HOP + 1
    middle, shift, rate = np.empty(count), np.empty(count), np.empty(count)
    rates = np.empty(_SHIFTS)
    for piece in range(count):
        first = min(piece * HOP, length - width)
        best, least = 0, np.inf
        for at in range(_SHIFTS):
            c = _SHIFTS - 1 - at
            words = int(known[first + width, c]) - int(known[first, c])
            bits = int(wrong[first + width, c]) - int(wrong[first, c])
            rates[at] = bits / (32.0 * words) if 2 * words >= width else CHANCE
            if rates[at] + _TIE * abs(at - AROUND) < least:
                best, least = at, rates[at] + _TIE * abs(at - AROUND)
        edge = not 0 < best < _SHIFTS - 1
        middle[piece] = start + first + width / 2
        shift[piece] = best - AROUND + (0.0 if edge else vertex(rates[best - 1], rates[best], rates[best + 1]))
        rate[piece] = CHANCE if edge else rates[best]
    return middle, shift, rate


@kernel(f"UniTuple(float64, 2)({_NUMBERS}, {_NUMBERS})")
def straight(middle: Numbers, shift: Numbers) -> tuple[float, float]:
    """Return slope and shift at word 0 of the straight line through pieces: medians, after Theil and Sen.

    Args:
        middle: Of each piece, ascending, shape (p,), p > 1.
        shift: Likewise.
    """
    count = middle.shape[0]
    some, last = np.empty(min(count, _ENOUGH), np.int64), -1
    step = (count - 1) / (_ENOUGH - 1)
    size = 0
    for n in range(_ENOUGH):
        at = int(np.rint(n * step)) if n < _ENOUGH - 1 else count - 1
        if at > last:
            some[size] = last = at
            size += 1
    slopes = np.empty(size * (size - 1) // 2)
    n = 0
    for a in range(size):
        for b in range(a + 1, size):
            slopes[n] = (shift[some[b]] - shift[some[a]]) / (middle[some[b]] - middle[some[a]])
            n += 1
    slope = float(np.median(slopes))
    return slope, float(np.median(shift - slope * middle))


@kernel(f"float64({_NUMBERS}, float64)")
def miss(values: Numbers, level: float) -> float:
    """Return the mean distance of values from a level."""
    total = 0.0
    for value in values:
        total += abs(value - level)
    return float(total / values.shape[0])


@kernel(f"UniTuple(float64, 2)({_NUMBERS}, {_NUMBERS}, int64, float64, float64)")
def fitted(middle: Numbers, shift: Numbers, length: int, drift: float, share: float) -> tuple[float, float]:
    """Return slope and shift at word 0 of the line through pieces, a level one unless the straight one fits better.

    Args:
        middle: As for `straight`.
        shift: Likewise.
        length: Words of the line.
        drift: Words that a level line may drift over that.
        share: The straight one must leave less than this share of what the level one leaves.
    """
    slope, level = straight(middle, shift)
    flat = float(np.median(shift))
    if abs(slope) * length > drift and miss(shift - slope * middle, level) < share * miss(shift, flat):
        return slope, level
    return 0.0, flat


@kernel(f"float64[::1]({_NUMBERS})")
def misses(values: Numbers) -> Numbers:
    """Return the sum of the distances of the first n values from their median, for each n, shape (len(values) + 1,)."""
    sums, some = np.zeros(values.shape[0] + 1), np.empty(values.shape[0])
    for n in range(values.shape[0]):
        at = n
        while at > 0 and some[at - 1] > values[n]:
            some[at] = some[at - 1]
            at -= 1
        some[at] = values[n]
        for k in range((n + 1) // 2):  # the median is between the two of each such pair
            sums[n + 1] += some[n - k] - some[k]
    return sums


@kernel(f"int64({_NUMBERS}, {_NUMBERS}, float64, float64)")
def step(middle: Numbers, shift: Numbers, least: float, share: float) -> int:
    """Return before which piece the offsets make a step that neither a level nor a straight line explains, else 0.

    Args:
        middle: Of each piece, ascending, shape (p,).
        shift: Likewise.
        least: Words that a step must be wider than.
        share: The step must leave less than this share of what the line leaves that fits better.
    """
    count = shift.shape[0]
    if count < 4 or shift.max() - shift.min() <= least:  # then no step in it is wide
        return 0
    before, after = misses(shift), misses(shift[::-1].copy())[::-1]
    best = 2 + int(np.argmin((before + after)[2 : count - 1]))
    if abs(np.median(shift[best:]) - np.median(shift[:best])) <= least:
        return 0
    mean, away = shift.mean(), middle - middle.mean()
    slope = (away * (shift - mean)).sum() / (away * away).sum()
    simpler = min(miss(shift, float(np.median(shift))), miss(shift - slope * away, mean))
    return best if (before[best] + after[best]) / count < share * simpler else 0


@kernel(f"Tuple((uint8[::1], boolean[::1], boolean[::1], int64, int64))({_LINE}, {_TRACKS})")
def along(
    start: int, stop: int, offset: float, slope: float, i: Words, known_i: Flags, j: Words, known_j: Flags
) -> tuple[Bits, Flags, Flags, int, int]:
    """Compare two tracks along a line.

    Returns:
        Differing bits of each word, 0 where j has none, where both tracks are informative, where neither is digital
        silence, three arrays of shape (stop - start,); and the words of i that stand against digital silence of j, and
        the other way round.
    """
    length = stop - start
    wrong, heard, loud = np.zeros(length, np.uint8), np.zeros(length, np.bool_), np.zeros(length, np.bool_)
    lone_i = lone_j = 0
    for n in range(length):
        k, there = start + n, opposite(start + n, start, offset, slope)
        if not 0 <= there < j.shape[0]:
            continue
        wrong[n] = popcount(i[k] ^ j[there])
        heard[n] = known_i[k] and known_j[there]
        quiet_i, quiet_j = i[k] == _SILENCE, j[there] == _SILENCE
        loud[n] = not (quiet_i or quiet_j)
        lone_i += quiet_j and not quiet_i
        lone_j += quiet_i and not quiet_j
    return wrong, heard, loud, lone_i, lone_j


@kernel("float64[::1](uint8[::1], boolean[::1], int64)")
def windows(wrong: Bits, counted: Flags, width: int) -> Numbers:
    """Return the bit error rate of each window of `width` words; -1 where less than half of it is counted.

    Args:
        wrong: Differing bits of each word, shape (n,); where n is less than `width`, there is one window of n words.
        counted: Which of them count, shape (n,).
        width: Words.
    """
    length = wrong.shape[0]
    width = min(width, length)
    rates = np.empty(length - width + 1 if width else 0)
    bits = words = 0
    for n in range(length):
        bits += wrong[n] * counted[n]
        words += counted[n]
        first = n + 1 - width
        if first >= 0:
            rates[first] = bits / (32.0 * words) if 2 * words >= width else -1.0
            bits -= wrong[first] * counted[first]
            words -= counted[first]
    return rates
