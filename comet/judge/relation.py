"""From the aligned profile of two whole fingerprints to a relation.

Evidence says that two tracks have something to do with each other, not what: an intro of 20 s in common is strong
evidence. What they have in common shows where their words agree and disagree along the best alignment:

1. The first and the last third of the overlap each find an offset of their own. If these differ, one track runs at
   another speed (the middle third lies on the line between) or something was cut out or put in.
2. A track is *covered* if nothing audible of it lies outside the overlap and no music of it meets digital silence.
3. Both covered: the worst 1.5 s decide between same and altered. One covered: the other one contains it. None: they
   share a part.

Every constant was measured on a labelled collection of 465 files of 14 to 91 s and on 46 longer tracks with 30 to 55
edits each; what it separates stands beside it. A fingerprint does not hear a quiet voice laid over (12 dB and more
below the music): no constant can tell that from another encoder, so a same is *clear* only well below the line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from comet.core.model import SECONDS_PER_WORD, Audio, Relation, Verdict, Words
from comet.core.words import SILENCE, informative

Flags = NDArray[np.bool_]
_Kind = TypeVar("_Kind", bound=np.generic)

RULE: Final = "1"
"""Version of this rule; verdicts of another one are made again."""

SAME: Final = 0.20
"""Worst 1.5 s of a same. Duplicates 50 / 95 / 99 / 100 %: .04 / .11 / .14 / .20; a dropout of 1 s begins at .20."""
CLEAR: Final = 0.12
"""Worst 1.5 s of a clear same: a voice over everything at -6 dB or a dropout of 1 s never gets below (0 of 28)."""
WORST: Final = 12
"""Words of a worst window, 1.5 s: 4 s hide two of three dropouts of 1 s."""

EDGE: Final = 0.5
"""Audible seconds that may be missing at an end. Duplicates at most .12; the shortest trim made is 1 s."""
GAP: Final = 2.0
"""Seconds of music against digital silence inside the overlap. Duplicates 0; 8 s muted show as 5.3 s."""

DRIFT: Final = 0.5
"""Words between the offsets of first and last third. Duplicates at most .17; 95 % of the copies at 1 % speed 1.4."""
FOLLOWS: Final = 0.36
"""Bit error rate below which a third has found its offset: 99 % of unrelated stretches lie above."""
BEND: Final = 0.25
"""Middle third off the line between the outer ones, as a share of the drift: below speed, above a cut."""

PART: Final = 33
"""Words of a window that is asked whether it is the same music at all, 4 s."""
AGREES: Final = 0.34
"""Bit error rate of such a window: 99 % of unrelated ones lie above at the best offset, filtered copies below."""
MOST: Final = 0.80
"""Share of agreeing windows from which on all of the overlap is one piece; themes and loops in common reach .79."""

LIMITED: Final = 3.0
"""Seconds that a whole fingerprint is shorter than its track, at most: a word sees 2.6 s, the last one ends there."""
_SEEN: Final = 2.6  # seconds from the start of a word to the end of what it sees

_CHANCE: Final = 0.5  # bit error rate where nothing is known
_LEAST: Final = 20  # informative words from which on a third may speak
_FEW: Final = 0.4  # informative share of a third from which on it may speak


class _Thirds(NamedTuple):
    """Offsets (words, relative to the alignment) and bit error rates of first, middle and last third."""

    shift: tuple[float, float, float]
    error: tuple[float, float, float]


class _Side(NamedTuple):
    """What one track has and the other one lacks, in seconds."""

    missing: float
    covered: bool


@dataclass(frozen=True, slots=True)
class _Profile:
    """Two tracks at one alignment: word k of the overlap is i's word `start` + k."""

    start: int
    wrong: NDArray[np.uint8]
    """Differing bits of each word of the overlap, 0..32."""
    heard: Flags
    """Informative on both sides."""
    loud: Flags
    """Silence on neither side."""


