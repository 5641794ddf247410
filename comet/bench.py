"""What this machine is worth: how records load, how fast pairs are compared, how fast files are listened to."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Final

import numpy as np

from comet import bench_load
from comet.compare import chunks, extent, memory
from comet.core import start
from comet.core.errors import BrokenError, CometError, MemoryBudgetError, NoSpaceError
from comet.core.job import Job
from comet.core.model import SECONDS_PER_WORD, Stage
from comet.core.sections import Settings
from comet.core.text import _, grouped, safe, size
from comet.library import scan
from comet.listen import fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comet.collection.opened import Collection
    from comet.core.model import Words

TRACKS: Final = 200
"""Fingerprints that are compared: 19 900 pairs, of two minutes of music each two seconds for one core."""
FILES: Final = 64
"""Files that are listened to: some 15 s of work for one core, so that the start of the workers is little of it."""

_TAKEN: Final = {"comet": 20, "json": 980, "ijson": 1000, "pandas": 1320}
"""Bytes of memory a record while a way of loading is at its worst, as `comet bench records` shows, rounded up."""
_ON_DISK: Final = 360
"""Bytes a record of both files together: 16 and 323, rounded up."""
_MADE: Final = 200
"""Bytes of memory a record while the files are made."""
_NAMES: Final = 4096
"""Paths that records are made of."""
_BATCH: Final = 1 << 16
"""Records that are written at a time."""
_SHORT: Final = 5.0
"""Seconds: what takes less is measured again, up to `_ROUNDS` times."""
_ROUNDS: Final = 5
_MOMENT: Final = 2.0
"""Seconds for which pairs are compared, each way."""
_PIECE: Final = 256
"""Pairs between two looks at the clock, some 20 ms."""
_FLIPS: Final = (0.0896, 0.2304)
"""How probably a bit of a made-up word falls, and rises, against the one before: so .129 of the bits differ from word
to word and .403 from far away, as in real music (.129 and .403), and .317 four words apart (.329)."""
_OWN: Final = 20
"""Bits of a made-up word that go their own way; each other one goes with one of them. So 11 in 100 pairs are looked at
along slopes, of unrelated real ones 5 to 17; were it 32, none would be, and a pair would cost less than a real one."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading all records took in one way, bytes a record; medians."""

    way: str
    seconds: float
    file: float
    kept: float
    """Of memory, when all are loaded."""
    peak: float
    """Of memory, at the worst moment on the way there."""
    runs: int


@dataclass(frozen=True, slots=True)
class Records:
    """The same records loaded in several ways."""

    count: int
    loaded: tuple[Loaded, ...]
    absent: tuple[str, ...]
    """Ways that are not installed here."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How fast pairs are compared."""

    made_up: bool
    """The fingerprints are not the collection's."""
    tracks: int
    words: float
    """Of a track, on average."""
    cores: int
    pairs_core: float
    """A second, by one core: at every offset, and along slopes where something shows."""
    pairs_all: float
    """By all cores."""
    words_core: float
    """Words compared a second by one core, at every offset alone."""
    limit: float
    """Words that one core could compare: and, count, add, and nothing else."""


@dataclass(frozen=True, slots=True)
class Listened:
    """How fast files are listened to."""

    files: int
    bad: int
    """Files that could not be used."""
    size: int
    """Bytes."""
    music: float
    """Seconds."""
    seconds: float
    """That it took, with the start of the workers."""


def records(count: int, folder: str, job: Job) -> Records:
    """Load `count` records in several ways, each in a fresh process of its own.

    Args:
        count: How many.
        folder: For the files, which have no name there and so are gone whatever happens.
        job: Hears about each way, and stops at any time.

    Raises:
        MemoryBudgetError: They would not fit in memory.
        NoSpaceError: Nor on the disk.
        CometError: The system ended a process that loads them.
    """
    ways = [way for way in bench_load.WAYS if way in {"comet", "json"} or importlib.util.find_spec(way)]
    _refuse(count, ways, folder)
    with ExitStack() as stack, job.stage(Stage.BENCH, 2 + len(ways)) as advance:
        found = _drawn(count)
        files = {"comet": stack.enter_context(_ours(found, folder))}
        advance()
        files["json"] = stack.enter_context(_plain(found, folder, job))
        del found
        advance()
        loaded = []
        for way in ways:
            loaded.append(_loaded(way, files.get(way, files["json"]), count, job))
            advance()
    return Records(count, tuple(loaded), tuple(way for way in bench_load.WAYS if way not in ways))


