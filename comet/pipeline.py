"""The write side of the line: roots -> files -> audio -> fingerprints -> pairs -> verdicts, one call a stage.

Only here are the stages joined with the stores. What is done is stored as it comes; whatever interrupts a stage, the
next run goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
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
from comet.core.model import Audio, File, Match, Pair, Root, Stage, Track, Verdict, Words
from comet.core.settings import Settings
from comet.core.text import _, safe
from comet.judge import relation, threshold
from comet.library import roots, scan
from comet.library.scan import Changes, Known

if TYPE_CHECKING:
    from comet.listen.fingerprint import Heard

_T = TypeVar("_T")

_BATCH = 64
"""Pairs that are judged, or files that are not music, between two writes."""

_DENIED = "denied"


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
    recall: float | None
    """Share of the pairs that comparing all with all would find; None where `span` leaves offsets out."""


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
        gone = scan.Gone(changes for _root, changes in walked)
        decoded = moved = 0
        for root, changes in walked:
            new_decoded, new_moved = _listen(collection, root, changes, job, gone)
            decoded, moved = decoded + new_decoded, moved + new_moved
    counts = collection.cache.counts([root.id for root in collection.scanned_roots()])
    unchanged = sum(changes.unchanged for _root, changes in walked)
    bad = sum(1 for _problem in state.problems(collection))
    away = tuple(root for root in found if root.away)
    return Scanned(counts.get("files", 0), decoded, unchanged, moved, bad, away)


def _marked(collection: Collection) -> list[Root]:
    """Return the roots, each new one with a marker where it can be written, and remembered under its id."""
    found: list[Root] = []
    for root in _apart(collection):
        if not root.away:
            root = Root(_identity(collection, root), root.path)  # noqa: PLW2901 - the same root, now with its id
        found.append(root)
    found = roots.refuse_twins(found)
    for root in found:
        if not root.away:
            collection.cache.see_root(root)
    return found


def _apart(collection: Collection) -> list[Root]:
    """Return the roots, each copy of another one with an id of its own; a second view of one is away."""
    found: list[Root] = []
    for root in collection.roots():
        if root.twin and not collection.profile.read_only and actions.is_copy(root.twin, root.path):
            identity = actions.mark_root(root.path, secrets.token_hex(8))
            root = Root(identity, root.path) if identity else root  # noqa: PLW2901 - the same root, with its own id
        found.append(root)
    return found


def _identity(collection: Collection, root: Root) -> str:
    """Return the id that a root goes by from now on; its files keep up with it."""
    by_path = roots.id_of_path(root.path)
    marker = "" if root.id == by_path else root.id
    if not collection.profile.read_only:
        marker = actions.mark_root(root.path, marker)
    known = collection.cache.roots().get(root.path, "")
    if marker and known == by_path:
        collection.cache.rename_root(known, marker)
    return marker or by_path


def _walk(collection: Collection, root: Root, job: Job) -> Changes:
    known = collection.cache.files(root.id, collection.made)
    excluded = scan.excluder(collection.profile.exclude)
    with job.stage(Stage.WALK, None, os.fsdecode(root.path)) as advance:
        changes = scan.changes(_counted(scan.walk(root, excluded), advance), known, _again(collection, root))
    for unread in changes.unread:
        job.problem(Stage.WALK, os.path.join(root.path, unread.path), unread.error)
    collection.cache.walked(root.id, changes.refreshed, [k.file for k in changes.vanished if k.present], changes.unread)
    return changes


def _counted(items: Iterator[_T], advance: Callable[[], None]) -> Iterator[_T]:
    for item in items:
        advance()
        yield item


def _again(collection: Collection, root: Root) -> Callable[[Known], bool]:
    """Return whether to try a file again that could not be used for no fault of its own."""
    limits = _limits_cause(collection)

    def again(known: Known) -> bool:
        if known.cause == _DENIED:
            return os.access(os.path.join(root.path, known.file.path), os.R_OK)
        return known.cause != limits

    return again


def _limits_cause(collection: Collection) -> str:
    limits = collection.profile.settings.scan
    return f"limits {limits.timeout:g} {limits.memory}"


def _listen(collection: Collection, root: Root, changes: Changes, job: Job, gone: scan.Gone) -> tuple[int, int]:
    """Listen to what is new or changed under a root; return how many were decoded, and how many had moved.

    The hash of the encoded audio alone is enough to recognise a retagged or moved file, so it is taken first where
    that is likely: at a changed file, and at a new one while others are missing.
    """
    if not changes.new and not changes.changed:
        return 0, 0
    from comet.listen.fingerprint import Wanted, limits, listen_all  # noqa: PLC0415 - without changes no decoder is needed

    wanted = [Wanted(file, os.path.join(root.path, file.path), gone.may_be(file)) for file in changes.new]
    wanted += [Wanted(file, os.path.join(root.path, file.path), True) for file in changes.changed]
    decoded = moved = 0
    tell = memory.Teller(job)
    with job.stage(Stage.SCAN, len(wanted), os.fsdecode(root.path)) as advance, _Others(collection) as others:
        heard_all = listen_all(
            sorted(wanted, key=lambda item: item.path),
            lambda audio_hash: collection.cache.knows(audio_hash, collection.made),
            **limits(collection.profile.settings),
        )
        with contextlib.closing(heard_all):
            for heard in _unless_stopped(heard_all, job):
                moved += _store(collection, heard, job, others)
                decoded += heard.audio is not None
                tell.now_and_then()
                advance(1, os.fsdecode(heard.wanted.file.path))
    return decoded, moved


def _unless_stopped(heard_all: Iterator[Heard], job: Job) -> Iterator[Heard]:
    """Yield what was heard; a signal to the whole process group may end the workers before this process."""
    try:
        yield from heard_all
    except ConnectionError:
        job.check()
        raise


class _Others(contextlib.AbstractContextManager["_Others"]):
    """Files that are not music, stored many at a time: a commit for each picture would take longer than the music."""

    def __init__(self, collection: Collection) -> None:
        self._cache = collection.cache
        self._files: list[File] = []

    def add(self, file: File) -> None:
        """Remember a file that is not music."""
        self._files.append(file)
        if len(self._files) >= _BATCH:
            self._flush()

    def __exit__(self, *_error: object) -> None:
        self._flush()

    def _flush(self) -> None:
        self._cache.store_others(self._files)
        self._files.clear()


def _store(collection: Collection, heard: Heard, job: Job, others: _Others) -> bool:
    """Store what came of one file; return whether it is a known one under another name."""
    from comet.listen.fingerprint import too_short  # noqa: PLC0415 - see `_listen`

    file, cache, error = heard.wanted.file, collection.cache, heard.error
    moved = False
    if heard.audio is not None and heard.words is not None:
        cache.store(file, heard.audio, heard.words, collection.made, error)
    elif heard.hash and (known := cache.audio(heard.hash)):
        error = too_short(known)
        moved = cache.store_known(file, heard.hash, error)
    elif error or heard.cause != "file":
        cache.store_bad(file, error, _cause(collection, heard))
    else:
        others.add(file)
    if error:
        job.problem(Stage.SCAN, heard.wanted.path, error)
    return moved


def _cause(collection: Collection, heard: Heard) -> str:
    """Return what has to be otherwise before a file is tried again that has not changed; empty for the file itself."""
    if heard.cause == "system" and not os.access(heard.wanted.path, os.R_OK):
        return _DENIED
    return {"system": "system", "limits": _limits_cause(collection)}.get(heard.cause, "")


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
    whole = not collection.compared["span"]
    return Correlated(done.done, done.all, done.units, 1.0 if whole else None)


def _compare(collection: Collection, job: Job) -> None:
    from comet.compare import correlation, sample  # noqa: PLC0415 - compiled kernels are needed only here

    settings = collection.profile.settings.correlate
    about: dict[str, Any] = {"cache": collection.cache.id, "settings": collection.compared}
    serials = [serial for serial, _words in collection.cache.comparable(collection.made, extent.MINIMUM)]
    alive = set(collection.comparable())
    # The row of an audio without a file is left for the day when a file comes back; as a column it is in every row.
    dead = [(serial, serial + 1) for serial in serials if serial not in alive]
    done = chunks.coverage(collection.results, **about).units
    openings = ((serial, extent.opening(words, settings.sample)) for serial, words in collection.cache.words(serials))
    correlation.correlate(
        sample.prepare(openings),
        (*done, *dead),
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
            verdicts = [_verdict(collection, audios, pair) for pair in batch]
            collection.cache.store_verdicts([verdict for verdict in verdicts if verdict], relation.RULE)
            advance(len(batch))
    return len(missing)


def _verdict(collection: Collection, audios: Mapping[int, Audio], pair: Pair) -> Verdict | None:
    words = dict(collection.cache.words((pair.i, pair.j)))
    if len(words) < 2 or not {pair.i, pair.j} <= audios.keys():
        return None  # a scan has replaced one of them meanwhile
    return _related(audios[pair.i], audios[pair.j], words[pair.i], words[pair.j])


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
    from comet.listen.fingerprint import Wanted, limits, listen_all  # noqa: PLC0415 - the decoder is needed only here

    wanted = []
    for name in (a, b):
        path = os.path.abspath(os.fsencode(name))
        try:
            wanted.append(Wanted(scan.file_at(path), path, identify_first=False))
        except OSError as error:
            raise FileError(safe(name), error.strerror or str(error)) from error
    found: dict[bytes, tuple[Track, Words]] = {}
    for heard in listen_all(wanted, lambda _hash: False, **limits(settings)):
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
