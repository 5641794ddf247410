"""The groups that were found, however many: a long list asks some things of all at once, the rest of one in sight."""

from __future__ import annotations

import mmap
import pickle
import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import BinaryIO, TypeAlias, overload

from comet.core.model import Proposal, Standing

_ID = 16
"""Letters of the id of a group."""
_HEAD = struct.Struct("<5Q")

Buffer: TypeAlias = bytes | mmap.mmap
Record: TypeAlias = tuple[Proposal, str]


@dataclass(frozen=True, slots=True)
class Listed(Sequence[Proposal]):
    """Proposals, largest saving first: all in memory, or in a file of which only what is looked at is read."""

    record: Callable[[int], Record]
    """Returns a proposal by number, and artist and title of its keeper: empty where not known, and not yet safe."""
    ids: Buffer
    """Of the groups, one behind the other."""
    skipped: Buffer
    """A byte for each: 1 where somebody has left it for later."""
    texts: Buffer
    r"""Of each group its name and its paths without regard to case, each with `\n` before and after it."""
    ends: Sequence[int]
    """Where the text of each ends."""
    open: tuple[int, int]
    """How many are not skipped, and the bytes that would be moved if all of these were confirmed."""
    starts: tuple[int, int] = (0, 0)
    """Where ids and texts begin in what holds them."""

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, number: int) -> Proposal: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Proposal]: ...
    def __getitem__(self, number: int | slice) -> Proposal | Sequence[Proposal]:
        if isinstance(number, slice):
            return [self.record(each)[0] for each in range(*number.indices(len(self)))]
        return self.record(range(len(self))[number])[0]

    def find(self, identity: str) -> int | None:
        """Return the number of the group of this id, None where there is none."""
        begin = self.starts[0]
        end = begin + _ID * len(self)
        at = self.ids.find(identity.encode(), begin, end)
        while at >= 0 and (at - begin) % _ID:
            at = self.ids.find(identity.encode(), at + 1, end)
        return None if at < 0 else (at - begin) // _ID

    def holding(self, path: str) -> int | None:
        """Return the number of a group with a file of this path, None where there is none."""
        wanted, since = f"\n{path.casefold()}\n", 0
        while (number := self.match(wanted, since, 1)) is not None and number >= since:
            if any(track.path == path for track in self[number].group.tracks):
                return number
            since = number + 1
        return None

    def match(self, wanted: str, since: int, step: int) -> int | None:
        """Return the first number from `since` on, or with -1 the last before it, of a group with this in its text.

        Where none is left it goes on at the other end; None means that there is none at all.
        """
        begin = self.starts[1]
        end = begin + (self.ends[-1] if len(self) else 0)
        here = begin + (self.ends[since - 1] if since else 0)
        word = wanted.encode("utf-8", "surrogateescape")
        search = self.texts.find if step > 0 else self.texts.rfind
        parts = ((here, end), (begin, here))[::step]
        at = next((at for part in parts if (at := search(word, *part)) >= 0), -1)
        return None if at < 0 else bisect_right(self.ends, at - begin)


def listed(proposals: Sequence[Proposal], names: Mapping[str, str]) -> Listed:
    """Return proposals as a list in memory, with the names of some of their groups by id."""
    records = [(each, names.get(each.group.id, "")) for each in proposals]
    skipped = bytes(each.standing is Standing.SKIPPED for each in proposals)
    frees = [each.frees for each, skips in zip(proposals, skipped, strict=True) if not skips]
    texts = [_text(*record) for record in records]
    ends = array("Q")
    for text in texts:
        ends.append(len(text) + (ends[-1] if ends else 0))
    ids = "".join(each.group.id for each in proposals).encode()
    return Listed(records.__getitem__, ids, skipped, b"".join(texts), ends, (len(frees), sum(frees)))


def save(found: Listed, stream: BinaryIO) -> None:
    """Write a list into a file: numbers, where each record begins, where each text ends, ids, texts, records."""
    count = len(found)
    places = array("Q", [0])
    stream.seek(_HEAD.size + 8 * (2 * count + 1) + (_ID + 1) * count + len(found.texts))
    for record in map(found.record, range(count)):
        # Nearly all of it are names of classes and fields, which are the same in each.
        places.append(places[-1] + stream.write(zlib.compress(pickle.dumps(record, pickle.HIGHEST_PROTOCOL), 1)))
    stream.seek(0)
    stream.write(_HEAD.pack(count, len(found.texts), *found.open, places[-1]))
    stream.writelines((places, array("Q", found.ends), found.ids, found.skipped, found.texts))
    stream.flush()


def load(stream: BinaryIO) -> Listed:
    """Return the list that was written into a file, which may have no name any more."""
    content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    count, text, groups, frees, _bytes = _HEAD.unpack_from(content)
    numbers = memoryview(content)[_HEAD.size : _HEAD.size + 8 * (2 * count + 1)].cast("Q")
    ids = _HEAD.size + 8 * (2 * count + 1)
    skips = ids + _ID * count
    records = skips + count + text

    @lru_cache(maxsize=128)
    def record(number: int) -> Record:
        part = content[records + numbers[number] : records + numbers[number + 1]]
        found: Record = pickle.loads(zlib.decompress(part))  # noqa: S301 - written by this program into its own file
        return found

    skipped = content[skips : skips + count]
    return Listed(record, content, skipped, content, numbers[count + 1 :], (groups, frees), (ids, skips + count))


def around(count: int, after: int) -> Iterator[int]:
    """Yield the numbers behind one of `count`, then those before it."""
    return chain(range(after + 1, count), range(min(after, count)))


def _text(proposal: Proposal, name: str) -> bytes:
    words = (name, *(track.path for track in proposal.group.tracks))
    return "".join(f"\n{word.casefold()}\n" for word in words).encode("utf-8", "surrogateescape")
