"""What comparing costs, as ratios measured in one run: `python -m tests.benchmarks.bench_compare`.

Tracks are noise with the lengths of real ones; the kernels' time does not depend on the words. How many pairs of music
reach the gate, 4 %, and so how much the slopes cost in all, it cannot say.

`python -m tests.benchmarks.bench_compare peers` sets the flat kernel beside what others do with two tracks, and beside
itself as it would be compiled for lesser processors; what it finds must be the same there.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import acoustid
import numpy as np

from comet.compare import limit
from comet.compare.chunks import Chunk
from comet.compare.correlation import correlate
from comet.compare.extent import HOUR
from comet.compare.sample import best, compare, consecutive, prepare
from comet.core.words import informative
from comet.judge.threshold import FLAT, FLOOR, SLOPED
from tests.benchmarks import peers

WORDS = 969
TAILS = (FLAT, SLOPED)
NONE = (np.inf, np.inf)
"""Floors that no pair reaches."""
PEERS = 948
"""Words of the tracks that are compared as others do it,"""
NEAR = 150
"""and the largest offset of one of the two figures: 301 offsets."""
CPUS = {
    "this processor": {},
    "AVX2, no count of vectors": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    "SSE2, and a count of words": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "+popcnt"},
    "SSE2 alone": {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""},
}
"""What the compiler is told of the processor, an x86-64."""


def noise(count: int, length: int) -> list[np.ndarray]:
    """Make tracks of one length."""
    return list(np.random.default_rng(1).integers(0, 2**32, (count, length), dtype=np.uint32))


def best_of(call: Callable[[], object], rounds: int = 5, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds of the quickest of some calls."""
    times = []
    for _ in range(rounds):
        begin = clock()
        call()
        times.append(clock() - begin)
    return min(times)


def cpu(call: Callable[[], object], rounds: int = 5) -> float:
    """Return likewise the seconds of the processor that this thread takes: other programs hardly count."""
    return best_of(call, rounds, time.thread_time)


def pair(length_a: int, length_b: int, span: int, gate: float = np.inf, count: int = 400) -> float:
    """Return the microseconds of one pair in one thread, also along slopes where it reaches the gate."""
    count = max(1, min(count, 400_000_000 // (length_a * length_b)))
    sample = prepare(enumerate([*noise(count, length_a), *noise(1, length_b)]))
    pairs = consecutive((count, 0), count)
    return cpu(lambda: compare(sample, pairs, NONE, 40, span, gate=gate)) / count * 1e6


def plain(length: int, span: int) -> float:
    """Return the microseconds of one pair in numpy, an offset a call, without masks and means."""
    a, b = noise(2, length)

    def every() -> None:
        for d in range(-span, span + 1):
            np.bitwise_count(a[max(0, d) : length + min(0, d)] ^ b[max(0, -d) : length - max(0, d)]).sum(dtype=np.int64)

    return cpu(every) * 1e6


def copies() -> tuple[np.ndarray, np.ndarray]:
    """Make two tracks of which one is a copy of the other, 20 words later, with one bit in 20 wrong."""
    a = noise(1, PEERS)[0]
    wrong = np.packbits(np.random.default_rng(2).random((PEERS, 32)) < 0.05, axis=1).view(np.uint32)[:, 0]
    return a, np.roll(a ^ wrong, 20)


def words(span: int) -> int:
    """Return how many words stand against one of the other track, at all offsets up to `span` together."""
    return sum(PEERS - abs(d) for d in range(-span, span + 1))


def alone() -> dict[str, Any]:
    """Return the microseconds of a pair at 301 and at every offset, what the core could do, and what 400 pairs show."""
    tracks = [*noise(398, PEERS), *copies(), noise(1, PEERS)[0]]
    sample, pairs = prepare(enumerate(tracks)), consecutive((400, 0), 400)
    found = hashlib.blake2b(digest_size=16)
    for span in (NEAR, 0):
        for column in compare(sample, pairs, (0.0, 0.0), 40, span):
            found.update(np.ascontiguousarray(column).tobytes())
    x, y, sums = noise(1, 8192)[0], noise(1, 1024)[0], np.zeros(1024, np.uint32)
    most = len(x) * len(y) / cpu(lambda: limit.count(x, y, sums), 50)
    near, every = pair(PEERS, PEERS, NEAR), pair(PEERS, PEERS, 0)
    return {"near": near, "every": every, "limit": most, "found": found.hexdigest()}


def elsewhere(told: dict[str, str]) -> dict[str, Any]:
    """Return what `alone` says in a fresh process whose compiler is told of another processor."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.bench_compare", "alone"],
            check=True,
            capture_output=True,
            env={**os.environ, "NUMBA_CACHE_DIR": folder, **told},
        )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def beside() -> None:
    """Print the kernel beside others, and beside itself on lesser processors."""
    out = sys.stdout.write
    every = PEERS - 1
    kinds = {name: elsewhere(told) for name, told in CPUS.items()}
    ours = kinds["this processor"]
    assert {kind["found"] for kind in kinds.values()} == {ours["found"]}, "other processors find other pairs"
    out(f"one pair of {PEERS} words, us, at 301 offsets and at every one; of the words a core can compare\n")
    for name, kind in kinds.items():
        near, all_ = kind["near"], kind["every"]
        rates = [words(span) / time_ / 1e3 for span, time_ in ((NEAR, near), (every, all_))]
        shares = " ".join(f"{rate:5.1f} G/s {rate * 1e9 / kind['limit']:4.0%}" for rate in rates)
        ratio = f"{near / ours['near']:4.1f} x {all_ / ours['every']:4.1f} x"
        out(f"  {name:28} {near:7.1f} {all_:7.1f}  {ratio}  {shares} of {kind['limit'] / 1e9:.1f}\n")
    a, b = copies()
    near, all_ = plain(PEERS, NEAR), plain(PEERS, every)
    ratio = f"{near / ours['near']:4.0f} x {all_ / ours['every']:4.0f} x"
    out(f"  {'NumPy, uncentred':28} {near:7.0f} {all_:7.0f}  {ratio}\n")
    one, other = a.tolist(), b.tolist()
    for name, call in (
        ("pyacoustid, 240 offsets", lambda: acoustid._match_fingerprints(one, other)),
        ("AcoustID's rule in NumPy", lambda: peers.acoustid(a, b)),
        ("Czkawka's rule in NumPy", lambda: peers.czkawka(a, b)),
    ):
        time_ = cpu(call) * 1e6
        out(f"  {name:28} {time_:7.0f}          {time_ / ours['near']:.0f} x\n")


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
    if sys.argv[1:] == ["alone"]:
        sys.stdout.write(json.dumps(alone()))
    else:
        beside() if sys.argv[1:] == ["peers"] else main()
