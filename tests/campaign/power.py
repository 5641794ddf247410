"""A disk that loses its power: a file system in a file, cut off from it in the middle of the work, and mounted again.

`FS_IOC_SHUTDOWN` without a flush of the log is what file systems themselves are tested with: whatever has not been
synced by then never reaches the file. Mounted again, the log is played back, as after a power cut.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.campaign.protocol import Arena

KINDS = {
    "ext4": (("mkfs.ext4", "-q", "-F"), "48M", "loop,noauto_da_alloc"),
    "xfs": (("mkfs.xfs", "-q", "-f"), "320M", "loop"),
}
"""How each file system is made, the smallest size that it takes, and how it is mounted.

By itself ext4 writes what is about to take the place of a file, which hides that nobody has synced it.
"""
_SHUTDOWN, _NOLOGFLUSH = 0x8004587D, struct.pack("I", 2)  # of <linux/fs.h>


class NoDiskError(Exception):
    """No file system in a file can be made, mounted or cut off here."""


def _run(*words: str | Path) -> None:
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise NoDiskError(str(error)) from error
    if done.returncode:
        raise NoDiskError(done.stderr.decode())


@dataclass(frozen=True)
class Disk:
    """A file system in a file, with an arena on it.

    Its journal lies there too, or on another disk: on one's own disk, each time that SQLite syncs it, all that was done
    before is synced by the way, which hides what Comet forgets.
    """

    folder: Path
    kind: str
    apart: bool

    @property
    def arena(self) -> Arena:
        """The arena, where the disk is mounted."""
        return Arena(os.fsencode(self.folder / "disk/arena"))

    def make(self, template: Arena) -> None:
        """Make the file system and copy an arena to it."""
        command, size, _options = KINDS[self.kind]
        (self.folder / "disk").mkdir(parents=True)
        with open(self.folder / "image", "wb") as stream:
            stream.truncate(int(size[:-1]) << 20)
        _run(*command, self.folder / "image")
        with self._mounted():
            shutil.copytree(template.folder, self.arena.folder, symlinks=True)
            if self.apart:
                shutil.move(self.arena.state, self.folder / "state")
                os.symlink(self.folder / "state", self.arena.state)
                shutil.copytree(self.folder / "state", self.folder / "state.was")
        _run("cp", "--sparse=always", self.folder / "image", self.folder / "was")

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Mount it as it was made."""
        _run("cp", "--sparse=always", self.folder / "was", self.folder / "image")
        if self.apart:
            shutil.rmtree(self.folder / "state")
            shutil.copytree(self.folder / "state.was", self.folder / "state")
        with self._mounted():
            yield

    @contextmanager
    def again(self) -> Iterator[None]:
        """Mount it as the power cut has left it."""
        with self._mounted():
            yield

    @contextmanager
    def _mounted(self) -> Iterator[None]:
        _run("mount", "-o", KINDS[self.kind][2], self.folder / "image", self.folder / "disk")
        try:
            yield
        finally:
            _run("umount", self.folder / "disk")


def cut(folder: str) -> None:
    """Let the power go, in this process, where it would have been killed."""
    kill = os.kill

    def dies(process: int, number: int) -> None:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.ioctl(handle, _SHUTDOWN, _NOLOGFLUSH)
        kill(process, number)

    os.kill = dies
