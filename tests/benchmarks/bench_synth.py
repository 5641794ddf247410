"""How far generated collections behave like real music: `python -m tests.benchmarks.bench_synth POOL COPIES OUT`.

POOL.npz is a pool of unrelated tracks, COPIES.npz their changed copies as `bench_recall` makes them, OUT.npz a
collection of `tests.benchmarks.synth`. Real and generated tracks stand side by side: how often an index would look at
two of them, and how much two agree by chance; and by kind of change, how much copies agree with their originals.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.bench_calibration import HEAD, Found, compare, shape
from tests.benchmarks.bench_recall import ORIGINAL
from tests.benchmarks.pool import Pool, load
from tests.benchmarks.synth import called

if TYPE_CHECKING:
    from comet.core.model import Words

TRACKS: Final = 1500
"""Generated ones that are compared with each other."""
CHANGED: Final = 100_000
"""Tracks whose copies are looked at."""
WORDS: Final = 948
"""To which all are cut, so that they have as many chances; shorter ones stay out."""
RELATED: Final = 10.0
"""Flat evidence of pairs that are counted, and then left out: the same piece in two packages, or accident."""
KEYS: Final = (18, 20, 24)
"""Bits of a word that have to be equal for the surroundings to be looked at."""
DRAWN: Final = 6
"""Random choices of so many bits."""
AROUND: Final = (-24, -16, -8, 8, 16, 24)
"""Where the surroundings lie, in words."""
LINES: Final = (51, 59, 67)
"""Bits of the 192 around that may differ."""
MOVING: Final = 8
"""Bits that differ at least between the words 4 before and 4 after one that is looked at."""
LAGS: Final = (1, 2, 4, 8, 16, 64)


def generated(path: str, count: int) -> Pool:
    """Return the first tracks of a collection; its package is what a track belongs to, its kind the change."""
    data = np.load(path)
    offsets = data["offsets"][: count + 1]
    split = [name.decode().split(".", 1) for name in data["paths"][:count]]
    packages, kinds = (np.array(column) for column in zip(*split, strict=True))
    tracks = np.split(data["words"][: offsets[-1]], offsets[1:-1])
    return Pool(tracks, kinds, packages, packages, np.diff(offsets).astype(float))


def postings(pool: Pool, mask: np.uint32) -> tuple[Words, NDArray[np.int64], Words]:
    """Return key, track and surroundings of all words that an index would hold, by key."""
    keys, tracks, around = [], [], []
    for t, words in enumerate(pool.words):
        masked = words & mask
        at = np.arange(AROUND[-1] + 1, len(words) + AROUND[0] - 1)
        moving = np.bitwise_count(words[at - 4] ^ words[at + 4]) >= MOVING
        at = at[(masked[at] != masked[at - 1]) & moving]
        keys.append(masked[at])
        tracks.append(np.full(len(at), t))
        around.append(np.stack([words[at + lag] for lag in AROUND], 1))
    every = np.concatenate(keys)
    order = np.argsort(every, kind="stable")
    return every[order], np.concatenate(tracks)[order], np.concatenate(around)[order]


def collisions(pool: Pool, mask: np.uint32) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """Return how many postings there are; and of all two of one key the tracks, shape (n, 2), and how much differs."""
    keys, tracks, around = postings(pool, mask)
    pairs, differ = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    at = np.arange(len(keys))
    for distance in range(1, len(keys)):
        at = at[at < len(keys) - distance]
        at = at[keys[at] == keys[at + distance]]
        if not len(at):
            break
        pairs.append(np.sort(np.stack([tracks[at], tracks[at + distance]], 1), 1))
        differ.append(np.bitwise_count(around[at] ^ around[at + distance]).sum(1, dtype=np.int64))
    return len(keys), np.concatenate(pairs), np.concatenate(differ)


def index(pool: Pool, found: Found) -> Iterator[str]:
    """Yield by bits of a key what an index would look at, and what passes, a pair of unrelated tracks."""
    wanted = np.zeros((len(pool), len(pool)), np.bool_)
    wanted[tuple(found.pairs.T)] = True
    draw = np.random.default_rng(1)
    for bits in KEYS:
        held, differ, hit = 0, np.zeros(32 * len(AROUND) + 1, np.int64), []
        for _ in range(DRAWN):
            mask = np.uint32(sum(1 << int(bit) for bit in draw.choice(32, bits, replace=False)))
            postings_, pairs, by = collisions(pool, mask)
            counts = wanted[tuple(pairs.T)]
            held += postings_
            differ += np.bincount(by[counts], minlength=len(differ))
            hit.append(pairs[counts & (by <= LINES[1])] @ [len(pool), 1])
        total, each = len(found.pairs) * DRAWN, held / DRAWN / len(pool)
        passed = " ".join(f"<={line} {differ[: line + 1].sum() / total:.5f}" for line in LINES)
        most = np.sort(np.unique(np.concatenate(hit), return_counts=True)[1])[::-1]
        top = most[: len(found.pairs) // 1000].sum() / most.sum()
        looked, alike = differ.sum() / total, np.log2(differ.sum() / total / each**2)
        yield f"  {bits} bits: {each:.0f} held, two equal 2^{alike:.2f}, a pair {looked:.3f} looked at, pass {passed}, "
        yield f"of these at {LINES[1]} {top:.2f} in 1 of 1000 pairs\n"


def bits(pool: Pool) -> Iterator[str]:
    """Yield how bits behave along time."""
    means = np.array([(words[:, None] >> np.arange(31, -1, -1, dtype=np.uint32) & 1).mean(0) for words in pool.words])
    yield f"  means of the bits {' '.join(f'{mean:.2f}' for mean in means.mean(0))}, from track to track +-"
    yield f"{means.std(0).mean():.3f}\n"
    apart = [[np.bitwise_count(words[lag:] ^ words[:-lag]).mean() / 32 for words in pool.words] for lag in LAGS]
    lags = ", ".join(f"{lag}: {np.mean(of):.3f} +-{np.std(of):.3f}" for lag, of in zip(LAGS, apart, strict=True))
    yield f"  bits that differ so many words apart {lags}; a bit stays for {1 / np.mean(apart[0]):.2f} words\n"


def unrelated(name: str, pool: Pool) -> Iterator[str]:
    """Yield what two tracks have in common that have nothing in common."""
    found = compare(pool, pool.unrelated())
    related = found.flat >= RELATED
    highest = " ".join(f"{z:.1f}" for z in np.sort(found.flat[related])[::-1][:20])
    yield f"{name}: {len(pool)} tracks, {len(related)} pairs; {RELATED:g} and more: {related.sum()} ({highest})\n"
    yield f"  {HEAD}  flat   {shape(found.flat)}\n"
    yield from bits(pool)
    yield from index(pool, found.only(~related))


def originals(pool: Pool) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return the pairs of original and copy, shape (n, 2), and the change."""
    names = list(zip(pool.packages.tolist(), pool.names.tolist(), strict=True))
    first = {name: t for t, name in enumerate(names) if pool.kinds[t] in {ORIGINAL, "a"}}
    copy = np.flatnonzero((pool.kinds != ORIGINAL) & (pool.kinds != "a"))
    return np.array([(first[names[t]], t) for t in copy]), pool.kinds[copy]


