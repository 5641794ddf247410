"""Worlds in which tags are written: run in a child (`forks`) before the work, or instead of it, as `worlds`."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from comet.act import actions, vault
from comet.core.acts import Do
from comet.core.errors import CometError
from comet.core.job import Job
from tests.campaign.protocol import TAGGED, A, Arena, grounded
from tests.campaign.worlds import _MS_BIND, _MS_REMOUNT, _beside, _mount, _tmpfs, own_mounts
from tests.campaign.writing import tag

_MS_RDONLY = 1
ROAD = b"road.flac"
"""Another name of the file that gets new tags, beside it."""


def _arena(folder: str) -> Arena:
    return Arena(os.fsencode(folder))


def _road(arena: Arena) -> bytes:
    return os.path.join(os.path.dirname(arena.path(TAGGED)), ROAD)


def _bound(source: bytes, target: bytes) -> None:
    own_mounts("")
    with open(target, "xb"):
        pass
    _mount(source, target, None, _MS_BIND)


def _read(path: bytes) -> str:
    with open(path, "rb") as stream:
        return stream.read().decode("latin-1")


def bound_elsewhere(folder: str) -> list[Any]:
    """Write tags of a file that is mounted under another name; return what was said, and what stands at both names."""
    arena = _arena(folder)
    _bound(arena.path(TAGGED), _road(arena))
    told = tag(folder)
    return [told, _read(arena.path(TAGGED)), _read(_road(arena))]


def bound_here(folder: str) -> list[Any]:
    """Likewise where the name is the one that another file is mounted at."""
    arena = _arena(folder)
    os.rename(arena.path(TAGGED), _road(arena))
    _bound(_road(arena), arena.path(TAGGED))
    told = tag(folder)
    return [told, _read(arena.path(TAGGED)), _read(_road(arena))]


def folder_bound(folder: str) -> list[Any]:
    """Likewise where its folder is seen through a mount of its own as well."""
    arena = _arena(folder)
    own_mounts(folder)
    above = os.path.dirname(arena.path(TAGGED))
    os.mkdir(view := os.path.join(arena.folder, b"view"))
    _mount(above, view, None, _MS_BIND)
    told = tag(folder)
    return [told, _read(arena.path(TAGGED)), _read(os.path.join(view, os.path.basename(arena.path(TAGGED))))]


def read_only(folder: str) -> list[str]:
    """Write tags where the root can be read only."""
    own_mounts(folder)
    root = _arena(folder).root(A)
    _mount(root, root, None, _MS_BIND)
    _mount(b"none", root, None, _MS_BIND | _MS_REMOUNT | _MS_RDONLY)
    return tag(folder)


def full(folder: str) -> dict[str, Any]:
    """Write tags where there is no room for a second copy of the file, and again where there is."""
    arena = _arena(folder)
    root = arena.root(A)
    files = [os.path.join(inside, name) for inside, _folders, names in os.walk(root) for name in names]
    used = sum(-(-os.stat(path).st_size // 4096) for path in files)
    _tmpfs(root, b"size=%d" % (4096 * (used + 1)))  # enough for the lock
    was, error = _read(arena.path(TAGGED)), ""
    try:
        tag(folder)
    except CometError as refused:
        error = str(refused)
    above = os.path.dirname(arena.path(TAGGED))
    left = sorted(os.fsdecode(name) for name in os.listdir(above))
    same = _read(arena.path(TAGGED)) == was
    _mount(b"none", root, b"tmpfs", _MS_REMOUNT, b"size=64m")
    return {"error": error, "same": same, "left": left, "then": tag(folder), "new": _read(arena.path(TAGGED)) != was}


def applied_meanwhile(folder: str) -> None:
    """Another process applies the whole plan while a file's place is taken."""
    arena, replace = _arena(folder), vault.replace

    def replaced(*given: Any) -> None:  # noqa: ANN401 - as it is
        with contextlib.suppress(FileNotFoundError):
            os.stat(os.path.join(arena.state, "beside"))
            return replace(*given)
        _beside(arena, lambda ground: actions.apply(ground, arena.only(Do.REMOVE), Job()))
        return replace(*given)

    vault.replace = replaced


def clock_set_back(_folder: str) -> None:
    """It is 1990, and no clock says otherwise."""
    time.time_ns = lambda: 631_152_000_000_000_000
    time.time = lambda: 631_152_000.0


def untag(folder: str) -> list[str]:
    """Take back all tags that were written; return what the journal says against it."""
    arena = _arena(folder)
    with grounded(arena) as ground:
        run = actions.undo(ground, [entry.id for entry in ground.journal.undoable()], Job())
        return [entry.error for entry in ground.journal.entries(run)]
