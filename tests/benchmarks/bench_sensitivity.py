"""What the parameters of matching do to accuracy and cost: `python -m tests.benchmarks.bench_sensitivity FOLDER`.

Real tracks of `FOLDER` (its folders are taken for what is unrelated to each other) are changed with FFmpeg in some easy
and some hard ways. For each value of each parameter the evidence of the true pairs and of pairs of unrelated tracks is
taken at every shift that the value allows; the line is drawn where 100 000 tracks would have 0.1 false pairs with the
99 % point of those unrelated pairs. The result is written to `comet/sensitivity.json`, which `comet explain` shows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from comet import explained
from comet.compare import sample
from comet.core.errors import DecodeError
from comet.core.model import SECONDS_PER_WORD, Words
from comet.core.sampled import Tail
from comet.core.words import informative
from comet.explained import Measured
from comet.judge import threshold
from comet.judge.threshold import Null
from comet.listen import audio

SHORTEST, LONGEST = 130.0, 180.0
"""Seconds of a track that is taken, and how much of it is copied."""
TRACKS = 150
COPIED = 16
"""Of these are changed."""
COLLECTION = 100_000
ENDINGS = (".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav")
LEAST = 500_000
"""Bytes of a file that is asked how long it is."""

EASY = {
    "mp3 64": ("anull", "-b:a 64k", ".mp3"),
    "opus 48": ("anull", "-b:a 48k", ".opus"),
    "6 dB softer, vorbis": ("volume=-6dB", "-q:a 2", ".ogg"),
    "starts 3 s later": ("atrim=start=3.07", "-b:a 128k", ".mp3"),
    "5 s of silence before": ("adelay=5000:all=1", "-b:a 128k", ".mp3"),
    "low-pass 8 kHz": ("lowpass=f=8000", "-b:a 96k", ".m4a"),
}
HARD = {
    "high-pass 250 Hz": ("highpass=f=250", "-b:a 96k", ".mp3"),
    "telephone": ("highpass=f=400,lowpass=f=3000", "-b:a 64k", ".mp3"),
    "equaliser": ("equalizer=f=200:width_type=o:w=2:g=-12,equalizer=f=2000:width_type=o:w=2:g=9", "-b:a 96k", ".mp3"),
    "compressor and echo": ("acompressor=threshold=0.05:ratio=8,aecho=0.8:0.7:90:0.4", "-b:a 96k", ".mp3"),
    "1 % faster": ("aresample=44100,asetrate=44541,aresample=44100", "-b:a 128k", ".mp3"),
    "2 % more tempo": ("atempo=1.02", "-b:a 128k", ".mp3"),
}


@dataclass(frozen=True)
class Curve:
    """Two tracks at every shift."""

    shifts: NDArray[np.int64]
    overlap: NDArray[np.float64]
    """Informative words."""
    evidence: NDArray[np.float64]

    def best(self, *, span: int = 1 << 30, step: int = 1, minimum: int = 40) -> float:
        """Return the largest evidence at the shifts that are allowed, minus infinity where none is."""
        counted = (self.overlap >= minimum) & (self.shifts % step == 0) & (abs(self.shifts) <= span)
        return float(self.evidence[counted].max(initial=-np.inf))


def curve(a: Words, b: Words) -> Curve:
    """Return the flat evidence of two tracks at every shift, as `comet.compare.kernels` defines it, by way of FFTs."""
    size = 1 << int(len(a) + len(b) + 1).bit_length()
    (x, known_x), (y, known_y) = _spectra(a, size), _spectra(b, size)
    shifts = np.arange(-len(b), len(a) + 1)  # one beyond either end, where nothing overlaps
    centred = np.fft.irfft((x * y.conj()).sum(axis=0), size)[shifts]
    overlap = np.rint(np.fft.irfft(known_x * known_y.conj(), size)[shifts])
    whitened = 1.25 * centred[1:-1] - 0.5 * (centred[:-2] + centred[2:])
    return Curve(shifts[1:-1], overlap[1:-1], whitened / np.sqrt(13.0 * np.maximum(overlap[1:-1], 1)))


def _spectra(words: Words, size: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the spectra of the 32 centred bits, and of which words are informative; the rest is 0."""
    known = informative(words)
    bits = (words[None, :] >> np.arange(32, dtype=np.uint32)[:, None]) & np.uint32(1)
    signs = 2.0 * bits - 1.0
    means = signs[:, known].mean(axis=1, keepdims=True) if known.any() else np.zeros((32, 1))
    return np.fft.rfft((signs - means) * known, size), np.fft.rfft(known.astype(float), size)


