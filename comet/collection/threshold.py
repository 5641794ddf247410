"""The line seen whole: what random pairs show, what moving the line would do, and the pairs nearest to it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import numpy as np

from comet.collection import groups, pairs
from comet.collection.opened import Collection
from comet.collection.pairs import FilePair, Line
from comet.compare import chunks, extent
from comet.core.model import SECONDS_PER_WORD, Pair
from comet.core.sampled import Tail
from comet.judge import groups as judge
from comet.judge import relation, threshold

STEPS: Final = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Accepted false pairs that are laid beside each other."""
LOWEST: Final = threshold.FLOOR
"""The lowest line that any collection has; two files alone are held against it."""
LEAST: Final = extent.MINIMUM * SECONDS_PER_WORD
"""Seconds of sound that two tracks must have beside each other to be compared."""
PER_Z: Final = threshold.PER_Z
"""Of a histogram of evidence, in one z."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of evidence: what random pairs of the collection have of it, and where its line is."""

    counts: tuple[int, ...]
    """Random pairs by their evidence, in bins of 1/`PER_Z` from 0 on; the last one holds what is beyond it too."""
    tail: Tail
    line: float

    def chance(self, evidence: float) -> float:
        """Return how many of the random pairs should have at least so much evidence if all were unrelated."""
        return sum(self.counts) * threshold.p_value(evidence, self.tail)


@dataclass(frozen=True, slots=True)
class Step:
    """What the collection looks like under one line."""

    line: Line
    similarity: float
    """Of two tracks at the line, over the median of what is compared of a track."""
    floored: bool
    """Fewer false pairs than were accepted: the line cannot be lower than what was kept."""
    pairs: int
    """Of audios, that count and whose relation is known."""
    groups: int
    saving: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The pairs of audios nearest to the line, nearest first."""

    above: list[Pair]
    below: list[Pair]


def accepting(collection: Collection, accepted: float) -> Collection:
    """Return the same collection under the line of so many accepted false pairs; no setting is changed."""
    settings = collection.profile.settings
    moved = replace(settings, judge=replace(settings.judge, false_pairs=accepted))
    return replace(collection, profile=replace(collection.profile, settings=moved))


def forms(collection: Collection) -> tuple[Form, Form] | None:
    """Return the flat and the sloped form; None as long as no random pairs were compared."""
    sampled = collection.cache.sampled(pairs.sampled_by(collection))
    if sampled is None:
        return None
    drawn = pairs.line(collection)
    return (
        Form(tuple(sampled.flat.tolist()), drawn.null.flat, drawn.evidence),
        Form(tuple(sampled.sloped.tolist()), drawn.null.sloped, drawn.sloped),
    )


def steps(collection: Collection) -> list[Step]:
    """Return what moving the line would do, the strictest first; the line of now is among them.

    Pairs that were not judged yet count nowhere: those of the loosest line should have been.
    """
    every = sorted({*STEPS, collection.profile.settings.judge.false_pairs})
    words, tracks = _compared(collection), collection.cache.tracks(collection.sources())
    found, floor = pairs.matches(accepting(collection, every[-1])), pairs.floors(collection)
    kept = groups.joined(collection, tracks, found)
    taken = []
    for line in pairs.lines(collection, every):
        savings = judge.savings(tracks, (match for match in kept if line.reached(match.pair)))
        alike = threshold.similarity(line.evidence, words)
        floored = (line.evidence, line.sloped) == floor
        counting = sum(line.reached(match.pair) for match in found)
        taken.append(Step(line, alike, floored, counting, len(savings), sum(savings)))
    return taken


def nearest(collection: Collection, count: int) -> Nearest:
    """Return the `count` pairs of either side of the line that are nearest to it, by how likely they are by chance."""
    above: list[tuple[float, Pair]] = []
    below: list[tuple[float, Pair]] = []
    for distance, pair in _beside(collection, count):
        (above if distance >= 0 else below).append((abs(distance), pair))
    return Nearest(*([pair for _far, pair in _first(some, count)] for some in (above, below)))


def told(collection: Collection, found: Iterable[Pair]) -> list[FilePair]:
    """Return judged pairs of audios, each as one pair of files that hold them."""
    drawn, verdicts, tracks = (
        pairs.line(collection),
        collection.cache.verdicts(relation.RULE),
        pairs.holders(collection),
    )
    return [
        pairs.file_pair(pairs.match(pair, verdicts[pair.i, pair.j], drawn), tracks[pair.i][0], tracks[pair.j][0])
        for pair in found
        if (pair.i, pair.j) in verdicts
    ]


def _beside(collection: Collection, count: int) -> Iterator[tuple[float, Pair]]:
    """Yield pairs and how far above the line each is, in steps in which chance falls to 1/e: enough of each file."""
    drawn = pairs.line(collection)
    for block in pairs.stored(collection):
        z, sloped = pairs.evidence(block)
        fall = np.where(sloped, drawn.null.sloped.fall, drawn.null.flat.fall)
        distance = (z - np.where(sloped, drawn.sloped, drawn.evidence)) / fall
        order = np.argsort(distance, kind="stable")
        middle = int(np.searchsorted(distance[order], 0.0))
        near = order[max(0, middle - count) : middle + count]
        yield from zip(distance[near].tolist(), chunks.pairs(block[near]), strict=True)


def _first(some: list[tuple[float, Pair]], count: int) -> list[tuple[float, Pair]]:
    return heapq.nsmallest(count, some, key=lambda each: (each[0], each[1].i, each[1].j))


def _compared(collection: Collection) -> int:
    """Return the median of the words that are compared of a track."""
    seconds = collection.profile.settings.correlate.sample
    counts = [extent.opened(words, seconds) for _serial, words in collection.cache.comparable(collection.made, 1)]
    return int(median(counts)) if counts else 0
