"""Expected against counted false pairs, on real music: `python -m tests.benchmarks.bench_calibration POOL.npz`.

POOL.npz is made by `tests.benchmarks.pool`. Pairs of different packages are taken for unrelated. Some are not: the same
piece is in two packages. A pair whose evidence reaches `COPY` is left out and named, with all other pairs of the two
pieces. No pair is left out for any other reason.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.compare import kernels
from comet.compare.sample import evidence
from comet.core.model import SECONDS_PER_WORD
from comet.core.sampled import Sampled, Tail
from comet.core.words import SILENCE
from comet.judge.threshold import Null, learn
from tests.benchmarks.pool import Pool, load, summary

COPY: Final = (18.0, 20.0)
"""Evidence, flat and along a slope, that makes a pair a copy: with a tail half as steep again as any that was measured
(1.0), two million pairs reach it 0.04 times; copies in another format have 50 and more."""
LEVELS: Final = (1000.0, 100.0, 10.0, 1.0, 0.1)
"""Expected false pairs of the whole."""
SUBSETS: Final = ((50, 400), (500, 60))
"""Tracks of a random subset, and draws."""
CUTS: Final = (10, 20, 30, 60)
"""Seconds that tracks are cut to."""
SAMPLED: Final = 50_000
"""Random pairs that q99 is learned from, where it is learned as in use."""


class Found(NamedTuple):
    """Unrelated pairs and their evidence; arrays of one length."""

    pairs: NDArray[np.int64]
    """Shape (n, 2)."""
    flat: NDArray[np.float64]
    sloped: NDArray[np.float64]

    def only(self, keep: NDArray[np.bool_]) -> Found:
        """Return some of the pairs."""
        return Found(self.pairs[keep], self.flat[keep], self.sloped[keep])


def compare(pool: Pool, pairs: NDArray[np.int64]) -> Found:
    """Return the evidence of those pairs that overlap enough."""
    found = Found(pairs, *evidence(pool.sample(), pairs))
    return found.only(np.isfinite(found.flat) & np.isfinite(found.sloped))


def copies(found: Found) -> NDArray[np.bool_]:
    """Say which pairs are of two tracks that are copies, or are copies of tracks that are."""
    high = (found.flat >= COPY[0]) | (found.sloped >= COPY[1])
    piece = np.arange(int(found.pairs.max(initial=0)) + 1)
    for i, j in found.pairs[high]:
        piece[piece == piece[j]] = piece[i]
    out: NDArray[np.bool_] = piece[found.pairs[:, 0]] == piece[found.pairs[:, 1]]
    return out


def histogram(z: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the evidence as comet stores it."""
    bins = np.clip((z * kernels.BIN).astype(np.int64), 0, kernels.BINS - 1)
    return np.bincount(bins, minlength=kernels.BINS).astype(np.int64)


def learned(found: Found, tracks: int, seed: int = 1) -> Null:
    """Return the tails that Comet would learn from `SAMPLED` of the pairs."""
    at = np.random.default_rng(seed).permutation(len(found.flat))[:SAMPLED]
    return learn(Sampled(tracks, histogram(found.flat[at]), histogram(found.sloped[at])))


def line(tail: Tail, pairs: int, expected: float) -> float:
    """Return the evidence that `expected` of the unrelated pairs reach."""
    return tail.q99 + tail.fall * math.log(0.01 * pairs / expected)


def counted(found: Found, null: Null, expected: float) -> int:
    """Return how many pairs count, by either form at half of what is expected, as in use."""
    flat, sloped = (line(tail, len(found.flat), expected / 2) for tail in null)
    return int(((found.flat >= flat) | (found.sloped >= sloped)).sum())


def shape(z: NDArray[np.float64]) -> str:
    """Describe a distribution: points, largest, and how fast its tail falls, fitted beyond the 99 and 99.9 % points."""
    points = np.quantile(z, [0.5, 0.99, 0.999, 0.9999, 0.99999])
    falls = [float((z[z > point] - point).mean()) for point in points[1:3]]
    shown = " ".join(f"{point:6.2f}" for point in points)
    return f"{shown} {z.max():6.2f}   {falls[0]:.2f} {falls[1]:.2f}"


HEAD: Final = "    50 %   99 %   99.9  99.99 99.999    max   fall beyond 99 and 99.9 %\n"


def levels(found: Found, null: Null) -> Iterator[str]:
    """Yield a table of expected and counted pairs."""
    for expected in LEVELS:
        row = f"{expected:8g}"
        for z, tail in zip(found[1:], null, strict=True):
            at = line(tail, len(z), expected)
            row += f"   {at:6.2f} {int((z >= at).sum()):6d}"
        yield f"{row}   {counted(found, null, expected):6d}\n"


