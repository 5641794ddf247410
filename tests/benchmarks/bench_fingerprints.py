"""Which fingerprint tells copies from strangers best: `python -m tests.benchmarks.bench_fingerprints DIR`.

DIR is a collection whose truth is known: beside it DIR.truth/groups.json says which files there are, and
DIR.truth/pairs.tsv which pairs are `duplicate`, `variant` or `ambiguous` (not counted); all others are strangers. From
the same samples are made the fingerprints of Chromaprint's algorithms 1 to 5, compared by our own evidence z, and
landmarks: pairs of spectral peaks, compared by how many of them lie at one offset. Each method has a score of its own,
so the line is drawn at what the strangers of this collection reach. Needs libchromaprint.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import chromaprint
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from comet.compare.sample import compare, consecutive, prepare
from comet.core.sampled import Tail
from comet.core.words import SILENCE
from comet.listen import audio
from comet.listen.chroma import RATE
from tests.benchmarks.bench_equality import tapped

Sound = NDArray[np.int16]
"""Samples of one track, shape (n,), mono, at `RATE`."""
Print = NDArray[np.uint32]
"""A fingerprint: words, shape (n,), or landmarks, shape (n, 2)."""

_LABELS: Final = ("duplicate", "variant", "speed", "ambiguous", "")
"""A variant counts as `speed` where one of the two was made faster or slower, and nothing else was done to it."""
_TAIL: Final = Tail(4.8, 0.6)
"""Says which of two forms of evidence is the stronger one; here is only one."""
_OVERLAP: Final = 5.0
"""Least overlap in seconds, the same for all algorithms."""
_STEPS: Final = {1: 1365, 2: 1365, 3: 4096, 4: 1365, 5: 1024}
"""Samples from word to word of each algorithm of Chromaprint."""
_FALSE: Final = 10
"""Beside the line that no stranger passes: one that so many pass. The highest of all is a matter of luck."""
_LARGE: Final = 5e9 / 0.1
"""Pairs of 100 000 tracks for each false one that is accepted among them."""

_COLUMNS: Final = (
    "fingerprint",
    "heard",
    "bytes a minute",
    "ms of CPU a minute to make",
    "us of CPU a pair to compare",
    "strangers: 99 %, 99.99 %, highest",
    "lowest duplicate",
    "duplicates / variants / speed above all strangers",
    f"above all but {_FALSE}",
    "above the line for 100 000 tracks",
)

_WINDOW: Final = 2048
"""Samples of a spectrum, 186 ms, 1025 bins of 5.4 Hz. Of 1024, as densely, .915 instead of .980 of the duplicates stood
above all strangers."""
_HOP: Final = 512
_BELOW: Final = np.log(1000.0)
"""60 dB: what is as far below the loudest peak of the track is lost in coding."""
_DENSITIES: Final = {"sparse": (16, 3), "dense": (8, 3)}
"""A peak is the highest so many frames and bins around, and is paired with so many of those after it."""
_AHEAD: Final = 64
"""The other peak of a pair is less than so many frames later..."""
_ASIDE: Final = 32
"""... and less than so many bins away: 6 bits each in the hash."""


@dataclass
class Method:
    """One fingerprint and how two of them are compared."""

    name: str
    make: Callable[[Sound], Print]
    score: Callable[[Sequence[Print]], NDArray[np.float64]]
    """All pairs: shape (n, n), [j, i] for i < j."""
    step: int
    """Samples from one word, or frame, to the next."""
    prints: list[Print] = field(default_factory=list)
    making: float = 0.0
    """CPU seconds so far."""

    def hear(self, sound: Sound) -> None:
        """Take the next track."""
        before = time.process_time()
        self.prints.append(self.make(sound))
        self.making += time.process_time() - before


def words(algorithm: int, sound: Sound) -> Print:
    """Return what libchromaprint makes of a sound by algorithm 1 to 5."""
    printer = chromaprint.Fingerprinter(algorithm - 1)
    printer.start(RATE, 1)
    printer.feed(sound.tobytes())
    found, _algorithm = chromaprint.decode_fingerprint(printer.finish())
    return np.array(found, np.int64).astype(np.uint32)


def evidence(algorithm: int, prints: Sequence[Print]) -> NDArray[np.float64]:
    """Return our z of all pairs; 0 without an overlap.

    Each algorithm has a word of its own for silence, which our mask does not know. Turning the same bits round in all
    tracks makes it ours and changes no agreement.
    """
    silent = words(1 if algorithm == 1 else 2, np.zeros(4 * RATE, np.int16))[0]
    sample = prepare(enumerate(each ^ silent ^ np.uint32(SILENCE) for each in prints))
    pairs = consecutive((1, 0), len(prints) * (len(prints) - 1) // 2)
    minimum = round(_OVERLAP * RATE / _STEPS[algorithm])
    low = (-np.inf, -np.inf)
    found = compare(sample, pairs, low, minimum, gate=np.inf)  # so none along slopes
    scores = np.zeros((len(prints), len(prints)))
    scores[found.j, found.i] = found.evidence
    return scores


def highest(levels: NDArray[np.float32], near: int, axis: int) -> NDArray[np.float32]:
    """Return the highest level within `near` along an axis."""
    width = [(0, 0), (0, 0)]
    width[axis] = (near, near)
    padded = np.pad(levels, width, constant_values=-np.inf)
    found: NDArray[np.float32] = sliding_window_view(padded, 2 * near + 1, axis).max(-1)
    return found


def landmarks(near: int, fan: int, sound: Sound) -> Print:
    """Return pairs of spectral peaks, shape (n, 2): hash, and frame of the first peak.

    After A. Wang, "An industrial-strength audio search algorithm" (ISMIR 2003); the hash shares out its bits
    as that of audfprint (D. Ellis), and a peak is the highest of its surroundings, as in Panako and Olaf (J. Six).
    """
    if len(sound) < _WINDOW:
        return np.empty((0, 2), np.uint32)
    window = np.hanning(_WINDOW).astype(np.float32)
    levels = np.log(np.abs(np.fft.rfft(sliding_window_view(sound, _WINDOW)[::_HOP] * window)) + np.float32(1.0))
    least = max(0.1, float(levels.max()) - _BELOW)
    frame, pitch = np.nonzero((levels == highest(highest(levels, near, 0), near, 1)) & (levels > least))
    used, found = np.zeros(len(frame), np.int64), []
    for step in range(1, len(frame)):
        later, aside = frame[step:] - frame[:-step], pitch[step:] - pitch[:-step]
        if later.min() >= _AHEAD:
            break
        good = (later > 0) & (later < _AHEAD) & (abs(aside) < _ASIDE) & (used[:-step] < fan)
        used[:-step] += good
        hashes = (pitch[:-step] * 2 * _ASIDE + aside + _ASIDE) * _AHEAD + later
        found.append(np.stack([hashes[good], frame[:-step][good]], axis=1))
    return np.concatenate([np.empty((0, 2), np.int64), *found]).astype(np.uint32)


def hits(prints: Sequence[Print]) -> NDArray[np.float64]:
    """Return how many equal hashes of all pairs lie at one offset, or the frame beside it."""
    hashes = np.concatenate([each[:, 0] for each in prints])
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    tracks = np.repeat(np.arange(len(prints)), [len(each) for each in prints])[order]
    frames = np.concatenate([each[:, 1] for each in prints]).astype(np.int64)[order]
    scores = np.zeros((len(prints), len(prints)))
    for j, own in enumerate(prints):
        first = np.searchsorted(hashes, own[:, 0], "left")
        counts = np.searchsorted(hashes, own[:, 0], "right") - first
        at = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
        offsets = frames[at] - np.repeat(own[:, 1].astype(np.int64), counts)
        keys, found = np.unique(((tracks[at] << 32) + offsets + (1 << 31))[tracks[at] < j], return_counts=True)
        beside = np.append(np.where(np.diff(keys) == 1, found[1:], 0), 0)
        np.maximum.at(scores[j], keys >> 32, found + beside)
    return scores


def methods() -> list[Method]:
    """Return what is compared, without a fingerprint yet."""
    chroma = [Method(f"Chromaprint {n}", partial(words, n), partial(evidence, n), step) for n, step in _STEPS.items()]
    marks = [Method(f"landmarks, {name}", partial(landmarks, *how), hits, _HOP) for name, how in _DENSITIES.items()]
    return [*chroma, *marks]


@dataclass(frozen=True)
class Truth:
    """What is known of a collection."""

    paths: list[str]
    """Of the tracks, relative."""
    labels: NDArray[np.str_]
    """Shape (n, n), [j, i] for i < j: one of `_LABELS`, nothing for strangers."""

    def scores(self, label: str, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of all pairs of a label, ascending."""
        return np.sort(scores[np.tri(len(self.paths), k=-1, dtype=bool) & (self.labels == label)])


