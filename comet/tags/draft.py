"""A file as it would be: what is written goes to memory, what is moved is only told.

mutagen changes files in place and moves all that stands behind a tag, so a kill in the middle leaves neither the old
file nor the new one. It is given this instead of a file, which is never open for writing, and pieces come out of it.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, cast

import numpy as np

from comet.core.pieces import Kept, Piece, blocks, length

_ALIKE: Final = 64
"""Bytes in a row that are written as they stand there already, from which on they count as kept. Ogg's pages get a new
number and checksum, 8 bytes, in a header of up to 282 in front of 4 to 64 kB that stay."""

_BLOCK: Final = 1 << 20
"""Bytes that are compared at once."""


class _Taken(bytes):
    """Bytes that were read from one place of the file, and may be on their way to another one."""

    start: int


class Draft:
    """A file object for mutagen: read from a descriptor, written to memory."""

    def __init__(self, descriptor: int, name: bytes) -> None:
        self.name = name
        """mutagen looks at how a name ends where the content leaves it in doubt."""
        self._source = descriptor
        size = os.fstat(descriptor).st_size
        self._pieces: list[Piece] = [Kept(0, size)] if size else []
        self._ends = [size] if size else []
        self._at = 0

    @property
    def pieces(self) -> list[Piece]:
        """The content as it is now, told by the file's; neighbours in the file are one piece."""
        return _melted(self._pieces)  # not as they are put: what is written page by page would be copied for each

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self._ends[-1] if self._ends else 0

    def read(self, size: int = -1) -> bytes:
        """Return what stands at the position, at most `size` bytes, all with a negative one."""
        end = self.size if size < 0 else min(self._at + size, self.size)
        some = _melted(self._between(self._at, end))
        self._at = max(self._at, end)
        content = b"".join(blocks(some, self._source))
        if len(some) != 1 or not isinstance(some[0], Kept):
            return content
        taken = _Taken(content)
        taken.start = some[0].start
        return taken

    def write(self, data: bytes | bytearray) -> int:
        """Let `data` stand at the position."""
        if data:
            data = data if isinstance(data, bytes) else bytes(data)  # which its owner may change later
            if self._at > self.size:
                self._put(self.size, self.size, [bytes(self._at - self.size)])
            end = self._at + len(data)
            self._put(self._at, min(end, self.size), self._told(data))
            self._at = end
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if at < 0:
            raise OSError("negative position")
        self._at = at
        return at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def truncate(self, size: int | None = None) -> int:
        """Let it be so long."""
        size = self._at if size is None else size
        more = size - self.size
        self._put(min(size, self.size), self.size, [bytes(more)] if more > 0 else [])
        return size

    def flush(self) -> None:
        """Do nothing: there is nothing behind it."""

    def seekable(self) -> bool:
        """Tell that `seek` works."""
        return True

    def _told(self, data: bytes) -> list[Piece]:
        """Return data as pieces: what was read elsewhere, and what stands at the position already, is kept."""
        if isinstance(data, _Taken):
            return [Kept(data.start, len(data))]
        told: list[Piece] = []
        done = 0
        for begin in range(0, min(len(data), self.size - self._at), _BLOCK):
            old = b"".join(
                blocks(self._between(self._at + begin, min(self._at + begin + _BLOCK, self.size)), self._source)
            )
            end = min(len(data), begin + len(old))
            same = np.frombuffer(data, np.uint8, end - begin, begin) == np.frombuffer(old, np.uint8, end - begin)
            edges = np.concatenate([[-1], np.flatnonzero(~same), [len(same)]])
            for at in np.flatnonzero(np.diff(edges) > _ALIKE):
                first, last = begin + int(edges[at]) + 1, begin + int(edges[at + 1])
                told += [data[done:first], *self._between(self._at + first, self._at + last)]
                done = last
        return [*told, data[done:]]

    def _between(self, start: int, end: int) -> list[Piece]:
        """Return the pieces from one position to another."""
        found: list[Piece] = []
        at = bisect_right(self._ends, start)
        while start < end:
            piece = self._pieces[at]
            first = start - (self._ends[at] - length(piece))
            last = min(length(piece), first + end - start)
            found.append(Kept(piece.start + first, last - first) if isinstance(piece, Kept) else piece[first:last])
            start += last - first
            at += 1
        return found

    def _put(self, start: int, end: int, new: list[Piece]) -> None:
        """Let pieces stand in place of what is from one position to another; only at the end may its length change."""
        first, last = bisect_left(self._ends, start), bisect_right(self._ends, end)
        head = self._ends[first - 1] if first else 0
        tail = self._ends[last] if last < len(self._ends) else self.size
        pieces = [each for each in (*self._between(head, start), *new, *self._between(end, tail)) if length(each)]
        self._pieces[first : last + 1] = pieces
        self._ends[first : last + 1] = np.cumsum([head, *map(length, pieces)])[1:].tolist()


def _melted(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces with neighbours joined, and without those of nothing."""
    joined: list[Piece] = []
    for new, run in groupby(filter(length, pieces), key=lambda piece: isinstance(piece, bytes)):
        if new:
            joined.append(b"".join(cast("Iterator[bytes]", run)))
            continue
        for piece in cast("Iterator[Kept]", run):
            before = joined[-1] if joined else b""
            if isinstance(before, Kept) and before.start + before.size == piece.start:
                joined[-1] = Kept(before.start, before.size + piece.size)
            else:
                joined.append(piece)
    return joined
