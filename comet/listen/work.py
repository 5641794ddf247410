"""What is done with one file, in a worker process: the decoder and the compiled kernels are loaded there alone."""

from __future__ import annotations

import os
from dataclasses import replace

from comet.core.errors import DecodeError, ReadError
from comet.core.text import _
from comet.listen import ahead, audio, content
from comet.listen.fingerprint import Cause, Heard, Task, too_short
from comet.tags import work as tags


def work(task: Task) -> Heard:
    """Read one file. Errors of the file are part of the answer."""
    wanted = task.wanted
    before = _state(wanted.path)
    if task.turns is not None:
        ahead.fetch(wanted.path, wanted.disk, task.turns)
    try:
        heard = _read(task)
    except audio.NotMusic:
        return Heard(wanted)
    except ReadError as error:
        return Heard(wanted, error=error.reason if content.named(wanted.path) else "", cause=Cause.SYSTEM)
    except DecodeError as error:
        heard = Heard(wanted, error=error.reason)
        if before is None:  # it went away, and the reason says so
            return heard
    if {before, _state(wanted.path)} != {(wanted.file.size, wanted.file.mtime_ns)}:
        return Heard(wanted, error=_("changed while it was being read"))
    return replace(heard, tagged=tags.work(wanted.path)) if heard.hash else heard


def _read(task: Task) -> Heard:
    if task.identify:
        return Heard(task.wanted, hash=audio.identify(task.wanted.path))
    found = audio.listen(task.wanted.path, task.length, loudness=task.loudness, speed=task.wanted.speed)
    error = too_short(found.audio)
    return Heard(task.wanted, found.audio, found.words, found.quality, found.loudness, found.audio.hash, error)


def _state(path: bytes) -> tuple[int, int] | None:
    """Return size and time of a file, None if it cannot be found."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_size, info.st_mtime_ns