def _refuse(count: int, ways: Sequence[str], folder: str) -> None:
    """Refuse what does not fit, before anything is written."""
    needed, free = count * max(_MADE, *(_TAKEN[way] for way in ways)), memory.free()
    fewer = _("ask for fewer with `--records`")
    if needed > free:
        raise MemoryBudgetError(
            _("loading {count} records takes up to {needed} of memory, and {free} are free").format(
                count=grouped(count), needed=size(needed), free=size(free)
            ),
            hint=fewer,
        )
    needed, free = count * _ON_DISK, shutil.disk_usage(folder).free
    if needed > free:
        raise NoSpaceError(
            _("the files of {count} records take {needed}, and {free} are free in `{folder}`").format(
                count=grouped(count), needed=size(needed), free=size(free), folder=safe(folder)
            ),
            hint=_("{fewer}, or name another folder with `--folder`").format(fewer=fewer),
        )


def _drawn(count: int) -> chunks.Records:
    """Draw records; what they say does not matter, how many bytes they have does."""
    draw = np.random.default_rng(1)
    found = np.empty(count, chunks.RECORD)
    found["i"], found["j"] = draw.integers(1, _NAMES, count), draw.integers(1, _NAMES, count)
    found["offset"], found["overlap"] = draw.integers(-900, 900, count), draw.integers(40, 969, count)
    found["error"], found["evidence"] = draw.integers(65536, size=count), draw.integers(65536, size=count)
    return found


@contextmanager
def _ours(found: chunks.Records, folder: str) -> Iterator[IO[bytes]]:
    """Write a result file and yield it; its name is gone already."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".comet-") as home:
        path = chunks.write(home, chunks.Chunk(((1, _NAMES),), found, _NAMES), cache=bench_load.CACHE, settings={})
        stream = open(path, "rb")  # noqa: SIM115 - it outlives its folder
    with stream:
        yield stream


@contextmanager
def _plain(found: chunks.Records, folder: str, job: Job) -> Iterator[IO[bytes]]:
    """Write the same pairs as a JSON array, 323 bytes each, and yield the file, which has no name."""
    names = [f"{'/a folder of music' * 6}/{n:04} - a song.mp3" for n in range(_NAMES)]
    line = '{"file_a": "%s", "file_b": "%s", "correlation": %.6f, "offset": %d}'
    with tempfile.TemporaryFile(dir=folder) as stream:
        for begin in range(0, len(found), _BATCH):
            some = found[["i", "j", "error", "offset"]][begin : begin + _BATCH].tolist()
            text = ",\n".join([line % (names[i], names[j], 1 - error / 65535, offset) for i, j, error, offset in some])
            stream.write((",\n" if begin else "[").encode() + text.encode())
            job.check()
        stream.write(b"]")
        stream.flush()
        yield stream


def _loaded(way: str, file: IO[bytes], count: int, job: Job) -> Loaded:
    """Load a file in fresh processes, more than once where that is short."""
    runs: list[dict[str, float]] = []
    while not runs or (len(runs) < _ROUNDS and runs[0]["seconds"] < _SHORT / _ROUNDS):
        runs.append(_run(way, file, job))
        if runs[-1]["records"] != count:
            raise BrokenError(_("{way} has not loaded what was written").format(way=way))
    seconds, kept, peak = (statistics.median(run[name] for run in runs) for name in ("seconds", "kept", "peak"))
    return Loaded(way, seconds, os.fstat(file.fileno()).st_size / count, kept / count, peak / count, len(runs))


def _run(way: str, file: IO[bytes], job: Job) -> dict[str, float]:
    """Load a file in a fresh process, and return what that prints."""
    path = f"/dev/fd/{file.fileno()}"
    with subprocess.Popen(
        start.command("comet.bench_load", way, path),
        env=start.environment(),
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[file.fileno()],
    ) as process:
        try:
            while True:
                try:
                    told, _errors = process.communicate(timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    job.check()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise CometError(
            _("loading with {way} ended with exit code {code}").format(way=way, code=process.returncode),
            hint=_("where that is -9 memory ran out: ask for fewer with `--records`"),
        )
    found: dict[str, float] = json.loads(told)
    return found


def pairs(collection: Collection | None, job: Job) -> Compared:
    """Compare fingerprints of the collection, or made-up ones where it has not two, as `comet correlate` would.

    Compiles the kernels where that was not done yet, which is not part of the figures.
    """
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here
    from comet.judge.threshold import FLOOR  # noqa: PLC0415 - likewise

    tracks = [] if collection is None else _own(collection)
    made_up = len(tracks) < 2
    prepared = sample.prepare(enumerate(_made_up() if made_up else tracks))
    wanted = sample.consecutive((1, 0), len(prepared.serials) * (len(prepared.serials) - 1) // 2)
    lengths = np.diff(prepared.offsets)
    span = 0 if collection is None else int(collection.compared["span"])
    cores, never = sample.cores(), (np.inf, np.inf)

    def real(piece: NDArray[np.int64]) -> None:
        sample.compare(prepared, piece, FLOOR, span=span)

    def flat(piece: NDArray[np.int64]) -> None:
        sample.compare(prepared, piece, never, gate=np.inf)

    each = np.ones(len(wanted))
    with job.stage(Stage.BENCH, 4) as advance:
        one = _rate(real, wanted, each, 1)
        advance()
        together = _rate(real, wanted, each, cores)
        advance()
        words = _rate(flat, wanted, lengths[wanted].prod(1), 1)
        advance()
        limit = _limit()
        advance()
    return Compared(made_up, len(lengths), float(lengths.mean()), cores, one, together, words, limit)


def _own(collection: Collection) -> list[Words]:
    """Return what is compared of some of the collection's tracks, drawn; the same ones each time."""
    serials = collection.comparable()
    drawn = np.random.default_rng(1).permutation(serials)[:TRACKS].tolist()
    seconds = collection.profile.settings.correlate.sample
    return [extent.opening(words, seconds) for _serial, words in collection.cache.words(drawn)]


