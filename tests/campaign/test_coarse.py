"""A file system with coarse times, no rights and no exchange of files: exFAT through FUSE, in a file."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comet.core.acts import Kind, State
from comet.core.times import same_time
from tests.unit.act.made import Yard, remove, retag, yard

Remount = Callable[[], None]


def run(*words: str | Path) -> str:
    """Run a program and return what it says, or skip where it cannot do its work."""
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"not installed: {error.filename}")
    if done.returncode:
        pytest.skip(done.stderr.decode())
    return done.stdout.decode().strip()


@pytest.fixture
def remount(tmp_path: Path) -> Iterator[Remount]:
    """Mount exFAT as `tmp_path/disk`, and return what mounts it anew."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as stream:
        stream.truncate(16 << 20)
    run("mkfs.exfat", image)
    device = run("losetup", "--find", "--show", image)

    def again() -> None:
        if os.path.ismount(disk):
            run("umount", disk)
            time.sleep(0.2)  # its process still writes
        run("mount.exfat-fuse", device, disk)

    try:
        again()
        yield again
        run("umount", disk)
    finally:
        run("losetup", "--detach", device)


def test_times_that_are_rounded_make_no_other_file(tmp_path: Path, remount: Remount) -> None:
    """With new tags a file is a keeper still, also after a new mount, and all is taken back."""
    (tmp_path / "disk/music").mkdir()
    (tmp_path / "music").symlink_to("disk/music")
    made: Yard = yard(tmp_path)
    keeper, go = made.file("a.mp3", b"sound|title=Old"), made.file("b.flac", b"other")
    (tagged,) = made.apply(retag(keeper, title="New"))
    assert (tagged.state, tagged.error) == (State.DONE, "")
    assert tagged.became == made.now("a.mp3")
    remount()
    (removed,) = made.apply(remove(go, keeper))
    assert (removed.kind, removed.state, removed.error) == (Kind.REMOVE, State.DONE, "")
    remount()
    assert {each.state for each in made.undo(removed, tagged)} == {State.DONE}
    now = made.now("a.mp3")
    assert (now.size, now.audio, same_time(keeper.mtime_ns, now.mtime_ns)) == (keeper.size, keeper.audio, True)
    assert sorted(os.listdir(tmp_path / "disk/music")) == [".comet", "a.mp3", "b.flac"]
    made.journal.close()
