"""Two tracks along each other as one line of letters: where they agree, differ, are silent, or one is alone."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from comet.core.model import SECONDS_PER_WORD, Audio, Part
from comet.core.text import _, clock

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_CHANCE: Final = 0.5  # bit error rate of the highest block: two pieces of music that have nothing to do with each other
_EVERY: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200, 18_000, 36_000)
_LABEL: Final = 10  # columns that a time below the axis needs, with room to the next one


class Aligned(NamedTuple):
    """Two tracks, laid along each other; the time is that of the first, and stands still where only the second is."""

    a: Audio
    b: Audio
    offset: float
    """Seconds: b starts at a + offset."""
    speed: float
    """Percent by which b plays faster."""
    parts: tuple[Part, ...]
    """What they have in common, `i` in a and `j` in b, in the order of a."""
    errors: Sequence[float | None]
    """Bit error rate of each word of a, nan in silence, None where b has nothing."""

    def there(self, seconds: float) -> float:
        """Return which moment of b is the same music as a moment of a, as far as that is known; seconds."""
        part = max((part for part in self.parts if part.i <= seconds), key=lambda each: each.i, default=None)
        if part is None:
            return max(0.0, seconds - self.offset)
        return part.j + (seconds - part.i) / (1 + self.speed / 100)

    def here(self, seconds: float) -> float:
        """Return which moment of a is the same music as a moment of b; seconds."""
        part = max((part for part in self.parts if part.j <= seconds), key=lambda each: each.j, default=None)
        if part is None:
            return max(0.0, seconds + self.offset)
        return part.i + (seconds - part.j) * (1 + self.speed / 100)


class _Stretch(NamedTuple):
    """A piece of the picture that runs along one file; seconds, those of the picture being the first file's."""

    begin: float
    end: float
    letter: str
    """A or B, whichever it runs along."""
    at: float
    """Where in that file it begins, measured as the picture is."""


def drawn(two: Aligned, width: int) -> Iterator[str]:
    """Yield the strip of two tracks, the time below it and what its letters mean, in at most `width` columns."""
    laid = _laid(two)
    end = laid[-1].end
    step = max(end / width, SECONDS_PER_WORD)
    columns = max(1, math.ceil(end / step - 1e-9))
    edges = [at * step for at in range(columns + 1)]
    yield "".join(_letter(two, laid, *ends) for ends in itertools.pairwise(edges))
    yield _axis([each for each in laid if each.letter == "A"], step, columns)
    yield from textwrap.wrap(_("▁ alike to █ as unlike as strangers, . silence, A or B: only there"), width)


def _laid(pair: Aligned) -> list[_Stretch]:
    """Return both tracks laid along each other: all of the first, and between it what the second has more."""
    pace = 1 + pair.speed / 100
    lengths = (pair.a.duration, pair.b.duration * pace)
    parts = [(part.i, part.j * pace, part.seconds) for part in pair.parts]
    laid: list[_Stretch] = []
    begin = told_a = told_b = 0.0

    def lay(letter: str, at: float, seconds: float) -> None:
        nonlocal begin
        if seconds > 0:
            laid.append(_Stretch(begin, begin + seconds, letter, at))
            begin += seconds

    meet = parts or [(max(0.0, pair.offset), max(0.0, -pair.offset), 0.0)]
    for number, (i, j, seconds) in enumerate([*meet, (*lengths, 0.0)]):
        more = (j - told_b) - (i - told_a)
        if not number:  # what comes before they meet ends with the other's beginning
            lay("B", 0.0, more)
        lay("A", told_a, i - told_a)
        if number:
            lay("B", j - more, more)
        lay("A", max(i, told_a), i + seconds - max(i, told_a))
        told_a, told_b = max(told_a, i + seconds), max(told_b, j + seconds)
    return laid


def _letter(pair: Aligned, laid: Sequence[_Stretch], start: float, stop: float) -> str:
    errors = pair.errors
    middle = (start + stop) / 2
    here = next((each for each in laid if middle < each.end), laid[-1])
    shift = here.at - here.begin
    if here.letter == "B":
        return _alone(pair.b, (middle + shift) / (1 + pair.speed / 100), "B")
    first = min(
        int(max(here.at, start + shift) / SECONDS_PER_WORD), max(0, len(errors) - 1)
    )  # the last sees to the end
    words = errors[first : max(first + 1, round((min(stop, here.end) + shift) / SECONDS_PER_WORD))]
    known = [rate for rate in words if rate is not None]
    if 2 * len(known) < len(words) or not known:
        return _alone(pair.a, middle + shift, "A")
    heard = [rate for rate in known if not math.isnan(rate)]
    if 2 * len(heard) < len(known):
        return "."
    return _BLOCKS[min(len(_BLOCKS) - 1, int(sum(heard) / len(heard) / _CHANCE * len(_BLOCKS)))]


def _alone(audio: Audio, seconds: float, letter: str) -> str:
    """Return the letter of a file where the other one has nothing, or that it is silent there itself."""
    return letter if audio.sound_start <= seconds < audio.duration - audio.sound_end else "."


def _axis(laid: Sequence[_Stretch], step: float, columns: int) -> str:
    """Return times of the first file under the columns that they belong to."""
    every = next((seconds for seconds in _EVERY if seconds / step >= _LABEL), _EVERY[-1])
    line = ""
    for stretch in laid:
        length = stretch.end - stretch.begin
        for seconds in range(math.ceil(stretch.at / every) * every, math.ceil(stretch.at + length), every):
            at = round((stretch.begin + seconds - stretch.at) / step)
            label = "'" + clock(seconds)
            if len(line) <= at and at + len(label) <= columns:
                line = line.ljust(at) + label
    return line
