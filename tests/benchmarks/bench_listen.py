"""What listening costs, as ratios measured in one run: `python -m tests.benchmarks.bench_listen FOLDER [--length S]`.

First each way by itself, file by file, on one core: CPU of all its processes and time, per minute of music, by codec.
The rounds are interleaved, so that what else the machine does hits all ways alike. Then the whole program on the folder
with two workers, against bare decoding of the same files in two processes. Only a machine that does nothing else gives
times worth keeping; the ratios are less sensitive. A line on standard error says how far it is.
"""

from __future__ import annotations

import argparse
import ctypes
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import av

from comet.listen import audio

_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): what our children leave behind becomes ours, so its CPU is counted too."""
ENDINGS = (b".mp3", b".flac", b".ogg", b".opus", b".m4a", b".wav")


@dataclass(frozen=True)
class Cost:
    """Of one thing that was done."""

    cpu: float
    """Seconds, user and system, of all processes."""
    wall: float
    """Seconds."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, self.wall + other.wall)

    def __truediv__(self, by: float) -> Cost:
        return Cost(self.cpu / by, self.wall / by)


@dataclass
class Costs:
    """Of one way, one a round."""

    rounds: list[Cost] = field(default_factory=list)

    def median(self, what: str) -> float:
        """Return the median of `cpu` or `wall`."""
        return statistics.median(getattr(each, what) for each in self.rounds)

    def ratio(self, base: Costs, what: str) -> float:
        """Return the median of the rounds' ratios to another way."""
        pairs = zip(self.rounds, base.rounds, strict=True)
        return statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs)


def measure(call: Callable[[], object]) -> Cost:
    """Return what a call costs, here and in all processes that it starts."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    before, begin = _cpu(), time.perf_counter()
    call()
    wall = time.perf_counter() - begin
    try:
        while os.waitpid(-1, 0):
            pass
    except ChildProcessError:  # the last one is gone
        pass
    return Cost(_cpu() - before, wall)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def decode(path: bytes, length: float = 0.0) -> None:
    """Demux and decode the best audio stream in one thread, and do nothing with it; `length` seconds, 0 for all."""
    with av.open(os.fsdecode(path)) as container:
        stream = container.streams.best("audio")
        assert isinstance(stream, av.AudioStream)
        stream.codec_context.thread_count = 1
        heard = 0.0
        for packet in container.demux(stream):
            for frame in stream.codec_context.decode(packet if packet.size else None):
                heard += frame.samples / frame.sample_rate
            if 0 < length <= heard or not packet.size:
                break


def run(*words: object, exit_codes: Iterable[int] = (0,)) -> None:
    """Run another program to its end."""
    command = [word if isinstance(word, bytes) else str(word) for word in words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode not in exit_codes:
        sys.exit(f"{words[0]!r} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")


def ffmpeg(path: bytes, *words: object, length: float = 0.0) -> None:
    """Run ffmpeg on the audio of a file, with one thread."""
    part = ("-t", length) if length else ()
    run("ffmpeg", "-nostdin", "-v", "error", "-threads", 1, "-i", path, *part, "-map", "0:a:0", *words, "-")


def fpcalc(path: bytes, length: float) -> None:
    """Run fpcalc on a file; Debian's 1.5.1 exits with 3 at the end of every file, though all was printed."""
    run("fpcalc", "-raw", "-length", round(length), path, exit_codes=(0, 3))


BARE, FFMPEG = "(a) bare decoding, PyAV", "(b) bare decoding, ffmpeg"
FPCALC, HASH, LOUD = "(d) fpcalc", "hash alone, ffmpeg", "loudness alone, ffmpeg"
SEPARATE = "(e) fpcalc, hash and loudness, one after the other"


def ways(length: float) -> dict[str, Callable[[bytes], object]]:
    """Return what is compared."""
    return {
        BARE: lambda path: decode(path, length),
        FFMPEG: lambda path: ffmpeg(path, "-f", "null", length=length),
        "(c) ours: hash": audio.identify,
        "(c) ours: fingerprint, hash, quality": lambda path: audio.listen(path, length),
        "(c) ours: and loudness": lambda path: audio.listen(path, length, loudness=True),
        FPCALC: lambda path: fpcalc(path, length),
        HASH: lambda path: ffmpeg(path, "-c", "copy", "-f", "streamhash"),
        LOUD: lambda path: ffmpeg(path, "-af", "ebur128=peak=true", "-f", "null"),
    }


def alone(files: dict[bytes, tuple[str, float]], length: float, rounds: int) -> dict[str, dict[str, Costs]]:
    """Measure each way on each file; codec -> way -> costs per minute of music."""
    minutes: dict[str, float] = defaultdict(float)
    for codec, seconds in files.values():
        minutes[codec] += (min(seconds, length) if length else seconds) / 60
    found: dict[str, dict[str, Costs]] = {codec: defaultdict(Costs) for codec in minutes}
    for number in range(rounds):
        sums: dict[tuple[str, str], Cost] = defaultdict(lambda: Cost(0, 0))
        for done, (path, (codec, _seconds)) in enumerate(files.items()):
            sys.stderr.write(f"\rround {number + 1} of {rounds}, file {done + 1} of {len(files)} ")
            for way, call in ways(length).items():
                cost = measure(partial(call, path))
                sums[codec, way] += cost
                if way in {FPCALC, HASH, LOUD}:
                    sums[codec, SEPARATE] += cost
        for (codec, way), cost in sums.items():
            found[codec][way].rounds.append(cost / minutes[codec])
    return found


