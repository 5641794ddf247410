"""Every exception that Comet raises on purpose.

* CometError              exit code 1
  * UsageError            2   what was typed cannot be done
    * NoFactorError           no whole number makes a picture as large as it shall be
  * SettingsError         2   a bad key or value in main.ini or profiles.ini
  * NoMusicError          2   the profile has no root folder, so there is nothing to scan
  * NotScannedError       2   nothing is known yet: scan first
  * FileError             3   one file; collected as a Problem, never ends a job
    * RefusedError            it was left as it is, for it could not be changed safely
    * DecodeError             its sound cannot be read
      * ReadError             the system would not read it: rights, disk, network
  * ServiceError          3   a service on the net cannot be reached, or its answer is of no use
    * WaitError          13   it asked to wait
    * SignInError        12   it does not know who asks, or gives that account too little
  * LockedError          11   another job works on this profile
  * NoSpaceError         14   the disk is full
  * MemoryBudgetError     1   not even one unit fits in the memory that is allowed
  * DatabaseError         1   the cache cannot be opened
  * BrokenError           1   something that must always hold does not

`Stopped` is not a CometError: somebody asked, nothing went wrong. It ends with exit code 130.
"""

from __future__ import annotations

from typing import ClassVar


class CometError(Exception):
    """Base of all. `str()` is one sentence for a person; `hint` says what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CometError):
    """What was typed cannot be done."""

    exit_code = 2


class NoFactorError(UsageError):
    """No whole number makes a picture as large as it shall be.

    `nearest` is the size in pixels that can be had instead; `enlarges` says that it would have to be enlarged.
    """

    def __init__(
        self, message: str, *, nearest: tuple[int, int] = (0, 0), enlarges: bool = False, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.nearest = nearest
        self.enlarges = enlarges


class SettingsError(CometError):
    """A bad key or value; the message names file, section, key, line and what was expected."""

    exit_code = 2


class NoMusicError(CometError):
    """The profile has no root folder."""

    exit_code = 2


class NotScannedError(CometError):
    """Nothing is known of this collection yet."""

    exit_code = 2


class FileError(CometError):
    """One file could not be used; `reason` is the sentence without the path."""

    exit_code = 3

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"`{path}`: {reason}", hint=hint)
        self.path = path
        self.reason = reason


class RefusedError(FileError):
    """A file was left as it is, for it could not be changed safely."""


class DecodeError(FileError):
    """The sound of a file cannot be read."""


class ReadError(DecodeError):
    """The system would not read a file: that says nothing of the file, which is tried again."""


class ServiceError(CometError):
    """A service on the net cannot be reached, or its answer is of no use."""

    exit_code = 3


class WaitError(ServiceError):
    """A service asked to wait.

    `seconds` is how long, None where it did not say.
    """

    exit_code = 13

    def __init__(self, message: str, *, hint: str = "", seconds: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.seconds = seconds


class SignInError(ServiceError):
    """A service does not know who asks any more, or gives that account too little."""

    exit_code = 12


class LockedError(CometError):
    """Another job works on this profile."""

    exit_code = 11


class NoSpaceError(CometError):
    """The disk that holds Comet's state is full."""

    exit_code = 14


class MemoryBudgetError(CometError):
    """Not even one unit fits in the memory that is allowed."""


class DatabaseError(CometError):
    """A database cannot be opened or does not belong here."""


class BrokenError(CometError):
    """An invariant does not hold; going on could only make it worse."""


class Stopped(Exception):  # noqa: N818 - not an error, and named after what happened
    """Somebody asked the job to stop. What was done stays done."""

    exit_code: ClassVar[int] = 130
