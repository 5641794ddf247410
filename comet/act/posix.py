"""What the system has to do for `vault`, in the strictest form that it offers.

Whoever can write to a folder of music can put a link where Comet is about to write, so every folder below a root is
opened step by step without following one, and files are named relative to the folder that is open.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from comet.core.errors import FileError, RefusedError
from comet.core.pieces import Kept, Piece, blocks, digest
from comet.core.text import _

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NEW: Final = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a file is opened that must not be there yet."""
NOREPLACE: Final = 1
EXCHANGE: Final = 2
"""RENAME_NOREPLACE and RENAME_EXCHANGE of <linux/fs.h>."""
_UNKNOWN: Final = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


class Seen(NamedTuple):
    """A regular file as the system shows it: two that are equal are one file that nobody has touched in between."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    links: int


def temp_for(path: bytes) -> bytes:
    """Return a name that never was, for what is written beside a path; its ending says what is in it."""
    return b".comet-" + secrets.token_hex(8).encode() + os.path.splitext(path)[1]


@contextmanager
def folder(top: bytes, path: bytes = b"") -> Iterator[int]:
    """Yield a descriptor of the folder `path` below `top`; only `top` itself may be reached through a link.

    Raises:
        OSError: it is not there, or some part of it is a link (ELOOP, ENOTDIR).
    """
    handle = os.open(top, _FOLDER)
    try:
        for part in path.split(b"/") if path else []:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


@contextmanager
def made_folder(top: bytes, path: bytes, mode: int) -> Iterator[int]:
    """Yield a descriptor of the folder `path` below `top`, made where it is not there, and durable."""
    handle = os.open(top, _FOLDER)
    try:
        for part in path.split(b"/") if path else []:
            try:
                inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            except FileNotFoundError:
                os.mkdir(part, mode, dir_fd=handle)
                sync(handle)
                inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def look(top: bytes, path: bytes) -> Seen:
    """Open a file by its path and return how it stands.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file (EINVAL) but a link (ELOOP), a pipe, a folder.
    """
    above, name = os.path.split(path)
    with folder(top, above) as inside:
        handle = opened(inside, name)
        try:
            return seen(handle)
        finally:
            os.close(handle)


def seen(handle: int) -> Seen:
    """Return how the regular file stands that is open as `handle`."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return Seen(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_nlink)


def rename_new(old_folder: int, old: bytes, new_folder: int, new: bytes) -> None:
    """Move a file without ever taking the place of another one.

    Raises:
        FileExistsError: something is there already.
        OSError: it cannot be moved; to another file system never (EXDEV).
    """
    code = _renameat2(old_folder, old, new_folder, new, NOREPLACE)
    if code == 0:
        return
    if code not in _UNKNOWN:
        raise OSError(code, os.strerror(code))
    try:  # exFAT and some FUSE and network file systems know no such move
        os.lstat(new, dir_fd=new_folder)
    except FileNotFoundError:
        os.rename(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def exchange(folder: int, one: bytes, other: bytes) -> None:
    """Let two files in a folder change places, in one step; where its file system cannot, the first takes the other's.

    Raises:
        OSError: neither was done.
    """
    code = _renameat2(folder, one, folder, other, EXCHANGE)
    if code in _UNKNOWN:
        os.replace(one, other, src_dir_fd=folder, dst_dir_fd=folder)
    elif code:
        raise OSError(code, os.strerror(code))


def _renameat2(old_folder: int, old: bytes, new_folder: int, new: bytes, flags: int) -> int:
    """Return 0, or the errno of Linux's renameat2; ENOSYS where there is none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return errno.ENOSYS
    return ctypes.get_errno() if call(old_folder, old, new_folder, new, flags) else 0


def sync(folder: int) -> None:
    """Let the names in a folder survive a power cut, as far as its file system can."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        os.sync()  # some FUSE file systems know no such thing


def opened(folder: int, name: bytes) -> int:
    """Open a file in a folder to read it, and nothing that a link leads to; nobody is waited for, as a pipe would."""
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)


