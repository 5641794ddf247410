"""What the world does to files while Comet works on them: run in a child (`forks`), before or within the work.

Nothing of Comet's is replaced here. What the world takes away it lays aside in the arena, so that all that was there
can be counted afterwards.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import time
import types
from collections.abc import Callable
from typing import Any

from comet.act import actions, posix, vault
from comet.act.ground import Ground, Hearing
from comet.core.acts import Do
from comet.core.errors import CometError
from comet.core.job import Job
from comet.core.model import File
from tests.campaign.protocol import LOSERS, TRACKS, A, Arena, B, grounded, hear, held

NOBODY = 65534
_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000


def aside(arena: Arena) -> bytes:
    """Return a new path in the arena outside the roots."""
    return os.path.join(arena.folder, b"aside-" + secrets.token_hex(4).encode())


def edit(arena: Arena, path: bytes) -> None:
    """Change the sound in a file in place, with its size and time kept."""
    shutil.copy2(path, aside(arena))
    status = os.stat(path)
    with open(path, "r+b") as stream:
        stream.seek(-40, os.SEEK_END)
        old = stream.read(20)
        stream.seek(-40, os.SEEK_END)
        stream.write(bytes(byte ^ 0x55 for byte in old))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# what a child runs


def _arena(folder: str) -> Arena:
    return Arena(os.fsencode(folder))


def apply(folder: str) -> list[str]:
    """Settle, apply the plan and return which tracks are held then."""
    with grounded(_arena(folder)) as ground:
        actions.recover(ground)
        with contextlib.suppress(CometError):
            actions.apply(ground, _arena(folder).only(Do.REMOVE, Do.REPOINT), Job())
        return _held(ground)


def _held(ground: Any) -> list[str]:  # noqa: ANN401 - a Ground
    return [name for name in LOSERS if held(ground, name)]


def undo(folder: str) -> list[str]:
    """Undo all removals and return which tracks are held still."""
    with grounded(_arena(folder)) as ground:
        actions.undo(ground, [entry.id for entry in ground.journal.held()], Job())
        return _held(ground)


def purge(folder: str) -> list[str]:
    """Purge all and return which tracks are held still."""
    with grounded(_arena(folder)) as ground:
        actions.purge(ground, [entry.id for entry in ground.journal.held()], Job())
        return _held(ground)


def apply_and_purge(folder: str) -> list[str]:
    """Apply and purge, and return which tracks are held still."""
    apply(folder)
    return purge(folder)


def place(folder: str) -> list[str]:
    """Place the files of the plan and return what the journal says against each."""
    with grounded(_arena(folder)) as ground:
        run = actions.apply(ground, _arena(folder).only(Do.PLACE), Job())
        return [entry.error for entry in ground.journal.entries(run)]


def withdraw(folder: str) -> None:
    """Undo all that can be undone."""
    with grounded(_arena(folder)) as ground:
        actions.undo(ground, [entry.id for entry in ground.journal.undoable()], Job())


# what happens within the work


def _at_move(name: str, act: Callable[[], None]) -> None:
    """Let something happen at the moment when the file of a track is moved for the first time."""
    move, wanted, todo = posix._renameat2, os.path.basename(TRACKS[name].path), [act]

    def renameat2(old_folder: int, old: bytes, *given: Any) -> int:  # noqa: ANN401 - as it is
        if old == wanted and todo:
            todo.pop()()
        return move(old_folder, old, *given)

    posix._renameat2 = renameat2


def keeper_deleted_at_move(folder: str) -> None:
    """The keeper goes away."""
    arena = _arena(folder)
    _at_move("purged", lambda: os.rename(arena.path("keep 1"), aside(arena)))


def keeper_rewritten_at_move(folder: str) -> None:
    """The keeper is written over, with its time kept."""
    _at_move("across", lambda: edit(_arena(folder), _arena(folder).path("keep 2")))


def loser_replaced_at_move(folder: str) -> None:
    """Another file takes the place of the one that is moved."""
    arena = _arena(folder)

    def replace() -> None:
        new = aside(arena)
        shutil.copy2(arena.path("deep"), new)
        os.rename(arena.path("deep"), aside(arena))
        edit(arena, new)
        os.rename(new, arena.path("deep"))

    _at_move("deep", replace)


def folder_swapped_at_move(folder: str) -> None:
    """The folder of the file that is moved becomes a link to another one, where a file of its name is."""
    arena = _arena(folder)

    def swap() -> None:
        above = os.path.dirname(arena.path("listed"))
        os.rename(above, aside(arena))
        os.mkdir(target := aside(arena))
        with open(os.path.join(target, os.path.basename(arena.path("listed"))), "wb") as stream:
            stream.write(b"somebody else's")
        os.symlink(target, above)

    _at_move("listed", swap)


def root_away_at_move(folder: str) -> None:
    """A root folder is taken away."""
    arena = _arena(folder)
    _at_move("across", lambda: os.rename(arena.root(A), os.path.join(arena.folder, b"away")))


def loser_edited_after_hearing(folder: str) -> None:
    """A file is edited, with its time kept, after it was read and before it is looked at once more."""
    hear, todo = Hearing.hear, [_arena(folder).path("deep")]

    def heard(hearing: Hearing, files: Any) -> None:  # noqa: ANN401 - as it is
        hear(hearing, files)
        if todo:
            edit(_arena(folder), todo.pop())

    Hearing.hear = heard


def _beside(arena: Arena, act: Callable[[Ground], int]) -> None:
    """Let another process do something at the same time, and write down as `beside` what it was told."""
    if not (child := os.fork()):
        vault.PATIENCE = 0.1
        told = "nothing"
        try:
            with grounded(arena) as ground:
                act(ground)
        except CometError as error:
            told = type(error).__name__
        with open(os.path.join(arena.state, "beside"), "w", encoding="ascii") as stream:
            stream.write(told)
        os._exit(0)
    os.waitpid(child, 0)


def applied_twice(folder: str) -> None:
    """Another process applies the same plan while the first file is moved."""
    arena = _arena(folder)
    _at_move(
        "listed", lambda: _beside(arena, lambda ground: actions.apply(ground, arena.only(Do.REMOVE, Do.REPOINT), Job()))
    )


def undone_before_purge(folder: str) -> None:
    """Another process takes everything back after a purge has begun, and before it has a lock."""
    locked, todo = Ground.locked, [True]

    def late(ground: Ground, root: bytes) -> contextlib.AbstractContextManager[None]:
        if todo:
            todo.clear()
            _beside(
                _arena(folder), lambda other: actions.undo(other, [each.id for each in held(other, *LOSERS)], Job())
            )
        return locked(ground, root)

    Ground.locked = late


def nobody(folder: str) -> None:
    """The work is done by a user without special rights."""
    if os.geteuid() == 0:
        # The decoder imports parts of itself when it meets the first file, from where that user may see nothing.
        list(hear([(File("", b"", 0, 0), _arena(folder).path(name)) for name in TRACKS]))
        for inside, _folders, names in os.walk(folder):
            for name in ["", *names]:
                os.chown(os.path.join(inside, name), NOBODY, NOBODY)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def exdev(_folder: str) -> None:
    """A file cannot be moved within its file system, as in a pool of disks."""
    move, wanted = posix._renameat2, os.path.basename(TRACKS["deep"].path)
    posix._renameat2 = lambda a, old, *given: 18 if old == wanted else move(a, old, *given)


# other views of a folder

VIEW, REAL = b"view", b"dup"
_OTHER_DEVICE = 0xBEEF


def second_view(_folder: str) -> None:
    """`view` shows what is in `dup`, under other numbers of device and inode, as FUSE, NFS and pools do."""
    through: set[int] = set()
    opened, closed, calls = os.open, os.close, {name: getattr(os, name) for name in ("stat", "lstat", "fstat")}

    def real(path: Any) -> Any:  # noqa: ANN401 - a path or a handle
        if not isinstance(path, bytes):
            return path
        return b"/".join(REAL if part == VIEW else part for part in path.split(b"/"))

    def open_(path: Any, flags: int, *given: Any, dir_fd: int | None = None) -> int:  # noqa: ANN401 - as os.open
        handle: int = opened(real(path), flags, *given, dir_fd=dir_fd)
        (through.add if real(path) != path or dir_fd in through else through.discard)(handle)
        return handle

    def status(name: str) -> Callable[..., Any]:
        def call(path: Any, *given: Any, **more: Any) -> Any:  # noqa: ANN401 - as os.stat
            found = calls[name](real(path), *given, **more)
            if real(path) == path and path not in through and more.get("dir_fd") not in through:
                return found
            seen = {key: getattr(found, key) for key in dir(found) if key.startswith("st_")}
            return types.SimpleNamespace(**seen | {"st_dev": _OTHER_DEVICE, "st_ino": found.st_ino + 1})

        return call

    def close(handle: int) -> None:
        through.discard(handle)
        closed(handle)

    os.open, os.close, os.stat, os.lstat, os.fstat = open_, close, *(status(name) for name in calls)


class NoMountsError(Exception):
    """This machine lets nobody mount anything here."""


def _called(code: int) -> None:
    if code:
        raise NoMountsError(os.strerror(ctypes.get_errno()))


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int, options: bytes = b"") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    _called(libc.mount(source, target, kind, ctypes.c_ulong(flags), options or None))


def own_mounts(_folder: str) -> None:
    """Mounts from here on are seen by this child alone, and end with it."""
    libc, user, group = ctypes.CDLL(None, use_errno=True), os.geteuid(), os.getegid()
    _called(libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if user else 0)))
    for name, text in {"setgroups": "deny", "uid_map": f"0 {user} 1", "gid_map": f"0 {group} 1"}.items():
        if user:
            with open(f"/proc/self/{name}", "w", encoding="ascii") as stream:
                stream.write(text)
    _mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE)


def bind_mount(folder: str) -> None:
    """`view` shows what is in `dup` through a bind mount."""
    own_mounts(folder)
    root = _arena(folder).root(A)
    _mount(os.path.join(root, REAL), os.path.join(root, VIEW), None, _MS_BIND)


def bindfs(folder: str) -> None:
    """`view` shows what is in `dup` through FUSE."""
    import subprocess  # noqa: PLC0415 - only this one starts a program

    own_mounts(folder)
    root = _arena(folder).root(A)
    view = os.path.join(root, VIEW)
    command = ["bindfs", "-f", os.path.join(root, REAL), view]
    process = subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: PLW1509
    while not os.path.ismount(view):
        if process.poll() is not None:
            raise NoMountsError("bindfs")
        time.sleep(0.001)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def pooled(folder: str) -> None:
    """The folder of a track is a mount of its own, on the same file system as its root."""
    own_mounts(folder)
    above = os.path.dirname(_arena(folder).path("deep"))
    _mount(above, above, None, _MS_BIND)


def _tmpfs(where: bytes, options: bytes) -> None:
    """Let a folder lie on a file system of its own, with what was in it."""
    own_mounts("")
    shutil.move(where, where + b".was")
    os.mkdir(where)
    _mount(b"none", where, b"tmpfs", 0, options)
    shutil.copytree(where + b".was", where, symlinks=True, dirs_exist_ok=True)


def inner_mount(folder: str) -> dict[str, Any]:
    """Apply and undo where a folder of a root is another file system; return what was where."""
    arena = _arena(folder)
    above = os.path.dirname(arena.path("deep"))
    _tmpfs(above, b"size=1m")
    went = apply(folder)
    inner = os.path.join(above, b".comet/quarantine")
    inside = [name for _inside, _folders, names in os.walk(inner) for name in names]
    return {"went": went, "inside": len(inside), "left": undo(folder), "back": os.path.isfile(arena.path("deep"))}


def full_disk(folder: str) -> dict[str, Any]:
    """Apply where the disk has no room for one more name, and again where it has; return what was where."""
    arena = _arena(folder)
    root = arena.root(B)
    entries = sum(1 + len(names) for _inside, _folders, names in os.walk(root))
    _tmpfs(root, b"nr_inodes=%d" % (entries + 3))
    full = apply(folder)
    there = os.path.isfile(arena.path("deep"))
    _mount(b"none", root, b"tmpfs", _MS_REMOUNT, b"nr_inodes=1000")
    return {"full": full, "there": there, "then": apply(folder)}
