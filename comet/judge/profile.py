"""Where two whole tracks run along each other: straight lines, each a stretch of one laid on a stretch of the other.

A line is searched in three steps: an alignment says where the two agree most, level or along a slope; pieces of 8 s
each find an offset of their own near it, to a fraction of a word; and what these offsets do along the track says
whether it is one line, one that leans (another speed) or several with a step between (something cut out or put in).
What lies before the first line and behind the last one is aligned by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

import numpy as np

from comet.core.model import Words
from comet.core.words import informative
from comet.judge import kernels
from comet.judge.kernels import AROUND, Flags, Numbers

DRIFT: Final = 0.5
"""Words over the whole of a line, or at a step, from which on it leans or breaks. Duplicates at most .17; 95 % of the
copies at 1 % speed 1.4."""
FOLLOWS: Final = 0.36
"""Bit error rate below which a piece has found its offset: 99 % of unrelated stretches lie above."""
AGREES: Final = 0.34
"""Bit error rate of 4 s that are the same music: 99 % of unrelated ones lie above at the best offset, filtered copies
below."""
MOST: Final = 0.80
"""Share from which on all of something is one piece; themes and loops in common reach .79 of their 4 s windows."""

LEANS: Final = 0.42
"""Bit error rate below which a piece, or 4 s, of a line that leans is the same music: each of its words sees a little
more or less time. At +-3 % more than nine of ten windows of a copy lie below .40, at -4 % some between; of unrelated
ones 95 % lie above .39 at the best of all offsets, and they do not lie on one line."""

_PIECE: Final = 65  # words of a piece, 8 s
_FITS: Final = 0.6  # residual of a better shape, as a share of that of the simpler one
_BLOCK: Final = 8192  # words of a line whose pieces are laid out at once, 17 min
_STEEPEST: Final = 0.06  # slope that a line may have: 5 % are searched, what leans more was bent by damage
_LEAST: Final = 40  # words of a stretch that is looked for
_REST: Final = 8.0  # evidence from which on a rest was found again: no unrelated pair in a million has it
_GAIN: Final = 5.0  # words' worth of agreement that a line must have: chance has 1 to 2, 5 s of an mp3 have 12
_WORSE: Final = 0.12  # bit error rate that a line may be above the longest one: both went through the same changes


class Found(Protocol):
    """What an alignment says: b starts at a + `offset` words, and from there on the offset grows by `slope` percent."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def evidence(self) -> float: ...  # noqa: D102
    @property
    def slope(self) -> float: ...  # noqa: D102


Align = Callable[[Words, Words], Found]
"""Find where two fingerprints agree most, at any offset or along a slope."""


class Field(NamedTuple):
    """The words of a track, and which of them carry evidence; both of shape (n,)."""

    words: Words
    known: Flags


class Line(NamedTuple):
    """Words `start` to `stop` of i stand against j's word k - `offset` - `slope` * (k - `start`)."""

    start: int
    stop: int
    offset: float
    slope: float = 0.0

    def at(self, k: float) -> float:
        """Return j's place for a word of i, fraction and all."""
        return k - self.offset - self.slope * (k - self.start)

    def between(self, start: int, stop: int) -> Line:
        """Return the same line over other words of i."""
        return Line(start, stop, self.offset + self.slope * (start - self.start), self.slope)


class _Own(NamedTuple):
    """The offsets that pieces found beside a line, each of shape (p,)."""

    middle: Numbers
    shift: Numbers
    """Words by which the offset is larger than the line's."""
    rate: Numbers
    """Bit error rate there."""


def field(words: Words) -> Field:
    """Return a track's words with what carries evidence."""
    return Field(words, informative(words))


class Course(NamedTuple):
    """How two tracks run along each other."""

    offset: int
    """Where they agree most, in words: j starts at i + offset."""
    lines: list[Line]
    """In their order; none where nothing agrees better than chance."""


