"""What is on its way into a root: files in `.comet/staging`, written as they come, resumed, and taken away when done.

They lie on the file system that they go to, so there is room for them or the run ends before anything is placed.
Nothing but that folder is touched here, and playlists that Comet itself writes; what is ready is put in its place by a
plan, as everything is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from comet.act import posix, vault
from comet.act.posix import explained
from comet.core import pieces
from comet.core.errors import RefusedError
from comet.core.pieces import Piece
from comet.core.places import ROOT_FOLDER
from comet.core.text import _

_FOLDER: Final = os.path.join(ROOT_FOLDER, b"staging")
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMP: Final = rb"\.comet-[0-9a-f]{16}\.m3u8"
_AGAIN: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Staging:
    """The staging of one root, which has its marker. Names are those of files in it, without a folder.

    Each method raises FileError where the system refuses, but for a full disk, which is an OSError as it is.
    """

    def __init__(self, root: bytes, owner: str) -> None:
        self.root, self.owner = root, owner
        self._at = os.path.join(_FOLDER, os.fsencode(owner))  # two profiles may share a root

    def path(self, name: bytes) -> bytes:
        """Return the absolute path of a file."""
        return os.path.join(self.root, self._at, name)

    def names(self) -> list[bytes]:
        """Return the names of all files."""
        with self._folder() as inside:
            return sorted(map(os.fsencode, os.listdir(inside)))

    def size(self, name: bytes) -> int:
        """Return the bytes of a file, 0 where there is none."""
        try:
            return posix.look(self.root, os.path.join(self._at, name)).size
        except OSError:
            return 0

    def digest(self, name: bytes) -> str:
        """Return what a file's content is recognised by (`core.pieces.digest`)."""
        with explained(self.root, os.path.join(self._at, name)):
            return posix.digest_of(self.root, os.path.join(self._at, name))

    @contextmanager
    def append(self, name: bytes, start: int) -> Iterator[Callable[[bytes], None]]:
        """Yield what writes behind the first `start` bytes of a file, which is made where there is none.

        All of it is on the disk at the end of the block, however that ends.
        """
        with self._folder() as inside:
            try:
                handle = os.open(name, posix.NEW, 0o600, dir_fd=inside)
            except FileExistsError:
                handle = os.open(name, _AGAIN, dir_fd=inside)
            try:
                posix.seen(handle)
                os.ftruncate(handle, start)
                os.lseek(handle, start, os.SEEK_SET)
                yield lambda block: posix.write(handle, block)
            finally:
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    @contextmanager
    def new(self, name: bytes) -> Iterator[BinaryIO]:
        """Yield a new file to be written in any order; an older one of that name goes."""
        self.drop(name)
        with self._folder() as inside:
            handle = os.open(name, _NEW, 0o600, dir_fd=inside)
            with open(handle, "w+b") as stream:
                yield stream
                stream.flush()
                os.fsync(handle)

    def write(self, name: bytes, content: bytes) -> None:
        """Let a file have this content."""
        with self.append(name, 0) as write:
            write(content)

    def seal(self, name: bytes, whole: bytes) -> None:
        """Let a file that is whole be called so; an older one of that name goes."""
        with self._folder() as inside:
            os.replace(name, whole, src_dir_fd=inside, dst_dir_fd=inside)
            posix.sync(inside)

    def edited(self, name: bytes, made: Sequence[Piece], new: bytes) -> None:
        """Write what is told by pieces of a file beside it; an older one of that name goes."""
        self.drop(new)
        vault.beside(self.root, os.path.join(self._at, name), made, new)

    def drop(self, *names: bytes) -> None:
        """Take files away, as far as they are there."""
        with self._folder() as inside:
            for name in names:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=inside)

    @contextmanager
    def _folder(self) -> Iterator[int]:
        with explained(self.root, self._at), posix.made_folder(self.root, self._at, 0o700) as inside:
            yield inside


def keep_list(root: bytes, path: bytes, content: bytes, written: Container[str]) -> str:
    """Let a playlist that Comet made have this content, and return what that is recognised by.

    Args:
        root: The root folder.
        path: Of the playlist, below it.
        content: What it shall hold. Where it does, nothing is touched.
        written: What is recognised as Comet's own of before; anything else that is there is left.

    Raises:
        RefusedError: somebody else has written it, or changed it.
        FileError: it cannot be written.
    """
    new = pieces.digest([content])
    with explained(root, path), vault.locked(root):
        seen = posix.known(root, path) if posix.exists(root, path) else None
        if seen is not None and seen[1] == new:
            return new
        if (seen[1] not in written) if seen is not None else posix.exists(root, path):
            told = _("somebody else has written it, so it is left; move it away, and the next run writes it anew")
            raise RefusedError(os.fsdecode(os.path.join(root, path)), told)
        staging, temp = Staging(root, "lists"), posix.temp_for(path)
        staging.write(temp, content)
        try:
            vault.stage(root, path, staging.path(temp), temp, over=seen is not None)
            if seen is None:
                vault.finish(root, path, temp)
            else:
                vault.replace(root, path, temp, seen[0], seen[1])
        finally:
            staging.drop(temp)
    return new


def sweep_lists(root: bytes, folder: bytes) -> None:
    """Take away what a crash has left beside playlists in a folder: temps, each an older or newer state of one.

    Nothing may be pending in the journal, which could wait for one of them.
    """
    with explained(root, folder), vault.locked(root), suppress(FileNotFoundError):
        names = map(os.fsencode, os.listdir(os.path.join(root, folder)))
        vault.sweep(root, folder, *(name for name in names if re.fullmatch(_TEMP, name)))
