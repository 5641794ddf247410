"""Fingerprints of many tracks in one file, in and out: NumPy's `.npz`, which others can write in three lines.

    words      uint32, (w,): the words of all tracks, one after the other
    offsets    int64, (n + 1,), from 0: track t has words[offsets[t] : offsets[t + 1]]
    paths      (n,), text or bytes of a fixed width: what each track is called
    durations  float64, (n,), may be missing: seconds of each whole track, else as long as its words
    sound_start, sound_end   float64, (n,), likewise: seconds without sound at its ends, else 0

However large it is, compressed or not, a few thousand tracks of it are in memory at a time: the members of the archive
are read side by side, as they come. Whether they are whole is known at their ends only, where their checksums are, so
they are read once for that before.
"""

from __future__ import annotations

import lzma
import math
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from comet.core.errors import FileError
from comet.core.job import Job
from comet.core.model import SECONDS_PER_WORD, Fingerprint, Skipped
from comet.core.text import _, safe

MAGIC: Final = b"PK\x03\x04"

_ROWS: Final = 4096
_PATHS: Final = 1 << 24
"""Tracks whose offsets and paths are read at a time, and bytes of the paths, unless one alone is larger."""
_PIECE: Final = 1 << 20
"""Bytes between two looks at the job while checksums are taken, some milliseconds."""
_LONGEST: Final = 1 << 24
"""Words of one track, 24 days of sound: more is a mistake in `offsets`."""
_WIDEST: Final = 1 << 16
"""Bytes of one path: four times as much as any system takes, for text has four bytes a letter."""
_SEEN: Final = 2.5  # seconds that the last word sees beyond its own, `listen.chroma.SHORTEST`
_SECONDS: Final = ("durations", "sound_start", "sound_end")


_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
"""What `zipfile` raises where bytes are not those that were written."""


