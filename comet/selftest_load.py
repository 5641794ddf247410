"""What `comet.selftest` kills: `python -m comet.selftest_load FOLDER STATE SEED` changes files without end.

It works as the real thing does, with the same calls and a journal of its own; only what is same is known beforehand.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from comet.act import actions
from comet.act.ground import Ground
from comet.act.journal import Journal, path_of
from comet.core.acts import Do, Plan, Step
from comet.core.errors import DecodeError
from comet.core.job import Job
from comet.core.model import File, Identity, Place
from comet.core.places import marker
from comet.listen import audio
from comet.tags.editing import Task
from comet.tags.work import edit

KEEPER: Final = b"a.flac"
COPY: Final = b"copy of a.flac"
TAGGED: Final = (KEEPER, b"b.mp3", b"c.m4a")
PLAYLIST: Final = b"all.m3u"
FILES: Final = (*TAGGED, COPY, PLAYLIST)

_MOST: Final = 40_000
"""Letters of the longest comment: more than the room that is left behind tags, so that what follows has to move."""


@contextmanager
def grounded(folder: bytes, state: str) -> Iterator[Ground]:
    """Yield what acting stands on in a folder that `selftest` has made."""
    journal = Journal(path_of(state))
    try:
        yield Ground(
            journal,
            {marker(folder): folder},
            {},
            lambda _place: False,
            lambda one, other: "" if one == other else "they differ",
            lambda _sound: (),
            _hear,
            lambda *given: edit(Task(*given)),
            os.path.join(state, "act.lock"),
        )
    finally:
        journal.close()


def identity(folder: bytes, name: bytes) -> Identity:
    """Return a file as it stands."""
    path = os.path.join(folder, name)
    status = os.stat(path)
    sound = "" if name == PLAYLIST else audio.identify(path)
    return Identity(marker(folder), name, status.st_size, status.st_mtime_ns, sound)


def _hear(files: Sequence[tuple[File, bytes]]) -> Iterator[tuple[bytes, str, str]]:
    for _file, path in files:
        try:
            yield path, audio.identify(path), ""
        except DecodeError as error:
            yield path, "", error.reason


def work(folder: bytes, state: str, seed: int) -> None:
    """Write tags, remove the copy, repoint the playlist, take some of it back; again and again."""
    chance = random.Random(seed)  # noqa: S311 - no secret hangs on it
    with grounded(folder, state) as ground:
        while True:
            actions.apply(ground, Plan("-", 0.0, tuple(_steps(folder, chance))), Job())
            sys.stdout.write("\n")
            sys.stdout.flush()
            entries = [entry.id for entry in ground.journal.undoable()]
            actions.undo(ground, entries[-chance.randrange(1, len(entries) + 1) :], Job())


def _steps(folder: bytes, chance: random.Random) -> Iterator[Step]:
    for name in TAGGED:
        text = "x" * chance.choice((1, 100, _MOST))
        tags = {"title": (f"{chance.random()}",), "comment": (text,)}
        yield Step(Do.WRITE_TAGS, identity(folder, name), "", "", tags=tags)
    if os.path.exists(os.path.join(folder, COPY)):
        keeper = identity(folder, KEEPER)
        yield Step(Do.REMOVE, identity(folder, COPY), "", "", keeper)
        old, new = (Place(keeper.root, name) for name in (COPY, KEEPER))
        yield Step(Do.REPOINT, identity(folder, PLAYLIST), "", "", old=old, new=new)


if __name__ == "__main__":
    work(os.fsencode(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
