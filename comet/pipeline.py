"""The write side of the line: roots -> files -> audio -> fingerprints -> pairs -> verdicts, one call a stage.

Only here are the stages joined with the stores. What is done is stored as it comes; whatever interrupts a stage, the
next run goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from comet.act import actions
from comet.collection import pairs, state
from comet.collection.opened import Collection
from comet.collection.pairs import FilePair
from comet.compare import chunks, extent, memory
from comet.core import locks
from comet.core.errors import FileError, NoMusicError
from comet.core.job import Job
from comet.core.model import Audio, Match, Pair, Root, Stage, Track, Verdict, Words
from comet.core.settings import Settings
from comet.core.text import _, safe
from comet.judge import relation, threshold
from comet.library import roots, scan
from comet.library.scan import Changes

if TYPE_CHECKING:
    from comet.listen.fingerprint import Heard

_T = TypeVar("_T")

_MB = 1 << 20

_BATCH = 64
"""Pairs that are judged between two writes."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan did."""

    files: int
    """Files that are music or claim to be."""
    decoded: int
    unchanged: int
    """Files that were not opened."""
    moved: int
    """Files that were known under another name."""
    problems: int
    away: tuple[Root, ...]
    """Roots that could not be looked at; what is known of them stays."""


@dataclass(frozen=True, slots=True)
class Correlated:
    """What correlating did."""

    pairs_done: int
    pairs_all: int
    units: int
    recall: float
    """Measured share of the pairs that comparing all with all would find; the exact tier finds each."""


@contextmanager
def _exclusive(collection: Collection) -> Iterator[None]:
    what = _("another job works on profile `{name}`").format(name=safe(collection.profile.name))
    with locks.hold(os.path.join(collection.folder, "cache.lock"), what):
        yield


def scan_roots(collection: Collection, job: Job) -> Scanned:
    """Look at every root, listen to what is new or changed, and store each result as it comes.

    Raises:
        NoMusicError: the profile has no root folder.
        Stopped: somebody asked; what was heard is stored.
    """
    if not collection.profile.roots:
        raise NoMusicError(
            _("scanning is unavailable: profile `{name}` has no root folder").format(
                name=safe(collection.profile.name)
            ),
            hint=_("add folders with `comet setup --profile {name} --root DIR --yes`").format(
                name=safe(collection.profile.name)
            ),
        )
    with _exclusive(collection):
        found = _marked(collection)
        walked = [(root, _walk(collection, root, job)) for root in found if not root.away]
        vanished = any(known.audio for _root, changes in walked for known in changes.vanished)
        decoded = moved = 0
        for root, changes in walked:
            new_decoded, new_moved = _listen(collection, root, changes, job, vanished=vanished)
            decoded, moved = decoded + new_decoded, moved + new_moved
    counts = collection.cache.counts([root.id for root in collection.scanned_roots()])
    unchanged = sum(1 for _root, changes in walked for known in changes.unchanged if known.audio or known.error)
    bad = sum(1 for _problem in state.problems(collection))
    away = tuple(root for root in found if root.away)
    return Scanned(counts.get("files", 0), decoded, unchanged, moved, bad, away)


def _marked(collection: Collection) -> list[Root]:
    """Return the roots, each new one with a marker where it can be written, and remembered under its id."""
    found = []
    for root in collection.roots():
        if not root.away:
            marked = "" if collection.profile.read_only else actions.mark_root(root.path, root.id)
            identity = marked or root.id or roots.id_of_path(root.path)
            root = Root(identity, root.path)  # noqa: PLW2901 - the same root, now with its id
        found.append(root)
    found = roots.refuse_twins(found)
    for root in found:
        if not root.away:
            collection.cache.see_root(root)
    return found


