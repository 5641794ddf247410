"""Fingerprints of many tracks in one file, in and out: NumPy's `.npz`, which others can write in three lines.

    words      uint32, (w,): the words of all tracks, one after the other
    offsets    int64, (n + 1,), from 0: track t has words[offsets[t] : offsets[t + 1]]
    paths      (n,), text or bytes of a fixed width: what each track is called
    durations  float64, (n,), may be missing: seconds of each whole track, else as long as its words
    sound_start, sound_end   float64, (n,), likewise: seconds without sound at its ends, else 0

However large it is, compressed or not, a few thousand tracks of it are in memory at a time: the members of the archive
are read side by side, as they come.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from comet.core.errors import FileError
from comet.core.model import SECONDS_PER_WORD, Fingerprint, Skipped
from comet.core.text import _, safe

MAGIC: Final = b"PK\x03\x04"

_ROWS: Final = 4096
_PATHS: Final = 1 << 24
"""Tracks whose offsets and paths are read at a time, and bytes of the paths, unless one alone is larger."""
_LONGEST: Final = 1 << 24
"""Words of one track, 24 days of sound: more is a mistake in `offsets`."""
_WIDEST: Final = 1 << 16
"""Bytes of one path: four times as much as any system takes, for text has four bytes a letter."""
_SEEN: Final = 2.5  # seconds that the last word sees beyond its own, `listen.chroma.SHORTEST`
_SECONDS: Final = ("durations", "sound_start", "sound_end")


class _Broken(Exception):  # noqa: N818 - a sentence on its way to an error that names the file
    """What is wrong with an archive, as a sentence."""


class _Column:
    """One array of an archive, of one dimension, read from its beginning to its end."""

    def __init__(self, archive: zipfile.ZipFile, name: str, kinds: str, stack: ExitStack) -> None:
        self.name = name
        try:
            self._stream = stack.enter_context(archive.open(f"{name}.npy"))
        except KeyError:
            raise _Broken(_("it has no array `{name}`").format(name=name)) from None
        version = npy.read_magic(self._stream)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _fortran, self.kind = header(self._stream)
        if len(shape) != 1 or self.kind.kind not in kinds or self.kind.hasobject:
            kind = _("its array `{name}` is {kind} with {dimensions} dimensions, which cannot be used")
            raise _Broken(kind.format(name=name, kind=self.kind, dimensions=len(shape)))
        self.length = int(shape[0])

    def take(self, count: int) -> NDArray[Any]:
        """Return the next `count` values."""
        wanted = count * self.kind.itemsize
        found = self._stream.read(wanted)
        if len(found) != wanted:
            raise _Broken(_("its array `{name}` ends too early").format(name=self.name))
        return np.frombuffer(found, self.kind)


class _Columns(NamedTuple):
    words: _Column
    offsets: _Column
    paths: _Column
    seconds: dict[str, _Column]
    """Those of `_SECONDS` that there are."""


@contextmanager
def opened(stream: IO[bytes]) -> Iterator[tuple[int, Iterator[Fingerprint | Skipped]]]:
    """Yield how many tracks an archive has, and what then yields them in order, each once.

    Raises:
        FileError: it is broken, or has not these arrays; perhaps only on the way, after what was sound before that.
    """
    with ExitStack() as stack:
        with _explained(stream.name):
            columns = _columns(stack.enter_context(zipfile.ZipFile(stream)), stack)
        yield columns.paths.length, _sound(stream.name, columns)


def _sound(name: str, columns: _Columns) -> Iterator[Fingerprint | Skipped]:
    with _explained(name):
        yield from _tracks(columns)


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
    left, last = columns.paths.length, int(columns.offsets.take(1)[0])
    if last:
        raise _Broken(_("its offsets do not begin with 0"))
    number = 0
    while left:
        rows = min(left, _ROWS, max(1, _PATHS // max(1, columns.paths.kind.itemsize)))
        ends, paths = columns.offsets.take(rows).tolist(), columns.paths.take(rows).tolist()
        seconds = {name: column.take(rows).astype(np.float64).tolist() for name, column in columns.seconds.items()}
        for at, (end, path) in enumerate(zip(ends, paths, strict=True)):
            number += 1
            if not 0 <= end - last <= _LONGEST:
                raise _Broken(_("its offsets fall, or a track is too long, at track {n}").format(n=number))
            words = columns.words.take(end - last).astype(np.uint32)
            last = end
            given = {name: values[at] for name, values in seconds.items()}
            yield one(number, path, words, given.pop("durations", 0.0), **given)
        left -= rows
    if last != columns.words.length:
        raise _Broken(_("its offsets do not end where its words do"))


def one(
    number: int, name: str | bytes, words: NDArray[np.uint32], duration: float, **ends: float
) -> Fingerprint | Skipped:
    """Return an entry as a fingerprint, or why it can be none; seconds that make no sense count as not given."""
    try:
        path = os.fsencode(name)
    except UnicodeEncodeError:  # half of a pair of surrogates
        path = b""
    if not len(words):
        return Skipped(number, _("its fingerprint is empty"))
    if not path or b"\0" in path:
        return Skipped(number, _("it has no name that a file can have"))
    heard = len(words) * SECONDS_PER_WORD + _SEEN
    whole = duration if 0 < duration < np.inf else heard
    inside = {name: seconds for name, seconds in ends.items() if 0 < seconds <= whole}
    return Fingerprint(path, words, whole, **inside)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Let what is wrong with an archive be an error that names it."""
    try:
        yield
    except _Broken as error:
        hint = _("`words`, `offsets` and `paths` are needed, saved with numpy.savez; see the guide on importing")
        raise FileError(safe(name), str(error), hint=hint) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise FileError(safe(name), _("it is a broken archive: {reason}").format(reason=safe(str(error)))) from error


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
