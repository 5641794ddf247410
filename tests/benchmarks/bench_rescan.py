"""What a scan costs in which nothing has changed: `python -m tests.benchmarks.bench_rescan [FILES]`.

The files are names with a few bytes and are never opened: what a first scan would have stored of them is stored through
the cache itself, each with an audio, a fingerprint and its quality.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from comet import scanning
from comet.collection.opened import Collection, opened
from comet.core import profiles
from comet.core.job import Job
from comet.core.measures import Quality
from comet.core.model import Audio
from comet.core.places import places
from comet.library import scan

_FOLDER = 12
"""Files of a folder: an album."""


def furnish(music: Path, count: int) -> None:
    """Make a tree of small files: artists, their albums, the tracks of each."""
    for number in range(count):
        album = music / f"Artist {number // (_FOLDER * 8):05}" / f"Album {number // _FOLDER:06}"
        if number % _FOLDER == 0:
            album.mkdir(parents=True)
        (album / f"{number % _FOLDER + 1:02} Track.mp3").write_bytes(b"%d" % number)


def fill(collection: Collection) -> None:
    """Store what a first scan would have stored."""
    (root,) = collection.roots()
    collection.cache._db._db.execute("PRAGMA synchronous=OFF")
    words = np.random.default_rng(1).integers(0, 2**32, 24, np.uint32)
    quality = Quality(0.0, 16_000.0, bytes(48), bytes(3))
    for number, file in enumerate(scan.walk(root, scan.excluder(()))):
        assert not isinstance(file, scan.Unread)
        audio = Audio(
            f"b3:{number:032x}", "mp3", "mp3", 44_100, 2, 0, 128_000, False, 3.0, 3.0, 0.0, 0.0, 0, len(words)
        )  # fmt: skip
        collection.cache.store(file, audio, words, collection.made, quality=quality)


def least(call: Callable[[], object], rounds: int = 3) -> tuple[float, float]:
    """Return the least seconds that some calls took: by the clock, and of this process's CPU time."""
    times = []
    for _ in range(rounds):
        begin, cpu = time.perf_counter(), time.process_time()
        call()
        times.append((time.perf_counter() - begin, time.process_time() - cpu))
    return min(wall for wall, _cpu in times), min(cpu for _wall, cpu in times)


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    out = sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COMET_HOME"] = os.path.join(folder, "home")
        music = Path(folder, "music")
        music.mkdir()
        profile = profiles.unnamed(places(), [str(music)])
        with opened(profile, places(), create=True) as collection:
            (music / "cover.jpg").write_bytes(b"no music")
            scanning.scan_roots(collection, Job())  # which marks the root
            (music / "cover.jpg").unlink()
            furnish(music, count)
            fill(collection)
        with opened(profile, places()) as collection:
            done = scanning.scan_roots(collection, Job())
            assert (done.files, done.unchanged, done.decoded) == (count, count, 0)
            (root,) = collection.roots()
            seconds, cpu = least(lambda: scanning.scan_roots(collection, Job()))
            out(f"scan of {count:,} files, nothing changed: {seconds:.2f} s, {cpu:.2f} s of CPU\n")
            known = collection.cache.files(root.id, collection.made)
            found = list(scan.walk(root, scan.excluder(())))
            for what, call in {
                "the walk": lambda: sum(1 for _ in scan.walk(root, scan.excluder(()))),
                "the walk, three globs": lambda: sum(1 for _ in scan.walk(root, scan.excluder(["*.x", "y", "a/b"]))),
                "what is known": lambda: collection.cache.files(root.id, collection.made),
                "what changed": lambda: scan.changes(found, known, lambda _known: False),
            }.items():
                one = least(call)
                out(f"  {what}: {one[1]:.2f} s of CPU, {one[1] / cpu:.2f} of it\n")
            with cProfile.Profile() as profiled:
                scanning.scan_roots(collection, Job())
            pstats.Stats(profiled).sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