def course(i: Field, j: Field, align: Align) -> Course:
    """Return how two tracks run along each other.

    Args:
        i: one track.
        j: the other one; from line to line its words go on as those of i do.
        align: finds where two stretches agree most; the first time it is believed whatever the evidence.
    """
    found = align(i.words, j.words)
    lines = _follow(i, j, found) or _faint(i, j, found)
    if not lines:
        return Course(found.offset, [])
    head = _rest(i, j, (0, lines[0].start), (0, _near(lines[0], lines[0].start)), align)
    tail = _rest(i, j, (lines[-1].stop, len(i.words)), (_near(lines[-1], lines[-1].stop), len(j.words)), align)
    return Course(found.offset, [*head, *lines, *tail])


def widest(line: Line, i: Field, j: Field) -> Line:
    """Return a line over all words of i that it lays on words of j."""
    return line.between(*kernels.inside(len(i.words), len(j.words), line.start, line.offset, line.slope))


def _near(line: Line, k: int) -> int:
    return round(line.at(k))


def _rest(i: Field, j: Field, of_i: tuple[int, int], of_j: tuple[int, int], align: Align) -> list[Line]:
    """Return the lines in what is left of both before or behind the lines that are known."""
    a, b = (Field(x.words[slice(*of)], x.known[slice(*of)]) for x, of in ((i, of_i), (j, of_j)))
    if min(np.count_nonzero(a.known), np.count_nonzero(b.known)) < _LEAST:
        return []
    found = align(a.words, b.words)
    if found.evidence < _REST:
        return []
    moved = of_i[0] - of_j[0]
    lines = _follow(a, b, found)
    return [Line(x.start + of_i[0], x.stop + of_i[0], x.offset + moved, x.slope) for x in lines]


def _follow(i: Field, j: Field, found: Found) -> list[Line]:
    """Return the lines that an alignment leads to."""
    line = _aligned(i, j, found.offset, found.slope)
    if line.slope:
        straight = _straight(i, j, line)
        if straight and abs(straight.slope) <= _STEEPEST:
            return [_ends(i, j, straight, line)]
        line = _aligned(i, j, found.offset, 0.0)
    own = _own(i, j, line)
    shaped = [_sane(_straight(i, j, each)) if each.slope else each for each in _shaped(line, own)]
    return _like(_apart(_ended([each for each in shaped if each], line, i, j), i, j), i, j)


def _aligned(i: Field, j: Field, offset: int, percent: float) -> Line:
    start = max(0, offset)
    return widest(Line(start, start, float(offset), percent / 100), i, j)


def _faint(i: Field, j: Field, found: Found) -> list[Line]:
    """Return what an alignment laid on each other, where a filter left no piece that agrees well: around the best."""
    line = _aligned(i, j, found.offset, found.slope)
    own = _own(i, j, line)
    if not len(own.rate):
        return []
    best = round(own.middle[np.argmin(own.rate)])
    ended = _ends(i, j, line.between(best, best), line, LEANS)
    return [ended] if ended.stop > ended.start else []


def _shaped(line: Line, own: _Own) -> Iterator[Line]:
    """Yield the lines that the pieces' own offsets show, split where no piece follows or where they make a step."""
    own = _below(own, FOLLOWS)
    if not len(own.middle):
        return
    half = min(_PIECE, line.stop - line.start) / 2
    start, stop = max(line.start, round(own.middle[0] - half)), min(line.stop, round(own.middle[-1] + half))
    gaps = np.flatnonzero(np.diff(own.middle) > 2 * half + AROUND)
    at = int(gaps[0]) + 1 if len(gaps) else kernels.step(own.middle, own.shift, DRIFT, _FITS)
    if at:
        yield from _shaped(line, _Own(*(values[:at] for values in own)))
        yield from _shaped(line, _Own(*(values[at:] for values in own)))
        return
    slope, level = 0.0, float(np.median(own.shift))
    if len(own.middle) > 2:
        slope, level = kernels.fitted(own.middle, own.shift, stop - start, DRIFT, _FITS)
    yield Line(start, stop, line.offset + level + slope * start, slope)  # the line itself is level


