"""The notes behind fingerprints, before filters and classifiers: what `tests.benchmarks.synth` makes new tracks of.

A `Notes` holds those of a pool of unrelated tracks, and of the changed copies of some of them, as `bench_recall` makes
them. No sound is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from comet.listen.chroma import Chroma
from tests.benchmarks.bench_recall import changed, chosen
from tests.benchmarks.pool import NICE, Pool, files, hear

if TYPE_CHECKING:
    from comet.core.model import Words

Rows = NDArray[np.float32]
"""Shape (frames, 12): the energy of each note of the octave, a frame each 0.1238 s."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Sounds side by side: tracks first, then the copies, original and all its changes together."""

    rows: Rows
    """Concatenated."""
    offsets: NDArray[np.int64]
    """Shape (n + 1,): sound s has rows[offsets[s] : offsets[s + 1]]."""
    changes: NDArray[np.str_]
    """Shape (n,): empty for a track, else what was changed, or `ORIGINAL`."""
    families: NDArray[np.int64]
    """Shape (n,): -1 for a track, else which track it was made of; numbered from 0."""


@contextmanager
def tapped() -> Iterator[list[Rows]]:
    """Collect the notes of each sound that the engine turns into words."""
    sounds: list[Rows] = []
    parts: dict[Chroma, list[Rows]] = {}
    add, finish = Chroma._add, Chroma.finish

    def collect(self: Chroma, chroma: NDArray[np.float64]) -> None:
        parts.setdefault(self, []).append(chroma.astype(np.float32))
        add(self, chroma)

    def end(self: Chroma) -> Words:
        words = finish(self)
        sounds.append(np.concatenate([np.empty((0, 12), np.float32), *parts.pop(self, [])]))
        return words

    Chroma._add, Chroma.finish = collect, end  # type: ignore[method-assign]
    try:
        yield sounds
    finally:
        Chroma._add, Chroma.finish = add, finish  # type: ignore[method-assign]


def of_track(path: str) -> list[tuple[str, Rows]]:
    """Return the notes of a track; none where nothing can be heard."""
    with tapped() as sounds:
        heard = hear(path)
    return [("", sounds[0])] if heard else []


def of_copies(path: str) -> list[tuple[str, Rows]]:
    """Return the changes of a track and their notes, the original first."""
    with tapped() as sounds:
        names = [name for name, *_ in changed(path)]
    if len(names) != len(sounds):
        raise ValueError(f"{len(sounds) - len(names)} copies of {path} cannot be compared")
    return list(zip(names, sounds, strict=True))


def gather(pool: Pool, folders: Sequence[str]) -> Notes:
    """Listen to the tracks of a pool, and to copies of some of them."""
    here = set(zip(pool.kinds, pool.packages, pool.names, strict=True))
    tracks = [file[3] for folder in folders for file in files(folder) if file[:3] in here]
    with ProcessPoolExecutor(initializer=os.nice, initargs=(NICE,)) as workers:
        sounds = list(workers.map(of_track, tracks, chunksize=8))
        copies = list(workers.map(of_copies, [path for *_, path in chosen(pool, folders)]))
    every = [(-1, *sound) for some in sounds for sound in some]
    every += [(family, *sound) for family, some in enumerate(copies) for sound in some]
    families, changes, rows = zip(*every, strict=True)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return Notes(np.concatenate(rows), offsets, np.array(changes), np.array(families, np.int64))


def load(path: str) -> Notes:
    """Read notes."""
    data = np.load(path)
    return Notes(data["rows"], data["offsets"], data["changes"], data["families"])


def save(path: str, notes: Notes) -> None:
    """Write notes."""
    np.savez(path, rows=notes.rows, offsets=notes.offsets, changes=notes.changes, families=notes.families)