def truth(folder: str) -> Truth:
    """Read what is known of a collection."""
    with open(f"{folder}.truth/groups.json", encoding="utf-8") as file:
        paths = [each["path"] for each in json.load(file)["files"]]
    places = {path: place for place, path in enumerate(paths)}
    labels = np.full((len(paths), len(paths)), "", "<U9")
    with open(f"{folder}.truth/pairs.tsv", encoding="utf-8", newline="\n") as file:
        for line in file:
            label, *pair, why = line.split("\t")
            ends = sorted(places[path] for path in map(_written, pair) if path in places)
            if len(ends) == len(pair):
                labels[ends[1], ends[0]] = "speed" if label == "variant" and "speed" in why else label
    return Truth(paths, labels)


def _written(text: str) -> str:
    r"""Return the path that stands in a table as `text`, with \n, \t, \\ and \xNN for a byte that is not UTF-8."""
    return re.sub(
        r"\\(?:x(..)|(.))",
        lambda found: (
            os.fsdecode(bytes.fromhex(found[1])) if found[1] else {"n": "\n", "t": "\t"}.get(found[2], found[2])
        ),
        text,
    )


def sound(path: bytes) -> Sound:
    """Return the samples that our own engine is fed with."""
    with tapped() as blocks:
        audio.listen(path)
    return np.concatenate(blocks)


