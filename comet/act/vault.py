"""The only module that changes anything under a root.

Whoever can write to a folder of music can put a link where Comet is about to write, so nothing here follows one below
the root: files are new ones of a random name, made inside a folder that is open, and moved to their name.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from comet.core.errors import FileError
from comet.core.places import MARKER, ROOT_FOLDER, marker, open_root_folder, read_marker
from comet.core.text import _

_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC

_PATIENCE: Final = 2.0
"""Seconds in which another process that has begun to write the first marker must have done so."""


def mark(root: bytes, identity: str = "") -> str:
    """Give a root folder its marker `.comet/root` and return the id in it.

    One that is there is kept, unless `identity` says which it shall be; of several that are written at once, the first.

    Raises:
        FileError: the folder cannot be written, or what is there already is no marker of Comet's.
    """
    found = marker(root)
    if found and identity in ("", found):
        return found
    try:
        with _root_folder(root) as folder:
            _refuse_odd_marker(root, folder)
            found = _publish(folder, identity or secrets.token_hex(8), first=not identity)
            _sync(folder)
        _sync_path(root)
    except OSError as error:
        raise FileError(os.fsdecode(root), _("it cannot be marked: {reason}").format(reason=error.strerror)) from error
    return found


@contextmanager
def _root_folder(root: bytes) -> Iterator[int]:
    """Yield a descriptor of the folder `.comet` of a root, which is made where there is none."""
    path = os.path.join(root, ROOT_FOLDER)
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        _refuse_odd_folder(root)
    folder = open_root_folder(root)
    try:
        yield folder
    finally:
        os.close(folder)


def _refuse_odd_folder(root: bytes) -> None:
    """Refuse a root whose `.comet` is there and not a folder."""
    mode = os.lstat(os.path.join(root, ROOT_FOLDER)).st_mode
    if stat.S_ISLNK(mode):
        raise FileError(os.fsdecode(root), _("its folder `.comet` is a link, and nothing is written through a link"))
    if not stat.S_ISDIR(mode):
        raise FileError(os.fsdecode(root), _("what is called `.comet` in it is not a folder"))


def _refuse_odd_marker(root: bytes, folder: int) -> None:
    """Refuse a root whose marker is there and not a file: that was not made by Comet."""
    try:
        mode = os.stat(MARKER, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise FileError(os.fsdecode(root), _("its marker `.comet/root` is a link or something else that is not a file"))


def _publish(folder: int, identity: str, *, first: bool) -> str:
    """Write a marker and return the id that counts: if it is to be the `first` one, another one that is there does."""
    name = b".comet-" + secrets.token_hex(8).encode()
    handle = os.open(name, _NEW, 0o644, dir_fd=folder)
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(identity + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        if first and _claim(folder, name):
            return identity
        if first and (other := _other(folder)):
            return other
        os.replace(name, MARKER, src_dir_fd=folder, dst_dir_fd=folder)
        return identity
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)


def _claim(folder: int, name: bytes) -> bool:
    """Let the file `name` be the marker if there is none, and tell whether it is."""
    try:
        os.link(name, MARKER, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError:  # exFAT and many a FUSE file system know no hard links; an empty file is the claim there
        try:
            os.close(os.open(MARKER, _NEW, 0o644, dir_fd=folder))
        except FileExistsError:
            return False
        os.replace(name, MARKER, src_dir_fd=folder, dst_dir_fd=folder)
    return True


def _other(folder: int) -> str:
    """Return the id in the marker that is there; empty where whoever began to write it never did."""
    until = time.monotonic() + _PATIENCE
    while not (found := read_marker(folder)) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def _sync_path(folder: bytes) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(folder: int) -> None:
    """Let the names in a folder survive a power cut, as far as its file system can."""
    try:
        os.fsync(folder)
    except OSError:  # EINVAL on some FUSE file systems, which know no such thing
        os.sync()


def same_folder(one: bytes, other: bytes) -> bool:
    """Tell whether two root folders are two views of one: what is made in one is seen in the other.

    Device and inode do not tell through FUSE, NFS or a pool, so a file of a new name is made in each and looked for in
    the other one.

    Raises:
        FileError: one of them cannot be written.
    """
    return _seen(one, other) or _seen(other, one)


def _seen(made_in: bytes, looked_for_in: bytes) -> bool:
    name = b".comet-probe-" + secrets.token_hex(8).encode()
    try:
        with _root_folder(made_in) as folder:
            os.close(os.open(name, _NEW, 0o600, dir_fd=folder))
            try:
                return _holds(looked_for_in, name)
            finally:
                os.unlink(name, dir_fd=folder)
    except OSError as error:
        raise FileError(
            os.fsdecode(made_in), _("it cannot be written: {reason}").format(reason=error.strerror)
        ) from error


def _holds(root: bytes, name: bytes) -> bool:
    """Tell whether a file stands in the folder `.comet` of a root."""
    if not os.path.lexists(os.path.join(root, ROOT_FOLDER)):
        return False
    _refuse_odd_folder(root)  # what is seen through a link says nothing of the root
    return os.path.lexists(os.path.join(root, ROOT_FOLDER, name))