def relate(i: Audio, j: Audio, words_i: Words, words_j: Words, offset: int) -> Verdict:
    """Return how two audios whose evidence passed the threshold are related.

    The answer is the same with i and j exchanged (and the offset negated), and does not depend on serial numbers.

    Args:
        i: one audio; its duration, audible ends, hash and serial number are used.
        j: the other one.
        words_i: whole fingerprint of i, shape (n,), uint32.
        words_j: whole fingerprint of j, shape (m,), uint32.
        offset: best offset of the whole tracks in words: j starts at i + offset, so that i's word k stands
            against j's word k - offset.
    """
    # Thirds are pieces of one track that move along the other, so somebody has to be first: content decides who.
    if (i.hash, i.serial, -offset) > (j.hash, j.serial, offset):
        return _mirrored(relate(j, i, words_j, words_i, -offset))
    known_i, known_j = informative(words_i), informative(words_j)
    profile = _align(words_i, words_j, known_i, known_j, offset)
    side_i, side_j = _sides(i, j, words_i, words_j, profile, offset)
    worst = _worst(profile)
    how = _course(_thirds(words_i, words_j, known_i, known_j, profile, offset))
    relation, how = (Relation.VARIANT, how) if how else _decide(profile, worst, side_i, side_j)
    whole = not (_limited(i, words_i) or _limited(j, words_j))
    return Verdict(
        i=i.serial,
        j=j.serial,
        relation=relation,
        clear=relation is Relation.SAME and worst <= CLEAR and whole,
        holder=0 if relation is not Relation.CONTAINS else j.serial if side_i.covered else i.serial,
        how=how,
        offset=offset,
        overlap=len(profile.wrong),
        similarity=1.0 - _error(profile),
        worst=worst,
        missing_i=side_i.missing,
        missing_j=side_j.missing,
    )


def _mirrored(verdict: Verdict) -> Verdict:
    return replace(
        verdict,
        i=verdict.j,
        j=verdict.i,
        offset=-verdict.offset,
        missing_i=verdict.missing_j,
        missing_j=verdict.missing_i,
    )


def _align(words_i: Words, words_j: Words, known_i: Flags, known_j: Flags, offset: int) -> _Profile:
    start = max(0, offset)
    stop = max(start, min(len(words_i), len(words_j) + offset))
    here, there = slice(start, stop), slice(start - offset, stop - offset)
    a, b = words_i[here], words_j[there]
    return _Profile(start, np.bitwise_count(a ^ b), known_i[here] & known_j[there], (a != SILENCE) & (b != SILENCE))


def _error(profile: _Profile) -> float:
    heard = int(profile.heard.sum())
    return float(profile.wrong[profile.heard].sum(dtype=np.int64)) / (32 * heard) if heard else _CHANCE


def _windows(profile: _Profile, counted: Flags, width: int) -> NDArray[np.float64]:
    """Return the bit error rates of the windows of `width` words of which at least half are counted."""
    width = min(width, len(profile.wrong))
    if not width:
        return np.zeros(0)
    zero = np.zeros(1, np.int64)
    wrong = np.concatenate((zero, np.cumsum(np.where(counted, profile.wrong, 0), dtype=np.int64)))
    words = np.concatenate((zero, np.cumsum(counted, dtype=np.int64)))
    count = words[width:] - words[:-width]
    enough = count >= (width + 1) // 2
    return (wrong[width:] - wrong[:-width])[enough] / (32.0 * count[enough])


def _worst(profile: _Profile) -> float:
    """Return the worst 1.5 s. A drone says nothing for a same, but where two drones differ it speaks against."""
    rates = _windows(profile, profile.loud, WORST)
    return float(rates.max()) if len(rates) else _CHANCE


def _decide(profile: _Profile, worst: float, side_i: _Side, side_j: _Side) -> tuple[Relation, str]:
    """Return relation and kind of variant of two tracks that keep one offset throughout."""
    both = side_i.covered and side_j.covered
    if both and worst <= SAME:
        return Relation.SAME, ""
    rates = _windows(profile, profile.heard, PART)
    one_piece = len(rates) > 0 and float((rates < AGREES).mean()) >= MOST
    if not one_piece or not (side_i.covered or side_j.covered):
        return Relation.SHARES, ""
    return (Relation.VARIANT, "altered") if both else (Relation.CONTAINS, "")


def _limited(audio: Audio, words: Words) -> bool:
    """Return whether the fingerprint stops before the track does."""
    return len(words) * SECONDS_PER_WORD + LIMITED < audio.duration


def _length(audio: Audio, words: Words) -> float:
    """Return the words that the whole track has or, if its fingerprint was limited, would have."""
    return (audio.duration - _SEEN) / SECONDS_PER_WORD if _limited(audio, words) else float(len(words))