def music(folder: str) -> list[tuple[str, str]]:
    """Return (folder, file) of long enough files, the folders in turn, so that each has its share."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for top in sorted(entry.path for entry in os.scandir(folder) if entry.is_dir()):
        for at, _below, names in sorted(os.walk(top)):
            for path in (os.path.join(at, name) for name in sorted(names) if name.endswith(ENDINGS)):
                if os.path.getsize(path) >= LEAST:
                    by_folder[top].append(path)
    turns = itertools.zip_longest(*by_folder.values())
    return [(top, path) for turn in turns for top, path in zip(by_folder, turn, strict=True) if path]


def listen(path: str) -> Words | None:
    """Return the fingerprint of a file, None if there is none or it is short."""
    try:
        found = audio.listen(os.fsencode(path))
    except (DecodeError, audio.NotMusic):
        return None
    return found.words if found.audio.duration >= SHORTEST else None


def changed(change: tuple[str, str, str], path: str) -> Words:
    """Return the fingerprint of a changed copy of a file."""
    filters, options, ending = change
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, f"copy{ending}")
        words = ["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a:0", "-t", f"{LONGEST:g}", "-af", filters]
        subprocess.run([*words, *options.split(), copy], check=True)
        return audio.listen(os.fsencode(copy)).words


@dataclass(frozen=True)
class Basis:
    """What everything is measured on: pairs of fingerprints."""

    unrelated: list[tuple[Words, Words]]
    easy: list[tuple[Words, Words]]
    hard: list[tuple[Words, Words]]
    tracks: int

    @property
    def about(self) -> dict[str, int]:
        """How much that is, for the reader."""
        return {
            "tracks": self.tracks,
            "copies": len(self.easy) + len(self.hard),
            "kinds": len(EASY) + len(HARD),
            "pairs": len(self.unrelated),
        }


def basis(folder: str) -> Basis:
    """Listen, and put the pairs together."""
    chosen: list[tuple[str, str, Words]] = []
    with ProcessPoolExecutor(2) as pool:
        files = music(folder)
        for (top, path), words in zip(files, pool.map(listen, (path for _top, path in files)), strict=True):
            if words is not None and len(chosen) < TRACKS:
                chosen.append((top, path, words))
        originals = chosen[:COPIED]
        pairs: dict[bool, list[tuple[Words, Words]]] = {False: [], True: []}
        for hard, ways in ((False, EASY), (True, HARD)):
            for name, way in ways.items():
                sys.stderr.write(f"{name}\n")
                copies = pool.map(partial(changed, way), (path for _top, path, _words in originals))
                pairs[hard] += [(words, copy) for (_t, _p, words), copy in zip(originals, copies, strict=True)]
    unrelated = [(a, b) for (top, _p, a), (other, _q, b) in itertools.combinations(chosen, 2) if top != other]
    return Basis(unrelated, pairs[False], pairs[True], len(chosen))


Values = dict[str, tuple[Callable[[Curve], float], float, int, int]]
"""Label of a value -> (best evidence of a curve, seconds of sample, span for the kernel, minimum for the kernel)."""


def parameters() -> Iterator[tuple[str, str, Values]]:
    """Yield each parameter's name, the label of its built-in value, and its values."""
    built_in = Curve.best
    times = {"15 s": 15, "30 s": 30, "60 s": 60, "90 s": 90, "120 s": 120, "whole": 0}
    yield "sample time", "120 s", {label: (built_in, seconds, 0, 40) for label, seconds in times.items()}
    spans = {"0.1 s": 1, "1 s": 8, "4 s": 32, "10 s": 81, "20 s": 162, "40 s": 323}
    yield (
        "span",
        "any",
        {label: (partial(Curve.best, span=span), 120, span, 40) for label, span in spans.items()}
        | {"any": (built_in, 120, 0, 40)},
    )
    yield "step", "1", {f"{n}": (partial(Curve.best, step=n), 120, 0, 40) for n in (1, 2, 3, 4)}
    overlaps = {"1 s": 10, "2.5 s": 20, "5 s": 40, "10 s": 81, "15 s": 121, "20 s": 162, "40 s": 323}
    yield (
        "minimum overlap",
        "5 s",
        {label: (partial(Curve.best, minimum=n), 120, 0, n) for label, n in overlaps.items()},
    )


def measure(found: Basis) -> Iterator[tuple[str, list[Measured]]]:
    """Yield each parameter with what its values did."""
    for name, chosen, values in parameters():
        rows = []
        for seconds, group in itertools.groupby(values.items(), lambda item: item[1][1]):
            words = round(seconds / SECONDS_PER_WORD) or None
            curves = [
                [curve(a[:words], b[:words]) for a, b in each] for each in (found.unrelated, found.easy, found.hard)
            ]
            for label, (best, _seconds, span, minimum) in group:
                sys.stderr.write(f"{name} {label}\n")
                null, easy, hard = ([best(each) for each in some] for some in curves)
                q99 = float(np.quantile([z for z in null if np.isfinite(z)], 0.99))
                line = threshold.lines(COLLECTION, 0.1, Null(Tail(q99, threshold.FLAT.fall), threshold.SLOPED)).flat
                shares = [float(np.mean([z >= line for z in some])) for some in (easy, hard)]
                us = cost(found.unrelated[:64], words, span, minimum)
                rows.append(
                    Measured(label, round(us, 1), round(q99, 2), *(round(s, 4) for s in shares), label == chosen)
                )
        yield name, rows


def cost(some: list[tuple[Words, Words]], words: int | None, span: int, minimum: int) -> float:
    """Return the microseconds that the kernel takes for a pair, on one core; median of three."""
    tracks = [each[:words] for pair in some for each in pair]
    ready = sample.prepare(enumerate(tracks))
    pairs = sample.consecutive((1, 0), len(tracks) * (len(tracks) - 1) // 2)
    never = (np.inf, np.inf)
    taken = []
    for _round in range(3):
        before = time.perf_counter()
        sample.compare(ready, pairs, never, minimum, span, gate=np.inf)
        taken.append(time.perf_counter() - before)
    return statistics.median(taken) / len(pairs) * 1e6


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--out", default=str(Path(explained.__file__).with_name("sensitivity.json")))
    arguments = parser.parse_args()
    found = basis(arguments.folder)
    if not found.unrelated or not found.easy:
        parser.error(f"there are no tracks of {SHORTEST:g} s and more in two folders there")
    measured = {name: [asdict(row) for row in rows] for name, rows in measure(found)}
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.write(json.dumps({"about": found.about, "measured": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()