def whole(pool: Pool) -> Iterator[str]:
    """Yield what was found on all pairs."""
    found = compare(pool, pool.unrelated())
    same = copies(found)
    yield f"{len(found.flat)} pairs with enough overlap; left out as copies: {int(same.sum())}\n"
    for at in np.flatnonzero(same)[:60]:
        yield named(pool, found, int(at))
    found = found.only(~same)
    yield "the highest that stay\n"
    for at in np.argsort(-np.maximum(found.flat, found.sloped - 1))[:12]:
        yield named(pool, found, int(at))
    yield HEAD
    yield f"flat   {shape(found.flat)}\nsloped {shape(found.sloped)}\n"
    for said, null in (("learned", learned(found, len(pool))), ("prior", Null())):
        yield f"{said} q99: flat {null.flat.q99:.2f}, sloped {null.sloped.q99:.2f}\n"
        yield "expected   flat z counted  sloped z counted  either, each at half\n"
        yield from levels(found, null)
    for form, z in (("flat", found.flat), ("sloped", found.sloped)):
        yield f"{form} beyond 10: {int((z >= 10).sum())}, 11: {int((z >= 11).sum())}, 12: {int((z >= 12).sum())}\n"
    yield from subsets(pool, found)
    yield from kinds(pool, found)


def named(pool: Pool, found: Found, at: int) -> str:
    """Return a line that names a pair."""
    i, j = found.pairs[at].tolist()
    return f"  {found.flat[at]:5.1f} {found.sloped[at]:5.1f}  {pool.called(i)}  {pool.called(j)}\n"


def subsets(pool: Pool, found: Found) -> Iterator[str]:
    """Yield what random subsets of the tracks, each with a q99 of its own, would have found."""
    rng = np.random.default_rng(2)
    for size, draws in SUBSETS:
        if size > len(pool):
            continue
        counts = []
        for draw in range(draws):
            inside = np.zeros(len(pool), np.bool_)
            inside[rng.choice(len(pool), size, replace=False)] = True
            here = found.only(np.all(inside[found.pairs], axis=1))
            null = learned(here, size, draw)
            counts.append((*(counted(here, null, e) for e in LEVELS), null.flat.q99, null.sloped.q99))
        table = np.array(counts)
        yield f"{draws} subsets of {size} tracks: expected, counted on average, 10 and 90 % of the draws\n"
        for expected, column in zip(LEVELS, table.T, strict=False):
            low, high = np.quantile(column, [0.1, 0.9])
            yield f"{expected:8g} {column.mean():9.3f} {low:7.0f} {high:7.0f}\n"
        q99 = "; ".join("{:.2f} {:.2f} {:.2f}".format(*np.quantile(c, [0.1, 0.5, 0.9])) for c in table.T[-2:])
        yield f"  q99 flat; sloped, 10 50 90 %: {q99}\n"


def kinds(pool: Pool, found: Found) -> Iterator[str]:
    """Yield the distribution within each kind of music, and what a line learned there would let in."""
    kind = pool.kinds[found.pairs]
    yield f"by kind of music{HEAD[3:]}"
    for name in [*np.unique(pool.kinds), "mixed"]:
        here = found.only(kind[:, 0] != kind[:, 1] if name == "mixed" else (kind == name).all(1))
        if len(here.flat) < 1000:
            continue
        null = learned(here, len(pool))
        yield f"{name}, {len(here.flat)} pairs, q99 {null.flat.q99:.2f} {null.sloped.q99:.2f}\n"
        yield f"  flat   {shape(here.flat)}\n  sloped {shape(here.sloped)}\n"
        shown = ", ".join(f"{e:g}: {counted(here, null, e)}" for e in LEVELS[1:])
        yield f"  expected: counted, either form: {shown}\n"


def cut(pool: Pool) -> Iterator[str]:
    """Yield what short tracks do."""
    for seconds in CUTS:
        short = pool.cut(round(seconds / SECONDS_PER_WORD))
        found = compare(short, short.unrelated())
        found = found.only(~copies(found))
        null = learned(found, len(short))
        yield f"cut to {seconds} s, {len(found.flat)} pairs, q99 {null.flat.q99:.2f} {null.sloped.q99:.2f}\n{HEAD}"
        yield f"flat   {shape(found.flat)}\nsloped {shape(found.sloped)}\n"
        for said, tails in (("learned", null), ("prior", Null())):
            yield f"  {said}: " + ", ".join(f"{e:g}: {counted(found, tails, e)}" for e in LEVELS) + "\n"


def silent(pool: Pool, seconds: int = 20) -> Iterator[str]:
    """Yield what a silence at the start of both tracks does, which is masked: against the same words cut away."""
    words = round(seconds / SECONDS_PER_WORD)
    long = pool.only(np.flatnonzero([len(track) > 2 * words for track in pool.words]))
    pairs = long.unrelated(100_000)
    for said, start in ((f"{seconds} s of silence first", words), ("the same without", 0)):
        tracks = [np.concatenate([np.full(start, SILENCE, np.uint32), track[words:]]) for track in long.words]
        found = compare(Pool(tracks, long.kinds, long.packages, long.names, long.durations), pairs)
        found = found.only(~copies(found))
        yield f"{said}, {len(found.flat)} pairs\n{HEAD}flat   {shape(found.flat)}\nsloped {shape(found.sloped)}\n"


def main() -> None:
    """Print the figures."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.benchmarks.bench_calibration POOL.npz")
    pool = load(sys.argv[1])
    sys.stdout.write(summary(pool))
    for part in (whole, cut, silent):
        for text in part(pool):
            sys.stdout.write(text)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
