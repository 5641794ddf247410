"""Result files: what has been compared, and the pairs that were found. Written once, never changed, read one by one.

`results/NNNNNN.comet` is a header of 4 096 bytes, one JSON object padded with spaces, and the records by (i, j).
What is done is, for each task, the union of the headers' units; where a file is lost or broken, its units are missing
again. The checksum covers header and records: a header that lies about its units would lose pairs in silence.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from comet.compare.intervals import Intervals, subtract, union
from comet.core.errors import BrokenError, NoSpaceError
from comet.core.job import Job
from comet.core.model import Pair, Problem, Stage
from comet.core.places import make_private
from comet.core.text import _, safe

RECORD: Final = np.dtype(
    [("i", "<u4"), ("j", "<u4"), ("offset", "<i2"), ("overlap", "<u2"), ("error", "<u2"), ("evidence", "<u2")]
)
"""16 bytes. error: bit error rate x 65 535. evidence: z x 32 rounded down to an even number, + 1 along a slope."""
EVIDENCE: Final = 32
"""Of a record, in one z."""
INTERVALS: Final = 32
"""Of units, that a file has at most, so that the header has room for the rest."""

_HEADER: Final = 4096
_MAGIC: Final = "comet results"
_VERSIONS: Final = (2, 3)
"""Of files of rows, and of the index, which had other keys before."""
_SUFFIX: Final = ".comet"
_TEMP: Final = ".comet-"

Records = NDArray[np.void]
Settings = dict[str, Any]


class Task(NamedTuple):
    """What units of the index are part of: one table of one epoch. Its units are numbered from 0 to `tiers.UNITS`."""

    first: int
    """Serial number at which the epoch begins: its pairs are those with at least one audio from here on,"""
    behind: int
    """and none from here on."""
    table: int
    bits: int
    """Of a key."""
    limit: int
    """How much contexts may differ; see `candidates.propose`."""
    flat: int
    """Least evidence of a pair that is kept, in 1/`EVIDENCE`,"""
    sloped: int
    """and of one along a slope."""

    @property
    def floors(self) -> tuple[float, float]:
        """Return the least evidence of a pair that is kept, flat and along slopes."""
        return self.flat / EVIDENCE, self.sloped / EVIDENCE


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive units that were compared, and what was found there."""

    units: Intervals
    """Of the exact tier: serial numbers whose rows are done; row j is all pairs (i, j) with i < j. Else of the task."""
    records: Records
    """Dtype `RECORD`, any order; `read` returns them by (i, j). A pair has two where both forms reach their floors."""
    audios: int
    """How many there were in the collection."""
    task: Task | None = None
    """None for the exact tier."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the files of a folder cover together."""

    exact: Intervals
    """Rows."""
    index: dict[Task, Intervals]


