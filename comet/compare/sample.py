"""Which words of a track are compared, made ready for the kernels; and the best offset of one pair."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from comet.compare import chunks, kernels, ready, slopes
from comet.compare.extent import HOUR, MINIMUM
from comet.core.model import Words
from comet.core.sampled import Tail

Tails: TypeAlias = tuple[Tail, Tail]
"""How the evidence of unrelated pairs falls off: flat, and along slopes."""

GATE: Final = 4.0
"""Flat evidence from which on slopes are looked at: 5 to 17 % of unrelated pairs of real music, of copies at 2 % all,
at 3 % 97 in a hundred, at 4 % 90. At 5 one in five of those at 4 % is lost; below 4 each half z triples the pairs."""
REACH: Final = 150
"""Largest offset in words, 18.6 s, at the start of the first track, of a line along a slope. A pair costs 2.2 times as
much as in the flat form, with twice the reach 4, with any offset 13, and chance has more lines to be strong on; what is
lost are copies at another speed that begin later and that the flat form does not see."""

_PIECE: Final = 64
"""Pairs that one thread compares in `evidence`, some 10 ms."""


class Best(NamedTuple):
    """Where two tracks agree most: b starts at a + `offset`, and where `slope` is 0 stays there."""

    offset: int
    overlap: int
    """Informative words there; 0 where no offset has enough of them."""
    error: float
    """Bit error rate over them."""
    evidence: float
    """z; 0 without an overlap."""
    slope: float
    """Percent by which the offset grows: a's word k >= s stands against b's k - offset - (k - s) slope / 100, with s =
    max(0, offset), where the overlap starts. b then plays faster by slope / (1 - slope / 100) percent."""


class Found(NamedTuple):
    """Pairs that were found, one array of shape (n,) a column."""

    i: NDArray[np.int64]
    """Indices of the sample."""
    j: NDArray[np.int64]
    offset: NDArray[np.float64]
    """Words; for a pair along a slope where the overlap starts. This and what follows as in `Best`."""
    overlap: NDArray[np.float64]
    error: NDArray[np.float64]
    evidence: NDArray[np.float64]
    slope: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """The words of many tracks that are compared, in the order of their serial numbers. Made by `prepare`."""

    serials: NDArray[np.int64]
    """Shape (n,), ascending."""
    words: Words
    """Concatenated; missing words are 0."""
    offsets: NDArray[np.int64]
    """Shape (n + 1,): track t has words[offsets[t] : offsets[t + 1]]."""
    means: NDArray[np.int32]
    """Shape (n, 32): mean of each bit over the informative words, in `kernels.SCALE`."""
    runs: NDArray[np.int32]
    """Shape (r, 2): informative runs [p, q), counted from the track's start."""
    run_offsets: NDArray[np.int64]
    """Shape (n + 1,)."""
    longest: int
    """Words of the longest track."""

    def below(self, serial: int) -> Sample:
        """Return the tracks before this serial number; nothing is copied."""
        count = int(np.searchsorted(self.serials, serial))
        if count == len(self.serials):
            return self
        offsets, run_offsets = self.offsets[: count + 1], self.run_offsets[: count + 1]
        words, runs = self.words[: offsets[-1]], self.runs[: run_offsets[-1]]
        longest = int(np.diff(offsets).max(initial=0))
        return Sample(self.serials[:count], words, offsets, self.means[:count], runs, run_offsets, longest)


