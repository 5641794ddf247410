"""What other programs have found, as JSON: fingerprints as `fpcalc` prints them, and pairs that somebody's tool liked.

Both are objects, one after the other, on a line each or over many, or all of them in one array. They are read one by
one, however large the file is. What it holds is told by its content, never by its name.

Pairs are read by ijson's parser in Python: it takes any name, also one that is not UTF-8 and stands there as a lone
surrogate, at 33 000 pairs a second. Fingerprints as lists of numbers would cost it 7 ms each, so those are read by
ijson's fastest, 40 times as fast, for which such a name is where the file is broken, and so is a number out of range.
"""

from __future__ import annotations

import codecs
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import ModuleType
from typing import IO, Any, Final

import ijson
import numpy as np
from ijson.backends import python as any_name

from comet.compare import archive
from comet.core import compressed
from comet.core.errors import FileError, Stopped
from comet.core.job import Job
from comet.core.model import Fingerprint, Skipped, Words
from comet.core.text import _, safe

_FIRST: Final = (
    "file_a",
    "file_1",
    "file1",
    "path_a",
    "path_1",
    "path1",
    "a",
    "source",
    "source_file",
    "first",
    "left",
)
_SECOND: Final = (
    "file_b", "file_2", "file2", "path_b", "path_2", "path2", "b", "target", "target_file", "second", "right",
)  # fmt: skip
_CORRELATION: Final = ("correlation", "score", "similarity", "corr", "max_correlation")
_OFFSET: Final = ("offset", "best_offset", "max_offset", "lag")
_NAME: Final = ("path", "file", "filename")
_WORD: Final = range(-(1 << 31), 1 << 32)
"""Old versions of fpcalc print words with a sign."""
_LOST: Final = re.compile("[\udc80-\udcff]")
_DEEPEST: Final = 64
"""Brackets within brackets: entries of fingerprints and pairs have three, and a parser keeps the names of all that are
open at each step, so what is 100 000 deep would take it minutes."""
_MARK: Final = re.compile(r'\\.?|["\[\]{}]', re.DOTALL)
"""What opens or closes, and what a backslash keeps from doing so; alone at the end it waits for what follows."""
_BEGIN: Final = 1 << 16
"""Bytes in which something that is no white space has to come."""


class Kind(StrEnum):
    """What a file from elsewhere holds."""

    ARCHIVE = "archive"
    """Fingerprints as arrays."""
    FINGERPRINTS = "fingerprints"
    """Fingerprints as JSON."""
    PAIRS = "pairs"
    """Old results as JSON."""


@dataclass(frozen=True, slots=True)
class OldPair:
    """Two files that another program believed to be alike."""

    number: int
    """Which entry of the file, from 1."""
    a: str
    b: str
    correlation: float
    """On whatever scale that program had."""
    offset: float | None
    """In whatever unit; None where it says nothing."""


@dataclass(frozen=True, slots=True)
class Ended(Skipped):
    """The entry at which reading ended, for it cannot be read: what follows it is lost as well."""


def kind(stream: IO[bytes], job: Job) -> Kind:
    """Return what a file holds, by its first entry; the stream is at its beginning again then.

    Raises:
        FileError: nothing that can be imported.
        Stopped: somebody asked.
    """
    if stream.read(len(archive.MAGIC)) == archive.MAGIC:
        found: Kind | None = Kind.ARCHIVE
    else:
        stream.seek(0)
        found = _kind_of(next(_entries(stream, job), None))
    stream.seek(0)
    if found is None:
        raise FileError(
            safe(stream.name),
            _("it holds neither fingerprints nor pairs of files"),
            hint=_("fingerprints come from `fpcalc -json` or as .npz, pairs as JSON; see the guide on importing"),
        )
    return found


def _kind_of(entry: object) -> Kind | None:
    if not isinstance(entry, Mapping):
        return None
    known = _plain(entry)
    if "fingerprint" in known:
        return Kind.FINGERPRINTS
    return Kind.PAIRS if _value(known, _FIRST) is not None and _value(known, _SECOND) is not None else None


def fingerprints(stream: IO[bytes], job: Job) -> Iterator[Fingerprint | Skipped]:
    """Yield the fingerprints of a file that holds them as JSON, raw or compressed; at last `Ended` if it is broken.

    One without a path, as `fpcalc` prints it, is called by the file that it stands in and its number in there.
    `job` is asked for a stop at each piece of the file.
    """
    for number, entry in enumerate(_entries(stream, job, ijson), 1):
        if isinstance(entry, _Broken):
            yield Ended(number, entry)
            continue
        known = _plain(entry) if isinstance(entry, Mapping) else {}
        name = _value(known, _NAME)
        path = name if isinstance(name, str) and name else f"{os.path.abspath(stream.name)}:{number}"
        said = known.get("duration")
        duration = 0.0 if said is None else _number(said)
        try:
            words = _words(known.get("fingerprint"))
        except ValueError as error:
            yield Skipped(number, str(error))
        else:
            yield archive.one(number, path, words, math.nan if duration is None else duration)


