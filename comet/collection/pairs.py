"""Pairs: what was found to belong together, how sure that is, and how it is related."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.collection.opened import Collection
from comet.compare import chunks, tiers
from comet.core.model import SECONDS_PER_WORD, Match, Pair, Part, Relation, Track, Verdict
from comet.judge import relation, threshold
from comet.judge.relation import Whole


@dataclass(frozen=True, slots=True)
class Line:
    """The line that is drawn on the evidence."""

    audios: int
    """How many were compared with each other."""
    accepted: float
    """False pairs that the user accepts in the whole collection."""
    evidence: float
    """A pair counts from here on; where its evidence was found along a slope, from `sloped` on."""
    sloped: float
    expected_false: float
    """False pairs to expect among all that count."""
    null: threshold.Null
    """How the evidence of unrelated pairs falls off here."""
    doubt: str
    """Why `expected_false` may be wrong: `few` audios, an `odd` collection; else empty."""

    def reached(self, pair: Pair) -> bool:
        """Tell whether a pair counts."""
        return pair.evidence >= (self.sloped if pair.sloped else self.evidence)


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
    """Probability that an unrelated pair has so much evidence in this form."""
    expected_false: float
    """False pairs in the whole collection if the line were drawn at this pair."""
    sloped: bool = False
    """The evidence was found along a slope, that is at another speed."""
    speed: float = 0.0
    """Percent by which b plays faster than a; 0 where both play at one speed."""
    parts: tuple[Part, ...] = ()
    """What they have in common, `i` in a and `j` in b, in the order of a."""
    doubt: str = ""
    """Of a *same* that is to check: `differs`, `levels` or `limited`; else empty."""
    pitch: bool | None = None
    """Of two speeds: the pitch has moved as much as the tempo; None where nobody has listened for that."""


def line(collection: Collection) -> Line:
    """Return where the line is drawn for this collection now."""
    return lines(collection, [collection.profile.settings.judge.false_pairs])[0]


def lines(collection: Collection, accepting: Sequence[float]) -> list[Line]:
    """Return where the line would be drawn if so many false pairs were accepted, for each of these numbers."""
    audios, sampled = len(collection.comparable()), collection.cache.sampled(sampled_by(collection))
    null, doubt = threshold.learn(sampled), threshold.doubt(sampled, audios)
    floor = floors(collection)
    found = []
    for accepted in accepting:
        drawn = threshold.lines(audios, accepted, null, floor)
        found.append(Line(audios, accepted, *drawn, threshold.among(audios, drawn, null), null, doubt))
    return found


def sampled_by(collection: Collection) -> str:
    """Return the settings that random pairs are compared by, as the cache knows them."""
    return json.dumps(collection.compared, sort_keys=True)


def outdated(collection: Collection) -> bool:
    """Tell whether random pairs have to be drawn, or drawn anew, before the line can be trusted."""
    return threshold.outdated(collection.cache.sampled(sampled_by(collection)), len(collection.comparable()))


def covered(collection: Collection) -> chunks.Coverage:
    """Return what was compared by the settings of now."""
    return chunks.coverage(collection.results, cache=collection.cache.id, settings=collection.compared)


def floors(collection: Collection) -> threshold.Lines:
    """Return the least evidence that was kept."""
    index = tiers.floors(collection.comparable(), covered(collection))
    return threshold.Lines(*map(max, zip(threshold.FLOOR, index, strict=True)))


def recall(collection: Collection) -> float | None:
    """Return the share of the pairs that count which comparing all with all would find; None where `span` bounds it.

    What the exact tier compares it finds. How much the index misses is told by how often it found each pair: of an
    epoch in which f1 pairs were found by one table only, and f2 by two, about f1 (f1 - 1) / (2 (f2 + 1)) were found by
    none (Chao 1984, in the form without bias; a lower bound where pairs differ in how hard they are to find).
    """
    if collection.compared["span"]:
        return None
    missed = sum(epoch.missed for epoch in seen(collection).values())
    found = count(collection)
    return found / (found + missed) if missed else 1.0


def count(collection: Collection) -> int:
    """Return how many pairs of audios count."""
    drawn = line(collection)
    return sum(int(counting(block, drawn).sum()) for block in stored(collection))


class Seen(NamedTuple):
    """What of an epoch the index has seen."""

    tables: int
    """That are done, from the first to the last unit."""
    found: int
    """Pairs that count."""
    missed: float
    """Such as none of the tables has, at least."""


def seen(collection: Collection) -> dict[tuple[int, int], Seen]:
    """Return by epoch what the index has seen of the pairs that were not compared exactly; see `recall`."""
    drawn, done = line(collection), covered(collection)
    alive = _alive(collection)
    edges = np.array(done.exact, np.int64).ravel()
    times: dict[tuple[int, int], dict[int, NDArray[np.uint64]]] = defaultdict(dict)
    for task, block in chunks.tables(collection.results, cache=collection.cache.id, settings=collection.compared):
        some = block[counting(block, drawn)]
        some = some[_there(some, alive) & (np.searchsorted(edges, some["j"].astype(np.int64), side="right") % 2 == 0)]
        keys = chunks.key(some)  # in order, and 0 is none; a pair that was kept in both forms has two
        before = times[task[:2]].get(task.table, keys[:0])
        once = (np.diff(keys, prepend=np.uint64(0)) != 0) & ~np.isin(keys, before)
        times[task[:2]][task.table] = np.concatenate([before, keys[once]])
    full = Counter(task[:2] for task, units in done.index.items() if units == ((0, tiers.UNITS),))
    told = {}
    for epoch, by_table in times.items():
        _pairs, counts = np.unique(np.concatenate(list(by_table.values())), return_counts=True)
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        told[epoch] = Seen(full[epoch], len(counts), once * (once - 1) / (2 * (twice + 1)))
    return told


def stored(collection: Collection) -> Iterator[chunks.Records]:
    """Yield the records of all pairs of audios that are in files that are there, whatever their evidence, each once.

    Where a pair was kept in both forms of evidence, it is that which chance explains less in this collection.
    """
    tails = threshold.learn(collection.cache.sampled(sampled_by(collection)))
    alive = _alive(collection)
    for block in chunks.records(collection.results, cache=collection.cache.id, settings=collection.compared):
        inside = block[_there(block, alive)]
        z, sloped = evidence(inside)
        excess = np.where(sloped, *((z - tail.q99) / tail.fall for tail in reversed(tails)))
        yield inside[chunks.surest(inside["i"], inside["j"], excess)]


def _alive(collection: Collection) -> NDArray[np.bool_]:
    """Return of each serial number whether a file holds that audio and it can be compared."""
    serials = np.array(collection.comparable(), np.int64)
    alive = np.zeros(int(serials.max(initial=0)) + 1, np.bool_)
    alive[serials] = True
    return alive


def _there(block: chunks.Records, alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell of which records both audios are alive."""
    known = block["j"] < len(alive)  # and i < j
    known[known] = alive[block["i"][known]] & alive[block["j"][known]]
    return np.asarray(known)


