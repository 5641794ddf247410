"""Walking a root, and what changed since the last time. Nothing is opened here."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from comet.core.model import File, Root
from comet.core.text import _
from comet.core.times import same_time
from comet.library import roots

_NO_DISK = {b"/proc", b"/sys", b"/dev"}  # what is below is made up as it is read


@dataclass(frozen=True, slots=True)
class Unread:
    """A folder or file that the walk could not look at."""

    path: bytes
    """Relative to the root."""
    error: str


@dataclass(frozen=True, slots=True)
class Known:
    """A file as the cache knows it."""

    file: File
    audio: int
    """Serial number of its audio, 0 if it has none."""
    error: str
    cause: str
    """Why it could not be used, where that does not lie in the file: `denied`, `system`, or the limits that held."""
    present: bool
    fresh: bool
    """Its fingerprint was made under the settings of now (or it has none)."""


@dataclass(slots=True)
class Changes:
    """What a walk found, against what was known."""

    new: list[File] = field(default_factory=list)
    changed: list[File] = field(default_factory=list)
    stale: set[bytes] = field(default_factory=set)
    """Of the changed ones, those that are as they were, and are worth listening to all the same: see `Known.fresh`."""
    files: int = 0
    """All that were found, of any kind."""
    unchanged: int = 0
    """Files that are as they were, and are music or claim to be."""
    back: list[bytes] = field(default_factory=list)
    """Paths of known files that had gone away and are there again."""
    refreshed: list[File] = field(default_factory=list)
    """Unchanged ones of which something is new all the same: they are back, or go by another inode."""
    vanished: list[Known] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of what is new or changed."""
        return sum(file.size for file in self.new) + sum(file.size for file in self.changed)


def excluder(globs: Sequence[str]) -> Callable[[bytes], bool]:
    """Return a test for relative paths; a glob with `/` is matched against the path, else against the name."""
    if not globs:
        return lambda _path: False
    whole = [re.compile(fnmatch.translate(g.strip("/"))) for g in globs if "/" in g]
    names = [re.compile(fnmatch.translate(g)) for g in globs if "/" not in g]

    def excluded(path: bytes) -> bool:
        text = os.fsdecode(path)
        name = text.rpartition("/")[2]
        return any(r.match(text) for r in whole) or any(r.match(name) for r in names)

    return excluded


def walk(root: Root, excluded: Callable[[bytes], bool]) -> Iterator[File | Unread]:
    """Yield the regular files under `root`, folder by folder in order of their names.

    Links are not followed: what they point to is found where it is, or lies outside. Sockets, pipes and devices are
    passed over.
    """
    top = os.path.join(root.path, b"")
    no_disk = {path[len(top) :] for path in _NO_DISK if path.startswith(top)}
    folders = [b""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root.path, folder)) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Unread(folder, _("this folder cannot be read: {reason}").format(reason=error.strerror))
            continue
        inside = []
        for entry in entries:
            name = entry.name
            path = folder + b"/" + name if folder else name
            if roots.skipped(name) or excluded(path) or path in no_disk:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    inside.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield _file(root.id, path, entry.stat(follow_symlinks=False))
            except OSError as error:
                yield Unread(path, _("it cannot be looked at: {reason}").format(reason=error.strerror))
        folders += reversed(inside)


def _file(root: str, path: bytes, status: os.stat_result) -> File:
    inode = f"{status.st_dev}:{status.st_ino}" if status.st_nlink > 1 and stat.S_ISREG(status.st_mode) else ""
    return File(root, path, status.st_size, status.st_mtime_ns, inode)


def file_at(path: bytes) -> File:
    """Return a file outside all roots, with its folder as root.

    Raises:
        OSError: it is not there.
    """
    folder, name = os.path.split(path)
    return _file(os.fsdecode(folder), name, os.stat(path))


def changes(found: Iterable[File | Unread], known: Mapping[bytes, Known], again: Callable[[Known], bool]) -> Changes:
    """Sort what a walk `found` into new, changed, unchanged and vanished.

    Files below a folder that could not be read stay as they were. `again` is asked whether an unchanged file that
    could not be used is worth another try.
    """
    out = Changes()
    seen: set[bytes] = set()
    for item in found:
        if isinstance(item, Unread):
            out.unread.append(item)
            continue
        seen.add(item.path)
        old = known.get(item.path)
        if old is None:
            out.new.append(item)
            continue
        if not old.present:
            out.back.append(item.path)
        as_it_was = _as_it_was(old, item)
        if as_it_was and _settled(old, again):
            out.unchanged += bool(old.audio or old.error)
            if not old.present or item != old.file:
                out.refreshed.append(item)
        else:
            out.changed.append(item)
            if as_it_was:
                out.stale.add(item.path)
    out.files = len(seen)
    _missed(out, seen, known)
    return out


def _missed(out: Changes, seen: set[bytes], known: Mapping[bytes, Known]) -> None:
    """Sort known files that a walk did not see; those below a folder that could not be read stay as they were."""
    unread = {item.path for item in out.unread}
    hidden = tuple(os.path.join(path, b"") for path in unread if path)
    for path, old in known.items():
        if path in seen:
            continue
        if b"" in unread or path in unread or path.startswith(hidden):
            out.unchanged += bool(old.present and (old.audio or old.error))
        else:
            out.vanished.append(old)


def since(list_: Changes, now: Changes) -> tuple[int, int, int]:
    """Return how many files were added, changed and gone between two walks: the first made the list.

    What the first learned of known files must be stored before the second is sorted: who vanished is not present.
    """
    before = {file.path: file for file in list_.new}
    after = {file.path: file for file in now.new}
    to_hear = {file.path: file for file in list_.changed}
    back = set(now.back) - to_hear.keys()
    added = len(after.keys() - before.keys()) + len(back)
    changed = sum(not _same(before[path], after[path]) for path in before.keys() & after.keys())
    changed += sum(
        path not in to_hear or not _same(to_hear[path], file) for file in now.changed if (path := file.path) not in back
    )
    gone = len(before.keys() - after.keys()) + sum(known.present for known in now.vanished)
    return added, changed, gone


def _same(old: File, new: File) -> bool:
    return old.size == new.size and old.mtime_ns == new.mtime_ns


def _settled(old: Known, again: Callable[[Known], bool]) -> bool:
    """Tell whether there is nothing more to be learned of a file that is as it was."""
    return not again(old) if old.cause else old.fresh


def _as_it_was(old: Known, new: File) -> bool:
    return old.file.size == new.size and same_time(old.file.mtime_ns, new.mtime_ns)


class Gone:
    """What is missing, to tell which new file may be a known one under another name."""

    def __init__(self) -> None:
        self._just_now = False
        self._sizes: set[int] = set()

    def add(self, changes: Changes) -> None:
        """Take up what a walk missed."""
        for known in changes.vanished:
            if known.audio:
                self._just_now |= known.present
                self._sizes.add(known.file.size)

    def may_be(self, file: File) -> bool:
        """Tell whether a new file may have moved: something went missing just now, or earlier with this size."""
        return self._just_now or file.size in self._sizes
