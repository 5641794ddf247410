"""What comes from elsewhere, and goes there: fingerprints without their audio, in and out, and old results.

Imported fingerprints take part in all that is compared and told. Of old results nothing is stored: they are only held
against what Comet itself finds.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, Final

from comet.collection import imported, state
from comet.collection.imported import Beside
from comet.collection.opened import Collection, exclusive
from comet.compare import archive, imports
from comet.compare.imports import Ended, Kind
from comet.core.errors import FileError, NoSpaceError, UsageError
from comet.core.job import Job
from comet.core.model import Fingerprint, Skipped, Stage, Track, Words
from comet.core.text import _, safe
from comet.library.cache import path_of
from comet.library.imported import Imported, Stored

_BATCH: Final = 4096
"""Fingerprints that are stored in one transaction, some 16 MB of words."""
_WORDS: Final = 1 << 22
"""Words that are, where tracks are long: 16 MB."""


@dataclass(slots=True)
class Came:
    """What one file brought."""

    path: str
    kind: Kind
    stored: Stored = field(default_factory=Stored)
    """Of fingerprints."""
    confirmed: int = 0
    """Of old pairs: Comet calls them the same."""
    otherwise: int = 0
    """Comet calls them something else."""
    missed: int = 0
    """Comet finds nothing that they have in common."""
    complete: bool = True
    """Of old pairs: everything was compared, so that what was not found is not there."""
    left: bool = False
    """Of old pairs: something is left to be compared; else it was an index that chose what was, where not all was."""
    skipped: Counter[str] = field(default_factory=Counter)
    """How many entries were passed over, by the reason."""
    first: dict[str, int] = field(default_factory=dict)
    """The first of them, by the reason; counted from 1."""
    ended: Ended | None = None
    """The entry at which reading ended, where that was not the end of the file."""

    def skip(self, entry: Skipped) -> None:
        """Count an entry that was passed over, or keep that reading ended at it."""
        if isinstance(entry, Ended):
            self.ended = entry
            return
        self.skipped[entry.reason] += 1
        self.first.setdefault(entry.reason, entry.number)


def holds_pairs(name: str, job: Job) -> bool:
    """Tell whether a file holds old pairs, so that `take` asks for Comet's own verdicts; raises as that does."""
    with _open(name) as stream:
        return imports.kind(stream, job) is Kind.PAIRS


def take(collection: Collection, name: str, job: Job, tell: Callable[[Beside], None]) -> Came:
    """Import a file: store its fingerprints, or hold its old pairs against what Comet finds.

    Args:
        collection: To import into.
        name: The file; what it holds is told by its content.
        job: Hears how far it is.
        tell: Hears each old pair that the profile knows, as they come.

    Raises:
        FileError: it cannot be read, is broken, or holds neither; nothing of it is stored then.
        LockedError: another job works on the profile.
        Stopped: somebody asked; what was stored stays, the next import goes on from there.
    """
    with _open(name) as stream:
        came = Came(os.path.abspath(name), imports.kind(stream, job))
        if came.kind is Kind.PAIRS:
            _hold(collection, stream, came, job, tell)
            return came
        with exclusive(collection):
            if came.kind is Kind.ARCHIVE:
                with (
                    archive.opened(stream, job) as (count, tracks),
                    job.stage(Stage.IMPORT, count, came.path) as advance,
                ):
                    _store(collection, tracks, came, advance)
            else:
                with _by_size(stream, came, job) as advance:
                    _store(collection, imports.fingerprints(stream, job), came, advance)
    return came


def _store(
    collection: Collection, tracks: Iterable[Fingerprint | Skipped], came: Came, advance: Callable[[int], None]
) -> None:
    with closing(Imported(path_of(collection.folder))) as store:
        for batch in _batches(_once(tracks)):
            for entry in batch:
                if isinstance(entry, Skipped):
                    came.skip(entry)
            sound = [entry for entry in batch if isinstance(entry, Fingerprint)]
            came.stored += store.store(sound, collection.made)
            advance(len(batch))


def _once(tracks: Iterable[Fingerprint | Skipped]) -> Iterator[Fingerprint | Skipped]:
    """Yield entries, and of those of one name the first.

    Each would else take the place of the one before, at each import anew, and nothing of what was compared would stay.
    """
    names: set[bytes] = set()
    for number, entry in enumerate(tracks, 1):
        if isinstance(entry, Fingerprint):
            if entry.path in names:
                yield Skipped(number, _("an entry before it has the same name"))
                continue
            names.add(entry.path)
        yield entry


