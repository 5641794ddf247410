"""A file's content told by another file's: what is kept of that one, and what is new.

A tag takes some kilobytes of a file of any size, so what changes one is told by pieces, and so is what takes it back.
"""

from __future__ import annotations

import errno
import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from comet.core.text import _

_BLOCK: Final = 1 << 20
"""Bytes that are held in memory at once."""


class Kept(NamedTuple):
    """Bytes that are those of the other file from `start` on."""

    start: int
    size: int


Piece = Kept | bytes


def length(piece: Piece) -> int:
    """Return how many bytes a piece stands for."""
    return piece.size if isinstance(piece, Kept) else len(piece)


def blocks(pieces: Sequence[Piece], source: int) -> Iterator[bytes]:
    """Yield the content that pieces stand for, in blocks of any length.

    Args:
        pieces: In order.
        source: Descriptor of the other file; its position stays where it is.

    Raises:
        OSError: it cannot be read, or is shorter than the pieces say.
    """
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        at, end = piece.start, piece.start + piece.size
        while at < end:
            block = os.pread(source, min(_BLOCK, end - at), at)
            if not block:
                raise OSError(errno.EIO, _("it became shorter while it was read"))
            yield block
            at += len(block)


def digest(content: Iterable[bytes]) -> str:
    """Return what a content that comes in blocks is recognised by: 128 bits of BLAKE2b."""
    made = hashlib.blake2b(digest_size=16)
    for block in content:
        made.update(block)
    return made.hexdigest()


def reverse(pieces: Sequence[Piece], source: int, size: int) -> list[Piece]:
    """Return what makes the other file again out of the content that pieces stand for.

    Args:
        pieces: In order.
        source: Descriptor of the other file.
        size: Its length in bytes.
    """
    spans, at = [], 0
    for piece in pieces:
        if isinstance(piece, Kept):
            spans.append((piece.start, piece.size, at))
        at += length(piece)
    made: list[Piece] = []
    covered = 0
    for start, count, place in sorted(spans):
        if start + count <= covered:
            continue
        if start > covered:
            made.append(b"".join(blocks([Kept(covered, start - covered)], source)))
            covered = start
        made.append(Kept(place + covered - start, start + count - covered))
        covered = start + count
    if covered < size:
        made.append(b"".join(blocks([Kept(covered, size - covered)], source)))
    return made


def through(outer: Sequence[Piece], inner: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the content of `outer`, which is told by what `inner` stands for, told by the other file of `inner`."""
    ends = list(accumulate(map(length, inner)))
    for piece in outer:
        if isinstance(piece, bytes):
            yield piece
            continue
        start, end = piece.start, piece.start + piece.size
        at = bisect_right(ends, start)
        while start < end:
            part = inner[at]
            first = start - (ends[at] - length(part))
            last = min(length(part), first + end - start)
            yield Kept(part.start + first, last - first) if isinstance(part, Kept) else part[first:last]
            start += last - first
            at += 1


def as_json(pieces: Sequence[Piece]) -> list[list[int] | str]:
    """Return pieces as JSON; bytes are text of as many letters, which JSON and SQLite keep nearly as short."""
    return [list(piece) if isinstance(piece, Kept) else piece.decode("latin-1") for piece in pieces]


def from_json(value: Sequence[Sequence[int] | str]) -> list[Piece]:
    """Return pieces of the journal's."""
    return [part.encode("latin-1") if isinstance(part, str) else Kept(int(part[0]), int(part[1])) for part in value]