def _walk(collection: Collection, root: Root, job: Job) -> Changes:
    known = collection.cache.files(root.id, collection.made)
    excluded = scan.excluder(collection.profile.exclude)
    with job.stage(Stage.WALK, None, os.fsdecode(root.path)) as advance:
        changes = scan.changes(_counted(scan.walk(root, excluded), advance), known, _readable(root))
    for unread in changes.unread:
        job.problem(Stage.WALK, os.path.join(root.path, unread.path), unread.error)
    there = [k.file for k in changes.unchanged if not k.present or k.file != known[k.file.path].file]
    collection.cache.walked(root.id, there, [k.file for k in changes.vanished if k.present], changes.unread)
    return changes


def _counted(items: Iterator[_T], advance: Callable[[], None]) -> Iterator[_T]:
    for item in items:
        advance()
        yield item


def _readable(root: Root) -> Callable[[bytes], bool]:
    return lambda path: os.access(os.path.join(root.path, path), os.R_OK)


def _listen(collection: Collection, root: Root, changes: Changes, job: Job, *, vanished: bool) -> tuple[int, int]:
    """Listen to what is new or changed under a root; return how many were decoded, and how many had moved.

    The hash of the encoded audio alone is enough to recognise a retagged or moved file, so it is taken first where
    that is likely: at a changed file, and at a new one while others are missing.
    """
    if not changes.new and not changes.changed:
        return 0, 0
    from comet.listen.fingerprint import Wanted, listen_all  # noqa: PLC0415 - without changes no decoder is needed

    wanted = [Wanted(file, os.path.join(root.path, file.path), vanished) for file in changes.new]
    wanted += [Wanted(file, os.path.join(root.path, file.path), True) for file in changes.changed]
    decoded = moved = 0
    with job.stage(Stage.SCAN, len(wanted), os.fsdecode(root.path)) as advance:
        heard_all = listen_all(
            sorted(wanted, key=lambda item: item.path),
            lambda audio_hash: collection.cache.knows(audio_hash, collection.made),
            **_limits(collection.profile.settings),
        )
        with contextlib.closing(heard_all):
            for heard in heard_all:
                moved += _store(collection, heard, job)
                decoded += heard.audio is not None
                advance(1, os.fsdecode(heard.wanted.file.path))
    return decoded, moved


def _limits(settings: Settings) -> dict[str, Any]:
    """Return how files are listened to, as `listen_all` takes it."""
    return {
        "length": settings.fingerprint.length,
        "workers": settings.scan.workers or os.cpu_count() or 1,
        "timeout": settings.scan.timeout,
        "memory": settings.scan.memory * _MB,
    }


def _store(collection: Collection, heard: Heard, job: Job) -> bool:
    """Store what came of one file; return whether it is a known one under another name."""
    from comet.listen.fingerprint import too_short  # noqa: PLC0415 - see `_listen`

    file, cache, error = heard.wanted.file, collection.cache, heard.error
    moved = False
    if heard.audio is not None and heard.words is not None:
        cache.store(file, heard.audio, heard.words, collection.made, error)
    elif heard.hash and (known := cache.audio(heard.hash)):
        error = too_short(known)
        moved = cache.store_known(file, heard.hash, error)
    else:
        cache.store_bad(file, error, denied=bool(error) and not os.access(heard.wanted.path, os.R_OK))
    if error:
        job.problem(Stage.SCAN, heard.wanted.path, error)
    return moved


def correlate(collection: Collection, job: Job) -> Correlated:
    """Compare every audio with every other one, from where the last run ended.

    Raises:
        MemoryBudgetError: not one unit fits.
        Stopped: somebody asked; the units that were finished are stored.
    """
    with _exclusive(collection):
        done = state.progress(collection)
        if done.done < done.all:
            _compare(collection, job)
            done = state.progress(collection)
    return Correlated(done.done, done.all, done.units, 1.0)


def _compare(collection: Collection, job: Job) -> None:
    from comet.compare import correlation, sample  # noqa: PLC0415 - compiled kernels are needed only here

    settings = collection.profile.settings.correlate
    about: dict[str, Any] = {"cache": collection.cache.id, "settings": collection.compared}
    serials = [serial for serial, _count in collection.cache.comparable(collection.made, extent.MINIMUM)]
    openings = ((serial, extent.opening(words, settings.sample)) for serial, words in collection.cache.words(serials))
    correlation.correlate(
        sample.prepare(openings),
        chunks.coverage(collection.results, **about).units,
        store=lambda chunk: chunks.write(collection.results, chunk, **about),
        minimum=extent.MINIMUM,
        floor=threshold.FLOOR,
        span=int(collection.compared["span"]),
        budget=lambda: int(memory.free() * settings.memory_share),
        write_every=settings.write_every,
        job=job,
    )


