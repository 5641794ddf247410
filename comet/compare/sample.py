"""Which words of a track are compared, made ready for the kernels; and the best offset of one pair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.compare import kernels
from comet.compare.extent import HOUR, MINIMUM
from comet.core.words import informative

if TYPE_CHECKING:
    from comet.core.model import Words


class Best(NamedTuple):
    """Where two tracks agree most: b starts at a + `offset`."""

    offset: int
    overlap: int
    """Informative words there; 0 where no offset has enough of them."""
    error: float
    """Bit error rate over them."""
    evidence: float
    """z; 0 without an overlap."""


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


def prepare(tracks: Iterable[tuple[int, Words]]) -> Sample:
    """Make tracks ready to be compared.

    Args:
        tracks: (serial number, words as `opening` gives them), each number once, in any order; taken one by one.
    """
    ready = sorted(((serial, *_ready(words)) for serial, words in tracks), key=lambda track: track[0])
    serials, words, means, runs = zip(*ready, strict=True) if ready else ((), (), (), ())
    return Sample(
        np.array(serials, np.int64),
        np.concatenate([np.zeros(0, np.uint32), *words]),
        np.cumsum([0, *map(len, words)], dtype=np.int64),
        np.array(means, np.int32).reshape(-1, 32),
        np.concatenate([np.zeros((0, 2), np.int32), *runs]),
        np.cumsum([0, *map(len, runs)], dtype=np.int64),
        max(map(len, words), default=0),
    )


def _ready(words: Words) -> tuple[Words, NDArray[np.int32], NDArray[np.int32]]:
    """Return the masked words, the means and the runs of one track."""
    words = np.ascontiguousarray(words, np.uint32)
    good = informative(words)
    bits = np.unpackbits(words[good].astype("<u4").view(np.uint8).reshape(-1, 4), axis=1, bitorder="little")
    # a product with ones adds up four times as fast as sum(), and exactly so below 2 ** 24 words
    sums = (np.ones(len(bits), np.float32) @ bits.astype(np.float32)).astype(np.float64)
    means = np.rint(sums / max(1, len(bits)) * kernels.SCALE).astype(np.int32)
    edges = np.flatnonzero(np.diff(good, prepend=False, append=False)).astype(np.int32)
    return np.where(good, words, np.uint32(0)), means, edges.reshape(-1, 2)


def best(a: Words, b: Words, minimum: int = MINIMUM, span: int = 0) -> Best:
    """Return where a and b agree most; all their words are looked at.

    Args:
        a: Words of one track.
        b: Of the other.
        minimum: Least informative overlap.
        span: Largest offset, 0 for any.
    """
    sample = prepare([(1, a), (2, b)])
    found = np.empty((1, kernels.FOUND))
    if not compare(sample, (1, 0), 1, minimum, span, -np.inf, found, np.zeros(kernels.BINS, np.int64)):
        return Best(0, 0, 0.5, 0.0)
    _, _, offset, overlap, differ, z = found[0].tolist()
    return Best(int(offset), int(overlap), differ / (32 * overlap), z)


def align(a: Words, b: Words) -> Best:
    """Return where two whole tracks (their first hour) agree most, at any offset."""
    return best(a[:HOUR], b[:HOUR])


def compare(
    sample: Sample,
    start: tuple[int, int],
    count: int,
    minimum: int,
    span: int,
    floor: float,
    found: NDArray[np.float64],
    histogram: NDArray[np.int64],
) -> int:
    """Compare `count` pairs from `start` = (j, i) on, row by row; see `kernels.pairs`."""
    return kernels.pairs(
        sample.words,
        sample.offsets,
        sample.means,
        sample.runs,
        sample.run_offsets,
        *start,
        count,
        sample.longest,
        max(1, minimum),
        span if span > 0 else sample.longest,
        floor,
        found,
        histogram,
    )