def _made_up() -> NDArray[np.uint32]:
    """Return words whose neighbours differ as much as in real music, shape (`TRACKS`, two minutes)."""
    draw, (fall, rise) = np.random.default_rng(1), _FLIPS
    words = np.empty((round(extent.SECONDS / SECONDS_PER_WORD), TRACKS), np.uint32)
    bits = draw.random((TRACKS, _OWN)) < rise / (rise + fall)
    for row in words:
        bits ^= draw.random(bits.shape) < np.where(bits, fall, rise)
        row[:] = np.packbits(bits.take(np.arange(32) % _OWN, 1), axis=1).view(np.uint32)[:, 0]
    return np.ascontiguousarray(words.T)


def _rate(
    call: Callable[[NDArray[np.int64]], None], wanted: NDArray[np.int64], worth: NDArray[np.generic], threads: int
) -> float:
    """Return what some threads do in a second, in what each pair is worth; they do it for a moment, or to the end."""
    pieces = [slice(begin, begin + _PIECE) for begin in range(0, len(wanted), _PIECE)]
    order = np.random.default_rng(1).permutation(len(pieces))  # long tracks are not all at one end
    began = time.perf_counter()

    def work(number: int) -> float:
        if time.perf_counter() > began + _MOMENT:
            return 0.0
        call(wanted[pieces[number]])
        return float(worth[pieces[number]].sum())

    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(work, order))
    return done / (time.perf_counter() - began)


def _limit() -> float:
    """Return how many words a core compares in a second if it does nothing else, in the best of many moments."""
    from comet.compare import limit  # noqa: PLC0415 - compiled only for this

    x, y = np.arange(8192, dtype=np.uint32), np.arange(1024, dtype=np.uint32)
    sums, seconds = np.zeros_like(y), []
    for _round in range(50):
        began = time.perf_counter()
        limit.count(x, y, sums)
        seconds.append(time.perf_counter() - began)
    return len(x) * len(y) / min(seconds)


def first(collection: Collection) -> list[bytes]:
    """Return the paths of the first `FILES` files of the collection that are there."""
    paths = (os.fsencode(track.path) for track in collection.cache.tracks(collection.scanned_roots()))
    return list(islice((path for path in paths if os.path.isfile(path)), FILES))


def files(paths: Sequence[bytes], settings: Settings, job: Job) -> Listened:
    """Listen to files as a scan does; nothing is stored.

    Args:
        paths: Absolute.
        settings: How many workers, and how they listen.
        job: Hears about each file.
    """
    wanted = {path: scan.file_at(path) for path in paths}
    began = time.perf_counter()
    heard = fingerprint.hear(wanted, settings, job).values()
    seconds = time.perf_counter() - began
    music = sum(each.audio.duration for each in heard if each.audio)
    bad = sum(each.audio is None for each in heard)
    return Listened(len(wanted), bad, sum(file.size for file in wanted.values()), music, seconds)
