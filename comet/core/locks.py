"""One holder at a time, across processes: a lock that the system lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from comet.core.errors import LockedError
from comet.core.places import make_private
from comet.core.text import _, safe


@contextmanager
def hold(path: str, what: str, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` while the block runs; children do not inherit it.

    Raises:
        LockedError: another process holds it, for longer than `patience` seconds; `what` says what that means.
    """
    make_private(os.path.dirname(path))
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        wait(handle, patience, what)
        yield
    finally:
        os.close(handle)


def wait(handle: int, patience: float, what: str) -> None:
    """Take the lock of a lock file that is open, and write into it whose it is; it is let go when the file is closed.

    Raises:
        LockedError: as `hold`.
        OSError: its file system knows no locks.
    """
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                holder = os.pread(handle, 40, 0).decode("ascii", "replace").strip()
                raise LockedError(
                    _("{what} (process {pid})").format(what=what, pid=safe(holder) or "?"),
                    hint=_("`comet jobs` shows it; wait for it or stop it"),
                ) from None
            time.sleep(0.02)
        else:
            with suppress(OSError):  # another user's, which can be locked all the same
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            return


def held(path: str) -> bool:
    """Tell whether a process holds the lock file `path`."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)