def candidates(collection: Collection) -> Iterator[Pair]:
    """Yield the pairs of audios whose evidence reaches the line, and that are in files that are there."""
    drawn = line(collection)
    for block in stored(collection):
        yield from chunks.pairs(block[counting(block, drawn)])


def counting(block: chunks.Records, drawn: Line) -> NDArray[np.bool_]:
    """Tell which records reach a line."""
    z, sloped = evidence(block)
    return z >= np.where(sloped, drawn.sloped, drawn.evidence)


def evidence(block: chunks.Records) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the evidence of records, and whether it was found along a slope; two arrays of their length."""
    return (block["evidence"] & 0xFFFE) / chunks.EVIDENCE, block["evidence"] & 1 == 1


def matches(collection: Collection) -> list[Match]:
    """Return the pairs of audios that count and whose relation is known, surest first."""
    verdicts = collection.cache.verdicts(relation.RULE)
    drawn = line(collection)
    found = {}
    for pair in candidates(collection):
        verdict = verdicts.get((pair.i, pair.j))
        if verdict is not None:
            found[pair.i, pair.j] = match(pair, verdict, drawn)
    return sorted(found.values(), key=lambda match: (match.p_value, -match.pair.evidence, match.pair.i, match.pair.j))


def match(pair: Pair, verdict: Verdict, drawn: Line) -> Match:
    """Return a pair of audios with how likely it is by chance alone."""
    tail = drawn.null.tail(sloped=pair.sloped)
    expected = threshold.expected_false(pair.evidence, threshold.comparisons(drawn.audios), tail)
    return Match(pair, verdict, threshold.p_value(pair.evidence, tail), expected)


def holders(collection: Collection) -> dict[int, list[Track]]:
    """Return the files that hold each audio, by its serial number."""
    by_audio: dict[int, list[Track]] = defaultdict(list)
    for track in collection.cache.tracks(collection.sources()):
        by_audio[track.audio.serial].append(track)
    return by_audio


def of_files(collection: Collection) -> Iterator[FilePair]:
    """Yield every pair of files that belong together: those of one audio first, then by evidence."""
    by_audio = holders(collection)
    for tracks in by_audio.values():
        for one, other in itertools.combinations(sorted(tracks, key=lambda t: t.path), 2):
            yield copies(one, other)
    yield from _of_audios(matches(collection), by_audio)


def copies(one: Track, other: Track, *, as_given: bool = False) -> FilePair:
    """Return the pair of two files of one audio."""
    a, b = (one, other) if as_given else sorted((one, other), key=lambda track: track.path)
    seconds = a.audio.duration
    return FilePair(
        a, b, 1.0, 0.0, seconds, Relation.SAME, clear=True, holder="", how="", evidence=None, p_value=0.0,
        expected_false=0.0, parts=(Part(0.0, 0.0, seconds),),
    )  # fmt: skip


def _of_audios(found: Sequence[Match], by_audio: Mapping[int, Sequence[Track]]) -> Iterator[FilePair]:
    for match in found:
        for i, j in itertools.product(by_audio.get(match.pair.i, ()), by_audio.get(match.pair.j, ())):
            yield file_pair(match, i, j)


def file_pair(match: Match, i: Track, j: Track, *, as_given: bool = False) -> FilePair:
    """Return a pair of audios as the pair of these two files."""
    turned = i.path > j.path and not as_given
    verdict = relation.mirrored(match.verdict) if turned else match.verdict
    holder = "" if not verdict.holder else "a" if verdict.holder == verdict.i else "b"
    return FilePair(
        j if turned else i,
        i if turned else j,
        verdict.similarity,
        verdict.offset * SECONDS_PER_WORD + 0.0,
        verdict.overlap * SECONDS_PER_WORD,
        verdict.relation,
        verdict.clear,
        holder,
        verdict.how,
        match.pair.evidence,
        match.p_value,
        match.expected_false,
        match.pair.sloped,
        verdict.speed,
        verdict.parts,
        verdict.doubt,
    )


def wholes(collection: Collection, serials: Iterable[int]) -> dict[int, Whole]:
    """Return known audios as judging takes them, by serial number, those that there are."""
    return {serial: Whole(*heard) for serial, heard in collection.cache.heard(serials).items()}


def related(i: Whole, j: Whole) -> Verdict:
    """Judge two audios on their whole fingerprints: what was compared with all others is only their start."""
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here
    from comet.judge import rule  # noqa: PLC0415 - likewise

    return rule.relate(i, j, lambda a, b: sample.align(a, b, threshold.Null()))
