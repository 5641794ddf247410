"""What a relation is made from, and how one reads from the other side: light enough for all that only shows relations.

How it is found stands in `rule`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from comet.core.model import SECONDS_PER_WORD, Audio, Part, Verdict, Words
from comet.core.words import SILENCE

RULE: Final = "4"
"""Version of the rule; verdicts of another one are made again."""


class Whole(NamedTuple):
    """A track as judging takes it."""

    audio: Audio
    """Its duration, audible ends, hash and serial number are used."""
    words: Words
    """Whole fingerprint, shape (n,), uint32."""
    envelope: bytes = b""
    """Level of each second (`core.measures.Quality`); empty where it is not known, and says nothing then."""


def mirrored(verdict: Verdict) -> Verdict:
    """Return a verdict with i and j exchanged: seconds and words of i become those of j, which plays at its own speed.

    Exchanged twice it is what it was, but for rounding: at another speed the offset may come back one word off.
    """
    ratio = 1.0 + verdict.speed / 100
    parts = sorted((Part(part.j, part.i, part.seconds / ratio) for part in verdict.parts), key=lambda part: part.i)
    return replace(
        verdict,
        i=verdict.j,
        j=verdict.i,
        offset=round(-verdict.offset / ratio),
        missing_i=verdict.missing_j,
        missing_j=verdict.missing_i,
        speed=100 * (1.0 / ratio - 1.0),
        parts=tuple(parts),
    )


def strip(i: Words, j: Words, parts: Iterable[Part], speed: float) -> list[float | None]:
    """Return how much two tracks differ along i, for each word of it: the bit error rate, None where j has nothing.

    It is nan where both are silent.

    Args:
        i: whole fingerprint, shape (n,).
        j: of the other one.
        parts: what they have in common.
        speed: percent by which j plays faster.
    """
    rates: list[float | None] = [None] * len(i)
    slope = speed / (100 + speed)
    for part in parts:
        first = round(part.i / SECONDS_PER_WORD)
        count = min(round(part.seconds / SECONDS_PER_WORD), len(i) - first)
        there = np.rint(part.j / SECONDS_PER_WORD + (1 - slope) * np.arange(count)).astype(np.int64)
        inside = there < len(j)
        here, there = i[first : first + count][inside], j[there[inside]]
        silent = (here == SILENCE) & (there == SILENCE)
        rates[first : first + len(here)] = np.where(silent, np.nan, np.bitwise_count(here ^ there) / 32).tolist()
    return rates