def prepare(tracks: Iterable[tuple[int, Words]]) -> Sample:
    """Make tracks ready to be compared.

    Args:
        tracks: (serial number, words as `opening` gives them), each number once, ascending; taken one by one, so that
            all of them are in memory once. `memory.sample` says what they take.

    Raises:
        ValueError: They do not ascend.
    """
    serials, ends = array("q"), array("q", [0])
    words, size = np.empty(1 << 16, np.uint32), 0
    for serial, track in tracks:
        if size + len(track) > len(words):
            words.resize((size + len(track)) * 33 // 32, refcheck=False)  # moves no page, but sets what is new to 0
        words[size : size + len(track)] = track
        size += len(track)
        serials.append(serial)
        ends.append(size)
    words.resize(size, refcheck=False)
    numbers, offsets = np.array(serials, np.int64), np.array(ends, np.int64)
    if np.any(np.diff(numbers) <= 0):
        raise ValueError("serial numbers have to ascend")
    means = np.empty((len(numbers), 32), np.int32)
    runs = np.empty((size // 2 + len(numbers), 2), np.int32)  # pages that nothing is written to take no memory
    run_offsets = np.empty(len(numbers) + 1, np.int64)
    ready.tracks(words, offsets, means, runs, run_offsets)
    runs.resize((int(run_offsets[-1]), 2), refcheck=False)
    return Sample(numbers, words, offsets, means, runs, run_offsets, int(np.diff(offsets).max(initial=0)))


def best(a: Words, b: Words, tails: Tails, minimum: int = MINIMUM, span: int = 0) -> Best:
    """Return where a and b agree most, at one offset or along a slope; all their words are looked at.

    Args:
        a: Words of one track.
        b: Of the other.
        tails: Which of the two forms is the stronger one.
        minimum: Least informative overlap.
        span: Largest offset, 0 for any.
    """
    both, pair, found = prepare([(1, a), (2, b)]), np.array([[0, 1]]), np.empty((1, kernels.FOUND))
    if not _flat(both, pair, minimum, span, -np.inf, found):
        return Best(0, 0, 0.5, 0.0, 0.0)
    _pair, *flat = found[0].tolist()
    start, steps, *sloped = _sloped(both, pair, minimum, span)[0].tolist()
    excess = [(z - tail.q99) / tail.fall for z, tail in zip((flat[-1], sloped[-1]), tails, strict=True)]
    leans = steps != 0 and sloped[-1] > flat[-1] and excess[1] > excess[0]
    offset, overlap, differ, z = [start, *sloped] if leans else flat
    return Best(int(offset), int(overlap), differ / (32 * overlap), z, steps * (100 / slopes.UNIT) if leans else 0.0)


def align(a: Words, b: Words, tails: Tails) -> Best:
    """Return where two whole tracks (their first hour) agree most, at any offset or along a slope."""
    return best(a[:HOUR], b[:HOUR], tails)


def consecutive(start: tuple[int, int], count: int) -> NDArray[np.int64]:
    """Return `count` pairs (i, j) from `start` = (j, i) on, row by row: (i + 1, j) ... (j - 1, j), (0, j + 1) ..."""
    row, column = start
    return numbered(row * (row - 1) // 2 + column + np.arange(count, dtype=np.int64))


def numbered(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs (i, j), i < j, that have these numbers, shape (n, 2); number k is (k - j (j - 1) / 2, j)."""
    j = ((1.0 + np.sqrt(1.0 + 8.0 * numbers)) / 2.0).astype(np.int64)  # exact: the root of an odd square, or below it
    return np.column_stack((numbers - j * (j - 1) // 2, j))


def compare(
    sample: Sample,
    pairs: NDArray[np.int64],
    floors: tuple[float, float],
    minimum: int = MINIMUM,
    span: int = 0,
    *,
    gate: float = GATE,
) -> Found:
    """Compare pairs at every offset, those that show something there along slopes too, and keep what reaches a floor.

    Args:
        sample: Its tracks.
        pairs: Shape (n, 2): i and j of each, indices of the sample; those of one j best stand together.
        floors: Least evidence of a pair that is kept, flat and along slopes.
        minimum: Least informative overlap.
        span: Largest offset, 0 for any.
        gate: Least flat evidence of a pair that is looked at along slopes.

    Returns:
        In the order of `pairs`, a pair once or twice: flat, and then along a slope where it has more evidence so.
    """
    found = np.empty((len(pairs), kernels.FOUND))
    found = found[: _flat(sample, pairs, minimum, span, min(gate, floors[0]), found)]
    near = found[:, 4] >= gate
    at, flat = found[:, 0].astype(np.int64), np.insert(found[:, 1:], slopes.STEP, 0, axis=1)
    along = _sloped(sample, pairs[at[near]], minimum, span)
    more = (along[:, slopes.STEP] != 0) & (along[:, -1] > flat[near, -1]) & (along[:, -1] >= floors[1])
    high = flat[:, -1] >= floors[0]
    at, best = np.concatenate([at[high], at[near][more]]), np.concatenate([flat[high], along[more]])
    order = np.argsort(at, kind="stable")
    i, j = pairs[at[order]].T
    offset, steps, overlap, differ, z = best[order].T
    return Found(i, j, offset, overlap, differ / (32 * overlap), z, steps * (100 / slopes.UNIT))


def surest(found: Found, tails: Tails) -> Found:
    """Return each pair once, in that form of its evidence which chance explains less."""
    flat, sloped = ((found.evidence - tail.q99) / tail.fall for tail in tails)
    kept = chunks.surest(found.i, found.j, np.where(found.slope != 0, sloped, flat))
    return Found._make(column[kept] for column in found)


def evidence(
    sample: Sample, pairs: NDArray[np.int64], minimum: int = MINIMUM, span: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the evidence of pairs in both forms, flat and along slopes, whatever it is; all cores compare.

    Args:
        sample: Its tracks.
        pairs: Shape (n, 2), i < j of each, indices of the sample.
        minimum: Least informative overlap.
        span: Largest offset, 0 for any.

    Returns:
        Two arrays of shape (n,); -inf where nothing has enough overlap.
    """
    flat, sloped = np.full(len(pairs), -np.inf), np.full(len(pairs), -np.inf)
    # Long tracks cost more: many small pieces, so that no thread is left with all of them.
    pieces = [slice(begin, begin + _PIECE) for begin in range(0, len(pairs), _PIECE)]

    def fill(piece: slice) -> None:
        some = np.ascontiguousarray(pairs[piece])
        found = np.empty((len(some), kernels.FOUND))
        count = _flat(sample, some, minimum, span, -np.inf, found)
        flat[piece][found[:count, 0].astype(np.int64)] = found[:count, 4]
        sloped[piece] = _sloped(sample, some, minimum, span)[:, 4]

    with ThreadPoolExecutor(cores()) as pool:
        for _done in pool.map(fill, pieces):
            pass
    return flat, sloped


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _flat(
    sample: Sample,
    pairs: NDArray[np.int64],
    minimum: int,
    span: int,
    floor: float,
    found: NDArray[np.float64],
) -> int:
    """Compare at every offset; see `kernels.pairs`."""
    longest = sample.longest
    return kernels.pairs(*_tracks(sample), pairs, longest, max(1, minimum), span if span > 0 else longest, floor, found)


def _sloped(sample: Sample, pairs: NDArray[np.int64], minimum: int, span: int) -> NDArray[np.float64]:
    """Compare along slopes; see `slopes.pairs`."""
    found = np.empty((len(pairs), slopes.FOUND))
    reach = min(REACH, span if span > 0 else REACH)
    slopes.pairs(*_tracks(sample), pairs, sample.longest, max(1, minimum), reach, found)
    return found


def _tracks(
    sample: Sample,
) -> tuple[Words, NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    return sample.words, sample.offsets, sample.means, sample.runs, sample.run_offsets
