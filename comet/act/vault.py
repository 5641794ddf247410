"""The only module that changes anything under a root."""

from __future__ import annotations

import os
import secrets

from comet.core.errors import FileError
from comet.core.places import ROOT_FOLDER, marker
from comet.core.text import _


def mark(root: bytes, identity: str = "") -> str:
    """Give a root folder its marker `.comet/root` and return the id in it.

    One that is there is kept, unless `identity` says which it shall be.

    Raises:
        FileError: the folder cannot be written.
    """
    identity = identity or marker(root) or secrets.token_hex(8)
    if marker(root) == identity:
        return identity
    folder = os.path.join(root, ROOT_FOLDER)
    temp = os.path.join(folder, b"root.new")
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        with open(temp, "w", encoding="ascii") as stream:
            stream.write(identity + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temp, os.path.join(folder, b"root"))
        sync_folder(folder)
        sync_folder(root)
    except OSError as error:
        raise FileError(os.fsdecode(root), _("it cannot be marked: {reason}").format(reason=error.strerror)) from error
    return identity


def sync_folder(folder: bytes) -> None:
    """Let the names in `folder` survive a power cut, as far as its file system can."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError:  # EINVAL on some FUSE file systems, which know no such thing
        os.sync()
    finally:
        os.close(handle)


def same_folder(one: bytes, other: bytes) -> bool:
    """Tell whether two root folders are two views of one: what is made in one is seen in the other.

    Device and inode do not tell through FUSE, NFS or a pool, so a file of a new name is made in each and looked for in
    the other one.

    Raises:
        FileError: one of them cannot be written.
    """
    return _seen(one, other) or _seen(other, one)


def _seen(made_in: bytes, looked_for_in: bytes) -> bool:
    name = b"probe-" + secrets.token_hex(8).encode()
    folder = os.path.join(made_in, ROOT_FOLDER)
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        os.close(os.open(os.path.join(folder, name), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        try:
            return os.path.lexists(os.path.join(looked_for_in, ROOT_FOLDER, name))
        finally:
            os.unlink(os.path.join(folder, name))
    except OSError as error:
        raise FileError(
            os.fsdecode(made_in), _("it cannot be written: {reason}").format(reason=error.strerror)
        ) from error
