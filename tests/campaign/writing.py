"""What the world does while a file is written: run in a child (`forks`) before the work, as `worlds`."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
from typing import Any

from comet.act import actions, posix
from comet.act.posix import Seen
from comet.act.rewriting import Rewriter
from comet.core import pieces
from comet.core.acts import Do
from comet.core.job import Job
from comet.core.pieces import blocks, digest, reverse
from comet.tags.editing import Edited, Task
from tests.campaign import protocol
from tests.campaign.protocol import TAGGED, Arena, grounded
from tests.campaign.worlds import aside, edit


def tag(folder: str) -> list[str]:
    """Write the tags of the plan, and nothing else, and return what the journal says against each step."""
    arena = Arena(os.fsencode(folder))
    with grounded(arena) as ground:
        run = actions.apply(ground, arena.only(Do.WRITE_TAGS), Job())
        return [entry.error for entry in ground.journal.entries(run)]


def block_by_block(_folder: str) -> None:
    """The file system copies nothing by itself, and a file of a few kilobytes takes many writes."""
    pieces._BLOCK = 256

    def unknown(*_given: int) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    os.copy_file_range = unknown


def lying_disk(_folder: str) -> None:
    """What reaches the disk is not what was written."""
    pour = posix.pour

    def lie(handle: int, *given: Any) -> None:  # noqa: ANN401 - as it is
        pour(handle, *given)
        os.pwrite(handle, b"lie", 8)

    posix.pour = lie


def damaging_editor(_folder: str) -> None:
    """What makes new tags changes the sound too, and is sure of its work."""
    real = protocol.edit

    def damaged(task: Task) -> Edited:
        made = real(task)
        with open(task.path, "rb") as stream:
            size = os.fstat(source := stream.fileno()).st_size
            *head, last = made.pieces
            tail = b"".join(blocks([last], source))
            spoilt = [*head, tail[:-40] + bytes(byte ^ 0x55 for byte in tail[-40:-20]) + tail[-20:]]
            back, new_hash = reverse(spoilt, source, size), digest(blocks(spoilt, source))
        return dataclasses.replace(made, pieces=tuple(spoilt), reverse=tuple(back), new_hash=new_hash)

    protocol.edit = damaged


def edited_before_the_swap(folder: str) -> None:
    """Somebody writes into a file, with its size and time kept, when its new content lies beside it."""
    arena, verify = Arena(os.fsencode(folder)), Rewriter._verify

    def verified(*given: Any) -> Seen:  # noqa: ANN401 - as it is
        seen = verify(*given)
        edit(arena, arena.path(TAGGED))
        return seen

    Rewriter._verify = verified


def edited_at_the_swap(folder: str) -> None:
    """Likewise, but when its new content is about to take its place, after the last look at it."""
    arena, rename, todo = Arena(os.fsencode(folder)), posix._renameat2, [True]

    def renameat2(*given: Any) -> int:  # noqa: ANN401 - as it is
        if given[-1] == posix.EXCHANGE and todo:
            todo.clear()
            edit(arena, arena.path(TAGGED))
        return rename(*given)

    posix._renameat2 = renameat2


def linked_at_the_swap(folder: str) -> None:
    """Likewise, but a link to another file takes its place then."""
    arena, exchange, todo = Arena(os.fsencode(folder)), posix.exchange, [True]

    def swap(*given: Any) -> None:  # noqa: ANN401 - as it is
        if todo:
            todo.clear()
            os.rename(arena.path(TAGGED), aside(arena))
            os.symlink("elsewhere", arena.path(TAGGED))
        exchange(*given)

    posix.exchange = swap


def no_exchange(_folder: str) -> None:
    """The file system cannot let two files change places."""
    rename = posix._renameat2
    posix._renameat2 = lambda *given: errno.EINVAL if given[-1] == posix.EXCHANGE else rename(*given)


def coarse(_folder: str) -> None:
    """Times are kept to ten milliseconds, as exFAT does."""
    utime = os.utime

    def rounded(path: Any, *given: Any, ns: tuple[int, int], **more: Any) -> None:  # noqa: ANN401 - as os.utime
        utime(path, *given, ns=(ns[0] // 10**7 * 10**7, ns[1] // 10**7 * 10**7), **more)

    os.utime = rounded


def open_is_busy(_folder: str) -> None:
    """Nothing takes the place of a file that is open, as on some network file systems."""
    no_exchange(_folder)
    replace = os.replace

    def strict(source: bytes, target: bytes, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        path = os.path.join(os.readlink(b"/proc/self/fd/%d" % dst_dir_fd), target)
        for handle in os.listdir(b"/proc/self/fd"):
            with contextlib.suppress(FileNotFoundError):  # that of this list itself
                if os.readlink(b"/proc/self/fd/" + handle) == path:
                    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        replace(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    os.replace = strict
