"""The seam: every call that changes something, counted, so that a child dies or is told an error at the one wanted.

It is not in the production code; it is laid into a child (`forks`) around what that calls of the system and of SQLite.
"""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from typing import Any

from comet.act import posix

_CALLS = (
    "mkdir", "rmdir", "rename", "unlink", "link", "utime", "fchmod", "fchown", "setxattr", "fsync",
    "copy_file_range",
)  # fmt: skip
_KINDS = (b"probe-", b"quarantine", b"journal.sqlite", b"lock", b".comet-", b".comet")


class Seam:
    """Counts calls from 1 and acts at one of them.

    Modes: `kill`: SIGKILL before it; `fail`: an error and nothing done; `late`: done, and an error all the same, as a
    network file system does that has lost the answer; `lose`: an error, and what was to be replaced is gone, as where a
    network file system moves that away first. Half a write is a call of its own.
    """

    def __init__(self, mode: str = "", at: int = 0, code: int = 0) -> None:
        self.points: list[str] = []
        self._mode, self._at, self._code = mode, at, code

    def install(self) -> None:
        """Lay the seam around the calls, in this process for good."""
        self._install_replace()
        for name in _CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        self._install_open()
        self._install_write()
        self._install_rename()
        self._install_commit()

    def _reach(self, label: str) -> bool:
        """Count a call; return whether it is the one, if it is still to be told an error."""
        self.points.append(label)
        if len(self.points) != self._at:
            return False
        if self._mode == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def _error(self) -> OSError:
        return OSError(self._code, os.strerror(self._code))

    def _call(self, label: str, real: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the call returns
        if not self._reach(label):
            return real()
        if self._mode == "late":
            real()
        raise self._error()

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **more: self._call(_label(name, given), lambda: real(*given, **more))

    def _install_open(self) -> None:
        real = os.open

        def opened(path: Any, flags: int, *given: Any, **more: Any) -> int:  # noqa: ANN401 - as os.open
            if not flags & os.O_CREAT:
                return real(path, flags, *given, **more)
            return self._call(_label("open", (path,)), lambda: real(path, flags, *given, **more))

        os.open = opened

    def _install_write(self) -> None:
        real = os.write

        def write(handle: int, content: memoryview) -> int:
            if self._reach("write"):
                if self._mode == "late":
                    real(handle, content)
                raise self._error()
            if self._at == len(self.points) + 1:
                real(handle, content[: len(content) // 2])
            if self._reach("half a write"):
                raise self._error()
            return real(handle, content)

        os.write = write

    def _install_replace(self) -> None:
        real, gone = os.replace, os.unlink

        def replace(source: bytes, target: bytes, **more: int) -> None:
            if not self._reach(_label("replace", (source,))):
                return real(source, target, **more)
            if self._mode == "late":
                real(source, target, **more)
            if self._mode == "lose":
                gone(target, dir_fd=more["dst_dir_fd"])
            raise self._error()

        os.replace = replace

    def _install_rename(self) -> None:
        real = posix._renameat2

        def renameat2(old_folder: int, old: bytes, new_folder: int, new: bytes, flags: int) -> int:
            if not self._reach("exchange" if flags == posix.EXCHANGE else "renameat2"):
                return real(old_folder, old, new_folder, new, flags)
            if self._mode == "late":
                real(old_folder, old, new_folder, new, flags)
            return self._code

        posix._renameat2 = renameat2

    def _install_commit(self) -> None:
        seam, real = self, sqlite3.connect

        class Connection(sqlite3.Connection):
            """SQLite's, with the seam around COMMIT."""

            def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as sqlite3
                run = super().execute
                if sql != "COMMIT" or not seam._reach("COMMIT"):
                    return run(sql, *given)
                run(sql if seam._mode == "late" else "ROLLBACK")  # where SQLite cannot commit, it rolls back
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorname = "SQLITE_FULL" if seam._code == errno.ENOSPC else "SQLITE_IOERR"
                raise error

        sqlite3.connect = lambda *given, **more: real(*given, factory=Connection, **more)


def _label(name: str, given: tuple[Any, ...]) -> str:
    """Return what a call is called: its name, and what kind of file it is about."""
    path = given[0] if given else b""
    if isinstance(path, int):
        return name
    full = os.fsencode(path)
    return next((f"{name} {kind.decode()}" for kind in _KINDS if kind in full), name)
