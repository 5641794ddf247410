"""What the reading order is worth: `python -m tests.benchmarks.bench_order MUSIC [COLLECTION]`.

MUSIC is a folder of the same tracks in several formats, whole tracks of some minutes. What decoding each of them
costs is measured; a library of such files is laid out on a spinning disk that is simulated, and read in four orders.
COLLECTION is copied, and listened to by the real workers in three orders.
"""

from __future__ import annotations

import argparse
import heapq
import math
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import psutil

from comet.core.model import File, Root
from comet.core.sections import Settings
from comet.library import disk, order, scan
from comet.listen import audio
from comet.listen.fingerprint import Wanted, limits, listen_all

FILES = 20_000
CAPACITY = 4e12
SPEED = 150e6
HALF_TURN = 0.5 * 60 / 7200
SETTLE, AVERAGE, FULL = 0.0010, 0.0085, 0.0160
WINDOW = 128 * 1024  # what Linux reads ahead
OTHER = 2.5  # bytes of other things on the disk for each byte of music
ROUNDS = 2

Extent = tuple[float, float]  # address, length in bytes
Cost = tuple[int, float]  # bytes, CPU seconds


@dataclass(frozen=True, slots=True)
class Made:
    """A file of the library that is made up."""

    path: bytes
    cpu: float
    """Seconds."""
    extents: tuple[Extent, ...]


@dataclass(slots=True)
class Head:
    """A disk with one head: a seek settles, then takes the root of a short way and a part of a long one.

    The shape is that of C. Ruemmler, J. Wilkes, An introduction to disk drive modeling, IEEE Computer 27 (1994); the
    figures are those of usual 7200 rpm disks: 8.5 ms for a third of the way, 16 ms for all of it.
    """

    at: float = 0.0
    travel: float = 0.0
    busy: float = 0.0

    def read(self, extents: Sequence[Extent]) -> float:
        """Read pieces one after the other; return the seconds."""
        seconds = 0.0
        for address, length in extents:
            way = address - self.at
            if way:
                moved = _seek(abs(way) / CAPACITY) + HALF_TURN
                seconds += min(moved, way / SPEED) if way > 0 else moved  # a short gap is read over
                self.travel += abs(way)
            seconds += length / SPEED
            self.at = address + length
        self.busy += seconds
        return seconds


def _seek(share: float) -> float:
    if share < 1 / 3:
        return SETTLE + (AVERAGE - SETTLE) * math.sqrt(3 * share)
    return AVERAGE + (FULL - AVERAGE) * (share - 1 / 3) * 1.5


@dataclass(slots=True)
class Ran:
    """What a simulated scan took."""

    wall: float
    head: Head


def one_reader(files: Sequence[Made], workers: int, ahead: int) -> Ran:
    """Files are read whole, one at a time.

    With `ahead` 0 each worker reads for itself when the disk is free; else somebody reads up to that many files
    before they are asked for.
    """
    head = Head()
    free = [0.0] * workers
    taken: list[float] = []
    disk_free = 0.0
    for number, file in enumerate(files):
        worker = heapq.heappop(free)
        if not ahead:
            begin = max(disk_free, worker)
        else:
            begin = max(disk_free, taken[number - ahead] if number >= ahead else 0.0)
        disk_free = begin + head.read(file.extents)
        start = max(worker, disk_free)
        taken.append(start)
        heapq.heappush(free, start + file.cpu)
    return Ran(max(free), head)


def _windows(file: Made) -> list[Extent]:
    return [
        (address + at, min(WINDOW, length - at))
        for address, length in file.extents
        for at in range(0, math.ceil(length), WINDOW)
    ]


@dataclass(slots=True)
class Worker:
    """Decodes a window while the next one is being read ahead."""

    windows: list[Extent] = field(default_factory=list)
    cpu: float = 0.0
    """Seconds for a window."""
    asked: int = 0
    ready: int = 0
    left: int = 0
    """Windows that are still to be decoded."""
    decoding: bool = False

    def take(self, file: Made) -> None:
        """Begin a file."""
        self.windows = _windows(file)
        self.left = len(self.windows)
        self.cpu, self.asked, self.ready = file.cpu / self.left, 0, 0

    def ask(self) -> Extent:
        """Return the next window to read."""
        self.asked += 1
        return self.windows[self.asked - 1]