class _Broken(Exception):  # noqa: N818 - a sentence on its way to an error that names the file
    """What is wrong with an archive, as a sentence, and what to do about it as the hint."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        needed = _("`words`, `offsets` and `paths` are needed, saved with numpy.savez; see the guide on importing")
        self.hint = hint or needed


class _Column:
    """One array of an archive, of one dimension, read from its beginning to its end."""

    def __init__(self, archive: zipfile.ZipFile, name: str, kinds: str, stack: ExitStack) -> None:
        self.name = name
        self._read_so_far = 0
        try:
            self._stream = stack.enter_context(archive.open(f"{name}.npy"))
            version = npy.read_magic(self._stream)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _fortran, self.kind = header(self._stream)
        except KeyError:
            raise _Broken(_("it has no array `{name}`").format(name=name)) from None
        except (*_DAMAGED, ValueError, NotImplementedError, RuntimeError) as error:
            raise self._damaged() from error
        self._usable(shape, kinds)
        self.length = int(shape[0])

    def _usable(self, shape: Sequence[int], kinds: str) -> None:
        """Refuse an array of another form than the guide says; nothing is unpickled."""
        if self.kind.hasobject:
            raise _Broken(
                _("its array `{name}` holds Python objects").format(name=self.name),
                hint=_("make it an array of numbers or text, as `numpy.array(paths, str)`; see the guide on importing"),
            )
        if self.kind.kind not in kinds:
            wanted = _("text or bytes") if "U" in kinds else _("numbers") if "f" in kinds else _("whole numbers")
            reason = _("its array `{name}` holds {kind}, not {wanted}")
            raise _Broken(reason.format(name=self.name, kind=self.kind, wanted=wanted))
        if len(shape) != 1:
            reason = _("its array `{name}` has {n} dimensions, not one")
            raise _Broken(reason.format(name=self.name, n=len(shape)))

    def _damaged(self) -> _Broken:
        return _Broken(
            _("its array `{name}` is damaged, or packed in a way that cannot be read").format(name=self.name),
            hint=_("copy the file once more, or save it anew with numpy.savez"),
        )

    def take(self, count: int) -> NDArray[Any]:
        """Return the next `count` values."""
        wanted = count * self.kind.itemsize
        found = self._read(wanted)
        if len(found) != wanted:
            raise _Broken(_("its array `{name}` ends too early").format(name=self.name))
        return np.frombuffer(found, self.kind)

    def check(self, job: Job) -> None:
        """Read what is left of it, so that its checksum is known, and that it is as long as it says."""
        while self._read(_PIECE):
            job.check()
        if self._read_so_far < self.length * self.kind.itemsize:
            raise _Broken(_("its array `{name}` ends too early").format(name=self.name))

    def _read(self, count: int) -> bytes:
        try:
            found = self._stream.read(count)
        except _DAMAGED as error:
            raise self._damaged() from error
        self._read_so_far += len(found)
        return found


class _Columns(NamedTuple):
    words: _Column
    offsets: _Column
    paths: _Column
    seconds: dict[str, _Column]
    """Those of `_SECONDS` that there are."""


@contextmanager
def opened(stream: IO[bytes], job: Job) -> Iterator[tuple[int, Iterator[Fingerprint | Skipped]]]:
    """Yield how many tracks an archive has, and what then yields them in order, each once.

    Before the first of them all is read once, so that none comes out of an archive that is damaged; `job` is asked for
    a stop meanwhile.

    Raises:
        FileError: it is broken, or has not these arrays.
        Stopped: somebody asked.
    """
    with ExitStack() as stack:
        with _explained(stream.name):
            try:
                archive = stack.enter_context(zipfile.ZipFile(stream))
            except (*_DAMAGED, ValueError, NotImplementedError) as error:
                reason = _("it is cut off or damaged: no table of what it holds is at its end")
                raise _Broken(reason, hint=_("copy the file once more, or save it anew with numpy.savez")) from error
            columns = _columns(archive, stack)
        yield columns.paths.length, _sound(stream.name, archive, columns, job)


def _sound(name: str, archive: zipfile.ZipFile, columns: _Columns, job: Job) -> Iterator[Fingerprint | Skipped]:
    with _explained(name):
        with ExitStack() as stack:
            _check(_columns(archive, stack), job)
        yield from _tracks(columns)


def _check(columns: _Columns, job: Job) -> None:
    """Read all of the columns, and refuse what is damaged, or offsets that do not belong to the words."""
    number = last = 0
    if columns.offsets.take(1)[0]:
        raise _Broken(_("its offsets do not begin with 0"))
    while left := min(_ROWS, columns.paths.length - number):
        ends = columns.offsets.take(left).tolist()
        for begin, end in pairwise((last, *ends)):
            number += 1
            if end < begin:
                raise _Broken(_("its offsets fall at track {n}").format(n=number))
            if end - begin > _LONGEST:
                raise _Broken(_("its offsets make track {n} longer than 24 days").format(n=number))
        last = ends[-1]
        job.check()
    if last != columns.words.length:
        raise _Broken(_("its offsets do not end where its words do"))
    for column in (columns.offsets, columns.words, columns.paths, *columns.seconds.values()):
        column.check(job)


def _columns(archive: zipfile.ZipFile, stack: ExitStack) -> _Columns:
    there = set(archive.namelist())
    seconds = {name: _Column(archive, name, "fiu", stack) for name in _SECONDS if f"{name}.npy" in there}
    words, offsets = (_Column(archive, name, "iu", stack) for name in ("words", "offsets"))
    paths = _Column(archive, "paths", "US", stack)
    if words.kind.itemsize != np.dtype(np.uint32).itemsize:
        raise _Broken(_("its words are not of 32 bits each"))
    if paths.kind.itemsize > _WIDEST:
        raise _Broken(_("its paths are longer than paths can be"))
    if offsets.length != paths.length + 1 or any(each.length != paths.length for each in seconds.values()):
        raise _Broken(_("its arrays are not of one length: one path a track, and one offset more"))
    return _Columns(words, offsets, paths, seconds)


def _tracks(columns: _Columns) -> Iterator[Fingerprint | Skipped]:
    """Yield the tracks of columns that were checked."""
    last, number = int(columns.offsets.take(1)[0]), 0
    while left := columns.paths.length - number:
        rows = min(left, _ROWS, max(1, _PATHS // max(1, columns.paths.kind.itemsize)))
        ends, paths = columns.offsets.take(rows).tolist(), columns.paths.take(rows).tolist()
        seconds = {name: column.take(rows).astype(np.float64).tolist() for name, column in columns.seconds.items()}
        for at, (end, path) in enumerate(zip(ends, paths, strict=True)):
            number += 1
            words = columns.words.take(end - last).astype(np.uint32)
            last = end
            given = {name: values[at] for name, values in seconds.items()}
            yield one(number, path, words, given.pop("durations", 0.0), **given)


def one(
    number: int, name: str | bytes, words: NDArray[np.uint32], duration: float, **ends: float
) -> Fingerprint | Skipped:
    """Return an entry as a fingerprint, or why it can be none; seconds of 0 count as not given."""
    try:
        path = os.fsencode(name)
    except UnicodeEncodeError:  # half of a pair of surrogates
        path = b""
    if not len(words):
        return Skipped(number, _("its fingerprint is empty"))
    if not path or b"\0" in path:
        return Skipped(number, _("it has no name that a file can have"))
    if not all(0 <= seconds < math.inf for seconds in (duration, *ends.values())):
        return Skipped(number, _("its seconds are not a length: below 0, endless, or no number"))
    whole = duration or len(words) * SECONDS_PER_WORD + _SEEN
    inside = {name: seconds for name, seconds in ends.items() if 0 < seconds <= whole}
    return Fingerprint(path, words, whole, **inside)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Let what is wrong with an archive be an error that names it."""
    try:
        yield
    except _Broken as error:
        raise FileError(safe(name), str(error), hint=error.hint) from error


class Row(NamedTuple):
    """What is said of a track beside its words."""

    path: bytes
    words: int
    """How many there are."""
    duration: float
    sound_start: float
    sound_end: float


def write(stream: IO[bytes], rows: Sequence[Row], fingerprints: Iterable[NDArray[np.uint32]]) -> None:
    """Write an archive, so that `opened` yields the same.

    Args:
        stream: Where to.
        rows: All tracks.
        fingerprints: The words of each, in their order; taken one by one.
    """
    offsets = np.cumsum([0, *(row.words for row in rows)], dtype=np.int64)
    width = max((len(row.path) for row in rows), default=1)
    small = {
        "offsets": offsets,
        "paths": np.array([row.path for row in rows], f"S{width}"),
        "durations": np.array([row.duration for row in rows], np.float64),
        "sound_start": np.array([row.sound_start for row in rows], np.float64),
        "sound_end": np.array([row.sound_end for row in rows], np.float64),
    }
    with zipfile.ZipFile(stream, "w") as archive:
        for name, values in small.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, values, allow_pickle=False)
        with archive.open("words.npy", "w", force_zip64=True) as member:
            about = {"descr": "<u4", "fortran_order": False, "shape": (int(offsets[-1]),)}
            npy.write_array_header_1_0(member, about)
            for words in fingerprints:
                member.write(words.astype("<u4", copy=False).tobytes())
