"""Whether a root folder answers: a disk that has to spin up, or a share that is gone, makes whoever asks it wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

_PATIENCE = 1.0
"""Seconds in which a folder that answers does."""


def silent(folders: Sequence[str], look: Callable[[str], object] = os.stat) -> str:
    """Return the first of some folders that does not answer, empty where all of them do, be it with an error."""
    threads = []
    for folder in folders:

        def ask(path: str = folder) -> None:
            with suppress(OSError):
                look(path)

        thread = threading.Thread(target=ask, name="comet-asleep", daemon=True)
        thread.start()
        threads.append(thread)
    for folder, thread in zip(folders, threads, strict=True):
        thread.join(_PATIENCE)
        if thread.is_alive():
            return folder
    return ""