def together(folder: bytes, paths: list[bytes], length: float, rounds: int) -> dict[str, Costs]:
    """Measure the whole program and what it is compared with on all files."""
    found: dict[str, Costs] = defaultdict(Costs)
    with tempfile.TemporaryDirectory(prefix="comet-bench-") as home:
        measure(partial(_scan, folder, home, 0, length))  # compiles; measured, so that no process is left over
        for number in range(rounds):
            sys.stderr.write(f"\rall files, round {number + 1} of {rounds}      ")
            calls: dict[str, Callable[[], object]] = {
                "(a) bare decoding, two processes": partial(_decode_all, paths, length),
                "comet scan, two workers": partial(_scan, folder, home, number + 1, length),
                "fpcalc, one after the other": lambda: [fpcalc(path, length) for path in paths],
                "fpcalc, two at a time (xargs -P2)": partial(_fpcalc_all, paths, length),
            }
            for way, call in calls.items():
                found[way].rounds.append(measure(call))
    return found


def _decode_all(paths: list[bytes], length: float) -> None:
    # forked, for nothing but decoding is to be in it: no imports, and no process that looks after the others
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(partial(decode, length=length), paths, chunksize=1)
        pool.close()
        pool.join()


def _fpcalc_all(paths: list[bytes], length: float) -> None:
    command = ["xargs", "-0", "-P2", "-n1", "fpcalc", "-raw", "-length", str(round(length))]
    subprocess.run(command, input=b"\0".join(paths), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _scan(folder: bytes, home: str, number: int, length: float) -> None:
    """Scan a folder of which nothing is known yet, in a process of its own; from number 1 on nothing is compiled."""
    state = os.path.join(home, str(number))
    os.makedirs(state)
    with open(os.path.join(state, "main.ini"), "w", encoding="utf-8") as ini:
        ini.write(f"[scan]\nworkers = 2\n[fingerprint]\nlength = {length:g}\n")
    kept = {key: text for key, text in os.environ.items() if key != "COMET_JOB"}
    env = {**kept, "COMET_HOME": state, "NUMBA_CACHE_DIR": os.path.join(home, "kernels"), "LANGUAGE": "C"}
    command = [sys.executable, "-m", "comet", "scan", folder, "--json"]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def table(costs: dict[str, Costs], bases: tuple[str, ...], unit: str) -> None:
    """Print medians, minima and ratios."""
    out = sys.stdout.write
    names = "".join(f" CPU to {base[:3]} | time to {base[:3]} |" for base in bases)
    out(f"| way | CPU, {unit} | least | time, {unit} | least |{names}\n|---" + "|---" * (4 + 2 * len(bases)) + "|\n")
    for way, cost in costs.items():
        cells = [way]
        for what in ("cpu", "wall"):
            least = min(getattr(each, what) for each in cost.rounds)
            cells += [f"{cost.median(what):.3f}", f"{least:.3f}"]
        cells += [f"{cost.ratio(costs[base], what):.2f}" for base in bases for what in ("cpu", "wall")]
        out("| " + " | ".join(cells) + " |\n")
    out("\n")


def music(folder: bytes) -> dict[bytes, tuple[str, float]]:
    """Return the files that can be listened to, with codec and seconds; reading them warms what is to be warm."""
    found = {}
    for path in sorted(entry.path for entry in os.scandir(folder) if entry.name.endswith(ENDINGS)):
        told = audio.listen(path).audio
        found[path] = (told.codec, told.duration)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=os.fsencode)
    parser.add_argument("--length", type=float, default=0.0, help="seconds from the beginning, 0 for all")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for program in ("ffmpeg", "fpcalc", "xargs"):
        if not shutil.which(program):
            parser.error(f"{program} is not installed")
    files = music(arguments.folder)
    if not files:
        parser.error("there is no music in that folder")
    for codec, costs in alone(files, arguments.length, arguments.rounds).items():
        seconds = sum(length for each, length in files.values() if each == codec)
        count = sum(each == codec for each, _length in files.values())
        sys.stdout.write(f"\n{codec}: {count} files, {seconds / 60:.1f} minutes\n\n")
        table(costs, (BARE, FFMPEG), "s a minute of music")
    costs = together(arguments.folder, list(files), arguments.length, arguments.rounds)
    sys.stdout.write(
        f"all: {len(files)} files, {sum(length for _codec, length in files.values()) / 60:.1f} minutes\n\n"
    )
    table(costs, (next(iter(costs)),), "s")


if __name__ == "__main__":
    main()