def judge(collection: Collection, job: Job) -> int:
    """Find out how the pairs that count are related, where that is not known yet; return how many were judged."""
    known = collection.cache.verdicts(relation.RULE)
    missing = [pair for pair in pairs.candidates(collection) if (pair.i, pair.j) not in known]
    if not missing:
        return 0
    audios = collection.cache.audios({serial for pair in missing for serial in (pair.i, pair.j)})
    with job.stage(Stage.JUDGE, len(missing)) as advance:
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            collection.cache.store_verdicts([_verdict(collection, audios, pair) for pair in batch], relation.RULE)
            advance(len(batch))
    return len(missing)


def _verdict(collection: Collection, audios: Mapping[int, Audio], pair: Pair) -> Verdict:
    (_i, words_i), (_j, words_j) = collection.cache.words((pair.i, pair.j))
    return _related(audios[pair.i], audios[pair.j], words_i, words_j)


def _related(i: Audio, j: Audio, words_i: Words, words_j: Words) -> Verdict:
    """Judge two audios on their whole fingerprints: what was compared with all others is only their start."""
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here

    return relation.relate(i, j, words_i, words_j, sample.align(words_i, words_j).offset)


def compare_files(a: str, b: str, settings: Settings) -> tuple[FilePair, bool]:
    """Listen to two files and compare them; return the pair and whether its evidence counts.

    What their relation would be is only worth something if it does.

    Raises:
        FileError: one of them cannot be used.
    """
    from comet.compare import sample  # noqa: PLC0415 - compiled kernels are needed only here

    (track_a, words_a), (track_b, words_b) = _heard(a, b, settings)
    if track_a.audio.hash == track_b.audio.hash:
        return pairs.copies(track_a, track_b), True
    found = sample.best(
        extent.opening(words_a, settings.correlate.sample), extent.opening(words_b, settings.correlate.sample)
    )
    pair = Pair(1, 2, found.offset, found.overlap, found.error, found.evidence)
    verdict = _related(track_a.audio, track_b.audio, words_a, words_b)
    p_value = threshold.p_value(pair.evidence)
    match = Match(pair, verdict, p_value, threshold.expected_false(pair.evidence, 2))
    return pairs.file_pair(match, track_a, track_b), pair.evidence >= threshold.FLOOR


def _heard(a: str, b: str, settings: Settings) -> list[tuple[Track, Words]]:
    from comet.listen.fingerprint import Wanted, listen_all  # noqa: PLC0415 - the decoder is needed only here

    wanted = []
    for name in (a, b):
        path = os.path.abspath(os.fsencode(name))
        try:
            wanted.append(Wanted(scan.file_at(path), path, identify_first=False))
        except OSError as error:
            raise FileError(safe(name), error.strerror or str(error)) from error
    found: dict[bytes, tuple[Track, Words]] = {}
    for heard in listen_all(wanted, lambda _hash: False, **_limits(settings)):
        path = heard.wanted.path
        if heard.audio is None or heard.words is None or heard.error:
            raise FileError(safe(path), heard.error or _("it is not music"))
        serial = 1 if path == wanted[0].path else 2
        audio = replace(heard.audio, serial=serial)
        found[path] = Track(heard.wanted.file, audio, os.path.dirname(path)), heard.words
    return [found[item.path] for item in wanted]


def warm() -> float:
    """Compile the kernels where that was not done on this machine; return the seconds it took."""
    began = time.monotonic()
    import comet.compare.kernels  # noqa: PLC0415 - each kernel has its types, so importing compiles it
    import comet.listen.kernels  # noqa: F401, PLC0415

    return time.monotonic() - began
