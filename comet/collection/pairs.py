"""Pairs: what was found to belong together, how sure that is, and how it is related."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from comet.collection.opened import Collection
from comet.compare import chunks
from comet.core.model import SECONDS_PER_WORD, Audio, Match, Pair, Relation, Track, Verdict, Words
from comet.judge import relation, threshold


@dataclass(frozen=True, slots=True)
class Line:
    """The line that is drawn on the evidence."""

    audios: int
    """How many were compared with each other."""
    accepted: float
    """False pairs that the user accepts in the whole collection."""
    evidence: float
    """A pair counts from here on."""
    expected_false: float
    """False pairs to expect among all that count."""


@dataclass(frozen=True, slots=True)
class FilePair:
    """A pair of files as the faces see it: `a` < `b`, offset and overlap in seconds, b starts at a + offset."""

    a: Track
    b: Track
    similarity: float
    offset: float
    overlap: float
    relation: Relation
    clear: bool
    holder: str
    """Of a *contains*: `a` or `b`, whichever holds the other one."""
    how: str
    """Of a *variant*: `speed`, `cut` or `altered`."""
    evidence: float | None
    """None where both hold the same encoded audio."""
    p_value: float
    expected_false: float


def line(collection: Collection) -> Line:
    """Return where the line is drawn for this collection now."""
    audios = len(collection.comparable())
    accepted = collection.profile.settings.judge.false_pairs
    evidence = threshold.threshold(audios, accepted)
    return Line(audios, accepted, evidence, threshold.expected_false(evidence, audios))


def candidates(collection: Collection) -> Iterator[Pair]:
    """Yield the pairs of audios whose evidence reaches the line, and that are in files that are there."""
    lowest = line(collection).evidence
    serials = np.array(collection.comparable(), np.int64)
    alive = np.zeros(int(serials.max(initial=0)) + 1, np.bool_)
    alive[serials] = True
    for block in chunks.records(collection.results, cache=collection.cache.id, settings=collection.compared):
        inside = block[(block["evidence"] >= lowest * chunks.EVIDENCE) & (block["j"] < len(alive))]  # and i < j
        yield from chunks.pairs(inside[alive[inside["i"]] & alive[inside["j"]]])


def matches(collection: Collection) -> list[Match]:
    """Return the pairs of audios that count and whose relation is known, surest first."""
    verdicts = collection.cache.verdicts(relation.RULE)
    audios = line(collection).audios
    found = {}
    for pair in candidates(collection):
        verdict = verdicts.get((pair.i, pair.j))
        if verdict is not None:
            p_value = threshold.p_value(pair.evidence)
            found[pair.i, pair.j] = Match(pair, verdict, p_value, threshold.expected_false(pair.evidence, audios))
    return sorted(found.values(), key=lambda match: (-match.pair.evidence, match.pair.i, match.pair.j))


def of_files(collection: Collection) -> Iterator[FilePair]:
    """Yield every pair of files that belong together: those of one audio first, then by evidence."""
    by_audio: dict[int, list[Track]] = defaultdict(list)
    for track in collection.cache.tracks(collection.scanned_roots()):
        by_audio[track.audio.serial].append(track)
    for tracks in by_audio.values():
        for one, other in itertools.combinations(sorted(tracks, key=lambda t: t.path), 2):
            seconds = one.audio.duration
            yield FilePair(one, other, 1.0, 0.0, seconds, Relation.SAME, True, "", "", None, 0.0, 0.0)
    yield from _of_audios(matches(collection), by_audio)


def copies(one: Track, other: Track) -> FilePair:
    """Return the pair of two files of one audio."""
    a, b = sorted((one, other), key=lambda track: track.path)
    return FilePair(
        a, b, 1.0, 0.0, a.audio.duration, Relation.SAME, clear=True, holder="", how="",
        evidence=None, p_value=0.0, expected_false=0.0,
    )  # fmt: skip


def _of_audios(found: Sequence[Match], by_audio: Mapping[int, Sequence[Track]]) -> Iterator[FilePair]:
    for match in found:
        for i, j in itertools.product(by_audio.get(match.pair.i, ()), by_audio.get(match.pair.j, ())):
            yield file_pair(match, i, j)


def file_pair(match: Match, i: Track, j: Track) -> FilePair:
    """Return a pair of audios as the pair of these two files."""
    turned = i.path > j.path
    verdict = match.verdict
    holder = "" if not verdict.holder else "a" if (verdict.holder == match.pair.i) != turned else "b"
    return FilePair(
        j if turned else i,
        i if turned else j,
        verdict.similarity,
        (-verdict.offset if turned else verdict.offset) * SECONDS_PER_WORD + 0.0,
        verdict.overlap * SECONDS_PER_WORD,
        verdict.relation,
        verdict.clear,
        holder,
        verdict.how,
        match.pair.evidence,
        match.p_value,
        match.expected_false,
    )


def related(i: Audio, j: Audio, words_i: Words, words_j: Words) -> Verdict:
    """Judge two audios on their whole fingerprints: what was compared with all others is only their start."""
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here

    return relation.relate(i, j, words_i, words_j, sample.align(words_i, words_j).offset)
