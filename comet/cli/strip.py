"""Two files along each other as one line of letters: where they agree, differ, are silent, or one is alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from comet.core.model import SECONDS_PER_WORD
from comet.core.text import _, clock

if TYPE_CHECKING:
    from comet.collection.pairs import FilePair

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_CHANCE: Final = 0.5  # bit error rate of the highest block: two pieces of music that have nothing to do with each other
_EVERY: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200, 18_000, 36_000)
_LABEL: Final = 10  # columns that a time below the axis needs, with room to the next one


def drawn(pair: FilePair, errors: Sequence[float | None], width: int) -> Iterator[str]:
    """Yield the strip of a pair, the time below it and what its letters mean, in at most `width` columns.

    Args:
        pair: The time is that of its first file.
        errors: Bit error rate of each word of the first file, nan in silence, None where the second one has nothing.
        width: Columns.
    """
    stretch = 1 + pair.speed / 100
    start = min(0.0, pair.offset)
    end = max(pair.a.audio.duration, pair.offset + pair.b.audio.duration * stretch)
    step = max((end - start) / width, SECONDS_PER_WORD)
    columns = max(1, math.ceil((end - start) / step - 1e-9))
    edges = [start + at * step for at in range(columns + 1)]
    yield "".join(_letter(pair, errors, *two) for two in itertools.pairwise(edges))
    yield _axis(start, step, columns)
    yield _("▁ alike to █ as unlike as strangers, . silence, A or B: only there")


def _letter(pair: FilePair, errors: Sequence[float | None], start: float, stop: float) -> str:
    middle = (start + stop) / 2
    if not 0 <= middle < pair.a.audio.duration:
        return "B"
    first = min(int(max(0.0, start) / SECONDS_PER_WORD), max(0, len(errors) - 1))  # the last word sees on to the end
    words = errors[first : max(first + 1, round(stop / SECONDS_PER_WORD))]
    known = [rate for rate in words if rate is not None]
    if 2 * len(known) < len(words) or not known:
        return "A"
    heard = [rate for rate in known if not math.isnan(rate)]
    if 2 * len(heard) < len(known):
        return "."
    return _BLOCKS[min(len(_BLOCKS) - 1, int(sum(heard) / len(heard) / _CHANCE * len(_BLOCKS)))]


def _axis(start: float, step: float, columns: int) -> str:
    """Return times under the columns that they belong to."""
    every = next((seconds for seconds in _EVERY if seconds / step >= _LABEL), _EVERY[-1])
    line = ""
    for seconds in range(0, math.ceil(start + columns * step), every):
        at = round((seconds - start) / step)
        label = "'" + clock(seconds)
        if at + len(label) <= columns:
            line = line.ljust(at) + label
    return line
