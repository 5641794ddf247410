"""A pool of real fingerprints to measure on: `python -m tests.benchmarks.pool OUT.npz FOLDER...`.

A folder holds music of one kind and is named after it; its first level are the packages that the music comes from.
Tracks of different packages are taken for unrelated, so each package must be somebody else's music. What OUT.npz has
already is not listened to again. Only fingerprints, lengths and names are kept, no sound.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from comet.compare.extent import opening
from comet.compare.sample import Sample, prepare
from comet.core.errors import CometError
from comet.listen.audio import NotMusic, listen

if TYPE_CHECKING:
    from comet.core.model import Words

HEARD: Final = 125.0
"""Seconds of a track that are listened to: its compared start, 120 s, and what the last word needs beyond it."""
SHORT: Final = 81
"""Tracks of fewer words, 10 s, stay out: most are noises that nobody calls a track."""
NICE: Final = 19


@dataclass(frozen=True, slots=True)
class Pool:
    """Tracks side by side; lists and arrays of one length."""

    words: list[Words]
    """The words that are compared: of the first two minutes."""
    kinds: NDArray[np.str_]
    packages: NDArray[np.str_]
    names: NDArray[np.str_]
    """Path below the package."""
    durations: NDArray[np.float64]
    """Seconds, of the whole track."""

    def __len__(self) -> int:
        """Return the number of tracks."""
        return len(self.words)

    def only(self, chosen: NDArray[np.int64]) -> Pool:
        """Return some of the tracks, by their indices."""
        return Pool(
            [self.words[t] for t in chosen],
            self.kinds[chosen],
            self.packages[chosen],
            self.names[chosen],
            self.durations[chosen],
        )

    def cut(self, words: int) -> Pool:
        """Return the tracks that have so many words, cut to them."""
        long = self.only(np.flatnonzero([len(track) >= words for track in self.words]))
        return Pool([track[:words] for track in long.words], long.kinds, long.packages, long.names, long.durations)

    def sample(self) -> Sample:
        """Make the tracks ready to be compared; their indices are their serial numbers."""
        return prepare(enumerate(self.words))

    def unrelated(self, count: int = 0, seed: int = 1) -> NDArray[np.int64]:
        """Return pairs (i, j), i < j, of tracks of different packages, shape (n, 2): all, or `count` drawn of them."""
        i, j = np.triu_indices(len(self), 1)
        pairs: NDArray[np.int64] = np.stack([i, j], 1)[self.packages[i] != self.packages[j]]
        if 0 < count < len(pairs):
            pairs = pairs[np.sort(np.random.default_rng(seed).choice(len(pairs), count, replace=False))]
        return pairs

    def called(self, track: int) -> str:
        """Return what a track is called, for those who read a report."""
        return f"{self.packages[track]}/{self.names[track]} ({self.durations[track]:.1f} s)"


def load(path: str) -> Pool:
    """Read a pool."""
    data = np.load(path)
    tracks = np.split(data["words"], np.cumsum(data["lengths"])[:-1])
    return Pool(tracks, data["kinds"], data["packages"], data["names"], data["durations"])


def save(path: str, pool: Pool) -> None:
    """Write a pool."""
    np.savez(
        path,
        words=np.concatenate([np.zeros(0, np.uint32), *pool.words]),
        lengths=np.array([len(track) for track in pool.words], np.int64),
        kinds=pool.kinds,
        packages=pool.packages,
        names=pool.names,
        durations=pool.durations,
    )


def files(folder: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, package, name and path of everything in a folder."""
    folder = os.path.abspath(folder)
    for package in sorted(os.listdir(folder)):
        for place, below, names in os.walk(os.path.join(folder, package), followlinks=True):
            below.sort()
            for name in sorted(names):
                path = os.path.join(place, name)
                yield os.path.basename(folder), package, os.path.relpath(path, os.path.join(folder, package)), path


def hear(path: str) -> tuple[Words, float] | None:
    """Return what is compared of a track and its length in seconds; None of what is no music, broken or short."""
    try:
        heard = listen(os.fsencode(path), HEARD)
    except (CometError, NotMusic):
        return None
    return (opening(heard.words), heard.audio.duration) if len(heard.words) >= SHORT else None


def gather(folders: Sequence[str], known: Pool | None) -> Pool:
    """Return the pool of some folders, with those tracks first that are known already."""
    had = set() if known is None else set(zip(known.kinds, known.packages, known.names, strict=True))
    new = [file for folder in folders for file in files(folder) if file[:3] not in had]
    with ProcessPoolExecutor(initializer=os.nice, initargs=(NICE,)) as workers:
        heard = list(workers.map(hear, [path for *_, path in new], chunksize=8))
    tracks = [] if known is None else list(zip(known.words, known.durations, *_columns(known), strict=True))
    tracks += [(*sound, *file[:3]) for file, sound in zip(new, heard, strict=True) if sound]
    words, durations, kinds, packages, names = zip(*tracks, strict=True)
    return Pool(list(words), np.array(kinds), np.array(packages), np.array(names), np.array(durations))


def _columns(pool: Pool) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]]:
    return pool.kinds, pool.packages, pool.names


def summary(pool: Pool) -> str:
    """Say what is in a pool: of each kind, tracks, packages and the median length."""
    lines = starmap(
        "  {}: {} tracks of {} packages, median {:.0f} s\n".format,
        (
            (kind, int(here.sum()), len(np.unique(pool.packages[here])), float(np.median(pool.durations[here])))
            for kind in np.unique(pool.kinds)
            for here in [pool.kinds == kind]
        ),
    )
    return f"{len(pool)} tracks, {len(pool.unrelated())} pairs of different packages\n" + "".join(lines)


def main() -> None:
    """Build or extend a pool."""
    if len(sys.argv) < 3:
        sys.exit("usage: python -m tests.benchmarks.pool OUT.npz FOLDER...")
    out, *folders = sys.argv[1:]
    pool = gather(folders, load(out) if os.path.exists(out) else None)
    save(out, pool)
    sys.stdout.write(summary(pool))


if __name__ == "__main__":
    main()
