"""What comparing costs, as ratios measured in one run: `python -m tests.benchmarks.bench_compare`.

Tracks are noise with the lengths of real ones; the kernels' time does not depend on the words. How many pairs of music
reach the gate, 4 %, and so how much the slopes cost in all, it cannot say.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from comet.compare.chunks import Chunk
from comet.compare.correlation import correlate
from comet.compare.extent import HOUR
from comet.compare.sample import best, compare, consecutive, prepare
from comet.core.words import informative
from comet.judge.threshold import FLAT, FLOOR, SLOPED

WORDS = 969
TAILS = (FLAT, SLOPED)
NONE = (np.inf, np.inf)
"""Floors that no pair reaches."""


def noise(count: int, length: int) -> list[np.ndarray]:
    """Make tracks of one length."""
    return list(np.random.default_rng(1).integers(0, 2**32, (count, length), dtype=np.uint32))


def best_of(call: Callable[[], object], rounds: int = 5) -> float:
    """Return the seconds of the quickest of some calls."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def pair(length_a: int, length_b: int, span: int, gate: float = np.inf, count: int = 400) -> float:
    """Return the microseconds of one pair in one thread, also along slopes where it reaches the gate."""
    count = max(1, min(count, 400_000_000 // (length_a * length_b)))
    sample = prepare(enumerate([*noise(count, length_a), *noise(1, length_b)]))
    pairs = consecutive((count, 0), count)
    return best_of(lambda: compare(sample, pairs, TAILS, NONE, 40, span, gate=gate)) / count * 1e6


def plain(length: int, span: int) -> float:
    """Return the microseconds of one pair in numpy, an offset a call, without masks and means."""
    a, b = noise(2, length)

    def every() -> None:
        for d in range(-span, span + 1):
            np.bitwise_count(a[max(0, d) : length + min(0, d)] ^ b[max(0, -d) : length - max(0, d)]).sum(dtype=np.int64)

    return best_of(every) * 1e6


def start(folder: str) -> float:
    """Return the seconds that a new process needs to import and compile everything, or to load it from `folder`."""
    code = "import comet.compare.sample"  # each kernel has its types, so importing compiles it
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env={"NUMBA_CACHE_DIR": folder})
    return time.perf_counter() - begin


def stage(threads: int) -> float:
    """Return the microseconds of a pair in the stage."""
    sample = prepare(enumerate(noise(150, WORDS), 1))
    stored: list[Chunk] = []
    seconds = best_of(lambda: correlate(sample, store=stored.append, floors=FLOOR, threads=threads), 3)
    return seconds / (150 * 149 / 2) * 1e6


def main() -> None:
    """Print the figures."""
    out = sys.stdout.write
    base = pair(WORDS, WORDS, 0)
    out(f"one pair of {WORDS} words, every offset: {base:.1f} us = {WORDS**2 / base / 1e3:.1f} G words/s\n")
    for span in (300, 150, 30, 8):
        out(f"  span {span:4}: {(time_ := pair(WORDS, WORDS, span)):6.1f} us, {time_ / base:.2f} x\n")
    for length in (81, 243, 474, 1938):
        out(f"  {length:4} words: {(time_ := pair(length, length, 0)):6.1f} us, {time_ / base:.2f} x\n")
    out(f"  with an hour: {(time_ := pair(HOUR, WORDS, 0)):6.0f} us, {time_ / base:.1f} x\n")
    time_ = pair(HOUR, HOUR, 0)
    out(f"  two hours: {time_ / 1e3:6.1f} ms, {time_ / base:.0f} x\n")
    for length in (WORDS, 243, 1938):
        both, flat = pair(length, length, 0, -np.inf), pair(length, length, 0)
        out(f"  {length:4} words, also along slopes: {both:6.1f} us, {both / flat:.2f} x flat alone\n")
    both = pair(HOUR, HOUR, 0, -np.inf)
    out(f"  two hours, also along slopes: {both / 1e3:6.1f} ms, {both / time_:.2f} x flat alone\n")
    slow = plain(WORDS, 150)
    out(f"numpy, span 150, uncentred: {slow:.0f} us, {slow / pair(WORDS, WORDS, 150):.0f} x ours\n")
    tracks = noise(400, WORDS)
    ready = best_of(lambda: prepare(enumerate(tracks))) / 400 * 1e6
    masks = best_of(lambda: [informative(track) for track in tracks]) / 400 * 1e6
    out(f"making a track ready: {ready:.1f} us, {ready / base:.2f} x a pair, {ready / masks:.2f} x its mask in numpy\n")
    one = stage(1)
    out(f"the stage, 1 thread: {one:.1f} us a pair, {one / base:.2f} x the kernel (noise: most pairs reach the gate)\n")
    out(f"  2 threads: {stage(2) / one:.2f} x that\n")
    a, b = noise(2, WORDS)
    out(f"one pair by `best`: {best_of(lambda: best(a, b, TAILS), 20) * 1e6:.0f} us\n")
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = start(folder), statistics.median(start(folder) for _ in range(3))
    out(f"start, import and compile: {cold:.1f} s; from the cache: {warm:.2f} s, {warm / cold:.2f} x\n")


if __name__ == "__main__":
    main()