def _batches(tracks: Iterable[Fingerprint | Skipped]) -> Iterator[list[Fingerprint | Skipped]]:
    """Yield entries some thousand at a time; what came before an error is handed on before it is raised."""
    batch: list[Fingerprint | Skipped] = []
    words = 0
    try:
        for entry in tracks:
            batch.append(entry)
            words += len(entry.words) if isinstance(entry, Fingerprint) else 0
            if len(batch) >= _BATCH or words >= _WORDS:
                yield batch
                batch, words = [], 0
    except Exception:
        yield batch
        raise
    if batch:
        yield batch


def _hold(collection: Collection, stream: IO[bytes], came: Came, job: Job, tell: Callable[[Beside], None]) -> None:
    came.complete, came.left = imported.complete(collection), any(state.todo(collection))
    with _by_size(stream, came, job) as advance:
        for entry in imported.beside(collection, imports.pairs(stream, job)):
            if isinstance(entry, Skipped):
                came.skip(entry)
            else:
                came.confirmed += entry.confirmed
                came.otherwise += entry.relation is not None and not entry.confirmed
                came.missed += entry.relation is None
                tell(entry)
            advance(1)


@contextmanager
def _by_size(stream: IO[bytes], came: Came, job: Job) -> Iterator[Callable[[int], None]]:
    """Yield what tells a job how far a file is of which nobody knows how many entries it has."""
    at = stream.tell()
    with job.stage(Stage.IMPORT, None, came.path, os.fstat(stream.fileno()).st_size) as advance:

        def moved(count: int) -> None:
            nonlocal at
            before, at = at, stream.tell()
            advance(count, size=at - before)

        yield moved


def forget(collection: Collection, job: Job) -> int:
    """Forget all imported fingerprints; return how many there were.

    Raises:
        LockedError: another job works on the profile.
        Stopped: somebody asked; those that are left can be forgotten later.
    """
    with exclusive(collection), closing(Imported(path_of(collection.folder))) as store:
        count = store.count()
        with job.stage(Stage.IMPORT, count) as advance:
            for some in store.forget():
                advance(some)
    return count


def export(collection: Collection, name: str, job: Job) -> int:
    """Write the fingerprints of all tracks that can be compared into a file; return how many.

    It is written beside its name and put in its place at the end.

    Raises:
        FileError: it cannot be written.
        LockedError: another job works on the profile.
        Stopped: somebody asked; there is no file then.
    """
    with exclusive(collection):
        return _export(collection, name, job)


def _export(collection: Collection, name: str, job: Job) -> int:
    usable = set(collection.comparable())
    tracks = [each for each in collection.cache.tracks(collection.sources()) if each.audio.serial in usable]
    rows = [
        archive.Row(
            os.fsencode(track.path),
            track.audio.words,
            track.audio.duration,
            track.audio.sound_start,
            track.audio.sound_end,
        )
        for track in tracks
    ]
    _refuse_other(name)
    with job.stage(Stage.EXPORT, len(tracks), os.path.abspath(name)) as advance, _replacing(name) as stream:
        archive.write(stream, rows, _words(collection, tracks, advance))
    return len(tracks)


def _refuse_other(name: str) -> None:
    """Refuse to write over anything but an older export."""
    if os.path.lexists(name) and not (os.path.isfile(name) and (not os.path.getsize(name) or _is_archive(name))):
        raise UsageError(
            _("`{file}` is there already, and holds no fingerprints").format(file=safe(name)),
            hint=_("name another file"),
        )


def _is_archive(name: str) -> bool:
    try:
        with _open(name) as stream, archive.opened(stream, Job()):
            return True
    except FileError:
        return False


@contextmanager
def _replacing(name: str) -> Iterator[IO[bytes]]:
    """Yield a new file that takes the place of `name` once it is on the disk whole; else nothing has changed."""
    part = ""
    try:
        handle, part = tempfile.mkstemp(prefix=".comet-", dir=os.path.dirname(os.path.abspath(name)))
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(handle)
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, name)
        part = ""
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpaceError(
                _("no space is left for `{file}`").format(file=safe(name)), hint=_("make room there and start again")
            ) from error
        raise FileError(safe(name), error.strerror or str(error), hint=_("name a file that you may use")) from error
    finally:
        if part:
            os.unlink(part)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _words(collection: Collection, tracks: Sequence[Track], advance: Callable[[int], None]) -> Iterator[Words]:
    for _serial, words in collection.cache.words(track.audio.serial for track in tracks):
        yield words
        advance(1)


@contextmanager
def _open(name: str) -> Iterator[IO[bytes]]:
    try:
        stream = open(name, "rb")  # noqa: SIM115 - closed below; what is done with it has errors of its own
    except OSError as error:
        raise FileError(safe(name), error.strerror or str(error), hint=_("name a file that you may use")) from error
    with stream:
        yield stream
