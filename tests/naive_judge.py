"""The slow, obvious twins of the loops along lines and of those over levels: each says at once what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comet.core.measures import SILENT
from comet.core.words import SILENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

    Flags = NDArray[np.bool_]
    Numbers = NDArray[np.float64]
    Line = tuple[int, int, float, float]
    Tracks = tuple[Words, Flags, Words, Flags]


def places(line: Line) -> NDArray[np.int64]:
    """Return j's words that a line lays against those of i."""
    start, stop, offset, slope = line
    k = np.arange(start, stop)
    return np.rint(k - offset - slope * (k - start)).astype(np.int64)


def differing(line: Line, tracks: Tracks, behind: int = 0) -> list[int | None]:
    """Return the differing bits of each word of a line with j's word so many behind; None where nothing is known."""
    i, known_i, j, known_j = tracks
    pairs = zip(range(line[0], line[1]), (places(line) + behind).tolist(), strict=True)
    return [
        int(i[k] ^ j[there]).bit_count() if known_i[k] and 0 <= there < len(j) and known_j[there] else None
        for k, there in pairs
    ]


def inside(length_i: int, length_j: int, start: int, offset: float, slope: float) -> tuple[int, int]:
    """Return the first word of i with a word of j against it, and behind the last."""
    k = np.arange(length_i)
    there = np.rint(k - offset - slope * (k - start))
    found = k[(there >= 0) & (there < length_j)].tolist()
    return (found[0], found[-1] + 1) if found else (0, 0)


def errors(line: Line, tracks: Tracks) -> tuple[int, int]:
    """Return the bits that differ along a line, and the words compared."""
    known = [bits for bits in differing(line, tracks) if bits is not None]
    return sum(known), len(known)


def ends(line: Line, tracks: Tracks, middle: int, limit: float) -> tuple[int, int]:
    """Return from where to where the gains on either side of `middle` add up to most, the outer one of two."""
    gain = [0.0 if bits is None else limit - bits / 32 for bits in differing(line, tracks)]
    at = middle - line[0]
    after, before = np.cumsum([0.0, *gain[at:]]), np.cumsum([0.0, *gain[:at][::-1]])
    last, first = (int(np.flatnonzero(sums == sums.max())[-1]) if sums.max() > 0 else 0 for sums in (after, before))
    return middle - first, middle + last


def parting(line: Line, then: Line, tracks: Tracks) -> int:
    """Return after how many words of the first line to change to the other one."""
    here, there = ([bits or 0 for bits in differing(each, tracks)] for each in (line, then))
    costs = [sum(here[:at]) + sum(there[at:]) for at in range(len(here) + 1)]
    return costs.index(min(costs))


def pieces(line: Line, tracks: Tracks, width: int, hop: int, around: int) -> list[list[float]]:
    """Return of each piece its middle, its own shift and its bit error rate there."""
    start, length = line[0], line[1] - line[0]
    shifts = range(-around, around + 1)
    bits = [differing(line, tracks, -shift) for shift in shifts]
    found: list[list[float]] = [[], [], []]
    for first in sorted({*range(0, length - width, hop), length - width}):
        rates = []
        for column in bits:
            known = [each for each in column[first : first + width] if each is not None]
            rates.append(sum(known) / (32.0 * len(known)) if 2 * len(known) >= width else 0.5)
        best = min(range(len(rates)), key=lambda at: rates[at] + 0.001 * abs(shifts[at]))
        edge = best in {0, len(rates) - 1}
        found[0].append(start + first + width / 2)
        found[1].append(shifts[best] + (0.0 if edge else vertex(*rates[best - 1 : best + 2])))
        found[2].append(0.5 if edge else rates[best])
    return found


def vertex(before: float, here: float, after: float) -> float:
    """Return where the parabola through three neighbours is lowest."""
    curve = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / curve, -1, 1)) if curve > 1e-6 else 0.0


def straight(middle: Numbers, shift: Numbers) -> tuple[float, float]:
    """Return slope and shift at word 0: medians of the slopes between any two, and of what is left."""
    some = np.unique(np.linspace(0, len(middle) - 1, 500).round().astype(int))
    slopes = [(shift[b] - shift[a]) / (middle[b] - middle[a]) for n, a in enumerate(some) for b in some[n + 1 :]]
    slope = float(np.median(slopes))
    return slope, float(np.median(shift - slope * middle))


