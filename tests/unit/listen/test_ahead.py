"""Files of a spinning disk are read one after the other, and nobody waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from comet.listen import ahead
from comet.listen.ahead import Turns
from tests.factories import tune, write

HOLD = """
import fcntl, sys, time
with open(sys.argv[1], "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(3600)
"""


def in_memory(path: Path) -> bool:
    """Return whether the system has all of a file in its page cache."""
    with path.open("rb") as file:
        return all(_page_there(file.fileno(), position) for position in range(0, path.stat().st_size, 4096))


def _read_so_far() -> int:
    """Return the bytes that this process has asked the system for."""
    if not Path("/proc/self/io").exists():
        pytest.skip("this system does not count what is read")
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


def _page_there(handle: int, position: int) -> bool:
    try:
        return os.preadv(handle, [bytearray(1)], position, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False


def forget(path: Path) -> Path:
    """Let the system drop a file from its page cache; skip the test where it does not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        if in_memory(path):
            pytest.skip("this file system keeps its files in memory")
    except OSError:
        pytest.skip("this file system does not tell what is in memory")
    return path


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A track that is on the disk only."""
    write(tmp_path / "a.wav", tune(1, 30))
    return forget(tmp_path / "a.wav")


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Let another process hold a lock until the block ends, and kill it then."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            yield
        finally:
            other.kill()


def turns(folder: Path, readers: int = 1, patience: float = 0.0) -> Turns:
    """Return how turns are taken in a test."""
    return Turns(str(folder), readers, patience)


def test_a_file_is_read_whole(music: Path, tmp_path: Path) -> None:
    """Whoever decodes it afterwards does not need the disk."""
    ahead.fetch(os.fsencode(music), "sda", turns(tmp_path))
    assert in_memory(music)


def test_of_a_very_long_file_only_the_beginning_is_read(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for hours of sound, and memory is not filled with them."""
    monkeypatch.setattr(ahead, "_MOST", 1 << 20)
    size = music.stat().st_size
    assert size > 2 << 20
    before = _read_so_far()
    ahead.fetch(os.fsencode(music), "sda", turns(tmp_path))
    assert 1 << 20 <= _read_so_far() - before < size  # the system itself may read further on


def test_what_does_not_claim_to_be_music_is_left(music: Path, tmp_path: Path) -> None:
    """A film, or anything else that is large, is not read for nothing; what is not there is no error here."""
    film = forget(music.rename(tmp_path / "a.mkv"))
    ahead.fetch(os.fsencode(film), "sda", turns(tmp_path))
    assert not in_memory(film)
    (tmp_path / "text.mp3").write_text("words")
    for path in (tmp_path / "gone.mp3", tmp_path / "text.mp3", tmp_path):
        ahead.fetch(os.fsencode(path), "sda", turns(tmp_path))


def test_readers_of_a_disk_take_turns(music: Path, tmp_path: Path) -> None:
    """While another process reads from the disk a file waits, and that process's death is the end of its turn."""
    with held(tmp_path / "disk-mapper%2Fa.0"):
        ahead.fetch(os.fsencode(music), "mapper/a", turns(tmp_path, patience=0.1))
        assert not in_memory(music)
        ahead.fetch(os.fsencode(music), "mapper/b", turns(tmp_path))
        assert in_memory(music)
        forget(music)
        ahead.fetch(os.fsencode(music), "mapper/a", turns(tmp_path, readers=2))
        assert in_memory(music)
        forget(music)
    ahead.fetch(os.fsencode(music), "mapper/a", turns(tmp_path))
    assert in_memory(music)
