"""Large collections that behave like real music: `python -m tests.benchmarks.synth POOL NOTES N OUT [FOLDER...]`.

NOTES.npz is what `tests.benchmarks.notes` keeps of the tracks of POOL.npz, and is made of the folders if it does not
exist. Two real tracks, each played slower, in another key and perhaps upside down, are mixed, one of them fainter; the
real filters and classifiers turn the mixture into words. So held notes stay held, and bits depend on each other as in
music. Speeds wander, and each 8 s are from somewhere else in the real track, or tracks made of one in one key would be
copies of each other: there are some hundred real ones, in 24 keys. A copy is the same mixture of what a real change
made of the same two tracks, which run from their start, at one speed.

OUT.npz has `words` (uint32, concatenated), `offsets` (int64, shape (N + 1,)) and `paths` (bytes, shape (N,)). What
belongs together has one name up to the dot: `synth/0012345.a` and `synth/0012345.copy-mp3_64`.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.compare.extent import SECONDS
from comet.core.model import SECONDS_PER_WORD
from comet.listen.chroma import Chroma
from tests.benchmarks import pool
from tests.benchmarks.bench_recall import ORIGINAL
from tests.benchmarks.notes import Notes, Rows, gather, load, save

if TYPE_CHECKING:
    from comet.core.model import Words

SEED: Final = 1
BLOCK: Final = 1000
"""Tracks that are drawn together: track t depends on the seed and t alone, however many there are."""
COPIED: Final = 40
"""Tracks of each block, its first ones, of which there is a copy, its last ones."""
SLOWEST: Final = 0.7
"""Of the speeds, 1 being the fastest: slower, and notes are held longer than real ones, faster, and tracks are used up;
as it is, neighbouring words differ as in real music, .128 of their bits against .129."""
WANDER: Final = 0.5
"""How far the logarithm of a speed wanders: two tracks of one real one are apart again after a few seconds. With .12 an
index looks at 1.7 times as many places of theirs for longer, and what neighbours differ by is the same."""
KNOT: Final = 64
"""Frames, 8 s, from one turn of a speed, and one place in a track, to the next; the words that an index sees together
are 6 s. Of two tracks made of one real track in one key .022 have evidence of 12 and more, median 6.4; were each played
from its start to its end .53, median 12.4: at a million tracks seven pairs for each track. What neighbours differ by
stays (16 words apart .418, .413 without, real .401)."""
FAINT: Final = (5.0, 20.0)
"""dB by which the second track is below the first. Nearly as many words pass an index as of real music (20 bits equal,
59 of 192 around differ: .0078 a pair, real .0093); between 4 and 16 a third less. New tracks in each 16 s of one would
be more different still, but evidence would rise (median 4.3, real 3.6): a real track has its notes throughout."""
LEAST: Final = 500
"""Frames of a track that is used, one minute: of a shorter one the same would be heard again too often."""
_LENGTHS: Final = (220.0, 0.5)  # seconds: the median, and how the logarithm spreads; 11 in 100 are below two minutes
_SHORTEST: Final = 10.0  # seconds
_BEFORE: Final = 19  # frames that the first word needs beyond its own
_KNOTS: Final = 2 + int(SECONDS / SECONDS_PER_WORD + _BEFORE) // KNOT
_LOUD: Final = 1e6  # energy of a frame, far above what is taken for silence
_PATH: Final = 48  # bytes
_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can name: same seed, same bytes


class Recipe(NamedTuple):
    """What a track is made of: of `length` words, the notes of some sounds; arrays with an entry for each."""

    length: int
    sounds: NDArray[np.int64]
    starts: NDArray[np.float64]
    """Shape (sounds, knots): frames; by how much each `KNOT` frames are ahead of what the speeds alone lead to."""
    speeds: NDArray[np.float64]
    """Shape (sounds, knots): frames a frame, at every `KNOT`-th one."""
    keys: NDArray[np.int64]
    """Semitones up."""
    mirrored: NDArray[np.bool_]
    """Whether high and low are exchanged."""
    levels: NDArray[np.float64]
    """Shares of the energy, the first being 1."""


def recipes(notes: Notes, block: int, seed: int = SEED) -> Iterator[tuple[str, Recipe]]:
    """Yield path and recipe of each track of a block."""
    draw = np.random.default_rng((seed, block))
    long = np.diff(notes.offsets)
    tracks = np.flatnonzero((notes.families < 0) & (long >= LEAST))
    originals = np.flatnonzero(notes.changes == ORIGINAL)
    shape, turns = (BLOCK, 2), (BLOCK, 2, _KNOTS)
    seconds = np.exp(draw.normal(np.log(_LENGTHS[0]), _LENGTHS[1], BLOCK))
    lengths = np.rint(np.clip(seconds, _SHORTEST, SECONDS) / SECONDS_PER_WORD).astype(np.int64)
    sounds, parts = draw.choice(tracks, shape), draw.random(turns)
    speeds, keys, mirrored = SLOWEST ** draw.random(shape), draw.integers(12, size=shape), draw.random(shape) < 0.5
    levels = np.stack((np.ones(BLOCK), 10 ** (-draw.uniform(*FAINT, BLOCK) / 10)), 1)
    wander = np.exp(draw.normal(0, WANDER, turns))
    wander[:COPIED] = 1.0
    # Where a copy is faster or begins later, its two sounds keep together only if they start and run together.
    sounds[:COPIED], parts[:COPIED], speeds[:COPIED] = draw.choice(originals, (COPIED, 2)), 0.0, speeds[:COPIED, :1]
    speeds = speeds[:, :, None] * wander
    changes = draw.choice(np.setdiff1d(notes.changes, ["", ORIGINAL]), COPIED)
    starts = parts * long[sounds, None]
    made = [Recipe(int(lengths[t]), *(of[t] for of in (sounds, starts, speeds, keys, mirrored, levels)))
            for t in range(BLOCK - COPIED)]  # fmt: skip
    for t, recipe in enumerate(made):
        yield f"synth/{block * BLOCK + t:07d}.a", recipe
    for t, change in enumerate(changes):
        changed = np.array([changed_sound(notes, sound, change) for sound in made[t].sounds])
        yield f"synth/{block * BLOCK + t:07d}.copy-{called(change)}", made[t]._replace(sounds=changed)


def called(change: str) -> str:
    """Return a change as a part of a path."""
    return re.sub(r"[^\w+-]+", "_", change).strip("_")


def changed_sound(notes: Notes, original: int, change: str) -> int:
    """Return the sound that a change made of an original."""
    return int(np.flatnonzero((notes.families == notes.families[original]) & (notes.changes == change))[0])


def balance(notes: Notes) -> Rows:
    """Return how strong each note is in all tracks, shape (12,), by its root mean square in frames of length 1.

    The lowest octaves have few bins of the spectrum for each note, and not the same number for all.
    """
    squares = notes.rows[: notes.offsets[(notes.families < 0).sum()]] ** 2
    total = squares.sum(1, keepdims=True)
    heard = total[:, 0] > 0
    strong: Rows = np.sqrt((squares[heard] / total[heard]).mean(0))
    return strong


def mix(notes: Notes, recipe: Recipe, strong: Rows) -> Rows:
    """Return the notes of a track; a sound that is over begins again.

    Args:
        notes: Of all sounds.
        recipe: Which of them.
        strong: What `balance` says: a note that becomes another one becomes as strong as that is in all tracks.
    """
    frames, knots = np.arange(recipe.length + _BEFORE), KNOT * np.arange(_KNOTS)
    mixture = np.zeros((len(frames), 12), np.float32)
    for sound, start, speed, key, mirrored, level in zip(*recipe[1:], strict=True):
        rows = notes.rows[notes.offsets[sound] : notes.offsets[sound + 1]]
        at = (start[frames // KNOT] + np.interp(frames, knots, speed).cumsum()) % (len(rows) - 1)
        whole = at.astype(np.int64)
        part = (at - whole).astype(np.float32)[:, None]
        heard = rows.take(whole, 0) * (1 - part) + rows.take(whole + 1, 0) * part
        order = (np.arange(12)[:: -1 if mirrored else 1] - key) % 12
        mixture += heard.take(order, 1) * (strong / strong[order] * np.float32(level * _LOUD / rows.sum(1).mean()))
    return mixture


def fingerprint(rows: Rows) -> Words:
    """Return the words of notes, by the real filters and classifiers."""
    engine = Chroma()
    engine._add(rows.astype(np.float64))
    return engine.finish()


def _make(notes: Notes, strong: Rows, block: int) -> list[Words]:
    """Return the words of each track of a block."""
    return [fingerprint(mix(notes, recipe, strong)) for _path, recipe in recipes(notes, block)]


def write(path: str, count: int, out: str) -> None:
    """Write a collection of `count` tracks made of the notes in `path`.

    It goes out block by block; nothing is compressed, so each array can be mapped where it lies in the file.
    """
    notes, blocks = load(path), range(-(-count // BLOCK))
    names, lengths = np.empty(count, f"S{_PATH}"), np.empty(count, np.int64)
    for t, (name, recipe) in enumerate(islice(chain.from_iterable(recipes(notes, block) for block in blocks), count)):
        names[t], lengths[t] = name.encode(), recipe.length
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    make = functools.partial(_make, notes, balance(notes))
    # threads: most of the time goes into kernels that let go of the interpreter's lock
    with ThreadPoolExecutor(os.cpu_count()) as workers, zipfile.ZipFile(out, "w") as file:
        made = islice(chain.from_iterable(workers.map(make, blocks)), count)
        _array(file, "words", int(offsets[-1]), np.dtype(np.uint32), made)
        _array(file, "offsets", count + 1, offsets.dtype, [offsets])
        _array(file, "paths", count, names.dtype, [names])


def _array(file: zipfile.ZipFile, name: str, length: int, kind: np.dtype[Any], parts: Iterable[NDArray[Any]]) -> None:
    """Write an array of one dimension, part by part, as NumPy would."""
    form = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (length,)}
    with file.open(zipfile.ZipInfo(f"{name}.npy", _DATE), "w", force_zip64=True) as stream:
        np.lib.format.write_array_header_1_0(stream, form)
        for part in parts:
            stream.write(part.tobytes())


def main() -> None:
    """Write a collection."""
    if len(sys.argv) < 5:
        sys.exit("usage: python -m tests.benchmarks.synth POOL.npz NOTES.npz N OUT.npz [FOLDER...]")
    known, notes, count, out, *folders = sys.argv[1:]
    if not os.path.exists(notes):
        save(notes, gather(pool.load(known), folders))
    write(notes, int(count), out)


if __name__ == "__main__":
    main()
