"""Files of a spinning disk are read one after the other: each whole, in one go, and then decoded from memory.

Two who read at the same time make the disk's head jump to and fro between them, and get less together than one alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from comet.core.errors import DecodeError
from comet.listen import content

_MOST: Final = 1 << 28  # bytes of one file; what lies behind is read as it is decoded
_BLOCK: Final = 1 << 20  # bytes
_POLL: Final = 0.01  # seconds; a track takes some tenths of one


@dataclass(frozen=True, slots=True)
class Turns:
    """How those who read from the same disk take turns, in whatever process they are."""

    folder: str
    """Where the lock files are: the same one for all; it exists."""
    readers: int
    """So many read from a disk at the same time."""
    patience: float
    """Seconds after which one does not wait any longer: somebody may be stuck at a sector that is damaged."""


def fetch(path: bytes, disk: str, turns: Turns) -> None:
    """Wait for a turn at the disk and read the file into the system's page cache, if it claims to be music.

    It does not matter if that fails, or if the turn does not come: whoever decodes the file finds out what is wrong
    with it, and a system that has no locks there is only slower.
    """
    with contextlib.ExitStack() as opened, contextlib.suppress(OSError, DecodeError, content.NotMusic):
        handles = []
        for number in range(turns.readers):
            name = os.path.join(turns.folder, f"disk-{quote(disk, safe='')}.{number}")
            handles.append(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))
            opened.callback(os.close, handles[-1])  # which lets go of the lock, as the death of this process does
        if _lock_one(handles, turns.patience):
            _read(path)


def _lock_one(handles: Sequence[int], patience: float) -> bool:
    """Lock one of some open files; return whether that succeeded in time."""
    until = time.monotonic() + patience
    while True:
        for handle in handles:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL)


def _read(path: bytes) -> None:
    """Read a file from its beginning, and throw away what was read; raises as `content.candidate`."""
    # without O_NONBLOCK, opening a pipe waits for somebody to write into it
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        content.candidate(handle, path)
        if not content.named(path):  # a film may begin like music, and is put aside by its header
            return
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        block, position = bytearray(_BLOCK), 0
        while position < _MOST and (count := os.preadv(handle, [block], position)):
            position += count
    finally:
        os.close(handle)
