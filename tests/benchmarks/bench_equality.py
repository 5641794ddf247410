"""Whether our fingerprints are those of Chromaprint: `python -m tests.benchmarks.bench_equality FOLDER...`.

Every file is compared with `fpcalc`, which decodes and resamples by an FFmpeg of its own, and, where libchromaprint is
installed, with that library, fed with the very samples that our own engine was fed with: there every bit must be equal,
and the CPU of the two is set side by side.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from comet.core.errors import DecodeError
from comet.core.text import safe
from comet.listen import audio
from comet.listen.chroma import RATE, Chroma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.core.model import Words

try:
    import chromaprint
except ImportError:  # the binding is there, the library is not
    chromaprint = None

_LESS = 8
"""Words by which fpcalc may end earlier or later without a word about it: a decoder's delay."""


@dataclass(frozen=True)
class Compared:
    """One file against the two."""

    codec: str
    words: int
    common: int
    """Words that both have, ours and fpcalc's; 0 where fpcalc could not read the file."""
    equal: int
    """Of these."""
    bits: int
    """That differ in these."""
    longer: int
    """Words that we have more than fpcalc."""
    exact: bool
    """Whether the library makes the same of the same samples, word for word."""
    ours: float
    """CPU seconds from the samples to the words, by our engine."""
    library: float
    """By the library; 0 where it is not installed."""


@contextmanager
def tapped() -> Iterator[list[NDArray[np.int16]]]:
    """Collect the samples that the engine is fed with; shapes (n,), mono, at `RATE`."""
    blocks: list[NDArray[np.int16]] = []
    real = Chroma.feed

    def feed(self: Chroma, block: NDArray[np.int16]) -> None:
        blocks.append(np.array(block))
        real(self, block)

    Chroma.feed = feed  # type: ignore[method-assign]
    try:
        yield blocks
    finally:
        Chroma.feed = real  # type: ignore[method-assign]


def fpcalc(path: bytes) -> Words:
    """Return what fpcalc makes of the whole file, nothing where it makes nothing.

    Its exit code is no use: Debian's 1.5.1 says 3 at the end of every file, with the whole fingerprint printed.
    """
    done = subprocess.run(["fpcalc", "-raw", "-length", "0", path], capture_output=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith(b"FINGERPRINT="):
            text = line.partition(b"=")[2]
            return np.array([int(word) for word in text.split(b",")] if text else [], np.uint32)
    return np.empty(0, np.uint32)


def library(samples: NDArray[np.int16]) -> list[int]:
    """Return what libchromaprint makes of samples, shape (n,), mono, at `RATE`."""
    printer = chromaprint.Fingerprinter()
    printer.start(RATE, 1)
    printer.feed(samples.tobytes())
    words, _algorithm = chromaprint.decode_fingerprint(printer.finish())
    return [word & 0xFFFFFFFF for word in words]


def engine(samples: NDArray[np.int16]) -> list[int]:
    """Return what our engine makes of samples."""
    chroma = Chroma()
    chroma.feed(samples)
    words: list[int] = chroma.finish().tolist()
    return words


def cpu(make: Callable[[NDArray[np.int16]], list[int]], samples: NDArray[np.int16]) -> float:
    """Return the CPU seconds of one making, the median of three."""
    taken = []
    for _round in range(3):
        before = time.process_time()
        make(samples)
        taken.append(time.process_time() - before)
    return statistics.median(taken)


def compare(path: bytes) -> Compared | None:
    """Compare one file; None where there is no fingerprint: no music, not readable, silent, too short."""
    with tapped() as blocks:
        try:
            found = audio.listen(path)
        except (DecodeError, audio.NotMusic):
            return None
    ours = found.words
    if not len(ours):
        return None
    samples = np.concatenate(blocks)
    exact = chromaprint is None or library(samples) == ours.tolist()
    costs = (cpu(engine, samples), cpu(library, samples) if chromaprint else 0.0)
    other = fpcalc(path)
    common = min(len(ours), len(other))
    differing = np.bitwise_count(ours[:common] ^ other[:common])
    equal, bits = int((differing == 0).sum()), int(differing.sum())
    return Compared(found.audio.codec, len(ours), common, equal, bits, len(ours) - len(other), exact, *costs)


def files(folders: Iterable[str]) -> Iterator[bytes]:
    """Yield the files in and below folders, in order."""
    for folder in folders:
        for top, below, names in os.walk(os.fsencode(folder)):
            below.sort()
            yield from (path for name in sorted(names) if os.path.isfile(path := os.path.join(top, name)))


def row(codec: str, found: list[Compared]) -> str:
    """Return a row of the table."""
    read = [each for each in found if each.common]
    common, bits = sum(each.common for each in read), sum(each.bits for each in read)
    exact = f"{sum(each.exact for each in found)} of {len(found)}" if chromaprint else "not installed"
    worst = max((each.bits / each.common / 32 for each in read), default=0.0)
    same = sum(each.bits == 0 and each.longer == 0 for each in read)
    lengths = sum(abs(each.longer) > 0 for each in read)
    share = f"{sum(each.equal for each in read) / common:.4%}" if common else "-"
    rate = f"{bits / common / 32:.2e}" if common else "-"
    cells = (codec, len(found), sum(each.words for each in found), exact, f"{same} of {len(read)}", lengths)
    theirs = sum(each.library for each in found)
    ratio = f"{sum(each.ours for each in found) / theirs:.2f}" if theirs else "-"
    figures = (share, bits, rate, f"{worst:.2e}", ratio)
    return "| " + " | ".join(map(str, (*cells, *figures))) + " |\n"


def main() -> int:
    """Print the table; exit with 1 where the library disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", metavar="FOLDER", nargs="+")
    arguments = parser.parse_args()
    if not shutil.which("fpcalc"):
        parser.error("fpcalc is not installed")
    by_codec: dict[str, list[Compared]] = defaultdict(list)
    out, left = sys.stdout.write, 0
    for path in files(arguments.folders):
        found = compare(path)
        if found is None:
            left += 1
            continue
        by_codec[found.codec].append(found)
        if not found.exact:
            out(f"not what the library makes of the same samples: `{safe(path)}`\n")
        if not found.common or abs(found.longer) > _LESS:
            out(f"{found.words} words, fpcalc {found.words - found.longer}: `{safe(path)}`\n")
    out("\n| codec | files | words | equal to libchromaprint | all equal to fpcalc | of another length ")
    out(
        "| equal words | bits that differ | bit error rate | worst file | CPU to libchromaprint |\n|---"
        + "|---" * 10
        + "|\n"
    )
    every = [each for found in by_codec.values() for each in found]
    for codec in sorted(by_codec):
        out(row(codec, by_codec[codec]))
    out(row("all", every))
    out(f"\nwithout a fingerprint of ours, so not compared: {left}\n")
    return 0 if all(each.exact for each in every) else 1


if __name__ == "__main__":
    sys.exit(main())