def pairs(stream: IO[bytes], job: Job) -> Iterator[OldPair | Skipped]:
    """Yield the pairs of a file that holds old results; at last `Ended` if it is broken. `job` as in `fingerprints`."""
    for number, entry in enumerate(_entries(stream, job), 1):
        if isinstance(entry, _Broken):
            yield Ended(number, entry)
        else:
            yield _pair(number, _plain(entry) if isinstance(entry, Mapping) else {})


def _pair(number: int, known: Mapping[str, Any]) -> OldPair | Skipped:
    a, b = _value(known, _FIRST), _value(known, _SECOND)
    if not isinstance(a, str) or not isinstance(b, str) or not a or not b:
        return Skipped(number, _("it does not name two files"))
    if a == b:
        return Skipped(number, _("it names the same file twice"))
    correlation, said = _number(_value(known, _CORRELATION)), _value(known, _OFFSET)
    offset = _number(said)
    if correlation is None:
        return Skipped(number, _("its correlation is not a number"))
    if offset is None and said is not None:
        return Skipped(number, _("its offset is not a number"))
    return OldPair(number, a, b, correlation, offset)


class _Broken(str):
    """Why reading ended before the file did, as a sentence."""

    __slots__ = ()


class _Escaped:
    """A file whose bytes that are not UTF-8 are read as JSON's escapes of lone surrogates, as Python writes them.

    Else a name of such bytes would cost all that is read together with it. It ends where brackets lie too deep in each
    other, and wherever somebody asks the job to stop: to a parser it is cut off there, for one that is left by an error
    in the middle of its work complains about it.
    """

    def __init__(self, stream: IO[bytes], job: Job) -> None:
        self._stream = stream
        self._job = job
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._depth = 0
        self._quoted = False
        self._backslash = ""

    def read(self, count: int) -> bytes:
        """Return the next bytes, some `count` of them; none at the end."""
        try:
            self._job.check()
        except Stopped:
            return b""
        if self.too_deep:
            return b""
        piece = self._stream.read(count)
        text = self._decoder.decode(piece, final=bool(count) and not piece)
        if piece and not text:  # the beginning of one letter
            return self.read(count)
        return _LOST.sub(lambda found: f"\\u{ord(found[0]):04x}", text[: self._sound(text)]).encode()

    @property
    def too_deep(self) -> bool:
        """It ended because of its brackets."""
        return self._depth > _DEEPEST

    def _sound(self, text: str) -> int:
        """Return up to where brackets do not lie too deep; what is open there counts for the next piece."""
        begun, mark = len(self._backslash), ""
        for found in _MARK.finditer(self._backslash + text):
            mark = found[0]
            if mark == '"':
                self._quoted = not self._quoted
            elif not self._quoted and mark[0] != "\\":
                self._depth += 1 if mark in "[{" else -1
                if self.too_deep:
                    return found.start() - begun
        self._backslash = mark if mark == "\\" else ""
        return len(text)


def _entries(stream: IO[bytes], job: Job, parser: ModuleType = any_name) -> Iterator[object]:
    """Yield the values of a file, those of an array if it is one, and where it is broken a `_Broken`, at last."""
    begin = stream.read(_BEGIN)
    text = begin.removeprefix(codecs.BOM_UTF8)
    inside = "item" if text.lstrip()[:1] == b"[" else ""
    stream.seek(len(begin) - len(text))
    source, ended = _Escaped(stream, job), ""
    try:
        # As a decimal a number beyond all floats costs its entry only; the fastest parser would crash on some of these.
        yield from parser.items(source, inside, multiple_values=True, use_float=parser is not any_name)
    except (ijson.JSONError, ValueError):  # its parser in Python lets those of Python's own through
        ended = _("it is cut off there, is no JSON, or has a number that is out of range")
    job.check()  # a stop cuts it off too
    if source.too_deep:
        ended = _("its brackets lie more than {n} deep in each other").format(n=_DEEPEST)
    if ended:
        yield _Broken(ended)


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with its keys written in one way: `File A`, `file-a` and `file_a` are one."""
    return {key.strip().lower().replace(" ", "_").replace("-", "_"): value for key, value in entry.items()}


def _value(known: Mapping[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401 - whatever stands there
    return next((known[name] for name in names if known.get(name) is not None), None)


def _number(value: object) -> float | None:
    """Return a finite number, also one that is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _words(value: object) -> Words:
    """Return a fingerprint that is raw or compressed.

    Raises:
        ValueError: it is neither; the message is a sentence.
    """
    if isinstance(value, str):
        return compressed.decode(value)
    if isinstance(value, list) and all(type(word) is int and word in _WORD for word in value):
        return np.array(value, np.int64).astype(np.uint32)
    raise ValueError(_("its fingerprint is neither text nor a list of whole numbers"))
