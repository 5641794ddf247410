"""A process of its own that reads the groups of a large collection, so that the application stays small and quick.

What is known of 100 000 groups is a GB while it is put together, and would keep Python from looking at keys meanwhile.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from typing import BinaryIO, TypeAlias

from comet.core import start as starting
from comet.core.errors import BrokenError, CometError
from comet.core.places import Places
from comet.core.profiles import Profile
from comet.core.text import _, safe
from comet_tui import found
from comet_tui.found import Found
from comet_tui.listed import listed, load, save

_OBJECTS = 100_000
"""New objects from which on the garbage collector looks at all: as `comet` has it where it answers from all groups."""

Answer: TypeAlias = Found | CometError | str


def read(profile: Profile, places: Places) -> Found:
    """Return the groups of a profile, read by another process into a file that has no name.

    Raises:
        CometError: they cannot be read.
    """
    try:
        return _read(profile, places)
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise BrokenError(_("the groups could not be read: {why}").format(why=safe(str(error)))) from error


def _read(profile: Profile, places: Places) -> Found:
    with tempfile.TemporaryFile(dir=places.profile(profile.name)) as stream:
        command = starting.command("comet_tui.reading", str(stream.fileno()))
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            pass_fds=[stream.fileno()], env=starting.environment(),
        ) as process:  # fmt: skip
            assert process.stdin is not None  # noqa: S101 - a pipe was asked for
            assert process.stdout is not None  # noqa: S101
            try:
                pickle.dump((profile, places), process.stdin)
                process.stdin.flush()
                words = process.stdout.read()
            finally:
                process.kill()
        answer: Answer = pickle.loads(words) if words else ""  # noqa: S301 - from our own process
        if isinstance(answer, CometError):
            raise answer
        if isinstance(answer, str):
            raise BrokenError(_("the groups could not be read: {why}").format(why=answer or process.returncode))
        return replace(answer, proposals=load(stream))


def main() -> None:
    """Read for the process that has started this one, and end with it."""
    profile, places = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own process
    threading.Thread(target=_end, daemon=True).start()
    gc.set_threshold(_OBJECTS)
    with open(int(sys.argv[1]), "r+b") as stream:
        words = pickle.dumps(_answer(profile, places, stream))
    sys.stdout.buffer.write(words)
    sys.stdout.buffer.flush()
    os._exit(0)  # to take millions of objects apart would take seconds


def _answer(profile: Profile, places: Places, stream: BinaryIO) -> Answer:
    from comet.collection.opened import opened  # noqa: PLC0415 - arrays and all

    try:
        with opened(profile, places) as collection:
            answer = found.of(collection)
            save(answer.proposals, stream)
            return replace(answer, proposals=listed([], {}))
    except CometError as error:
        return error
    except Exception as error:  # noqa: BLE001 - it is told where it was asked for
        return f"{type(error).__name__}: {error}"


def _end() -> None:
    """Wait until nobody is there any more who wants to know."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