def _sides(i: Audio, j: Audio, words_i: Words, words_j: Words, profile: _Profile, offset: int) -> tuple[_Side, _Side]:
    """Return what of i and of j is outside the other one: audible seconds at the worse end; music against silence.

    The quiet at either end comes from the decoder: in words it cannot be told from music, since a word at the edge of
    a silence sees both.
    """
    length_i, length_j = _length(i, words_i), _length(j, words_j)
    late = length_i - length_j - offset
    here = slice(profile.start, profile.start + len(profile.wrong))
    there = slice(here.start - offset, here.stop - offset)
    quiet_i, quiet_j = words_i[here] == SILENCE, words_j[there] == SILENCE
    return _side(i, offset, late, quiet_j & ~quiet_i), _side(j, -offset, -late, quiet_i & ~quiet_j)


def _side(audio: Audio, head: float, tail: float, lone: Flags) -> _Side:
    missing = max(0.0, head * SECONDS_PER_WORD - audio.sound_start, tail * SECONDS_PER_WORD - audio.sound_end)
    return _Side(missing, missing <= EDGE and int(lone.sum()) * SECONDS_PER_WORD <= GAP)


def _course(thirds: _Thirds) -> str:
    """Return `speed` or `cut` if first and last third stand at different offsets, else an empty string."""
    (first, middle, last), errors = thirds
    drift = last - first
    if max(errors[0], errors[2]) >= FOLLOWS or abs(drift) <= DRIFT:
        return ""
    # Without a middle (silence) the simpler explanation stands.
    bent = errors[1] < _CHANCE and abs(middle - (first + last) / 2) > BEND * abs(drift)
    return "cut" if bent else "speed"


def _thirds(words_i: Words, words_j: Words, known_i: Flags, known_j: Flags, profile: _Profile, offset: int) -> _Thirds:
    """Let each third of the overlap find its own offset: 8 words around, up to 60 (7.4 s) in a long one."""
    length = len(profile.wrong)
    around = int(min(60, max(8, 6 + 0.03 * length)))
    edges = [profile.start + length * part // 3 for part in range(4)]
    found = []
    for start, stop in pairwise(edges):
        low, high = start - offset - around, stop - offset + around
        field, known = _cut(words_j, low, high), _cut(known_j, low, high)
        found.append(_own_offset(words_i[start:stop], known_i[start:stop], field, known))
    return _Thirds((found[0][0], found[1][0], found[2][0]), (found[0][1], found[1][1], found[2][1]))


def _cut(values: NDArray[_Kind], low: int, high: int) -> NDArray[_Kind]:
    """Return `values[low:high]`, zeros where that reaches outside."""
    inside = values[max(0, low) : max(0, high)]
    before = min(max(0, -low), high - low)
    return np.concatenate(
        (np.zeros(before, values.dtype), inside, np.zeros(high - low - before - len(inside), values.dtype))
    )


def _own_offset(piece: Words, known: Flags, field: Words, known_field: Flags) -> tuple[float, float]:
    """Return where in `field` a piece fits best, in words from the middle, and its bit error rate there.

    A parabola through the error rates at the best place and its neighbours gives the fraction of a word; near ties go
    to the place nearer to the middle. A piece with too little to compare answers (0, 0.5).
    """
    if len(piece) < _LEAST:
        return 0.0, _CHANCE
    around = (len(field) - len(piece)) // 2
    # From the last place to the first: field index = place + around - shift.
    count = np.correlate(known_field.astype(np.float32), known.astype(np.float32), "valid")[::-1]
    enough = count >= max(_LEAST, _FEW * len(piece))
    if not enough.any():
        return 0.0, _CHANCE
    places = np.lib.stride_tricks.sliding_window_view(np.where(known_field, field, 0), len(piece))[::-1]
    masks = np.lib.stride_tricks.sliding_window_view(_mask(known_field), len(piece))[::-1]
    wrong = np.bitwise_count((places ^ piece) & masks & _mask(known)).sum(axis=1, dtype=np.int64)
    rates = np.where(enough, wrong / (32.0 * np.maximum(count, 1)), np.inf)
    best = int(np.argmin(rates + 0.001 * np.abs(np.arange(-around, around + 1))))
    return best - around + _vertex(rates, best), float(rates[best])


def _mask(flags: Flags) -> Words:
    return np.where(flags, np.uint32(0xFFFFFFFF), np.uint32(0))


def _vertex(rates: NDArray[np.float64], best: int) -> float:
    """Return the minimum of the parabola through three neighbours, in words from the middle one."""
    if not 0 < best < len(rates) - 1 or not np.isfinite(rates[best - 1 : best + 2]).all():
        return 0.0
    before, here, after = (float(rate) for rate in rates[best - 1 : best + 2])
    curve = before - 2 * here + after
    return min(1.0, max(-1.0, 0.5 * (before - after) / curve)) if curve > 1e-6 else 0.0
