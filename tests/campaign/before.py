"""What the world does to files before Comet works on them, and how all that is there is counted."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from comet.core import plans
from comet.core.acts import Do, Plan, Step
from comet.core.model import Identity
from tests.campaign.protocol import TAGGED, A, Arena
from tests.campaign.worlds import aside, edit


def contents(arena: Arena) -> Counter[bytes]:
    """Count what is in all files of an arena, but playlists and Comet's own."""
    found: Counter[bytes] = Counter()
    for inside, folders, names in os.walk(arena.folder):
        folders[:] = [name for name in folders if os.path.join(inside, name) != os.fsencode(arena.state)]
        for name in names:
            path = os.path.join(inside, name)
            if stat.S_ISREG(os.lstat(path).st_mode) and not name.endswith(b".m3u") and name != b"lock":
                with open(path, "rb") as stream:
                    found[stream.read()] += 1
    return found


def deleted(name: str) -> Callable[[Arena], None]:
    """Return a world without a track."""
    return lambda arena: os.rename(arena.path(name), aside(arena))


def edited(name: str) -> Callable[[Arena], None]:
    """Return a world where another sound is in a track, with its size and time kept."""
    return lambda arena: edit(arena, arena.path(name))


def retimed(name: str) -> Callable[[Arena], None]:
    """Return a world where a track was written again just now."""
    return lambda arena: os.utime(arena.path(name))


def linked(name: str) -> Callable[[Arena], None]:
    """Return a world where a track has a second name."""
    return lambda arena: os.link(arena.path(name), arena.path(name) + b".link")


def one_file(name: str, other: str) -> Callable[[Arena], None]:
    """Return a world where two tracks are two names of one file."""

    def world(arena: Arena) -> None:
        os.rename(arena.path(name), aside(arena))
        os.link(arena.path(other), arena.path(name))
        replan(arena)

    return world


def replan(arena: Arena) -> None:
    """Write the plan with the times that the files have now."""

    def now(file: Identity) -> Identity:
        status = os.stat(os.path.join(arena.root(file.root), file.path))
        return Identity(file.root, file.path, status.st_size, status.st_mtime_ns, file.audio)

    removals = [step for step in arena.plan.steps if step.keeper is not None]
    write_plan(arena, [Step(Do.REMOVE, now(step.file), "", "", now(step.keeper)) for step in removals if step.keeper])


def replan_tags(arena: Arena) -> None:
    """Write a plan that only writes tags, with the time that the file has now."""
    (step,) = arena.only(Do.WRITE_TAGS).steps
    write_plan(arena, [replace(step, file=replace(step.file, mtime_ns=os.stat(arena.path(TAGGED)).st_mtime_ns))])


def write_plan(arena: Arena, steps: list[Step]) -> None:
    """Write a plan of these steps."""
    with open(os.path.join(arena.state, "plan.json"), "w", encoding="ascii") as stream:
        json.dump(plans.plan_json(Plan("-", 1.0, tuple(steps))), stream)


def piped(name: str) -> Callable[[Arena], None]:
    """Return a world where a pipe is in the place of a track."""

    def world(arena: Arena) -> None:
        deleted(name)(arena)
        os.mkfifo(arena.path(name))

    return world


def pointed(name: str, other: str) -> Callable[[Arena], None]:
    """Return a world where a track is a link to another one."""

    def world(arena: Arena) -> None:
        deleted(name)(arena)
        os.symlink(arena.path(other), arena.path(name))

    return world


def swapped(name: str) -> Callable[[Arena], None]:
    """Return a world where the folder of a track is a link to where the folder is now."""

    def world(arena: Arena) -> None:
        above = os.path.dirname(arena.path(name))
        os.rename(above, target := aside(arena))
        os.symlink(target, above)

    return world


def root_pointed(arena: Arena) -> None:
    """The root itself is reached through a link, which is the user's right."""
    os.rename(arena.root(A), target := aside(arena))
    os.symlink(target, arena.root(A))


def read_only(arena: Arena) -> None:
    """Nothing can be moved out of a folder."""
    os.chmod(os.path.dirname(arena.path("listed")), 0o555)  # noqa: S103


def nothing(_arena: Arena) -> None:
    """The world stands still."""
