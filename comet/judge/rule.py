"""From the course of two whole tracks along each other to a relation.

Evidence says that two tracks have something to do with each other, not what: an intro of 20 s in common is strong
evidence. What they have in common shows where their words agree and disagree (`profile`), and how loud they are there
(`levels`):

1. One track runs at another speed where the line along which they agree leans. Something was cut out or put in where
   there are several lines, which together hold nearly all of the shorter track.
2. A track is *covered* if nothing audible of it lies outside the overlap and no music of it meets digital silence.
3. Both covered: the worst 1.5 s decide between same and altered, and where they leave it open the levels do. One
   covered: the other one contains it. None: they share a part.

Every constant was measured on a labelled collection of 465 files of 14 to 91 s and on longer tracks with some 60 edits
each (`tests/benchmarks/bench_relation.py`); what it separates stands beside it. A fingerprint does not hear a quiet
voice laid over (12 dB and more below the music): no constant can tell that from another encoder, so a same is *clear*
only well below the line.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from comet.core.model import SECONDS_PER_WORD, Part, Relation, Verdict
from comet.judge import kernels, levels, profile
from comet.judge.kernels import CHANCE, Bits, Flags
from comet.judge.profile import AGREES, LEANS, MOST, Align, Course, Field, Line
from comet.judge.relation import Whole, mirrored

CLEAR: Final = 0.12
"""Worst 1.5 s of a clear same: a voice over everything at -6 dB or a dropout of 1 s never gets below (0 of 33)."""
SAME: Final = 0.20
"""Worst 1.5 s of a same by the words. Duplicates 50 / 95 / 99 / 100 %: .04 / .11 / .14 / .20; a dropout of 1 s begins
at .15, and shows in the levels."""
ROUGH: Final = 0.34
"""Worst 1.5 s of a same whose levels are those of the other one all along: copies of 16 and 32 kbit/s reach .33."""
WORST: Final = 12
"""Words of a worst window, 1.5 s: 4 s hide two of three dropouts of 1 s."""

EDGE: Final = 0.5
"""Audible seconds that may be missing at an end. Duplicates at most .12; the shortest trim made is 1 s."""
GAP: Final = 2.0
"""Seconds of music against digital silence inside the overlap. Duplicates 0; 8 s muted show as 5.3 s."""

PART: Final = 33
"""Words of a window that is asked whether it is the same music at all, 4 s."""
LIMITED: Final = 3.0
"""Seconds that a whole fingerprint is shorter than its track, at most: a word sees 2.6 s, the last one ends there."""
_SEEN: Final = 2.6  # seconds from the start of a word to the end of what it sees


class _Side(NamedTuple):
    """What one track has and the other one lacks, in seconds."""

    missing: float
    covered: bool


class _Profile(NamedTuple):
    """Two tracks along one line, each array of shape (words of the line,)."""

    line: Line
    wrong: Bits
    """Differing bits of each word, 0..32."""
    heard: Flags
    """Informative on both sides."""
    loud: Flags
    """Digital silence on neither side."""
    lone_i: int
    """Words of i against digital silence of j."""
    lone_j: int
    """Words of j against digital silence of i."""


class _Worst(NamedTuple):
    """The 1.5 s that differ most."""

    rate: float
    """Bit error rate, `CHANCE` where nothing is known."""
    place: int
    """Words behind the start of the line."""


def relate(i: Whole, j: Whole, align: Align) -> Verdict:
    """Return how two audios whose evidence passed the threshold are related.

    The answer is the same with i and j exchanged, but for rounding, and does not depend on serial numbers.

    Args:
        i: one track.
        j: the other one.
        align: finds where two fingerprints agree most, at any offset and whatever the evidence.
    """
    # Pieces of one track move along the other one, so somebody has to be first: content decides who.
    if (i.audio.hash, i.audio.serial) > (j.audio.hash, j.audio.serial):
        return mirrored(relate(j, i, align))
    words_i, words_j = profile.field(i.words), profile.field(j.words)
    course = profile.course(words_i, words_j, align)
    main = _main(course, words_i, words_j)
    along = _along(words_i, words_j, main)
    sides = _sides(i, j, course.lines or [main], along)
    worst = _worst(along)
    relation, how, doubt = _decide(i, j, course.lines, along, worst, sides)
    parts = _parts(i, j, course.lines)
    holder = j.audio.serial if sides[0].covered else i.audio.serial
    return Verdict(
        i=i.audio.serial,
        j=j.audio.serial,
        relation=relation,
        clear=relation is Relation.SAME and not doubt,
        holder=holder if relation is Relation.CONTAINS else 0,
        how=how,
        offset=_offset(main),
        overlap=len(along.wrong),
        similarity=1.0 - _error(along),
        worst=worst.rate,
        missing_i=sides[0].missing,
        missing_j=sides[1].missing,
        speed=_speed(main),
        parts=parts,
        doubt=doubt,
    )


def _main(course: Course, i: Field, j: Field) -> Line:
    """Return the longest line; one that leans must hold half of what it would lay on each other, or it is chance."""
    level = Line(0, 0, float(course.offset))
    main = max(course.lines, key=lambda line: line.stop - line.start, default=level)
    wide = profile.widest(main, i, j)
    return main if not main.slope or 2 * (main.stop - main.start) >= wide.stop - wide.start else level


def _along(i: Field, j: Field, main: Line) -> _Profile:
    line = profile.widest(main if main.slope else main._replace(offset=float(round(main.offset))), i, j)
    return _Profile(line, *kernels.along(*line, *i, *j))


def _offset(main: Line) -> int:
    """Return the word of i at which j starts, on a line that may lean."""
    return round((main.offset - main.slope * main.start) / (1 - main.slope))


def _speed(main: Line) -> float:
    """Return the percent by which j plays faster: in a word of i it comes 1 - slope words further."""
    return 100 * (1 / (1 - main.slope) - 1)


def _error(along: _Profile) -> float:
    heard = int(np.count_nonzero(along.heard))
    return int(along.wrong[along.heard].sum(dtype=np.int64)) / (32 * heard) if heard else CHANCE


def _worst(along: _Profile) -> _Worst:
    """Return the worst 1.5 s. A drone says nothing for a same, but where two drones differ it speaks against."""
    rates = kernels.windows(along.wrong, along.loud, WORST)
    place = int(rates.argmax()) if len(rates) else 0
    return _Worst(float(rates[place]), place) if len(rates) and rates[place] >= 0 else _Worst(CHANCE, 0)


def _agree(along: _Profile, limit: float) -> bool:
    """Return whether nearly all 4 s along a line are the same music."""
    rates = kernels.windows(along.wrong, along.heard, PART)
    known = int(np.count_nonzero(rates >= 0))
    return bool(known) and int(np.count_nonzero((rates >= 0) & (rates < limit))) / known >= MOST


def _decide(
    i: Whole, j: Whole, lines: list[Line], along: _Profile, worst: _Worst, sides: tuple[_Side, _Side]
) -> tuple[Relation, str, str]:
    """Return relation, kind of variant and doubt."""
    if along.line.slope:
        return (Relation.VARIANT, "speed", "") if _agree(along, LEANS) else (Relation.SHARES, "", "")
    steps = [line for line in lines if line.slope or abs(line.offset - along.line.offset) > 1]
    if steps and worst.rate > SAME:
        kept = sum(line.stop - line.start for line in lines)
        return (
            (Relation.VARIANT, "cut", "") if kept >= MOST * min(_audible(i), _audible(j)) else (Relation.SHARES, "", "")
        )
    covered = sides[0].covered, sides[1].covered
    if all(covered):
        doubt = _doubt(i, j, along, worst)
        if doubt is not None:
            return Relation.SAME, "", doubt
        # A filter is wrong everywhere: where nothing is left over, less agreement will do.
        return (Relation.VARIANT, "altered", "") if _agree(along, LEANS) else (Relation.SHARES, "", "")
    return (Relation.CONTAINS if any(covered) and _agree(along, AGREES) else Relation.SHARES), "", ""


def _doubt(i: Whole, j: Whole, along: _Profile, worst: _Worst) -> str | None:
    """Return what speaks against calling two covered tracks clearly the same, empty if nothing does; None if too much.

    A low bitrate makes words differ and leaves the levels alone; a dropout shows in both.
    """
    compared = levels.compare(i.envelope, j.envelope, along.line.offset * SECONDS_PER_WORD)
    dips = compared is not None and compared.near(*_where(along.line, worst.place)) >= levels.DIP
    if worst.rate <= CLEAR:
        return "levels" if dips else "limited" if _limited(i) or _limited(j) else ""
    calm = compared is not None and compared.spread <= levels.CALM
    return "differs" if not dips and worst.rate <= (ROUGH if calm else SAME) else None


def _where(line: Line, place: int) -> tuple[float, float]:
    """Return from where to where the worst 1.5 s see, in seconds of i."""
    at = line.start + place
    return at * SECONDS_PER_WORD, (at + WORST) * SECONDS_PER_WORD + _SEEN / 2


def _limited(track: Whole) -> bool:
    """Return whether the fingerprint stops before the track does."""
    return len(track.words) * SECONDS_PER_WORD + LIMITED < track.audio.duration


def _length(track: Whole) -> float:
    """Return the words that the whole track has or, if its fingerprint was limited, would have."""
    return (track.audio.duration - _SEEN) / SECONDS_PER_WORD if _limited(track) else float(len(track.words))


def _audible(track: Whole) -> float:
    """Return the words of a track without the silence at its ends."""
    return _length(track) - (track.audio.sound_start + track.audio.sound_end) / SECONDS_PER_WORD


def _sides(i: Whole, j: Whole, lines: list[Line], along: _Profile) -> tuple[_Side, _Side]:
    """Return what of i and of j is outside the other one: audible seconds at the worse end; music against silence.

    The quiet at either end comes from the decoder: in words it cannot be told from music, since a word at the edge of
    a silence sees both.
    """
    first, last = (along.line, along.line) if len(lines) == 1 else (lines[0], lines[-1])
    head = first.at(0)  # words that j has before i begins
    tail = _length(j) - last.at(_length(i))  # and after it ends
    return (
        _side(i, -head, -tail, along.lone_i),
        _side(j, head, tail, along.lone_j),
    )


def _side(track: Whole, head: float, tail: float, lone: int) -> _Side:
    audio = track.audio
    start, end = levels.quiet(track.envelope, audio.sound_start, audio.sound_end, audio.duration)
    missing = max(0.0, head * SECONDS_PER_WORD - start, tail * SECONDS_PER_WORD - end)
    return _Side(missing, missing <= EDGE and lone * SECONDS_PER_WORD <= GAP)


def _parts(i: Whole, j: Whole, lines: list[Line]) -> tuple[Part, ...]:
    """Return what two tracks have in common, in seconds.

    A word sees 2.6 s. Where the music of the other one begins it is half wrong in the middle of that; at the end of a
    track the last word's whole view belongs to the part.
    """
    parts = []
    for line in lines:
        here, there = line.start, line.at(line.start)
        begins = 0.0 if min(here, there) < 1 else _SEEN / 2
        ends = _SEEN if max(line.stop - len(i.words), line.at(line.stop) - len(j.words)) > -1 else _SEEN / 2
        seconds = (line.stop - here) * SECONDS_PER_WORD + ends - begins
        parts.append(
            Part(max(0.0, here * SECONDS_PER_WORD + begins), max(0.0, there * SECONDS_PER_WORD + begins), seconds)
        )
    return tuple(parts)