def write(folder: str, chunk: Chunk, *, cache: str, settings: Settings) -> str:
    """Write a chunk to the next numbered file and return its path; either the whole file is there or none.

    Args:
        folder: Made where it is missing. Nobody else writes to it meanwhile: leftover temps are removed.
        chunk: What is written.
        cache: Id of the cache whose serial numbers the units and records use.
        settings: Everything that the records depend on, as JSON values.

    Raises:
        NoSpaceError: The disk is full.
        BrokenError: The header does not fit.
    """
    order = np.lexsort((chunk.records["j"], chunk.records["i"]))
    body = chunk.records[order].astype(RECORD, copy=False).view(np.uint8).data
    header = _header(_fields(chunk, cache, settings), body)
    temp = ""
    try:
        make_private(folder)
        _clean(folder)
        handle, temp = tempfile.mkstemp(prefix=_TEMP, dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(header)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        path = _reserve(folder)
        os.replace(temp, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temp)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpaceError(
                _("no space is left in `{folder}`").format(folder=safe(folder)),
                hint=_("make room there and start again: what was compared before is kept"),
            ) from error
        raise
    _sync(folder)
    return path


def read(path: str, *, cache: str, settings: Settings) -> Chunk | None:
    """Return the chunk of a file; None if it is broken, another cache's, or was made with other settings."""
    try:
        fields, chunk = _read(path) or ({}, None)
    except (OSError, ValueError):
        return None
    wanted = json.loads(json.dumps(settings))
    return chunk if chunk and fields["cache"] == cache and fields["settings"] == wanted else None


def drop_damaged(folder: str, job: Job) -> None:
    """Remove the files that are damaged, and tell each as a problem: their units are missing again.

    One that is empty was only begun (see `_reserve`): it held nothing.
    """
    for path in (os.path.join(folder, name) for name in _numbered(folder)):
        try:
            _read(path)
        except OSError:
            continue  # it may be read another time
        except ValueError:
            with suppress(OSError):  # it is named again next time
                if os.path.getsize(path):
                    os.unlink(path)
                    reason = _("it was damaged and is removed, what it held is compared again")
                    job.report(Problem(Stage.CORRELATE, os.fsencode(path), reason))


def coverage(folder: str, *, cache: str, settings: Settings) -> Coverage:
    """Return the units that are done; the records are read for their checksum and let go."""
    units: dict[Task | None, Intervals] = {None: ()}
    for chunk in _chunks(folder, cache, settings):
        units[chunk.task] = union((*units.get(chunk.task, ()), *chunk.units))
    return Coverage(units[None], {task: done for task, done in units.items() if task})


def records(folder: str, *, cache: str, settings: Settings) -> Iterator[Records]:
    """Yield the records file by file, by (i, j) in each; no record twice.

    Two files may cover the same rows, and each table of the index finds most pairs again.
    """
    units: Intervals = ()
    known = np.empty(0, np.uint64)
    for chunk in _chunks(folder, cache, settings, index=False):
        if fresh := subtract(chunk.units, units):
            units = union((*units, *fresh))
            block = chunk.records if fresh == chunk.units else chunk.records[_inside(chunk.records["j"], fresh)]
            known = joined(known, key(block))
            yield block
    for chunk in _chunks(folder, cache, settings, exact=False):
        keys = key(chunk.records)
        unseen = ~among(keys, known)
        yield chunk.records[unseen]
        known = joined(known, keys[unseen])


def tables(folder: str, *, cache: str, settings: Settings) -> Iterator[tuple[Task, Records]]:
    """Yield what each file of the index holds, with what others hold too."""
    for chunk in _chunks(folder, cache, settings, exact=False):
        if chunk.task:
            yield chunk.task, chunk.records


def key(found: Records) -> NDArray[np.uint64]:
    """Return what tells the pairs of records apart, in their order by (i, j)."""
    return np.asarray(found["i"].astype(np.uint64) << np.uint64(32) | found["j"])


def among(keys: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which of the keys of records are among those of `known`, which are in order."""
    at = np.searchsorted(known, keys)
    there = at < len(known)
    there[there] = known[at[there]] == keys[there]
    return there


def joined(known: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return all of both in order; where either is in order already that costs next to nothing (timsort)."""
    return np.sort(np.concatenate([known, keys]), kind="stable")


def surest(i: NDArray[np.integer], j: NDArray[np.integer], excess: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which record of each pair counts: of two, which stand one after the other, that with the larger excess.

    Args:
        i: One column of the pairs, shape (n,).
        j: The other.
        excess: How far each record leaves chance behind, in its own form of evidence.
    """
    twin = np.flatnonzero((i[1:] == i[:-1]) & (j[1:] == j[:-1]))
    kept = np.ones(len(i), np.bool_)
    kept[np.where(excess[twin] < excess[twin + 1], twin, twin + 1)] = False
    return kept


def pairs(found: Records) -> Iterator[Pair]:
    """Yield records as nouns."""
    for i, j, offset, overlap, error, evidence in found.tolist():
        yield Pair(i, j, offset, overlap, error / 65535, (evidence & ~1) / EVIDENCE, bool(evidence & 1))


def record(
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    offset: NDArray[np.float64],
    overlap: NDArray[np.float64],
    error: NDArray[np.float64],
    evidence: NDArray[np.float64],
    sloped: NDArray[np.bool_],
) -> Records:
    """Return records from columns of one length: serial numbers, words, words, bit error rate, z, along a slope."""
    packed = np.empty(len(i), RECORD)
    packed["i"], packed["j"], packed["offset"], packed["overlap"] = i, j, offset, overlap
    packed["error"] = np.rint(error * 65535)
    packed["evidence"] = np.clip(evidence * EVIDENCE, 0, 65535).astype(np.uint16) & 0xFFFE | sloped
    return packed


def _chunks(folder: str, cache: str, settings: Settings, *, exact: bool = True, index: bool = True) -> Iterator[Chunk]:
    """Yield each readable chunk of the tiers that are asked for; the bodies of others are not even read."""
    for name in _numbered(folder):
        path = os.path.join(folder, name)
        if (exact and index) or (_head(path)[1] is None) == exact:
            chunk = read(path, cache=cache, settings=settings)
            if chunk and (index if chunk.task else exact):
                yield chunk


def _read(path: str) -> tuple[dict[str, Any], Chunk] | None:
    """Return header and chunk of a file; None where another version has written it, which may be whole.

    Raises:
        OSError: It cannot be read.
        ValueError: It is broken.
    """
    with open(path, "rb") as file:
        header = file.read(_HEADER)
        # into its place at once: `read` joins what its buffer holds beyond the header with the rest, a copy of all
        body = np.empty(os.fstat(file.fileno()).st_size - len(header), np.uint8).data
        file.readinto(body)
    try:
        fields = json.loads(header)
        if fields["magic"] == _MAGIC and fields["version"] != _VERSIONS[fields.get("task") is not None]:
            return None
        chunk = _chunk(fields, body)
        intact = header == _header({k: v for k, v in fields.items() if k != "blake2b"}, body)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError, BrokenError) as error:
        raise ValueError from error
    if not intact:
        raise ValueError
    return fields, chunk


def _head(path: str) -> tuple[dict[str, Any], Task | None]:
    """Return the header of a file, unchecked, and what its units are part of; nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            fields = json.loads(file.read(_HEADER))
            return fields, _task(fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return {}, None


def _task(fields: dict[str, Any]) -> Task | None:
    return None if fields["task"] is None else Task(**{name: int(value) for name, value in fields["task"].items()})


def _numbered(folder: str) -> list[str]:
    """Return the names of the result files in the order of their numbers."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(
        (name for name in names if name.endswith(_SUFFIX) and name[: -len(_SUFFIX)].isdecimal() and name.isascii()),
        key=lambda name: int(name[: -len(_SUFFIX)]),
    )


def _inside(serials: NDArray[np.uint32], units: Intervals) -> NDArray[np.bool_]:
    """Tell which serial numbers are in the intervals."""
    edges = np.array(units, np.int64).ravel()
    return np.asarray(np.searchsorted(edges, serials.astype(np.int64), side="right") % 2 == 1)


def _fields(chunk: Chunk, cache: str, settings: Settings) -> dict[str, Any]:
    """Return the header's fields but the checksum."""
    return {
        "magic": _MAGIC,
        "version": _VERSIONS[chunk.task is not None],
        "task": chunk.task and chunk.task._asdict(),
        "units": [list(interval) for interval in union(chunk.units)],
        "settings": settings,
        "cache": cache,
        "audios": chunk.audios,
        "records": len(chunk.records),
    }


def _header(fields: dict[str, Any], body: memoryview) -> bytes:
    """Return the header's bytes: the fields, then the checksum over them and the body."""
    plain = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()
    digest = blake2b(plain, digest_size=32)
    digest.update(body)
    header = plain[:-1] + f',"blake2b":"{digest.hexdigest()}"}}'.encode()
    if len(header) > _HEADER:
        raise BrokenError(_("the header of a result file has no room for {count} bytes").format(count=len(header)))
    return header.ljust(_HEADER)


def _chunk(fields: dict[str, Any], body: memoryview) -> Chunk:
    """Return the chunk that header and body describe; ValueError, KeyError or TypeError if they do not."""
    units = tuple((int(begin), int(end)) for begin, end in fields["units"])
    if fields["magic"] != _MAGIC or units != union(units):
        raise ValueError
    if len(body) != fields["records"] * RECORD.itemsize:
        raise ValueError
    return Chunk(units, np.frombuffer(body, RECORD), int(fields["audios"]), _task(fields))


def _reserve(folder: str) -> str:
    """Take the next number with an empty file, which counts as broken until the temp replaces it; never an old one."""
    number = int((_numbered(folder) or ["0" + _SUFFIX])[-1][: -len(_SUFFIX)])
    while True:
        number += 1
        path = os.path.join(folder, f"{number:06}{_SUFFIX}")
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return path


def _clean(folder: str) -> None:
    """Remove what killed runs have left."""
    for name in os.listdir(folder):
        if name.startswith(_TEMP):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))


def _sync(folder: str) -> None:
    """Make the new name last."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