def missed(values: Numbers, level: float) -> float:
    """Return the sum of the distances from a level."""
    return float(np.abs(values - level).sum())


def step(middle: Numbers, shift: Numbers, least: float, share: float) -> int:
    """Return before which piece the offsets make a step, else 0."""
    count = len(shift)
    if count < 4 or np.ptp(shift) <= least:
        return 0
    sides = {at: (shift[:at], shift[at:]) for at in range(2, count - 1)}
    costs = {at: sum(missed(side, float(np.median(side))) for side in both) for at, both in sides.items()}
    best = min(costs, key=lambda at: round(costs[at], 9))
    level, slope = np.polynomial.polynomial.polyfit(middle, shift, 1)
    simpler = min(missed(shift, float(np.median(shift))), missed(shift - slope * middle, float(level)))
    wide = abs(np.median(shift[best:]) - np.median(shift[:best])) > least
    return best if wide and costs[best] < share * simpler else 0


def along(line: Line, tracks: Tracks) -> tuple[list[int], list[bool], list[bool], int, int]:
    """Return what differs along a line, where both are informative, where neither is silent, who is silent alone."""
    i, known_i, j, known_j = tracks
    k, there = np.arange(line[0], line[1]), places(line)
    inside = (there >= 0) & (there < len(j))
    words, known = (np.append(each, 0)[np.where(inside, there, -1)].astype(each.dtype) for each in (j, known_j))
    quiet_i, quiet_j = i[k] == SILENCE, words == SILENCE
    return (
        np.where(inside, np.bitwise_count(i[k] ^ words), 0).tolist(),
        (inside & known_i[k] & known).tolist(),
        (inside & ~(quiet_i | quiet_j)).tolist(),
        int((inside & quiet_j & ~quiet_i).sum()),
        int((inside & quiet_i & ~quiet_j).sum()),
    )


def windows(wrong: NDArray[np.uint8], counted: Flags, width: int) -> list[float]:
    """Return the bit error rate of each window, -1 where less than half of it counts."""
    width = min(width, len(wrong))
    rates = []
    for first in range(len(wrong) - width + 1 if width else 0):
        known = wrong[first : first + width][counted[first : first + width]].astype(int)
        rates.append(int(known.sum()) / (32.0 * max(1, len(known))) if 2 * len(known) >= width else -1.0)
    return rates


def power(envelope: bytes) -> Numbers:
    """Return the power of each second of an envelope, 1.0 is full scale."""
    levels = np.frombuffer(envelope, np.uint8)
    return np.where(levels < SILENT, 10.0 ** (levels / -20.0), 0.0)


def dips(differ: list[float]) -> list[float]:
    """Look at each second by itself: what the two seconds on either side say, as far as they are known."""
    deep = [0.0] * len(differ)
    for at in range(3, len(differ) - 3):
        sides = [[x for x in pair if x == x] for pair in (differ[at - 3 : at - 1], differ[at + 2 : at + 4])]  # noqa: PLR0124 - not nan
        if all(sides) and differ[at] == differ[at]:
            low, high = sorted(sum(side) / len(side) for side in sides)
            deep[at] = max(low - differ[at], differ[at] - high, 0.0)
    return deep


def holes(one: bytes, other: bytes) -> tuple[list[float], float] | None:
    """Return the dips of the differences of two envelopes of one length, and their spread; None if never loud."""
    here, there = ((power(each)[1:] + power(each)[:-1]) / 2 for each in (one, other))
    floors = [float(np.quantile(power(each), 0.95)) * 1e-4 for each in (one, other)]
    faint = here < floors[0], there < floors[1]
    loud = ~(faint[0] | faint[1])
    if not loud.any():
        return None
    least = np.finfo(np.float64).tiny
    differ = 10 * np.log10(np.maximum(there, least) / np.maximum(here, least))
    differ -= np.median(differ[loud])
    low, high = np.quantile(differ[loud], (0.05, 0.95))
    return dips(np.where(faint[0] & faint[1], np.nan, differ).tolist()), float(high - low)
