"""Whether a root folder answers: a disk that has to spin up, or a share that is gone, makes whoever asks it wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

_PATIENCE = 1.0
"""Seconds in which a folder that answers does."""


_ASKED: dict[str, threading.Thread] = {}
"""Who asks which folder, and may wait for ever: nobody else does meanwhile."""


def silent(folders: Sequence[str], look: Callable[[str], object] = os.stat) -> str:
    """Return the first of some folders that does not answer, empty where all of them do, be it with an error."""
    for folder in folders:
        if folder not in _ASKED or not _ASKED[folder].is_alive():
            _ASKED[folder] = threading.Thread(target=_ask, args=(look, folder), name="comet-asleep", daemon=True)
            _ASKED[folder].start()
    for folder in folders:
        _ASKED[folder].join(_PATIENCE)
        if _ASKED[folder].is_alive():
            return folder
    return ""


def _ask(look: Callable[[str], object], folder: str) -> None:
    with suppress(OSError):
        look(folder)
