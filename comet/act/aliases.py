"""Two folders that may be one, seen through two mounts: no number of the system's tells, but a file of a new name."""

from __future__ import annotations

import errno
import os
import secrets
from typing import Final

from comet.act import posix
from comet.act.vault import PROBE
from comet.core.errors import FileError, RefusedError
from comet.core.text import _

_CANNOT_WRITE: Final = (errno.EROFS, errno.EACCES, errno.EPERM)


def refuse(root: bytes, path: bytes, keeper_root: bytes, keeper: bytes) -> None:
    """Refuse two files of which one may be the other, seen through another mount: no number of the system's tells.

    A file of a name that never was is made in one folder and looked for in the other, both ways round: a pool of
    disks may put it where only one of the two views shows it.

    Raises:
        RefusedError: both folders are one.
        FileError: the file's own folder cannot be written.
    """
    here, there = (root, os.path.dirname(path)), (keeper_root, os.path.dirname(keeper))
    if here == there:
        return  # two names in one folder: device and inode tell
    for made_in, looked_for_in in ((here, there), (there, here)):
        try:
            both = _shows(made_in, looked_for_in)
        except OSError as error:
            if made_in == there and error.errno in _CANNOT_WRITE:
                continue
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise FileError(os.fsdecode(os.path.join(root, path)), posix.why(error)) from error
        if both:
            raise RefusedError(
                os.fsdecode(os.path.join(root, path)),
                _("its folder and that of the file to keep are one, seen through two mounts"),
            )


def _shows(made_in: tuple[bytes, bytes], looked_for_in: tuple[bytes, bytes]) -> bool:
    name = PROBE + secrets.token_hex(8).encode()
    with posix.folder(*made_in) as folder:
        os.close(os.open(name, posix.NEW, 0o600, dir_fd=folder))
        try:
            with posix.folder(*looked_for_in) as other:
                os.stat(name, dir_fd=other, follow_symlinks=False)
        except FileNotFoundError:
            return False
        else:
            return True
        finally:
            os.unlink(name, dir_fd=folder)
