"""A backup's pass in a child that dies at a named point: `python -P -m tests.campaign.backing_up MUSIC POINT NUMBER`.

The points stand between two things of which one must not be without the other. They are not in the production code:
they are laid around it here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from comet import changes
from comet.act import posix, staging, vault
from comet.backup import database
from comet.backup.build import Builder
from comet.backup.model import State
from comet.backup.service import Service
from comet.core import places, profiles
from comet.core.job import Job

POINTS: Final = (
    "lists", "meta", "begun", "part", "whole", "raw", "fetched", "built", "placing", "staged", "moved", "placed",
    "done", "m3u",
)  # fmt: skip
"""In the order in which a pass comes by; `part` is amid the sound, all others behind what they are called."""


def die() -> None:
    """End at once, as a power cut would but for what the system has still to write."""
    os.kill(os.getpid(), signal.SIGKILL)


def lay(point: str, number: int) -> None:
    """Let this process die when it has come by a point so many times."""
    if not point:
        return
    left = [number]
    owner, name, counts, before = _where()[point]
    real = getattr(owner, name)

    def wrapped(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - as what it stands for
        met = counts(*given)
        left[0] -= met
        if met and before and not left[0]:
            die()
        found = real(*given, **more)
        if met and not left[0]:
            die()
        return found

    setattr(owner, name, wrapped)


def _where() -> dict[str, tuple[Any, str, Callable[..., bool], bool]]:
    """Return for each point whose function it is at, which calls of that count, and whether it is before them."""
    records, stage = database.Records, staging.Staging

    def every(*_given: object) -> bool:
        return True

    def put(state: State) -> tuple[Any, str, Callable[..., bool], bool]:
        return records, "put", lambda _records, *copies: any(copy.state is state for copy in copies), False

    return {
        "lists": (records, "listed", every, False),
        "meta": (records, "describe", every, False),
        "begun": put(State.FETCHING),
        "part": (posix, "write", lambda _handle, block: len(block) > 1000, False),
        "whole": (stage, "seal", every, True),
        "raw": (stage, "seal", every, False),
        "fetched": put(State.FETCHED),
        "built": (Builder, "build", every, False),
        "placing": put(State.PLACING),
        "staged": (vault, "stage", every, False),
        "moved": (vault, "finish", every, False),
        "placed": (changes, "apply", every, False),
        "done": put(State.DONE),
        "m3u": (staging, "keep_list", every, False),
    }


def main() -> None:
    """Make one pass."""
    music, point, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    lay(point, number)
    places.prepare()
    from comet.backup import sync  # noqa: PLC0415 - after the points are laid
    from comet.collection.opened import exclusive, opened  # noqa: PLC0415

    here = places.places()
    profile = profiles.unnamed(here, [str(music)])
    token = os.environ["COMET_YM_TOKEN"]
    with (
        opened(profile, here, create=True) as collection,
        exclusive(collection),
        Service(token, pace=20, check=lambda: None) as service,
    ):
        service.account()
        sync.run(collection, service, Job())


if __name__ == "__main__":
    main()