class ManyReaders:
    """Every worker reads its own file, a window ahead; of those that wait the disk serves the nearest."""

    def __init__(self, files: Sequence[Made], workers: int) -> None:
        self.head = Head()
        self.now = 0.0
        self._todo = iter(files)
        self._team = [Worker() for _ in range(workers)]
        self._queue: dict[int, Extent] = {}
        self._events: list[tuple[float, int]] = []  # when, and which worker has decoded, or ~it was served
        self._busy = False

    def run(self) -> Ran:
        """Read all files."""
        for number in range(len(self._team)):
            self._begin(number)
        while self._events or self._queue:
            if self._queue and not self._busy:
                self._serve()
            self._step()
        return Ran(self.now, self.head)

    def _begin(self, number: int) -> None:
        if file := next(self._todo, None):
            self._team[number].take(file)
            self._queue[number] = self._team[number].ask()

    def _serve(self) -> None:
        at = self.head.at
        number = min(self._queue, key=lambda each: abs(self._queue[each][0] - at))
        heapq.heappush(self._events, (self.now + self.head.read([self._queue.pop(number)]), ~number))
        self._busy = True

    def _step(self) -> None:
        self.now, number = heapq.heappop(self._events)
        if number < 0:
            self._busy, number = False, ~number
            self._team[number].ready += 1
        else:
            self._team[number].decoding = False
            self._team[number].left -= 1
        worker = self._team[number]
        if worker.ready and not worker.decoding:
            worker.ready -= 1
            worker.decoding = True
            heapq.heappush(self._events, (self.now + worker.cpu, number))
            if worker.asked < len(worker.windows):
                self._queue[number] = worker.ask()
        elif not worker.left:
            self._begin(number)


def many_readers(files: Sequence[Made], workers: int) -> Ran:
    """Every worker reads for itself; see `ManyReaders`."""
    return ManyReaders(files, workers).run()


def library(costs: dict[bytes, list[Cost]], seed: int = 7) -> list[Made]:
    """Make up a library of albums that grew over years: first lossy, later ever more FLAC, in a folder each.

    Albums lie one after the other with other things between them, one in twenty in a gap further ahead; one in seven
    was written in another order than that of its names; one file in ten is in pieces.
    """
    rng = random.Random(seed)  # noqa: S311 - figures that can be had again
    lossy = [kind for kind in costs if kind != b".flac"]
    weights = [{b".mp3": 70, b".m4a": 14}.get(kind, 8) for kind in lossy]
    found: list[Made] = []
    end = 0.0
    while len(found) < FILES:
        late = len(found) / FILES
        flac = rng.random() < 1 / (1 + math.exp(-10 * (late - 0.55)))
        kind = b".flac" if flac else rng.choices(lossy, weights)[0]
        folder = b"%s/Artist %03d/Album %d" % (b"FLAC" if flac else b"Music", rng.randrange(300), len(found))
        tracks = [(b"%s/%02d%s" % (folder, n, kind), *rng.choice(costs[kind])) for n in range(rng.randint(8, 16))]
        if rng.random() < 1 / 7:
            rng.shuffle(tracks)
        at = end * rng.random() if rng.random() < 1 / 20 else end
        for path, size, cpu in tracks:
            extents, at = _laid(rng, at, size)
            found.append(Made(path, cpu, extents))
        end = max(at, end) + rng.expovariate(1) * OTHER * sum(size for _path, size, _cpu in tracks)
    return found


def _laid(rng: random.Random, at: float, size: int) -> tuple[tuple[Extent, ...], float]:
    """Return where a file lies, and where the next one can."""
    if rng.random() < 0.9:
        return ((at, size),), at + size
    cuts = sorted({0, size, *(rng.randrange(size) for _ in range(rng.randint(1, 5)))})
    extents, place = [], at
    for begin, stop in pairwise(cuts):
        extents.append((place, stop - begin))
        place += (stop - begin) + rng.uniform(1e6, 500e6)
    return tuple(extents), at + size


def _formats(files: Sequence[Made]) -> dict[bytes, list[Made]]:
    parts: dict[bytes, list[Made]] = defaultdict(list)
    for file in files:
        parts[order.format_of(file.path)].append(file)
    return parts


def orders(files: Sequence[Made]) -> dict[str, list[Made]]:
    """Return the library in each order."""
    along = sorted(files, key=lambda file: file.extents[0])
    shuffled = sorted(files, key=lambda file: file.path)
    random.Random(1).shuffle(shuffled)  # noqa: S311
    return {
        "path": sorted(files, key=lambda file: file.path),
        "shuffled": shuffled,
        "extents": along,
        "ours": order.mix(_formats(along)),
    }


def simulate(files: Sequence[Made]) -> None:
    """Print what reading the library takes."""
    cpu = sum(file.cpu for file in files)
    transfer = sum(length for file in files for _at, length in file.extents) / SPEED
    used = max(at + length for file in files for at, length in file.extents)
    _out(f"\nsimulated: {len(files)} files over {used / 1e12:.2f} TB, {cpu / 3600:.2f} h of CPU, ")
    _out(f"{transfer / 3600:.2f} h of pure transfer\n")
    ways = orders(files)
    for name, way in ways.items():
        kinds = [order.format_of(file.path) for file in way]
        _out(f"  {name:9} deviation {order.deviation(kinds):7.1f} files, runs z {order.runs_z(kinds):8.1f}\n")
    readers: dict[str, Callable[[Sequence[Made], int], Ran]] = {
        "one, in the worker": partial(one_reader, ahead=0),
        "one, 4 files ahead": partial(one_reader, ahead=4),
        "every worker": many_readers,
    }
    _out(
        "| readers | workers | order | wall h | of path order | CPU idle | disk idle | head travel, TB |\n|"
        + "---|" * 8
    )
    for reader, call in readers.items():
        for workers in (2, 4) if call is many_readers else (2, 4, 6, 8):
            base = 0.0
            for name, way in ways.items():
                ran = call(way, workers)
                base = base or ran.wall
                _out(
                    f"\n| {reader} | {workers} | {name} | {ran.wall / 3600:.2f} | {ran.wall / base:.3f} | "
                    f"{1 - cpu / workers / ran.wall:.1%} | {1 - ran.head.busy / ran.wall:.1%} | "
                    f"{ran.head.travel / 1e12:.0f} |"
                )
    _out("\n")