def _straight(i: Field, j: Field, line: Line) -> Line | None:
    """Return a line that leans as the pieces along it say, level where they drift too little; None without pieces."""
    for _round in range(2):
        own = _below(_own(i, j, line), LEANS)
        if len(own.middle) < 3:
            return None
        slope, level = kernels.straight(own.middle, own.shift)
        line = Line(line.start, line.stop, line.offset + level + slope * line.start, line.slope + slope)
    if abs(line.slope) * (line.stop - line.start) > DRIFT:
        return line
    return Line(line.start, line.stop, line.offset + line.slope * (line.stop - line.start) / 2)


def _sane(line: Line | None) -> Line | None:
    """Return a line, level through its middle where it leans more than a copy can."""
    if line is None or abs(line.slope) <= _STEEPEST:
        return line
    return Line(line.start, line.stop, line.offset + line.slope * (line.stop - line.start) / 2)


def _below(own: _Own, limit: float) -> _Own:
    """Return the pieces that found an offset."""
    good = own.rate < limit
    return _Own(own.middle[good], own.shift[good], own.rate[good])


def _own(i: Field, j: Field, line: Line) -> _Own:
    """Let each piece of a line find its own offset."""
    length = line.stop - line.start
    if length < _LEAST:
        return _Own(np.zeros(0), np.zeros(0), np.zeros(0))
    if length > 2 * _BLOCK:
        edges = [*range(line.start, line.stop - _BLOCK, _BLOCK), line.stop]
        blocks = [_own(i, j, line.between(*edge)) for edge in pairwise(edges)]
        return _Own(*(np.concatenate(values) for values in zip(*blocks, strict=True)))
    width = min(_PIECE, max(_LEAST // 2, length // 3))
    return _Own(*kernels.pieces(*line, *i, *j, width))


def _ends(i: Field, j: Field, line: Line, whole: Line, limit: float = AGREES) -> Line:
    """Move the ends of a line to where agreement begins and ends: see `kernels.ends`."""
    wide = widest(line, i, j)
    wide = wide.between(max(wide.start, whole.start), max(wide.start, min(wide.stop, whole.stop)))
    middle = max(min((line.start + line.stop) // 2, wide.stop), wide.start)
    return wide.between(*kernels.ends(*wide, *i, *j, middle, LEANS if line.slope else limit))


def _ended(lines: list[Line], whole: Line, i: Field, j: Field) -> list[Line]:
    """Move the ends of lines, none further than to the middle of the one before or behind it."""
    edges = [whole.start, *((line.start + line.stop) // 2 for line in lines), whole.stop]
    return [_ends(i, j, line, whole.between(edges[at], edges[at + 2])) for at, line in enumerate(lines)]


def _like(lines: list[Line], i: Field, j: Field) -> list[Line]:
    """Return the lines that agree about as well as the longest one: in music that repeats itself chance is no noise."""
    if not lines:
        return []
    gains, means = [], []
    for line in lines:
        wrong, count = kernels.errors(*line, *i, *j)
        gains.append(count * (LEANS if line.slope else AGREES) - wrong / 32)
        means.append(gains[-1] / max(1, count))
    best = means[max(range(len(lines)), key=lambda at: lines[at].stop - lines[at].start)]
    return [line for line, gain, mean in zip(lines, gains, means, strict=True) if gain > _GAIN and mean > best - _WORSE]


def _apart(lines: list[Line], i: Field, j: Field) -> list[Line]:
    """Return lines that overlap neither in i nor in j: of two that do, each ends where the other one fits better."""
    done: list[Line] = []
    for line in lines:
        if done:
            done[-1], line = _parted(done[-1], line, i, j)  # noqa: PLW2901
        done.append(line)
    return [line for line in done if line.stop - line.start >= _LEAST // 2]


def _parted(last: Line, line: Line, i: Field, j: Field) -> tuple[Line, Line]:
    """Shorten two lines that claim the same words at a step: the first stops at k, the next one begins `gap` behind."""
    gap = max(0, round(last.at(last.stop) - line.at(last.stop)))  # words that only i has; 0 where j has more
    low, high = max(last.start, line.start - gap), min(last.stop, line.stop - gap)
    if low >= high:
        return last, line
    at = low + kernels.parting(*last.between(low, high), *line.between(low + gap, high + gap), *i, *j)
    return last.between(last.start, at), line.between(at + gap, line.stop)