def write(handle: int, content: bytes) -> None:
    """Write all of `content`."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def pour(handle: int, pieces: Sequence[Piece], source: int) -> None:
    """Write the content that pieces of `source` stand for.

    Where the file system can, it copies by itself what is kept, or shares it (reflink): nothing goes over a network.
    """
    for piece in pieces:
        done = _shared(handle, piece, source) if isinstance(piece, Kept) else 0
        rest = [Kept(piece.start + done, piece.size - done)] if isinstance(piece, Kept) else [piece]
        for block in blocks(rest, source):
            write(handle, block)


def _shared(handle: int, piece: Kept, source: int) -> int:
    """Let the system copy bytes to where `handle` stands, and return how many it did."""
    done = 0
    while done < piece.size:
        try:
            count = os.copy_file_range(source, handle, piece.size - done, piece.start + done)
        except OSError as error:
            if error.errno not in (*_UNKNOWN, errno.EXDEV, errno.EBADF, errno.EPERM):
                raise
            count = 0
        if not count:
            break
        done += count
    return done


def dress(handle: int, model: int) -> None:
    """Give a new file mode, owner and extended attributes (access lists among them) of another one, and no others.

    Raises:
        OSError: it would belong to somebody else than that one does.
    """
    status = os.fstat(model)
    if not _owned(handle, status):
        for owner in ((-1, status.st_gid), (status.st_uid, -1)):
            with _as_far_as_may_be():  # only root may give away; to a group, whoever is in it
                os.fchown(handle, *owner)
        if not _owned(handle, status):
            raise OSError(errno.EPERM, _("it belongs to another user or group, and a new file in its place would not"))
    with _as_far_as_may_be():  # some file systems have no attributes
        given, wanted = (os.listxattr(of) if hasattr(os, "listxattr") else [] for of in (handle, model))
        for attribute in set(given) - set(wanted):  # of the folder: it may let others in
            with _as_far_as_may_be():
                os.removexattr(handle, attribute)
        for attribute in wanted:
            with _as_far_as_may_be():  # those of other security systems may not be set
                os.setxattr(handle, attribute, os.getxattr(model, attribute))
    with _as_far_as_may_be():  # FAT knows no rights; elsewhere one's own new file has those one gives it
        os.fchmod(handle, stat.S_IMODE(status.st_mode))


def _owned(handle: int, status: os.stat_result) -> bool:
    made = os.fstat(handle)
    return (made.st_uid, made.st_gid) == (status.st_uid, status.st_gid)


@contextmanager
def _as_far_as_may_be() -> Iterator[None]:
    """Go on where something is not allowed or not known; a full disk or one that fails is not that."""
    try:
        yield
    except OSError as error:
        if error.errno not in (*_UNKNOWN, errno.EPERM, errno.EACCES):
            raise


def digest_of(top: bytes, path: bytes) -> str:
    """Return what a file's content is recognised by (`pieces.digest`); errors as of `look`."""
    above, name = os.path.split(path)
    with folder(top, above) as inside:
        handle = opened(inside, name)
        try:
            return digest(blocks([Kept(0, seen(handle).size)], handle))
        finally:
            os.close(handle)


def known(top: bytes, path: bytes) -> tuple[Seen, str] | None:
    """Return how a file stands, and its `digest_of`; None where something else stands at the path, or nothing.

    Raises:
        OSError: that cannot be told.
    """
    try:
        return (look(top, path), digest_of(top, path)) if exists(top, path) else None
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EINVAL):
            raise
        return None


def content(top: bytes, path: bytes, most: int) -> bytes:
    """Return what is in a file, at most so many bytes.

    Raises:
        OSError: as `look`, or there are more (EFBIG).
    """
    above, name = os.path.split(path)
    with folder(top, above) as inside:
        handle = opened(inside, name)
        try:
            if seen(handle).size > most:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            with open(handle, "rb", closefd=False) as stream:
                return stream.read(most)
        finally:
            os.close(handle)


def exists(top: bytes, path: bytes) -> bool:
    """Tell whether something stands at a path.

    Raises:
        OSError: that cannot be told, which is not the same as no.
    """
    above, name = os.path.split(path)
    try:
        with folder(top, above) as inside:
            os.stat(name, dir_fd=inside, follow_symlinks=False)
    except FileNotFoundError:
        os.stat(top)  # a root that is away says nothing of what is in it
        return False
    return True


def missing(top: bytes, path: bytes) -> bytes:
    """Return the topmost of the folders of `path` below `top` that is not there, empty where all are; as `exists`."""
    parts = path.split(b"/") if path else []
    for count in range(1, len(parts) + 1):
        if not exists(top, upper := b"/".join(parts[:count])):
            return upper
    return b""


def topmost(top: bytes, parts: Sequence[bytes], device: int) -> int:
    """Return how many of the folders `parts` below `top` lie above the file system of `device`.

    Those up to there belong to another one that this one is mounted in; 0 where `top` is on it.
    """
    for count in range(len(parts), -1, -1):
        if os.stat(os.path.join(top, *parts[:count]), follow_symlinks=count == 0).st_dev != device:
            return count + 1
    return 0


def why(error: OSError) -> str:
    """Return what the system said about a file as the end of a sentence."""
    return {
        errno.EXDEV: _("it cannot be moved within its file system, and is never copied and deleted instead"),
        errno.ELOOP: _("a link leads to it, and nothing is changed through a link"),
        errno.ENOTDIR: _("a file or a link stands where its folder should be, and nothing is changed through a link"),
        errno.ENOENT: _("it is gone"),
        errno.ENAMETOOLONG: _("its name is longer than its file system takes"),
        errno.EEXIST: _("something else is in its place by now; move that away first"),
    }.get(error.errno or 0, error.strerror or str(error))


@contextmanager
def explained(root: bytes, path: bytes) -> Iterator[None]:
    """Turn what the system says into the error of one file; a full disk goes through as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        kind = RefusedError if error.errno == errno.EEXIST else FileError
        raise kind(os.fsdecode(os.path.join(root, path)), why(error)) from error