def measure(folder: str) -> dict[bytes, list[Cost]]:
    """Return size and CPU time of each track, by format; print their means."""
    costs: dict[bytes, list[Cost]] = defaultdict(list)
    for name in sorted(os.listdir(os.fsencode(folder))):
        kind = order.format_of(name)
        if kind in {b".mp3", b".flac", b".m4a", b".ogg", b".opus"}:
            path = os.path.join(os.fsencode(folder), name)
            costs[kind].append((os.path.getsize(path), min(_decode(path) for _ in range(ROUNDS))))
    for kind, found in costs.items():
        size, seconds = (statistics.fmean(each) for each in zip(*found, strict=True))
        _out(f"{kind.decode():6} {len(found)} tracks, mean {size / 1e6:5.1f} MB = {size / SPEED:.3f} s of the disk, ")
        _out(f"{seconds:.3f} s of CPU, {size / SPEED / seconds:.2f} : 1\n")
    return dict(costs)


def _decode(path: bytes) -> float:
    begin = time.process_time()
    audio.listen(path)
    return time.process_time() - begin


def real(collection: str) -> None:
    """Print what listening to a copy of a collection takes with the real workers."""
    with tempfile.TemporaryDirectory() as top:
        copy = os.path.join(top, "copy")
        shutil.copytree(collection, copy, symlinks=True, ignore=_special)
        os.sync()
        base = os.fsencode(copy)
        files = [item for item in scan.walk(Root("r", base), scan.excluder(())) if isinstance(item, File)]
        shuffled = list(files)
        random.Random(1).shuffle(shuffled)  # noqa: S311
        begin = time.process_time()
        arranged = order.arrange(files, base, extents=True)
        below = disk.disk_of(base)
        _out(f"\nreal: {len(files)} files on {below.name} ({below.kind}), {os.cpu_count()} processors, ")
        _out(f"load {os.getloadavg()[0]:.1f}; arranged in {(time.process_time() - begin) * 1e3:.0f} ms: ")
        _out(f"{arranged.by_extent} by extent, {arranged.by_inode} by inode, deviation {arranged.deviation:.2f}, ")
        _out(f"runs z {arranged.runs_z:.1f}\n")
        ways = {"path": sorted(files, key=lambda file: file.path), "shuffled": shuffled, "ours": arranged.files}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                wall, idle, decoded = _listen(way, base)
                _out(f"  {name:9} {wall:6.1f} s, processors idle {idle:.1%}, {decoded} decoded\n")


def _special(folder: str, names: list[str]) -> list[str]:
    """Return what cannot be copied: pipes, sockets, files that claim to be enormous."""
    paths = {name: os.path.join(folder, name) for name in names}
    return [n for n, p in paths.items() if not (os.path.isdir(p) or (os.path.isfile(p) and os.stat(p).st_size < 1e9))]


def _listen(files: Sequence[File], base: bytes) -> tuple[float, float, int]:
    """Listen to files that are not in memory; return wall time, idle share of the processors, and how many had sound.

    Runs can be compared where the last one is equal: on a busy machine a long file may exceed its time.
    """
    wanted = [Wanted(file, os.path.join(base, file.path), False) for file in files]
    for each in wanted:
        descriptor = os.open(each.path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
    how = limits(Settings()) | {"nice": 0}  # what else runs here shall not decide
    begin, before = time.perf_counter(), psutil.cpu_times()
    decoded = sum(heard.audio is not None for heard in listen_all(wanted, lambda _hash: False, **how))
    wall, after = time.perf_counter() - begin, psutil.cpu_times()
    return wall, (after.idle + after.iowait - before.idle - before.iowait) / wall / (os.cpu_count() or 1), decoded


def _out(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("music")
    parser.add_argument("collection", nargs="?")
    typed = parser.parse_args()
    files = library(measure(typed.music))
    counts = Counter(order.format_of(file.path).decode() for file in files)
    _out(f"the library: {', '.join(f'{kind} {count}' for kind, count in counts.most_common())}\n")
    simulate(files)
    if typed.collection:
        real(typed.collection)


if __name__ == "__main__":
    main()
