"""What the review of very many groups costs: `python -m tests.benchmarks.bench_many [GROUPS] [OTHERS]`.

What scanning, correlating and reading tags would have stored is stored: groups of 2.3 tracks, and OTHERS that are there
once. Albums of twelve stand in a tree; a half is in a backup too, a quarter in folders of other names, a quarter in one
heap, and of three tracks in ten there is a third copy. The files are names only, for nothing of this opens one. Each
row is a process of its own: seconds by the clock and of CPU time, and the most memory that it had. `COMET_MANY=DIR` is
a folder in which what was made is kept, and found again.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from comet import pipeline
from comet.cli import console
from comet.collection import folders, groups, merging, tagged
from comet.collection.opened import Collection, opened
from comet.compare import chunks
from comet.compare.chunks import Chunk
from comet.core import profiles
from comet.core.job import Job
from comet.core.model import Audio, File, Root
from comet.core.places import places
from comet.judge import relation
from comet.library.tables import AUDIO, VERDICT
from comet.tags.fields import Tags
from comet.tags.reading import Tagged

ALBUM = 12
"""Tracks of an album."""


def copies(number: int) -> Iterator[tuple[str, str]]:
    """Yield where the files of a recording lie, and what kind each is."""
    album, track = divmod(number, ALBUM)
    artist, title = f"Artist {album // 8:05}", f"{track + 1:02} Title {number:06}"
    yield f"Music/{artist}/Album {album:05}/{title}.flac", "flac"
    yield (
        (
            f"Backup/{artist}/Album {album:05}/{title}.mp3",
            f"Backup/{artist}/Album {album:05}/{title}.mp3",
            f"Old/{artist} - Album {album:05}/{title}.mp3",
            f"Downloads/{title}.mp3",
        )[album % 4],
        "mp3",
    )
    if number % 10 < 3:
        yield f"Phone/Album {album:05}/{title}.ogg", "vorbis"


def heard(number: int, *, lossless: bool) -> tuple[bytes, bytes]:
    """Return levels and envelope of a recording; a lossy copy ends at 19 kHz, each ninth second is otherwise."""
    levels = bytes([60 + number % 40] * 38 + [90 if lossless else 200] * 10)
    return levels, bytes(40 + (second * number) % 60 + (not lossless and second % 9 == 0) for second in range(240))


def fill(collection: Collection, music: Path, count: int, others: int) -> None:
    """Store what is known of such a collection."""
    root, made = Root("root", os.fsencode(music)), collection.made
    collection.cache.see_root(root)
    audios, files, sounds, tags, pairs = [], [], [], [], []
    for number in range(count + others):
        serials = []
        for name, codec in list(copies(number))[: None if number < count else 1]:
            serial = len(audios) + 1
            lossless, size = codec == "flac", (30_000_000 if codec == "flac" else 8_000_000) + number * 7 % 1_000_003
            audio = Audio(
                f"b3:{serial:032x}", codec, codec, 44_100, 2, 16 * lossless, 900_000 if lossless else 256_000, lossless,
                240.0, 240.0, 0.0, 0.0, 0, 1938, serial,
            )  # fmt: skip
            audios.append([serial, made, *(getattr(audio, each) for each in AUDIO.split(", "))])
            files.append(("root", os.fsencode(name), size, 1, "", serial, "", "", 1))
            sounds.append((serial, 0.0, 0.0 if lossless else 19_000.0, *heard(number, lossless=lossless)))
            says = {"title": (f"Title {number}",), "artist": (f"Artist {number // ALBUM // 8}",)}
            says |= {} if name.startswith("Downloads") else {"album": (f"Album {number // ALBUM}",)}
            tags.append(tagged._entry(File(*files[-1][:4]), Tagged(files[-1][1], Tags(says))))
            serials.append(serial)
        pairs += [(i, j) for at, i in enumerate(serials) for j in serials[at + 1 :]]
    with collection.cache._db.transaction() as db:
        db.executemany(f"INSERT INTO audios (serial, made, {AUDIO}) VALUES ({', '.join('?' * 16)})", audios)  # noqa: S608
        db.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", files)
        db.executemany("INSERT INTO quality (serial, clipped, cutoff, levels, envelope) VALUES (?, ?, ?, ?, ?)", sounds)
        known = [
            (i, j, "same", 1, 0, "", 0, 1900, 0.98, 0.1, 0.0, 0.0, 0.0, "", "[[0.0, 0.0, 240.0]]", relation.RULE)
            for i, j in pairs
        ]
        db.executemany(f"INSERT INTO verdicts ({VERDICT}, rule) VALUES ({', '.join('?' * 16)})", known)  # noqa: S608
    collection.tags.store(tags)
    i, j = np.array(pairs, np.int64).T
    full = np.ones(len(i))
    found = chunks.record(i, j, full, full * 1900, full * 0.02, full * 60, full < 0)
    chunk = Chunk(((1, len(audios) + 1),), found, len(audios))
    chunks.write(collection.results, chunk, cache=collection.cache.id, settings=collection.compared)


def proposals(collection: Collection) -> int:
    """Judge what is not judged, and propose: what a review begins with."""
    pipeline.judge(collection, Job())
    return len(groups.proposals(collection))


def pairs(collection: Collection) -> int:
    """Find the folders that hold the same, and weigh them against each other."""
    return len(folders.pairs(collection, groups.proposals(collection), Job()))


def question(collection: Collection) -> int:
    """Ask about one group, tags and all."""
    proposal = groups.proposals(collection)[0]
    began = time.perf_counter()
    for _ in range(10):
        with opened(collection.profile, places()) as again:
            merging.of(again, groups.proposal(again, proposal))
    return round((time.perf_counter() - began) * 100)


ROWS: dict[str, Callable[[Collection], int]] = {
    "groups": lambda collection: len(groups.of(collection)),
    "proposals": proposals,
    "and pairs of folders": pairs,
    "and a question, ms": question,
}


def measure(what: str, music: str) -> tuple[int, float, float, int]:
    """Return what came of a row, seconds, seconds of CPU time, and the most bytes."""
    began, cpu = time.perf_counter(), time.process_time()
    gc.set_threshold(console._OBJECTS)  # as `console.asked` has it
    with opened(profiles.unnamed(places(), [music]), places()) as collection:
        found = ROWS[what](collection)
    taken = time.perf_counter() - began, time.process_time() - cpu
    return found, *taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Make the collection where it is not there, and print a row for each question."""
    count, others = (int(word) for word in (*sys.argv[1:3], *("48000", "48000")[len(sys.argv) - 1 :]))
    out = sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        home = Path(os.environ.get("COMET_MANY", folder))
        os.environ["COMET_HOME"], music = str(home / "home"), home / "music"
        if not music.is_dir():
            music.mkdir(parents=True)
            with opened(profiles.unnamed(places(), [str(music)]), places(), create=True) as collection:
                fill(collection, music, count, others)
        out(f"{'':<24}{'found':>10}{'s':>8}{'CPU':>8}{'MB':>8}\n")
        for what in ROWS:
            with multiprocessing.get_context("spawn").Pool(1) as fresh:
                found, seconds, cpu, most = fresh.apply(measure, (what, str(music)))
            out(f"{what:<24}{found:>10,}{seconds:>8.2f}{cpu:>8.2f}{most >> 20:>8}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
