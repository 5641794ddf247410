"""How much of a track is compared with all others."""

from __future__ import annotations

from typing import Final

from comet.core.model import SECONDS_PER_WORD, Words

MINIMUM: Final = 40
"""Least informative overlap in words, 5 s: below that even copies do not stand out from chance."""
SECONDS: Final = 120.0
"""Of the start of a track, where nothing else is said."""
LONG: Final = round(15 * 60 / SECONDS_PER_WORD)
"""A track of more words than this enters whole."""
RULE: Final = 3
"""Raised where the same words give other records: the form of the evidence, its constants, what is kept of a pair."""
HOUR: Final = round(60 * 60 / SECONDS_PER_WORD)
"""No more words of a track than this are compared; so an offset fits 16 bits."""


def opened(words: int, seconds: float = SECONDS) -> int:
    """Return how many of a track's `words` are compared: its start, or of a long track the first hour."""
    return min(words, HOUR if words > LONG else min(HOUR, round(seconds / SECONDS_PER_WORD)))


def opening(words: Words, seconds: float = SECONDS) -> Words:
    """Return the words that are compared."""
    return words[: opened(len(words), seconds)]
