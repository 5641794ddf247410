"""Loudness against FFmpeg's `ebur128`, file by file: `python -m tests.benchmarks.bench_loudness FOLDER`.

The true peaks differ by design: FFmpeg resamples to 192 kHz, Comet has the interpolation of libebur128.
"""

from __future__ import annotations

import math
import os
import re
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import av
import numpy as np
from av.audio.frame import AudioFrame

from comet.core.measures import Loudness
from comet.listen.loudness import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Block = NDArray[np.float32]

BLOCK = 65_536
ROUNDS = 7


def ebur128(*source: str, sound: bytes | None = None) -> Loudness | None:
    """Return what FFmpeg says of an input, None where it cannot read it.

    Args:
        source: arguments of FFmpeg up to `-i` and the input.
        sound: what it reads if the input is `-`.
    """
    filters = "ebur128=peak=true+sample:metadata=1,ametadata=mode=print:key=lavfi.r128.I:file=-"
    command = ["ffmpeg", "-nostdin", "-hide_banner", *source, "-map", "0:a:0", "-af", filters, "-f", "null", os.devnull]
    run = subprocess.run(command, input=sound, capture_output=True, check=False)
    # the summary has one decimal, and -70 where nothing passed the gate; the frames have three
    frames = re.findall(rb"lavfi\.r128\.I=(\S+)", run.stdout)
    peaks = dict(re.findall(rb"(Sample|True) peak:\s+Peak:\s+(\S+) dBFS", run.stderr))
    if run.returncode or not frames or len(peaks) != 2:
        return None
    integrated = float(frames[-1])
    sample, true = (10 ** (float(peaks[name]) / 20) for name in (b"Sample", b"True"))
    return Loudness(integrated if integrated > -70 else -math.inf, sample, true)


def blocks(path: str) -> Iterator[tuple[int, list[str], Block]]:
    """Decode a file; yield its rate, the names of its channels and what it sounds like, as the ear does."""
    with av.open(path) as container:
        graph = None
        for frame in container.decode(audio=0):
            if graph is None:
                graph = av.filter.Graph()
                source = graph.add_abuffer(
                    sample_rate=frame.sample_rate,
                    format=frame.format.name,
                    layout=frame.layout.name,
                    time_base=frame.time_base,
                )
                sink = graph.add("abuffersink")
                nodes = [graph.add("aformat", "sample_fmts=fltp"), graph.add("asetnsamples", f"n={BLOCK}:p=0")]
                graph.link_nodes(source, *nodes, sink).configure()
                names = [channel.name for channel in frame.layout.channels]
            source.push(frame)
            yield from ((frame.sample_rate, names, block) for block in drained(sink))
        if graph is not None:
            source.push(None)
            yield from ((frame.sample_rate, names, block) for block in drained(sink))


def drained(sink: av.filter.context.FilterContext) -> Iterator[Block]:
    """Yield what a graph has ready."""
    while True:
        try:
            frame = sink.pull()
        except (BlockingIOError, EOFError):
            return
        if isinstance(frame, AudioFrame):
            yield np.stack([np.frombuffer(plane, np.float32, frame.samples) for plane in frame.planes])


def measure(path: str) -> tuple[Loudness, float, float, float]:
    """Return a file's loudness, its seconds times channels, and the CPU seconds of decoding and of measuring."""
    begin = time.process_time()
    heard = list(blocks(path))
    decoding = time.process_time() - begin
    rate, names, _ = heard[0]
    costs = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        meter = Meter(rate, names)
        for _, _, block in heard:
            meter.feed(block)
        result = meter.result()
        costs.append(time.process_time() - begin)
    return result, sum(block.size for _, _, block in heard) / rate, decoding, min(costs)


def decibels(ours: float, theirs: float) -> float:
    """Return by how many dB two magnitudes differ; 0 for two silences."""
    quiet = 10 ** (-120 / 20)
    return abs(20 * math.log10(max(ours, quiet) / max(theirs, quiet)))


def main() -> None:
    """Print a row for each file, then the largest and the median difference and the cost."""
    out = sys.stdout.write
    rows: list[tuple[float, float, float]] = []
    length = decoding = cost = 0.0
    for folder, _, names in os.walk(sys.argv[1]):
        for name in sorted(names):
            path = os.path.join(folder, name)
            theirs = ebur128("-i", path) if os.path.isfile(path) else None
            if theirs is None:
                continue
            try:
                ours, seconds, decoded, took = measure(path)
            except (av.FFmpegError, IndexError) as error:
                out(f"not read: {path!r}: {error}\n")
                continue
            length, decoding, cost = length + seconds, decoding + decoded, cost + took
            silent = ours.integrated == theirs.integrated == -math.inf
            loud = 0.0 if silent else abs(ours.integrated - theirs.integrated)
            rows.append((loud, decibels(ours.peak, theirs.peak), decibels(ours.true_peak, theirs.true_peak)))
            out(
                f"{ours.integrated:8.3f} LUFS, {loud:5.3f} apart; peak {ours.peak:5.3f}, {rows[-1][1]:4.2f} dB apart; "
                f"true peak {ours.true_peak:5.3f}, {rows[-1][2]:4.2f} dB apart; {took / seconds * 2e5:5.1f} ms "
                f"{path!r}\n"
            )
    for title, column in zip(("LUFS", "peak", "true peak"), zip(*rows, strict=True), strict=True):
        out(f"{title}: {len(column)} files, median {statistics.median(column):.3f}, largest {max(column):.3f} apart\n")
    out(f"CPU for 100 s of stereo: {cost / length * 2e5:.1f} ms, {cost / decoding:.2f} of decoding\n")


if __name__ == "__main__":
    main()