def cut(each: Print, samples: int, step: int) -> Print:
    """Return what a fingerprint has of the first `samples`; `step` of them a word or frame."""
    return each[: samples // step] if each.ndim == 1 else each[each[:, 1] < samples // step]


def row(method: Method, known: Truth, minutes: float, seconds: float) -> str:
    """Compare all pairs of the first `seconds`, 0 for all, and return a row of the table."""
    prints = [cut(each, round(seconds * RATE), method.step) if seconds else each for each in method.prints]
    before = time.process_time()
    scores = method.score(prints)
    spent = time.process_time() - before
    strangers = known.scores("", scores)
    copies = [known.scores(label, scores) for label in _LABELS[:3]]
    usual, rare = np.quantile(strangers, [0.99, 0.9999])
    large = usual + (rare - usual) / np.log(100) * np.log(0.01 * _LARGE)
    most = strangers[-1]
    cells = [
        method.name,
        f"{seconds:.0f} s" if seconds else "whole",
        f"{sum(each.nbytes for each in method.prints) / minutes:.0f}",
        f"{method.making / minutes * 1e3:.1f}",
        f"{spent / (len(prints) * (len(prints) - 1) / 2) * 1e6:.0f}",
        f"{usual:.1f} / {rare:.1f} / {most:.1f}",
        f"{copies[0][0]:.1f}, {copies[0][0] / most:.2f} x",
    ]
    for line in (most, strangers[-1 - _FALSE], large):
        found = " / ".join(f"{(some > line).mean():.3f}" for some in copies)
        cells.append(f"{found} ({line:.1f})")
    return "| " + " | ".join(cells) + " |\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--seconds", type=float, metavar="S", help="compare also the first S seconds alone")
    arguments = parser.parse_args()
    known, every, heard = truth(arguments.folder.rstrip("/")), methods(), 0
    for done, path in enumerate(known.paths):
        sys.stderr.write(f"\rtrack {done + 1} of {len(known.paths)} ")
        samples = sound(os.fsencode(os.path.join(arguments.folder, path)))
        heard += len(samples)
        for method in every:
            method.hear(samples)
    out, minutes = sys.stdout.write, heard / RATE / 60
    counts = {label or "strangers": len(known.scores(label, np.zeros(known.labels.shape))) for label in _LABELS}
    out(f"{len(known.paths)} tracks, {minutes:.0f} minutes; pairs: {counts}\n\n")
    out(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n")
    for seconds in (0.0, arguments.seconds) if arguments.seconds else (0.0,):
        for method in every:
            out(row(method, known, minutes, seconds))


if __name__ == "__main__":
    main()
