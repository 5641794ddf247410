"""The only module that changes anything under a root.

Whoever can write to a folder of music can put a link where Comet is about to write, so nothing here follows one below
the root: files are new ones of a random name, made inside a folder that is open, and moved to their name.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from comet.act import posix
from comet.act.posix import Seen, explained
from comet.core import locks
from comet.core.errors import FileError, RefusedError
from comet.core.pieces import Kept, Piece
from comet.core.places import MARKER, ROOT_FOLDER, marker, open_root_folder, read_marker
from comet.core.text import _, safe

QUARANTINE: Final = os.path.join(ROOT_FOLDER, b"quarantine")

PROBE: Final = b".comet-probe-"
"""What the files are called that find out whether two folders are one; scans pass them over."""

_LOCK: Final = b"lock"
PATIENCE: Final = 20.0
"""Seconds in which another process must have taken its step, which holds the lock of a root."""

_PATIENCE: Final = 2.0
"""Seconds in which another process that has begun to write the first marker must have done so."""


def mark(root: bytes, identity: str = "") -> str:
    """Give a root folder its marker `.comet/root` and return the id in it.

    One that is there is kept, unless `identity` says which it shall be; of several that are written at once, the first.

    Raises:
        FileError: the folder cannot be written, or what is there already is no marker of Comet's.
    """
    if (found := marker(root)) and identity in ("", found):
        return found
    try:
        with _root_folder(root) as folder:
            _refuse_odd_marker(root, folder)
            found = _publish(folder, identity or secrets.token_hex(8), first=not identity)
            posix.sync(folder)
        with posix.folder(root) as top:
            posix.sync(top)
    except OSError as error:
        raise FileError(os.fsdecode(root), _("it cannot be marked: {reason}").format(reason=error.strerror)) from error
    return found


@contextmanager
def _open(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _root_folder(root: bytes) -> Iterator[int]:
    """Yield a descriptor of the folder `.comet` of a root, which is made where there is none."""
    path = os.path.join(root, ROOT_FOLDER)
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        _refuse_odd_folder(root)
    with _open(open_root_folder(root)) as folder:
        yield folder


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
    name = posix.temp_for(MARKER)
    handle = os.open(name, posix.NEW, 0o644, dir_fd=folder)
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
            os.close(os.open(MARKER, posix.NEW, 0o644, dir_fd=folder))
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


def same_folder(one: bytes, other: bytes) -> bool:
    """Tell whether two root folders are two views of one: what is made in one is seen in the other.

    Device and inode do not tell through FUSE, NFS or a pool, so a file of a new name is made in each and looked for in
    the other one.

    Raises:
        FileError: one of them cannot be written.
    """
    return _seen(one, other) or _seen(other, one)


def _seen(made_in: bytes, looked_for_in: bytes) -> bool:
    name = PROBE + secrets.token_hex(8).encode()
    try:
        with _root_folder(made_in) as folder:
            os.close(os.open(name, posix.NEW, 0o600, dir_fd=folder))
            try:
                return _holds(looked_for_in, name)
            finally:
                os.unlink(name, dir_fd=folder)
    except OSError as error:
        told = _("it cannot be written: {reason}").format(reason=error.strerror)
        raise FileError(os.fsdecode(made_in), told) from error


def _holds(root: bytes, name: bytes) -> bool:
    """Tell whether a file stands in the folder `.comet` of a root."""
    if not os.path.lexists(os.path.join(root, ROOT_FOLDER)):
        return False
    _refuse_odd_folder(root)  # what is seen through a link says nothing of the root
    return os.path.lexists(os.path.join(root, ROOT_FOLDER, name))


@contextmanager
def locked(root: bytes) -> Iterator[None]:
    """Hold a root's lock while its files are being changed; other computers that reach the folder see it too.

    Raises:
        LockedError: another process changes files there for longer than a step takes.
        FileError: the root cannot be written.
    """
    flags = os.O_NOFOLLOW | os.O_CLOEXEC
    with explained(root, b""), _root_folder(root) as folder:
        try:
            handle = os.open(_LOCK, os.O_RDWR | os.O_CREAT | flags, 0o644, dir_fd=folder)
        except PermissionError:  # another user's, who may change files here as well
            handle = os.open(_LOCK, os.O_RDONLY | flags, dir_fd=folder)
    with _open(handle):
        with suppress(OSError):  # the file system knows no locks; one on a local disk is held beside this one
            locks.wait(handle, PATIENCE, _("another process changes files in `{root}`").format(root=safe(root)))
        yield


def held_at(root: bytes, path: bytes, run: str) -> bytes:
    """Return where a file would be held, relative to its root: under its own path, in a folder for the run.

    That folder lies in `.comet/quarantine` of the topmost folder of the file's own file system inside the root, for
    only there it can be moved without being copied. It is made, so that whoever does not find it knows that a disk is
    away, and not that nothing is held.

    Raises:
        FileError: the file cannot be looked at, or the folder cannot be made.
    """
    *parts, name = path.split(b"/")
    with explained(root, path):
        top = posix.topmost(root, parts, os.lstat(os.path.join(root, path)).st_dev)
        quarantine = os.path.join(*parts[:top], QUARANTINE)
        with posix.made_folder(root, quarantine, 0o700):
            return os.path.join(quarantine, os.fsencode(run), *parts[top:], name)


def _top(held: bytes) -> bytes:
    """Return the quarantine that something lies in."""
    return held[: held.index(QUARANTINE) + len(QUARANTINE)]


def holds(root: bytes, held: bytes) -> bool:
    """Tell whether a file is held; `held` is relative to the root.

    Raises:
        FileError: that cannot be told, for its quarantine is not there.
    """
    try:
        with posix.folder(root, _top(held)):
            return posix.exists(root, held)
    except OSError as error:
        raise FileError(_full(root, held), _("its quarantine cannot be seen: is the disk mounted?")) from error


def quarantine(root: bytes, path: bytes, held: bytes, expected: Seen) -> None:
    """Move a file from `path` to `held`, both relative to the root.

    Raises:
        RefusedError: another file stood there than the one that was `expected`, and does again.
        FileError: it cannot be moved.
    """
    above, name = os.path.split(path)
    where, kept = os.path.split(held)
    with explained(root, path), posix.folder(root, above) as source, posix.made_folder(root, where, 0o700) as target:
        posix.rename_new(source, name, target, kept)
        moved = os.stat(kept, dir_fd=target, follow_symlinks=False)
        if (moved.st_dev, moved.st_ino) != (expected.device, expected.inode):
            posix.rename_new(target, kept, source, name)
            raise RefusedError(_full(root, path), _("another file was put in its place while it was being moved"))
        posix.sync(target)
        posix.sync(source)


def restore(root: bytes, held: bytes, path: bytes) -> None:
    """Move a file that is held back to its path, whose folder is made where it is gone.

    Raises:
        RefusedError: something else is there by now.
        FileError: it cannot be moved.
    """
    above, name = os.path.split(path)
    where, kept = os.path.split(held)
    with explained(root, path), posix.folder(root, where) as source, posix.made_folder(root, above, 0o777) as target:
        posix.rename_new(source, kept, target, name)
        posix.sync(target)
        posix.sync(source)
    tidy(root, held)


def purge(root: bytes, held: bytes) -> None:
    """Delete a file that is held: the one step that cannot be undone, and the one place where a file of the user's is.

    Raises:
        FileError: it cannot be deleted.
    """
    where, kept = os.path.split(held)
    with explained(root, held), posix.folder(root, where) as folder:
        os.unlink(kept, dir_fd=folder)
        posix.sync(folder)
    tidy(root, held)


def tidy(root: bytes, held: bytes) -> None:
    """Take away the folders that a file is or was held in, as far as nothing is in them."""
    prune(root, os.path.dirname(held), _top(held))


def prune(root: bytes, folder: bytes, stays: bytes) -> None:
    """Take away a folder and those above it, up to the one that stays, as far as nothing is in them."""
    while folder != stays:
        above, name = os.path.split(folder)
        try:
            with suppress(FileNotFoundError), posix.folder(root, above) as inside:
                os.rmdir(name, dir_fd=inside)
        except OSError:
            return  # something is still in it
        folder = above


def beside(root: bytes, path: bytes, pieces: Sequence[Piece], temp: bytes, mtime_ns: int | None = None) -> None:
    """Write what a file shall be, told by what it is, as `temp` beside it, with its mode, owner and attributes.

    Raises:
        FileError: it cannot be written.
    """
    above, name = os.path.split(path)
    with (
        explained(root, path),
        posix.folder(root, above) as inside,
        _open(posix.opened(inside, name)) as source,
        _open(os.open(temp, posix.NEW, 0o600, dir_fd=inside)) as new,
    ):
        posix.dress(new, source)
        _written(new, pieces, source, mtime_ns)


def stage(root: bytes, path: bytes, content: bytes, temp: bytes, mtime_ns: int = 0, *, over: bool = False) -> None:
    """Write what is in a file elsewhere as `temp` beside where it shall stand, in a folder that is made if need be.

    It gets mode, owner and attributes of what it is to be put `over`. A time of 0 is left to the system.

    Raises:
        FileError: it cannot be read or written.
    """
    above, name = os.path.split(path)
    outside, staged = os.path.split(content)
    with explained(root, path), posix.made_folder(root, above, 0o777) as inside:
        with posix.folder(outside) as folder:
            opened = posix.opened(folder, staged)
        with _open(opened) as source, _open(os.open(temp, posix.NEW, 0o600 if over else 0o666, dir_fd=inside)) as new:
            if over:
                with _open(posix.opened(inside, name)) as model:
                    posix.dress(new, model)
            _written(new, [Kept(0, posix.seen(source).size)], source, mtime_ns or None)


def _written(handle: int, pieces: Sequence[Piece], source: int, mtime_ns: int | None) -> None:
    posix.pour(handle, pieces, source)
    if mtime_ns is not None:  # 0 is 1970, which files from many an archive have
        os.utime(handle, ns=(mtime_ns, mtime_ns))
    os.fsync(handle)


def replace(root: bytes, path: bytes, temp: bytes, expected: Seen, old_hash: str) -> None:
    """Put what was written `beside` a file in its place, in one step.

    If that fails the temp stays: where a file system moves the old file away before it moves the new one in, the temp
    may be all that is left, and only recovery can tell. So nothing of the file may be open (`posix.look` closes it).

    Raises:
        RefusedError: it is not the file that was `expected`, or not with the content of `old_hash` any more.
        FileError: it cannot be moved.
    """
    above, name = os.path.split(path)
    with explained(root, path), posix.folder(root, above) as inside:
        if posix.look(root, path) != expected:
            raise RefusedError(_full(root, path), _("it was changed meanwhile"))
        posix.exchange(inside, temp, name)
        posix.sync(inside)
    retire(root, path, temp, old_hash)


def retire(root: bytes, path: bytes, temp: bytes, old_hash: str) -> None:
    """Take away what a file was, which is called `temp` since it and its new content have changed places.

    Nothing is called so where the file system knows no such exchange: then it is gone already.

    Raises:
        RefusedError: its content is not that of `old_hash`, for somebody wrote just before; it is in its place again.
        FileError: it cannot be read or deleted.
    """
    above, name = os.path.split(path)
    old = os.path.join(above, temp)
    with explained(root, path), posix.folder(root, above) as inside:
        if not posix.exists(root, old):
            return
        if (found := posix.known(root, old)) is None or found[1] != old_hash:
            posix.exchange(inside, temp, name)
            posix.sync(inside)
            raise RefusedError(_full(root, path), _("it was changed meanwhile"))
        os.unlink(temp, dir_fd=inside)
        posix.sync(inside)


def finish(root: bytes, path: bytes, temp: bytes) -> None:
    """Move a temp that recovery has read to the place of a file that is missing there."""
    above, name = os.path.split(path)
    with explained(root, path), posix.folder(root, above) as inside:
        posix.rename_new(inside, temp, inside, name)
        posix.sync(inside)


def sweep(root: bytes, folder: bytes, *names: bytes) -> None:
    """Take away Comet's own leftovers in a folder: probes, and temps of these names."""
    with explained(root, folder), suppress(FileNotFoundError, NotADirectoryError), posix.folder(root, folder) as inside:
        for name in os.listdir(inside):
            found = os.fsencode(name)
            if found.startswith(PROBE) or found in names:
                os.unlink(found, dir_fd=inside)


def _full(root: bytes, path: bytes) -> str:
    return os.fsdecode(os.path.join(root, path))