def changes(real: Pool, made: Pool) -> Iterator[str]:
    """Yield by kind of change how much copies agree with their originals: flat and sloped, median and a tenth below."""
    sides = [(kinds, compare(pool, pairs)) for pool in (real, made) for pairs, kinds in [originals(pool)]]
    yield f"{'change':26} {'n':>4} {'real: flat':^13} {'sloped':^13}   {'n':>4} {'made: flat':^13} {'sloped':^13}\n"
    for kind in dict.fromkeys(sides[0][0].tolist()):
        row = f"{kind:26}"
        for (kinds, found), name in zip(sides, (kind, f"copy-{called(kind)}"), strict=True):
            here = kinds == name
            points = [point for form in (found.flat, found.sloped) for point in _points(form[here])]
            row += f" {here.sum():4d} {' '.join(f'{point:6.1f}' for point in points)}  "
        yield f"{row}\n"


def _points(z: NDArray[np.float64]) -> list[float]:
    return np.quantile(z, [0.5, 0.1]).tolist() if len(z) else [np.nan, np.nan]


def main() -> None:
    """Print the figures."""
    if len(sys.argv) != 4:
        sys.exit("usage: python -m tests.benchmarks.bench_synth POOL.npz COPIES.npz OUT.npz")
    made = generated(sys.argv[3], CHANGED)
    alone = made.only(np.flatnonzero(made.kinds == "a")[: 2 * TRACKS]).cut(WORDS)
    sys.stdout.writelines(unrelated("real", load(sys.argv[1]).cut(WORDS)))
    sys.stdout.writelines(unrelated("generated", alone.only(np.arange(min(TRACKS, len(alone))))))
    sys.stdout.writelines(changes(load(sys.argv[2]), made))


if __name__ == "__main__":
    main()
